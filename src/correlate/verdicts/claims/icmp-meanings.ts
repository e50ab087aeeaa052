import type { Reason } from "../../../packets/results/reasons.js";

/** Why a packet was refused, and in words. */
interface Meaning {
  readonly reason: Reason;
  readonly words: string;
}

const meaning = (reason: Reason, words: string): Meaning => ({ reason, words });

/** Errors by "type" or "type code", RFC 792, 1191 and 1812. */
const ICMP_MEANINGS: Readonly<Record<string, Meaning>> = {
  "3": meaning("host-unreachable", "destination unreachable"),
  "3 0": meaning("no-route", "network unreachable"),
  "3 1": meaning("host-unreachable", "host unreachable"),
  "3 3": meaning("port-unreachable", "port unreachable"),
  "3 4": meaning("too-big", "fragmentation needed, but DF is set"),
  "3 9": meaning("prohibited", "network administratively prohibited"),
  "3 10": meaning("prohibited", "host administratively prohibited"),
  "3 13": meaning("prohibited", "administratively prohibited"),
  "11": meaning("ttl-exceeded", "TTL exceeded"),
  "11 1": meaning("reassembly-timeout", "fragments missing when the time for reassembly was over"),
};

/** RFC 4443. */
const ICMPV6_MEANINGS: Readonly<Record<string, Meaning>> = {
  "1": meaning("host-unreachable", "destination unreachable"),
  "1 0": meaning("no-route", "no route to the destination"),
  "1 1": meaning("prohibited", "administratively prohibited"),
  "1 3": meaning("host-unreachable", "address unreachable"),
  "1 4": meaning("port-unreachable", "port unreachable"),
  "2": meaning("too-big", "packet too big"),
  "3": meaning("ttl-exceeded", "hop limit exceeded"),
  "3 1": meaning("reassembly-timeout", "fragments missing when the time for reassembly was over"),
};

/** What an error says. */
export function meaningOf(isIpv4: boolean, type: number, code: number): Meaning {
  const meanings = isIpv4 ? ICMP_MEANINGS : ICMPV6_MEANINGS;
  const other = meaning("icmp-error", `${isIpv4 ? "ICMP" : "ICMPv6"} error type ${type}, code ${code}`);
  return meanings[`${type} ${code}`] ?? meanings[type] ?? other;
}
