import { FrameBatch } from "../../src/packets/batches/frames.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { Tally } from "../../src/packets/batches/source.js";
import { Decoder, type Limits, NO_LIMITS } from "../../src/wire/decode.js";
import { address } from "../support/packets.js";
import type { Sample } from "./samples.js";

/** A frame to decode: a sample, of which a capture may have kept only `captured` bytes. */
export interface Taken extends Sample {
  readonly captured?: number;
  readonly original?: number;
}

const heap = new Heap();
const decoder = new Decoder(heap);
decoder.listen();
const out = batchIn(heap);
const frames = new FrameBatch();

/** The frames in one batch, each from an interface of its own, with other bytes between them. */
export function decodeAll(
  taken: readonly Taken[],
  limits: Limits = NO_LIMITS,
  opensTunnels = false,
): { out: PacketBatch; tally: Tally } {
  frames.count = taken.length;
  frames.number(101);
  const data = Buffer.alloc(
    taken.reduce((sum, { frame }) => sum + frame.length + 3, 0),
    0x45,
  );
  let at = 0;
  for (const [index, { frame, captured, original }] of taken.entries()) {
    data.set(frame, at);
    frames.start[index] = at;
    frames.captured[index] = captured ?? frame.length;
    frames.original[index] = original ?? frame.length;
    frames.timeNs[index] = index * 1000;
    frames.iface[index] = index;
    at += frame.length + 3;
  }
  frames.data = data;
  const tally = new Tally();
  const interfaces = taken.map(({ linkType }) => ({ name: "", linkType, snaplen: 0 }));
  out.clear();
  decoder.decode(frames, interfaces, limits, out, tally, opensTunnels);
  return { out: out.copy(), tally };
}

/** What DNS answers among the frames said. */
export function heardOf(taken: readonly Taken[], opensTunnels = false): Uint8Array | undefined {
  decodeAll(taken, NO_LIMITS, opensTunnels);
  return decoder.heard?.slice();
}

/** Every column of a row, as a test wants to compare it. */
export interface Row {
  readonly frame: number;
  readonly flags: number;
  readonly proto: number;
  readonly ttl: number;
  readonly tcpFlags: number;
  readonly ipId: number;
  readonly length: number;
  readonly payloadLength: number;
  readonly src: readonly number[];
  readonly dst: readonly number[];
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly key: string;
  readonly head: number;
  readonly content: number;
  readonly tupleHash: number;
  readonly quote: number;
}

function rowOf(out: PacketBatch, row: number): Row {
  return {
    frame: out.frame(row),
    flags: out.flags(row),
    proto: out.proto(row),
    ttl: out.ttl(row),
    tcpFlags: out.tcpFlags(row),
    ipId: out.ipId(row),
    length: out.length(row),
    payloadLength: out.payloadLength(row),
    src: [...out.address(row, true)],
    dst: [...out.address(row, false)],
    srcPort: out.srcPort(row),
    dstPort: out.dstPort(row),
    seq: out.seq(row),
    ack: out.ack(row),
    key: `${out.key(row)} ${out.key2(row)}`,
    head: out.head(row),
    content: out.content(row),
    tupleHash: out.tupleHash[row],
    quote: out.quote(row),
  };
}

/** The only row that the frame gives. */
export function decodeOne(taken: Taken, limits: Limits = NO_LIMITS): Row {
  const { out, tally } = decodeAll([taken], limits);
  if (out.count !== 1) throw new Error(`no row: ${[...tally.reasons.keys()].join()}`);
  return rowOf(out, 0);
}

/** The only reason the frame was undecodable for. */
export function reasonOf(taken: Taken): string {
  const { out, tally } = decodeAll([taken]);
  if (out.count !== 0 || tally.undecodable !== 1) throw new Error("it was decoded, or is not IP");
  return [...tally.reasons.keys()].join();
}

/** An address as the columns hold it. */
export function words(text: string): number[] {
  const bytes = address(text);
  const view = new DataView(bytes.buffer);
  return [0, 4, 8, 12].map((at) => (at < bytes.length ? view.getUint32(at) : 0));
}
