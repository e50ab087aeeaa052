import {
  HAS_IP_ID,
  HAS_MORE_FRAGMENTS,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
} from "../../packets/packets.js";
import { DST, FLAGS_PROTO_TTL, flagsProtoTtl, IP_ID, LENGTH, SEQ, SRC } from "../../packets/records.js";
import {
  AH,
  DESTINATION_OPTIONS,
  FRAGMENT,
  HOP_BY_HOP,
  MOBILITY,
  NO_NEXT_HEADER,
  ROUTING,
} from "../../protocols/ip-protocols.js";
import { DESTINATION, HEADER_BYTES, HOP_LIMIT, NEXT_HEADER, PAYLOAD_LENGTH, SOURCE } from "../../protocols/ipv6.js";
import { IPV6_CUT, IPV6_EXTENSION_OVERLONG, IPV6_MANY_EXTENSIONS } from "../reasons.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";
import { beginKey, joined, mixWord, sumOf } from "./hash.js";

/** The M bit beside a fragment's offset. */
const MORE_FRAGMENTS = 1;

/** RFC 8200 section 4.1 has each header at most once, destination options twice: seven; one more for luck. */
const MAX_EXTENSIONS = 8;
/** Every extension header is at least this long, and the fragment header is exactly. */
const MIN_EXTENSION_BYTES = 8;

const VERSION_6 = 6 << 28;

/** How a walk along the extension headers ended. */
export const COMPLETE = 0;
const CUT = 1;
const OVERLONG = 2;
const TOO_MANY = 3;

/** What the last walk found beside where it stopped: how it ended, and the header that it stopped at. */
export let walkEnd = 0;
export let proto = 0;
export let fragmentId = 0;
/** Offset in bytes; bit 0 says that more fragments follow (RFC 8200 section 4.5). */
export let fragment = 0;
/** Where an authentication header is, and where it ends; 0 where there is none. */
let authentication = 0;
let authenticationEnd = 0;

function isExtension(next: i32): bool {
  switch (next) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AH:
    case DESTINATION_OPTIONS:
    case MOBILITY:
      return true;
    default:
      return false;
  }
}

/**
 * Walks from the extension header `first` at `from` to the first header that is none, or to what a later fragment
 * carries. `end` is where the captured bytes end, `datagramEnd` where the datagram does. Returns where it stopped.
 */
export function walkExtensions(from: i32, first: i32, end: i32, datagramEnd: i32): i32 {
  let at = from;
  let next = first;
  walkEnd = COMPLETE;
  fragmentId = 0;
  fragment = 0;
  authentication = 0;
  authenticationEnd = 0;
  for (let headers = 0; isExtension(next) && fragment < 8; headers++) {
    if (headers === MAX_EXTENSIONS) {
      walkEnd = TOO_MANY;
      break;
    }
    if (at + MIN_EXTENSION_BYTES > datagramEnd) {
      walkEnd = OVERLONG;
      break;
    }
    if (at + MIN_EXTENSION_BYTES > end) {
      walkEnd = CUT;
      break;
    }
    let size = MIN_EXTENSION_BYTES;
    if (next === FRAGMENT) {
      fragment = halfAt(at + 2) & 0xfff9;
      fragmentId = wordAt(at + 4);
    } else if (next === AH) {
      size = (byteAt(at + 1) + 2) << 2;
      authentication = at;
      authenticationEnd = at + size;
    } else {
      size = (byteAt(at + 1) + 1) << 3;
    }
    if (at + size > datagramEnd) {
      walkEnd = OVERLONG;
      break;
    }
    next = byteAt(at);
    at += size;
  }
  proto = next;
  return at;
}

/** The address at `at` into the four words at `to`. */
export function copyAddress(at: i32, to: i32): void {
  for (let byte = 0; byte < 16; byte += 4) store<i32>(to + byte, wordAt(at + byte));
}

/**
 * Writes what the headers at `at` say into a record and the two addresses, and begins the key. The version nibble has been
 * checked; `end` is where the captured bytes end, `held` how far headers are read, `covered` how far the key goes, `wireEnd` where the
 * frame ended on the wire. Returns where the header behind them begins, which may lie beyond those bytes; or ~ the reason why they are
 * of no use.
 *
 * Of extension headers, the key takes what tells fragments apart, and authentication, which counts and signs packets and which nobody
 * rewrites. Others change on the way, and so does the flow label (RFC 6437 section 3).
 */
export function ipv6(at: i32, end: i32, held: i32, covered: i32, wireEnd: i32, record: i32, src6: i32, dst6: i32): i32 {
  if (end - at < HEADER_BYTES) return ~IPV6_CUT;
  const first = byteAt(at + NEXT_HEADER);
  const declared = halfAt(at + PAYLOAD_LENGTH);
  // A jumbogram (RFC 2675) or segmentation offload; nothing but Ethernet padding can follow "no next header".
  const isJumbo = declared === 0 && first !== NO_NEXT_HEADER;
  const datagramEnd = isJumbo ? wireEnd : at + HEADER_BYTES + declared;
  const transport = walkExtensions(at + HEADER_BYTES, first, held, datagramEnd);
  if (walkEnd === OVERLONG) return ~IPV6_EXTENSION_OVERLONG;
  if (walkEnd === TOO_MANY) return ~IPV6_MANY_EXTENSIONS;

  store<i32>(record, fragmentId, 4 * IP_ID);
  store<i32>(record, datagramEnd - at, 4 * LENGTH);
  copyAddress(at + SOURCE, src6);
  copyAddress(at + DESTINATION, dst6);
  store<i32>(record, wordAt(at + SOURCE), 4 * SRC);
  store<i32>(record, wordAt(at + DESTINATION), 4 * DST);

  let flags = IS_IPV6;
  if (fragmentId !== 0) flags |= HAS_IP_ID;
  if (walkEnd === CUT) flags |= IS_HEADLESS;
  if (fragment !== 0) {
    flags |= fragment < 8 ? IS_FRAGMENT : IS_FRAGMENT | IS_LATER_FRAGMENT;
    if ((fragment & MORE_FRAGMENTS) !== 0) flags |= HAS_MORE_FRAGMENTS;
  }
  store<i32>(record, fragment & 0xfff8, 4 * SEQ);
  store<i32>(record, flagsProtoTtl(flags, proto, byteAt(at + HOP_LIMIT)), 4 * FLAGS_PROTO_TTL);

  beginKey(record, joined(VERSION_6 | (proto << 16) | fragment, fragmentId));
  if (authentication !== 0 && authenticationEnd <= min(end, covered))
    mixWord(record, sumOf(authentication + 1, authenticationEnd, 0));
  return transport;
}
