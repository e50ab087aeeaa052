import type { Arrival } from "../../packets/results/traces.js";
import { AF_INET6 } from "../../protocols/addresses.js";
import * as ipv4 from "../../protocols/ipv4.js";
import * as ipv6 from "../../protocols/ipv6.js";
import { canonicalAddress, parseNumber } from "../address.js";
import { lineOf, type TraceLine } from "./trace-lines.js";

/** A packet, by its protocol family. */
const PACKET = /^PACKET: (\d+) ([\da-f]+) (.*)$/;
/** What a rule, or a chain's policy, did with it: `filter:FORWARD:rule:0x4:DROP  -4 -t filter -A FORWARD -j DROP`. */
const TRACE = /^ TRACE: \d+ ([\da-f]+) ([^:]+:[^:]+):(rule:0x[\da-f]+|policy|return):(\S+)\s*(?:-[46] )?(.*)$/;
/** It adds an IPv4 header to what an IPv6 header says of the length behind it (iptables 1.8, iptables/xtables-monitor.c). */
const LACKING = ipv6.HEADER_BYTES - ipv4.HEADER_BYTES;

/** Reads a line of `xtables-monitor --trace`; null where it is none. */
export function parseXtablesTraceLine(line: string): TraceLine | null {
  const [, family, packet, text] = PACKET.exec(line) ?? [];
  if (packet !== undefined) {
    const [from, to] = [/(?:^| )IN=(\S+)/, / OUT=(\S+)/].map((name) => name.exec(text)?.[1]);
    return lineOf(packet, arrivalIn(Number(family) === AF_INET6, text), from, to);
  }
  const [, id, chain, kind, verdict, rule] = TRACE.exec(line) ?? [];
  if (id === undefined) return null;
  if (verdict !== "DROP") return { id };
  const isPolicy = kind === "policy";
  return {
    id,
    stop: {
      rule: isPolicy ? `${chain.replace(":", " ")} policy DROP` : rule.trim(),
      isRefusal: !isPolicy && / -j REJECT\b/.test(` ${rule}`),
    },
  };
}

/** The packet that a line describes; undefined where it lacks what tells it from others. */
function arrivalIn(isIpv6: boolean, text: string): Arrival | undefined {
  const fields = new Map(text.split(" ").map((word) => [word.slice(0, word.indexOf("=")), word] as const));
  const valueOf = (name: string): string => fields.get(name)?.slice(name.length + 1) ?? "";
  const src = canonicalAddress(valueOf("SRC"));
  const dst = canonicalAddress(valueOf("DST"));
  const length = parseNumber(valueOf("LEN"), 0xffff + LACKING);
  const ttl = parseNumber(valueOf(isIpv6 ? "HOPLIMIT" : "TTL"), 0xff);
  if (src === null || dst === null || length === null || ttl === null) return undefined;
  const [srcPort, dstPort] = ["SPORT", "DPORT"].map((port) => parseNumber(valueOf(port), 0xffff));
  return {
    ends: { src, dst, ...(srcPort !== null && dstPort !== null && { srcPort, dstPort }) },
    ttl,
    length: isIpv6 ? length + LACKING : length,
    ipId: parseNumber(valueOf("ID"), 0xffff) ?? 0,
  };
}
