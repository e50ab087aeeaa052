import { REWRITE_SRC } from "../../../packets/flows/flows.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { Gathered, type Located } from "../../../packets/results/gathered.js";
import type { HostRules } from "../../../packets/results/host-rules.js";
import type { Ends } from "../../../packets/results/results.js";
import { said, saidAddress, type Sentence } from "../../../packets/results/sentence.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Hidden } from "./seen/hidden.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;

/** So many addresses of a network that are exempt show that the network is. */
const ENOUGH = 2;

/** A flow that an inside address opened, as far as is known, and that the NAT left alone. */
interface Untranslated extends Located {
  readonly isOpenerKnown: boolean;
  readonly isFromInside: boolean;
  readonly proto: number;
  readonly ends: Ends;
  readonly link: string | null;
  readonly isPrivate: boolean;
  readonly calls: readonly string[];
  readonly isKept: boolean;
  readonly isOneOfSeveral: boolean;
  readonly pairs: number;
  readonly firstNs: number;
  readonly lastNs: number;
}

/** Whether a flow should have been translated, what shows that, or does not, in words, and what to look at next where that is not as usual. */
interface Judged {
  readonly isLeak: boolean;
  readonly why: string;
  readonly hint?: string;
}

/** Flows of which the same is said. */
class Leaking extends Gathered {
  /** The address of their initiators, or of the first of them … */
  readonly src: string;
  /** … `macHash` of who sent as that … */
  readonly mac: number | undefined;
  /** … what shows that it should have been translated, or does not … */
  readonly why: string;
  /** … and what to look at next; undefined where that is as usual. */
  readonly hint: string | undefined;
  pairs = 0;
  /** From when to when, nanoseconds on the timeline. */
  fromNs = Number.POSITIVE_INFINITY;
  throughNs = Number.NEGATIVE_INFINITY;

  constructor({ src, srcMac }: Ends, { why, hint }: Pick<Judged, "why" | "hint">) {
    super();
    this.src = src;
    this.mac = srcMac;
    this.why = why;
    this.hint = hint;
  }

  override addFlow(flow: Untranslated): void {
    super.addFlow(flow);
    this.pairs += flow.pairs;
    this.fromNs = Math.min(this.fromNs, flow.firstNs);
    this.throughNs = Math.max(this.throughNs, flow.lastNs);
  }
}

/**
 * `leak` and `untranslated`: an inside address appears outside as it is. Only where the host's rules hide it, or where they do not tell, the NAT
 * otherwise hides it, or its network, it is a leak: a router that hides nobody forwards all as it came. Nor is it one, as far as captures tell,
 * where all of the conversation is like that, and answered: rules exempt who knows the way to that address. Then they exempt what nobody
 * answers there, too. Not who answers what came to it untranslated; nor who may only do that.
 */
export class Leak implements Finder {
  readonly #hidden: Hidden;
  readonly #rules: HostRules;
  readonly #epochNs: bigint;
  readonly #flows: Untranslated[] = [];
  /** The addresses that answer what calls there with its own address, as many as tell something. */
  readonly #answering = new Map<string, Set<string>>();

  constructor({ hidden, rules, epochNs }: Context) {
    this.#hidden = hidden;
    this.#epochNs = epochNs;
    this.#rules = rules;
  }

  flow(flow: EndedFlow): void {
    const { isOpenerKnown } = flow;
    const hasKept = isKept(flow);
    const calls = isOpenerKnown && hasKept ? flow.calls : undefined;
    if (calls !== undefined) this.#takeAnswered(calls, flow.address(OUTSIDE, false));
    if (flow.rewrite !== 0 || flow.untranslated !== undefined || (isOpenerKnown && !flow.isFromInside)) return;
    // a bridge may show answers with the NAT undone already: what they answer left as somebody else's
    if (isOpenerKnown && flow.pairsThere === 0) return;
    // what goes into a tunnel need not be hidden
    if (flow.isTunneled || this.#flows.length === MOST_UNTRANSLATED) return;
    this.#flows.push({
      id: flow.id,
      sides: flow.sides,
      firstFrames: flow.firstFrames,
      isIpv6: flow.isIpv6,
      proto: flow.proto,
      isOpenerKnown,
      isFromInside: flow.isFromInside,
      ends: flow.ends(INSIDE),
      link: flow.link(INSIDE, true),
      isPrivate: flow.isPrivate(INSIDE, flow.isFromInside),
      calls: calls ?? flow.calls,
      isKept: hasKept,
      isOneOfSeveral: flow.isOneOfSeveral,
      pairs: flow.pairs,
      firstNs: flow.firstNs,
      lastNs: flow.lastNs,
    });
  }

  close(): Finding[] {
    const leaks = new Map<string, Leaking>();
    const asTheyCame = new Map<string, Leaking>();
    for (const flow of this.#flows) {
      const judged = this.#judged(flow);
      const { isLeak, why } = judged;
      if (isLeak) gather(leaks, `${flow.ends.src} ${flow.ends.srcMac} ${why}`, flow, judged);
      else if (flow.isPrivate) gather(asTheyCame, why, flow, judged);
    }
    return [
      ...[...leaks.values()].map((leaking) => findingOf("leak", leaking.pairs, leakText(leaking), leaking)),
      ...[...asTheyCame.values()].map((leaking) =>
        findingOf(
          "untranslated",
          leaking.pairs,
          `private addresses appear on outside untranslated, and ${leaking.why}`,
          leaking,
          leaking.hint,
        ),
      ),
    ];
  }

  #judged(flow: Untranslated): Judged {
    const { isOpenerKnown, proto, ends, link } = flow;
    if (!isOpenerKnown && !this.#opens(flow)) return { isLeak: false, why: MET };
    const { answer, rules, doubt, mayExempt, atOtherTimes } = this.#rules.leaving(proto, ends, this.#begunNs(flow));
    if (answer === true) return { isLeak: true, why: `a rule hides it: ${rules}` };
    if (rules !== "" && answer === false)
      return { isLeak: false, why: `a rule exempts them from the NAT: ${rules}`, hint: NARROW };
    if (mayExempt !== undefined)
      return { isLeak: false, why: `a rule that came or went about then may exempt them: ${mayExempt}`, hint: NARROW };
    if (atOtherTimes !== undefined) {
      const when = answer === false ? " that was not there when it left" : "";
      return { isLeak: true, why: `a rule hides it${when}: ${atOtherTimes}` };
    }
    const isHidden = this.#hidden.has(ends.src);
    if (isHidden || this.#hidden.hasLink(link)) {
      if (answer === false) return { isLeak: false, why: isHidden ? NONE_OF_THESE : NONE_OF_THEM };
      if (flow.isKept) return { isLeak: false, why: ANSWERED };
      if (this.#isExempt(flow)) return { isLeak: false, why: OTHERS_ANSWERED };
      return { isLeak: true, why: `the NAT hides ${isHidden ? "it in other flows" : "others of its network"}` };
    }
    return { isLeak: false, why: rules === "" ? NOTHING : `a rule may hide them, but ${doubt}: ${rules}` };
  }

  /** Whether conntrack says that a flow's first packet opened it, and came from inside. */
  #opens(flow: Untranslated): boolean {
    const { isFromInside, proto, ends } = flow;
    const timeNs = this.#begunNs(flow);
    return isFromInside && timeNs !== undefined && this.#rules.passedAs(proto, ends, timeNs) !== undefined;
  }

  /** When a flow began, epoch nanoseconds; undefined of one of which no packet counts. */
  #begunNs({ firstNs }: Untranslated): bigint | undefined {
    return Number.isFinite(firstNs) ? this.#epochNs + BigInt(Math.floor(firstNs)) : undefined;
  }

  #takeAnswered(calls: readonly string[], address: string): void {
    for (const call of calls) {
      const answering = this.#answering.get(call) ?? new Set();
      this.#answering.set(call, answering);
      if (answering.size < ENOUGH) answering.add(address);
    }
    keepNewest(this.#answering, MOST_UNTRANSLATED);
  }

  /** Whether its network calls an address that answers, or a network of which so many do. */
  #isExempt({ calls, isOneOfSeveral }: Untranslated): boolean {
    if (isOneOfSeveral) return false;
    return calls.some((call, at) => (this.#answering.get(call)?.size ?? 0) >= (at === 0 ? 1 : ENOUGH));
  }
}

/** Whether a conversation that began inside keeps its initiator's address, is answered so, and always was like that: rules act on its first packet. */
function isKept({ isFromInside, rewrite, isAnswered, isOneOfSeveral }: EndedFlow): boolean {
  return isFromInside && (rewrite & REWRITE_SRC) === 0 && isAnswered && !isOneOfSeveral;
}

const MET = "nothing tells whether they opened these conversations, or answer what came to them so";
const NOTHING = "no packet and no rule shows that the NAT should hide them";
const NARROW = "narrow that rule, or delete it, if the NAT is to hide them";
const NONE_OF_THESE = "no rule hides these conversations, though the NAT hides others of the same addresses";
const NONE_OF_THEM = "no rule hides them, though the NAT hides others of their network";
const ANSWERED = "are answered so: a rule may exempt these conversations from the NAT, which hides others";
const OTHERS_ANSWERED =
  "others from their network to the same address, or to two of its network, are answered so: a rule may exempt that from the NAT, which hides others";

function leakText({ src, mac, why, fromNs, throughNs }: Leaking): Sentence {
  return said`${saidAddress(src, { mac, fromNs, throughNs })} appears on outside untranslated, though ${why}`;
}

/** Adds a flow to those of which the same is said, by a key. */
function gather(all: Map<string, Leaking>, key: string, flow: Untranslated, judged: Judged): void {
  const leaking = all.get(key) ?? new Leaking(flow.ends, judged);
  all.set(key, leaking);
  leaking.addFlow(flow);
}
