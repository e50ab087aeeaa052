import type { CaptureInterface, FrameBatch } from "../packets/frames.js";
import { CaptureError } from "./errors.js";
import { MAX_CAPTURED_BYTES, oversized } from "./format.js";
import type { Format, Stop } from "./format.js";
import type { ByteWindow } from "./window.js";

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
  epochNs = 0n;
  readonly #little: boolean;
  readonly #nsPerTick: number;
  readonly #headerBytes: number;
  #started = false;
  #epochSeconds = 0;
  #epochTicks = 0;

  /**
   * Reads the file header at the window's start and moves past it. Precondition: `isPcap` says so, and all of it is there.
   * Throws CaptureError for versions other than 2.4; the ones before 1998 order their lengths differently.
   */
  constructor(window: ByteWindow, path: string) {
    const { view, start } = window;
    const little = VARIANTS.has(view.getUint32(start, true));
    const variant = VARIANTS.get(view.getUint32(start, little))!;
    const major = view.getUint16(start + 4, little);
    const minor = view.getUint16(start + 6, little);
    if (major !== 2 || minor !== 4)
      throw new CaptureError(`${path}: pcap version ${major}.${minor} is not 2.4; convert it with editcap -F pcap`);
    this.#little = little;
    this.#nsPerTick = variant.nsPerTick;
    this.#headerBytes = variant.recordHeaderBytes;
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
    const little = this.#little;
    const headerBytes = this.#headerBytes;
    const nsPerTick = this.#nsPerTick;
    const { view, end } = window;
    const { start, captured, original, timeNs } = batch;
    let at = window.start;
    if (!this.#started && rows > 0 && end - at >= headerBytes) this.#begin(view, at);
    const epochSeconds = this.#epochSeconds;
    const epochTicks = this.#epochTicks;
    let row = 0;
    let stop: Stop = "full";
    while (row < rows) {
      const frame = at + headerBytes;
      if (frame > end) {
        stop = "more";
        break;
      }
      const capturedBytes = view.getUint32(at + 8, little);
      if (capturedBytes > MAX_CAPTURED_BYTES) {
        stop = { damage: oversized(capturedBytes) };
        break;
      }
      if (frame + capturedBytes > end) {
        stop = "more";
        break;
      }
      const originalBytes = view.getUint32(at + 12, little);
      start[row] = frame;
      captured[row] = capturedBytes;
      original[row] = originalBytes > capturedBytes ? originalBytes : capturedBytes;
      timeNs[row] =
        (view.getUint32(at, little) - epochSeconds) * 1e9 + (view.getUint32(at + 4, little) - epochTicks) * nsPerTick;
      row++;
      at = frame + capturedBytes;
    }
    window.start = at;
    batch.count = row;
    return stop;
  }

  #begin(view: DataView, at: number): void {
    this.#epochSeconds = view.getUint32(at, this.#little);
    this.#epochTicks = view.getUint32(at + 4, this.#little);
    this.epochNs = BigInt(this.#epochSeconds) * 1_000_000_000n + BigInt(this.#epochTicks * this.#nsPerTick);
    this.#started = true;
  }
}
