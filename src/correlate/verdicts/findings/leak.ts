import { type Finding, findingOf, Gathered, type Located } from "../../../packets/findings.js";
import { INSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Hidden } from "./hidden.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;

/** A flow that an inside address opened and that the NAT left alone. */
interface Untranslated extends Located {
  readonly src: string;
  readonly link: string | null;
  readonly isPrivate: boolean;
  readonly pairs: number;
}

/** The flows in which an address leaks. */
class Leaking extends Gathered {
  pairs = 0;
}

/**
 * `leak` and `untranslated`: an inside address appears outside as it is. Only where the NAT otherwise hides it, or its network, it is a
 * leak: a router that hides nobody forwards all as it came. Not who answers what came to it untranslated.
 */
export class Leak implements Finder {
  readonly #hidden: Hidden;
  readonly #flows: Untranslated[] = [];

  constructor({ hidden }: Context) {
    this.#hidden = hidden;
  }

  flow(flow: EndedFlow): void {
    if (flow.rewrite !== 0 || flow.untranslated !== undefined || !flow.isOpenerKnown || !flow.isFromInside) return;
    // what goes into a tunnel need not be hidden
    if (flow.isTunneled || this.#flows.length === MOST_UNTRANSLATED) return;
    this.#flows.push({
      id: flow.id,
      sides: flow.sides,
      firstFrames: flow.firstFrames,
      src: flow.address(INSIDE, true),
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
      const { src, link, isPrivate, pairs } = flow;
      const isHidden = this.#hidden.has(src);
      if (isHidden || this.#hidden.hasLink(link)) {
        const hides = isHidden ? "it in other flows" : "others of its network";
        const text = `${src} appears on outside untranslated, though the NAT hides ${hides}`;
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
      const text = "private addresses appear on outside untranslated, and nothing shows that the NAT hides them";
      found.push(findingOf("untranslated", pairsAsTheyCame, text, asTheyCame));
    }
    return found;
  }
}
