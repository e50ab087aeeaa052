import { epochNs } from "../../capture/live/now.js";
import type { LiveSource } from "../../capture/live/open.js";
import { writerText } from "../../capture/pcapng-blocks.js";
import { type AddressName, OWN_OS, PcapngWriter } from "../../capture/pcapng-writer.js";
import type { FrameBatch } from "../../packets/batches/frames.js";

/** Counters are written down at least this often, while frames come: what was lost was lost between two of their blocks. */
const COUNTERS_EVERY_MS = 1000;

/** What is captured live, in one pcapng file with all interfaces: those of the inside are its first ones. */
export class Recording {
  readonly #sources: readonly LiveSource[];
  readonly #writer: PcapngWriter;
  readonly #dropped: number[];
  /** When the counters of each were written last, on the clock of `performance.now()`. */
  readonly #notedMs: number[];

  /** Creates the file. `filters`: what each source was captured with. Throws CaptureError where that is not possible. */
  constructor(path: string, sources: readonly LiveSource[], filters: readonly string[]) {
    this.#sources = sources;
    this.#dropped = sources.map(() => 0);
    this.#notedMs = sources.map(() => 0);
    const interfaces = sources.map((source, at) => ({ ...source.interfaces[0], filter: filters[at], os: OWN_OS }));
    this.#writer = new PcapngWriter(path, interfaces, writerText(sources[0].engine));
    // says before the first frame that losses are counted
    for (const at of sources.keys()) this.#noteCounters(at);
  }

  /**
   * Writes down a batch of a source and numbers it as in the file; where frames were lost before it, that first, so that a reader knows when.
   * Throws CaptureError where the disk refuses.
   */
  write(at: number, batch: FrameBatch): void {
    const source = this.#sources[at];
    const isDue = batch.count > 0 && performance.now() - this.#notedMs[at] >= COUNTERS_EVERY_MS;
    if (isDue || source.captureDropped > this.#dropped[at]) this.#noteCounters(at);
    this.#dropped[at] = source.captureDropped;
    batch.number(this.#writer.write(at, batch, source.epochNs));
  }

  /** Keeps what was said of the host, and what addresses are called by it. Throws CaptureError where the disk refuses. */
  note(text: string, names: readonly AddressName[]): void {
    this.#writer.names(names);
    this.#writer.note(text);
  }

  /** Ends the file with the counters of all interfaces. Throws CaptureError where the disk refuses and has not before. */
  close(): void {
    try {
      for (const at of this.#sources.keys()) this.#noteCounters(at);
    } finally {
      this.#writer.close();
    }
  }

  #noteCounters(at: number): void {
    this.#notedMs[at] = performance.now();
    this.#writer.statistics(at, this.#sources[at].statistics(), epochNs());
  }
}
