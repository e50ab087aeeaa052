import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { said } from "../../../packets/results/sentence.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Finder } from "./finder.js";
import { saidServices, Services } from "./seen/services.js";

/**
 * `connection-refused`: SYNs crossed the NAT, and nothing came back but a reset, which crossed as well: whoever has that address does not listen there, or somebody
 * on the way rejects it (RFC 9293 section 3.10.7.1).
 */
export class ConnectionRefused implements Finder {
  readonly tellsSoFar = true;
  readonly #services = new Services();

  flow(flow: EndedFlow): void {
    if (isRefused(flow)) this.#services.add(flow);
  }

  close(): Finding[] {
    const refused = new Gathered();
    for (const { gathered } of this.#services.all) refused.addAll(gathered);
    const text = said`a reset is all that came back: ${saidServices(this.#services.all)}`;
    return ofFlows("connection-refused", refused, text);
  }
}

/** Whether a reset is all that a connection's other end is known to have sent. */
function isRefused(flow: EndedFlow): boolean {
  if (flow.proto !== TCP || !flow.isOpenerKnown || flow.isUnclear || flow.isAnsweredNear) return false;
  return flow.hasKnocked && flow.pairsBack > flow.unreachableBack && !flow.hasProgress(false) && flow.isOver;
}
