/**
 * Whether IP IDs tell the packets of a sender apart. Some senders give all of them the same one, as RFC 6864 section 4.1 allows for packets
 * that are not fragmented: a segment that such a one sends again is equal to the first in every byte.
 */
import { HAS_IP_ID, IS_FRAGMENT, IS_IPV6 } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, ID_MASK, IP_ID, SRC } from "../../packets/records.js";
import { SENDER_BITS, SENDERS_BITS } from "../decode-words.js";
import { keyOf } from "./hash.js";

/** Bytes in an entry: its sender's address, the ID of its last packet, and that packet's key. */
const LAST_ID = 4;
const LAST_KEY = 8;
/** Beside the ID: two packets had it, of different keys. Those of equal ones may be one, seen twice. */
const IS_SHARED = 1 << 16;

/** Notes a packet with its sender, in a table, and takes its HAS_IP_ID from it where that tells nothing. */
export function noteSender(senders: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  if ((flags & (HAS_IP_ID | IS_IPV6 | IS_FRAGMENT)) !== HAS_IP_ID) return;
  const src = load<i32>(record, 4 * SRC);
  const entry = senders + (((src * 0x9e3779b1) >>> (32 - SENDERS_BITS)) << (SENDER_BITS + 2));
  const id = load<i32>(record, 4 * IP_ID) & ID_MASK;
  const last = load<i32>(entry, LAST_ID);
  let noted = id;
  if (load<i32>(entry) === src && (last & ID_MASK) === id)
    noted = load<u64>(entry, LAST_KEY) === keyOf(record) ? last : id | IS_SHARED;
  store<i32>(entry, src);
  store<i32>(entry, noted, LAST_ID);
  store<u64>(entry, keyOf(record), LAST_KEY);
  if ((noted & IS_SHARED) !== 0) store<i32>(record, flags & ~HAS_IP_ID, 4 * FLAGS_PROTO_TTL);
}
