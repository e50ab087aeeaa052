import type { FrameBatch, FrameSource } from "../packets/batches/frames.js";
import type { Soon } from "../packets/batches/soon.js";
import { INSIDE, otherSide, type Side, SIDES } from "../packets/sides.js";
import type { SideFrames } from "./captures.js";
import type { Pace } from "./decoding.js";
import type { Read } from "./packet-source.js";

/**
 * A hop may be so many frames ahead of the next one at the point that they share. As many as a hop reads ahead of the packets that it decides about: fewer would have
 * hops wait for each other all the time.
 */
const MOST_AHEAD = 32_768;

/**
 * Has the hops of a path read in step. Each reads the captures of its two points by itself; one that is far ahead of its neighbour, by the frames of the point
 * that both read, waits. So what the path holds depends on the rate of packets, and not on how long captures are.
 *
 * No two hops ever wait for each other: only one of two can be ahead at the point that they share. And hops stand in a row, so that there is no other circle.
 */
export class InStep {
  /** By hop, how many frames it has read of each of its points; infinitely many of one that it reads no more. */
  readonly #read: [number, number][];
  #waiting: (() => void)[] = [];

  constructor(hops: number) {
    this.#read = Array.from({ length: hops }, () => [0, 0]);
  }

  /** Reads frames for a hop as `pace` does, when it is the hop's turn. */
  readOf(hop: number, pace: Pace): (sides: SideFrames) => Read {
    return (sides) => {
      const left = sides.map((sources) => new Set(sources));
      const sideOf = new Map(SIDES.flatMap((side) => sides[side].map((frames) => [frames, side] as const)));
      return async (frames: FrameSource, most?: number) => {
        const side = sideOf.get(frames) ?? INSIDE;
        await this.#turn(hop, side);
        const batch = await pace((): Soon<FrameBatch | null> => frames.next(most));
        if (batch !== null) this.#read[hop][side] += batch.count;
        else if (left[side].delete(frames) && left[side].size === 0) this.#read[hop][side] = Number.POSITIVE_INFINITY;
        this.#wake();
        return batch;
      };
    };
  }

  /** A hop reads no more. */
  end(hop: number): void {
    for (const side of SIDES) this.#read[hop][side] = Number.POSITIVE_INFINITY;
    this.#wake();
  }

  async #turn(hop: number, side: Side): Promise<void> {
    const neighbour = this.#read[side === INSIDE ? hop - 1 : hop + 1];
    if (neighbour === undefined) return;
    while (this.#read[hop][side] > neighbour[otherSide(side)] + MOST_AHEAD && Number.isFinite(this.#read[hop][side]))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
