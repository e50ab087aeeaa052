import type { FrameBatch, FrameSource } from "../packets/batches/frames.js";
import type { Loss, Mark } from "../packets/batches/frame-marks.js";
import { MOST_SNAPLEN } from "../protocols/link-types.js";
import type { ByteWindow } from "./window.js";

/** What a gzip stream begins with (RFC 1952 section 2.3.1) … */
export const GZIP_MAGIC = 0x1f8b;
/** … and a zstd frame, read little-endian (RFC 8878 section 3.1.1). */
export const ZSTD_MAGIC = 0xfd2fb528;

/**
 * What to say of a frame that claims to be longer than MOST_SNAPLEN, as libpcap and Wireshark (WTAP_MAX_PACKET_SIZE_STANDARD) have none. Like with both, a
 * frame may be longer than the snaplen its file declares, which some writers get wrong. (Both allow 128 MiB to D-Bus and USB captures, which hold no
 * packets for a NAT.)
 */
export function oversized(capturedBytes: number): string {
  return `the frame claims ${capturedBytes} captured bytes; none has more than ${MOST_SNAPLEN}`;
}

/** Where a capture says that an interface, by its index, lost frames. */
export interface LossOn extends Mark {
  readonly iface: number;
  readonly loss: Loss;
}

/**
 * Why a scan ended: `more` bytes are needed, the batch is `full`, or the bytes at the window's start are not what the format
 * allows.
 */
export type Stop = "more" | "full" | { readonly damage: string };

/** A capture file format: turns the bytes of a window into rows of a batch. */
export interface Format
  extends Pick<
    FrameSource,
    "interfaces" | "epochNs" | "resolutionNs" | "endedNs" | "isOfOneRun" | "stampsWithinNs" | "isUnfiltered"
  > {
  /** Whether the capture has said so far how many frames were lost, were it none. */
  readonly hasCounters: boolean;
  /** Frames the capture says were lost on the interface with this index. */
  droppedOn(iface: number): number;
  /** Where it said so since they were last taken out. */
  readonly losses: LossOn[];
  /** No frame comes any more: what it said behind the last one is among `losses` then. */
  end?(): void;
  /**
   * Puts the complete frames at the window's start into rows 0 … of `batch`, at most `rows`, sets its `count`, and moves the window's
   * start past them. Damage is met again by the next scan, first thing.
   */
  scan(window: ByteWindow, batch: FrameBatch, rows: number): Stop;
}
