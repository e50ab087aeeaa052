import { UnreadError } from "../../capture/errors.js";
import type { LiveSource } from "../../capture/live/open.js";
import type { AddressName, PcapngWriter } from "../../capture/pcapng-writer.js";
import type { FrameBatch } from "../../packets/batches/frames.js";
import type { FrameNotes } from "../../packets/results/frame-notes.js";
import { LiveAnnotating } from "./annotate-live.js";
import { epochNs } from "../../capture/live/now.js";

/** Counters are written at least this often, whether frames come or not: nothing else tells that nobody reads a FIFO any more. */
const COUNTERS_EVERY_MS = 1000;

/** What is captured live, for a reader that waits for it: each frame once it is known what became of it, with that. */
export class AnnotatedLive {
  readonly #writer: PcapngWriter;
  readonly #annotating: LiveAnnotating;
  readonly #onUnread: () => void;
  #sources: readonly LiveSource[] = [];
  /** When counters were written last, on the clock of `performance.now()`. */
  #countersMs = 0;
  #isUnread = false;
  #decidedNs: () => bigint = () => 0n;

  /**
   * @param isAll whether frames are written that nothing selects.
   * @param onUnread called once nobody reads what is written any more; nothing is written from then on.
   */
  constructor(writer: PcapngWriter, isAll: boolean, onUnread: () => void) {
    this.#writer = writer;
    this.#annotating = new LiveAnnotating(writer, isAll);
    this.#onUnread = onUnread;
  }

  /** To be told what became of frames. */
  get notes(): FrameNotes {
    return this.#annotating;
  }

  /** How many frames were written, or left out, before it was known what became of them. */
  get hasty(): number {
    return this.#annotating.hasty;
  }

  /** Takes what tells up to when all is told of: see `CorrelateOptions.onBegin`. */
  goBy(decidedNs: () => bigint): void {
    this.#decidedNs = decidedNs;
  }

  /** Describes the interfaces. Throws CaptureError where the disk refuses, as do all others here. */
  begin(sources: readonly [readonly LiveSource[], readonly LiveSource[]]): void {
    this.#sources = sources.flat();
    this.#unlessUnread(() => this.#annotating.begin(sources));
  }

  /** Takes a batch of a source, and writes what may be written by now. */
  write(at: number, batch: FrameBatch): void {
    this.#unlessUnread(() => {
      this.#annotating.take(at, batch, this.#decidedNs());
      if (performance.now() - this.#countersMs >= COUNTERS_EVERY_MS) this.#noteCounters();
      this.#writer.flush();
    });
  }

  /** A source gives no more. */
  end(at: number): void {
    this.#annotating.end(at);
  }

  /** Writes what addresses are called; the rest that the host said is for natcorr alone. */
  note(_: string, names: readonly AddressName[]): void {
    this.#unlessUnread(() => this.#writer.names(names));
  }

  /** Writes what waits, and the counters. */
  close(): void {
    this.#unlessUnread(() => {
      this.#annotating.finish();
      this.#noteCounters();
    });
    this.#unlessUnread(() => this.#writer.close());
  }

  #noteCounters(): void {
    this.#countersMs = performance.now();
    for (const [at, source] of this.#sources.entries()) this.#writer.statistics(at, source.statistics(), epochNs());
  }

  #unlessUnread(write: () => void): void {
    if (this.#isUnread) return;
    try {
      write();
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error;
      this.#isUnread = true;
      this.#onUnread();
    }
  }
}
