import { FramePlaces } from "../../src/packets/frame-places.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { Flow } from "../../src/packets/flows/flows.js";
import {
  HAS_IP_ID,
  IS_ECHO,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_LATER_FRAGMENT,
  IS_IPV6,
} from "../../src/packets/packets.js";
import * as record from "../../src/packets/records.js";
import type { FlowSummary, Quoted, Summary, Tables, Update } from "../../src/packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../../src/packets/sides.js";
import type { Tunnel } from "../../src/packets/tunnels.js";
import { IS_ECHO_ID } from "../../src/packets/tuples.js";
import { HOW, FATE_BITS } from "../../src/packets/fates.js";
import { IS_RETRANSMISSION, decidedBy } from "../../src/packets/results/evidence.js";
import { Timeline } from "../../src/packets/timeline.js";
import { ICMP, TCP, UDP } from "../../src/protocols/ip-protocols.js";
import { ACK, PSH, SYN } from "../../src/protocols/tcp.js";
import { endsOf, rewriteOf } from "../../src/report/ends.js";
import type { Reporter } from "../../src/report/reporter.js";
import { address } from "../support/packets.js";
import { FilledTable, openTuple } from "../support/tuples.js";

export { ACK, ICMP, PSH, TCP, UDP };

/** 21:11:03 UTC on 2023-11-22, and a sub-second part that has to be added. */
const EPOCH_NS = 1_700_687_463_123_456_000n;

export interface Packet {
  side: Side;
  proto: number;
  src: string;
  dst: string;
  srcPort?: number;
  dstPort?: number;
  icmpId?: number;
  stampNs?: number;
  frame?: number;
  ttl?: number;
  tcpFlags?: number;
  ipId?: number;
  length?: number;
  payloadLength?: number;
  seq?: number;
  ack?: number;
  isHeadless?: boolean;
  isError?: boolean;
  /** It goes on with a datagram. */
  isLaterFragment?: boolean;
  quoted?: Quoted;
  tunnel?: Tunnel;
  /** The id of the flow it belongs to, where that is known. */
  flow?: number;
  /** All frames, where the row stands for several. */
  frames?: number[];
  by?: number;
  evidence?: number;
  altered?: number;
  isRetransmission?: boolean;
}

/** Tables filled by hand, one packet a call. */
export class HandFilled implements Tables {
  readonly #heap = new Heap();
  readonly timeline: Timeline;
  readonly tuples = new FilledTable(this.#heap, 64);
  readonly epochsNs: readonly [bigint, bigint] = [EPOCH_NS, EPOCH_NS + 1_000_000_000n];
  readonly offsetNs = 0n;
  readonly haveCounters = [[false], [true]] as const;
  isUnfiltered: readonly [boolean, boolean] = [true, true];
  readonly #packets = new Map<number, Packet>();

  constructor(names: readonly [string, string] = ["docker0", "enp0s3"]) {
    const frames = [new FramePlaces([[names[0]]]), new FramePlaces([[names[1]]])] as const;
    this.timeline = new Timeline(this.#heap, 64, undefined, frames);
  }

  add(packet: Packet): number {
    const t = this.timeline;
    const isIpv6 = packet.src.includes(":");
    const isEcho = packet.icmpId !== undefined;
    const from = { words: words(packet.src), port: packet.srcPort ?? packet.icmpId ?? 0 };
    const to = { words: words(packet.dst), port: packet.dstPort ?? packet.icmpId ?? 0 };
    const { side, proto } = packet;
    const way = this.tuples.intern({ side, hash: 7, proto, isIpv6, from, to });
    this.tuples.set(way >> 1, IS_ECHO_ID, isEcho);
    const flags =
      HAS_IP_ID |
      (isIpv6 ? IS_IPV6 : 0) |
      (isEcho ? IS_ECHO : 0) |
      (packet.isHeadless ? IS_HEADLESS : 0) |
      (packet.quoted || packet.isError === true ? IS_ERROR : 0) |
      (packet.isLaterFragment === true ? IS_FRAGMENT | IS_LATER_FRAGMENT : 0);
    const fields = new Int32Array(1 << record.RECORD_BITS);
    new Float64Array(fields.buffer)[record.STAMP_NS] = packet.stampNs ?? 0;
    fields[record.FLAGS_PROTO_TTL] = flags | (proto << 16) | ((packet.ttl ?? 64) << 24);
    fields[record.FRAME] = packet.frame ?? 1;
    fields[record.IP_ID] = packet.ipId ?? 0;
    fields[record.LENGTH] = packet.length ?? 84;
    fields[record.PAYLOAD_LENGTH_CLASS] = packet.payloadLength ?? 0;
    fields[record.SEQ] = packet.seq ?? 0;
    fields[record.ACK_SEQ] = packet.ack ?? 0;
    fields[record.TCP_FLAGS_QUOTE] = packet.tcpFlags ?? 0;
    const row = t.append(side, fields, 0, 0, way);
    const how = decidedBy(packet.by ?? 0, packet.evidence ?? 0, 0, packet.altered ?? 0);
    t.fates[(row << FATE_BITS) + HOW] = how | (packet.isRetransmission === true ? IS_RETRANSMISSION : 0);
    this.#packets.set(row, packet);
    return row;
  }

  flowOf(row: number): number | undefined {
    return this.#packets.get(row)?.flow;
  }

  twinOf: Tables["twinOf"] = () => undefined;

  beganNs(): bigint {
    return this.epochsNs[INSIDE];
  }

  isOpenerKnown({ insideTuple }: Flow): boolean {
    return this.tuples.isOpenerKnown(insideTuple);
  }

  missingOf(): undefined {
    return undefined;
  }

  framesOf(row: number): readonly number[] | undefined {
    return this.#packets.get(row)?.frames;
  }

  lengthOf(row: number): number {
    return this.timeline.length(row) * (this.framesOf(row)?.length ?? 1);
  }

  tunnelOf(row: number): Tunnel | undefined {
    return this.#packets.get(row)?.tunnel;
  }

  quoteOf(row: number): { src: string; dst: string; quoted: Quoted } | undefined {
    const packet = this.#packets.get(row);
    return packet?.quoted && { src: packet.src, dst: packet.dst, quoted: packet.quoted };
  }

  /** The flow of a pair whose inside packet opened the conversation, unless it travels inbound. */
  flow(id: number, inside: number, outside: number, isOutbound = true): Flow {
    const t = this.timeline;
    const rewrite = rewriteOf(endsOf(this, inside), endsOf(this, outside));
    const isForward = t.forward(inside) === 1;
    openTuple(this.tuples, t.tuple(inside), this.tuples.isOpenedByA(t.tuple(inside)), true);
    // a rewritten source is a rewritten destination in the packets that come back
    const back = ((rewrite & 3) << 2) | (rewrite >> 2);
    return new Flow(
      id,
      id - 1,
      t.tuple(inside),
      t.tuple(outside),
      t.forward(inside) !== t.forward(outside),
      isForward === isOutbound,
      isForward ? rewrite : back,
      isForward ? back : rewrite,
    );
  }
}

function words(text: string): Uint32Array {
  const bytes = address(text);
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: 4 }, (_, word) => (4 * word < bytes.length ? view.getUint32(4 * word) : 0));
}

export const SUMMARY: Summary = {
  inside: {
    frames: 10,
    paired: 8,
    unmatched: 1,
    ambiguous: 0,
    notIp: 1,
    undecodable: 0,
    captureDropped: 0,
    hasCounters: false,
  },
  outside: {
    frames: 9,
    paired: 8,
    unmatched: 1,
    ambiguous: 0,
    notIp: 0,
    undecodable: 0,
    captureDropped: 3,
    hasCounters: true,
  },
  verdicts: [new Map(), new Map()],
  impacts: [new Map(), new Map()],
  flows: 1,
  clock: { offsetNs: -1500, driftPpm: 0.2, uncertaintyNs: 800, source: "estimated", steps: [], moreSteps: 0 },
};

/** Of a frame that was dropped, as far as was known before. */
export const UPDATE: Update = {
  side: INSIDE,
  frame: 9,
  flow: 7,
  isSelected: false,
  verdict: "refused",
  reason: "host-unreachable",
  impact: "lost",
  byFrame: 31,
  why: "host unreachable",
  before: { verdict: "dropped", impact: "lost" },
};

/** The article's ping: its id is rewritten along with the source. */
export function articlePing(tables: HandFilled): { inside: number; outside: number; flow: Flow } {
  const inside = tables.add({
    side: INSIDE,
    proto: ICMP,
    src: "172.17.0.2",
    dst: "180.101.49.11",
    icmpId: 4096,
    ipId: 5572,
    ttl: 64,
    seq: (8 << 24) | 3,
    stampNs: 1000,
    payloadLength: 56,
    evidence: 0b110011,
  });
  const outside = tables.add({
    side: OUTSIDE,
    proto: ICMP,
    src: "10.0.2.15",
    dst: "180.101.49.11",
    icmpId: 10496,
    ipId: 5572,
    ttl: 63,
    seq: (8 << 24) | 3,
    stampNs: 30_000 - 1_000_000_000,
    payloadLength: 56,
    evidence: 0b110011,
  });
  return { inside, outside, flow: tables.flow(1, inside, outside) };
}

/** A published port: 10.0.2.15:88 is 172.17.0.2:80, and a SYN comes in. */
export function publishedPort(tables: HandFilled): { inside: number; outside: number; flow: Flow } {
  const common = { proto: TCP, src: "203.0.113.5", srcPort: 40000, tcpFlags: SYN, seq: 4_000_000_000, length: 60 };
  const outside = tables.add({ ...common, side: OUTSIDE, dst: "10.0.2.15", dstPort: 88, ttl: 60, frame: 7 });
  const inside = tables.add({ ...common, side: INSIDE, dst: "172.17.0.2", dstPort: 80, ttl: 59, frame: 5 });
  return { inside, outside, flow: tables.flow(2, inside, outside, false) };
}

/** What a reporter writes for what is told to it. */
export function written(
  make: (write: (chunk: string | Uint8Array) => void) => Reporter,
  tell: (reporter: Reporter) => void,
): string {
  let text = "";
  const reporter = make((chunk) => {
    text += typeof chunk === "string" ? chunk : new TextDecoder("utf-8", { ignoreBOM: true }).decode(chunk);
  });
  tell(reporter);
  reporter.flush();
  return text;
}

export const FLOW: FlowSummary = {
  id: 1,
  proto: "icmp",
  nat: "snat",
  initiator: "inside",
  inside: { src: "172.17.0.2", dst: "180.101.49.11", icmpId: 4096 },
  outside: { src: "10.0.2.15", dst: "180.101.49.11", icmpId: 10496 },
  sides: [INSIDE, OUTSIDE],
  firstFrames: [1, 1],
  pairs: 8,
  pairsOutbound: 5,
  bytes: 1234,
  insideOnly: 1,
  outsideOnly: 0,
  firstNs: 1n,
  lastNs: 2n,
  latency: { outbound: { minNs: 1, p50Ns: 29_000, p99Ns: 1_200_000, maxNs: 5 }, inbound: null },
};
