import { ACK, FIN, ICMP, ICMPV6, IS_ECHO, type PacketBatch, RST, SYN, TCP } from "../packets/packets.js";
import type { TupleTable } from "../packets/tuples.js";

export const ECHO_REPLY = 0;
export const ICMPV6_ECHO_REPLY = 129;
/** Ports below this belong to servers (RFC 6335 section 6) … */
export const SYSTEM_PORTS = 1024;
/** … and from this one on, to clients (Linux: ip_local_port_range; RFC 6335 has 49152). In between are those of many servers, and of few clients. */
export const EPHEMERAL_PORTS = 32_768;

/** What a packet says of who opened its conversation: its sender, the other one, or nothing that could be relied on. */
export const OPENS = 0;
export const ANSWERS = 1;
export const TELLS_NOTHING = 2;

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
  const role = roleOf(batch, row);
  tuples.open(tuple, (role !== ANSWERS) === ((way & 1) === 1), role !== TELLS_NOTHING);
  tuples.setEcho(tuple, (batch.flags(row) & IS_ECHO) !== 0);
}

/**
 * SYN, SYN-ACK, echo request and reply say it. A TCP conversation that was met in the middle has its server at the port that is
 * rather one of a server: who is met first there is chance. Elsewhere, who is met first most likely opened it, unless the port says
 * otherwise.
 */
function roleOf(batch: PacketBatch, row: number): number {
  const tcpFlags = batch.tcpFlags(row);
  const proto = batch.proto(row);
  if (proto === TCP && (tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0 ? OPENS : ANSWERS;
  if (proto === ICMP) return batch.seq(row) >>> 24 === ECHO_REPLY ? ANSWERS : OPENS;
  if (proto === ICMPV6) return batch.seq(row) >>> 24 === ICMPV6_ECHO_REPLY ? ANSWERS : OPENS;
  const srcPort = batch.srcPort(row);
  const dstPort = batch.dstPort(row);
  const rank = rankOf(srcPort) - rankOf(dstPort);
  if (rank === 0) return proto === TCP ? TELLS_NOTHING : OPENS;
  if (rank > 0) return OPENS;
  return proto === TCP || srcPort < SYSTEM_PORTS ? ANSWERS : TELLS_NOTHING;
}

/** How much less a port is one of a server. */
function rankOf(port: number): number {
  return port < SYSTEM_PORTS ? 0 : port < EPHEMERAL_PORTS ? 1 : 2;
}
