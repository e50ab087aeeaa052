import { wordOf } from "../../packets/assembly/words.js";
import { ACK, FIN, ICMP, ICMPV6, IS_ECHO, RST, SYN, TCP } from "../../packets/packets.js";
import * as record from "../../packets/records.js";
import * as tuple from "../../packets/tuples.js";
import * as words from "../kernel-words.js";
import { tupleOf } from "./places.js";

const ECHO_REPLY = 0;
const ICMPV6_ECHO_REPLY = 129;
/** Ports below this belong to servers (RFC 6335 section 6), those above mostly to clients. */
const SYSTEM_PORTS = 1024;

/**
 * Notes with a packet's conversation what it says of it, if it is the first, or a TCP segment that opens or ends it: who opened it, and
 * whether it is over. The packet is no ICMP error.
 */
export function note(ground: usize, packet: usize, way: i32, isFirst: bool): void {
  if (!isFirst && (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & (SYN | FIN | RST)) === 0) return;
  const conversation = tupleOf(<usize>wordOf(ground, words.TUPLES), way);
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  let facts = load<i32>(conversation, 4 * tuple.FACTS);
  if ((tcpFlags & (FIN | RST)) !== 0)
    facts |= (tcpFlags & RST) !== 0 ? tuple.ENDED_BY_BOTH : tuple.ENDED_BY_B << (way & 1);
  if (isFirst || (tcpFlags & SYN) !== 0) {
    facts &= ~(tuple.ENDED_BY_BOTH | tuple.IS_OPENED_BY_A | tuple.IS_ECHO_ID);
    if (isOpening(conversation, packet, way) === ((way & 1) === 1)) facts |= tuple.IS_OPENED_BY_A;
    if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ECHO) !== 0) facts |= tuple.IS_ECHO_ID;
  }
  store<i32>(conversation, facts, 4 * tuple.FACTS);
}

/** Whether the sender opened the conversation: by SYN or echo request; else it did, unless the packet looks like an answer. */
function isOpening(conversation: usize, packet: usize, way: i32): bool {
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  const type = load<i32>(packet, 4 * record.SEQ) >>> 24;
  switch ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) >>> 16) & 0xff) {
    case TCP:
      if ((tcpFlags & SYN) !== 0) return (tcpFlags & ACK) === 0;
      break;
    case ICMP:
      return type !== ECHO_REPLY;
    case ICMPV6:
      return type !== ICMPV6_ECHO_REPLY;
  }
  const ofFirst = load<i32>(conversation, 4 * tuple.PORTS);
  // the packet's own, the source's in the upper half
  const ports = (way & 1) === 1 ? ofFirst : rotl(ofFirst, 16);
  return !(ports >>> 16 < SYSTEM_PORTS && (ports & 0xffff) >= SYSTEM_PORTS);
}
