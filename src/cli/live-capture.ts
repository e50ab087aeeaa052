import type { LiveSource } from "../capture/live/open.js";
import { CaptureError } from "../capture/open.js";
import type { FrameBatch, FrameSource } from "../packets/batches/frames.js";
import type { Messages } from "./messages.js";
import type { Recording } from "./recording.js";

/**
 * Interfaces that are captured from together: where one ends, or the disk is full, all end, and what was captured by then
 * is still given.
 */
export class LiveCapture {
  /** Whether it ended by itself, before it was asked to. */
  hasFailed = false;
  readonly #sources: readonly LiveSource[];
  #recording: Recording | undefined;
  readonly #messages: Messages;
  /** By source: how many frames were captured. */
  readonly #captured: number[];
  #isStopped = false;
  #isRefused = false;

  constructor(sources: readonly LiveSource[], recording: Recording | undefined, messages: Messages) {
    this.#sources = sources;
    this.#captured = sources.map(() => 0);
    this.#recording = recording;
    this.#messages = messages;
  }

  /** Ends it: what has passed the interfaces by now is still given. */
  stop(): void {
    this.#isStopped = true;
    for (const source of this.#sources) source.stop();
  }

  /** The next frames of one of them, written down; null at the end. */
  async read(frames: FrameSource): Promise<FrameBatch | null> {
    const at = this.#sources.findIndex((source) => source === frames);
    const batch = this.#isRefused ? null : await this.#sources[at].next();
    if (batch !== null && this.#isWritten(at, batch)) {
      this.#captured[at] += batch.count;
      return batch;
    }
    if (!this.#isStopped) this.#fail();
    return null;
  }

  /** Keeps what the host said, and what it calls addresses, in the file as long as that is written. */
  note(text: string, names: ReadonlyMap<string, string>): void {
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
    this.#messages.warn(error.message);
    this.#fail();
  }

  #fail(): void {
    this.hasFailed = true;
    this.stop();
  }
}

function packets(count: number): string {
  return count === 1 ? "1 packet" : `${count} packets`;
}
