import type { Address } from "../address.js";
import type { Answer } from "../answer.js";
import type { Leaving } from "./leaving.js";
import { InterfaceName } from "../interfaces.js";
import { keptByNat } from "../rules/first-mark.js";
import { ANY_MARK, type Mark, markOf } from "../rules/mark.js";
import { listedRules } from "../rules/times/listed-rules.js";
import type { RuleTables } from "../rules/rule-tables.js";
import { type BaseChain, type Hook, type HookedPacket, HOOKS, type Rule, type Table } from "../rules/ruleset.js";
import { byPort } from "../rules/rules.js";
import { Walk } from "../rules/walk.js";

/** A packet that comes to a host, which is to forward it, or to take it. */
export interface IncomingPacket extends Pick<HookedPacket, "isIpv6" | "proto" | "src" | "srcPort" | "isEcho"> {
  readonly isError: boolean;
  /** Its destination as it comes, and whether that is the host's own … */
  readonly dst: Address;
  readonly dstPort: number | undefined;
  readonly isToHost: boolean;
  /** … and after a translation: `host` where the host takes it; undefined where that is not known. */
  readonly goesTo: "host" | { readonly dst: Address; readonly dstPort: number | undefined } | undefined;
  /** False where it is not known that it goes there. */
  readonly isSureToGo: boolean;
  /** As whose it leaves by that; undefined where that is not known. */
  readonly leavesAs: () => Leaving | undefined;
  /** Whether it opens a conversation, and whether it can be of none. */
  readonly isNew: Answer;
  readonly isInvalid: Answer;
  /** Whether it is known to go the way of its conversation's first packet, and to come as that came to the host. */
  readonly isOriginal: boolean;
  /** Whether it goes from port to port of a bridge, and whether it then meets the rules of what is forwarded, too; undefined where it does not. */
  readonly bridged: { readonly meetsForward: boolean } | undefined;
  /** The interfaces that it comes and goes by; empty where they are not known. */
  readonly inName: string;
  readonly outName: string;
}

/** A rule that drops a packet, or may. */
export interface DroppingRule {
  readonly rule: Rule;
  /** As it stands in the rule set, one of nft's behind its table and chain. */
  readonly text: string;
  /** Tells it from any other of the host's, whatever its counter says. */
  readonly key: string;
  /** The table where it stands, as nft names it: `ip filter`. */
  readonly table: string;
  /** Whether iptables-legacy alone shows it. */
  readonly isLegacy: boolean;
  /** False where it, or one before it, asks for what cannot be told. */
  readonly isCertain: boolean;
}

/** A part of a hook, by the priorities of its chains: what a packet is there. */
interface Stage {
  readonly hook: Hook;
  readonly isHere: (chain: BaseChain) => boolean;
  /** Whether its destination is translated by then, and its source. */
  readonly isRedirected: boolean;
  readonly hasLeft: boolean;
  /** False where it may be there before that, or behind. */
  readonly isSure: boolean;
  /** Whether the rules are a bridge's. */
  readonly isOnBridge?: true;
}

/** What a bridge passes on: what it takes itself, or for the host, captures of it show behind these rules, or before them. */
const ON_BRIDGE: Stage = {
  hook: "forward",
  isHere: () => true,
  isRedirected: true,
  hasLeft: false,
  isSure: true,
  isOnBridge: true,
};

/** Where destinations are translated in prerouting, and sources in postrouting, whatever the priorities of NAT chains (NF_IP_PRI_NAT_DST and _SRC, include/uapi/linux/netfilter_ipv4.h). */
const NAT_AT: Partial<Record<Hook, number>> = { prerouting: -100, postrouting: 100 };

/** What packets come to, in order. */
const STAGES: readonly Stage[] = HOOKS.flatMap((hook): Stage[] => {
  const natAt = NAT_AT[hook];
  const isBehind = HOOKS.indexOf(hook) > HOOKS.indexOf("prerouting");
  const before = { hook, isRedirected: isBehind, hasLeft: hook === "egress", isSure: true };
  if (natAt === undefined) return [{ ...before, isHere: () => true }];
  const behind = { ...before, isRedirected: true, hasLeft: hook === "postrouting" };
  // of chains of that very priority, nobody tells whether they are asked before or behind it
  const isEqual = ({ priority }: BaseChain): boolean => priority === natAt;
  return [
    { ...before, isHere: ({ priority }) => priority < natAt },
    { ...before, isHere: isEqual, isSure: false },
    { ...behind, isHere: isEqual, isSure: false },
    { ...behind, isHere: ({ priority }) => priority > natAt },
  ];
});

/** The rules of a host that can drop what comes to it. */
export class FilterBook {
  /** Where they have chains, each with the tables that have these alone. */
  readonly #stages: readonly (readonly [stage: Stage, tables: readonly Table[]])[];
  /** How many lines of the rules could not be read. */
  readonly unread: number;
  /** Sets that its rules ask for and nobody saved, by name. */
  readonly unknownSets: readonly string[];
  /** Tables that drop packets that go from port to port of a bridge, and are not followed: `bridge filter`. */
  readonly aside: readonly string[];
  /** Whether its rules give a conversation to a helper, which expects others (iptables-extensions(8), CT; nft(8), "ct helper"). */
  readonly #hasHelpers: boolean;
  /** The bits of a mark that nothing changes between what filters in prerouting and where packets are forwarded. */
  readonly #keptByNat: number;
  readonly #places = new Map<Rule, Pick<DroppingRule, "key" | "table" | "isLegacy">>();
  /** What each of them counted. */
  readonly #counts = new Map<string, number | undefined>();

  /** By the rules of iptables and nft, with counters. */
  constructor({ text, tables, bridge, unread, unknownSets, aside }: RuleTables) {
    this.#hasHelpers = /--helper |\bhelper set\b/.test(text);
    this.#stages = [[ON_BRIDGE, bridge] as const, ...STAGES.map((stage) => [stage, tables] as const)]
      .map(([stage, all]) => [stage, tablesAt(all, stage)] as const)
      .filter(([, at]) => at.length > 0);
    this.#keptByNat = keptByNat(tables);
    this.unread = unread.length;
    this.unknownSets = unknownSets;
    this.aside = aside;
    for (const { rule, ...place } of listedRules({ tables, bridge })) {
      this.#counts.set(place.key, rule.packets);
      this.#places.set(rule, place);
    }
  }

  /** How many packets met a rule, by its key; undefined where it is not there, or does not count. */
  counted(key: string): number | undefined {
    return this.#counts.get(key);
  }

  /** Whether there is a rule with this key. */
  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** Whether another book has the same rules, whatever they counted. */
  isLike(other: FilterBook): boolean {
    return this.#counts.size === other.#counts.size && [...this.#counts.keys()].every((key) => other.has(key));
  }

  /** The rules that drop a packet, or may, in the order it meets them. `isIdle`: whether nothing met a rule meanwhile, by its key. */
  dropping(packet: IncomingPacket, isIdle: (key: string) => boolean): DroppingRule[] {
    const found: DroppingRule[] = [];
    let isCertain = true;
    // what came in may have a mark (tc, eBPF)
    let mark = ANY_MARK;
    for (const [stage, tables] of this.#stages) {
      const { hook } = stage;
      if (!comesTo(stage, packet)) continue;
      const at = hookedAt(stage, packet, mark);
      if (at === undefined) break;
      const { hooked, isSure } = at;
      const walk = new Walk(
        "filter",
        hook,
        this.#hasHelpers ? hooked : { ...hooked, isRelated: false },
        () => true,
        (rule) => isIdle(this.#places.get(rule)?.key ?? ""),
      );
      const isDropped = walk.through(tables);
      for (const [rule, met] of walk.found) {
        const place = this.#places.get(rule);
        if (place !== undefined)
          found.push({ rule, text: met.text, ...place, isCertain: isCertain && isSure && met.isCertain });
      }
      if (isDropped === true && stage.isSure) break;
      if (isDropped !== false) isCertain = false;
      const { value, known } = walk.mark;
      mark = markOf(value, hook === "prerouting" ? known & this.#keptByNat : known);
    }
    return found;
  }
}

/** The tables that have chains at a stage, with these alone. */
function tablesAt(tables: readonly Table[], { hook, isHere }: Stage): readonly Table[] {
  return tables
    .map((table) => ({ ...table, base: table.base.filter((chain) => chain.hook === hook && isHere(chain)) }))
    .filter(({ base }) => base.length > 0);
}

/** Whether a packet comes to a stage: what the host takes to input, and all else to what stands behind that. */
function comesTo({ hook, isOnBridge }: Stage, { goesTo, bridged }: IncomingPacket): boolean {
  if (isOnBridge) return bridged !== undefined;
  if (bridged?.meetsForward === false) return false;
  if (hook === "input") return goesTo === "host";
  return goesTo !== "host" || HOOKS.indexOf(hook) < HOOKS.indexOf("input");
}

/** A packet as it is at a stage; undefined where it is not known what it is by then. `isSure`: false where it may be otherwise. */
function hookedAt(
  { hook, isRedirected, hasLeft, isSure, isOnBridge }: Stage,
  packet: IncomingPacket,
  mark: Mark,
): { readonly hooked: HookedPacket; readonly isSure: boolean } | undefined {
  const { isIpv6, proto, isEcho, isError, goesTo, isToHost, isNew, isInvalid, isOriginal, inName, outName } = packet;
  const isRouted = isRedirected && hook !== "prerouting";
  const to = isRedirected && goesTo !== "host" ? goesTo : packet;
  // what may be translated by then may also not be
  const end = isRouted ? to : (to ?? packet);
  const leaving = hasLeft ? packet.leavesAs() : packet;
  if (end === undefined || leaving === undefined) return undefined;
  const { src, srcPort } = leaving;
  const hooked = {
    isIpv6,
    proto,
    src,
    dst: end.dst,
    srcPort,
    dstPort: end.dstPort,
    isEcho,
    isError,
    // iptables does not let a rule ask for it in postrouting, and older kernels do not tell it there
    inInterface: new InterfaceName([hook === "postrouting" || hook === "egress" ? "" : inName]),
    outInterface: new InterfaceName([isRouted ? outName : ""]),
    isDstLocal: to === undefined ? undefined : isRedirected ? goesTo === "host" : isToHost,
    isDstRewritten: false,
    isNew,
    isInvalid,
    original: isOriginal
      ? { src: packet.src, dst: packet.dst, srcPort: packet.srcPort, dstPort: packet.dstPort }
      : undefined,
    mark,
  };
  const isKnown = (packet.isSureToGo && to !== undefined) || !isRedirected;
  // conntrack has a bridge of its own (nf_conntrack_bridge), which nobody tells
  const met = isOnBridge ? { ...byPort(hooked), isNew: undefined, isInvalid: undefined } : hooked;
  return { hooked: met, isSure: isSure && isKnown && (!("isSure" in leaving) || leaving.isSure) };
}
