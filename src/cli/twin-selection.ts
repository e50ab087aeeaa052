import { parseAddress, wordsOf } from "../host/address.js";
import { IS_FRAGMENT, IS_HEADLESS, IS_LATER_FRAGMENT } from "../packets/packets.js";
import type { Containers } from "../packets/results/containers.js";
import type { Ends, Tables } from "../packets/results/results.js";
import { HeaderFilter } from "../pipeline/header-filter.js";
import type { FrameFilter } from "../pipeline/frame-filter.js";
import { hasPorts, ICMP, ICMPV6, TCP } from "../protocols/ip-protocols.js";
import { ETHERNET_BYTES, ETHERNET_TYPE } from "../protocols/link-types.js";
import { otherFormOf } from "../report/other-form.js";

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** As much of each protocol's header as is known of a packet: of TCP, up to its flags. */
const TCP_BYTES = 14;
const REST_BYTES = 8;
/** MF, and the least offset there is (RFC 791). */
const MORE_FRAGMENTS = 0x2000;
const LATER = 1;

/** Whether a pcap filter selects packets without a twin by what they are on the other side, where that is known. */
export class TwinSelection {
  readonly #filter: HeaderFilter;
  readonly #containers: Pick<Containers, "insideOf">;

  constructor(filter: FrameFilter, containers: Pick<Containers, "insideOf">) {
    this.#filter = new HeaderFilter(filter);
    this.#containers = containers;
  }

  selects(tables: Tables, row: number): boolean {
    const form = otherFormOf(tables, this.#containers, row);
    const header = form && headerOf(tables, row, form.ends);
    return header !== undefined && this.#filter.selects(header, ETHERNET_BYTES + tables.lengthOf(row));
  }
}

/** The beginning of a row's packet as it is on the other side, behind an empty header of Ethernet, as far as NATs leave it alone. */
function headerOf(tables: Tables, row: number, { src, dst, srcPort, dstPort, icmpId }: Ends): Uint8Array | undefined {
  const { timeline: t } = tables;
  const addresses = [src, dst].flatMap((text) => parseAddress(text) ?? []);
  if (addresses.length < 2) return undefined;
  const [{ isIpv6 }] = addresses;
  const proto = t.proto(row);
  const ipBytes = isIpv6 ? IPV6_BYTES : IPV4_BYTES;
  const isHeadless = (t.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0;
  const bytes = new Uint8Array(ETHERNET_BYTES + ipBytes + (isHeadless ? 0 : proto === TCP ? TCP_BYTES : REST_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint16(ETHERNET_TYPE, isIpv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
  const ip = ETHERNET_BYTES;
  const length = Math.min(tables.lengthOf(row), 0xffff);
  if (isIpv6) {
    view.setUint8(ip, 0x60);
    view.setUint16(ip + 4, Math.max(0, length - IPV6_BYTES));
    view.setUint8(ip + 6, proto);
    view.setUint8(ip + 7, t.ttl(row));
  } else {
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, length);
    view.setUint16(ip + 4, t.ipId(row));
    view.setUint16(ip + 6, fragmentWord(t.flags(row)));
    view.setUint8(ip + 8, t.ttl(row));
    view.setUint8(ip + 9, proto);
  }
  const words = addresses.flatMap((each) => Array.from(wordsOf(isIpv6, each.value)));
  const addressesAt = ip + ipBytes - 4 * words.length;
  for (const [at, word] of words.entries()) view.setUint32(addressesAt + 4 * at, word);
  if (isHeadless) return bytes;
  const behind = ip + ipBytes;
  if (hasPorts(proto)) {
    view.setUint16(behind, srcPort ?? 0);
    view.setUint16(behind + 2, dstPort ?? 0);
  }
  if (proto === TCP) {
    view.setUint32(behind + 4, t.seq(row));
    view.setUint32(behind + 8, t.ack(row));
    view.setUint8(behind + 12, 0x50);
    view.setUint8(behind + 13, t.tcpFlags(row));
  }
  if (proto === ICMP || proto === ICMPV6) {
    // type and code stand where records have them
    view.setUint16(behind, t.seq(row) >>> 16);
    view.setUint16(behind + 4, icmpId ?? 0);
    view.setUint16(behind + 6, t.seq(row) & 0xffff);
  }
  return bytes;
}

function fragmentWord(flags: number): number {
  if ((flags & IS_LATER_FRAGMENT) !== 0) return LATER;
  return (flags & IS_FRAGMENT) === 0 ? 0 : MORE_FRAGMENTS;
}
