import { ALTERED_OPTIONS } from "../../../packets/results/evidence.js";
import { INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import { AMBIGUOUS } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { COPY_NS } from "../../intake/copies.js";
import { goesOutbound, KNOWN, MAY_HIDE, RELATION_MASK } from "../../kernel/relations.js";
import type { About } from "../contract.js";

/** Packets of one flow and direction that nothing but time tells from each other, in the order in which they came. */
export interface Sequence {
  readonly slot: number;
  readonly isOutbound: boolean;
  /** Whether each capture may have missed another one of two. */
  readonly mayHide: boolean;
  readonly inside: readonly number[];
  readonly outside: readonly number[];
  readonly entered: readonly number[];
  readonly left: readonly number[];
}

/** Finds what waits together with two packets that nothing but time tells from others. */
export class Sequences {
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
  }

  /** Those like two packets, which a known translation makes one of the other; null where it does not, or where one of them is called ambiguous. */
  known(i: number, o: number, related: number): Sequence | null {
    if ((related & RELATION_MASK) !== KNOWN) return null;
    return this.between(i, o, related, this.#about.kernel.knownSlot);
  }

  /** The same, whatever makes one the other. `slot`: of their flow, if it is known. */
  between(i: number, o: number, related: number, slot = NONE): Sequence | null {
    const isOutbound = goesOutbound(related);
    const inside = this.#likeIn(i, o);
    const outside = this.#likeIn(o, i);
    if (inside === null || outside === null || this.#mayBeCopies(INSIDE, inside) || this.#mayBeCopies(OUTSIDE, outside))
      return null;
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    return { slot, isOutbound, mayHide: (related & MAY_HIDE) !== 0, inside, outside, entered, left };
  }

  /** Whether no others wait under the key of these. */
  isAll({ inside, outside }: Sequence): boolean {
    const bucket = this.#about.timeline.bucket(inside[0]);
    return (
      this.#about.buckets.count(bucket, INSIDE) === inside.length &&
      this.#about.buckets.count(bucket, OUTSIDE) === outside.length
    );
  }

  /**
   * The packets of its bucket that nothing but time tells from one that may be the twin of `other`, oldest first; null where one of them is called
   * ambiguous.
   */
  #likeIn(row: number, other: number): number[] | null {
    const t = this.#about.timeline;
    const hasOptions = this.#about.kernel.tally.alteredIn(ALTERED_OPTIONS) === 0;
    const like: number[] = [];
    for (const r of this.#about.buckets.ofWay(row)) {
      if (t.ttl(r) !== t.ttl(row)) continue;
      // a router that alters them may have made equal ones of others
      if (hasOptions && t.hasOtherOptions(r, row) && t.hasOtherOptions(r, other)) continue;
      if (t.state(r) === AMBIGUOUS) return null;
      like.push(r);
    }
    return like;
  }

  /**
   * Whether some of these packets may be copies of others: of two that follow each other closely and are shown twice, each is taken for the
   * other's copy.
   */
  #mayBeCopies(side: Side, rows: readonly number[]): boolean {
    const t = this.#about.timeline;
    return (
      this.#about.completeness.isCopying(side) &&
      rows.some((row, at) => at > 0 && t.timeNs(row) - t.timeNs(rows[at - 1]) <= 2 * COPY_NS)
    );
  }
}

/** When rows passed, nanoseconds on the timeline. */
export function timesOf(timeline: Timeline, rows: readonly number[]): number[] {
  return rows.map((row) => timeline.timeNs(row));
}
