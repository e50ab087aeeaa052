import { ACK, FIN, ICMP, ICMPV6, IS_ECHO, IS_IPV6, type PacketBatch, RST, SYN, TCP } from "../packets/packets.js";
import type { Side } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";

const ECHO_REPLY = 0;
const ICMPV6_ECHO_REPLY = 129;
/** Ports below this belong to servers (RFC 6335 section 6), those above mostly to clients. */
const SYSTEM_PORTS = 1024;

/** Places packets on the timeline, each under the tuple of its conversation. */
export class Intake {
  readonly #timeline: Timeline;
  readonly #tuples: readonly [TupleTable, TupleTable];

  constructor(timeline: Timeline, tuples: readonly [TupleTable, TupleTable]) {
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** Appends row `i` of a side's batch, at `timeNs` on the timeline, and returns its row there. */
  place(side: Side, batch: PacketBatch, i: number, timeNs: number): number {
    const t = this.#timeline;
    const tuples = this.#tuples[side];
    const tuple = batch.quote[i] >= 0 ? this.#quotedTuple(tuples, batch, i) : this.#ownTuple(tuples, batch, i);
    tuples.saw(tuple, timeNs);

    const row = t.append();
    const at = row & t.mask;
    t.side[at] = side;
    t.timeNs[at] = timeNs;
    t.stampNs[at] = batch.timeNs[i];
    t.frame[at] = batch.frame[i];
    t.flags[at] = batch.flags[i];
    t.proto[at] = batch.proto[i];
    t.ttl[at] = batch.ttl[i];
    t.tcpFlags[at] = batch.tcpFlags[i];
    t.ipId[at] = batch.ipId[i];
    t.length[at] = batch.length[i];
    t.payloadLength[at] = batch.payloadLength[i];
    t.seq[at] = batch.seq[i];
    t.ack[at] = batch.ack[i];
    t.head[at] = batch.head[i];
    t.key[at] = batch.key[i];
    t.key2[at] = batch.key2[i];
    t.tuple[at] = tuple;
    // an error goes against the packet it quotes
    t.forward[at] = batch.quote[i] >= 0 ? 1 - tuples.wentForward : tuples.wentForward;
    return row;
  }

  #ownTuple(tuples: TupleTable, batch: PacketBatch, i: number): number {
    const { flags, proto, src, dst, srcPort, dstPort, tupleHash, tcpFlags } = batch;
    const isIpv6 = (flags[i] & IS_IPV6) !== 0 ? 1 : 0;
    const tuple = tuples.intern(tupleHash[i], proto[i], isIpv6, src, dst, 4 * i, srcPort[i], dstPort[i]);
    if ((tcpFlags[i] & (FIN | RST)) !== 0)
      tuples.ended[tuple] |= (tcpFlags[i] & RST) !== 0 ? 3 : 1 << tuples.wentForward;
    if (tuples.wasNew || (tcpFlags[i] & SYN) !== 0) {
      tuples.ended[tuple] = 0;
      tuples.openedByA[tuple] = isOpening(batch, i) === (tuples.wentForward === 1) ? 1 : 0;
      tuples.isEcho[tuple] = (flags[i] & IS_ECHO) !== 0 ? 1 : 0;
    }
    return tuple;
  }

  #quotedTuple(tuples: TupleTable, batch: PacketBatch, i: number): number {
    const { flags, quotes, tupleHash } = batch;
    const q = batch.quote[i];
    const isIpv6 = (flags[i] & IS_IPV6) !== 0 ? 1 : 0;
    const { proto, src, dst, srcPort, dstPort } = quotes;
    const tuple = tuples.intern(tupleHash[i], proto[q], isIpv6, src, dst, 4 * q, srcPort[q], dstPort[q]);
    if (tuples.wasNew) tuples.isEcho[tuple] = proto[q] === ICMP || proto[q] === ICMPV6 ? 1 : 0;
    return tuple;
  }
}

/** Whether the sender opened the conversation: by SYN or echo request; else it did, unless the packet looks like an answer. */
function isOpening(batch: PacketBatch, i: number): boolean {
  const tcpFlags = batch.tcpFlags[i];
  switch (batch.proto[i]) {
    case TCP:
      if ((tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0;
      break;
    case ICMP:
      return batch.seq[i] >>> 24 !== ECHO_REPLY;
    case ICMPV6:
      return batch.seq[i] >>> 24 !== ICMPV6_ECHO_REPLY;
  }
  return !(batch.srcPort[i] < SYSTEM_PORTS && batch.dstPort[i] >= SYSTEM_PORTS);
}
