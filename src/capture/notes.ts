import { statSync } from "node:fs";
import { openBytes } from "./bytes.js";
import { DamageError } from "./errors.js";
import { decompressed } from "./open.js";
import * as block from "./pcapng-blocks.js";
import { isPcapng } from "./pcapng.js";
import { Pieces } from "./pcapng-notes.js";
import { ByteWindow, WINDOW_BYTES } from "./window.js";

/**
 * The texts that natcorr kept between the frames of a capture, in their order, as far as it is undamaged. None of what is no file, which can be read but
 * once, and of what others wrote.
 */
export async function* notesIn(path: string): AsyncGenerator<string> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const stored = await openBytes(path, () => {});
  try {
    const window = new ByteWindow(await decompressed(stored), new Uint8Array(WINDOW_BYTES));
    if (!(await window.need(block.FRAME_BYTES)) || !isPcapng(window.view, window.start)) return;
    yield* new Walk(window).notes();
  } catch (error) {
    // who reads its frames says so
    if (!(error instanceof DamageError)) throw error;
  } finally {
    await stored.close();
  }
}

/** Goes through the blocks of a pcapng capture. */
class Walk {
  readonly #window: ByteWindow;
  readonly #pieces = new Pieces();
  #isLittle = true;

  constructor(window: ByteWindow) {
    this.#window = window;
  }

  async *notes(): AsyncGenerator<string> {
    const window = this.#window;
    do {
      while (window.end - window.start >= block.FRAME_BYTES) {
        const { view, start, end } = window;
        const type = view.getUint32(start, this.#isLittle);
        if (type === block.SECTION_HEADER)
          this.#isLittle = view.getUint32(start + block.BODY, true) === block.BYTE_ORDER_MAGIC;
        const bytes = view.getUint32(start + 4, this.#isLittle);
        if (block.misshapen(view, start, end, this.#isLittle, type, bytes) !== undefined) return;
        const isWanted = type === block.NOTE || type === block.SECTION_HEADER;
        if (isWanted && bytes <= WINDOW_BYTES && bytes > end - start) break;
        window.start += bytes;
        if (bytes > end - start) break;
        if (type === block.SECTION_HEADER && !this.#isOwn(start, bytes)) return;
        if (type !== block.NOTE) continue;
        const note = this.#pieces.take(
          new DataView(view.buffer, view.byteOffset + start + block.BODY, bytes - block.FRAME_BYTES),
        );
        if (note !== undefined) yield note;
      }
    } while (await window.fill());
  }

  /** Whether natcorr wrote a section. */
  #isOwn(at: number, bytes: number): boolean {
    const { view } = this.#window;
    const writer = block.optionIn(view, this.#isLittle, at + 24, at + bytes - 4, block.SHB_USERAPPL, 1);
    return writer >= 0 && block.optionText(view, writer, this.#isLittle) === block.WRITER;
  }
}
