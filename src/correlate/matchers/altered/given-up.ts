import { HAS_IP_ID } from "../../../packets/packets.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { contentHash, mixed } from "../../../packets/content.js";

/** Packets of a side that are remembered. */
const ENTRIES = 2 ** 14;

/**
 * What was given up when its window was over, by its content and IP ID: it may have been under way for longer. What comes out on the other side then
 * is that, and not one sent again meanwhile, to which the router would have given the ID of the first.
 */
export class GivenUp {
  readonly #sides = [new Int32Array(ENTRIES), new Int32Array(ENTRIES)] as const;

  /** Notes a packet; `content`: the hash of what it carries. */
  note(t: Timeline, row: number, content: number): void {
    const hash = identity(t, row, content);
    if (hash !== 0) this.#sides[t.side(row)][hash & (ENTRIES - 1)] = hash;
  }

  /** Whether one that equals a packet, its IP ID included, was given up on the other side. */
  hasTwinOf(t: Timeline, row: number): boolean {
    const hash = identity(t, row, contentHash(t, row));
    return hash !== 0 && this.#sides[otherSide(t.sideOf(row))][hash & (ENTRIES - 1)] === hash;
  }
}

/** A hash of what a packet carries and its IP ID; 0 where it has none. */
function identity(t: Timeline, row: number, content: number): number {
  return (t.flags(row) & HAS_IP_ID) === 0 ? 0 : mixed(content, t.ipId(row));
}
