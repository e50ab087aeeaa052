import { endianness } from "node:os";
import type { FrameBatch } from "../../packets/batches/frames.js";
import { CaptureError } from "../errors.js";
import type { Libpcap, Pointer } from "./libpcap.js";

const RECORD_HEADER_BYTES = 16;
/** Where the file header has the link type; its upper half tells about a frame check sequence. */
const LINK_TYPE_AT = 20;
/** A full batch of 1,500-byte frames. */
const LEAST_BYTES = 8 << 20;
/** Calls to libpcap with room for fewer frames than this do not pay, except for the first of a round. */
const LEAST_FRAMES = 8;
/** libpcap writes savefiles in the byte order of the host. */
const IS_LITTLE = endianness() === "LE";

/**
 * A savefile in memory that libpcap writes and JavaScript reads: libpcap's own pcap_dump is the callback of pcap_dispatch, so
 * no call into JavaScript is made per frame.
 *
 * pcap_dump does not notice a full file. Hence pcap_dispatch is never asked for more frames than fit if each is as long as the
 * snaplen allows.
 */
export class MemoryDump {
  readonly linkType: number;
  /** The frames of the latest round lie in here. libpcap keeps its address; it stays where it is while it is referenced. */
  readonly data: Uint8Array;
  /** Frames of the latest round that are still to be read. */
  unread = 0;
  /** Whether the latest round found the kernel's ring empty in the end. */
  isDrained = false;
  /** What pcap_dispatch returned where it failed in the latest round, else 0. */
  failure = 0;
  readonly #view: DataView;
  readonly #pcap: Libpcap;
  readonly #handle: Pointer;
  readonly #file: Pointer;
  readonly #dumper: Pointer;
  readonly #recordBytes: number;
  /** Where the first unread frame's record begins. */
  #at = 0;

  /** @param handle an activated one. */
  constructor(pcap: Libpcap, handle: Pointer) {
    this.#pcap = pcap;
    this.#handle = handle;
    this.#recordBytes = RECORD_HEADER_BYTES + pcap.snapshot(handle);
    this.data = new Uint8Array(Math.max(LEAST_BYTES, LEAST_FRAMES * this.#recordBytes));
    this.#view = new DataView(this.data.buffer);
    this.#file = pcap.openMemory(this.data, this.data.length, "w");
    this.#dumper = this.#file && pcap.dumpOpen(handle, this.#file);
    if (!this.#dumper) throw new CaptureError(`libpcap cannot write into memory: ${pcap.getError(handle)}`);
    pcap.dumpFlush(this.#dumper);
    this.linkType = this.#view.getUint32(LINK_TYPE_AT, IS_LITTLE) & 0xffff;
  }

  /** Takes up to `rows` frames out of the kernel's ring, without waiting. They overwrite those before. */
  refill(rows: number): void {
    const pcap = this.#pcap;
    // fmemopen keeps the last byte for a zero.
    const capacity = this.data.length - 1;
    let used = 0;
    let frames = 0;
    this.isDrained = false;
    this.failure = 0;
    pcap.rewind(this.#file);
    while (frames < rows) {
      const room = Math.floor((capacity - used) / this.#recordBytes);
      if (room < LEAST_FRAMES && frames > 0) break;
      const wanted = Math.min(room, rows - frames);
      const given = pcap.dispatch(this.#handle, wanted, pcap.dump, this.#dumper);
      if (given < 0) {
        this.failure = given;
        break;
      }
      frames += given;
      if (given < wanted) {
        this.isDrained = true;
        break;
      }
      used = pcap.dumpPosition(this.#dumper);
    }
    pcap.dumpFlush(this.#dumper);
    this.unread = frames;
    this.#at = 0;
  }

  /**
   * Puts unread frames into the batch, with stamps in nanoseconds since `epochMs`: the first, and those behind it that are stamped
   * no more than `spanNs` later.
   */
  read(batch: FrameBatch, epochMs: number, spanNs: number): void {
    const view = this.#view;
    const { start, captured, original, timeNs } = batch;
    const epochSeconds = Math.floor(epochMs / 1000);
    const epochNs = (epochMs % 1000) * 1e6;
    let at = this.#at;
    let row = 0;
    for (; row < this.unread; row++) {
      timeNs[row] = (view.getUint32(at, IS_LITTLE) - epochSeconds) * 1e9 + view.getUint32(at + 4, IS_LITTLE) - epochNs;
      if (timeNs[row] > timeNs[0] + spanNs) break;
      const bytes = view.getUint32(at + 8, IS_LITTLE);
      captured[row] = bytes;
      original[row] = view.getUint32(at + 12, IS_LITTLE);
      at += RECORD_HEADER_BYTES;
      start[row] = at;
      at += bytes;
    }
    this.#at = at;
    this.unread -= row;
    batch.data = this.data;
    batch.count = row;
  }

  close(): void {
    this.#pcap.dumpClose(this.#dumper);
  }
}
