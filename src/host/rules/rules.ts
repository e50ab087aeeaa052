import type { Ends, Translation } from "../../packets/results/results.js";
import { printable } from "../../packets/printable.js";
import { isIcmp } from "../../protocols/ip-protocols.js";
import { parseAddress } from "../address.js";
import type { Answer } from "../answer.js";
import { InterfaceName, type Interfaces } from "../interfaces.js";
import { firstMark, isNat, keptBehindNat, telling } from "./first-mark.js";
import { ANY_MARK, type Mark, markOf } from "./mark.js";
import { flowProtocolNumber } from "../protocols.js";
import { readTables, type RuleTables } from "./rule-tables.js";
import type { Hook, HookedPacket, Rule, Table, Target } from "./ruleset.js";
import { canMake } from "./target.js";
import { isIncoming, passage } from "../tuples.js";
import { type Met, Walk } from "./walk.js";

/** A rule that accounts for a flow's translation, or for half of it; or that gave it to a proxy on the host, or kept it from being translated. */
export interface Explanation {
  /** As it stands in the rule set. */
  rule: string;
  kind: "dnat" | "snat" | "redirect" | "untrack";
  /** False where the rule, or one before it, asks for what cannot be told from a flow: it is possibly the one. */
  isCertain: boolean;
  /** What it rewrites to; null where that is not understood. */
  to: Target | null;
  /** Whether it makes what came out, provided that it was met: nobody knows that of what is not understood, of an address that the host is not known to have, and of a proxy. */
  isMaker: boolean;
}

/** What is known, or to be supposed, of a flow beside its ends. */
interface Beside {
  /** Whether the destination is an address of the host. */
  readonly isDstLocal?: Answer;
  /** Whether masquerading can have given the source that it left with. */
  readonly canMasquerade?: () => Answer;
}

/** Whether masquerading can have given a flow the source that it left with; `timeNs`: when it began, epoch nanoseconds, where that is known. */
export type Masquerade = (flow: Translation, timeNs?: bigint) => Answer;

/** What the NAT rules make of a packet. */
export interface Outcome {
  /** Whether they translate it, whichever of them. */
  readonly isTranslated: Answer;
  /** Those that do, or may. */
  readonly rules: readonly Met[];
  /** Those that give it to the host itself, or may. */
  readonly redirects: readonly Met[];
  /** The mark that it has then. */
  readonly mark: Mark;
}

/** So much of a line is quoted that could not be read. */
const MOST_QUOTED = 80;

/** NF_IP_PRI_CONNTRACK (include/uapi/linux/netfilter_ipv4.h), of IPv6 as well. */
const CONNTRACK = -200;

/** Where a bridge with br_netfilter has IP's rules asked, conntrack among them (NF_BR_PRI_BRNF, include/uapi/linux/netfilter_bridge.h). */
const BR_NETFILTER = 0;

/** What goes by NAT rules or not before they are asked: conntrack may be told to leave it alone, and a proxy to take it. */
const UNTRACKING = /\bnotrack\b/i;
const PROXYING = /\btproxy\b/i;

/** The NAT rules of a host. */
export class RuleBook {
  /** As they were read. */
  readonly read: RuleTables;
  /** What was not understood, in words. */
  readonly problems: string[] = [];
  /** Those that have rules which translate, and all. */
  readonly #tables: readonly Table[];
  readonly #all: readonly Table[];
  /** Those with the base chains alone that packets come to before conntrack. */
  readonly #early: readonly Table[];
  /** The same of a bridge, where packets come by its ports. */
  readonly #earlyOnBridge: readonly Table[];
  /** Those that tell how packets are translated. */
  readonly #telling: readonly Table[];
  /** The mark of a packet as it comes in, as far as the rules tell of it. */
  readonly mark: Mark;
  readonly #keptBehindNat: number;
  /** Whether some packets may pass the NAT rules by: as they are not tracked, or at all. */
  readonly hasUntracked: boolean;
  readonly hasBypass: boolean;

  /**
   * Reads the text of `iptables-save`, `ip6tables-save` (with or without counters) or `nft list ruleset`, or of several of
   * them one after the other. Never throws: what it cannot read is in `problems`.
   */
  constructor(text: string) {
    this.read = readTables(text);
    const { tables, bridge, unread } = this.read;
    this.#all = tables;
    this.#early = before(tables, CONNTRACK);
    this.#earlyOnBridge = before(bridge, BR_NETFILTER);
    this.#tables = tables.filter(isNat);
    this.#telling = telling(tables);
    this.mark = firstMark(tables);
    this.#keptBehindNat = keptBehindNat(tables);
    if (unread.length > 0) {
      const [{ number, text: line }] = unread;
      const what = unread.length === 1 ? "line could not be read: " : "lines could not be read, the first is ";
      this.problems.push(`${unread.length} ${what}line ${number}, '${printable(line).slice(0, MOST_QUOTED)}'`);
    }
    if (this.#tables.length === 0) this.problems.push("there are no NAT chains in it");
    this.hasUntracked = UNTRACKING.test(text);
    this.hasBypass = this.hasUntracked || PROXYING.test(text);
  }

  /**
   * The rules that made a flow's translation, in the order its first packet met them; none where the flow is not translated
   * or no rule explains it. More than one for the same kind are all possible ones.
   *
   * The rules are taken to be those of the time when the flow began, and the flow's initiator to be right. A rule that asks for an
   * interface's name that is not known is possible only.
   */
  explain(flow: Translation, interfaces: Interfaces, beside: Beside = {}): Explanation[] {
    const { isDstLocal, canMasquerade = () => true } = beside;
    const { entering, leaving } = passage(flow);
    const [inside, outside] = flow.sides.map((side) => interfaces[side]);
    const [inInterface, outInterface] = isIncoming(flow) ? [outside, inside] : [inside, outside];
    if (flow.nat === "proxy") return this.#explainProxy(flow, entering, leaving, inInterface);
    if (flow.nat === "none") return this.#untracking(flow, entering, leaving, inInterface);
    const explanations: Explanation[] = [];
    let { mark } = this;
    for (const { hook, kind } of STEPS) {
      const packet = packetAt(hook, flow, entering, leaving, isDstLocal, { inInterface, outInterface, mark });
      if (!packet) continue;
      const canBe = (to: Target | null): Answer => canMake(hook, to, entering, leaving, canMasquerade);
      const walk = new Walk("nat", hook, packet, canBe);
      walk.through(this.#telling);
      mark = this.#markBehind(hook, walk);
      this.#noteIfCutShort(walk);
      if (kind === null || (flow.nat !== kind && flow.nat !== "snat+dnat")) continue;
      for (const { text, to, isCertain } of walk.found.values())
        explanations.push({ rule: text, kind, isCertain, to, isMaker: canBe(to) === true });
    }
    return explanations;
  }

  /** The rules by which conntrack leaves a flow alone, so that no rule translates it: those that its first packet met before conntrack did. */
  #untracking(flow: Translation, entering: Ends, leaving: Ends, inInterface: InterfaceName): Explanation[] {
    const [outInterface, mark] = [new InterfaceName([""]), ANY_MARK];
    const packet = packetAt("prerouting", flow, entering, leaving, undefined, { inInterface, outInterface, mark });
    if (!packet) return [];
    return this.untracking(packet, !isIncoming(flow)).map(({ text, to, isCertain }) => ({
      rule: text,
      kind: "untrack",
      isCertain,
      to,
      isMaker: false,
    }));
  }

  /** The rules by which conntrack leaves a packet alone that comes in, or may; `isFromInside`: a bridge may have brought it. */
  untracking(packet: HookedPacket, isFromInside: boolean): readonly Met[] {
    if (!this.hasUntracked) return [];
    const onBridge = isFromInside ? this.#untrackingIn(this.#earlyOnBridge, byPort(packet)) : [];
    return [...onBridge, ...this.#untrackingIn(this.#early, packet)];
  }

  #untrackingIn(tables: readonly Table[], packet: HookedPacket): Iterable<Met> {
    const walk = new Walk("filter", "prerouting", packet, () => false);
    walk.through(tables);
    this.#noteIfCutShort(walk);
    return walk.untracking.values();
  }

  /** The rules that gave a conversation to a proxy; none where it was sent to the proxy's own address. */
  #explainProxy(flow: Translation, entering: Ends, leaving: Ends, inInterface: InterfaceName): Explanation[] {
    const [outInterface, mark] = [new InterfaceName([""]), ANY_MARK];
    const packet = packetAt("prerouting", flow, entering, leaving, undefined, { inInterface, outInterface, mark });
    if (!packet) return [];
    return (["filter", "nat"] as const).flatMap((type) => {
      const walk = new Walk(type, "prerouting", packet, () => false);
      walk.through(this.#all);
      this.#noteIfCutShort(walk);
      return [...walk.redirects.values()].map(({ text, to, isCertain }) => ({
        rule: text,
        kind: "redirect",
        isCertain,
        to,
        isMaker: false,
      }));
    });
  }

  /** Whether there are rules of an IP version: of one that nobody saved any of, nothing is known. */
  isAbout(isIpv6: boolean): boolean {
    const family = isIpv6 ? "ipv6" : "ipv4";
    return this.#tables.some((table) => table.family === family || table.family === "both");
  }

  /** What the rules of a hook make of a packet that opens a conversation. */
  meet(hook: Hook, packet: HookedPacket): Outcome {
    if (!this.isAbout(packet.isIpv6)) return { isTranslated: undefined, rules: [], redirects: [], mark: ANY_MARK };
    const walk = new Walk("nat", hook, packet, (to) => (to === null ? undefined : true));
    const isTranslated = walk.through(this.#telling);
    this.#noteIfCutShort(walk);
    const { found, redirects } = walk;
    const mark = this.#markBehind(hook, walk);
    return { isTranslated, rules: [...found.values()], redirects: [...redirects.values()], mark };
  }

  /** The rules without which those of a hook would certainly translate what opens a conversation, and with which they do not; none where there are no such rules. */
  exempting(hook: Hook, packet: HookedPacket): readonly Met[] {
    const walked = (without: ReadonlySet<Rule>): Pick<Walk, "ending"> & { readonly isTranslated: Answer } => {
      const walk = new Walk("nat", hook, packet, (to) => (to === null ? undefined : true), undefined, without);
      return { isTranslated: walk.through(this.#telling), ending: walk.ending };
    };
    const exempting = new Map<Rule, Met>();
    let { isTranslated, ending } = walked(new Set());
    while (isTranslated === false && ending.size > 0) {
      for (const [rule, met] of ending) exempting.set(rule, met);
      ({ isTranslated, ending } = walked(new Set(exempting.keys())));
    }
    if (isTranslated !== true) return [];
    // none is named that it takes the others for
    const needed = new Set(exempting.keys());
    for (const rule of exempting.keys()) {
      needed.delete(rule);
      if (walked(needed).isTranslated !== true) needed.add(rule);
    }
    return [...exempting].filter(([rule]) => needed.has(rule)).map(([, met]) => met);
  }

  /** The rules that give a packet to the host itself which opens a conversation, or may: to a proxy, and others. */
  taking(packet: HookedPacket): { readonly proxying: readonly Met[]; readonly redirecting: readonly Met[] } {
    const walk = new Walk("filter", "prerouting", packet, () => false);
    walk.through(this.#all);
    this.#noteIfCutShort(walk);
    return { proxying: [...walk.redirects.values()], redirecting: this.meet("prerouting", packet).redirects };
  }

  /** The mark that a packet has where it comes to the next hook. */
  #markBehind(hook: Hook, { mark: { value, known } }: Walk): Mark {
    return hook === "prerouting" ? markOf(value, known & this.#keptBehindNat) : { value, known };
  }

  #noteIfCutShort({ isCutShort }: Walk): void {
    const problem = "jumps do not end, or there are too many rules: some were not looked at";
    if (isCutShort && !this.problems.includes(problem)) this.problems.push(problem);
  }
}

/** Some tables, with the base chains alone that packets come to before those of a priority. */
function before(tables: readonly Table[], behind: number): Table[] {
  return tables.map((table) => ({ ...table, base: table.base.filter(({ priority }) => priority < behind) }));
}

/** A packet as the rules of a bridge see it: the interfaces are its ports, which nobody tells. */
export function byPort(packet: HookedPacket): HookedPacket {
  return { ...packet, inInterface: new InterfaceName([""]), outInterface: new InterfaceName([""]) };
}

export function isEchoOf(proto: number, { icmpId }: Ends): boolean {
  return isIcmp(proto) && icmpId !== undefined;
}

/** Whether rules account for all of a flow's translation. */
export function isExplained(flow: Translation, explanations: readonly Explanation[]): boolean {
  const has = (kind: Explanation["kind"]): boolean => explanations.some((each) => each.kind === kind);
  const lacksSource = flow.nat.includes("snat") && isReaddressed(flow, "snat") && !has("snat");
  return !lacksSource && !(flow.nat.includes("dnat") && !has("dnat"));
}

/** Whether only a rule translates so: a source port alone is changed without one too, where it clashes (net/netfilter/nf_nat_core.c, null binding). */
export function isReaddressed(flow: Translation, kind: Explanation["kind"]): boolean {
  const { entering, leaving } = passage(flow);
  return kind === "dnat" || entering.src !== leaving.src;
}

/** Where a first packet's two ends are rewritten, or its mark may be, in the order it comes there. */
const STEPS = [
  { hook: "prerouting", kind: "dnat" },
  { hook: "forward", kind: null },
  { hook: "postrouting", kind: "snat" },
] as const;

/** The first packet of a flow as it comes to a hook; null where its addresses are not of one family. */
function packetAt(
  hook: Hook,
  { proto, nat, initiator }: Translation,
  entering: Ends,
  leaving: Ends,
  supposed: Answer,
  { inInterface, outInterface, mark }: Pick<HookedPacket, "inInterface" | "outInterface" | "mark">,
): HookedPacket | null {
  const isPrerouting = hook === "prerouting";
  const destination = isPrerouting ? entering : leaving;
  const src = parseAddress(entering.src);
  const dst = parseAddress(destination.dst);
  if (!src || !dst || src.isIpv6 !== dst.isIpv6) return null;
  const number = flowProtocolNumber(proto);
  // what is forwarded is not to the NAT itself; what was rewritten on its way in was, as far as the outside can know
  const isRewritten = isPrerouting && entering.dst !== leaving.dst;
  const isDstLocal = isRewritten ? (supposed ?? (initiator === "outside" || undefined)) : false;
  return {
    isIpv6: src.isIpv6,
    proto: number,
    src,
    dst,
    srcPort: entering.srcPort,
    dstPort: destination.dstPort,
    isEcho: isEchoOf(number, entering),
    isDstLocal,
    isDstRewritten: nat === "dnat" || nat === "snat+dnat",
    isNew: true,
    isInvalid: false,
    inInterface,
    outInterface,
    mark,
  };
}
