import { type Finding, FINDINGS, Gathered } from "../../../packets/results/findings.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows/flows.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Context, type Finder, ofFlows } from "./finder.js";
import type { Hidden } from "./hidden.js";

const SWAPPED = "inside and outside seem to be swapped, and what is said of packets is said as they were given";

/**
 * `swapped-sides`: the NAT does to those outside what it does to those whom it hides, and nobody inside is hidden; or it sends who calls from
 * inside, with a public address, to a private one outside, as it does with who calls a published port, and does nothing the usual way round.
 */
export class SwappedSides implements Finder {
  readonly #hidden: Hidden;
  readonly #hint: string;
  /** Flows that were opened outside and have their source rewritten, and that alone. */
  readonly #hiding = new Gathered();
  /** Flows from a public address inside, of which the destination is rewritten alone, to a private one. */
  readonly #publishing = new Gathered();
  /** Whether any flow has its source rewritten alone on its way out, or its destination on its way in. */
  #isUsual = false;

  constructor({ hidden, cover }: Context) {
    this.#hidden = hidden;
    const { hint } = FINDINGS["swapped-sides"];
    this.#hint = cover[INSIDE].isLive ? hint.replace("natcorr file", "natcorr live") : hint;
  }

  flow(flow: EndedFlow): void {
    const rewritten = flow.rewrite & (REWRITE_SRC | REWRITE_DST);
    if (rewritten === (flow.isFromInside ? REWRITE_SRC : REWRITE_DST)) this.#isUsual = true;
    else if (!flow.isOpenerKnown) return;
    else if (rewritten === REWRITE_SRC) this.#hiding.addFlow(flow);
    else if (rewritten === REWRITE_DST && !flow.isPrivate(INSIDE, true) && flow.isPrivate(OUTSIDE, false))
      this.#publishing.addFlow(flow);
  }

  close(): Finding[] {
    const hiding = `${SWAPPED}: the NAT hides who comes from outside, and nobody who comes from inside`;
    if (this.#hidden.isEmpty && this.#hiding.flows.count > 0)
      return ofFlows("swapped-sides", this.#hiding, hiding, this.#hint);
    const publishing = `${SWAPPED}: who calls from inside has a public address, and is sent to a private one outside`;
    return this.#isUsual ? [] : ofFlows("swapped-sides", this.#publishing, publishing, this.#hint);
  }
}
