import * as block from "./pcapng-blocks.js";

/** Most bytes of a note in one block, of which readers hold a window: a longer one is cut into pieces. */
const MOST_PIECE_BYTES = 512 * 1024;
/** Most bytes of a note: what a host says has some 20 MB at the most. */
const MOST_NOTE_BYTES = 64 << 20;
/** Before a piece: how long the note is, and where in it the piece begins. Little-endian, whatever the section is. */
const PIECE_HEADER_BYTES = 8;

/** The bodies of the blocks that a text is kept in, a note. */
export function pieces(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const bodies: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MOST_PIECE_BYTES) {
    const piece = bytes.subarray(at, at + MOST_PIECE_BYTES);
    const body = Buffer.alloc(block.padded(PIECE_HEADER_BYTES + piece.length));
    body.writeUInt32LE(bytes.length, 0);
    body.writeUInt32LE(at, 4);
    piece.copy(body, PIECE_HEADER_BYTES);
    bodies.push(body);
  }
  return bodies;
}

/** Puts notes together again. */
export class Pieces {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #total = 0;

  /** Takes a block's body. Returns the note that it completes, which is empty where pieces do not fit together; undefined where more is to come. */
  take(body: DataView): string | undefined {
    if (body.byteLength < PIECE_HEADER_BYTES) return "";
    const [total, from] = [body.getUint32(0, true), body.getUint32(4, true)];
    const isExpected = this.#bytes === 0 ? from === 0 : from === this.#bytes && total === this.#total;
    if (!isExpected || total > MOST_NOTE_BYTES) {
      this.#begin(0);
      return "";
    }
    if (from === 0) this.#begin(total);
    const bytes = Math.min(body.byteLength - PIECE_HEADER_BYTES, total - from);
    if (bytes === 0) return "";
    this.#parts.push(new Uint8Array(body.buffer, body.byteOffset + PIECE_HEADER_BYTES, bytes).slice());
    this.#bytes += bytes;
    if (this.#bytes < total) return undefined;
    const text = Buffer.concat(this.#parts).toString();
    this.#begin(0);
    return text;
  }

  #begin(total: number): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#total = total;
  }
}
