import { contentHash, hasContent } from "../../packets/content.js";
import { joinedNumbers } from "../../packets/memory/joined.js";
import { keepNewest } from "../../packets/memory/keep-newest.js";
import { HAS_IP_ID, IS_FRAGMENT, IS_HEADLESS } from "../../packets/packets.js";
import { otherSide } from "../../packets/sides.js";
import type { RecordRows } from "../../packets/record-rows.js";
import type { Timeline } from "../../packets/timeline.js";
import type { Rewriting } from "../matchers/altered/survivors.js";

/** So many are remembered of each side, at the most: the newest. */
const MOST_REMEMBERED = 4096;

/** What a packet has in common with its twin on the other side. */
export interface Traits {
  /** Where the host only translates it, … */
  readonly key: string;
  /** … and where a router rewrites more: a hash of what it carries, 0 where too little of that was captured, … */
  readonly carried: number;
  /** … and its IP ID, if the router keeps that; 0 where it has none. */
  readonly ipId: number;
}

export function traitsOf(t: RecordRows, row: number): Traits {
  return {
    key: joinedNumbers(t.key(row), t.key2(row)),
    carried: carriedBy(t, row),
    ipId: (t.flags(row) & HAS_IP_ID) === 0 ? 0 : t.ipId(row),
  };
}

/** As `Traits.carried` has it. */
export function carriedBy(t: RecordRows, row: number): number {
  const isWhole = (t.flags(row) & (IS_FRAGMENT | IS_HEADLESS)) === 0 && hasContent(t, row);
  return isWhole ? contentHash(t, row) : 0;
}

/** Whether a router may have made one of two packets of the other, whose key is another one. */
export function mayBeAltered(router: Rewriting, a: Traits, b: Traits): boolean {
  return a.carried !== 0 && a.carried === b.carried && router.mayHaveAltered(a.ipId, b.ipId);
}

/** Packets of both sides that may turn out to be others' twins, by what twins have in common. */
export class Alike<T extends { readonly traits: Traits }> {
  readonly #byKey = [new Map<string, T>(), new Map<string, T>()] as const;
  readonly #byCarried = [new Map<number, T>(), new Map<number, T>()] as const;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  note(row: number, packet: T): void {
    const side = this.#timeline.sideOf(row);
    const { key, carried } = packet.traits;
    const byKey = this.#byKey[side];
    byKey.set(key, packet);
    keepNewest(byKey, MOST_REMEMBERED);
    if (carried === 0) return;
    const byCarried = this.#byCarried[side];
    byCarried.set(carried, packet);
    keepNewest(byCarried, MOST_REMEMBERED);
  }

  /** The newest of the other side that a packet is like; of those that only carry the same, it must be one that `mayBe`. Undefined where none is. */
  of(row: number, router: Rewriting, mayBe: (packet: T) => boolean): T | undefined {
    const side = otherSide(this.#timeline.sideOf(row));
    if (this.#byKey[side].size === 0) return undefined;
    const traits = traitsOf(this.#timeline, row);
    const same = this.#byKey[side].get(traits.key);
    if (same !== undefined) return same;
    const like = this.#byCarried[side].get(traits.carried);
    return like !== undefined && mayBeAltered(router, like.traits, traits) && mayBe(like) ? like : undefined;
  }
}
