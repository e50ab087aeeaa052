import { FrameBatch } from "../packets/batches/frames.js";
import { batchIn } from "../packets/batches/packet-batch.js";
import { Tally } from "../packets/batches/source.js";
import { Heap } from "../packets/memory/heap.js";
import { IS_SELECTED } from "../packets/packets.js";
import { FLAGS_PROTO_TTL } from "../packets/records.js";
import { ETHERNET, ETHERNET_TYPE } from "../protocols/link-types.js";
import { Decoder, NO_LIMITS } from "../wire/decode.js";
import type { FrameFilter } from "./frame-filter.js";

/** Loads of a program of the BSD Packet Filter that stand at a fixed place (bpf(4)): class LD, mode ABS. */
const LOAD_MASK = 0xe7;
const LOAD_AT = 0x20;

/** Selects headers that no capture has, as a pcap filter selects frames: those of Ethernet, of which the addresses are not known. */
export class HeaderFilter {
  readonly #decoder: Decoder;
  readonly #frames = new FrameBatch();
  readonly #batch;
  readonly #asksForMore: boolean;

  constructor({ programs }: FrameFilter) {
    const heap = new Heap();
    const program = programs.get(ETHERNET);
    this.#asksForMore = program === undefined || asksForMacs(program);
    this.#decoder = new Decoder(heap, () => program);
    this.#batch = batchIn(heap);
    this.#frames.count = 1;
  }

  /**
   * Whether the filter selects a frame that begins so. What asks for what is not there, selects nothing.
   *
   * @param length the bytes that the whole frame would have.
   */
  selects(header: Uint8Array, length: number): boolean {
    if (this.#asksForMore) return false;
    const frames = this.#frames;
    const batch = this.#batch;
    frames.data = header;
    frames.captured[0] = header.length;
    frames.original[0] = Math.max(length, header.length);
    batch.clear();
    this.#decoder.decode(frames, [{ name: "", linkType: ETHERNET, snaplen: 0 }], NO_LIMITS, batch, new Tally());
    return batch.count === 1 && (batch.records[FLAGS_PROTO_TTL] & IS_SELECTED) !== 0;
  }
}

/** Whether a program, two words an instruction, looks at MAC addresses. */
function asksForMacs(program: Int32Array): boolean {
  for (let at = 0; at < program.length; at += 2)
    if ((program[at] & LOAD_MASK) === LOAD_AT && program[at + 1] >>> 0 < ETHERNET_TYPE) return true;
  return false;
}
