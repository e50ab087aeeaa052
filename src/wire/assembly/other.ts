/** Protocols that are told apart by their bytes, but for those that netfilter rewrites: it keeps to these few. */
import { IS_HEADLESS } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, PORTS, protoIn } from "../../packets/records.js";
import { fieldBehindPorts, GRE, PORTS_BYTES } from "../../protocols/ip-protocols.js";
import { halfAt, wordAt } from "./bytes.js";
import { mixWord } from "./hash.js";
import { content } from "./payload.js";

/** RFC 2637 section 4.1, GRE of version 1: flags and version, protocol, length; then a call's id, which is like a port. */
const GRE_VERSION = 7;
const PPTP = 1;
const PPTP_LENGTH = 4;
const PPTP_CALL_BYTES = 8;

/** As `udp`, of any header that no other file here knows. */
export function other(at: i32, end: i32, held: i32, kept: i32, isWhole: bool, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const proto = protoIn(flags);
  const headerLength = rewritten(proto, at, kept);
  const field = fieldBehindPorts(proto);
  if (field !== 0) {
    if (at + headerLength > held) {
      store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
      return;
    }
    store<i32>(record, wordAt(at), 4 * PORTS);
    mixWord(record, field === 4 ? <u32>wordAt(at + PORTS_BYTES) : <u32>halfAt(at + PORTS_BYTES));
  } else if (headerLength > 0 && at + headerLength <= kept) {
    mixWord(record, <u32>wordAt(at));
    mixWord(record, halfAt(at + PPTP_LENGTH));
  }
  content(at + headerLength, end, kept, headerLength, isWhole, record);
}

/** How many bytes of a header have some that are rewritten. */
export function rewritten(proto: i32, at: i32, kept: i32): i32 {
  const field = fieldBehindPorts(proto);
  if (field !== 0) return PORTS_BYTES + 2 * field;
  const isPptp = proto === GRE && at + 2 <= kept && (halfAt(at) & GRE_VERSION) === PPTP;
  return isPptp ? PPTP_CALL_BYTES : 0;
}
