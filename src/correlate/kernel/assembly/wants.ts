/** What there is in a packet that a matcher wants to see when it comes. */
import { payloadLengthOf } from "../../../packets/assembly/headers.js";
import { setWord } from "../../../packets/memory/assembly/words.js";
import * as account from "../../../packets/flows/flow-records.js";
import { HAS_IP_ID, IS_CUT, IS_DF, IS_FRAGMENT, IS_IPV6 } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import * as tuple from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import { LEAST_IPV6_MTU } from "../../../protocols/ipv6.js";
import * as words from "../kernel-words.js";
import * as wants from "../wants.js";
import { accountOf, wayAt, wayOf } from "./places.js";

/** What suffices to be seen once the stretch is over, if the packet still waits by then … */
export const LATER = wants.WANTS_STRANGER | wants.WANTS_LEAVER;
/** … and with what the loop can take a packet: any other bit makes it leave the packet to the matchers. */
export const IN_STRETCH = wants.WANTS_TWIN | LATER;

/** The WANTS_… bits of a packet of this side. */
export function wantsOf(ground: usize, packet: usize, side: i32): i32 {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const length = load<i32>(packet, 4 * record.LENGTH) & record.LENGTH_MASK;
  const isTcp = record.protoIn(flags) === TCP;
  if (!isTcp && (flags & IS_FRAGMENT) !== 0) return wants.WANTS_FRAGMENT;
  let bits = wants.WANTS_TWIN | ((flags & IS_CUT) !== 0 ? wants.WANTS_CUT : 0);
  if (!isTcp) return mayBeFragmented(packet, flags, length) ? bits | wants.WANTS_FRAGMENT : bits;
  const way = wayOf(packet);
  const flow = load<i32>(wayAt(ground, way));
  const slot = flow >> tuple.FLOW_SHIFT;
  if (slot === tuple.NONE) return bits | wants.WANTS_STRANGER;
  const isLeaving = account.leavesOn(flow >> tuple.FLOW_BITS_SHIFT, way, side);
  if (payloadLengthOf(packet) > 0 && mayBeCut(ground, slot, length, isLeaving)) bits |= wants.WANTS_SEGMENT;
  return (flags & HAS_IP_ID) !== 0 && isLeaving ? bits | wants.WANTS_LEAVER : bits;
}

/** Notes it where a packet is a TCP segment longer than what a wire takes: it may be cut on its way. */
export function noteLength(ground: usize, packet: usize): void {
  if ((load<i32>(packet, 4 * record.LENGTH) & record.LENGTH_MASK) <= wants.ORDINARY_BYTES) return;
  if (record.protoIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL)) !== TCP) return;
  setWord(ground, words.HAS_LONG_SEGMENTS, 1);
  const slot = load<i32>(wayAt(ground, wayOf(packet))) >> tuple.FLOW_SHIFT;
  if (slot === tuple.NONE) return;
  const flow = accountOf(ground, slot);
  store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.HAS_LONG_SEGMENTS, 4 * account.BITS);
}

/** Whether a whole datagram with these flags, `length` bytes long, may be in fragments on the other side: those take its number, whether that tells or not. */
function mayBeFragmented(packet: usize, flags: i32, length: i32): bool {
  if ((flags & IS_IPV6) !== 0) return length > LEAST_IPV6_MTU;
  const isNumbered = (load<i32>(packet, 4 * record.IP_ID) & record.ID_MASK) !== 0;
  return isNumbered && (flags & IS_DF) === 0 && length > NEVER_CUT_BYTES;
}

/**
 * Whether a TCP segment `length` bytes long of the flow in this slot, which nobody waits for, may be cut on its way, or a piece of one. Where none of
 * its flow was, most long ones leave as they entered: one that enters says nothing, and one that leaves found no twin.
 */
function mayBeCut(ground: usize, slot: i32, length: i32, isLeaving: bool): bool {
  const bits = load<i32>(accountOf(ground, slot), 4 * account.BITS);
  if ((bits & account.HAS_CUT_SEGMENTS) !== 0) return true;
  return isLeaving && (length > wants.ORDINARY_BYTES || (bits & account.HAS_LONG_SEGMENTS) !== 0);
}
