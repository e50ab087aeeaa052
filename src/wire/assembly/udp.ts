import { HAS_PAYLOAD, IS_HEADLESS } from "../../packets/packets.js";
import { FLAGS_PROTO_TTL, HEAD, PAYLOAD_LENGTH, PORTS } from "../../packets/records.js";
import { wordAt } from "./bytes.js";
import { headOf, takePayload } from "./hash.js";

/** RFC 768: ports, a length that the IP header has told already, and a checksum that a NAT rewrites. */
const HEADER_BYTES = 8;
export const LENGTH = 4;

/** As `tcp`, of a UDP header; all of the payload is taken into the key. */
export function udp(at: i32, end: i32, kept: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const payload = at + HEADER_BYTES;
  if (payload > kept) {
    store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
    return;
  }
  store<i32>(record, wordAt(at), 4 * PORTS);
  store<i32>(record, end - payload, 4 * PAYLOAD_LENGTH);
  store<i32>(record, headOf(payload, end, kept), 4 * HEAD);
  if (payload < kept) {
    store<i32>(record, flags | HAS_PAYLOAD, 4 * FLAGS_PROTO_TTL);
    takePayload(record, payload, end, kept);
  }
}
