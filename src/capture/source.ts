import { BATCH_FRAMES, type CaptureInterface, FrameBatch, type FrameSource } from "../packets/batches/frames.js";
import type { Heap } from "../packets/memory/heap.js";
import type { Soon } from "../packets/batches/soon.js";
import type { ByteStream } from "./bytes.js";
import { CaptureError, DamageError } from "./errors.js";
import { type ByteWindow, PIECE_BYTES } from "./window.js";
import type { Format, Stop } from "./format.js";

/** What a capture is read through, and how it is called in messages. */
export interface CaptureParts {
  readonly label: string;
  readonly stream: ByteStream;
  readonly isOnDisk: boolean;
  readonly window: ByteWindow;
  readonly format: Format;
  /** Where the window is. */
  readonly heap: Heap;
  readonly onDamage: (text: string) => void;
}

/** The frames of one capture file or stream. It ends at damage, with a warning; what comes before is given. */
export class CaptureFile implements FrameSource {
  readonly #parts: CaptureParts;
  readonly #batch: FrameBatch;
  #frames = 0;
  /** What the last scan ended with; undefined where the window has other bytes since then. */
  #stop: Stop | undefined;
  #over = false;
  #isClosed = false;
  #hasCountersAtFirst = false;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    this.#batch = new FrameBatch(parts.heap);
    this.#batch.data = parts.window.data;
  }

  get epochNs(): bigint {
    return this.#parts.format.epochNs;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#parts.format.interfaces;
  }

  get resolutionNs(): number {
    return this.#parts.format.resolutionNs;
  }

  get captureDropped(): number {
    return this.interfaces.reduce((sum, _, iface) => sum + this.droppedOn(iface), 0);
  }

  get hasCounters(): boolean {
    return this.#over ? this.#parts.format.hasCounters : this.#hasCountersAtFirst;
  }

  get endedNs(): number {
    return this.#parts.format.endedNs ?? Number.NEGATIVE_INFINITY;
  }

  get isOfOneRun(): boolean {
    return this.#parts.format.isOfOneRun ?? false;
  }

  get stampsWithinNs(): number | undefined {
    return this.#parts.format.stampsWithinNs;
  }

  get isUnfiltered(): boolean {
    return this.#parts.format.isUnfiltered ?? false;
  }

  droppedOn(iface: number): number {
    return this.#parts.format.droppedOn(iface);
  }

  /** Its path: interfaces of two hosts may have one name. */
  get name(): string {
    return this.#parts.label;
  }

  /** Reads up to the first frame, for the interfaces described before it. */
  async begin(): Promise<void> {
    await this.#advance(0);
    this.#hasCountersAtFirst = this.#parts.format.hasCounters;
  }

  get isOnDisk(): boolean {
    return this.#parts.isOnDisk;
  }

  next(most?: number): Soon<FrameBatch | null> {
    const areThere = most === undefined ? this.#advance(BATCH_FRAMES) : this.#advance(most, PIECE_BYTES);
    return areThere instanceof Promise ? areThere.then((areThere) => this.#given(areThere)) : this.#given(areThere);
  }

  #given(areThere: boolean): FrameBatch | null {
    const { losses } = this.#parts.format;
    if (!areThere) {
      if (losses.length === 0) return null;
      // said behind the last frame
      this.#batch.count = 0;
    }
    this.#batch.marks = losses.splice(0);
    this.#batch.number(this.#frames + 1);
    this.#frames += this.#batch.count;
    return this.#batch;
  }

  /** What it gave is no more: its memory is used again. */
  async close(): Promise<void> {
    this.#over = true;
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#parts.stream.close();
    const { heap, window } = this.#parts;
    heap.give(window.data);
    this.#batch.giveTo(heap);
  }

  /** Scans, reading on as needed, so many bytes at once, until there are frames or `rows` allows no more. False once the capture is over. */
  #advance(rows: number, bytes?: number): Soon<boolean> {
    while (!this.#over) {
      // where a scan ended for want of bytes, or at damage, it would do so again
      if (this.#stop === undefined || this.#stop === "full") {
        this.#stop = this.#parts.format.scan(this.#parts.window, this.#batch, rows);
        if (this.#batch.count > 0 || this.#stop === "full") return true;
      }
      const isMore = this.#readOn(this.#stop, bytes);
      if (isMore instanceof Promise) return isMore.then((isMore) => isMore && this.#advance(rows, bytes));
    }
    return false;
  }

  #readOn(stop: Stop, bytes?: number): Soon<boolean> {
    this.#stop = undefined;
    if (typeof stop === "object") return this.#end(stop.damage);
    try {
      const isMore = this.#parts.window.fill(bytes);
      if (!(isMore instanceof Promise)) return isMore || this.#end(this.#cutOff());
      return isMore.then(
        (isMore) => isMore || this.#end(this.#cutOff()),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** What the stream has left behind that makes no frame, if anything. */
  #cutOff(): string | undefined {
    const { start, end } = this.#parts.window;
    if (end > start) return `the capture is cut off: only ${end - start} bytes of it are there`;
    if (end < start) return `the capture is cut off ${start - end} bytes earlier, inside a block that holds no frame`;
    return undefined;
  }

  #fail(error: unknown): false {
    if (!(error instanceof DamageError)) throw error;
    return this.#end(error.message);
  }

  /** The capture is over, and is said to be damaged if it is. */
  #end(damage: string | undefined): false {
    if (damage !== undefined) this.#warn(damage);
    this.#over = true;
    this.#parts.format.end?.();
    return false;
  }

  /** A capture whose very first block is damaged is none. */
  #warn(damage: string): void {
    if (this.#over) return;
    if (this.#parts.window.offset === 0)
      throw new CaptureError(`${this.#parts.label}: damaged at its very start: ${damage}`);
    const used = ["no frame is left to use", "frame 1 is used"][this.#frames] ?? `frames 1 to ${this.#frames} are used`;
    this.#parts.onDamage(
      `${this.#parts.label}: damaged at frame ${this.#frames + 1}, byte ${this.#parts.window.offset}: ${damage}; ${used}`,
    );
  }
}
