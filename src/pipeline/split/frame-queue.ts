import { BATCH_FRAMES, FrameBatch } from "../../packets/batches/frames.js";
import type { Mark } from "../../packets/batches/frame-marks.js";

/** Bytes a batch has room for; more where a single piece of a capture is longer. */
const ROOM_BYTES = 1 << 20;

/** Frames that were read and wait to be asked for, in batches of their own. */
export class FrameQueue {
  readonly #waiting: FrameBatch[] = [];
  /** Bytes in use of the last batch that waits. */
  #used = 0;
  #handed: FrameBatch | undefined;
  /** Handed on once, and read by nobody any more. */
  #spare: FrameBatch | undefined;

  /** Appends some rows of a batch: the first `count` that `rows` names, in its order. */
  append(frames: FrameBatch, rows: Uint16Array, count: number): void {
    if (count === 0) return;
    // what lies between the frames is copied with them: one call for all, where each frame would take an object
    const bytes = frames.bytes(rows, count);
    const batch = this.#withRoom(count, bytes.length);
    batch.data.set(bytes, this.#used);
    const shift = this.#used - (bytes.byteOffset - frames.data.byteOffset);
    const first = batch.count;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      batch.start[first + i] = frames.start[row] + shift;
      batch.frame[first + i] = frames.frame[row];
      batch.captured[first + i] = frames.captured[row];
      batch.original[first + i] = frames.original[row];
      batch.timeNs[first + i] = frames.timeNs[row];
      batch.iface[first + i] = frames.iface[row];
    }
    batch.count += count;
    this.#used += bytes.length;
  }

  /** Has marks go with the frames appended last: none is of a place before frames that went on already. */
  mark(marks: readonly Mark[]): void {
    if (marks.length === 0) return;
    let last = this.#waiting.at(-1);
    if (last === undefined) this.#waiting.push((last = this.#fresh(0)));
    last.marks = [...last.marks, ...marks];
  }

  /** The next batch, or an empty one; it is overwritten once the one after it is asked for. */
  take(): FrameBatch {
    this.#spare ??= this.#handed;
    this.#handed = this.#waiting.shift() ?? this.#fresh(0);
    return this.#handed;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  #withRoom(rows: number, bytes: number): FrameBatch {
    const last = this.#waiting.at(-1);
    if (last && last.count + rows <= BATCH_FRAMES && this.#used + bytes <= last.data.length) return last;
    const batch = this.#fresh(bytes);
    this.#waiting.push(batch);
    this.#used = 0;
    return batch;
  }

  #fresh(bytes: number): FrameBatch {
    const batch = this.#spare ?? new FrameBatch();
    this.#spare = undefined;
    batch.count = 0;
    batch.marks = [];
    if (batch.data.length < bytes) batch.data = new Uint8Array(Math.max(bytes, ROOM_BYTES));
    return batch;
  }
}
