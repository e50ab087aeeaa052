import { type Engine, isEngine } from "./engines.js";
import { WINDOW_BYTES } from "./window.js";

/** Block types, draft-ietf-opsawg-pcapng sections 4 and A. The section header reads the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const PACKET = 2;
export const SIMPLE_PACKET = 3;
export const NAME_RESOLUTION = 4;
export const INTERFACE_STATISTICS = 5;
export const ENHANCED_PACKET = 6;

/**
 * A text that natcorr keeps between frames (`pcapng-notes.ts`). Section 3.1 leaves types with the first bit to whoever wants one, without a registry: `WRITER` says
 * whose it is. A custom block (4.8) would take a number of an organisation's, which natcorr has none of; and Wireshark 4 gives such blocks the numbers of frames.
 */
export const NOTE = 0x806e_6174;
/** What natcorr says that it is in the section headers that it writes. */
const WRITER = "natcorr";

/** What natcorr calls itself in a section, with what it captured by. */
export function writerText(engine: Engine): string {
  return `${WRITER} (${engine})`;
}

/** Whether natcorr wrote a section, by what its writer calls itself: earlier ones did not say by what they captured. */
export function isOwn(writer: string): boolean {
  return writer === WRITER || engineOf(writer) !== undefined;
}

/** What natcorr captured a section by; undefined where it is another program's, or does not say. */
export function engineOf(writer: string): Engine | undefined {
  const engine = writer.slice(WRITER.length + 2, -1);
  return isEngine(engine) && writer === writerText(engine) ? engine : undefined;
}

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Where a block's body begins, behind its type and length; and where that of a packet block has its data. */
export const BODY = 8;
export const PACKET_DATA = 28;

/** Bytes of a block around its body: type and length before it, the length again after it. */
export const FRAME_BYTES = 12;
/** The same of a packet block, its fixed fields included. */
export const PACKET_BYTES = 32;
export const SIMPLE_PACKET_BYTES = 16;

/** Option codes. */
export const END_OF_OPTIONS = 0;
export const COMMENT = 1;
export const SHB_HARDWARE = 2;
export const SHB_OS = 3;
export const SHB_USERAPPL = 4;
export const IF_NAME = 2;
export const IF_TSRESOL = 9;
export const IF_FILTER = 11;
export const IF_OS = 12;
export const IF_TSOFFSET = 14;
export const ISB_ENDTIME = 3;
export const ISB_IFRECV = 4;
export const ISB_IFDROP = 5;
export const ISB_FILTERACCEPT = 6;
export const ISB_OSDROP = 7;
export const ISB_USRDELIV = 8;
export const EPB_DROPCOUNT = 4;

/** Records of a name resolution block, section 4.5: the address, then names that each end with a NUL. */
export const NAMES_IPV4 = 1;
export const NAMES_IPV6 = 2;

/** Bytes with those behind them that fill up whole words. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** What is wrong with a block's frame, as far as it can be seen: its end may not be there yet. Types not known here may be of any length. */
export function misshapen(
  view: DataView,
  at: number,
  end: number,
  little: boolean,
  type: number,
  bytes: number,
): string | undefined {
  if (type === SECTION_HEADER && view.getUint32(at + 8, little) !== BYTE_ORDER_MAGIC)
    return "a section header has no byte-order magic";
  const least = leastBytes(type);
  if (bytes < least || bytes % 4 !== 0 || (bytes > WINDOW_BYTES && least > FRAME_BYTES))
    return `a block of type ${type} claims to be ${bytes} bytes long`;
  if (bytes <= end - at && view.getUint32(at + bytes - 4, little) !== bytes)
    return `a block of type ${type} does not end with its length`;
  return undefined;
}

/** Least bytes a block of this type takes, its fixed fields included. A type not known here may have no body at all. */
export function leastBytes(type: number): number {
  switch (type) {
    case ENHANCED_PACKET:
    case PACKET:
      return PACKET_BYTES;
    case SIMPLE_PACKET:
      return SIMPLE_PACKET_BYTES;
    case SECTION_HEADER:
      return 28;
    case INTERFACE_DESCRIPTION:
      return 20;
    case INTERFACE_STATISTICS:
      return 24;
    default:
      return FRAME_BYTES;
  }
}

/** Where the value of an option of at least `least` bytes lies, or -1. Its length stands in the two bytes before. Section 3.5. */
export function optionIn(
  view: DataView,
  little: boolean,
  from: number,
  end: number,
  wanted: number,
  least: number,
): number {
  for (let at = from; at + 4 <= end; ) {
    const code = view.getUint16(at, little);
    const bytes = view.getUint16(at + 2, little);
    if (code === END_OF_OPTIONS || at + 4 + bytes > end) return -1;
    if (code === wanted && bytes >= least) return at + 4;
    at += 4 + padded(bytes);
  }
  return -1;
}

/** An option's value in UTF-8, and no more of it than ends with the first NUL: some writers count it in. */
export function optionText(view: DataView, at: number, little: boolean): string {
  const bytes = view.getUint16(at - 2, little);
  // a copy: a TextDecoder takes no shared memory
  return new TextDecoder()
    .decode(new Uint8Array(view.buffer, view.byteOffset + at, bytes).slice())
    .replace(/\0.*$/s, "");
}
