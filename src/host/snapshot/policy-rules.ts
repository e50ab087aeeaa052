import { type Address, type AddressRange, isWithin, parseAddressRange } from "../address.js";
import { at, numberAt, textAt } from "./json.js";

/** What chooses a table of routes (ip-rule(8)), as far as packets that are forwarded go. */
export interface PolicyRule {
  readonly priority: number;
  /** Undefined where it is of either IP version. */
  readonly isIpv6: boolean | undefined;
  /** Whether it is for all that it does not name. */
  readonly isNot: boolean;
  readonly from: AddressRange | undefined;
  readonly to: AddressRange | undefined;
  /** The interface that packets come by; empty for any. */
  readonly iif: string;
  /** Whether it asks for a socket's interface, which nothing has that is forwarded. */
  readonly isOfSockets: boolean;
  /** Whether it asks for what is not to be seen, as a mark. */
  readonly asksMore: boolean;
  /** Whether it leads on in a way that is not followed (goto, VRF). */
  readonly isStrange: boolean;
  /** The table; empty where it has none. */
  readonly table: string;
  /** What becomes of packets, where it names no table: `blackhole`, `unreachable`, `prohibit`. */
  readonly action: string;
  /** Routes of so many bits and less are not taken; -1 where all are. */
  readonly suppressedBits: number;
}

/** What is known of a packet that is to be forwarded, beside where it goes. */
export interface Coming {
  /** Its source as it comes in, before any translation. */
  readonly src?: string | undefined;
  /** The interface that it comes by; empty where that is not known. */
  readonly iif?: string | undefined;
}

/** What a rule may ask for that neither captures nor snapshots tell. */
const UNSEEN = [
  "fwmark",
  "tos",
  "uid_start",
  "ipproto",
  "sport",
  "sport_start",
  "dport",
  "dport_start",
  "tun_id",
  "suppress_ifgroup",
];
/** What leads elsewhere than to a table. */
const STRANGE = ["goto", "l3mdev", "iif_detached"];
/** The tables of the rules that the kernel makes. */
const OWN_TABLES = new Set(["local", "main", "default"]);

/** A rule of a snapshot's, as `ip -j rule` has it. */
export function policyRuleOf(rule: unknown): PolicyRule {
  const has = (name: string): boolean => at(rule, name) !== undefined;
  const [from, to] = [prefixAt(rule, "src"), prefixAt(rule, "dst")];
  const family = textAt(rule, "family");
  const isUnread = [from, to].includes(null);
  return {
    priority: numberAt(rule, "priority") ?? 0,
    isIpv6: family === undefined ? (from ?? to)?.isIpv6 : family === "inet6",
    isNot: has("not"),
    from: from ?? undefined,
    to: to ?? undefined,
    iif: textAt(rule, "iif") ?? "",
    isOfSockets: has("oif") || has("oif_detached") || textAt(rule, "iif") === "lo",
    asksMore: isUnread || UNSEEN.some(has),
    isStrange: STRANGE.some(has),
    table: textAt(rule, "table") ?? "",
    action: textAt(rule, "action") ?? "",
    suppressedBits: numberAt(rule, "suppress_prefixlen") ?? -1,
  };
}

/** Whether nothing but the destination chooses a route by it: so it is of the kernel's own. */
export function isByDestination(rule: PolicyRule): boolean {
  const { isNot, from, to, iif, isOfSockets, asksMore, isStrange, table, suppressedBits } = rule;
  const isForAll = from === undefined && to === undefined && iif === "" && !isNot && !isOfSockets && !asksMore;
  return isForAll && !isStrange && suppressedBits < 0 && OWN_TABLES.has(table);
}

/** Whether it is for a packet that is forwarded so; undefined where that is not to be seen. */
export function isFor(rule: PolicyRule, to: Address, src: Address | null, iif: string): boolean | undefined {
  if (rule.isIpv6 !== undefined && rule.isIpv6 !== to.isIpv6) return false;
  const answers = new Set([
    !rule.isOfSockets,
    rule.to === undefined || isWithin(rule.to, to),
    rule.from === undefined || (src === null ? undefined : isWithin(rule.from, src)),
    rule.iif === "" || rule.isOfSockets || (iif === "" ? undefined : rule.iif === iif),
    rule.asksMore ? undefined : true,
  ]);
  const matches = answers.has(false) ? false : answers.has(undefined) ? undefined : true;
  return rule.isNot && matches !== undefined ? !matches : matches;
}

/** Null where it is none that can be read. */
function prefixAt(rule: unknown, name: string): AddressRange | null | undefined {
  const address = textAt(rule, name);
  if (address === undefined || address === "all") return undefined;
  const bits = numberAt(rule, `${name}len`);
  return parseAddressRange(bits === undefined ? address : `${address}/${bits}`);
}
