/**
 * How old a frame may be, or how long ago lost, when the capture's counter of losses is read, nanoseconds: live captures read
 * it ten times a second, and what they read then has waited in a ring.
 */
const READING_LAG_NS = 500_000_000;

/** A time in which a capture has no frame at all, far longer than is usual for it, on the timeline. */
export interface Gap {
  readonly fromNs: number;
  readonly toNs: number;
  /** Packets of the other side that passed meanwhile and were found to be without a twin. */
  alone: number;
}

/**
 * When a capture lost frames, as far as a counter tells that is read from time to time; and when it has none at all. Times are on the
 * timeline.
 */
export class Gaps {
  readonly #marginNs: number;
  readonly #spans: { fromNs: number; toNs: number }[] = [];
  readonly #silences: Gap[] = [];
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

  /** Whether any frame was lost by the last reading. */
  get hasLost(): boolean {
    return this.#dropped > 0;
  }

  /** Whether the twin of a packet stamped then may be among the lost. */
  mayHold(timeNs: number): boolean {
    return this.#spans.some(({ fromNs, toNs }) => timeNs >= fromNs && timeNs <= toNs);
  }

  /** Takes a silence of the capture; in order of time. */
  silent(fromNs: number, toNs: number): void {
    this.#silences.push({ fromNs, toNs, alone: 0 });
  }

  /** The silence that the twin of a packet stamped then would fall into, if it takes no longer than `marginNs`. */
  silenceAt(timeNs: number, marginNs: number): Gap | undefined {
    return this.#silences.find(({ fromNs, toNs }) => timeNs >= fromNs - marginNs && timeNs <= toNs + marginNs);
  }

  /** Forgets losses before this time: nobody asks for them any more. */
  forget(beforeNs: number): void {
    for (const spans of [this.#spans, this.#silences])
      while (spans.length > 0 && spans[0].toNs < beforeNs) spans.shift();
  }

  #add(fromNs: number, toNs: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && fromNs <= last.toNs) last.toNs = Math.max(last.toNs, toNs);
    else this.#spans.push({ fromNs, toNs });
  }
}
