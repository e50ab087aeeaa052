import { Decompress } from "fzstd";
import { type ByteStream, ChunkedBytes } from "./bytes.js";
import { DamageError, messageOf } from "./errors.js";
import { ZSTD_MAGIC } from "./format.js";
import { ByteWindow } from "./window.js";

/** RFC 8878 section 3.1.2: sixteen magics, the low four bits are the user's. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** zstd(1) itself refuses larger windows unless told otherwise (ZSTD_WINDOWLOG_LIMIT_DEFAULT 27); the decoder allocates one at once. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
/** Section 3.1.1.2.4: a block holds at most this, compressed or not. */
const MAX_BLOCK_BYTES = 128 * 1024;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE = 1;
const COMPRESSED = 2;
const NOTHING = new Uint8Array(0);

/**
 * A Zstandard stream of one frame or several, decompressed as it is read. Checksums are not verified: fzstd does not.
 *
 * This walks frames and blocks itself and hands fzstd exactly one block at a time, because fzstd would decompress
 * everything it is given at once, and four bytes may stand for 128 KiB. It also keeps what comes before damage apart
 * from it, and lets the window be checked before it is allocated.
 */
export class ZstdBytes extends ChunkedBytes {
  readonly #stored: ByteStream;
  readonly #input: ByteWindow;
  #decoder: Decompress | undefined;
  /** The next block's header, 3 bytes. */
  #blockHeader = 0;
  /** Bytes ahead of the next block's content that the decoder has not had: the frame's first headers, later none. */
  #headerBytes = 0;
  #hasChecksum = false;
  /** What the decoder gave since a chunk was asked for. */
  #given: Uint8Array = NOTHING;

  constructor(stored: ByteStream) {
    super();
    this.#stored = stored;
    this.#input = new ByteWindow(stored, new Uint8Array(2 * MAX_BLOCK_BYTES));
  }

  protected async next(): Promise<Uint8Array | null> {
    this.#given = NOTHING;
    if (this.#decoder) await this.#block(this.#decoder);
    else if (!(await this.#frame())) return null;
    return this.#given;
  }

  /** Starts the next frame or skips a skippable one; false at the end. */
  async #frame(): Promise<boolean> {
    const input = this.#input;
    if (!(await input.need(1))) return false;
    await this.#need(8);
    const magic = input.view.getUint32(input.start, true);
    if ((magic & ~15) === SKIPPABLE_MAGIC) {
      input.start += 8 + input.view.getUint32(input.start + 4, true);
      return true;
    }
    if (magic !== ZSTD_MAGIC) throw new DamageError("what follows the zstd frame is not zstd");
    await this.#header();
    this.#decoder = new Decompress((data) => this.#take(data));
    return true;
  }

  /** Frame header, section 3.1.1.1: descriptor, window descriptor, dictionary id, content size, each of them optional but the first. */
  async #header(): Promise<void> {
    const { view, start } = this.#input;
    const descriptor = view.getUint8(start + 4);
    const singleSegment = (descriptor & 0x20) !== 0;
    const sizeCode = descriptor >> 6;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3];
    const sizeBytes = sizeCode === 0 ? Number(singleSegment) : 1 << sizeCode;
    const sizeAt = 5 + Number(!singleSegment) + dictionaryBytes;
    await this.#need(sizeAt + sizeBytes + BLOCK_HEADER_BYTES);
    // need() may have moved the header.
    const at = this.#input.start;
    const windowBytes = singleSegment ? uint(view, at + sizeAt, sizeBytes) : windowSize(view.getUint8(at + 5));
    if (dictionaryBytes > 0 && uint(view, at + sizeAt - dictionaryBytes, dictionaryBytes) !== 0)
      throw new DamageError("the zstd data needs a dictionary; decompress it with zstd -D first");
    if (windowBytes > MAX_WINDOW_BYTES)
      throw new DamageError(
        `the zstd data needs a window of ${Math.ceil(windowBytes / 2 ** 20)} MiB, more than the 128 MiB allowed; decompress it with zstd --long=31 -d first`,
      );
    this.#hasChecksum = (descriptor & 4) !== 0;
    this.#headerBytes = sizeAt + sizeBytes + BLOCK_HEADER_BYTES;
    this.#blockHeader = uint(view, at + sizeAt + sizeBytes, BLOCK_HEADER_BYTES);
  }

  /**
   * Decompresses one block (section 3.1.1.2) and reads on to the next one's header. fzstd is given that header with it: it keeps a
   * view of every push that leaves nothing over, and would grow with the file.
   */
  async #block(decoder: Decompress): Promise<void> {
    const input = this.#input;
    const last = (this.#blockHeader & 1) === 1;
    const type = (this.#blockHeader >> 1) & 3;
    const size = this.#blockHeader >> 3;
    if (type > COMPRESSED || size > MAX_BLOCK_BYTES)
      throw new DamageError("the zstd data is damaged: bad block header");
    const trailerBytes = last ? (this.#hasChecksum ? CHECKSUM_BYTES : 0) : BLOCK_HEADER_BYTES;
    const bytes = this.#headerBytes + (type === RLE ? 1 : size) + trailerBytes;
    await this.#need(bytes);
    const end = input.start + bytes;
    try {
      // A copy: fzstd holds on to the bytes it has not used yet.
      decoder.push(input.data.slice(input.start, end), last);
    } catch (error) {
      throw new DamageError(`the zstd data is damaged: ${messageOf(error)}`, { cause: error });
    }
    if (last) this.#decoder = undefined;
    else this.#blockHeader = uint(input.view, end - BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES);
    this.#headerBytes = 0;
    input.start = end;
  }

  /** fzstd waits for 18 bytes before it starts: the second push of a frame may give two blocks. */
  #take(data: Uint8Array): void {
    this.#given = this.#given.length === 0 ? data : Buffer.concat([this.#given, data]);
  }

  async #need(bytes: number): Promise<void> {
    if (!(await this.#input.need(bytes))) throw new DamageError("the zstd data is cut off");
  }

  close(): Promise<void> {
    return this.#stored.close();
  }
}

/** An unsigned little-endian number of at most 8 bytes; exact below 2^53. */
function uint(view: DataView, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** Window descriptor, section 3.1.1.1.2, in bytes. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
