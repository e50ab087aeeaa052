import type { Heap } from "../memory/heap.js";
import type { Mark } from "./frame-marks.js";
import type { Soon } from "./soon.js";

/** Most frames a batch holds: large enough to amortise a call per batch, small enough for the columns to stay in L2. */
export const BATCH_FRAMES = 4096;

const COLUMNS = ["frame", "start", "captured", "original", "timeNs", "iface"] as const;

/** An interface a capture says it was taken on. */
export interface CaptureInterface {
  /** Its name, as the capture gives it; empty where the format has none (classic pcap). */
  readonly name: string;
  /** LINKTYPE_* value, https://www.tcpdump.org/linktypes.html */
  readonly linkType: number;
  /** Most bytes kept of a frame; 0 where the capture sets no limit or does not say. */
  readonly snaplen: number;
}

/**
 * Raw frames as a source hands them on: where each one lies in `data`, and what the capture says of it.
 *
 * A source fills one batch again and again: everything in it, `data` above all, is valid until the source is asked
 * for its next batch.
 */
export class FrameBatch {
  /** How many frames there are; rows 0 … count-1 are meaningful. */
  count = 0;
  /**
   * Every frame stamped before this has been handed on, in this batch or earlier (nanoseconds since `epochNs`). A live
   * source moves it on while its interface is silent; files leave it, as their next frame tells.
   */
  reachedNs = Number.NEGATIVE_INFINITY;
  /** What stands between the frames, before the first or behind the last; in their order. */
  marks: readonly Mark[] = [];
  /** What the frames are in: the same array each time where it is in a heap. */
  data: Uint8Array = new Uint8Array(0);
  /** 1-based number in the capture, as Wireshark counts. */
  readonly frame: Uint32Array;
  /** Byte offset of the frame in `data`. */
  readonly start: Uint32Array;
  /** Bytes of the frame that are there. */
  readonly captured: Uint32Array;
  /** Bytes the frame had on the wire; never less than `captured`. */
  readonly original: Uint32Array;
  /** Nanoseconds since the source's `epochNs`. */
  readonly timeNs: Float64Array;
  /** Index into the source's `interfaces`. */
  readonly iface: Uint16Array;

  /** `heap`: where its columns are to be, if anywhere. */
  constructor(heap?: Heap) {
    const words = (): Uint32Array => heap?.take(Uint32Array, BATCH_FRAMES) ?? new Uint32Array(BATCH_FRAMES);
    this.frame = words();
    this.start = words();
    this.captured = words();
    this.original = words();
    this.timeNs = heap?.take(Float64Array, BATCH_FRAMES) ?? new Float64Array(BATCH_FRAMES);
    this.iface = heap?.take(Uint16Array, BATCH_FRAMES) ?? new Uint16Array(BATCH_FRAMES);
  }

  /** Gives its columns back to the heap that they are in. */
  giveTo(heap: Heap): void {
    for (const each of COLUMNS) heap.give(this[each]);
  }

  /** Adds a copy of another batch's frames, which are fewer than there is room for. */
  append(from: FrameBatch): void {
    const bytes = from.bytes();
    const before = this.data.length;
    const data = new Uint8Array(before + bytes.length);
    data.set(this.data);
    data.set(bytes, before);
    this.data = data;
    this.copyColumns(from, this.count);
    const moved = before - (bytes.byteOffset - from.data.byteOffset);
    for (let row = this.count; row < this.count + from.count; row++) this.start[row] += moved;
    this.count += from.count;
    this.reachedNs = from.reachedNs;
    this.marks = [...this.marks, ...from.marks];
  }

  /** Copies what another batch says of its frames, to this row and those behind it. */
  copyColumns(from: FrameBatch, to: number): void {
    for (const each of COLUMNS) this[each].set(from[each].subarray(0, from.count), to);
  }

  /** The part of `data` that its frames lie in, or the first `count` of those that `rows` names. */
  bytes(rows?: Uint16Array, count = this.count): Uint8Array {
    let from = Number.POSITIVE_INFINITY;
    let to = 0;
    for (let n = 0; n < count; n++) {
      const row = rows === undefined ? n : rows[n];
      from = Math.min(from, this.start[row]);
      to = Math.max(to, this.start[row] + this.captured[row]);
    }
    return this.data.subarray(from, to);
  }

  /** Numbers the rows one after the other, from `first` on. */
  number(first: number): void {
    const { frame, count } = this;
    for (let row = 0; row < count; row++) frame[row] = first + row;
  }
}

/** Frames from somewhere, in the order they were captured. */
export interface FrameSource {
  /** What messages and the output header call it: an interface, a file's path, or what selects its part of a capture. */
  readonly name: string;
  /** The captures that it is, one behind the other, by name; the one of its own name, if not given. A mark says where one begins. */
  readonly captures?: readonly string[];
  /** Epoch nanoseconds that `timeNs` counts from; set by the first batch, 0n before it. */
  readonly epochNs: bigint;
  /** Grows while reading where the format allows it (pcapng); an index once given out keeps its meaning. */
  readonly interfaces: readonly CaptureInterface[];
  /** What stamps are multiples of, nanoseconds: the coarsest of the interfaces known so far. */
  readonly resolutionNs: number;
  /** Frames the capturing kernel or program says it lost; grows while reading. */
  readonly captureDropped: number;
  /**
   * Whether it says how many frames it lost at all, as far as that stands before its first frame, or once it is read to its end; where
   * it does not, `captureDropped` is 0 and means nothing.
   */
  readonly hasCounters: boolean;
  /** Of these, the ones lost on the interface with this index; only sources of several interfaces can tell. */
  droppedOn?(iface: number): number;
  /** Whether the frames are being captured now, from `epochNs` on: what a live source covers is known to the moment. */
  readonly isLive?: boolean;
  /** Whether it is known to have all frames that passed, but for lost ones: nobody filtered it. */
  readonly isUnfiltered?: boolean;
  /** Once it is read to its end: up to when it says that it went on, nanoseconds since the epoch; -Infinity, or nothing, where it does not. */
  readonly endedNs?: number;
  /** Whether it is a part of a capture, which goes on while this part of it is silent. */
  readonly isPart?: boolean;
  /**
   * Whether one run of a capturing program made all of it, as far as it tells: while one of its interfaces is silent, frames of others show
   * that it went on. What was merged of several captures shows nothing of the kind.
   */
  readonly isOfOneRun?: boolean;
  /**
   * Where natcorr captured the frames: how far their stamps may be from when they passed, on the clock of that host, nanoseconds. Undefined where nothing
   * tells.
   */
  readonly stampsWithinNs?: number | undefined;
  /** Whether the next frames are at hand, all the way: nobody has to be waited for. */
  readonly isOnDisk?: boolean;
  /**
   * The next frames, at once where they are at hand, or null at the end. The batch before it is overwritten. `most`: whoever
   * decodes one batch after the other, up to so many frames, and is on disk, gets smaller ones that are still in the cache then.
   */
  next(most?: number): Soon<FrameBatch | null>;
  close(): Promise<void>;
}
