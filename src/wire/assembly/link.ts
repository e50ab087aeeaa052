import { ETHERNET, IPV4, IPV6, LOOP, NULL, PPP, PPPOE, RAW, RAW_BSD, RAW_OPENBSD, SLL, SLL2 } from "../link-types.js";
import {
  ETHERNET_CUT,
  LOOPBACK_CUT,
  MANY_TAGS,
  MPLS_CUT,
  NO_IP_BYTE,
  NO_VERSION,
  NOT_IP,
  NOT_VERSION_4,
  NOT_VERSION_6,
  PPPOE_CUT,
  PPP_CUT,
  SLL2_CUT,
  SLL_CUT,
  TAG_CUT,
  UNSUPPORTED_LINK,
} from "../reasons.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";

/** Ethertypes, https://www.iana.org/assignments/ieee-802-numbers */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_8021Q = 0x8100;
const ETHERTYPE_8021AD = 0x88a8;
/** Stacked tags of switches older than 802.1ad. */
const ETHERTYPE_QINQ = 0x9100;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_PPPOE = 0x8864;

/** RFC 2516 section 4: version and type (both 1), code (0 for a session's packets), session, length. */
const PPPOE_SESSION = 0x1100;
const PPPOE_BYTES = 6;

/** PPP protocol numbers, https://www.iana.org/assignments/ppp-numbers */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** Address and control of a PPP frame, which some links leave out (RFC 1662 section 3.1). */
const PPP_ADDRESS_AND_CONTROL = 0xff03;

/** Networks stack two tags; more than this is noise that happens to look like tags. */
const MAX_TAGS = 4;

/** Where in a header the ethertype lies. */
const ETHERNET_TYPE = 12;
const SLL_TYPE = 14;
const SLL2_TYPE = 0;

/** The version of a raw link type that leaves it to the IP header. */
const EITHER_VERSION = -1;

/** Where the IP header is in the frame at `start` … `end`-1, its version nibble checked; or ~ the reason why it has none. */
export function ipHeader(start: i32, end: i32, linkType: i32): i32 {
  switch (linkType) {
    case ETHERNET:
      if (end - start < 14) return ~ETHERNET_CUT;
      return byEthertype(start + ETHERNET_TYPE, start + 14, end);
    case SLL:
      if (end - start < 16) return ~SLL_CUT;
      return byEthertype(start + SLL_TYPE, start + 16, end);
    case SLL2:
      if (end - start < 20) return ~SLL2_CUT;
      return byEthertype(start + SLL2_TYPE, start + 20, end);
    case NULL:
    case LOOP:
      if (end - start < 4) return ~LOOPBACK_CUT;
      return byAddressFamily(start, end, linkType);
    case PPPOE:
      return pppoe(start, end);
    case PPP:
      return ppp(end - start >= 2 && halfAt(start) === PPP_ADDRESS_AND_CONTROL ? start + 2 : start, end);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
      return ofVersion(start, end, EITHER_VERSION);
    case IPV4:
      return ofVersion(start, end, 4);
    case IPV6:
      return ofVersion(start, end, 6);
    default:
      return ~UNSUPPORTED_LINK;
  }
}

function byEthertype(typeAt: i32, payload: i32, end: i32): i32 {
  let type = halfAt(typeAt);
  let at = payload;
  for (let tags = 0; type === ETHERTYPE_8021Q || type === ETHERTYPE_8021AD || type === ETHERTYPE_QINQ; tags++) {
    if (tags === MAX_TAGS) return ~MANY_TAGS;
    if (end - at < 4) return ~TAG_CUT;
    type = halfAt(at + 2);
    at += 4;
  }
  if (type === ETHERTYPE_IPV4) return ofVersion(at, end, 4);
  if (type === ETHERTYPE_IPV6) return ofVersion(at, end, 6);
  if (type === ETHERTYPE_PPPOE) return pppoe(at, end);
  return type === ETHERTYPE_MPLS ? mpls(at, end) : ~NOT_IP;
}

function pppoe(at: i32, end: i32): i32 {
  if (end - at < PPPOE_BYTES) return ~PPPOE_CUT;
  return halfAt(at) === PPPOE_SESSION ? ppp(at + PPPOE_BYTES, end) : ~NOT_IP;
}

function ppp(at: i32, end: i32): i32 {
  if (end - at < 2) return ~PPP_CUT;
  switch (halfAt(at)) {
    case PPP_IPV4:
      return ofVersion(at + 2, end, 4);
    case PPP_IPV6:
      return ofVersion(at + 2, end, 6);
    default:
      return ~NOT_IP;
  }
}

/** Labels do not tell what follows the last one of them (RFC 3032 section 2.1, bit S); IP's version does, and 0 is no IP (RFC 4928). */
function mpls(labels: i32, end: i32): i32 {
  let at = labels;
  let isLast = false;
  for (; !isLast; at += 4) {
    if (end - at < 4) return ~MPLS_CUT;
    isLast = (byteAt(at + 2) & 1) !== 0;
  }
  const reason = ofVersion(at, end, EITHER_VERSION);
  return reason === ~NO_VERSION ? ~NOT_IP : reason;
}

/** NULL holds the family in the capturing host's byte order, LOOP in network order; families are small numbers. */
function byAddressFamily(start: i32, end: i32, linkType: i32): i32 {
  const bigEndian = wordAt(start);
  const littleEndian = load<i32>(start);
  switch (linkType === NULL && (bigEndian & 0xffff) === 0 ? littleEndian : bigEndian) {
    case 2:
      return ofVersion(start + 4, end, 4);
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return ofVersion(start + 4, end, 6);
    default:
      return ~NOT_IP;
  }
}

function ofVersion(at: i32, end: i32, version: i32): i32 {
  if (at >= end) return ~NO_IP_BYTE;
  const found = byteAt(at) >>> 4;
  if (found === version || (version === EITHER_VERSION && (found === 4 || found === 6))) return at;
  return ~(version === 4 ? NOT_VERSION_4 : version === 6 ? NOT_VERSION_6 : NO_VERSION);
}
