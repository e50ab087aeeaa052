import { type Finding, findingOf, Gathered, type Located } from "../../../packets/results/findings.js";
import type { HostRules } from "../../../packets/results/host-rules.js";
import type { Ends } from "../../../packets/results/results.js";
import { INSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Hidden } from "./hidden.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;

/** A flow that an inside address opened, as far as is known, and that the NAT left alone. */
interface Untranslated extends Located {
  readonly isOpenerKnown: boolean;
  readonly proto: number;
  readonly ends: Ends;
  readonly link: string | null;
  readonly isPrivate: boolean;
  readonly mayBeExempt: boolean;
  readonly pairs: number;
}

/** The flows of which one text speaks. */
class Leaking extends Gathered {
  pairs = 0;
}

/**
 * `leak` and `untranslated`: an inside address appears outside as it is. Only where the host's rules hide it, or where they do not tell, the NAT
 * otherwise hides it, or its network, it is a leak: a router that hides nobody forwards all as it came. Nor is it one, as far as captures tell,
 * where all of the conversation is like that, and answered: rules exempt who knows the way to that address. Not who answers what came to it untranslated;
 * nor who may only do that.
 */
export class Leak implements Finder {
  readonly #hidden: Hidden;
  readonly #rules: HostRules;
  readonly #flows: Untranslated[] = [];

  constructor({ hidden, rules }: Context) {
    this.#hidden = hidden;
    this.#rules = rules;
  }

  flow(flow: EndedFlow): void {
    const { isOpenerKnown } = flow;
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
      ends: flow.ends(INSIDE),
      link: flow.link(INSIDE, true),
      isPrivate: flow.isPrivate(INSIDE, flow.isFromInside),
      // rules act on the first packet of a conversation
      mayBeExempt: flow.isAnswered && !flow.isOneOfSeveral,
      pairs: flow.pairs,
    });
  }

  close(): Finding[] {
    const leaks = new Map<string, Leaking>();
    const asTheyCame = new Map<string, Leaking>();
    for (const flow of this.#flows) {
      const { isLeak, why } = this.#judged(flow);
      if (isLeak) gather(leaks, `${flow.ends.src} appears on outside untranslated, though ${why}`, flow);
      else if (flow.isPrivate) gather(asTheyCame, `private addresses appear on outside untranslated, and ${why}`, flow);
    }
    return [
      ...[...leaks].map(([text, leaking]) => findingOf("leak", leaking.pairs, text, leaking)),
      ...[...asTheyCame].map(([text, leaking]) => findingOf("untranslated", leaking.pairs, text, leaking)),
    ];
  }

  /** Whether a flow should have been translated, and what shows that, or does not, in words. */
  #judged({ isOpenerKnown, proto, ends, link, mayBeExempt }: Untranslated): { isLeak: boolean; why: string } {
    if (!isOpenerKnown) return { isLeak: false, why: MET };
    const { answer, rules, doubt } = this.#rules.leaving(proto, ends);
    if (answer !== undefined) return { isLeak: answer, why: answer ? `a rule hides it: ${rules}` : NOTHING };
    const isHidden = this.#hidden.has(ends.src);
    if (isHidden || this.#hidden.hasLink(link)) {
      if (mayBeExempt) return { isLeak: false, why: ANSWERED };
      return { isLeak: true, why: `the NAT hides ${isHidden ? "it in other flows" : "others of its network"}` };
    }
    return { isLeak: false, why: rules === "" ? NOTHING : `a rule may hide them, but ${doubt}: ${rules}` };
  }
}

const MET = "nothing tells whether they opened these conversations, or answer what came to them so";
const NOTHING = "nothing shows that the NAT should hide them";
const ANSWERED = "are answered so: a rule may exempt these conversations from the NAT, which hides others";

/** Adds a flow to those of which a text says the same. */
function gather(texts: Map<string, Leaking>, text: string, flow: Untranslated): void {
  const leaking = texts.get(text) ?? new Leaking();
  texts.set(text, leaking);
  leaking.addFlow(flow);
  leaking.pairs += flow.pairs;
}
