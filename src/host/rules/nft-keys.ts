import { parseMark } from "./mark.js";
import {
  addressMatch,
  allOf,
  anyOf,
  directionMatch,
  interfaceMatch,
  IS_ECHO_REQUEST,
  localMatch,
  markMatch,
  negated,
  ofOriginal,
  portMatch,
  protocolMatch,
  stateMatch,
  UNKNOWN,
} from "./matches.js";
import type { Element } from "./nft-sets.js";
import type { TokenReader } from "./nft-tokens.js";
import type { Match } from "./ruleset.js";

const MOST_WORDS = 4;

type Values = (values: readonly string[]) => Match;

/** Keys, as one word or up to MOST_WORDS, and what their values ask for (nft(8), "Payload expressions" and "Meta expressions"). */
const KEYS: Readonly<Record<string, Values>> = {
  iif: (values) => interfaceMatch("inInterface", values),
  iifname: (values) => interfaceMatch("inInterface", values),
  oif: (values) => interfaceMatch("outInterface", values),
  oifname: (values) => interfaceMatch("outInterface", values),
  "meta iif": (values) => interfaceMatch("inInterface", values),
  "meta iifname": (values) => interfaceMatch("inInterface", values),
  "meta oif": (values) => interfaceMatch("outInterface", values),
  "meta oifname": (values) => interfaceMatch("outInterface", values),
  "meta l4proto": protocolMatch,
  "meta nfproto": eachOf((family) => (family === "ipv4" ? isIpv4 : family === "ipv6" ? isIpv6 : UNKNOWN)),
  "meta mark": eachOf((value) => marked(value, 0xffff_ffff)),
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
  "fib saddr type": eachOf((type) => (type === "local" ? localMatch("src") : UNKNOWN)),
  "fib daddr type": eachOf((type) => (type === "local" ? localMatch("dst") : UNKNOWN)),
  "ct state": stateMatch,
  "ct status": stateMatch,
  "ct direction": eachOf(directionMatch),
  "ct original ip saddr": (values) => ofOriginal(addressMatch("src", values)),
  "ct original ip daddr": (values) => ofOriginal(addressMatch("dst", values)),
  "ct original ip6 saddr": (values) => ofOriginal(addressMatch("src", values)),
  "ct original ip6 daddr": (values) => ofOriginal(addressMatch("dst", values)),
  "ct original proto-src": (values) => ofOriginal(portMatch(["srcPort"], values)),
  "ct original proto-dst": (values) => ofOriginal(portMatch(["dstPort"], values)),
  "icmp type": eachOf((type) => (type === "echo-request" ? IS_ECHO_REQUEST : UNKNOWN)),
  "icmpv6 type": eachOf((type) => (type === "echo-request" ? IS_ECHO_REQUEST : UNKNOWN)),
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

/** A key that has one of several values where it has the first, or another. */
function eachOf(one: (value: string) => Match): Values {
  return (values) => anyOf(values.map(one));
}

function isIpv4({ isIpv6 }: { isIpv6: boolean }): boolean {
  return !isIpv6;
}

function isIpv6({ isIpv6 }: { isIpv6: boolean }): boolean {
  return isIpv6;
}

function marked(value: string, mask: number): Match {
  const mark = parseMark(value);
  return mark === null ? UNKNOWN : markMatch(mark, mask);
}

/** What a rule compares with values, or looks up in a set or map. */
export interface Selector {
  /** What a packet must be for it to be looked at. */
  readonly needs: readonly Match[];
  /** Whether a packet has one of these values. */
  readonly isOneOf: Values;
  /** The name of it, where it has one that is known. */
  readonly key: string | undefined;
  /** How many values it may have, where that is by chance or by a hash. */
  readonly choices: number | undefined;
}

/** A selector that natcorr knows nothing of. */
export function unknownSelector(choices?: number): Selector {
  return { needs: [], isOneOf: () => UNKNOWN, key: undefined, choices };
}

/** Reads a selector, or several with dots between, which have values as `10.0.0.1 . 80`; null where none comes next. */
export function readSelector(reader: TokenReader): Selector | null {
  const first = readPart(reader);
  if (first === null || reader.peek() !== ".") return first;
  const parts = [first];
  while (reader.accepts(".")) parts.push(readPart(reader) ?? unknownWord(reader));
  return {
    needs: parts.flatMap(({ needs }) => needs),
    isOneOf: (values) => anyOf(values.map((value) => hasAll(parts, value.split(" . ")))),
    key: undefined,
    choices: undefined,
  };
}

function hasAll(parts: readonly Selector[], values: readonly string[]): Match {
  if (parts.length !== values.length) return UNKNOWN;
  return allOf(parts.map(({ isOneOf }, at) => isOneOf([values[at]])));
}

function unknownWord(reader: TokenReader): Selector {
  reader.next();
  return unknownSelector();
}

/** First words of two that natcorr knows nothing of. */
const UNKNOWN_HEADS = new Set("ct meta ip ip6 tcp udp th rt socket ether vlan icmp icmpv6 sctp dccp".split(" "));
/** Words before what is asked of another packet, which this one carries, or came in. */
const OF_ANOTHER = new Set(["vxlan", "geneve", "gre", "gretap", "ipsec"]);

function readPart(reader: TokenReader): Selector | null {
  for (let words = 1; words <= MOST_WORDS; words++) {
    const key = Array.from({ length: words }, (_, at) => reader.peek(at)).join(" ");
    if (!Object.hasOwn(KEYS, key)) continue;
    const header = HEADERS[reader.peek()];
    for (let word = 0; word < words; word++) reader.next();
    return { needs: header === undefined ? [] : [header], isOneOf: KEYS[key], key, choices: undefined };
  }
  return readUnknown(reader);
}

/** Reads a selector that natcorr knows nothing of, all its words: what follows is its value. */
function readUnknown(reader: TokenReader): Selector | null {
  const head = reader.peek();
  if (head === "numgen" || head === "jhash" || head === "symhash") return readChoice(reader);
  if (head === "fib") {
    while (!reader.isAtEnd && !/^(type|oif|oifname|check)$/.test(reader.next()));
    return unknownSelector();
  }
  if (OF_ANOTHER.has(head)) {
    reader.next();
    if (!reader.accepts("in")) reader.accepts("out");
    if (readPart(reader) === null) reader.next();
    return unknownSelector();
  }
  if (!UNKNOWN_HEADS.has(head)) return null;
  reader.next();
  const second = reader.next();
  // `ct original ip saddr`, `ct reply proto-dst`, `tcp option maxseg size`
  if (head === "tcp" && second === "option") reader.next();
  const isOfConntrack = head === "ct" && (second === "original" || second === "reply");
  if (isOfConntrack && !reader.accepts("ip")) reader.accepts("ip6");
  if (isOfConntrack || (head === "tcp" && second === "option")) reader.next();
  return unknownSelector();
}

/** Reads `numgen random mod 2 offset 1`, or `jhash ip saddr . ip daddr mod 2 seed 0xff`. */
function readChoice(reader: TokenReader): Selector {
  reader.next();
  if (/^(random|inc)$/.test(reader.peek())) reader.next();
  else readSelector(reader);
  const choices = reader.accepts("mod") ? Number(reader.next()) : undefined;
  for (const word of ["seed", "offset"]) if (reader.accepts(word)) reader.next();
  return unknownSelector(choices);
}

/** A match for each element of a map, of which a packet has at most one. */
export function elementMatches({ isOneOf, choices }: Selector, elements: readonly Element[]): Match[] {
  const keys = elements.map(({ key }) => key);
  return keys.map((key, at) => {
    // by chance: if it is none of the others, it is the last
    if (choices === keys.length && at === keys.length - 1) return () => true;
    return key === "*" ? negated(isOneOf(keys.filter((other) => other !== "*"))) : isOneOf([key]);
  });
}

/** Reads the mask of `meta mark & 0x4000 == 0x4000`, and what it is compared with; null where something else comes next. */
export function readMasked(reader: TokenReader): Match | null {
  const isMasked = /^(&|and)$/.test(reader.peek()) && /^(==|!=)$/.test(reader.peek(2));
  const mask = isMasked ? parseMark(reader.peek(1)) : null;
  if (mask === null) return null;
  reader.next();
  reader.next();
  const isNegated = reader.next() === "!=";
  const match = marked(reader.next(), mask);
  return isNegated ? negated(match) : match;
}
