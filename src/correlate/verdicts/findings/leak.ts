import { type Finding, findingOf, Gathered, type Located } from "../../../packets/results/findings.js";
import type { HostRules, Ruling } from "../../../packets/results/host-rules.js";
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
  readonly pairs: number;
}

/** The flows of which one text speaks. */
class Leaking extends Gathered {
  pairs = 0;
}

/**
 * `leak` and `untranslated`: an inside address appears outside as it is. Only where the host's rules hide it, or where they do not tell, the NAT
 * otherwise hides it, or its network, it is a leak: a router that hides nobody forwards all as it came, and rules may exempt some. Not who
 * answers what came to it untranslated; nor who may only do that.
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
      pairs: flow.pairs,
    });
  }

  close(): Finding[] {
    const leaks = new Map<string, Leaking>();
    const asTheyCame = new Map<string, Leaking>();
    for (const flow of this.#flows) {
      if (!flow.isOpenerKnown) {
        if (flow.isPrivate) gather(asTheyCame, `private addresses appear on outside untranslated, and ${MET}`, flow);
        continue;
      }
      const ruling = this.#rules.leaving(flow.proto, flow.ends);
      const hides = this.#whoHides(flow, ruling);
      if (hides !== undefined) gather(leaks, `${flow.ends.src} appears on outside untranslated, though ${hides}`, flow);
      else if (flow.isPrivate) {
        const { answer, rules, doubt } = ruling;
        const mayHide = answer === undefined && rules !== "" ? `a rule may hide them, but ${doubt}: ${rules}` : NOTHING;
        gather(asTheyCame, `private addresses appear on outside untranslated, and ${mayHide}`, flow);
      }
    }
    return [
      ...[...leaks].map(([text, leaking]) => findingOf("leak", leaking.pairs, text, leaking)),
      ...[...asTheyCame].map(([text, leaking]) => findingOf("untranslated", leaking.pairs, text, leaking)),
    ];
  }

  /** What shows that a flow should have been translated, in words; undefined where nothing does, or the host's rules exempt it. */
  #whoHides({ ends, link }: Untranslated, { answer, rules }: Ruling): string | undefined {
    if (answer !== undefined) return answer ? `a rule hides it: ${rules}` : undefined;
    if (this.#hidden.has(ends.src)) return "the NAT hides it in other flows";
    return this.#hidden.hasLink(link) ? "the NAT hides others of its network" : undefined;
  }
}

const MET = "nothing tells whether they opened these conversations, or answer what came to them so";
const NOTHING = "nothing shows that the NAT should hide them";

/** Adds a flow to those of which a text says the same. */
function gather(texts: Map<string, Leaking>, text: string, flow: Untranslated): void {
  const leaking = texts.get(text) ?? new Leaking();
  texts.set(text, leaking);
  leaking.addFlow(flow);
  leaking.pairs += flow.pairs;
}
