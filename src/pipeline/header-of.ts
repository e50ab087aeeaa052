import { IS_FRAGMENT, IS_HEADLESS, IS_LATER_FRAGMENT } from "../packets/packets.js";
import type { Ends, Tables } from "../packets/results/results.js";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../protocols/ethertypes.js";
import * as icmp from "../protocols/icmp.js";
import { hasPorts, ICMP, ICMPV6, TCP } from "../protocols/ip-protocols.js";
import * as ipv4 from "../protocols/ipv4.js";
import * as ipv6 from "../protocols/ipv6.js";
import { ETHERNET_BYTES, ETHERNET_TYPE } from "../protocols/link-types.js";
import * as tcp from "../protocols/tcp.js";

/** As much of other headers than TCP's as is known of a packet. */
const REST_BYTES = 8;
/** The least offset there is. */
const LATER = 1;

/**
 * The beginning of a row's packet with other ends, behind an empty header of Ethernet, as far as NATs leave it alone.
 *
 * @param src one word for IPv4, four for IPv6, as of `dst`.
 */
export function headerOf(
  tables: Tables,
  row: number,
  src: Uint32Array,
  dst: Uint32Array,
  { srcPort, dstPort, icmpId }: Pick<Ends, "srcPort" | "dstPort" | "icmpId">,
): Uint8Array {
  const { timeline: t } = tables;
  const isIpv6 = src.length > 1;
  const proto = t.proto(row);
  const ipBytes = isIpv6 ? ipv6.HEADER_BYTES : ipv4.HEADER_BYTES;
  const isHeadless = (t.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0;
  const bytes = new Uint8Array(
    ETHERNET_BYTES + ipBytes + (isHeadless ? 0 : proto === TCP ? tcp.LEAST_BYTES : REST_BYTES),
  );
  const view = new DataView(bytes.buffer);
  view.setUint16(ETHERNET_TYPE, isIpv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
  const ip = ETHERNET_BYTES;
  const length = Math.min(tables.lengthOf(row), 0xffff);
  if (isIpv6) {
    view.setUint8(ip, 0x60);
    view.setUint16(ip + ipv6.PAYLOAD_LENGTH, Math.max(0, length - ipv6.HEADER_BYTES));
    view.setUint8(ip + ipv6.NEXT_HEADER, proto);
    view.setUint8(ip + ipv6.HOP_LIMIT, t.ttl(row));
  } else {
    view.setUint8(ip, 0x45);
    view.setUint16(ip + ipv4.TOTAL_LENGTH, length);
    view.setUint16(ip + ipv4.IDENTIFICATION, t.ipId(row));
    view.setUint16(ip + ipv4.FRAGMENT, fragmentWord(t.flags(row)));
    view.setUint8(ip + ipv4.TTL, t.ttl(row));
    view.setUint8(ip + ipv4.PROTOCOL, proto);
  }
  const addressesAt = ip + (isIpv6 ? ipv6.SOURCE : ipv4.SOURCE);
  for (const [at, word] of [...src, ...dst].entries()) view.setUint32(addressesAt + 4 * at, word);
  if (isHeadless) return bytes;
  const behind = ip + ipBytes;
  if (hasPorts(proto)) {
    view.setUint16(behind, srcPort ?? 0);
    view.setUint16(behind + 2, dstPort ?? 0);
  }
  if (proto === TCP) {
    view.setUint32(behind + tcp.SEQUENCE, t.seq(row));
    view.setUint32(behind + tcp.ACKNOWLEDGEMENT, t.ack(row));
    view.setUint16(behind + tcp.OFFSET_FLAGS_WINDOW, ((tcp.HEADER_BYTES / 4) << 12) | t.tcpFlags(row));
  }
  if (proto === ICMP || proto === ICMPV6) {
    // type and code stand where records have them
    view.setUint16(behind, t.seq(row) >>> 16);
    view.setUint16(behind + icmp.ID, icmpId ?? 0);
    view.setUint16(behind + icmp.SEQUENCE, t.seq(row) & 0xffff);
  }
  return bytes;
}

function fragmentWord(flags: number): number {
  if ((flags & IS_LATER_FRAGMENT) !== 0) return LATER;
  return (flags & IS_FRAGMENT) === 0 ? 0 : ipv4.MF;
}
