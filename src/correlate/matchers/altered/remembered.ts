import type { Side } from "../../../packets/sides.js";
import { mayBeOneFlow } from "../../kernel/translations.js";

/** Packets of a side that are remembered: of those that have one place, the newest. */
const ENTRIES = 2 ** 14;

export interface Passed {
  readonly timeNs: number;
  /** Its flow; NONE where that is not known. */
  readonly slot: number;
}

/** Packets that were decided about without a twin, by a hash of what they have in common with those that may be it. */
export class Remembered {
  readonly #sides = [new Table(), new Table()] as const;

  note(side: Side, hash: number, { timeNs, slot }: Passed): void {
    const { hashes, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    hashes[at] = hash;
    timesNs[at] = timeNs;
    slots[at] = slot;
  }

  /** The newest of a side that has a hash; undefined where none is remembered. */
  of(side: Side, hash: number): Passed | undefined {
    const { hashes, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    return hash !== 0 && hashes[at] === hash ? { timeNs: timesNs[at], slot: slots[at] } : undefined;
  }

  /** Whether one of a side that has a hash passed within so long of another packet, and may be of its flow. */
  hasLike(side: Side, hash: number, { timeNs, slot }: Passed, withinNs: number): boolean {
    const like = this.of(side, hash);
    return like !== undefined && Math.abs(like.timeNs - timeNs) <= withinNs && mayBeOneFlow(like.slot, slot);
  }
}

class Table {
  readonly hashes = new Int32Array(ENTRIES);
  readonly timesNs = new Float64Array(ENTRIES);
  readonly slots = new Int32Array(ENTRIES);
}
