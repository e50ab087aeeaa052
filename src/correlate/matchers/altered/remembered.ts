import type { Side } from "../../../packets/sides.js";

/** Packets of a side that are remembered: of those that have one place, the newest. */
const ENTRIES = 2 ** 14;

interface Packet {
  readonly timeNs: number;
  /** Its flow; NONE where that is not known. */
  readonly slot: number;
}

/** Packets that were decided about without a twin, by a hash of what they have in common with those that may be it. */
export class Remembered {
  readonly #sides = [new Table(), new Table()] as const;

  note(side: Side, hash: number, { timeNs, slot }: Packet): void {
    const { hashes, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    hashes[at] = hash;
    timesNs[at] = timeNs;
    slots[at] = slot;
  }

  /** The newest of a side that has a hash; undefined where none is remembered. */
  of(side: Side, hash: number): Packet | undefined {
    const { hashes, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    return hash !== 0 && hashes[at] === hash ? { timeNs: timesNs[at], slot: slots[at] } : undefined;
  }
}

class Table {
  readonly hashes = new Int32Array(ENTRIES);
  readonly timesNs = new Float64Array(ENTRIES);
  readonly slots = new Int32Array(ENTRIES);
}
