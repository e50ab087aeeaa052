import { HAS_PAYLOAD, IS_HEADLESS, IS_LATER_FRAGMENT, type PacketBatch, UDP } from "../packets/packets.js";
import { FLAGS_PROTO_TTL, HEAD, PAYLOAD_LENGTH, RECORD_BITS } from "../packets/records.js";
import { headOf, mixBytes } from "./hash.js";
import type { Layout } from "./layout.js";

/** RFC 768: ports, a length that the IP header has told already, and a checksum that a NAT rewrites. */
const HEADER_BYTES = 8;

/** Writes the UDP columns of the rows that have a UDP header, and takes their payload into their keys. */
export function udpRows(view: DataView, layout: Layout, out: PacketBatch): void {
  const { transport, end, kept } = layout;
  const { count, records, srcPort, dstPort } = out;
  for (let row = 0; row < count; row++) {
    const r = row << RECORD_BITS;
    const flags = records[r + FLAGS_PROTO_TTL];
    if (((flags >>> 16) & 0xff) !== UDP || (flags & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0) continue;
    const at = transport[row];
    const payload = at + HEADER_BYTES;
    if (payload > kept[row]) {
      records[r + FLAGS_PROTO_TTL] = flags | IS_HEADLESS;
      continue;
    }
    srcPort[row] = view.getUint16(at);
    dstPort[row] = view.getUint16(at + 2);
    records[r + PAYLOAD_LENGTH] = end[row] - payload;
    records[r + HEAD] = headOf(view, payload, end[row], kept[row]);
    if (payload < kept[row]) {
      records[r + FLAGS_PROTO_TTL] = flags | HAS_PAYLOAD;
      mixBytes(view, payload, kept[row], records, r);
    }
  }
}
