import * as words from "./kernel-words.js";

/** How far a run is: three places that move along the timeline, beside its `first`, the oldest row that anything needs. The kernel moves them as well. */
export class Progress {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #findDue: () => number;

  /** The words and doubles of the kernel's block, and its step of that name. */
  constructor(block: Int32Array, doubles: Float64Array, findDue: () => number) {
    this.#words = block;
    this.#doubles = doubles;
    this.#findDue = findDue;
    doubles[words.NOW_NS] = Number.NEGATIVE_INFINITY;
  }

  /** The latest time of a packet so far, nanoseconds. */
  get nowNs(): number {
    return this.#doubles[words.NOW_NS];
  }

  /** Goes on to that time, if it is later. */
  goTo(nowNs: number): void {
    if (nowNs > this.nowNs) this.#doubles[words.NOW_NS] = nowNs;
  }

  /** Packets before it are decided about, but for some that `findDue` has to pass over. */
  get due(): number {
    return this.#words[words.DUE];
  }

  set due(row: number) {
    this.#words[words.DUE] = row;
  }

  /** The first packet that has to be decided about once its window is over, or the timeline's end. */
  findDue(): number {
    return this.#findDue();
  }

  /** The results of packets before it were given to the sink. */
  get shown(): number {
    return this.#words[words.SHOWN];
  }

  set shown(row: number) {
    this.#words[words.SHOWN] = row;
  }
}
