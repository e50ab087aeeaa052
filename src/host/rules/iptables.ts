import { isIpv6Text } from "../address.js";
import type { IpSets } from "./ipsets.js";
import { ANY_MARK, parseMasked, remarked } from "./mark.js";
import {
  addressMatch,
  ALWAYS,
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
import { type BaseChain, type Match, policyRule, type Rule, type Table, type RuleVerdict } from "./ruleset.js";
import { rejecting } from "./rejecting.js";
import { masquerading, parseTarget } from "./target.js";
import { xtVerdict } from "./xt-targets.js";

/**
 * Options that take one value, under every name iptables-save writes them by (iptables-extensions(8)); where other matches have one of the same name,
 * that of the match stands before it.
 */
const OPTIONS: Readonly<Record<string, (value: string) => Match>> = {
  "-s": (value) => addressMatch("src", value.split(",")),
  "-d": (value) => addressMatch("dst", value.split(",")),
  "--src-range": (value) => addressMatch("src", [value]),
  "--dst-range": (value) => addressMatch("dst", [value]),
  "-i": (value) => interfaceMatch("inInterface", [withStar(value)]),
  "-o": (value) => interfaceMatch("outInterface", [withStar(value)]),
  "-p": (value) => (value === "all" ? ALWAYS : protocolMatch([value])),
  "--sport": (value) => portMatch(["srcPort"], [value]),
  "--dport": (value) => portMatch(["dstPort"], [value]),
  "--sports": (value) => portMatch(["srcPort"], value.split(",")),
  "--dports": (value) => portMatch(["dstPort"], value.split(",")),
  "--ports": (value) => portMatch(["srcPort", "dstPort"], value.split(",")),
  "--src-type": (value) => (value === "LOCAL" ? localMatch("src") : UNKNOWN),
  "--dst-type": (value) => (value === "LOCAL" ? localMatch("dst") : UNKNOWN),
  "--ctstate": (value) => stateMatch(value.split(",")),
  "--state": (value) => stateMatch(value.split(",")),
  "--ctproto": (value) => protocolMatch([value]),
  "--ctdir": directionMatch,
  "--ctorigsrc": (value) => ofOriginal(addressMatch("src", [value])),
  "--ctorigdst": (value) => ofOriginal(addressMatch("dst", [value])),
  "--ctorigsrcport": (value) => ofOriginal(portMatch(["srcPort"], [value])),
  "--ctorigdstport": (value) => ofOriginal(portMatch(["dstPort"], [value])),
  "--icmp-type": (value) => (value === "8" || value === "8/0" ? IS_ECHO_REQUEST : UNKNOWN),
  "--icmpv6-type": (value) => (value === "128" || value === "128/0" ? IS_ECHO_REQUEST : UNKNOWN),
  "mark --mark": (value) => {
    const masked = parseMasked(value);
    return masked === null ? UNKNOWN : markMatch(masked.value, masked.mask);
  },
  "--comment": () => ALWAYS,
  "-m": (value) => (ASKING_BY_OPTIONS.has(value) ? ALWAYS : UNKNOWN),
};

/** Matches that ask for nothing but what their options say; others, as `socket` and `rpfilter`, ask by themselves. */
const ASKING_BY_OPTIONS = new Set([
  "tcp",
  "udp",
  "udplite",
  "sctp",
  "dccp",
  "icmp",
  "icmp6",
  "addrtype",
  "comment",
  "conntrack",
  "state",
  "multiport",
  "iprange",
  "mark",
  "set",
]);

/** Where the chains that packets come to by themselves have their place, of the tables that drop: include/uapi/linux/netfilter_ipv4.h, NF_IP_PRI_… */
const PRIORITIES = new Map([
  ["raw", -300],
  ["mangle", -150],
  ["filter", 0],
  ["security", 50],
]);
const HOOKS = [
  ["PREROUTING", "prerouting"],
  ["INPUT", "input"],
  ["FORWARD", "forward"],
  ["POSTROUTING", "postrouting"],
] as const;

/**
 * Reads the lines of one table as `iptables-save` and `ip6tables-save` write them, from what follows `*` and its `name` up to `COMMIT`.
 * `family` is undefined where the text does not say which of the two wrote it: then the addresses in it tell.
 * `sets`: those that rules may ask for. `unread` are the indices of lines that are none of theirs.
 */
export function parseIptablesTable(
  name: string,
  lines: readonly string[],
  family: "ipv4" | "ipv6" | undefined,
  sets: IpSets,
): { table: Table; unread: number[] } {
  const unread: number[] = [];
  const chains = new Map<string, Rule[]>();
  /** What becomes of what no rule of a chain decides, where that is dropped. */
  const policies = new Map<string, Rule>();
  let hasIpv6 = false;
  for (const [index, line] of lines.entries()) {
    const rule = /^(?:\[(\d+):\d+\] )?(-A (\S+).*)$/s.exec(line);
    const declared = /^:(\S+) (\S+)(?: \[(\d+):)?/.exec(line);
    if (rule) {
      const [, packets, text, chain] = rule;
      const words = wordsOf(text).slice(2);
      hasIpv6 ||= words.some(isIpv6Text);
      chainOf(chains, chain).push({
        text: text.trimEnd(),
        chain,
        packets: countOf(packets),
        ...parseRule(words, sets),
      });
    } else if (declared) {
      const [, chain, policy, packets] = declared;
      chainOf(chains, chain);
      if (policy === "DROP") policies.set(chain, policyRule(chain, `-P ${chain} ${policy}`, countOf(packets)));
    } else if (!/^\s*(#|$)/.test(line)) {
      unread.push(index);
    }
  }
  const type = name === "nat" ? "nat" : "filter";
  const base = HOOKS.map(([chain, hook]): BaseChain => {
    // NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC
    const priority = type === "nat" ? (hook === "prerouting" ? -100 : 100) : (PRIORITIES.get(name) ?? 0);
    return { type, hook, priority, rules: chains.get(chain) ?? [], policy: policies.get(chain) };
  });
  return { table: { name, family: family ?? (hasIpv6 ? "ipv6" : "ipv4"), base, chains }, unread };
}

function countOf(packets: string | undefined): number | undefined {
  return packets === undefined ? undefined : Number(packets);
}

function chainOf(chains: Map<string, Rule[]>, name: string): Rule[] {
  const known = chains.get(name);
  if (known) return known;
  const rules: Rule[] = [];
  chains.set(name, rules);
  return rules;
}

function parseRule(words: readonly string[], sets: IpSets): Pick<Rule, "matches" | "verdict"> {
  const target = words.findIndex((word) => word === "-j" || word === "-g");
  const options = target < 0 ? words : words.slice(0, target);
  const verdict: RuleVerdict = target < 0 ? { kind: "continue" } : verdictOf(words.slice(target));
  return { matches: parseMatches(options, sets), verdict };
}

function parseMatches(words: readonly string[], sets: IpSets): Match[] {
  const matches: Match[] = [];
  let module = "";
  for (let at = 0; at < words.length; at++) {
    const isNegated = words[at] === "!";
    if (isNegated) at++;
    const option = words[at] ?? "";
    if (option === "-m") module = words[at + 1] ?? "";
    if (option === "--match-set") {
      const match = sets.match(words[++at] ?? "", words[++at] ?? "");
      matches.push(isNegated ? negated(match) : match);
      continue;
    }
    const name = [`${module} ${option}`, option].find((each) => Object.hasOwn(OPTIONS, each));
    if (name !== undefined) {
      const match = OPTIONS[name](words[++at] ?? "");
      if (isNegated) matches.push(negated(match));
      else if (match !== ALWAYS) matches.push(match);
    } else {
      matches.push(UNKNOWN);
      while (at + 1 < words.length && !/^(-|!$)/.test(words[at + 1])) at++;
    }
  }
  return matches;
}

function verdictOf([option, name = "", ...options]: readonly string[]): RuleVerdict {
  if (option === "-g") return { kind: "goto", chain: name };
  const valueOf = (option: string): string | undefined => {
    const at = options.indexOf(option);
    return at < 0 ? undefined : (options[at + 1] ?? "");
  };
  switch (name) {
    case "MASQUERADE":
      return { kind: "nat", to: masquerading(valueOf("--to-ports")) };
    case "SNAT":
      return { kind: "nat", to: parseTarget(valueOf("--to-source") ?? "") };
    case "DNAT":
      return { kind: "nat", to: parseTarget(valueOf("--to-destination") ?? "") };
    case "NETMAP":
      return { kind: "nat", to: parseTarget(valueOf("--to") ?? "", true) };
    case "MARK": {
      const turned = parseMasked(valueOf("--set-xmark") ?? "");
      return { kind: "mark", mark: (mark) => (turned === null ? ANY_MARK : remarked(mark, turned.value, turned.mask)) };
    }
    case "REJECT":
      return rejecting(valueOf("--reject-with") ?? "");
    case "CT":
      return { kind: options.includes("--notrack") ? "untrack" : "continue" };
    case "CONNMARK":
      return options.includes("--restore-mark") ? { kind: "mark", mark: () => ANY_MARK } : { kind: "continue" };
    default: {
      const verdict = xtVerdict(name);
      return verdict.kind === "unclear" ? { kind: "jump", chain: name } : verdict;
    }
  }
}

/** iptables writes `enp+` for all interfaces whose names begin so. */
function withStar(name: string): string {
  return name.endsWith("+") ? `${name.slice(0, -1)}*` : name;
}

const WORD = /"((?:[^"\\]|\\.)*)"?|[^\s"]+/gsy;

/** Cuts a rule as iptables-save writes it into words; one in double quotes may have blanks, and `\"` for a quote. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    WORD.lastIndex = at;
    const word = WORD.exec(line);
    if (word) words.push(word[1] === undefined ? word[0] : word[1].replaceAll(/\\(.)/gs, "$1"));
    at = word ? WORD.lastIndex : at + 1;
  }
  return words;
}
