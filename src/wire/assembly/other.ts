/** Protocols that are told apart by their bytes, but for those that netfilter rewrites: it keeps to these few. */
import { IS_HEADLESS } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, PORTS } from "../../packets/records.js";
import { DCCP, GRE, hasPorts, SCTP, UDPLITE } from "../../protocols/ip-protocols.js";
import { halfAt, wordAt } from "./bytes.js";
import { mixWord } from "./hash.js";
import { content } from "./payload.js";

/** RFC 9260 section 3.1: ports, verification tag, and a checksum over all of it. */
const SCTP_TAG = 4;
const SCTP_HEADER_BYTES = 12;
/** RFC 4340 section 5.1: ports, data offset and coverage, checksum; the rest as it is. */
const DCCP_OFFSET_AND_COVERAGE = 4;
const DCCP_CHECKED_BYTES = 8;
/** RFC 3828 section 3.1: ports, checksum coverage, checksum. */
const UDPLITE_COVERAGE = 4;
const UDPLITE_HEADER_BYTES = 8;
/** RFC 2637 section 4.1, GRE of version 1: flags and version, protocol, length; then a call's id, which is like a port. */
const GRE_VERSION = 7;
const PPTP = 1;
const PPTP_LENGTH = 4;
const PPTP_CALL_BYTES = 8;

/** As `udp`, of any header that no other file here knows. */
export function other(at: i32, end: i32, held: i32, kept: i32, isWhole: bool, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const proto = (flags >>> 16) & 0xff;
  const headerLength = rewritten(proto, at, kept);
  if (hasPorts(proto)) {
    if (at + headerLength > held) {
      store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
      return;
    }
    store<i32>(record, wordAt(at), 4 * PORTS);
  }
  switch (proto) {
    case SCTP:
      mixWord(record, <u32>wordAt(at + SCTP_TAG));
      break;
    case DCCP:
      mixWord(record, halfAt(at + DCCP_OFFSET_AND_COVERAGE));
      break;
    case UDPLITE:
      mixWord(record, halfAt(at + UDPLITE_COVERAGE));
      break;
    case GRE:
      if (headerLength > 0 && at + headerLength <= kept) {
        mixWord(record, <u32>wordAt(at));
        mixWord(record, halfAt(at + PPTP_LENGTH));
      }
      break;
  }
  content(at + headerLength, end, kept, headerLength, isWhole, record);
}

/** How many bytes of a header have some that are rewritten. */
export function rewritten(proto: i32, at: i32, kept: i32): i32 {
  switch (proto) {
    case SCTP:
      return SCTP_HEADER_BYTES;
    case DCCP:
      return DCCP_CHECKED_BYTES;
    case UDPLITE:
      return UDPLITE_HEADER_BYTES;
    case GRE:
      return at + 2 <= kept && (halfAt(at) & GRE_VERSION) === PPTP ? PPTP_CALL_BYTES : 0;
    default:
      return 0;
  }
}
