import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { INSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";

/** The request of an echo reply, at most so long before it, would be in the capture, nanoseconds. */
const LEAST_BEFORE_NS = 10_000_000_000;

/**
 * `asymmetric`: packets of a flow crossed in one direction only, and there are others: TCP acknowledges them, an echo reply has a request, and of any
 * protocol, answers are on the initiator's side alone. A few of those may have been missed where they came in: of a DNS query, nothing tells. Not a flow
 * that nobody answers, nor one whose answers cross as another flow.
 */
export class Asymmetric implements Finder {
  readonly #context: Context;
  readonly #flows = new Gathered();

  constructor(context: Context) {
    this.#context = context;
  }

  flow(flow: EndedFlow): void {
    const isOneWay = flow.pairsThere === 0 || flow.pairsBack === 0;
    if (!isOneWay || flow.isUnclear || flow.isProvedElsewhere(flow.pairsThere === 0)) return;
    if (this.#hasOthers(flow)) this.#flows.addFlow(flow);
  }

  close(): Finding[] {
    const text = "only one direction was seen on both sides, though there was another";
    return ofFlows("asymmetric", this.#flows, text);
  }

  #hasOthers(flow: EndedFlow): boolean {
    if (flow.proto === TCP) return flow.hasProgress(flow.pairsThere > 0);
    if (flow.pairsThere > 0) {
      const { misses, cover } = this.#context;
      const mayLackAll = misses.mayLackAll(flow.farSide, flow.unmatchedNear);
      // those may be among the frames that a capture says it lost, which may be in a row
      const mayHaveLost = flow.unmatchedNear <= cover[flow.farSide].lostFrames;
      return flow.isOpenerKnown && flow.isAnsweredNear && !mayLackAll && !mayHaveLost;
    }
    const { sinceNs } = this.#context.cover[INSIDE];
    return flow.isEcho && flow.firstNs - sinceNs >= LEAST_BEFORE_NS;
  }
}
