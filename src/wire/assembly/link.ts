import {
  ETHERTYPE_8021AD,
  ETHERTYPE_8021Q,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_MPLS,
  ETHERTYPE_PPPOE,
  ETHERTYPE_QINQ,
} from "../../protocols/ethertypes.js";
import {
  ETHERNET,
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  IPV4,
  IPV6,
  LOOP,
  LOOPBACK_BYTES,
  NULL,
  PPP,
  PPPOE,
  PPPOE_BYTES,
  PPP_ADDRESS_BYTES,
  PPP_PROTOCOL_BYTES,
  RAW,
  RAW_BSD,
  RAW_OPENBSD,
  SLL,
  SLL2,
  SLL2_BYTES,
  SLL2_TYPE,
  SLL_BYTES,
  SLL_TYPE,
} from "../../protocols/link-types.js";
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

/** Version and type (both 1), and the code of a session's packets, RFC 2516 section 4. */
const PPPOE_SESSION = 0x1100;

/** PPP protocol numbers, https://www.iana.org/assignments/ppp-numbers */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
/** RFC 1662 section 3.1. */
const PPP_ADDRESS_AND_CONTROL = 0xff03;

/** Networks stack two tags; more than this is noise that happens to look like tags. */
const MAX_TAGS = 4;

/** The version of a raw link type that leaves it to the IP header. */
const EITHER_VERSION = -1;

/** Where the IP header is in the frame at `start` … `end`-1, its version nibble checked; or ~ the reason why it has none. */
export function ipHeader(start: i32, end: i32, linkType: i32): i32 {
  switch (linkType) {
    case ETHERNET:
      if (end - start < ETHERNET_BYTES) return ~ETHERNET_CUT;
      return byEthertype(start + ETHERNET_TYPE, start + ETHERNET_BYTES, end);
    case SLL:
      if (end - start < SLL_BYTES) return ~SLL_CUT;
      return byEthertype(start + SLL_TYPE, start + SLL_BYTES, end);
    case SLL2:
      if (end - start < SLL2_BYTES) return ~SLL2_CUT;
      return byEthertype(start + SLL2_TYPE, start + SLL2_BYTES, end);
    case NULL:
    case LOOP:
      if (end - start < LOOPBACK_BYTES) return ~LOOPBACK_CUT;
      return byAddressFamily(start, end, linkType);
    case PPPOE:
      return pppoe(start, end);
    case PPP:
      return ppp(hasAddress(start, end) ? start + PPP_ADDRESS_BYTES : start, end);
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

function hasAddress(start: i32, end: i32): bool {
  return end - start >= PPP_ADDRESS_BYTES && halfAt(start) === PPP_ADDRESS_AND_CONTROL;
}

function ppp(at: i32, end: i32): i32 {
  if (end - at < PPP_PROTOCOL_BYTES) return ~PPP_CUT;
  switch (halfAt(at)) {
    case PPP_IPV4:
      return ofVersion(at + PPP_PROTOCOL_BYTES, end, 4);
    case PPP_IPV6:
      return ofVersion(at + PPP_PROTOCOL_BYTES, end, 6);
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
      return ofVersion(start + LOOPBACK_BYTES, end, 4);
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return ofVersion(start + LOOPBACK_BYTES, end, 6);
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
