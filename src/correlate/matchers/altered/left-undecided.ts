import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { contentHash } from "../../../packets/content.js";

/** Packets of a side that are remembered. */
const ENTRIES = 2 ** 14;

/** When packets passed that were left undecided, by what they carry: the twin of one like them may be among them. */
export class LeftUndecided {
  readonly #sides: readonly (readonly [hashes: Int32Array, timesNs: Float64Array])[];

  constructor() {
    this.#sides = [0, 1].map(() => [new Int32Array(ENTRIES), new Float64Array(ENTRIES)]);
  }

  /** Notes some packets. */
  note(t: Timeline, rows: readonly number[]): void {
    for (const row of rows) {
      const hash = contentHash(t, row);
      const [hashes, timesNs] = this.#sides[t.side(row)];
      hashes[hash & (ENTRIES - 1)] = hash;
      timesNs[hash & (ENTRIES - 1)] = t.timeNs(row);
    }
  }

  /** Whether one that carries the same as a packet was left undecided on the other side, no further away than that. */
  hasLike(t: Timeline, row: number, withinNs: number): boolean {
    const hash = contentHash(t, row);
    const [hashes, timesNs] = this.#sides[otherSide(t.sideOf(row))];
    const at = hash & (ENTRIES - 1);
    return hashes[at] === hash && Math.abs(timesNs[at] - t.timeNs(row)) <= withinNs;
  }
}
