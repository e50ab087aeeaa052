import { wordOf } from "../../packets/assembly/words.js";
import { ACK, FIN, ICMP, ICMPV6, IS_ECHO, RST, SYN, TCP } from "../../packets/packets.js";
import * as record from "../../packets/records.js";
import * as tuple from "../../packets/tuples.js";
import * as words from "../fast-path-words.js";
import { tupleOf } from "./places.js";
import {
  ANSWERS,
  ECHO_REPLY,
  EPHEMERAL_PORTS,
  ICMPV6_ECHO_REPLY,
  OPENS,
  SYSTEM_PORTS,
  TELLS_NOTHING,
} from "../openings.js";

/** As `note` of openings.ts, of a packet that is no error. */
export function note(ground: usize, packet: usize, way: i32, isFirst: bool): void {
  const conversation = tupleOf(<usize>wordOf(ground, words.TUPLES), way);
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  let facts = load<i32>(conversation, 4 * tuple.FACTS);
  if ((tcpFlags & (FIN | RST)) !== 0)
    facts |= (tcpFlags & RST) !== 0 ? tuple.ENDED_BY_BOTH : tuple.ENDED_BY_B << (way & 1);
  if (isFirst || (tcpFlags & SYN) !== 0) {
    facts &= ~(tuple.ENDED_BY_BOTH | tuple.IS_OPENED_BY_A | tuple.IS_OPENER_KNOWN | tuple.IS_ECHO_ID);
    const role = roleOf(conversation, packet, way);
    if ((role !== ANSWERS) === ((way & 1) === 1)) facts |= tuple.IS_OPENED_BY_A;
    if (role !== TELLS_NOTHING) facts |= tuple.IS_OPENER_KNOWN;
    if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ECHO) !== 0) facts |= tuple.IS_ECHO_ID;
  }
  store<i32>(conversation, facts, 4 * tuple.FACTS);
}

/** As openings.ts has it. */
function roleOf(conversation: usize, packet: usize, way: i32): i32 {
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  const type = load<i32>(packet, 4 * record.SEQ) >>> 24;
  const proto = (load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) >>> 16) & 0xff;
  if (proto === TCP && (tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0 ? OPENS : ANSWERS;
  if (proto === ICMP) return type === ECHO_REPLY ? ANSWERS : OPENS;
  if (proto === ICMPV6) return type === ICMPV6_ECHO_REPLY ? ANSWERS : OPENS;
  const ofFirst = load<i32>(conversation, 4 * tuple.PORTS);
  // the packet's own, the source's in the upper half
  const ports = (way & 1) === 1 ? ofFirst : rotl(ofFirst, 16);
  const rank = rankOf(ports >>> 16) - rankOf(ports & 0xffff);
  if (rank === 0) return proto === TCP ? TELLS_NOTHING : OPENS;
  if (rank > 0) return OPENS;
  return proto === TCP || ports >>> 16 < SYSTEM_PORTS ? ANSWERS : TELLS_NOTHING;
}

function rankOf(port: i32): i32 {
  return port < SYSTEM_PORTS ? 0 : port < EPHEMERAL_PORTS ? 1 : 2;
}
