import { Few } from "../../../packets/few.js";
import type { Finding } from "../../../packets/findings.js";
import { UDP } from "../../../packets/packets.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Finder, ofFlows } from "./finder.js";

/** Pairs a flow needs before it is odd that they all go one way. */
const LEAST_ONE_WAY_PAIRS = 4;

/** `asymmetric`: packets of a flow crossed in one direction only. */
export class Asymmetric implements Finder {
  readonly #flows = new Few<number>();

  flow(flow: EndedFlow): void {
    const isOneWay = (flow.pairsThere === 0 || flow.pairsBack === 0) && flow.pairs >= LEAST_ONE_WAY_PAIRS;
    if (isOneWay && flow.proto !== UDP) this.#flows.add(flow.id);
  }

  close(): Finding[] {
    return ofFlows("asymmetric", this.#flows, "only one direction was seen on both sides");
  }
}
