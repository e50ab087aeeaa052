import {
  HAS_PAYLOAD,
  ICMP,
  ICMPV6,
  IS_ECHO,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
  type PacketBatch,
} from "../packets/packets.js";
import { FLAGS_PROTO_TTL, HEAD, PAYLOAD_LENGTH, RECORD_BITS, SEQ } from "../packets/records.js";
import { HEADER_BYTES, ID, isEcho, SEQUENCE } from "./echo.js";
import { headOf, mixBytes, mixWord } from "./hash.js";
import type { Layout } from "./layout.js";
import { quote } from "./quote.js";

/** ICMP: destination unreachable, source quench, redirect, time exceeded, parameter problem. */
function isError4(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}

/** ICMPv6: destination unreachable, packet too big, time exceeded, parameter problem. */
function isError6(type: number): boolean {
  return type >= 1 && type <= 4;
}

/**
 * Writes the ICMP and ICMPv6 columns of the rows that have such a header, takes into their keys what a NAT leaves alone
 * of it, and hands the errors on to `quote`.
 */
export function icmpRows(view: DataView, layout: Layout, out: PacketBatch): void {
  const { transport, end, kept } = layout;
  const { count, records, srcPort, dstPort } = out;
  for (let row = 0; row < count; row++) {
    const r = row << RECORD_BITS;
    const flags = records[r + FLAGS_PROTO_TTL];
    const isIpv6 = (flags & IS_IPV6) !== 0;
    if (((flags >>> 16) & 0xff) !== (isIpv6 ? ICMPV6 : ICMP)) continue;
    if ((flags & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0) continue;
    const at = transport[row];
    const body = at + HEADER_BYTES;
    if (body > kept[row]) {
      records[r + FLAGS_PROTO_TTL] = flags | IS_HEADLESS;
      continue;
    }
    const type = view.getUint8(at);
    const id = view.getUint16(at + ID);
    const typeAndCode = view.getUint16(at) << 16;
    // The id stays out of the key: netfilter rewrites it in timestamp and address mask messages as in echoes.
    const word = typeAndCode | view.getUint16(at + SEQUENCE);
    records[r + SEQ] = typeAndCode;
    records[r + PAYLOAD_LENGTH] = end[row] - body;
    mixWord(records, r, word);
    if (isIpv6 ? isError6(type) : isError4(type)) {
      mixWord(records, r, id);
      quote(view, body, layout.captured[row], kept[row], out, row);
      continue;
    }
    if (isEcho(type, isIpv6)) {
      records[r + FLAGS_PROTO_TTL] |= IS_ECHO;
      srcPort[row] = id;
      dstPort[row] = id;
      records[r + SEQ] = word;
      records[r + HEAD] = headOf(view, body, end[row], kept[row]);
    }
    if (body < kept[row]) {
      records[r + FLAGS_PROTO_TTL] |= HAS_PAYLOAD;
      mixBytes(view, body, kept[row], records, r);
    }
  }
}
