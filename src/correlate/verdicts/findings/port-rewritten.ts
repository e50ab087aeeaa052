import { type Finding, Gathered } from "../../../packets/results/findings.js";
import { REWRITE_DST_PORT, REWRITE_SRC_PORT } from "../../../packets/flows/flows.js";
import { isIcmp } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Finder, ofFlows } from "./finder.js";

/** `port-rewritten`: an inside host's port, or ICMP id, is another one outside. */
export class PortRewritten implements Finder {
  readonly #flows = new Gathered();

  flow(flow: EndedFlow): void {
    if (flow.isOpenerKnown && isPortRewritten(flow)) this.#flows.addFlow(flow);
  }

  close(): Finding[] {
    return ofFlows("port-rewritten", this.#flows, "the port or ICMP id was not kept");
  }
}

/** Whether an inside host's port, or ICMP id, is another one outside; of a flow whose opener is not known, if that is the inside host. */
export function isPortRewritten(flow: EndedFlow): boolean {
  // both ends of an ICMP flow have its id
  const ports = isIcmp(flow.proto) ? REWRITE_SRC_PORT | REWRITE_DST_PORT : REWRITE_SRC_PORT;
  return flow.isFromInside && (flow.rewrite & ports) !== 0;
}
