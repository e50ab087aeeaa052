import { HAS_PAYLOAD, IS_HEADLESS, IS_LATER_FRAGMENT, type PacketBatch, UDP } from "../packets/packets.js";
import { headOf, mixBytes } from "./hash.js";
import type { Layout } from "./layout.js";

/** RFC 768: ports, a length that the IP header has told already, and a checksum that a NAT rewrites. */
const HEADER_BYTES = 8;

/** Writes the UDP columns of the rows that have a UDP header, and takes their payload into their keys. */
export function udpRows(view: DataView, layout: Layout, out: PacketBatch): void {
  const { transport, end, kept } = layout;
  const { count, flags, proto, srcPort, dstPort, payloadLength, head, key, key2 } = out;
  for (let row = 0; row < count; row++) {
    if (proto[row] !== UDP || (flags[row] & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0) continue;
    const at = transport[row];
    const payload = at + HEADER_BYTES;
    if (payload > kept[row]) {
      flags[row] |= IS_HEADLESS;
      continue;
    }
    srcPort[row] = view.getUint16(at);
    dstPort[row] = view.getUint16(at + 2);
    payloadLength[row] = end[row] - payload;
    head[row] = headOf(view, payload, end[row], kept[row]);
    if (payload < kept[row]) {
      flags[row] |= HAS_PAYLOAD;
      mixBytes(view, payload, kept[row], key, key2, row);
    }
  }
}
