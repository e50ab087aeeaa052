import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import { INSIDE } from "../../../packets/sides.js";
import type { Context, Finder } from "./finder.js";
import { isPortRewritten } from "./port-rewritten.js";

/** `nat-clash-drop`: the first packet is gone, and `Clashes` found the flow that took its port at that time. */
export class NatClashDrop implements Finder {
  readonly tellsSoFar = true;
  readonly #clashes: Context["clashes"];
  readonly #flows = new Gathered();

  constructor({ clashes }: Context) {
    this.#clashes = clashes;
  }

  flow(flow: EndedFlow): void {
    const frame = this.#clashes.lostBy(flow.insideTuple);
    if (!isPortRewritten(flow) || frame === undefined) return;
    this.#flows.frames[INSIDE].add(frame);
    this.#flows.addFlow(flow);
  }

  close(): Finding[] {
    const text = "the first packet was dropped and another port or id given, as another flow held the wanted one";
    return ofFlows("nat-clash-drop", this.#flows, text);
  }
}
