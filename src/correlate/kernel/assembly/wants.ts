/** What there is in a packet that a matcher wants to see when it comes. */
import { payloadLengthOf } from "../../../packets/assembly/headers.js";
import * as account from "../../../packets/flow-accounts.js";
import { HAS_IP_ID, IS_CUT, IS_DF, IS_FRAGMENT, IS_IPV6 } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import * as tuple from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import { LEAST_IPV6_MTU } from "../../../protocols/ipv6.js";
import * as wants from "../wants.js";
import { accountOf, wayAt } from "./places.js";

/** What suffices to be seen once the stretch is over, if the packet still waits by then … */
export const LATER = wants.WANTS_STRANGER | wants.WANTS_LEAVER;
/** … and with what the loop can take a packet: any other bit makes it leave the packet to the matchers. */
export const IN_STRETCH = wants.WANTS_TWIN | LATER;

/** The WANTS_… bits of a packet of this way and side. */
export function wantsOf(ground: usize, packet: usize, way: i32, side: i32): i32 {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const length = load<i32>(packet, 4 * record.LENGTH) & record.LENGTH_MASK;
  const isTcp = ((flags >>> 16) & 0xff) === TCP;
  if (!isTcp && (flags & IS_FRAGMENT) !== 0) return wants.WANTS_FRAGMENT;
  let bits = wants.WANTS_TWIN | ((flags & IS_CUT) !== 0 ? wants.WANTS_CUT : 0);
  if (!isTcp) return mayBeFragmented(packet, flags, length) ? bits | wants.WANTS_FRAGMENT : bits;
  const flow = load<i32>(wayAt(ground, way));
  const slot = flow >> tuple.FLOW_SHIFT;
  if (payloadLengthOf(packet) > 0 && mayBeCut(ground, length, slot)) bits |= wants.WANTS_SEGMENT;
  if (slot === tuple.NONE) return bits | wants.WANTS_STRANGER;
  const flowBits = flow >> tuple.FLOW_BITS_SHIFT;
  const isLeaving = account.leavesOn(flowBits, way, side);
  return (flags & HAS_IP_ID) !== 0 && isLeaving ? bits | wants.WANTS_LEAVER : bits;
}

/** Whether a whole datagram with these flags, `length` bytes long, may be in fragments on the other side: those take its number, whether that tells or not. */
function mayBeFragmented(packet: usize, flags: i32, length: i32): bool {
  if ((flags & IS_IPV6) !== 0) return length > LEAST_IPV6_MTU;
  const isNumbered = (load<i32>(packet, 4 * record.IP_ID) & 0xffff) !== 0;
  return isNumbered && (flags & IS_DF) === 0 && length > NEVER_CUT_BYTES;
}

/** Whether a TCP segment may be cut on its way, or a piece of one: `slot` is its flow's, or NONE. */
function mayBeCut(ground: usize, length: i32, slot: i32): bool {
  if (length > wants.ORDINARY_BYTES) return true;
  if (slot === tuple.NONE) return false;
  const flow = accountOf(ground, slot);
  return (load<i32>(flow, 4 * account.BITS) & account.HAS_CUT_SEGMENTS) !== 0;
}
