/** What headers say beside the key, by the records of the packets they are of. */
import { FIN, SYN } from "../../protocols/tcp.js";
import { hasWideId, IS_DF, IS_IPV6 } from "../packets.js";
import {
  BEGINNING_BYTES,
  BEGINNING_SHIFT,
  CLASS_SHIFT,
  DSCP_MASK,
  DSCP_SHIFT,
  ECN_MASK,
  FLAGS_PROTO_TTL,
  IP_ID,
  LABEL_MASK,
  LABEL_SHIFT,
  LENGTH_MASK,
  OPTIONS_SHIFT,
  PAYLOAD_LENGTH_CLASS,
  TCP_FLAGS_QUOTE,
  ttlIn,
} from "../records.js";
import { ALTERED_DF, ALTERED_DSCP, ALTERED_ECN, ALTERED_FLOW_LABEL, ALTERED_TTL } from "../results/evidence.js";

export function payloadLengthOf(packet: usize): i32 {
  return load<i32>(packet, 4 * PAYLOAD_LENGTH_CLASS) & LENGTH_MASK;
}

/** How many sequence numbers a TCP segment takes: those of its data, and one where it opens or closes a stream (RFC 9293 section 3.4). */
export function spanOf(segment: usize): i32 {
  const isEnd = (load<i32>(segment, 4 * TCP_FLAGS_QUOTE) & (SYN | FIN)) !== 0;
  return payloadLengthOf(segment) + (isEnd ? 1 : 0);
}

export function ttlOf(packet: usize): i32 {
  return ttlIn(load<i32>(packet, 4 * FLAGS_PROTO_TTL));
}

/** By how much the TTL is lower outside. */
export function loweredBy(i: usize, o: usize): i32 {
  return ttlOf(i) - ttlOf(o);
}

/** What the router wrote anew in the IP header of a pair of packets that went outbound (1) or inbound (0): ALTERED_… bits. */
export function headerChanges(i: usize, o: usize, outbound: i32): i32 {
  const differing = (load<i32>(i, 4 * PAYLOAD_LENGTH_CLASS) ^ load<i32>(o, 4 * PAYLOAD_LENGTH_CLASS)) & ~LENGTH_MASK;
  const lowered = loweredBy(i, o);
  // forwarding lowers a TTL, and nothing but a rule raises it
  let changes = (outbound === 1 ? lowered < 0 : lowered > 0) ? ALTERED_TTL : 0;
  const flags = load<i32>(i, 4 * FLAGS_PROTO_TTL) ^ load<i32>(o, 4 * FLAGS_PROTO_TTL);
  // IPv4 has no flow label, and IPv6 no such flag
  const isOneVersion = (flags & IS_IPV6) === 0;
  if ((flags & IS_DF) !== 0 && isOneVersion) changes |= ALTERED_DF;
  if (differing === 0) return changes;
  if ((differing & (ECN_MASK << CLASS_SHIFT)) !== 0) changes |= ALTERED_ECN;
  if ((differing & (DSCP_MASK << DSCP_SHIFT)) !== 0) changes |= ALTERED_DSCP;
  return (differing & (LABEL_MASK << LABEL_SHIFT)) !== 0 && isOneVersion ? changes | ALTERED_FLOW_LABEL : changes;
}

/** Whether two packets are TCP segments with other options, as far as both are known. */
export function areOtherOptions(packet: usize, other: usize): bool {
  const options = optionsOf(packet);
  const others = optionsOf(other);
  if (options === 0 || others === 0) return false;
  return options !== others || (isShort(packet) && isShort(other) && beginningOf(packet) !== beginningOf(other));
}

/** 8 bits of a hash of a packet's TCP options, NO_OPTIONS for none, 0 where they are not known. */
function optionsOf(packet: usize): i32 {
  return hasWideId(load<i32>(packet, 4 * FLAGS_PROTO_TTL)) ? 0 : load<i32>(packet, 4 * IP_ID) >>> OPTIONS_SHIFT;
}

/** Whether a segment's payload is too short to have a hash of its beginning: further bits of its options are there. */
function isShort(segment: usize): bool {
  return payloadLengthOf(segment) < BEGINNING_BYTES;
}

function beginningOf(packet: usize): i32 {
  return load<i32>(packet, 4 * TCP_FLAGS_QUOTE) >>> BEGINNING_SHIFT;
}
