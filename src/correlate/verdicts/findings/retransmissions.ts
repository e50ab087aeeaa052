import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf } from "../../../packets/results/findings.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Finder } from "./finder.js";

/** `retransmissions`: TCP segments all of whose bytes had crossed before. Their pairs say so themselves: the frames that a flow began with do not. */
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
    if (this.#count === 0) return [];
    const text = "TCP segments that crossed the NAT more than once";
    return [findingOf("retransmissions", this.#count, text, { flows: this.#flows })];
  }
}
