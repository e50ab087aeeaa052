import { ACK, FIN, ICMP, ICMPV6, IS_ECHO, type PacketBatch, RST, SYN, TCP } from "../packets/packets.js";
import type { TupleTable } from "../packets/tuples.js";

export const ECHO_REPLY = 0;
export const ICMPV6_ECHO_REPLY = 129;
/** Ports below this belong to servers (RFC 6335 section 6), those above mostly to clients. */
export const SYSTEM_PORTS = 1024;

/** TCP flags of packets that `note` wants to see; and it wants the first of every conversation. */
export const NOTED = SYN | FIN | RST;

/** Notes with a packet's conversation what it says of it: who opened it, and whether it is over. */
export function note(tuples: TupleTable, way: number, batch: PacketBatch, row: number, isFirst: boolean): void {
  const tuple = way >> 1;
  const q = batch.quote(row);
  if (q >= 0) {
    // of an error before anything it is about, only that is known
    const proto = batch.quotes.proto[q];
    if (isFirst) tuples.setEcho(tuple, proto === ICMP || proto === ICMPV6);
    return;
  }
  const tcpFlags = batch.tcpFlags(row);
  if ((tcpFlags & (FIN | RST)) !== 0) tuples.finish(way, (tcpFlags & RST) !== 0);
  if (!isFirst && (tcpFlags & SYN) === 0) return;
  tuples.open(tuple, isOpening(batch, row) === ((way & 1) === 1));
  tuples.setEcho(tuple, (batch.flags(row) & IS_ECHO) !== 0);
}

/** Whether the sender opened the conversation: by SYN or echo request; else it did, unless the packet looks like an answer. */
function isOpening(batch: PacketBatch, row: number): boolean {
  const tcpFlags = batch.tcpFlags(row);
  switch (batch.proto(row)) {
    case TCP:
      if ((tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0;
      break;
    case ICMP:
      return batch.seq(row) >>> 24 !== ECHO_REPLY;
    case ICMPV6:
      return batch.seq(row) >>> 24 !== ICMPV6_ECHO_REPLY;
  }
  return !(batch.srcPort(row) < SYSTEM_PORTS && batch.dstPort(row) >= SYSTEM_PORTS);
}
