import type { Address } from "../address.js";
import type { Answer } from "../answer.js";
import type { Leaving } from "./leaving.js";
import { InterfaceName } from "../interfaces.js";
import { keptByNat } from "../rules/first-mark.js";
import { ANY_MARK, type Mark, markOf } from "../rules/mark.js";
import { listedRules } from "../rules/times/listed-rules.js";
import type { RuleTables } from "../rules/rule-tables.js";
import { type Hook, type HookedPacket, HOOKS, type Rule, type Table } from "../rules/ruleset.js";
import { Walk } from "../rules/walk.js";

/** A packet that comes to a host, which is to forward it, or to take it. */
export interface IncomingPacket extends Pick<HookedPacket, "isIpv6" | "proto" | "src" | "srcPort" | "isEcho"> {
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

/** What packets come to that the host takes, and those that it forwards. */
const OF_TAKEN: readonly Hook[] = ["ingress", "prerouting", "input"];
const OF_FORWARDED: readonly Hook[] = HOOKS.filter((hook) => hook !== "input");

/** The rules of a host that can drop what comes to it. */
export class FilterBook {
  readonly #tables: readonly Table[];
  /** Where they have chains. */
  readonly #hooks: ReadonlySet<Hook>;
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
  constructor({ text, tables, unread, unknownSets, aside }: RuleTables) {
    this.#hasHelpers = /--helper |\bhelper set\b/.test(text);
    this.#tables = tables;
    this.#hooks = new Set(tables.flatMap(({ base }) => base.map(({ hook }) => hook)));
    this.#keptByNat = keptByNat(tables);
    this.unread = unread.length;
    this.unknownSets = unknownSets;
    this.aside = aside;
    for (const { rule, ...place } of listedRules(tables)) {
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
    for (const hook of packet.goesTo === "host" ? OF_TAKEN : OF_FORWARDED) {
      if (!this.#hooks.has(hook)) continue;
      const at = hookedAt(hook, packet, mark);
      if (at === undefined) break;
      const { hooked, isSure } = at;
      isCertain &&= isSure;
      const walk = new Walk(
        "filter",
        hook,
        this.#hasHelpers ? hooked : { ...hooked, isRelated: false },
        () => true,
        (rule) => isIdle(this.#places.get(rule)?.key ?? ""),
      );
      const isDropped = walk.through(this.#tables);
      for (const [rule, met] of walk.found) {
        const place = this.#places.get(rule);
        if (place !== undefined) found.push({ rule, text: met.text, ...place, isCertain: isCertain && met.isCertain });
      }
      if (isDropped === true) break;
      if (isDropped === undefined) isCertain = false;
      const { value, known } = walk.mark;
      mark = markOf(value, hook === "prerouting" ? known & this.#keptByNat : known);
    }
    return found;
  }
}

/** Whether it is known by then where a packet goes. */
function isRouted(hook: Hook): boolean {
  return hook !== "ingress" && hook !== "prerouting";
}

/** A packet as it is at a hook; undefined where it is not known what it is by then. `isSure`: false where it may be otherwise. */
function hookedAt(
  hook: Hook,
  packet: IncomingPacket,
  mark: Mark,
): { readonly hooked: HookedPacket; readonly isSure: boolean } | undefined {
  const { isIpv6, proto, isEcho, goesTo, isToHost, isNew, isInvalid, isOriginal, inName, outName } = packet;
  const hasLeft = hook === "postrouting" || hook === "egress";
  const end = isRouted(hook) && goesTo !== "host" ? goesTo : packet;
  const leaving = hook === "egress" ? packet.leavesAs() : packet;
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
    // iptables does not let a rule ask for it in postrouting, and older kernels do not tell it there
    inInterface: new InterfaceName([hasLeft ? "" : inName]),
    outInterface: new InterfaceName([isRouted(hook) ? outName : ""]),
    isDstLocal: isRouted(hook) ? goesTo === "host" : isToHost,
    isDstRewritten: false,
    isNew,
    isInvalid,
    original: isOriginal
      ? { src: packet.src, dst: packet.dst, srcPort: packet.srcPort, dstPort: packet.dstPort }
      : undefined,
    mark,
  };
  return { hooked, isSure: (packet.isSureToGo || !isRouted(hook)) && (!("isSure" in leaving) || leaving.isSure) };
}
