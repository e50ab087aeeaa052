import {
  HAS_IP_ID,
  HAS_MORE_FRAGMENTS,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
  type PacketBatch,
  type Tally,
} from "../packets/packets.js";
import { FLAGS_PROTO_TTL, IP_ID, KEY, KEY2, LENGTH, RECORD_BITS, SEQ } from "../packets/records.js";
import { KEY2_SEED, KEY_SEED, mix, mix2 } from "./hash.js";
import type { Layout } from "./layout.js";
import { undecoded } from "./undecoded.js";

/** Byte offsets in the header, RFC 8200 section 3. */
export const PAYLOAD_LENGTH = 4;
export const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
export const SOURCE = 8;
export const DESTINATION = 24;
export const HEADER_BYTES = 40;

/** Next header values, https://www.iana.org/assignments/ipv6-parameters */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;

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

/** What the last walk found beside the offset it returned. */
export const chain = {
  end: COMPLETE,
  /** The header it stopped at. */
  proto: 0,
  fragmentId: 0,
  /** Offset in bytes; bit 0 says that more fragments follow (RFC 8200 section 4.5). */
  fragment: 0,
};

function isExtension(next: number): boolean {
  switch (next) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
      return true;
    default:
      return false;
  }
}

/**
 * Walks from the extension header `first` at `from` to the first header that is none, or to what a later fragment
 * carries. `end` is where the captured bytes end, `datagramEnd` where the datagram does. Returns the offset it stopped
 * at and fills `chain`.
 */
export function walkExtensions(view: DataView, from: number, first: number, end: number, datagramEnd: number): number {
  let at = from;
  let next = first;
  chain.end = COMPLETE;
  chain.fragmentId = 0;
  chain.fragment = 0;
  for (let headers = 0; isExtension(next) && chain.fragment < 8; headers++) {
    if (headers === MAX_EXTENSIONS) {
      chain.end = TOO_MANY;
      break;
    }
    if (at + MIN_EXTENSION_BYTES > datagramEnd) {
      chain.end = OVERLONG;
      break;
    }
    if (at + MIN_EXTENSION_BYTES > end) {
      chain.end = CUT;
      break;
    }
    let size = MIN_EXTENSION_BYTES;
    if (next === FRAGMENT) {
      chain.fragment = view.getUint16(at + 2) & 0xfff9;
      chain.fragmentId = view.getUint32(at + 4);
    } else if (next === AUTHENTICATION) {
      size = (view.getUint8(at + 1) + 2) << 2;
    } else {
      size = (view.getUint8(at + 1) + 1) << 3;
    }
    if (at + size > datagramEnd) {
      chain.end = OVERLONG;
      break;
    }
    next = view.getUint8(at);
    at += size;
  }
  chain.proto = next;
  return at;
}

/** The four words of an address at `at`, into row `row` of `column`. */
export function copyAddress(view: DataView, at: number, column: Uint32Array, row: number): void {
  for (let word = 0, byte = at; word < 4; word++, byte += 4) {
    column[row * 4 + word] = view.getInt32(byte);
  }
}

/**
 * Lays out `row`, writes its IP columns and begins its key. The version nibble has been checked; `end` is where the
 * captured bytes end, `kept` where those end that both captures have, `wireEnd` where the frame ended on the wire. False
 * if the headers are of no use, and then the frame is in the tally.
 */
export function ipv6(
  view: DataView,
  at: number,
  end: number,
  kept: number,
  wireEnd: number,
  layout: Layout,
  out: PacketBatch,
  row: number,
  tally: Tally,
  frame: number,
): boolean {
  if (end - at < HEADER_BYTES) return undecoded(tally, frame, "IPv6: fewer than the 40 header bytes captured");
  const first = view.getUint8(at + NEXT_HEADER);
  const declared = view.getUint16(at + PAYLOAD_LENGTH);
  // A jumbogram (RFC 2675) or segmentation offload; nothing but Ethernet padding can follow "no next header".
  const isJumbo = declared === 0 && first !== NO_NEXT_HEADER;
  const datagramEnd = isJumbo ? wireEnd : at + HEADER_BYTES + declared;
  const transport = walkExtensions(view, at + HEADER_BYTES, first, kept, datagramEnd);
  if (chain.end === OVERLONG) {
    return undecoded(tally, frame, "IPv6: extension header ends beyond the payload length");
  }
  if (chain.end === TOO_MANY) return undecoded(tally, frame, "IPv6: more than 8 extension headers");

  const { proto, fragmentId, fragment } = chain;
  const { records } = out;
  const r = row << RECORD_BITS;
  records[r + IP_ID] = fragmentId;
  records[r + LENGTH] = datagramEnd - at;
  copyAddress(view, at + SOURCE, out.src, row);
  copyAddress(view, at + DESTINATION, out.dst, row);

  let flags = IS_IPV6;
  if (fragmentId !== 0) flags |= HAS_IP_ID;
  if (chain.end === CUT) flags |= IS_HEADLESS;
  if (fragment !== 0) {
    flags |= fragment < 8 ? IS_FRAGMENT : IS_FRAGMENT | IS_LATER_FRAGMENT;
    if ((fragment & MORE_FRAGMENTS) !== 0) flags |= HAS_MORE_FRAGMENTS;
  }
  records[r + SEQ] = fragment & 0xfff8;
  records[r + FLAGS_PROTO_TTL] = flags | (proto << 16) | (view.getUint8(at + HOP_LIMIT) << 24);

  const flowLabel = view.getInt32(at) & 0xfffff;
  const word = VERSION_6 | (proto << 20) | flowLabel;
  const length = datagramEnd - transport;
  layout.transport[row] = transport;
  layout.end[row] = datagramEnd;
  records[r + KEY] = mix(mix(mix(mix(KEY_SEED, word), length), fragmentId), fragment);
  records[r + KEY2] = mix2(mix2(mix2(mix2(KEY2_SEED, word), length), fragmentId), fragment);
  return true;
}
