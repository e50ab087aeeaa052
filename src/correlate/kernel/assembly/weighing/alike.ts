/**
 * Which packets a way repeats. A packet that equals an earlier one of its way (a heartbeat, an acknowledgement sent again) cannot be told
 * from it by content: time has to, and how close they follow each other says whether time can. A table remembers, by a hash of the
 * content, what passed last; it has a fixed size, so that what it forgets does not depend on how captures are read.
 */
import { payloadLengthOf } from "../../../../packets/assembly/headers.js";
import { endOf } from "../../../../packets/assembly/tuples.js";
import { doubleOf, rowAt, setDouble, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { haveBothEnds } from "../../../../packets/flows/flows.js";
import { HAS_IP_ID, IS_AGAIN, IS_ECHO, IS_ERROR, IS_FRAGMENT, IS_IPV6 } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { OUTSIDE } from "../../../../packets/sides.js";
import * as tuple from "../../../../packets/tuples.js";
import { TCP, UDP } from "../../../../protocols/ip-protocols.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { hashOfAddress, spread } from "../hashes.js";
import { burstNs } from "../timing/pace.js";
import { accountOf, passedNs, tupleOf, wayAt, wayOf } from "../places.js";

/** A float without its lowest bits: 11 are left, with the sign, which is 0. */
const FLOAT_SHIFT = 31 - record.SINCE_BITS;
/** What was said within a minute is no news, nor a copy of what was lost: agents report once in ten, thirty, sixty seconds. */
const NEWS_NS: f64 = 65_000_000_000;
/** Turns bits of a hash: hosts, and who said what, have entries of their own beside what was said. */
const OF_HOSTS: i32 = 0x2c1b3c6d;

/** What `pass` found noted with a hash. */
let foundNote = 0;

/**
 * Remembers what passed under a hash, and a note of it, in one of two places: the one that has it, or the older one. Returns the time of what passed under
 * it before, or NaN.
 */
function pass(ground: usize, hash: i32, note: i32, timeNs: f64): f64 {
  const first = entryAt(ground, hash);
  const second = entryAt(ground, hash ^ 1);
  let entry = first;
  if (hashIn(first) !== hash && (hashIn(second) === hash || timeIn(second) < timeIn(first))) entry = second;
  const isAlike = hashIn(entry) === hash;
  const before = isAlike ? timeIn(entry) : NaN;
  foundNote = load<i32>(entry, 4 * entries.ALIKE_NOTE);
  store<i32>(entry, hash, 4 * entries.ALIKE_HASH);
  store<i32>(entry, note, 4 * entries.ALIKE_NOTE);
  store<f64>(entry, timeNs, 8 * entries.ALIKE_NS);
  return before;
}

function entryAt(ground: usize, place: i32): usize {
  return rowAt(ground, words.ALIKE, place & (entries.ALIKE_ENTRIES - 1), entries.ALIKE_BITS);
}

function hashIn(entry: usize): i32 {
  return load<i32>(entry, 4 * entries.ALIKE_HASH);
}

function timeIn(entry: usize): f64 {
  return load<f64>(entry, 8 * entries.ALIKE_NS);
}

/**
 * Takes a packet, once, and notes in its record how long before it an equal one passed, and whether what it carries was
 * seen on its side at all, or a segment's numbers by another way; marks a datagram IS_AGAIN that is like one before it; and notes with its tuple that its
 * way repeats itself. Segments with an IP ID do not: their numbers and IDs differ within a window. The packet is no ICMP error.
 */
export function remember(ground: usize, packet: usize, side: i32): void {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const hasId = (flags & HAS_IP_ID) !== 0;
  const isTcp = record.protoIn(flags) === TCP;
  // fragments are put together elsewhere; and of a payload that was not kept, nothing is known
  if ((flags & IS_FRAGMENT) !== 0 || (hasId && !isTcp && load<i32>(packet, 4 * record.HEAD) === 0)) return;
  let noted = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  if ((noted & record.IS_REMEMBERED) !== 0) return;
  noted = (noted & ~record.REMEMBERED_MASK) | record.IS_REMEMBERED;
  const way = wayOf(packet);
  const timeNs = passedNs(packet);
  const isUnbound = load<i32>(wayAt(ground, way)) === tuple.UNBOUND;
  if (isTcp) {
    if (!isUnbound || areNumbersNew(ground, packet, side, endsOf(ground, way), timeNs)) noted |= record.IS_NOVEL;
    if (hasId) {
      store<i32>(packet, noted, 4 * record.TCP_FLAGS_QUOTE);
      return;
    }
  }
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const carried = (isTcp ? segmentOf(packet) : carriedBy(packet)) ^ record.ttlIn(flags);
  const ipId = load<i32>(packet, 4 * record.IP_ID);
  const beforeNs = timeNs - pass(ground, spread(carried ^ endsOf(ground, way)), ipId, timeNs);
  if (abs<f64>(beforeNs) <= NEWS_NS) {
    if (record.protoIn(flags) === UDP) store<i32>(packet, flags | IS_AGAIN, 4 * record.FLAGS_PROTO_TTL);
    if (isTcp) noted |= record.IS_SAID_AGAIN;
  }
  noted |= noteRepeated(ground, packet, beforeNs, hasId);
  if (!isTcp && (isUnbound || mayHaveSeveral(ground, way))) {
    // pings count up, and carry the same, but where they carry the time
    const said = (flags & IS_ECHO) === 0 ? carried : spread(load<i32>(packet, 4 * record.HEAD));
    const seenNs = timeNs - pass(ground, spread(said ^ (side * 2 + 1)), ipId, timeNs);
    if (!(abs<f64>(seenNs) <= max<f64>(windowNs, NEWS_NS))) noted |= record.IS_NOVEL;
  }
  if (isUnbound && side === OUTSIDE && (noted & record.IS_NOVEL) === 0)
    setDouble(ground, words.UNKNOWN_NS, max<f64>(doubleOf(ground, words.UNKNOWN_NS), timeNs));
  store<i32>(packet, noted, 4 * record.TCP_FLAGS_QUOTE);
}

/**
 * Notes with a packet's tuple that its way repeats itself, where an equal one passed so long before it that it may. Gives how long that is, as what is noted of a packet has it; 0
 * where it is too long, or that one had another IP ID.
 */
function noteRepeated(ground: usize, packet: usize, beforeNs: f64, hasId: bool): i32 {
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const isSame = !hasId || foundNote === load<i32>(packet, 4 * record.IP_ID);
  // an ID that comes again with the same content is the same in all: no counter comes round in that time
  const repeatsIn = hasId && isSame ? max<f64>(windowNs, NEWS_NS) : windowNs;
  const apartNs = abs<f64>(beforeNs);
  if (!(apartNs <= repeatsIn)) return 0;
  const way = wayOf(packet);
  const conversation = tupleOf(ground, way);
  let facts = load<i32>(conversation, 4 * tuple.FACTS) | (tuple.IS_REPEATING << tuple.forwardIn(way));
  if (isSame && apartNs <= burstNs(ground)) facts |= tuple.IS_BURSTING;
  store<i32>(conversation, facts, 4 * tuple.FACTS);
  if (!isSame || apartNs > windowNs) return 0;
  // the upper bits of a float, sign left out: its exponent, and three of its mantissa
  const sinceUs = <f32>max<f64>(0.001, apartNs / 1000);
  return (reinterpret<i32>(sinceUs) >>> FLOAT_SHIFT) << record.SINCE_SHIFT;
}

/** Whether what goes a way whose flow is known may be of another inside tuple each time: where both ends are rewritten, the NAT gives each request of a client a port. */
function mayHaveSeveral(ground: usize, way: i32): bool {
  const bits = load<i32>(accountOf(ground, load<i32>(wayAt(ground, way)) >> tuple.FLOW_SHIFT), 4 * account.BITS);
  return haveBothEnds(account.rewriteOf(bits, 1));
}

/**
 * Whether no packet of another way had a segment's numbers and flags on its side lately: who floods a port, or scans many, has one number for all.
 * Remembers them.
 */
function areNumbersNew(ground: usize, packet: usize, side: i32, ends: i32, timeNs: f64): bool {
  const numbers = spread(load<i32>(packet, 4 * record.SEQ) + spread(load<i32>(packet, 4 * record.ACK_SEQ)));
  const hash = spread(numbers + load<u8>(packet, 4 * record.TCP_FLAGS_QUOTE)) ^ (side * 2 + 1);
  const seenNs = timeNs - pass(ground, spread(hash), ends, timeNs);
  const isShared = abs<f64>(seenNs) <= NEWS_NS && foundNote !== ends;
  noteSender(ground, packet, hash, timeNs, isShared);
  return !isShared;
}

/**
 * Notes who sent a segment's numbers, by their hash, and that he and who sent them before are clones, where another conversation had them (`isShared`). One that
 * the host turned round and forwarded on that side has its TTL lowered.
 */
function noteSender(ground: usize, packet: usize, hash: i32, timeNs: f64, isShared: bool): void {
  const host = hostOf(ground, packet);
  const ttl = record.ttlIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL));
  const sentNs = timeNs - pass(ground, spread((hash + ttl) ^ OF_HOSTS), host, timeNs);
  const other = foundNote;
  if (!isShared || !(abs<f64>(sentNs) <= NEWS_NS)) return;
  setDouble(ground, words.SHARED_NS, max<f64>(doubleOf(ground, words.SHARED_NS), timeNs));
  if (other === host) return;
  pass(ground, spread(host ^ OF_HOSTS), 0, timeNs);
  pass(ground, spread(other ^ OF_HOSTS), 0, timeNs);
}

/** A hash of who sent a packet. */
function hostOf(ground: usize, packet: usize): i32 {
  const source = endOf(wordOf(ground, words.TUPLES), wayOf(packet), true);
  return hashOfAddress(source, (load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_IPV6) !== 0);
}

/** Whether another host lately began a conversation with the numbers of one of whoever sent a packet, on the side where it entered: what they say does not tell them apart, then. */
export function isOfClones(ground: usize, packet: usize): bool {
  const hash = spread(hostOf(ground, packet) ^ OF_HOSTS);
  const timeNs = passedNs(packet);
  return isRemembered(ground, hash, hash, timeNs) || isRemembered(ground, hash, hash ^ 1, timeNs);
}

/** Whether something passed under a hash in the last minute, as one of the two places says where it may be remembered. */
function isRemembered(ground: usize, hash: i32, place: i32, timeNs: f64): bool {
  const entry = entryAt(ground, place);
  return hashIn(entry) === hash && timeNs - timeIn(entry) <= NEWS_NS;
}

/** Whether conversations lately began with the numbers of others: hosts that are clones of each other, or scan in step, say the same at once. */
export function haveClones(ground: usize, timeNs: f64): bool {
  return timeNs - doubleOf(ground, words.SHARED_NS) <= NEWS_NS;
}

/** How long before a packet an equal one of its way passed, nanoseconds, rounded down to an eighth; 0 where none did within the window. */
export function sinceNs(packet: usize): f64 {
  const noted = notedOf(packet);
  return <f64>reinterpret<f32>(((noted >>> record.SINCE_SHIFT) & record.SINCE_MASK) << FLOAT_SHIFT) * 1000;
}

/** Whether nothing that carries the same passed on its side within the window before it, or of a segment, nothing with its numbers went another way. */
export function isNovel(packet: usize): bool {
  return (notedOf(packet) & record.IS_NOVEL) !== 0;
}

/** Whether a segment says what its way has said before: it was sent again, or acknowledges what was. */
export function isSaidAgain(packet: usize): bool {
  return (notedOf(packet) & record.IS_SAID_AGAIN) !== 0;
}

/** What was noted of a packet; of an ICMP error, which has a quote in that place, nothing. */
function notedOf(packet: usize): i32 {
  if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ERROR) !== 0) return 0;
  return load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
}

/** A hash of a way's ends and direction: how conversations are numbered depends on how captures are read. */
function endsOf(ground: usize, way: i32): i32 {
  return load<i32>(tupleOf(ground, way), 4 * tuple.HASH) + tuple.forwardIn(way);
}

/** A hash of a TCP segment without an IP ID, with its options, which are not all in the key. */
function segmentOf(packet: usize): i32 {
  const options = load<i32>(packet, 4 * record.IP_ID) >>> record.OPTIONS_SHIFT;
  return load<i32>(packet, 4 * record.KEY) ^ load<i32>(packet, 4 * record.KEY2) ^ options;
}

/** A hash of what a packet carries that is no segment, whether it has an ID of its own or not: of equal ones, some have it, and others do not. */
function carriedBy(packet: usize): i32 {
  const length = spread(payloadLengthOf(packet) + spread(load<i32>(packet, 4 * record.SEQ)));
  return spread(load<i32>(packet, 4 * record.HEAD) + spread(load<i32>(packet, 4 * record.CONTENT) + length));
}
