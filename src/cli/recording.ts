import type { LiveSource } from "../capture/live/open.js";
import { PcapngWriter } from "../capture/pcapng-writer.js";
import { parseAddress, wordsOf } from "../host/address.js";
import type { FrameBatch } from "../packets/batches/frames.js";
import { printable } from "../packets/printable.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";

/** Counters are written down at least this often, while frames come: what was lost was lost between two of their blocks. */
const COUNTERS_EVERY_MS = 1000;

/** What is captured live, in one pcapng file with both interfaces: inside is its first, outside its second. */
export class Recording {
  readonly #sources: readonly [LiveSource, LiveSource];
  readonly #writer: PcapngWriter;
  readonly #dropped: [number, number] = [0, 0];
  /** When the counters of each side were written last, on the clock of `performance.now()`. */
  readonly #notedMs: [number, number] = [0, 0];

  /** Creates the file. `filters`: what each side was captured with. Throws CaptureError where that is not possible. */
  constructor(path: string, sources: readonly [LiveSource, LiveSource], filters: readonly [string, string]) {
    this.#sources = sources;
    const interfaces = sources.map((source, side) => ({ ...source.interfaces[0], filter: filters[side] }));
    this.#writer = new PcapngWriter(path, interfaces);
    // says before the first frame that losses are counted
    this.#noteCounters(INSIDE);
    this.#noteCounters(OUTSIDE);
  }

  /**
   * Writes down a batch and numbers it as in the file; where frames were lost before it, that first, so that a reader knows when.
   * Throws CaptureError where the disk refuses.
   */
  write(side: Side, batch: FrameBatch): void {
    const source = this.#sources[side];
    const isDue = batch.count > 0 && performance.now() - this.#notedMs[side] >= COUNTERS_EVERY_MS;
    if (isDue || source.captureDropped > this.#dropped[side]) this.#noteCounters(side);
    this.#dropped[side] = source.captureDropped;
    batch.number(this.#writer.write(side, batch, source.epochNs));
  }

  /** Keeps what was said of the host, and what addresses are called by it. Throws CaptureError where the disk refuses. */
  note(text: string, names: ReadonlyMap<string, string>): void {
    const known = [...names].flatMap(([text, name]) => {
      const address = parseAddress(text);
      return address === null ? [] : [[wordsOf(address.isIpv6, address.value), printable(name)] as const];
    });
    if (known.length > 0) this.#writer.names(known);
    this.#writer.note(text);
  }

  /** Ends the file with the counters of both interfaces. Throws CaptureError where the disk refuses and has not before. */
  close(): void {
    try {
      this.#noteCounters(INSIDE);
      this.#noteCounters(OUTSIDE);
    } finally {
      this.#writer.close();
    }
  }

  #noteCounters(side: Side): void {
    this.#notedMs[side] = performance.now();
    this.#writer.statistics(side, this.#sources[side].statistics(), BigInt(Date.now()) * 1_000_000n);
  }
}
