import type { Tally } from "../packets/packets.js";
import { undecoded } from "./undecoded.js";

/** Link types, https://www.tcpdump.org/linktypes.html; 12 and 14 are DLT_RAW of the BSDs, which old files carry. */
const NULL = 0;
const ETHERNET = 1;
const RAW = 101;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const LOOP = 108;
const SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const SLL2 = 276;

/** Ethertypes, https://www.iana.org/assignments/ieee-802-numbers */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_8021Q = 0x8100;
const ETHERTYPE_8021AD = 0x88a8;
/** Stacked tags of switches older than 802.1ad. */
const ETHERTYPE_QINQ = 0x9100;

/** Networks stack two tags; more than this is noise that happens to look like tags. */
const MAX_TAGS = 4;

/** Where in a header the ethertype lies. */
const ETHERNET_TYPE = 12;
const SLL_TYPE = 14;
const SLL2_TYPE = 0;

/** `ipOffset` for a frame that has been counted as undecodable. */
const UNDECODED = -1;

function unread(tally: Tally, frame: number, reason: string): number {
  undecoded(tally, frame, reason);
  return UNDECODED;
}

/** The version of a raw link type that leaves it to the IP header. */
const EITHER_VERSION = 0;

const VERSION_REASONS: Readonly<Record<number, string>> = {
  [EITHER_VERSION]: "IP: version field is neither 4 nor 6",
  4: "IPv4: version field is not 4",
  6: "IPv6: version field is not 6",
};

/** `ipOffset` for a frame that carries something else than IP. */
export const NOT_IP = -2;

/** Names for link types people do capture on, though nothing here reads them. */
const LINK_NAMES: Readonly<Record<number, string>> = {
  9: "PPP",
  50: "PPP over serial",
  51: "PPPoE",
  104: "Cisco HDLC",
  105: "IEEE 802.11",
  127: "IEEE 802.11 with radiotap",
  192: "PPI",
  195: "IEEE 802.15.4",
  201: "Bluetooth HCI",
  220: "Linux USB",
  253: "Linux netlink",
};

const unsupported = new Map<number, string>();

/** One string a link type, made once: a capture of another link type asks for it with every frame. */
function unsupportedReason(linkType: number): string {
  let reason = unsupported.get(linkType);
  if (reason === undefined) {
    const name = LINK_NAMES[linkType];
    reason = `link type ${linkType}${name === undefined ? "" : ` (${name})`} is not supported`;
    unsupported.set(linkType, reason);
  }
  return reason;
}

/**
 * Bytes the link header takes before the IP header, for turning a snaplen into bytes of the IP datagram; 0 for a link
 * type without a header, and for one that is not supported. VLAN tags are not in it: each takes 4 bytes more.
 */
export function linkHeaderBytes(linkType: number): number {
  switch (linkType) {
    case ETHERNET:
      return 14;
    case SLL:
      return 16;
    case SLL2:
      return 20;
    case NULL:
    case LOOP:
      return 4;
    default:
      return 0;
  }
}

/**
 * Offset of the IP header in the frame at `start` … `end`-1, its version nibble checked; or NOT_IP; or another
 * negative number, and then the frame is in the tally.
 */
export function ipOffset(
  view: DataView,
  start: number,
  end: number,
  linkType: number,
  tally: Tally,
  frame: number,
): number {
  switch (linkType) {
    case ETHERNET:
      if (end - start < 14) return unread(tally, frame, "Ethernet: fewer than the 14 header bytes captured");
      return byEthertype(view, start + ETHERNET_TYPE, start + 14, end, tally, frame);
    case SLL:
      if (end - start < 16) return unread(tally, frame, "Linux SLL: fewer than the 16 header bytes captured");
      return byEthertype(view, start + SLL_TYPE, start + 16, end, tally, frame);
    case SLL2:
      if (end - start < 20) return unread(tally, frame, "Linux SLL2: fewer than the 20 header bytes captured");
      return byEthertype(view, start + SLL2_TYPE, start + 20, end, tally, frame);
    case NULL:
    case LOOP:
      if (end - start < 4) return unread(tally, frame, "loopback: fewer than the 4 header bytes captured");
      return byAddressFamily(view, start, end, linkType, tally, frame);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
      return ofVersion(view, start, end, EITHER_VERSION, tally, frame);
    case IPV4:
      return ofVersion(view, start, end, 4, tally, frame);
    case IPV6:
      return ofVersion(view, start, end, 6, tally, frame);
    default:
      return unread(tally, frame, unsupportedReason(linkType));
  }
}

function byEthertype(
  view: DataView,
  typeAt: number,
  payload: number,
  end: number,
  tally: Tally,
  frame: number,
): number {
  let type = view.getUint16(typeAt);
  let at = payload;
  for (let tags = 0; type === ETHERTYPE_8021Q || type === ETHERTYPE_8021AD || type === ETHERTYPE_QINQ; tags++) {
    if (tags === MAX_TAGS) return unread(tally, frame, "VLAN: more than 4 tags");
    if (end - at < 4) return unread(tally, frame, "VLAN: fewer than the 4 bytes of a tag captured");
    type = view.getUint16(at + 2);
    at += 4;
  }
  if (type === ETHERTYPE_IPV4) return ofVersion(view, at, end, 4, tally, frame);
  if (type === ETHERTYPE_IPV6) return ofVersion(view, at, end, 6, tally, frame);
  return NOT_IP;
}

/** NULL holds the family in the capturing host's byte order, LOOP in network order; families are small numbers. */
function byAddressFamily(
  view: DataView,
  start: number,
  end: number,
  linkType: number,
  tally: Tally,
  frame: number,
): number {
  const bigEndian = view.getInt32(start);
  const littleEndian = view.getInt32(start, true);
  switch (linkType === NULL && (bigEndian & 0xffff) === 0 ? littleEndian : bigEndian) {
    case 2:
      return ofVersion(view, start + 4, end, 4, tally, frame);
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return ofVersion(view, start + 4, end, 6, tally, frame);
    default:
      return NOT_IP;
  }
}

function ofVersion(view: DataView, at: number, end: number, version: number, tally: Tally, frame: number): number {
  if (at >= end) return unread(tally, frame, "IP: no byte of the header captured");
  const found = view.getUint8(at) >>> 4;
  if (found === version || (version === EITHER_VERSION && (found === 4 || found === 6))) return at;
  return unread(tally, frame, VERSION_REASONS[version]);
}
