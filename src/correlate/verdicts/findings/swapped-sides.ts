import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { FINDINGS } from "../../../packets/results/finding-codes.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows/flows.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Hidden } from "./seen/hidden.js";

const SWAPPED = "inside and outside seem to be swapped, and what is said of packets is said as they were given";

/**
 * `swapped-sides`: the NAT does to those outside what it does to those whom it hides, and nobody inside is hidden; or whoever is inside has a public
 * address, and whoever is outside a private one that the NAT translates; or only those outside use addresses of who is behind a translator between
 * IP versions. The last two only where nothing is done the usual way round.
 */
export class SwappedSides implements Finder {
  readonly #hidden: Hidden;
  readonly #hint: string;
  /** Flows that were opened outside and have their source rewritten, and that alone. */
  readonly #hiding = new Gathered();
  /** Flows from a public address inside, of which the destination is rewritten alone, to a private one. */
  readonly #publishing = new Gathered();
  /** Flows of those outside who are behind a translator. */
  readonly #crossing = new Gathered();
  /** Whether any flow has its source rewritten alone on its way out, or its destination on its way in, or goes out into another IP version. */
  #isUsual = false;

  constructor({ hidden, cover }: Context) {
    this.#hidden = hidden;
    const { hint } = FINDINGS["swapped-sides"];
    this.#hint = cover[INSIDE].isLive ? hint.replace("natcorr file", "natcorr live") : hint;
  }

  flow(flow: EndedFlow): void {
    if (flow.isAcross) {
      if (!flow.isOpenerKnown) return;
      if (flow.isFromInside) this.#isUsual = true;
      else if (flow.isBehindTranslator(OUTSIDE)) this.#crossing.addFlow(flow);
      return;
    }
    const rewritten = flow.rewrite & (REWRITE_SRC | REWRITE_DST);
    // a flow of which nobody knows who opened it is taken as it goes out: its end inside is rewritten, or the one outside
    if (rewritten === (flow.isFromInside ? REWRITE_SRC : REWRITE_DST)) this.#isUsual = true;
    else if (rewritten === REWRITE_SRC) this.#hiding.addFlow(flow);
    else if (rewritten === REWRITE_DST && !flow.isPrivate(INSIDE, true) && flow.isPrivate(OUTSIDE, false))
      this.#publishing.addFlow(flow);
  }

  close(): Finding[] {
    const say = (gathered: Gathered, why: string): Finding[] =>
      ofFlows("swapped-sides", gathered, `${SWAPPED}: ${why}`, this.#hint);
    if (this.#hidden.isEmpty && this.#hiding.flows.count > 0)
      return say(this.#hiding, "the NAT hides who comes from outside, and nobody who comes from inside");
    if (this.#isUsual) return [];
    if (this.#publishing.flows.count > 0)
      return say(
        this.#publishing,
        "whoever is inside has a public address, and whoever is outside a private one that the NAT translates",
      );
    return say(
      this.#crossing,
      "those outside have addresses of who is behind a translator between IP versions, and nobody inside has",
    );
  }
}
