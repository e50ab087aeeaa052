import type { Silence } from "../../../packets/batches/coverage.js";
import type { LostSpan } from "../../intake/intake.js";

/**
 * How much older or younger the frames may be that a counter counts than those before and behind which it is read, nanoseconds: live captures
 * read it ten times a second, and what they read then has waited in a ring.
 */
const READING_LAG_NS = 500_000_000;

/** A time in which a capture has no frame at all, far longer than is usual for it, on the timeline. */
export interface Gap {
  fromNs: number;
  toNs: number;
  /** Packets of the other side that passed meanwhile and were found to be without a twin. */
  alone: number;
}

/** A time on the timeline, nanoseconds. */
interface Span {
  readonly fromNs: number;
  toNs: number;
}

/**
 * When a capture lost frames, as far as its counters tell; and when it has none at all. What is told of later is known once time has come to
 * there, whenever it is read: when that is depends on how the capture is cut into batches.
 */
export class Gaps {
  /** How many frames are known to be lost by now. */
  lostFrames = 0;
  readonly #takesNs: () => number;
  readonly #place: (stampNs: number) => number;
  /** What is known of losses, and what will be, by the capture's own stamps. */
  readonly #spans: Span[] = [];
  readonly #untold: LostSpan[] = [];
  readonly #silences: { readonly stamps: Silence; readonly gap: Gap }[] = [];

  /** `takesNs`: how long packets may take by now, nanoseconds; `place`: where a stamp of the capture is on the timeline. */
  constructor(takesNs: () => number, place: (stampNs: number) => number) {
    this.#takesNs = takesNs;
    this.#place = place;
  }

  /** Takes what the capture will tell of a loss; in the order in which it does. */
  lost(span: LostSpan): void {
    this.#untold.push(span);
  }

  /** When the next loss is told of, on the timeline; Infinity where none is known to be. */
  get nextNs(): number {
    return this.#untold.length === 0 ? Number.POSITIVE_INFINITY : this.#place(this.#untold[0].toNs);
  }

  /**
   * From now on, the next loss is known. Returns the time of the packets that it affects, on the timeline: their twins may be what was lost.
   * Precondition: there is one.
   */
  learn(): Readonly<Span> {
    const { fromNs, toNs, count } = this.#untold.shift()!;
    this.lostFrames += count;
    const marginNs = this.#takesNs() + READING_LAG_NS;
    const span = { fromNs: this.#place(fromNs) - marginNs, toNs: this.#place(toNs) + marginNs };
    const last = this.#spans.at(-1);
    if (last !== undefined && span.fromNs >= last.fromNs && span.fromNs <= last.toNs)
      last.toNs = Math.max(last.toNs, span.toNs);
    else this.#spans.push({ ...span });
    return span;
  }

  /** Whether the twin of a packet stamped then may be among the lost. */
  mayHold(timeNs: number): boolean {
    return this.#spans.some(({ fromNs, toNs }) => timeNs >= fromNs && timeNs <= toNs);
  }

  /** Takes a silence of the capture, by its stamps; in order of time. */
  silent(stamps: Silence): void {
    this.#silences.push({ stamps, gap: { ...stamps, alone: 0 } });
  }

  /** The silence that the twin of a packet stamped then would fall into, if it takes no longer than `marginNs`. */
  silenceAt(timeNs: number, marginNs: number): Gap | undefined {
    for (const { stamps, gap } of this.#silences) {
      gap.fromNs = this.#place(stamps.fromNs);
      gap.toNs = this.#place(stamps.toNs);
      if (timeNs >= gap.fromNs - marginNs && timeNs <= gap.toNs + marginNs) return gap;
    }
    return undefined;
  }

  /** Forgets what was before this time: nobody asks for it any more. */
  forget(beforeNs: number): void {
    while (this.#spans.length > 0 && this.#spans[0].toNs < beforeNs) this.#spans.shift();
    while (this.#silences.length > 0 && this.#place(this.#silences[0].stamps.toNs) < beforeNs) this.#silences.shift();
  }
}
