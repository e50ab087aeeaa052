import { createGunzip } from "node:zlib";
import { type ByteStream, ChunkedBytes } from "./bytes.js";
import { DamageError } from "./errors.js";

/**
 * Bytes a call of zlib may give. Where zlib meets damage, Node throws away what the same call gave before it, so this is
 * also the most that is lost ahead of the damage.
 */
const OUTPUT_BYTES = 16 * 1024;
const INPUT_BYTES = 64 * 1024;

/** A gzip stream of one member or several (RFC 1952), decompressed as it is read. What follows the last member is ignored, as gzip does. */
export class GzipBytes extends ChunkedBytes {
  readonly #stored: ByteStream;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #input = new Uint8Array(INPUT_BYTES);
  #writing = false;
  #over = false;
  #error: Error | undefined;
  #wake = () => {};

  constructor(stored: ByteStream) {
    super();
    this.#stored = stored;
    this.#gunzip.on("readable", () => this.#wake());
    for (const event of ["end", "close"])
      this.#gunzip.on(event, () => {
        this.#over = true;
        this.#wake();
      });
    this.#gunzip.on("error", (error) => {
      this.#error = error;
    });
  }

  protected async next(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk: Uint8Array | null = this.#gunzip.read();
      if (chunk) return chunk;
      if (this.#error) throw damage(this.#error);
      if (this.#over) return null;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#writing) await this.#feed();
      await woken;
    }
  }

  /** Ends the input only after zlib has given everything for it: told of the end with the last piece, it would throw away a cut-off piece's output. */
  async #feed(): Promise<void> {
    const bytes = await this.#stored.read(this.#input, 0);
    if (bytes === 0) {
      this.#writing = true;
      this.#gunzip.end();
      return;
    }
    this.#writing = true;
    this.#gunzip.write(this.#input.subarray(0, bytes), () => {
      this.#writing = false;
      this.#wake();
    });
  }

  async close(): Promise<void> {
    this.#gunzip.destroy();
    await this.#stored.close();
  }
}

/** Only damage within a piece costs what zlib had given for it; the end is told apart from the last piece. */
function damage(error: Error): DamageError {
  if ("code" in error && error.code === "Z_BUF_ERROR") return new DamageError("the gzip data is cut off");
  const lost = `up to ${OUTPUT_BYTES / 1024} KiB before the damage are lost with it`;
  return new DamageError(`the gzip data is damaged: ${error.message} (${lost})`);
}
