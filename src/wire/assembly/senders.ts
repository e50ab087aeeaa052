/**
 * Whether IP IDs tell the packets of a sender apart. Some senders give all of them the same one, as RFC 6864 section 4.1 allows for packets
 * that are not fragmented: a segment that such a one sends again is equal to the first in every byte.
 */
import { HAS_IP_ID, IS_FRAGMENT, IS_IPV6 } from "../../packets/packets.js";
import { rowIn } from "../../packets/memory/assembly/words.js";
import { FLAGS_PROTO_TTL, ID_MASK, IP_ID, SRC } from "../../packets/records.js";
import { ADDRESS, IS_SHARED, LAST_ID, LAST_ID_MASK, LAST_KEY, SENDER_BITS, SENDERS_BITS } from "../decode-words.js";
import { keyOf } from "./hash.js";

/** Notes a packet with its sender, in a table, and takes its HAS_IP_ID from it where that tells nothing. */
export function noteSender(senders: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  if ((flags & (HAS_IP_ID | IS_IPV6 | IS_FRAGMENT)) !== HAS_IP_ID) return;
  const src = load<i32>(record, 4 * SRC);
  const entry = rowIn(senders, (src * 0x9e3779b1) >>> (32 - SENDERS_BITS), SENDER_BITS);
  const id = load<i32>(record, 4 * IP_ID) & ID_MASK;
  const last = load<i32>(entry, 4 * LAST_ID);
  let noted = id;
  if (load<i32>(entry, 4 * ADDRESS) === src && (last & LAST_ID_MASK) === id)
    noted = load<u64>(entry, 8 * LAST_KEY) === keyOf(record) ? last : id | IS_SHARED;
  store<i32>(entry, src, 4 * ADDRESS);
  store<i32>(entry, noted, 4 * LAST_ID);
  store<u64>(entry, keyOf(record), 8 * LAST_KEY);
  if ((noted & IS_SHARED) !== 0) store<i32>(record, flags & ~HAS_IP_ID, 4 * FLAGS_PROTO_TTL);
}
