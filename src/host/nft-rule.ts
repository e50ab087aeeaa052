import {
  addressMatch,
  interfaceMatch,
  IS_ECHO_REQUEST,
  localMatch,
  negated,
  portMatch,
  protocolMatch,
  stateMatch,
  UNKNOWN,
} from "./matches.js";
import { type Token, TokenReader, tokensOf } from "./nft-tokens.js";
import { readValues, splitItems } from "./nft-values.js";
import type { Match, Rule, RuleVerdict } from "./ruleset.js";
import { ANYTHING, parseTarget } from "./target.js";

/** Keys of matches, as one word or two, and what their values ask for (nft(8), "Payload expressions" and "Meta expressions"). */
const KEYS: Readonly<Record<string, (values: readonly string[]) => Match>> = {
  iif: (values) => interfaceMatch("inInterface", values),
  iifname: (values) => interfaceMatch("inInterface", values),
  oif: (values) => interfaceMatch("outInterface", values),
  oifname: (values) => interfaceMatch("outInterface", values),
  "meta iif": (values) => interfaceMatch("inInterface", values),
  "meta iifname": (values) => interfaceMatch("inInterface", values),
  "meta oif": (values) => interfaceMatch("outInterface", values),
  "meta oifname": (values) => interfaceMatch("outInterface", values),
  "meta l4proto": protocolMatch,
  "meta nfproto": ([family]) => (family === "ipv4" ? isIpv4 : family === "ipv6" ? isIpv6 : UNKNOWN),
  "ip saddr": (values) => addressMatch("src", values),
  "ip daddr": (values) => addressMatch("dst", values),
  "ip protocol": protocolMatch,
  "ip6 saddr": (values) => addressMatch("src", values),
  "ip6 daddr": (values) => addressMatch("dst", values),
  "ip6 nexthdr": protocolMatch,
  "tcp sport": (values) => portMatch(["srcPort"], values),
  "tcp dport": (values) => portMatch(["dstPort"], values),
  "udp sport": (values) => portMatch(["srcPort"], values),
  "udp dport": (values) => portMatch(["dstPort"], values),
  "th sport": (values) => portMatch(["srcPort"], values),
  "th dport": (values) => portMatch(["dstPort"], values),
  "fib saddr type": ([type]) => (type === "local" ? localMatch("src") : UNKNOWN),
  "fib daddr type": ([type]) => (type === "local" ? localMatch("dst") : UNKNOWN),
  "ct state": stateMatch,
  "ct status": stateMatch,
  "icmp type": ([type]) => (type === "echo-request" ? IS_ECHO_REQUEST : UNKNOWN),
  "icmpv6 type": ([type]) => (type === "echo-request" ? IS_ECHO_REQUEST : UNKNOWN),
};

/** What a packet must be for a key of this header to be looked at, whatever its value. */
const HEADERS: Readonly<Record<string, Match>> = {
  ip: isIpv4,
  ip6: isIpv6,
  tcp: protocolMatch(["tcp"]),
  udp: protocolMatch(["udp"]),
  icmp: protocolMatch(["icmp"]),
  icmpv6: protocolMatch(["icmpv6"]),
};

/** Options of `log`, each with a value (nft(8), "Log statement"). */
const LOG_OPTIONS = new Set(["prefix", "level", "group", "snaplen", "queue-threshold", "flags"]);

function isIpv4({ isIpv6 }: { isIpv6: boolean }): boolean {
  return !isIpv6;
}

function isIpv6({ isIpv6 }: { isIpv6: boolean }): boolean {
  return isIpv6;
}

/** Reads a rule. A verdict map makes as many of it as it has verdicts, of which one may be met. */
export function parseNftRules(
  text: string,
  tokens: readonly Token[],
  sets: ReadonlyMap<string, readonly string[]>,
): Omit<Rule, "chain">[] {
  const reader = new TokenReader(tokens);
  const matches: Match[] = [];
  let packets: number | undefined;
  while (!reader.isAtEnd) {
    const verdict = readVerdict(reader);
    if (verdict) return [{ text, matches, verdict, packets }];
    if (reader.accepts("vmap"))
      return verdictsOf(reader).map((verdict) => ({
        text,
        matches: [...matches, UNKNOWN],
        verdict,
        packets: undefined,
      }));
    if (reader.peek() === "counter" && reader.peek(1) !== "name") {
      packets = readCounter(reader);
      continue;
    }
    const asked = readMatches(reader, sets);
    // what was counted so far was not asked for that
    if (asked.length > 0) packets = undefined;
    matches.push(...asked);
  }
  return [{ text, matches, verdict: { kind: "continue" }, packets }];
}

/** Reads `counter packets 12 bytes 720`, and gives the packets; undefined of `counter` alone, as `nft -s` prints it. */
function readCounter(reader: TokenReader): number | undefined {
  reader.next();
  const packets = reader.accepts("packets") ? Number(reader.next()) : undefined;
  if (reader.accepts("bytes")) reader.next();
  return packets;
}

/** The matches that the next word and what belongs to it make; none where it is a statement that only notes something. */
function readMatches(reader: TokenReader, sets: ReadonlyMap<string, readonly string[]>): Match[] {
  const header = HEADERS[reader.peek()];
  const key = readKey(reader);
  if (key !== null) {
    const { isNegated, texts } = readValues(reader, sets);
    const match = texts ? KEYS[key](texts) : UNKNOWN;
    return [...(header ? [header] : []), isNegated ? negated(match) : match];
  }
  switch (reader.peek()) {
    // the key after these is part of a longer one (`oifname . ip saddr`), or of another packet (`ct reply ip saddr`)
    case ".":
    case "original":
    case "reply":
    case "rt":
      reader.next();
      if (readKey(reader) !== null) readValues(reader, sets);
      return [UNKNOWN];
    case "comment":
      reader.next();
      reader.next();
      return [];
    case "log":
      reader.next();
      while (LOG_OPTIONS.has(reader.peek())) {
        reader.next();
        readValues(reader, sets);
      }
      return [];
    case "{":
      reader.block();
      return [UNKNOWN];
    default:
      reader.next();
      return [UNKNOWN];
  }
}

/** Reads a key, one word of it or up to three; null where none that is known comes next. */
function readKey(reader: TokenReader): string | null {
  for (let words = 1; words <= 3; words++) {
    const key = Array.from({ length: words }, (_, at) => reader.peek(at)).join(" ");
    if (!Object.hasOwn(KEYS, key)) continue;
    for (let word = 0; word < words; word++) reader.next();
    return key;
  }
  return null;
}

/** The verdict that comes next, or null where none does. */
function readVerdict(reader: TokenReader): RuleVerdict | null {
  switch (reader.peek()) {
    case "masquerade":
      reader.next();
      return { kind: "nat", to: reader.accepts("to") ? parseTarget(reader.next()) : ANYTHING };
    case "snat":
    case "dnat":
      reader.next();
      for (const word of ["ip", "ip6", "prefix"]) reader.accepts(word);
      return { kind: "nat", to: reader.accepts("to") ? parseTarget(reader.next()) : null };
    case "jump":
    case "goto":
      return { kind: reader.next() === "goto" ? "goto" : "jump", chain: reader.next() };
    case "return":
      return { kind: "return" };
    case "continue":
      return { kind: "continue" };
    case "redirect":
      return { kind: "redirect" };
    case "accept":
    case "queue":
      return { kind: "end" };
    case "drop":
    case "reject":
      return { kind: "drop" };
    case "xt":
    case "XT":
      return reader.peek(1) === "target" ? xtVerdict(reader) : null;
    default:
      return null;
  }
}

/** A target of iptables' own that nft has no words for: `xt target "NETMAP"`, `XT target MASQUERADE not found`. */
function xtVerdict(reader: TokenReader): RuleVerdict {
  reader.next();
  reader.next();
  const name = reader.next();
  if (name === "MASQUERADE") return { kind: "nat", to: ANYTHING };
  return name === "SNAT" || name === "DNAT" || name === "NETMAP" ? { kind: "nat", to: null } : { kind: "unclear" };
}

/** The verdicts of a verdict map, `{ "lo" : return, "enp0s3" : jump published }`; unclear where it stands elsewhere. */
function verdictsOf(reader: TokenReader): RuleVerdict[] {
  if (reader.peek() !== "{") return [{ kind: "unclear" }];
  return splitItems(reader.block()).map((item) => {
    const verdict = item.slice(item.lastIndexOf(" : ") + 3);
    return readVerdict(new TokenReader(tokensOf(verdict))) ?? { kind: "unclear" };
  });
}
