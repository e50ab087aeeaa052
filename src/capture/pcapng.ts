import type { CaptureInterface, FrameBatch } from "../packets/batches/frames.js";
import { MOST_SNAPLEN } from "../protocols/link-types.js";
import { type Format, type LossOn, oversized, type Stop } from "./format.js";
import { ENGINES } from "./engines.js";
import * as block from "./pcapng-blocks.js";
import { PcapngLosses } from "./pcapng-losses.js";
import { type Epoch, TickClock } from "./ticks.js";
import type { ByteWindow } from "./window.js";

/** An obsolete packet block that does not know how many were dropped before it. */
const UNKNOWN_DROPS = 0xffff;
const MICROSECONDS = 6;
/** The programs that capture on several interfaces at once and say that they wrote the file: "Dumpcap (Wireshark) 4.0.17 …". */
const CAPTURES = /^(dumpcap|natcorr)\b/i;
/** What the `iface` column can tell apart. */
const MAX_INTERFACES = 65_536;
const NO_INTERFACE = "the frame belongs to an interface that was not described";

/** Whether a pcapng capture starts here. */
export function isPcapng(view: DataView, at: number): boolean {
  return view.getUint32(at) === block.SECTION_HEADER;
}

/**
 * pcapng, draft-ietf-opsawg-pcapng: sections of blocks, each section in its own byte order and with its own interfaces.
 *
 * Frames are numbered as Wireshark does, except that Wireshark 4 also gives a number to blocks that hold no packet but that it
 * can show: custom, systemd journal and sysdig blocks.
 */
export class Pcapng implements Format {
  readonly interfaces: CaptureInterface[] = [];
  /** Whoever rewrote a capture put his own name into it, and may have been given a merged one. */
  isOfOneRun = false;
  stampsWithinNs: number | undefined;
  /** natcorr says what it captured with. */
  isUnfiltered = false;
  readonly #warn: (text: string) => void;
  readonly #epoch: Epoch = { ns: 0n };
  #started = false;
  #little = true;
  /** Index of the section's interface 0. */
  #sectionStart = 0;
  readonly #clocks: TickClock[] = [];
  readonly #losses = new PcapngLosses();
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
    return this.#losses.endedNs;
  }

  get hasCounters(): boolean {
    return this.#losses.areCounted;
  }

  get losses(): LossOn[] {
    return this.#losses.places.losses;
  }

  end(): void {
    this.#losses.places.end();
  }

  droppedOn(iface: number): number {
    return this.#losses.on(iface);
  }

  scan(window: ByteWindow, batch: FrameBatch, rows: number): Stop {
    const { view, end } = window;
    let at = window.start;
    let row = 0;
    let stop: Stop = "more";
    while (end - at >= block.FRAME_BYTES) {
      const type = view.getUint32(at, this.#little);
      if (type === block.SECTION_HEADER) this.#little = view.getUint32(at + 8, true) === block.BYTE_ORDER_MAGIC;
      const bytes = view.getUint32(at + 4, this.#little);
      let damage = block.misshapen(view, at, end, this.#little, type, bytes);
      if (damage === undefined && bytes > end - at) {
        if (block.leastBytes(type) === block.FRAME_BYTES) at += bytes;
        break;
      }
      const isPacket = type === block.ENHANCED_PACKET || type === block.PACKET || type === block.SIMPLE_PACKET;
      if (isPacket && row === rows) {
        stop = "full";
        break;
      }
      damage ??=
        type === block.ENHANCED_PACKET || type === block.PACKET
          ? this.#packet(view, at, bytes, type, batch, row)
          : type === block.SIMPLE_PACKET
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
    const id = type === block.PACKET ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    const index = this.#sectionStart + id;
    const high = view.getUint32(at + 12, little);
    const low = view.getUint32(at + 16, little);
    const captured = view.getUint32(at + 20, little);
    const original = view.getUint32(at + 24, little);
    if (captured > MOST_SNAPLEN) return oversized(captured);
    if (bytes < block.PACKET_BYTES + captured)
      return `the frame claims ${captured} captured bytes in a block of ${bytes}`;
    if (index >= this.interfaces.length) return NO_INTERFACE;
    const clock = this.#clocks[index];
    if (!this.#started) {
      this.#epoch.ns = clock.epochNs(high, low);
      this.#started = true;
    }
    this.#lastNs = clock.timeNs(high, low);
    batch.start[row] = at + block.PACKET_DATA;
    batch.captured[row] = captured;
    batch.original[row] = original > captured ? original : captured;
    batch.timeNs[row] = this.#lastNs;
    batch.iface[row] = index;
    if (type === block.PACKET) {
      const drops = view.getUint16(at + 10, little);
      if (drops !== UNKNOWN_DROPS) this.#losses.beforeFrame(index, drops);
    } else if (bytes > block.PACKET_BYTES + 3 + captured) {
      const option = block.optionIn(
        view,
        little,
        at + block.PACKET_DATA + block.padded(captured),
        at + bytes - 4,
        block.EPB_DROPCOUNT,
        8,
      );
      if (option > 0) this.#losses.beforeFrame(index, Number(view.getBigUint64(option, little)));
    }
    this.#losses.frame(index, this.#lastNs);
    return undefined;
  }

  /** Section 4.4: no interface but the section's first, no stamp, and a captured length only as far as the snaplen implies one. */
  #simplePacket(view: DataView, at: number, bytes: number, batch: FrameBatch, row: number): string | undefined {
    const index = this.#sectionStart;
    if (index >= this.interfaces.length) return NO_INTERFACE;
    const original = view.getUint32(at + 8, this.#little);
    const captured = Math.min(original, this.interfaces[index].snaplen || original, bytes - block.SIMPLE_PACKET_BYTES);
    if (captured > MOST_SNAPLEN) return oversized(captured);
    if (!this.#warnedOfNoStamp) {
      this.#warnedOfNoStamp = true;
      this.#warn("simple packet blocks carry no time; such frames are given the time of the frame before them");
    }
    batch.start[row] = at + 12;
    batch.captured[row] = captured;
    batch.original[row] = original;
    batch.timeNs[row] = this.#lastNs;
    batch.iface[row] = index;
    this.#losses.frame(index, this.#lastNs);
    return undefined;
  }

  /** Takes in what a block that is not a packet says; types it does not know say nothing. */
  #note(view: DataView, at: number, bytes: number, type: number): string | undefined {
    if (type === block.SECTION_HEADER) return this.#section(view, at, at + bytes - 4);
    if (type === block.INTERFACE_DESCRIPTION) return this.#interface(view, at, at + bytes - 4);
    if (type !== block.INTERFACE_STATISTICS) return undefined;
    const index = this.#sectionStart + view.getUint32(at + 8, this.#little);
    const clock = this.#started ? this.#clocks[index] : undefined;
    if (index < this.interfaces.length)
      this.#losses.statistics(index, view, this.#little, at, at + bytes - 4, clock, this.#epoch.ns);
    return undefined;
  }

  /** Section 4.1. */
  #section(view: DataView, at: number, end: number): string | undefined {
    const major = view.getUint16(at + 12, this.#little);
    const minor = view.getUint16(at + 14, this.#little);
    // 1.2 is 1.0 written by an early draft's reader; libpcap and Wireshark take it too.
    if (major !== 1 || (minor !== 0 && minor !== 2)) return `pcapng version ${major}.${minor} is not known`;
    const writer = block.optionIn(view, this.#little, at + 24, end, block.SHB_USERAPPL, 1);
    const program = writer < 0 ? "" : block.optionText(view, writer, this.#little);
    this.isOfOneRun = this.interfaces.length === 0 && CAPTURES.test(program);
    const engine = block.engineOf(program);
    this.isUnfiltered = this.isOfOneRun && block.isOwn(program);
    this.stampsWithinNs = this.isOfOneRun && engine !== undefined ? ENGINES[engine] : undefined;
    this.#sectionStart = this.interfaces.length;
    return undefined;
  }

  /** Section 4.2. */
  #interface(view: DataView, at: number, end: number): string | undefined {
    if (this.interfaces.length === MAX_INTERFACES) return `more than ${MAX_INTERFACES} interfaces are described`;
    const options = at + 16;
    const name = block.optionIn(view, this.#little, options, end, block.IF_NAME, 1);
    const resolution = block.optionIn(view, this.#little, options, end, block.IF_TSRESOL, 1);
    const offset = block.optionIn(view, this.#little, options, end, block.IF_TSOFFSET, 8);
    if (block.optionIn(view, this.#little, options, end, block.IF_FILTER, 1) >= 0) this.isUnfiltered = false;
    this.interfaces.push({
      name: name < 0 ? "" : block.optionText(view, name, this.#little),
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
    this.#losses.describe();
    return undefined;
  }
}
