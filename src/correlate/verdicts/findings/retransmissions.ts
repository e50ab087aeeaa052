import { type Finding, Gathered } from "../../../packets/findings.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Finder, ofFlows } from "./finder.js";

/** `retransmissions`: TCP segments all of whose bytes had crossed before. */
export class Retransmissions implements Finder {
  readonly #flows = new Gathered();
  #count = 0;

  flow(flow: EndedFlow): void {
    const { retransmissions } = flow;
    if (retransmissions === 0) return;
    this.#flows.addFlow(flow);
    this.#count += retransmissions;
  }

  close(): Finding[] {
    const text = "TCP segments that crossed the NAT more than once";
    return ofFlows("retransmissions", this.#flows, text, this.#count);
  }
}
