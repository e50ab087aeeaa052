/** What equal IP IDs of two packets say for their being twins. */
import { hasWideId } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { IP_ID_BITS } from "../../weights.js";

/**
 * Bits of evidence in the IP ID of a packet that has one: fewer the smaller it is, in either byte order, as counters begin with small numbers, and what gives all
 * its packets one ID gives them a small one. As many as Elias's gamma code takes for it (P. Elias, Universal codeword sets, 1975): 1 for an ID of 1, IP_ID_BITS from 128 on.
 */
export function idBits(packet: usize): i32 {
  const word = load<u32>(packet, 4 * record.IP_ID);
  const isWide = hasWideId(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL));
  const id = isWide ? word : word & record.ID_MASK;
  const swapped = isWide ? bswap<u32>(word) : <u32>bswap<u16>(<u16>word);
  return min<i32>(IP_ID_BITS, 63 - 2 * <i32>clz<u32>(min<u32>(id, swapped)));
}
