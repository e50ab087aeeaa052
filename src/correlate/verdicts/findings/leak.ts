import { type Finding, findingOf, Gathered, type Located } from "../../../packets/findings.js";
import type { HostRules } from "../../../packets/host-rules.js";
import type { Ends } from "../../../packets/results.js";
import { INSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Hidden } from "./hidden.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;

/** A flow that an inside address opened and that the NAT left alone. */
interface Untranslated extends Located {
  readonly proto: number;
  readonly ends: Ends;
  readonly link: string | null;
  readonly isPrivate: boolean;
  readonly pairs: number;
}

/** The flows in which an address leaks. */
class Leaking extends Gathered {
  pairs = 0;
}

/**
 * `leak` and `untranslated`: an inside address appears outside as it is. Only where the host's rules hide it, or where they do not tell, the NAT
 * otherwise hides it, or its network, it is a leak: a router that hides nobody forwards all as it came, and rules may exempt some. Not who
 * answers what came to it untranslated.
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
    if (flow.rewrite !== 0 || flow.untranslated !== undefined || !flow.isOpenerKnown || !flow.isFromInside) return;
    // what goes into a tunnel need not be hidden
    if (flow.isTunneled || this.#flows.length === MOST_UNTRANSLATED) return;
    this.#flows.push({
      id: flow.id,
      sides: flow.sides,
      firstFrames: flow.firstFrames,
      proto: flow.proto,
      ends: flow.ends(INSIDE),
      link: flow.link(INSIDE, true),
      isPrivate: flow.isPrivate(INSIDE, true),
      pairs: flow.pairs,
    });
  }

  close(): Finding[] {
    const leaks = new Map<string, Leaking>();
    const asTheyCame = new Gathered();
    let pairsAsTheyCame = 0;
    for (const flow of this.#flows) {
      const { isPrivate, pairs } = flow;
      const hides = this.#whoHides(flow);
      if (hides !== undefined) {
        const text = `${flow.ends.src} appears on outside untranslated, though ${hides}`;
        const leaking = leaks.get(text) ?? new Leaking();
        leaks.set(text, leaking);
        leaking.addFlow(flow);
        leaking.pairs += pairs;
      } else if (isPrivate) {
        asTheyCame.addFlow(flow);
        pairsAsTheyCame += pairs;
      }
    }
    const found = [...leaks].map(([text, leaking]) => findingOf("leak", leaking.pairs, text, leaking));
    if (asTheyCame.flows.count > 0) {
      const text = "private addresses appear on outside untranslated, and nothing shows that the NAT should hide them";
      found.push(findingOf("untranslated", pairsAsTheyCame, text, asTheyCame));
    }
    return found;
  }

  /** What shows that a flow should have been translated, in words; undefined where nothing does, or the host's rules exempt it. */
  #whoHides({ proto, ends, link }: Untranslated): string | undefined {
    const { answer, rules } = this.#rules.leaving(proto, ends);
    if (answer !== undefined) return answer ? `a rule hides it: ${rules}` : undefined;
    if (this.#hidden.has(ends.src)) return "the NAT hides it in other flows";
    return this.#hidden.hasLink(link) ? "the NAT hides others of its network" : undefined;
  }
}
