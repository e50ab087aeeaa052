import type { CaptureInterface, FrameBatch } from "../packets/batches/frames.js";
import { asDoubles, type Heap } from "../packets/memory/heap.js";
import type { Steps } from "../packets/memory/steps.js";
import type * as pcap from "./assembly/pcap.js";
import code from "./assembly/pcap.wasm";
import { CaptureError } from "./errors.js";
import { type Format, oversized, type Stop } from "./format.js";
import * as words from "./pcap-words.js";
import type { ByteWindow } from "./window.js";

const module = new WebAssembly.Module(code);

/** Magic numbers as they read in the writer's byte order, and what they say. pcap-savefile(5), sf-pcap.c of libpcap. */
const VARIANTS = new Map([
  [0xa1b2c3d4, { nsPerTick: 1000, recordHeaderBytes: 16 }],
  [0xa1b23c4d, { nsPerTick: 1, recordHeaderBytes: 16 }],
  // Alexey Kuznetsov's patched libpcap, still found on old Linux appliances: interface, protocol and packet type follow each header.
  [0xa1b2cd34, { nsPerTick: 1000, recordHeaderBytes: 24 }],
]);

export const PCAP_HEADER_BYTES = 24;

/** Whether a classic pcap capture starts here, in whichever byte order. */
export function isPcap(view: DataView, at: number): boolean {
  return VARIANTS.has(view.getUint32(at, true)) || VARIANTS.has(view.getUint32(at, false));
}

/** Classic pcap, draft-ietf-opsawg-pcap: one interface, a header of 24 bytes, then records. */
export class Pcap implements Format {
  readonly interfaces: readonly CaptureInterface[];
  readonly resolutionNs: number;
  readonly hasCounters = false;
  readonly losses = [];
  epochNs = 0n;
  readonly #scan: Steps<typeof pcap>["scan"];
  /** What it is told, and what it says: see `pcap-words.ts`. */
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  #started = false;

  /**
   * Reads the file header at the window's start, which lies in the heap, and moves past it. Precondition: `isPcap` says so, and all of
   * it is there. Throws CaptureError for versions other than 2.4; the ones before 1998 order their lengths differently.
   */
  constructor(window: ByteWindow, path: string, heap: Heap) {
    const { view, start } = window;
    const little = VARIANTS.has(view.getUint32(start, true));
    const variant = VARIANTS.get(view.getUint32(start, little))!;
    const major = view.getUint16(start + 4, little);
    const minor = view.getUint16(start + 6, little);
    if (major !== 2 || minor !== 4)
      throw new CaptureError(`${path}: pcap version ${major}.${minor} is not 2.4; convert it with editcap -F pcap`);
    this.#scan = heap.load<typeof pcap>(module).scan;
    this.#words = heap.take(Int32Array, words.WORDS);
    this.#doubles = asDoubles(this.#words);
    this.#words[words.IS_LITTLE] = little ? 1 : 0;
    this.#words[words.HEADER_BYTES] = variant.recordHeaderBytes;
    this.#doubles[words.NS_PER_TICK] = variant.nsPerTick;
    this.resolutionNs = variant.nsPerTick;
    // The upper half of the last word tells about a frame check sequence.
    const linkType = view.getUint32(start + 20, little) & 0xffff;
    this.interfaces = [{ name: "", linkType, snaplen: view.getUint32(start + 16, little) }];
    window.start += PCAP_HEADER_BYTES;
  }

  /** The format has no room for that. */
  droppedOn(): number {
    return 0;
  }

  scan(window: ByteWindow, batch: FrameBatch, rows: number): Stop {
    const { data, view, start, end } = window;
    const w = this.#words;
    if (!this.#started && rows > 0 && end - start >= w[words.HEADER_BYTES]) this.#begin(view, start);
    w[words.DATA] = data.byteOffset;
    w[words.AT] = start;
    w[words.END] = end;
    w[words.ROWS] = rows;
    w[words.START] = batch.start.byteOffset;
    w[words.CAPTURED] = batch.captured.byteOffset;
    w[words.ORIGINAL] = batch.original.byteOffset;
    w[words.TIME_NS] = batch.timeNs.byteOffset;
    this.#scan(w.byteOffset);
    window.start = w[words.AT];
    batch.count = w[words.COUNT];
    if (w[words.STOP] === words.OVERSIZED)
      return { damage: oversized(view.getUint32(window.start + words.CAPTURED_LENGTH, this.#isLittle)) };
    return w[words.STOP] === words.MORE ? "more" : "full";
  }

  get #isLittle(): boolean {
    return this.#words[words.IS_LITTLE] === 1;
  }

  #begin(view: DataView, at: number): void {
    const seconds = view.getUint32(at, this.#isLittle);
    const ticks = view.getUint32(at + words.TICKS, this.#isLittle);
    this.#doubles[words.EPOCH_SECONDS] = seconds;
    this.#doubles[words.EPOCH_TICKS] = ticks;
    this.epochNs = BigInt(seconds) * 1_000_000_000n + BigInt(ticks * this.#doubles[words.NS_PER_TICK]);
    this.#started = true;
  }
}
