import { type Finding, Gathered } from "../../../packets/findings.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Context, type Finder, ofFlows } from "./finder.js";
import type { Hidden } from "./hidden.js";

/** `swapped-sides`: the NAT does to those outside what it does to those whom it hides, and nobody inside is hidden. */
export class SwappedSides implements Finder {
  readonly #hidden: Hidden;
  /** Flows that were opened outside and have their source rewritten, and that alone. */
  readonly #flows = new Gathered();

  constructor({ hidden }: Context) {
    this.#hidden = hidden;
  }

  flow(flow: EndedFlow): void {
    const isBackward = (flow.rewrite & (REWRITE_SRC | REWRITE_DST)) === REWRITE_SRC && !flow.isFromInside;
    if (flow.isOpenerKnown && isBackward) this.#flows.addFlow(flow);
  }

  close(): Finding[] {
    if (!this.#hidden.isEmpty) return [];
    const text =
      "inside and outside seem to be swapped: the NAT hides who comes from outside, and nobody who comes from inside";
    return ofFlows("swapped-sides", this.#flows, text);
  }
}
