import { statSync } from "node:fs";
import { openBytes, Rewound } from "./bytes.js";
import { DamageError } from "./errors.js";
import { decompressed } from "./open.js";
import * as block from "./pcapng-blocks.js";
import { isPcapng } from "./pcapng.js";
import { Pieces } from "./pcapng-notes.js";
import { ByteWindow, WINDOW_BYTES } from "./window.js";

/** More than a section header takes that natcorr wrote. */
const HEAD_BYTES = 4096;

/**
 * The texts that natcorr kept between the frames of a capture, in their order, as far as it is undamaged. None of what is no file, which can be read but
 * once, and of what others wrote.
 */
export async function* notesIn(path: string): AsyncGenerator<string> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const stored = await openBytes(path, () => {});
  try {
    const stream = await decompressed(stored);
    // what is freed at once must not be large: the C library would keep twice as much of all that others free, for each thread
    const head = new ByteWindow(stream, new Uint8Array(HEAD_BYTES));
    if (!(await isOwn(head))) return;
    const rewound = new Rewound(head.data.subarray(head.start, head.end), stream);
    yield* new Walk(new ByteWindow(rewound, new Uint8Array(WINDOW_BYTES))).notes();
  } catch (error) {
    // who reads its frames says so
    if (!(error instanceof DamageError)) throw error;
  } finally {
    await stored.close();
  }
}

/** Whether natcorr wrote a capture, whose beginning is read. */
async function isOwn(head: ByteWindow): Promise<boolean> {
  if (!(await head.need(block.BODY + 4)) || !isPcapng(head.view, head.start)) return false;
  const { view, start } = head;
  const isLittle = isLittleEndian(view, start);
  const bytes = view.getUint32(start + 4, isLittle);
  return bytes <= HEAD_BYTES && (await head.need(bytes)) && isOwnSection(view, start, bytes, isLittle);
}

/** Whether the section is little-endian whose header is there. */
function isLittleEndian(view: DataView, header: number): boolean {
  return view.getUint32(header + block.BODY, true) === block.BYTE_ORDER_MAGIC;
}

/** Whether natcorr wrote the section whose header, of so many bytes, is there. */
function isOwnSection(view: DataView, header: number, bytes: number, isLittle: boolean): boolean {
  const writer = block.optionIn(view, isLittle, header + 24, header + bytes - 4, block.SHB_USERAPPL, 1);
  return writer >= 0 && block.isOwn(block.optionText(view, writer, isLittle));
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
        if (type === block.SECTION_HEADER) this.#isLittle = isLittleEndian(view, start);
        const bytes = view.getUint32(start + 4, this.#isLittle);
        if (block.misshapen(view, start, end, this.#isLittle, type, bytes) !== undefined) return;
        const isWanted = type === block.NOTE || type === block.SECTION_HEADER;
        if (isWanted && bytes <= WINDOW_BYTES && bytes > end - start) break;
        window.start += bytes;
        if (bytes > end - start) break;
        if (type === block.SECTION_HEADER && !isOwnSection(view, start, bytes, this.#isLittle)) return;
        if (type !== block.NOTE) continue;
        const note = this.#pieces.take(
          new DataView(view.buffer, view.byteOffset + start + block.BODY, bytes - block.FRAME_BYTES),
        );
        if (note !== undefined) yield note;
      }
    } while (await window.fill());
  }
}
