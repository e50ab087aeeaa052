import type { CaptureInterface, FrameBatch } from "../packets/frames.js";
import { MAX_CAPTURED_BYTES, WINDOW_BYTES, oversized } from "./format.js";
import type { Format, LossOn, Stop } from "./format.js";
import { LossPlaces } from "./loss-places.js";
import { TickClock } from "./ticks.js";
import type { Epoch } from "./ticks.js";
import type { ByteWindow } from "./window.js";

/** Block types, draft-ietf-opsawg-pcapng sections 4 and A. The section header reads the same in both byte orders. */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Bytes of a block around its body: type and length before it, the length again after it. */
const FRAME_BYTES = 12;
/** The same of a packet block, its fixed fields included; and where its data starts. */
const PACKET_BYTES = 32;
const PACKET_DATA = 28;
const SIMPLE_PACKET_BYTES = 16;

/** Option codes. */
const END_OF_OPTIONS = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const ISB_ENDTIME = 3;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;
const ISB_FILTERACCEPT = 6;
const ISB_OSDROP = 7;
const ISB_USRDELIV = 8;
const EPB_DROPCOUNT = 4;

/** An obsolete packet block that does not know how many were dropped before it. */
const UNKNOWN_DROPS = 0xffff;
const MICROSECONDS = 6;
/** What the `iface` column can tell apart. */
const MAX_INTERFACES = 65_536;
const NO_INTERFACE = "the frame belongs to an interface that was not described";

/** Whether a pcapng capture starts here. */
export function isPcapng(view: DataView, at: number): boolean {
  return view.getUint32(at) === SECTION_HEADER;
}

/**
 * pcapng, draft-ietf-opsawg-pcapng: sections of blocks, each section in its own byte order and with its own interfaces.
 *
 * Frames are numbered as Wireshark does, except that Wireshark 4 also gives a number to blocks that hold no packet but that it
 * can show: custom, systemd journal and sysdig blocks.
 */
export class Pcapng implements Format {
  readonly interfaces: CaptureInterface[] = [];
  hasCounters = false;
  readonly #warn: (text: string) => void;
  readonly #epoch: Epoch = { ns: 0n };
  #started = false;
  #little = true;
  /** Index of the section's interface 0. */
  #sectionStart = 0;
  readonly #clocks: TickClock[] = [];
  /** By interface: what its latest statistics block says it lost, and what its packet blocks add up to. */
  readonly #droppedInStatistics: number[] = [];
  readonly #droppedBetweenFrames: number[] = [];
  /** By interface: how many frames it has, and up to when its statistics say that it was captured; -Infinity where they do not. */
  readonly #frames: number[] = [];
  readonly #endedNs: number[] = [];
  readonly #places = new LossPlaces();
  #lastNs = 0;
  #warnedOfNoStamp = false;

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  get epochNs(): bigint {
    return this.#epoch.ns;
  }

  get resolutionNs(): number {
    return this.#clocks.reduce((most, { tickNs }) => Math.max(most, tickNs), 1);
  }

  get endedNs(): number {
    return this.#endedNs.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...this.#endedNs);
  }

  get losses(): LossOn[] {
    return this.#places.losses;
  }

  end(): void {
    this.#places.end();
  }

  /** Statistics count from the start of the capture, packet blocks since the packet before: the same frames, not more. */
  droppedOn(iface: number): number {
    return Math.max(this.#droppedInStatistics[iface], this.#droppedBetweenFrames[iface]);
  }

  scan(window: ByteWindow, batch: FrameBatch, rows: number): Stop {
    const { view, end } = window;
    let at = window.start;
    let row = 0;
    let stop: Stop = "more";
    while (end - at >= FRAME_BYTES) {
      const type = view.getUint32(at, this.#little);
      if (type === SECTION_HEADER) this.#little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      const bytes = view.getUint32(at + 4, this.#little);
      let damage = misshapen(view, at, end, this.#little, type, bytes);
      if (damage === undefined && bytes > end - at) {
        if (leastBytes(type) === FRAME_BYTES) at += bytes;
        break;
      }
      const isPacket = type === ENHANCED_PACKET || type === PACKET || type === SIMPLE_PACKET;
      if (isPacket && row === rows) {
        stop = "full";
        break;
      }
      damage ??=
        type === ENHANCED_PACKET || type === PACKET
          ? this.#packet(view, at, bytes, type, batch, row)
          : type === SIMPLE_PACKET
            ? this.#simplePacket(view, at, bytes, batch, row)
            : this.#note(view, at, bytes, type);
      if (damage !== undefined) {
        stop = { damage };
        break;
      }
      if (isPacket) row++;
      at += bytes;
    }
    // An epoch that was given out is never changed, not even if it was unknown.
    if (row > 0) this.#started = true;
    window.start = at;
    batch.count = row;
    return stop;
  }

  /** Enhanced and obsolete packet blocks, sections 4.3 and A: they differ in how wide the interface is. */
  #packet(view: DataView, at: number, bytes: number, type: number, batch: FrameBatch, row: number): string | undefined {
    const little = this.#little;
    const id = type === PACKET ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    const index = this.#sectionStart + id;
    const high = view.getUint32(at + 12, little);
    const low = view.getUint32(at + 16, little);
    const captured = view.getUint32(at + 20, little);
    const original = view.getUint32(at + 24, little);
    if (captured > MAX_CAPTURED_BYTES) return oversized(captured);
    if (bytes < PACKET_BYTES + captured) return `the frame claims ${captured} captured bytes in a block of ${bytes}`;
    if (index >= this.interfaces.length) return NO_INTERFACE;
    const clock = this.#clocks[index];
    if (!this.#started) {
      this.#epoch.ns = clock.epochNs(high, low);
      this.#started = true;
    }
    this.#lastNs = clock.timeNs(high, low);
    batch.start[row] = at + PACKET_DATA;
    batch.captured[row] = captured;
    batch.original[row] = original > captured ? original : captured;
    batch.timeNs[row] = this.#lastNs;
    batch.iface[row] = index;
    if (type === PACKET) {
      const drops = view.getUint16(at + 10, little);
      if (drops !== UNKNOWN_DROPS) this.#lostBefore(index, drops);
    } else if (bytes > PACKET_BYTES + 3 + captured) {
      const option = this.#option(view, at + PACKET_DATA + padded(captured), at + bytes - 4, EPB_DROPCOUNT, 8);
      if (option > 0) this.#lostBefore(index, this.#uint64(view, option));
    }
    this.#frames[index]++;
    this.#places.frame(index, this.#lastNs);
    return undefined;
  }

  /** Takes what a frame's own block says of those before it. */
  #lostBefore(index: number, dropped: number): void {
    const before = this.droppedOn(index);
    this.hasCounters = true;
    this.#droppedBetweenFrames[index] += dropped;
    this.#places.beforeFrame(index, this.droppedOn(index) - before);
  }

  /** Section 4.4: no interface but the section's first, no stamp, and a captured length only as far as the snaplen implies one. */
  #simplePacket(view: DataView, at: number, bytes: number, batch: FrameBatch, row: number): string | undefined {
    const index = this.#sectionStart;
    if (index >= this.interfaces.length) return NO_INTERFACE;
    const original = view.getUint32(at + 8, this.#little);
    const captured = Math.min(original, this.interfaces[index].snaplen || original, bytes - SIMPLE_PACKET_BYTES);
    if (captured > MAX_CAPTURED_BYTES) return oversized(captured);
    if (!this.#warnedOfNoStamp) {
      this.#warnedOfNoStamp = true;
      this.#warn("simple packet blocks carry no time; such frames are given the time of the frame before them");
    }
    batch.start[row] = at + 12;
    batch.captured[row] = captured;
    batch.original[row] = original;
    batch.timeNs[row] = this.#lastNs;
    batch.iface[row] = index;
    this.#frames[index]++;
    this.#places.frame(index, this.#lastNs);
    return undefined;
  }

  /** Takes in what a block that is not a packet says; types it does not know say nothing. */
  #note(view: DataView, at: number, bytes: number, type: number): string | undefined {
    if (type === SECTION_HEADER) return this.#section(view, at);
    if (type === INTERFACE_DESCRIPTION) return this.#interface(view, at, at + bytes - 4);
    if (type === INTERFACE_STATISTICS) this.#statistics(view, at, at + bytes - 4);
    return undefined;
  }

  /** Section 4.1. */
  #section(view: DataView, at: number): string | undefined {
    const major = view.getUint16(at + 12, this.#little);
    const minor = view.getUint16(at + 14, this.#little);
    // 1.2 is 1.0 written by an early draft's reader; libpcap and Wireshark take it too.
    if (major !== 1 || (minor !== 0 && minor !== 2)) return `pcapng version ${major}.${minor} is not known`;
    this.#sectionStart = this.interfaces.length;
    return undefined;
  }

  /** Section 4.2. */
  #interface(view: DataView, at: number, end: number): string | undefined {
    if (this.interfaces.length === MAX_INTERFACES) return `more than ${MAX_INTERFACES} interfaces are described`;
    const options = at + 16;
    const name = this.#option(view, options, end, IF_NAME, 1);
    const resolution = this.#option(view, options, end, IF_TSRESOL, 1);
    const offset = this.#option(view, options, end, IF_TSOFFSET, 8);
    this.interfaces.push({
      name: name < 0 ? "" : text(view, name, view.getUint16(name - 2, this.#little)),
      linkType: view.getUint16(at + 8, this.#little),
      snaplen: view.getUint32(at + 12, this.#little),
    });
    this.#clocks.push(
      new TickClock(
        resolution < 0 ? MICROSECONDS : view.getUint8(resolution),
        offset < 0 ? 0n : view.getBigInt64(offset, this.#little),
        this.#epoch,
      ),
    );
    this.#places.describe();
    this.#droppedInStatistics.push(0);
    this.#droppedBetweenFrames.push(0);
    this.#frames.push(0);
    this.#endedNs.push(Number.NEGATIVE_INFINITY);
    return undefined;
  }

  /** Section 4.6: lost by the interface and by the operating system, since the start of the capture; and when that ended. */
  #statistics(view: DataView, at: number, end: number): void {
    const index = this.#sectionStart + view.getUint32(at + 8, this.#little);
    if (index >= this.interfaces.length) return;
    this.#drops(view, index, at, end);
    this.#ends(view, index, at, end);
  }

  /** What a program cut out of a capture keeps its statistics: those are only believed where all frames are there that they count. */
  #ends(view: DataView, index: number, at: number, end: number): void {
    const counts = [ISB_USRDELIV, ISB_FILTERACCEPT, ISB_IFRECV].map((each) =>
      this.#option(view, at + 20, end, each, 8),
    );
    const count = counts.find((option) => option > 0);
    const time = this.#option(view, at + 20, end, ISB_ENDTIME, 8);
    if (count === undefined || time < 0 || !this.#started) return;
    if (this.#uint64(view, count) > this.#frames[index] + this.droppedOn(index)) return;
    const [high, low] = [time, time + 4].map((word) => view.getUint32(word, this.#little));
    // whatever unit stamps have, some writers tell it in microseconds
    const inMicrosecondsNs = Number(((BigInt(high) << 32n) | BigInt(low)) * 1000n - this.#epoch.ns);
    const told = [this.#clocks[index].timeNs(high, low), inMicrosecondsNs];
    this.#endedNs[index] = told.find((ns) => this.#places.isNear(ns)) ?? Number.NEGATIVE_INFINITY;
  }

  #drops(view: DataView, index: number, at: number, end: number): void {
    const byInterface = this.#option(view, at + 20, end, ISB_IFDROP, 8);
    const bySystem = this.#option(view, at + 20, end, ISB_OSDROP, 8);
    if (byInterface < 0 && bySystem < 0) return;
    const before = this.droppedOn(index);
    this.hasCounters = true;
    this.#droppedInStatistics[index] = Math.max(
      this.#droppedInStatistics[index],
      (byInterface < 0 ? 0 : this.#uint64(view, byInterface)) + (bySystem < 0 ? 0 : this.#uint64(view, bySystem)),
    );
    const high = view.getUint32(at + 12, this.#little);
    const low = view.getUint32(at + 16, this.#little);
    const toldNs = this.#started ? this.#clocks[index].timeNs(high, low) : Number.NEGATIVE_INFINITY;
    this.#places.statement(index, toldNs, this.droppedOn(index) - before);
  }

  /** Where the value of an option of at least `least` bytes lies, or -1. Its length stands in the two bytes before. Section 3.5. */
  #option(view: DataView, from: number, end: number, wanted: number, least: number): number {
    for (let at = from; at + 4 <= end; ) {
      const code = view.getUint16(at, this.#little);
      const bytes = view.getUint16(at + 2, this.#little);
      if (code === END_OF_OPTIONS || at + 4 + bytes > end) return -1;
      if (code === wanted && bytes >= least) return at + 4;
      at += 4 + padded(bytes);
    }
    return -1;
  }

  #uint64(view: DataView, at: number): number {
    return Number(view.getBigUint64(at, this.#little));
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** What is wrong with a block's frame, as far as it can be seen: its end may not be there yet. Types not known here may be of any length. */
function misshapen(
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
function leastBytes(type: number): number {
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

/** UTF-8, and no more of it than ends with the first NUL: some writers count it in. */
function text(view: DataView, at: number, bytes: number): string {
  // a copy: a TextDecoder takes no shared memory
  return new TextDecoder()
    .decode(new Uint8Array(view.buffer, view.byteOffset + at, bytes).slice())
    .replace(/\0.*$/s, "");
}
