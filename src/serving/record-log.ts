import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

/** So many bytes of records are compressed together, and given at once at the most. */
const CHUNK_BYTES = 1 << 19;

const [compress, decompress] = [promisify(gzip), promisify(gunzip)];

interface Chunk {
  readonly from: number;
  readonly length: number;
  /** Its bytes, and how they come out. */
  bytes: Buffer;
  read: (bytes: Buffer) => Buffer | Promise<Buffer>;
}

/** Records of a page, as bytes from the first on; what is complete is kept compressed, to a tenth. */
export class RecordLog {
  readonly #chunks: Chunk[] = [];
  #last: Buffer[] = [];
  #lastFrom = 0;
  #length = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Takes records; the bytes are copied. */
  add(records: Uint8Array): void {
    this.#last.push(Buffer.from(records));
    this.#length += records.length;
    if (this.#length - this.#lastFrom >= CHUNK_BYTES) this.#close();
  }

  /** Some of the bytes from there on: half a megabyte, and what was added at once, at the most; none at the end; undefined where there was never a byte. */
  async from(at: number): Promise<Buffer | undefined> {
    if (!(at <= this.#length)) return undefined;
    if (at >= this.#lastFrom) return Buffer.concat(this.#last).subarray(at - this.#lastFrom);
    const chunk = this.#chunks.find(({ from, length }) => at < from + length);
    return chunk && (await chunk.read(chunk.bytes)).subarray(at - chunk.from);
  }

  #close(): void {
    const chunk: Chunk = {
      from: this.#lastFrom,
      length: this.#length - this.#lastFrom,
      bytes: Buffer.concat(this.#last),
      read: (bytes) => bytes,
    };
    this.#chunks.push(chunk);
    this.#last = [];
    this.#lastFrom = this.#length;
    void compress(chunk.bytes, { level: 1 }).then((bytes) => {
      chunk.bytes = bytes;
      chunk.read = decompress;
    });
  }
}
