/**
 * How old a frame may be, or how long ago lost, when the capture's counter of losses is read, nanoseconds: live captures read
 * it ten times a second, and what they read then has waited in a ring.
 */
const READING_LAG_NS = 500_000_000;

/** When a capture lost frames, as far as a counter tells that is read from time to time. Times are on the timeline. */
export class Gaps {
  readonly #marginNs: number;
  readonly #spans: { fromNs: number; toNs: number }[] = [];
  #dropped = 0;
  #readNs = Number.NEGATIVE_INFINITY;

  /** Packets are affected that were stamped up to `marginNs` from a loss: their twins may be what was lost. */
  constructor(marginNs: number) {
    this.#marginNs = marginNs + READING_LAG_NS;
  }

  /** Takes a reading of the counter, made once the capture had come as far as `nowNs`. */
  read(dropped: number, nowNs: number): void {
    if (dropped > this.#dropped) this.#add(this.#readNs - this.#marginNs, nowNs + this.#marginNs);
    this.#dropped = dropped;
    this.#readNs = nowNs;
  }

  /** Whether the twin of a packet stamped then may be among the lost. */
  mayHold(timeNs: number): boolean {
    return this.#spans.some(({ fromNs, toNs }) => timeNs >= fromNs && timeNs <= toNs);
  }

  /** Forgets losses before this time: nobody asks for them any more. */
  forget(beforeNs: number): void {
    while (this.#spans.length > 0 && this.#spans[0].toNs < beforeNs) this.#spans.shift();
  }

  #add(fromNs: number, toNs: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && fromNs <= last.toNs) last.toNs = Math.max(last.toNs, toNs);
    else this.#spans.push({ fromNs, toNs });
  }
}
