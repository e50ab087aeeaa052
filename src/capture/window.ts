import type { Soon } from "../packets/batches/soon.js";
import type { ByteStream } from "./bytes.js";

/**
 * What the buffer holds: two thirds of a batch of downloads and their acknowledgements. With more, it is out of the cache before it is
 * decoded.
 */
export const WINDOW_BYTES = 2 * 1024 * 1024;

/**
 * What is read at once of the beginning of a capture, and for whoever takes pieces of it, bytes: it goes where the one before lay, and
 * stays in the second-level cache until it is decoded, beside what the decoder looks up. With as much as the window holds, full-size
 * frames take a tenth longer to read and decode (2 MiB of that cache, 2026-11).
 */
export const PIECE_BYTES = 512 * 1024;

/** The part of a stream that is in memory: one fixed buffer, in which `start` … `end` is still to be used. */
export class ByteWindow {
  readonly data: Uint8Array;
  readonly view: DataView;
  /** May run past `end`: the bytes between are then dropped as they come. */
  start = 0;
  end = 0;
  readonly #stream: ByteStream;
  /** Offset of `data[0]` in the stream. */
  #base = 0;

  /** `buffer`: its bytes mean nothing yet. */
  constructor(stream: ByteStream, buffer: Uint8Array) {
    this.#stream = stream;
    this.data = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  /** Offset of `start` in the stream, bytes. */
  get offset(): number {
    return this.#base + this.start;
  }

  /**
   * Moves what is still to be used to the front, frees the rest and waits for one read, of `most` bytes at the most. False at the end
   * of the stream. Precondition: what is still to be used does not fill the buffer. Throws DamageError.
   */
  fill(most: number = this.data.length): Soon<boolean> {
    for (;;) {
      const done = Math.min(this.start, this.end);
      if (done > 0) this.data.copyWithin(0, done, this.end);
      this.#base += done;
      this.start -= done;
      this.end -= done;
      const bytes = this.#stream.read(this.data.subarray(0, this.end + most), this.end);
      if (bytes instanceof Promise) return bytes.then((bytes) => this.#took(bytes) ?? this.fill(most));
      const isMore = this.#took(bytes);
      if (isMore !== undefined) return isMore;
    }
  }

  /** Whether there are bytes to be used now that so many were read; undefined where all of them are to be dropped. */
  #took(bytes: number): boolean | undefined {
    if (bytes === 0) return false;
    this.end += bytes;
    return this.start < this.end || undefined;
  }

  /** Reads on, piece by piece, until `bytes` of them are there, at most the capacity. False when the stream ends before. */
  async need(bytes: number): Promise<boolean> {
    while (this.end - this.start < bytes) if (!(await this.fill(PIECE_BYTES))) return false;
    return true;
  }
}
