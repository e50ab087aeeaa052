import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered, type Located } from "../../../packets/results/gathered.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows/flows.js";
import type { FlowSummary } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Finder } from "./finder.js";

/** Most addresses that clients are seen under, each by the means. */
const MOST_ADDRESSES = 1000;

/** How clients come in: by the kernel's rules, or by a proxy. */
type Means = "DNAT and SNAT" | "a proxy";

/**
 * `client-address-hidden`: somebody outside opened a connection, and the container sees another address: a proxy opened a second one, or both
 * addresses are rewritten. Not across IP versions, where there is no other way; and not who comes from inside.
 */
export class ClientAddressHidden implements Finder {
  readonly tellsSoFar = true;
  /** By what containers see, and by which means. */
  readonly #seen = new Map<string, Gathered>();

  flow(flow: EndedFlow): void {
    const isBoth = (flow.rewrite & (REWRITE_SRC | REWRITE_DST)) === (REWRITE_SRC | REWRITE_DST);
    if (!flow.isOpenerKnown || flow.isFromInside || !isBoth || flow.isAcross) return;
    this.#add(flow.address(INSIDE, true), "DNAT and SNAT", flow);
  }

  linked(flow: FlowSummary): void {
    const { nat, initiator, sides, inside } = flow;
    if (nat !== "proxy" || initiator !== "outside" || sides[INSIDE] !== INSIDE || sides[OUTSIDE] !== OUTSIDE) return;
    this.#add(inside.src, "a proxy", flow);
  }

  close(): Finding[] {
    return [...this.#seen].flatMap(([seen, flows]) => ofFlows("client-address-hidden", flows, seen));
  }

  #add(as: string, means: Means, flow: Located): void {
    const seen = `containers see clients from outside as ${as}, by ${means}`;
    const flows = this.#seen.get(seen) ?? new Gathered();
    if (this.#seen.size < MOST_ADDRESSES) this.#seen.set(seen, flows);
    flows.addFlow(flow);
  }
}
