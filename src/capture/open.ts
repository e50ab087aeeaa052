import type { FrameSource } from "../packets/batches/frames.js";
import { Heap } from "../packets/memory/heap.js";
import { type ByteStream, openBytes, Rewound } from "./bytes.js";
import { CaptureError, DamageError } from "./errors.js";
import { describeForeign } from "./foreign.js";
import { type Format, GZIP_MAGIC, ZSTD_MAGIC } from "./format.js";
import { ByteWindow, WINDOW_BYTES } from "./window.js";
import { PCAP_HEADER_BYTES, Pcap, isPcap } from "./pcap.js";
import { Pcapng, isPcapng } from "./pcapng.js";
import { CaptureFile } from "./source.js";

export { CaptureError } from "./errors.js";

export interface OpenOptions {
  /** Told of damage and of what a capture leaves out; the text is complete. `isDamage`: what comes behind it cannot be used. */
  onWarning(text: string, isDamage?: boolean): void;
  /** For a progress line: bytes of the file read so far, as stored (compressed), and its size if it has one. */
  onBytes?(read: number, total: number | undefined): void;
  /** Where to keep the capture's bytes: a decoder that works on the same heap need not copy them. One of its own, if not given. */
  readonly heap?: Heap;
}

/**
 * Opens a capture by what it contains: pcap or pcapng, as it is or compressed with gzip or zstd.
 *
 * Reads up to the first frame. On a FIFO or standard input that waits for its writer: open two captures at the same time, not
 * one after the other. The source streams through one fixed buffer, and gives what a slow writer has written so far.
 *
 * @param path '-' is standard input.
 * @throws CaptureError for what cannot be used at all. Damage further on is a warning, and ends the source.
 */
export async function openCapture(path: string, options: OpenOptions): Promise<FrameSource> {
  const label = path === "-" ? "stdin" : path;
  const stored = await openBytes(path, (read, total) => options.onBytes?.(read, total));
  try {
    const stream = await decompressed(stored);
    const { heap = new Heap() } = options;
    const window = new ByteWindow(stream, heap.take(Uint8Array, WINDOW_BYTES));
    const format = await recognized(window, label, heap, (text) => options.onWarning(`${label}: ${text}`));
    const { isOnDisk } = stored;
    const onDamage = (text: string): void => options.onWarning(text, true);
    const source = new CaptureFile({ label, stream, isOnDisk, window, format, heap, onDamage });
    await source.begin();
    return source;
  } catch (error) {
    await stored.close();
    if (error instanceof DamageError)
      throw new CaptureError(`${label}: not even its header can be read: ${error.message}`);
    throw error;
  }
}

/** Gzip and zstd are told by their magic numbers, whatever the file is called; what undoes them takes its time to load. */
export async function decompressed(stored: ByteStream): Promise<ByteStream> {
  const head = new Uint8Array(4);
  let bytes = 0;
  while (bytes < head.length) {
    const more = await stored.read(head, bytes);
    if (more === 0) break;
    bytes += more;
  }
  const stream = new Rewound(head.subarray(0, bytes), stored);
  const view = new DataView(head.buffer);
  if (view.getUint16(0) === GZIP_MAGIC) return new (await import("./gzip.js")).GzipBytes(stream);
  if (view.getUint32(0, true) === ZSTD_MAGIC) return new (await import("./zstd.js")).ZstdBytes(stream);
  return stream;
}

async function recognized(
  window: ByteWindow,
  label: string,
  heap: Heap,
  warn: (text: string) => void,
): Promise<Format> {
  await window.need(PCAP_HEADER_BYTES);
  const bytes = window.end - window.start;
  if (bytes === 0) throw new CaptureError(`${label}: is empty; even a capture without frames has a file header`);
  if (bytes >= 4 && isPcap(window.view, window.start)) {
    if (bytes < PCAP_HEADER_BYTES)
      throw new CaptureError(
        `${label}: is cut off inside its file header: ${bytes} of ${PCAP_HEADER_BYTES} bytes are there`,
      );
    return new Pcap(window, label, heap);
  }
  if (bytes >= 4 && isPcapng(window.view, window.start)) return new Pcapng(warn);
  throw new CaptureError(`${label}: ${describeForeign(window.data.subarray(window.start, window.end))}`);
}
