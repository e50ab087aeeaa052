import type { Quoted } from "../../packets/results/results.js";

/** Messages in tcpdump's words (print-icmp.c, print-icmp6.c), by type. */
const NAMES_4: Readonly<Record<number, string>> = {
  0: "echo reply",
  4: "source quench",
  5: "redirect",
  8: "echo request",
  9: "router advertisement",
  10: "router solicitation",
  12: "parameter problem",
  13: "time stamp query",
  14: "time stamp reply",
};
const NAMES_6: Readonly<Record<number, string>> = {
  2: "packet too big",
  4: "parameter problem",
  128: "echo request",
  129: "echo reply",
  130: "multicast listener query",
  131: "multicast listener report",
  132: "multicast listener done",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbor solicitation",
  136: "neighbor advertisement",
  143: "multicast listener report v2",
};

/** An ICMP or ICMPv6 message in words. `quoted` is the packet an error is about, where it could be read. */
export function icmpMessage(isIpv6: boolean, type: number, code: number, quoted: Quoted | undefined): string {
  if (isIpv6) {
    if (type === 1) return unreachable6(code, quoted);
    if (type === 3) return timeExceeded(code);
    return NAMES_6[type] ?? `type-#${type}`;
  }
  if (type === 3) return unreachable4(code, quoted);
  if (type === 11) return timeExceeded(code);
  return NAMES_4[type] ?? `type-#${type}`;
}

function timeExceeded(code: number): string {
  return code === 1 ? "ip reassembly time exceeded" : "time exceeded in-transit";
}

/** Codes of RFC 792 and RFC 1812 section 5.2.7.1. */
function unreachable4(code: number, quoted: Quoted | undefined): string {
  const to = quoted?.dst ?? "destination";
  switch (code) {
    case 0:
      return `net ${to} unreachable`;
    case 1:
      return `host ${to} unreachable`;
    case 2:
      return `${to} protocol unreachable`;
    case 3:
      return `${to} ${portOf(quoted)} unreachable`;
    case 4:
      return `${to} unreachable - need to frag`;
    case 9:
    case 10:
    case 13:
      return `host ${to} unreachable - admin prohibited`;
    default:
      return `${to} unreachable - #${code}`;
  }
}

/** Codes of RFC 4443 section 3.1. */
function unreachable6(code: number, quoted: Quoted | undefined): string {
  const to = quoted?.dst ?? "destination";
  switch (code) {
    case 0:
      return `unreachable route ${to}`;
    case 1:
      return `unreachable prohibited ${to}`;
    case 3:
      return `unreachable address ${to}`;
    case 4:
      return `unreachable port ${to} ${portOf(quoted)}`;
    default:
      return `${to} unreachable - #${code}`;
  }
}

function portOf(quoted: Quoted | undefined): string {
  return quoted?.dstPort === undefined ? "port" : `${quoted.proto} port ${quoted.dstPort}`;
}
