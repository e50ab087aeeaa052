import { PROCESSORS_NS } from "./clock.js";

/** How far the stamps of both captures may be wrong, nanoseconds. */
export class Exactness {
  /** By their units: against each other on one clock, and on two. */
  readonly oneUnitNs: number;
  readonly unitNs: number;
  /** The most that stamps of twins may have been wrong beside that so far. */
  #mostWrongNs: number;

  constructor(units: readonly number[], mostWrongNs: number) {
    const coarserNs = Math.max(...units);
    this.oneUnitNs = units.every((unitNs) => unitNs === coarserNs) ? 0 : coarserNs;
    this.unitNs = coarserNs === 1 ? 0 : coarserNs;
    this.#mostWrongNs = mostWrongNs;
  }

  /** Takes that the first twins agree within so much: so far their stamps are wrong at the most. */
  agreeWithin(spreadNs: number): void {
    this.#mostWrongNs = Math.min(this.#mostWrongNs, spreadNs);
  }

  /** Takes how far stamps of some twins may have been wrong beside their unit. */
  mayBeWrongBy(wrongNs: number): void {
    this.#mostWrongNs = Math.max(this.#mostWrongNs, wrongNs);
  }

  /** By how much the stamps of one clock may seem to contradict each other. */
  get toleranceNs(): number {
    return this.oneUnitNs + PROCESSORS_NS + this.#mostWrongNs;
  }
}
