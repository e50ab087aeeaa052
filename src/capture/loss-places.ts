import type { LossOn } from "./format.js";

/** So many stamps tell how far a capture has come: one of them may leap, and several processors stamp. */
const RECENT = 4;
/**
 * A statement is not believed to be made farther than this from the last frames, nanoseconds: some writers count its time in another unit than the
 * stamps of frames (Wireshark's dumpcap in microseconds, whatever the interface's resolution is).
 */
const MOST_APART_NS = 60_000_000_000;

/** Where a capture says that it lost frames, and what it says of when that was: between two statements, at the least. */
export class LossPlaces {
  readonly losses: LossOn[] = [];
  /** Frames so far, and the stamps of the last ones. */
  #frames = 0;
  readonly #recentNs = new Float64Array(RECENT).fill(Number.NEGATIVE_INFINITY);
  /** By interface: what was lost before that is told, and the stamp of its last frame. */
  readonly #sinceNs: number[] = [];
  readonly #lastNs: number[] = [];
  /** Losses that were told behind the last frame: lost frames may have been stamped up to the next one. */
  #open: { readonly iface: number; sinceNs: number; toldNs: number; count: number }[] = [];

  /** One interface more is described. */
  describe(): void {
    this.#sinceNs.push(Number.NEGATIVE_INFINITY);
    this.#lastNs.push(Number.NEGATIVE_INFINITY);
  }

  /** Takes the next frame. */
  frame(iface: number, stampNs: number): void {
    if (this.#open.length > 0) this.#place(this.#frames + 1, stampNs);
    this.#recentNs[this.#frames++ % RECENT] = stampNs;
    this.#lastNs[iface] = stampNs;
  }

  /** Notes that an interface lost so many frames between its last frame and its next one. */
  beforeFrame(iface: number, count: number): void {
    this.#lost(iface, Math.min(this.#lastNs[iface], this.#earliestNs), Number.NEGATIVE_INFINITY, count);
  }

  /** Takes a statement of an interface's counters, made at `toldNs`: how many frames were lost since the one before. */
  statement(iface: number, toldNs: number, count: number): void {
    this.#lost(iface, this.#sinceNs[iface], this.isNear(toldNs) ? toldNs : Number.NEGATIVE_INFINITY, count);
    this.#sinceNs[iface] = this.#earliestNs;
  }

  /** No frame comes any more. */
  end(): void {
    this.#place(this.#frames, Number.NEGATIVE_INFINITY);
  }

  /** Whether a time may be told of by a statement that stands here. */
  isNear(stampNs: number): boolean {
    return Math.abs(stampNs - Math.max(...this.#recentNs)) <= MOST_APART_NS;
  }

  #lost(iface: number, sinceNs: number, toldNs: number, count: number): void {
    if (count === 0) return;
    const same = this.#open.find((each) => each.iface === iface);
    if (same === undefined) {
      this.#open.push({ iface, sinceNs, toldNs, count });
      return;
    }
    same.sinceNs = Math.min(same.sinceNs, sinceNs);
    same.toldNs = Math.max(same.toldNs, toldNs);
    same.count += count;
  }

  #place(frame: number, nextNs: number): void {
    const next = this.isNear(nextNs) ? nextNs : Number.NEGATIVE_INFINITY;
    for (const { iface, sinceNs, toldNs, count } of this.#open)
      this.losses.push({ frame, iface, loss: { sinceNs, toldNs: Math.max(toldNs, next), count } });
    this.#open = [];
  }

  get #earliestNs(): number {
    return Math.min(...this.#recentNs);
  }
}
