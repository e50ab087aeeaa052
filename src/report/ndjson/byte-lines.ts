import { writeText } from "./part.js";
import type { WriteBytes } from "../reporter.js";

/** Bytes gathered before they are handed on: a write a line would cost more than making the line. Larger ones leave the cache. */
const CHUNK_BYTES = 65_536;
/** What may follow when those are full, at the most: a line of what is bounded, and the rest of a word that is overwritten next. */
const SPARE_BYTES = 2048;
/** Chunks kept for using them again: as many as are full before their reader gets its turn, but not all that wait for a slow one. */
const MOST_FREE_CHUNKS = 16;
/** UTF-8 takes no more for a character of a string. */
export const MOST_BYTES_A_CHARACTER = 3;

/**
 * Gathers UTF-8 into chunks that are worth a write. A line of 2048 bytes at the most may be written into `view`, from `at` on;
 * then `goTo` is told where it ends.
 */
export class ByteLines {
  #chunk = new Uint8Array(CHUNK_BYTES + SPARE_BYTES);
  view = new DataView(this.#chunk.buffer);
  at = 0;
  /** What was handed on of the chunk. */
  #from = 0;
  readonly #write: WriteBytes;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  goTo(at: number): void {
    this.at = at;
    if (at > CHUNK_BYTES) this.#begin(0);
  }

  /** Makes room for a line that may be so many bytes longer than others. */
  reserve(bytes: number): void {
    if (this.at + bytes > CHUNK_BYTES) this.#begin(bytes);
  }

  /** Writes a line of any length. */
  text(text: string): void {
    this.reserve(MOST_BYTES_A_CHARACTER * text.length);
    this.goTo(writeText(this.view, this.at, text));
  }

  /** Hands on what has been written. */
  flush(): void {
    this.#handOn();
  }

  #handOn(onTaken?: () => void): void {
    if (this.at === this.#from) return;
    this.#write(this.#chunk.subarray(this.#from, this.at), onTaken);
    this.#from = this.at;
  }

  /** Hands on what has been written, and begins a chunk that holds as many bytes: the full one may still wait for its reader. */
  #begin(mostBytes: number): void {
    const full = this.#chunk;
    this.#handOn(() => {
      if (full.length === CHUNK_BYTES + SPARE_BYTES && this.#free.length < MOST_FREE_CHUNKS) this.#free.push(full);
    });
    const free = mostBytes > CHUNK_BYTES ? undefined : this.#free.pop();
    this.#chunk = free ?? new Uint8Array(Math.max(CHUNK_BYTES, mostBytes) + SPARE_BYTES);
    this.view = new DataView(this.#chunk.buffer);
    this.#from = 0;
    this.at = 0;
  }
}
