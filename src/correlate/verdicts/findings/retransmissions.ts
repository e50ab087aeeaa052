import { Few } from "../../../packets/few.js";
import type { Finding } from "../../../packets/findings.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Finder, ofFlows } from "./finder.js";

/** `retransmissions`: TCP segments all of whose bytes had crossed before. */
export class Retransmissions implements Finder {
  readonly #flows = new Few<number>();
  #count = 0;

  flow(flow: EndedFlow): void {
    const { retransmissions } = flow;
    if (retransmissions === 0) return;
    this.#flows.add(flow.id);
    this.#count += retransmissions;
  }

  close(): Finding[] {
    const text = "TCP segments that crossed the NAT more than once";
    return ofFlows("retransmissions", this.#flows, text, this.#count);
  }
}
