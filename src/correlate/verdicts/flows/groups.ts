import { pack, unpack } from "../../../packets/memory/packed.js";
import type { Flow } from "../../../packets/flows/flows.js";
import type { Missing } from "../../../packets/results/results.js";
import { MEMBER } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";

/** Pairs of several packets a side. The first of each side stands for all of them on the timeline; here is what there is of the others. */
export class Groups {
  readonly #timeline: Timeline;
  /**
   * By the row of the first of several packets, what is to be shown of all of them, as `pack` has it: their IP lengths together in bytes, how long after
   * the first one the last one passed in nanoseconds, then their frames.
   */
  readonly #byFirst = new Map<number, string>();
  /** What segments lack that were cut, by the first inside row. */
  readonly #missing = new Map<number, readonly Missing[]>();
  /** The flows of what was turned round, by the first row of the form before the rewrite. */
  readonly #turned = new Map<number, Flow>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Notes a pair on the timeline, as `Pairing.pairGroup` takes it. */
  pair(
    inside: readonly number[],
    outside: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    isOutbound: boolean,
    altered: number,
    missing: readonly Missing[],
  ): void {
    const t = this.#timeline;
    for (const row of [...inside, ...outside]) {
      t.setState(row, MEMBER);
      if (t.isSelected(row)) t.select(inside[0]);
    }
    t.pair(inside[0], outside[0], slot, by, evidence, isOutbound, altered);
    for (const rows of [inside, outside]) this.#gather(rows);
    if (missing.length > 0) this.#missing.set(inside[0], missing);
  }

  /** Makes packets of one side the two forms of one, before a rewrite and after it, as `Timeline.turn` does. */
  turn(befores: readonly number[], afters: readonly number[], flow: Flow, evidence: number): void {
    const t = this.#timeline;
    for (const row of [...befores, ...afters]) t.setState(row, MEMBER);
    t.turn(befores[0], afters[0], evidence);
    this.#turned.set(befores[0], flow);
    for (const rows of [befores, afters]) this.#gather(rows);
  }

  /** Gives the records back of all but the first of some packets, once they were accounted for. */
  giveBack(rows: readonly number[]): void {
    for (const row of rows.slice(1)) this.#timeline.release(row);
  }

  /** How long a packet took that was turned round, nanoseconds: what many were made into leaves when the last of them has come. */
  turnedNs(before: number, after: number): number {
    const isMerged = this.#countOf(before) > this.#countOf(after);
    return this.#timeline.timeNs(after) - (isMerged ? this.#lastNs(before) : this.#timeline.timeNs(before));
  }

  /** Whether a packet stands for several. */
  has(row: number): boolean {
    return this.#byFirst.has(row);
  }

  /** The frames a packet stands for, or undefined where it is but one. */
  framesOf(row: number): readonly number[] | undefined {
    return this.#severalOf(row)?.frames;
  }

  /** What was lost on its way of the segment whose pair has this inside row. */
  missingOf(inside: number): readonly Missing[] | undefined {
    return this.#missing.get(inside);
  }

  /** The flow of a packet that was turned round, by its form before the rewrite. */
  turnedFlow(before: number): Flow | undefined {
    return this.#turned.get(before);
  }

  /** The IP length of a packet, bytes; of all that it stands for together. */
  lengthOf(row: number): number {
    return this.#severalOf(row)?.length ?? this.#timeline.length(row);
  }

  /**
   * Outside minus inside stamp of a pair, nanoseconds. What many packets were made into leaves when the last of them has
   * come; what one was made into begins to leave with the first.
   */
  gapNs(inside: number, outside: number, isOutbound: boolean): number {
    const t = this.#timeline;
    if (this.#byFirst.size === 0) return t.timeNs(outside) - t.timeNs(inside);
    const more = this.#countOf(inside) - this.#countOf(outside);
    const insideNs = isOutbound && more > 0 ? this.#lastNs(inside) : t.timeNs(inside);
    return (!isOutbound && more < 0 ? this.#lastNs(outside) : t.timeNs(outside)) - insideNs;
  }

  /** Forgets what a packet stands for, which was shown; returns how many packets that were, itself included. */
  release(row: number): number {
    // most packets stand for themselves alone
    if (this.#byFirst.size + this.#missing.size + this.#turned.size === 0) return 1;
    const count = this.#countOf(row);
    this.#byFirst.delete(row);
    this.#missing.delete(row);
    this.#turned.delete(row);
    return count;
  }

  #countOf(row: number): number {
    return this.#severalOf(row)?.frames.length ?? 1;
  }

  /** When the last packet passed of those that one stands for. */
  #lastNs(row: number): number {
    return this.#timeline.timeNs(row) + (this.#severalOf(row)?.lastingNs ?? 0);
  }

  #severalOf(row: number) {
    const packed = this.#byFirst.size === 0 ? undefined : this.#byFirst.get(row);
    if (packed === undefined) return undefined;
    const [length, lastingNs, ...frames] = unpack(packed);
    return { length, lastingNs, frames };
  }

  #gather(rows: readonly number[]): void {
    if (rows.length === 1) return;
    const t = this.#timeline;
    const length = rows.reduce((sum, row) => sum + t.length(row), 0);
    const lastingNs = t.timeNs(rows[rows.length - 1]) - t.timeNs(rows[0]);
    this.#byFirst.set(rows[0], pack([length, lastingNs, ...rows.map((row) => t.frame(row))]));
  }
}
