import type { Missing } from "../../../packets/results/results.js";
import { MEMBER, type Timeline } from "../../../packets/timeline.js";

/** Pairs of several packets a side. The first of each side stands for all of them on the timeline; here is who the others are. */
export class Groups {
  readonly #timeline: Timeline;
  readonly #byFirst = new Map<number, readonly number[]>();
  /** What segments lack that were cut, by the first inside row. */
  readonly #missing = new Map<number, readonly Missing[]>();

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
    this.#byFirst.set(inside[0], inside);
    this.#byFirst.set(outside[0], outside);
    if (missing.length > 0) this.#missing.set(inside[0], missing);
  }

  /** Makes packets of one side the two forms of one, before a rewrite and after it, as `Timeline.turn` does. */
  turn(befores: readonly number[], afters: readonly number[], evidence: number): void {
    const t = this.#timeline;
    for (const row of [...befores, ...afters]) t.setState(row, MEMBER);
    t.turn(befores[0], afters[0], evidence);
    if (befores.length + afters.length === 2) return;
    this.#byFirst.set(befores[0], befores);
    this.#byFirst.set(afters[0], afters);
  }

  /** How long a packet took that was turned round, nanoseconds: what many were made into leaves when the last of them has come. */
  turnedNs(before: number, after: number): number {
    const t = this.#timeline;
    const befores = this.#byFirst.get(before);
    const isMerged = befores !== undefined && befores.length > (this.#byFirst.get(after)?.length ?? 1);
    return t.timeNs(after) - t.timeNs(isMerged ? befores[befores.length - 1] : before);
  }

  /** The frames a packet stands for, or undefined where it is but one. */
  framesOf(row: number): readonly number[] | undefined {
    const t = this.#timeline;
    return this.#byFirst.get(row)?.map((member) => t.frame(member));
  }

  /** What was lost on its way of the segment whose pair has this inside row. */
  missingOf(inside: number): readonly Missing[] | undefined {
    return this.#missing.get(inside);
  }

  /** The IP length of a packet, bytes; of all that it stands for together. */
  lengthOf(row: number): number {
    const t = this.#timeline;
    return this.#byFirst.get(row)?.reduce((sum, member) => sum + t.length(member), 0) ?? t.length(row);
  }

  /**
   * Outside minus inside stamp of a pair, nanoseconds. What many packets were made into leaves when the last of them has
   * come; what one was made into begins to leave with the first.
   */
  gapNs(inside: number, outside: number, isOutbound: boolean): number {
    const t = this.#timeline;
    if (this.#byFirst.size === 0) return t.timeNs(outside) - t.timeNs(inside);
    const insides = this.#byFirst.get(inside);
    const outsides = this.#byFirst.get(outside);
    let i = inside;
    let o = outside;
    if (insides && outsides) {
      if (isOutbound && insides.length > outsides.length) i = insides[insides.length - 1];
      if (!isOutbound && outsides.length > insides.length) o = outsides[outsides.length - 1];
    }
    return t.timeNs(o) - t.timeNs(i);
  }

  /** Lets those go that a packet stands for, which was shown; returns how many they are, itself included. */
  release(row: number): number {
    const t = this.#timeline;
    const members = this.#byFirst.size === 0 ? undefined : this.#byFirst.get(row);
    if (members === undefined) return 1;
    for (const member of members) if (member !== row) t.release(member);
    this.#byFirst.delete(row);
    this.#missing.delete(row);
    return members.length;
  }
}
