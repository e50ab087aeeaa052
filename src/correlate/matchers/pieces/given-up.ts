import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";

/** The last packets of an identification that found no twin. */
interface Last {
  readonly timeNs: number;
  /** Whether they were a complete datagram. */
  readonly isWhole: boolean;
}

/** So many identifications of packets that were given up are remembered of each side, at the most: the newest. */
const MOST_GIVEN_UP = 4096;

/** Fragments and datagrams that found no twin. */
export class GivenUp {
  readonly #timeline: Timeline;
  /** By side, and by `identityOf`. */
  readonly #last = [new Map<number, Last>(), new Map<number, Last>()] as const;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Notes a packet that found none. `isWhole`: whether the datagram that it is of is complete. */
  note(row: number, isWhole: boolean): void {
    const t = this.#timeline;
    const last = this.#last[t.sideOf(row)];
    last.set(identityOf(t, row), { timeNs: t.timeNs(row), isWhole });
    keepNewest(last, MOST_GIVEN_UP);
  }

  /** What was given up last on the other side that a packet may be of, so long before it at the most; undefined where nothing was. */
  before(row: number, withinNs: number): Last | undefined {
    const t = this.#timeline;
    const last = this.#last[otherSide(t.sideOf(row))].get(identityOf(t, row));
    return last !== undefined && t.timeNs(row) - last.timeNs <= withinNs ? last : undefined;
  }
}

/** What fragments of one datagram have in common on both sides: of IPv6, no identification, as `Datagram.id` has it. */
export function identityOf(t: Timeline, row: number): number {
  const isIpv6 = t.isIpv6(row);
  return ((isIpv6 ? 0x100 : 0) | t.proto(row)) * 2 ** 16 + (isIpv6 ? 0 : t.ipId(row));
}
