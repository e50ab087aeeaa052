import { IS_HEADLESS } from "../../packets/packets.js";
import { destinationIn, FLAGS_PROTO_TTL, PAYLOAD_LENGTH_CLASS, PORTS, sourceIn } from "../../packets/records.js";
import { PORT } from "../../protocols/dns.js";
import { HEADER_BYTES } from "../../protocols/udp.js";
import { wordAt } from "./bytes.js";
import { message } from "./dns.js";
import { content } from "./payload.js";

/**
 * As `tcp`, of a UDP header. `isWhole`: whether all that it carries is kept.
 *
 * The length is not asked: the IP header has told it already, and of what segmentation offload put together, it is that of one of
 * several (linux/udp.h, UDP_SEGMENT). A NAT rewrites the checksum.
 */
export function udp(at: i32, end: i32, held: i32, kept: i32, isWhole: bool, record: i32): void {
  const body = at + HEADER_BYTES;
  if (body > held) {
    store<i32>(record, load<i32>(record, 4 * FLAGS_PROTO_TTL) | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
    return;
  }
  const ports = wordAt(at);
  store<i32>(record, ports, 4 * PORTS);
  const isAnswer = sourceIn(ports) === PORT;
  if (isAnswer || destinationIn(ports) === PORT) message(body, held, isAnswer, record);
  store<i32>(record, end - body, 4 * PAYLOAD_LENGTH_CLASS);
  content(body, end, kept, HEADER_BYTES, isWhole, record);
}
