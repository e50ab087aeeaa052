import { LENGTH_MASK } from "../packets/records.js";
import { MOST_BYTES as ANSWER_BYTES } from "../packets/batches/answer-words.js";
import { BATCH_FRAMES, type CaptureInterface, FrameBatch } from "../packets/batches/frames.js";
import { asDoubles, type Heap } from "../packets/memory/heap.js";
import type { Steps } from "../packets/memory/steps.js";
import type { PacketBatch } from "../packets/batches/packet-batch.js";
import type { Tally } from "../packets/batches/source.js";
import { linkOf } from "../protocols/link-types.js";
import type * as steps from "./assembly/decode.js";
import code from "./assembly/decode.wasm";
import * as words from "./decode-words.js";
import { reasonText } from "./reasons.js";

const module = new WebAssembly.Module(code);

/**
 * How much of each datagram is looked at, in bytes from its IP header on, of both sides alike: what most frames of the shorter capture
 * have, so that twins come out alike though one was captured whole. Infinity where neither capture was cut.
 */
export interface Limits {
  /** What the key takes: frames have so much, whatever link header is in front. */
  readonly key: number;
  /** How far headers are read: frames with the shortest link header have so much; no less than `key`. */
  readonly headers: number;
}

/**
 * The pcap filter's program for a link type: two words an instruction, as it is in memory (bpf(4)); undefined where it selects no frame of
 * that.
 */
export type ProgramOf = (linkType: number) => Int32Array | undefined;

export const NO_LIMITS: Limits = { key: Number.POSITIVE_INFINITY, headers: Number.POSITIVE_INFINITY };

/** A table in the decoder's heap of who sends the packets of a capture: see `assembly/senders.ts`. */
export function sendersIn(heap: Heap): Int32Array {
  return heap.take(Int32Array, 1 << (words.SENDERS_BITS + words.SENDER_BITS));
}

/**
 * Decodes batches of frames. Every frame ends as a row or in the tally, whatever its bytes are.
 *
 * The decoding itself is in assembly/, a file a protocol, and works on a heap: on frames whose bytes lie there, as they are; of
 * others, a copy is made.
 */
export class Decoder {
  /** Stamps of the earliest and of the latest frame decoded last, IP or not; infinite where there was none. */
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  readonly #heap: Heap;
  readonly #steps: Steps<typeof steps>;
  /** What it is told, and what it says: see `decode-words.ts`. */
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** The columns of frames that lay elsewhere; none before there are such. */
  #columns: FrameBatch | undefined;
  /** Of which frames it is noted where they are, if those are in the heap: the next ones of their source will be there, too. */
  #located: FrameBatch | undefined;
  readonly #reasons: Int32Array;
  #headers: Int32Array | undefined;
  #links: Int32Array;
  readonly #programOf: ProgramOf | undefined;
  /** Where the programs are: of each interface, and of each link type that was met. */
  #programs: Int32Array;
  readonly #loaded = new Map<number, number>();
  /** Bytes of frames that lay elsewhere. */
  #copies: Uint8Array;
  /** Where what DNS answers said goes; nowhere before somebody asks. */
  #answers: Uint8Array | undefined;

  /** `programOf`: what marks frames IS_SELECTED; without, none is. */
  constructor(heap: Heap, programOf?: ProgramOf) {
    this.#heap = heap;
    this.#programOf = programOf;
    this.#steps = heap.load<typeof steps>(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.#doubles = asDoubles(this.#words);
    this.#reasons = heap.take(Int32Array, BATCH_FRAMES << words.UNDECODED_BITS);
    this.#links = heap.take(Int32Array, 16);
    this.#programs = heap.take(Int32Array, 16);
    this.#copies = heap.take(Uint8Array, 64);
    this.#words[words.REASONS] = this.#reasons.byteOffset;
  }

  /** Has it listen to DNS answers from now on. */
  listen(): void {
    // as much as all frames of a batch may say, most of which is never used, and takes no memory
    this.#answers ??= this.#heap.take(Uint8Array, BATCH_FRAMES * ANSWER_BYTES);
    this.#words[words.ANSWERS] = this.#answers.byteOffset;
  }

  /** What the DNS answers decoded last said, as `answer-words.ts` has it; valid until the next frames are decoded. */
  get heard(): Uint8Array | undefined {
    const bytes = this.#words[words.HEARD];
    return bytes === 0 ? undefined : this.#answers?.subarray(0, bytes);
  }

  /**
   * Decodes a batch of frames to behind the rows of `out`, a batch in the heap. Precondition: that has room for one of each frame.
   *
   * What lies beyond the limits is not looked at (but for the packet an ICMP error quotes), even where this capture has it. A frame
   * that ends before them is marked IS_CUT.
   *
   * Where `opensTunnels`, a packet that came in a tunnel has the row, and what carried it is kept beside it. `senders`: what is known of those
   * of this capture, from batch to batch; without, no packet is held against others.
   */
  decode(
    frames: FrameBatch,
    interfaces: readonly CaptureInterface[],
    limits: Limits,
    out: PacketBatch,
    tally: Tally,
    opensTunnels = false,
    senders?: Int32Array,
  ): void {
    const { count } = frames;
    const w = this.#words;
    this.#locate(frames, interfaces);
    w[words.LIMIT] = Math.min(limits.key, LENGTH_MASK);
    w[words.HEADER_LIMIT] = Math.min(limits.headers, LENGTH_MASK);
    w[words.BATCH] = out.records.byteOffset;
    w[words.ROWS] = out.count;
    w[words.ROWLESS] = out.rowless.count;
    w[words.QUOTES] = out.quotes.count;
    w[words.OUTERS] = out.outers.count;
    w[words.OPENS_TUNNELS] = opensTunnels ? 1 : 0;
    w[words.SENDERS] = senders?.byteOffset ?? 0;
    w[words.IS_IN_ORDER] = out.isInOrder ? 1 : 0;
    this.#steps.decode(w.byteOffset);
    out.count = w[words.ROWS];
    out.rowless.count = w[words.ROWLESS];
    out.quotes.count = w[words.QUOTES];
    out.outers.count = w[words.OUTERS];
    out.isInOrder = w[words.IS_IN_ORDER] === 1;
    out.reachedNs = frames.reachedNs;
    this.firstNs = this.#doubles[words.FIRST_NS];
    this.lastNs = this.#doubles[words.LAST_NS];
    tally.frames += count;
    tally.notIp += w[words.NOT_IP];
    tally.cut += w[words.CUT];
    for (let at = 0; at < w[words.UNDECODED] << words.UNDECODED_BITS; at += 1 << words.UNDECODED_BITS) {
      const index = this.#reasons[at + words.UNDECODED_INDEX];
      const linkType = interfaces[frames.iface[index]]?.linkType;
      tally.undecoded(reasonText(this.#reasons[at + words.UNDECODED_REASON], linkType), frames.frame[index]);
    }
  }

  /**
   * Where the IP header of each frame of a batch begins, a byte of its `data`; -1 where there is none of which the addresses were
   * captured. Valid until it is asked again. Precondition: `interfaces` has those of all frames.
   */
  ipHeaders(frames: FrameBatch, interfaces: readonly CaptureInterface[]): Int32Array {
    this.#headers ??= this.#heap.take(Int32Array, BATCH_FRAMES);
    this.#locate(frames, interfaces);
    this.#words[words.IP_HEADERS] = this.#headers.byteOffset;
    this.#steps.ipHeaders(this.#words.byteOffset);
    return this.#headers;
  }

  /** Notes where the frames are, and what they came in on: a copy of them where they do not lie in the heap. */
  #locate(frames: FrameBatch, interfaces: readonly CaptureInterface[]): void {
    const w = this.#words;
    w[words.COUNT] = frames.count;
    if (frames === this.#located && interfaces.length === w[words.INTERFACES]) return;
    const hasData = this.#heap.has(frames.data);
    const hasColumns = this.#heap.has(frames.frame);
    w[words.DATA] = hasData ? frames.data.byteOffset : this.#copy(frames);
    const columns = hasColumns ? frames : this.#copiedColumns(frames);
    w[words.START] = columns.start.byteOffset;
    w[words.CAPTURED] = columns.captured.byteOffset;
    w[words.ORIGINAL] = columns.original.byteOffset;
    w[words.FRAME] = columns.frame.byteOffset;
    w[words.IFACE] = columns.iface.byteOffset;
    w[words.TIME_NS] = columns.timeNs.byteOffset;
    w[words.INTERFACES] = interfaces.length;
    this.#setLinkTypes(interfaces);
    w[words.LINKS] = this.#links.byteOffset;
    w[words.PROGRAMS] = this.#programs.byteOffset;
    this.#located = hasData && hasColumns ? frames : undefined;
  }

  #copiedColumns(frames: FrameBatch): FrameBatch {
    const columns = (this.#columns ??= new FrameBatch(this.#heap));
    columns.copyColumns(frames, 0);
    return columns;
  }

  /** Copies the part of the frames' bytes that they lie in. Returns where byte 0 of all of them would be. */
  #copy(frames: FrameBatch): number {
    const bytes = frames.bytes();
    if (this.#copies.length < bytes.length) {
      this.#heap.give(this.#copies);
      this.#copies = this.#heap.take(Uint8Array, bytes.length);
    }
    this.#copies.set(bytes);
    return this.#copies.byteOffset - (bytes.byteOffset - frames.data.byteOffset);
  }

  #setLinkTypes(interfaces: readonly CaptureInterface[]): void {
    while (this.#links.length < interfaces.length) {
      this.#links = this.#heap.doubled(Int32Array, this.#links);
      this.#programs = this.#heap.doubled(Int32Array, this.#programs);
    }
    for (const [iface, { linkType }] of interfaces.entries()) {
      this.#links[iface] = linkOf(linkType);
      this.#programs[iface] = this.#programFor(linkType);
    }
  }

  /** Where the program for a link type is in the heap, 0 if there is none. */
  #programFor(linkType: number): number {
    const loaded = this.#loaded.get(linkType);
    if (loaded !== undefined) return loaded;
    const code = this.#programOf?.(linkType);
    const block = code && this.#heap.take(Int32Array, words.SCRATCH_WORDS + code.length);
    if (code && block) block.set(code, words.SCRATCH_WORDS);
    this.#loaded.set(linkType, block?.byteOffset ?? 0);
    return block?.byteOffset ?? 0;
  }
}
