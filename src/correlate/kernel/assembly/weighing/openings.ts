import { portsOf } from "../../../../packets/assembly/tuples.js";
import { IS_ECHO, IS_HEADLESS } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import * as tuple from "../../../../packets/tuples.js";
import { ECHO_REPLY, ECHO_REPLY_6, ECHO_REQUEST, ECHO_REQUEST_6 } from "../../../../protocols/icmp.js";
import { ICMP, ICMPV6, TCP, UDP } from "../../../../protocols/ip-protocols.js";
import { ACK, FIN, RST, SYN } from "../../../../protocols/tcp.js";
import { isTraceroute } from "../../../../protocols/udp.js";
import { noteHolder } from "./holders.js";
import { tupleOf, wayOf } from "../places.js";

/** Ports below this belong to servers: of those below 1024 (RFC 6335 section 6), clients of root take some from here on (rresvport(3)) … */
const SERVER_PORTS = 512;
/** … and from this one on, to clients (Linux: ip_local_port_range; RFC 6335 has 49152). In between are those of many servers, and of few clients. */
const EPHEMERAL_PORTS = 32_768;
/** Whoever sends UDP behind so long a silence begins anew: nanoseconds (nf_conntrack-sysctl.rst, nf_conntrack_udp_timeout_stream). */
const STREAM_FORGOTTEN_NS = 120e9;

/** What a packet says of who opened its conversation: its sender, the other one, or nothing that could be relied on. */
const OPENS = 0;
const ANSWERS = 1;
const TELLS_NOTHING = 2;

/**
 * Notes with a packet's conversation what it says of it, if it is the first, or a TCP segment that opens or ends it: who opened it, and
 * whether it is over. The packet is no ICMP error.
 */
export function note(ground: usize, packet: usize, isFirst: bool): void {
  const way = wayOf(packet);
  if (isFirst) noteHolder(ground, way);
  if (!isFirst && (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & (SYN | FIN | RST)) === 0) return;
  const conversation = tupleOf(ground, way);
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  let facts = load<i32>(conversation, 4 * tuple.FACTS);
  if ((tcpFlags & (FIN | RST)) !== 0)
    facts |= (tcpFlags & RST) !== 0 ? tuple.ENDED_BY_BOTH : tuple.ENDED_BY_B << tuple.forwardIn(way);
  const role = isFirst || (tcpFlags & SYN) !== 0 ? roleOf(conversation, packet) : TELLS_NOTHING;
  const isByA = (role !== ANSWERS) === tuple.isFromA(way);
  if (isFirst || ((tcpFlags & SYN) !== 0 && !isOpenedByOther(facts, isByA))) {
    facts &= ~(tuple.ENDED_BY_BOTH | tuple.IS_OPENED_BY_A | tuple.IS_OPENER_KNOWN | tuple.IS_ECHO_ID);
    if (isByA) facts |= tuple.IS_OPENED_BY_A;
    if (role !== TELLS_NOTHING) facts |= tuple.IS_OPENER_KNOWN;
    if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ECHO) !== 0) facts |= tuple.IS_ECHO_ID;
  }
  store<i32>(conversation, facts, 4 * tuple.FACTS);
}

/** Whether the other end opened a connection that has not begun to end: where both open it at once (RFC 9293 section 3.5), the first did. */
function isOpenedByOther(facts: i32, isByA: bool): bool {
  if ((facts & tuple.IS_OPENER_KNOWN) === 0 || (facts & tuple.ENDED_BY_BOTH) !== 0) return false;
  return ((facts & tuple.IS_OPENED_BY_A) !== 0) !== isByA;
}

/**
 * SYN, SYN-ACK, echo request and reply say it. A conversation that was met in the middle has its server at the port that is rather one of a
 * server: who is met first there is chance, unless its capture shows that none of it passed for as long as the host would remember.
 */
function roleOf(conversation: usize, packet: usize): i32 {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  if ((flags & IS_HEADLESS) !== 0) return TELLS_NOTHING;
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  const type = record.icmpTypeIn(load<i32>(packet, 4 * record.SEQ));
  const proto = record.protoIn(flags);
  if (proto === TCP && (tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0 ? OPENS : ANSWERS;
  if (proto === ICMP || proto === ICMPV6) {
    if (type === (proto === ICMP ? ECHO_REQUEST : ECHO_REQUEST_6)) return OPENS;
    return type === (proto === ICMP ? ECHO_REPLY : ECHO_REPLY_6) ? ANSWERS : TELLS_NOTHING;
  }
  const ports = portsOf(conversation, wayOf(packet));
  const rank = rankOf(record.sourceIn(ports), proto) - rankOf(record.destinationIn(ports), proto);
  if (rank === 0)
    return proto === UDP && load<f64>(packet, 8 * record.STAMP_NS) >= STREAM_FORGOTTEN_NS ? OPENS : TELLS_NOTHING;
  if (rank > 0) return OPENS;
  return proto === TCP || record.sourceIn(ports) < SERVER_PORTS ? ANSWERS : TELLS_NOTHING;
}

/** How much less a port is one of a server. */
function rankOf(port: i32, proto: i32): i32 {
  if (proto === UDP && isTraceroute(port)) return 1;
  return port < SERVER_PORTS ? 0 : port < EPHEMERAL_PORTS ? 1 : 2;
}
