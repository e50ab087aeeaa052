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
  BY_ETHERTYPE,
  BY_FAMILY,
  BY_OWN_FAMILY,
  BY_PPP,
  BY_PPPOE,
  BY_VERSION,
  bytesOf,
  ETHERNET_DESTINATION,
  ETHERNET_GROUP,
  ETHERNET_SOURCE,
  ETHERNET_TYPE,
  ONLY_IPV4,
  ONLY_IPV6,
  PPP_ADDRESS_BYTES,
  PPP_ADDRESS_AND_CONTROL,
  PPP_IPV4,
  PPP_IPV6,
  PPP_PROTOCOL_BYTES,
  PPPOE_BYTES,
  PPPOE_SESSION,
  typeAtOf,
  whatTells,
} from "../../protocols/link-types.js";
import { macHash, NO_MAC } from "../../protocols/mac.js";
import {
  LINK_CUT,
  MANY_TAGS,
  MPLS_CUT,
  NO_IP_BYTE,
  NO_VERSION,
  NOT_IP,
  NOT_VERSION_4,
  NOT_VERSION_6,
  PPPOE_CUT,
  PPP_CUT,
  TAG_CUT,
  UNSUPPORTED_LINK,
} from "../reasons.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";

/** Networks stack two tags; more than this is noise that happens to look like tags. */
const MAX_TAGS = 4;

/** The version of a raw link type that leaves it to the IP header. */
const EITHER_VERSION = -1;

/**
 * Where the IP header is in the frame at `start` … `end`-1, its version nibble checked; or ~ the reason why it has none. `link`: what is known of
 * its link type, as `linkBy` has it.
 */
export function ipHeader(start: i32, end: i32, link: i32): i32 {
  const behind = start + bytesOf(link);
  switch (whatTells(link)) {
    case BY_ETHERTYPE:
      return behind > end ? ~LINK_CUT : byEthertype(start + typeAtOf(link), behind, end);
    case BY_OWN_FAMILY:
      return behind > end ? ~LINK_CUT : byAddressFamily(ownFamily(start), behind, end);
    case BY_FAMILY:
      return behind > end ? ~LINK_CUT : byAddressFamily(wordAt(start), behind, end);
    case BY_PPPOE:
      return pppoe(start, end);
    case BY_PPP:
      return ppp(hasAddress(start, end) ? start + PPP_ADDRESS_BYTES : start, end);
    case BY_VERSION:
      return ofVersion(start, end, EITHER_VERSION);
    case ONLY_IPV4:
      return ofVersion(start, end, 4);
    case ONLY_IPV6:
      return ofVersion(start, end, 6);
    default:
      return ~UNSUPPORTED_LINK;
  }
}

/** Whether the frames of a link type have MAC addresses. */
export function hasMacs(link: i32): bool {
  return typeAtOf(link) === ETHERNET_TYPE;
}

/** `macHash` of who sent the frame at `start`, which has an IP header. Precondition: its link type has MAC addresses. */
export function macFrom(start: i32): i32 {
  return macAt(start + ETHERNET_SOURCE);
}

/** The same of whom it goes to; NO_MAC where those are several. */
export function macTo(start: i32): i32 {
  return (byteAt(start + ETHERNET_DESTINATION) & ETHERNET_GROUP) === 0 ? macAt(start + ETHERNET_DESTINATION) : NO_MAC;
}

function macAt(at: i32): i32 {
  return macHash(halfAt(at), wordAt(at + 2));
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

/** The family in the capturing host's byte order; families are small numbers. */
function ownFamily(at: i32): i32 {
  const bigEndian = wordAt(at);
  return (bigEndian & 0xffff) === 0 ? load<i32>(at) : bigEndian;
}

function byAddressFamily(family: i32, at: i32, end: i32): i32 {
  switch (family) {
    case 2:
      return ofVersion(at, end, 4);
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
      return ofVersion(at, end, 6);
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
