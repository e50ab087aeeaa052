import type { LiveSource } from "../capture/live/open.js";
import { CaptureError } from "../capture/open.js";
import type { AddressName } from "../capture/pcapng-writer.js";
import type { FrameBatch, FrameSource } from "../packets/batches/frames.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";

/** Where what is captured goes. All throw CaptureError where it takes no more. */
export interface Recorder {
  /** Takes a batch of a source. */
  write(at: number, batch: FrameBatch): void;
  /** A source gives no more. */
  end?(at: number): void;
  /** Takes what was said of the host, and what addresses are called by it. */
  note(text: string, names: readonly AddressName[]): void;
  /** Nothing more comes. */
  close(): void;
}

/**
 * Interfaces that are captured from together. Where one goes, the others go on, as long as each side has one; where a side has none, or the disk is full,
 * all end. What was captured by then is still given.
 */
export class LiveCapture {
  /** Whether it, or one of the interfaces, ended by itself, before it was asked to. */
  hasFailed = false;
  /** Whether all interfaces end. */
  isEnding = false;
  readonly #sources: readonly LiveSource[];
  /** Those that are still captured from, by side. */
  readonly #left: readonly [Set<LiveSource>, Set<LiveSource>];
  readonly #gone: Set<string>;
  #recording: Recorder | undefined;
  readonly #warn: (text: string) => void;
  /** By source: how many frames were captured. */
  readonly #captured: number[];
  #isRefused = false;

  /** `gone`: takes the names of the interfaces that go. `warn`: is told what ends, and why. */
  constructor(
    sources: readonly [inside: readonly LiveSource[], outside: readonly LiveSource[]],
    recording: Recorder | undefined,
    gone: Set<string>,
    warn: (text: string) => void,
  ) {
    this.#left = [new Set(sources[INSIDE]), new Set(sources[OUTSIDE])];
    this.#sources = sources.flat();
    this.#gone = gone;
    this.#captured = this.#sources.map(() => 0);
    this.#recording = recording;
    this.#warn = warn;
  }

  /** Ends it: what has passed the interfaces by now is still given. */
  stop(): void {
    this.isEnding = true;
    for (const source of this.#sources) source.stop();
  }

  /** The next frames of one of them, written down; null at its end. */
  async read(frames: FrameSource): Promise<FrameBatch | null> {
    const at = this.#sources.findIndex((source) => source === frames);
    const source = this.#sources[at];
    const batch = this.#isRefused ? null : await source.next();
    if (source.failure !== undefined) this.#lose(source, source.failure);
    if (batch === null) this.#recording?.end?.(at);
    if (batch === null || !this.#isWritten(at, batch)) return null;
    this.#captured[at] += batch.count;
    return batch;
  }

  /** Keeps what the host said, and what it calls addresses, in the file as long as that is written. */
  note(text: string, names: readonly AddressName[]): void {
    try {
      if (!this.#isRefused) this.#recording?.note(text, names);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Completes the file: nothing is read any more. */
  finish(): void {
    const recording = this.#recording;
    this.#recording = undefined;
    try {
      recording?.close();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Closes the interfaces and the file. Counters stay readable. */
  async close(): Promise<void> {
    this.finish();
    for (const source of this.#sources) await source.close();
  }

  /** What tcpdump says of a capture at its end, one text an interface. */
  counts(): string[] {
    return this.#sources.map((source, at) => {
      const { received, dropped = 0, droppedByInterface = 0 } = source.statistics();
      const parts = [`${packets(this.#captured[at])} captured`];
      if (received === undefined) {
        if (dropped > 0) parts.push(`${packets(dropped)} not read in time`);
        return `${source.name}: ${parts.join(", ")}; how many the kernel dropped is not known`;
      }
      parts.push(`${packets(received)} received by filter`, `${packets(dropped)} dropped by kernel`);
      if (droppedByInterface > 0) parts.push(`${packets(droppedByInterface)} dropped by interface`);
      return `${source.name}: ${parts.join(", ")}`;
    });
  }

  #isWritten(at: number, batch: FrameBatch): boolean {
    try {
      this.#recording?.write(at, batch);
      return true;
    } catch (error) {
      this.#refuse(error);
      return false;
    }
  }

  /** The file takes no more: it says so once, and nothing is captured that is not in it. */
  #refuse(error: unknown): void {
    if (!(error instanceof CaptureError)) throw error;
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#warn(error.message);
    this.#fail();
  }

  /** An interface gives no more: says so once, and what follows. */
  #lose(source: LiveSource, why: string): void {
    const left = this.#left.find((sources) => sources.delete(source));
    if (left === undefined) return;
    this.#gone.add(source.name);
    this.hasFailed = true;
    const others = this.#left.flatMap((sources) => Array.from(sources, ({ name }) => name)).join(", ");
    const next =
      left.size > 0
        ? `the run goes on with ${others}`
        : "the run ends here, as its side has no other, and what was captured by then is used";
    this.#warn(`${source.name}: ${why}: ${next}`);
    if (left.size === 0) this.stop();
  }

  #fail(): void {
    this.hasFailed = true;
    this.stop();
  }
}

function packets(count: number): string {
  return count === 1 ? "1 packet" : `${count} packets`;
}
