import { remember } from "../../../packets/memory/keep-newest.js";
import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { REWRITE_DST_PORT, REWRITE_SRC_PORT } from "../../../packets/flows/flows.js";
import { OUTSIDE } from "../../../packets/sides.js";
import { isIcmp } from "../../../protocols/ip-protocols.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Finder } from "./finder.js";

/** So many conversations are remembered at the most that had several ports outside. */
const MOST_REMEMBERED = 4096;

/**
 * `port-rewritten`: an inside host's port, or ICMP id, is another one outside. Where it is not known who began, a published port looks the same, but
 * for a conversation that had several ports outside: the NAT chose them.
 */
export class PortRewritten implements Finder {
  readonly tellsSoFar = true;
  readonly #flows = new Gathered();
  /** Such conversations, in words: their tuples are given back. */
  readonly #severalPorts = new Set<string>();

  replaced(before: EndedFlow, now: EndedFlow): void {
    if (before.initiatorsPort(OUTSIDE) === now.initiatorsPort(OUTSIDE)) return;
    remember(this.#severalPorts, now.said.text, MOST_REMEMBERED);
  }

  flow(flow: EndedFlow): void {
    if (!isPortRewritten(flow)) return;
    if (flow.isOpenerKnown || this.#severalPorts.has(flow.said.text)) this.#flows.addFlow(flow);
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
