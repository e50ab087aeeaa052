import { HAS_SENDING_TIME, IS_ECHO, IS_HEADLESS, IS_IPV6 } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, PAYLOAD_LENGTH_CLASS, PORTS, portsFromTo, SEQ } from "../../packets/records.js";
import { CODE, HEADER_BYTES, ID, isEcho, isError, isTooBig, SEQUENCE } from "../../protocols/icmp.js";
import { byteAt, halfAt } from "./bytes.js";
import { hasSendingTime } from "./echo.js";
import { mixWord } from "./hash.js";
import { content } from "./payload.js";
import { quote } from "./quote.js";

/**
 * As `udp`, of an ICMP or ICMPv6 header; errors are handed on to `quote`. `captured`: where this capture's bytes of the
 * datagram end.
 */
export function icmp(at: i32, end: i32, captured: i32, held: i32, kept: i32, isWhole: bool, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const isIpv6 = (flags & IS_IPV6) !== 0;
  const body = at + HEADER_BYTES;
  if (body > held) {
    store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
    return;
  }
  const type = byteAt(at);
  const id = halfAt(at + ID);
  const typeAndCode = halfAt(at) << 16;
  // The id stays out of the key: netfilter rewrites it in timestamp and address mask messages as in echoes.
  const word = typeAndCode | halfAt(at + SEQUENCE);
  store<i32>(record, typeAndCode, 4 * SEQ);
  store<i32>(record, end - body, 4 * PAYLOAD_LENGTH_CLASS);
  mixWord(record, word);
  if (isError(type, isIpv6)) {
    if (isTooBig(type, byteAt(at + CODE), isIpv6)) store<i32>(record, word, 4 * SEQ);
    mixWord(record, id);
    quote(body, captured, kept, record);
    return;
  }
  if (isEcho(type, isIpv6)) {
    const told = hasSendingTime(body, kept) ? HAS_SENDING_TIME : 0;
    store<i32>(record, flags | IS_ECHO | told, 4 * FLAGS_PROTO_TTL);
    store<i32>(record, portsFromTo(id, id), 4 * PORTS);
    store<i32>(record, word, 4 * SEQ);
  }
  content(body, end, kept, HEADER_BYTES, isWhole, record);
}
