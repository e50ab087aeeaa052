import { IS_ECHO, IS_HEADLESS, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { icmpNumberIn, icmpCodeIn, icmpTypeIn } from "../../packets/records.js";
import type { Tables } from "../../packets/results/results.js";
import { HEADER_BYTES as ICMP_HEADER_BYTES } from "../../protocols/icmp.js";
import { ICMP, ICMPV6, protocolName, TCP, UDP } from "../../protocols/ip-protocols.js";
import { ACK, FIN, RST, SYN } from "../../protocols/tcp.js";
import { endsText } from "./ends-text.js";
import { icmpMessage } from "./icmp-wording.js";
import { tcpFlagsText } from "../tcp-flags.js";

/** What a NAT leaves alone of a packet, in tcpdump's wording: `Flags [P.], seq 1:11, ack 5, length 10`. */
export function wording(tables: Tables, row: number): string {
  const t = tables.timeline;
  const payload = t.payloadLength(row);
  const proto = t.proto(row);
  const flags = t.flags(row);
  if ((flags & IS_LATER_FRAGMENT) !== 0)
    return `${protocolName(proto)} fragment, offset ${t.seq(row)}, length ${payload}`;
  if ((flags & IS_HEADLESS) !== 0) return `[|${protocolName(proto)}], length ${payload}`;
  if (proto === UDP) return `UDP, length ${payload}`;
  if (proto === TCP) {
    const bits = t.tcpFlags(row);
    const from = t.seq(row);
    const hasSeq = payload > 0 || (bits & (SYN | FIN | RST)) !== 0;
    const seq = hasSeq ? `, seq ${from}${payload > 0 ? `:${(from + payload) % 2 ** 32}` : ""}` : "";
    const ack = (bits & ACK) === 0 ? "" : `, ack ${t.ack(row)}`;
    return `Flags [${tcpFlagsText(bits)}]${seq}${ack}, length ${payload}`;
  }
  if (proto !== ICMP && proto !== ICMPV6) return `ip-proto-${proto}, length ${payload}`;
  const isEcho = (flags & IS_ECHO) !== 0;
  const seq = isEcho ? `, seq ${icmpNumberIn(t.seq(row))}` : "";
  // tcpdump counts the ICMP header as length
  return `${proto === ICMPV6 ? "ICMP6," : "ICMP"} ${messageOf(tables, row)}${seq}, length ${payload + ICMP_HEADER_BYTES}`;
}

/** The same in as few characters as can be understood: `[P.] length 10`, `echo request 3`. */
export function shortWording(tables: Tables, row: number): string {
  const t = tables.timeline;
  const payload = t.payloadLength(row);
  const proto = t.proto(row);
  const flags = t.flags(row);
  if ((flags & IS_LATER_FRAGMENT) !== 0) return `${protocolName(proto)} fragment at ${t.seq(row)}`;
  if ((flags & IS_HEADLESS) !== 0) return `[|${protocolName(proto)}]`;
  if (proto === UDP) return `UDP length ${payload}`;
  if (proto === TCP) return `[${tcpFlagsText(t.tcpFlags(row))}] length ${payload}`;
  if (proto !== ICMP && proto !== ICMPV6) return `ip-proto-${proto} length ${payload}`;
  return (flags & IS_ECHO) === 0 ? messageOf(tables, row) : `${messageOf(tables, row)} ${icmpNumberIn(t.seq(row))}`;
}

/** What an ICMP message says; of an error, about which packet. */
export function messageOf(tables: Tables, row: number): string {
  const t = tables.timeline;
  const message = t.seq(row);
  const quoted = tables.quoteOf(row)?.quoted;
  const text = icmpMessage(t.proto(row) === ICMPV6, icmpTypeIn(message), icmpCodeIn(message), quoted);
  return quoted === undefined ? text : `${text} for ${quoted.proto} ${endsText(quoted, 0, String)}`;
}
