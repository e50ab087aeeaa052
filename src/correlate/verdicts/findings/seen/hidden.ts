import { REWRITE_DST, REWRITE_SRC } from "../../../../packets/flows/flows.js";
import { INSIDE } from "../../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";

/**
 * The inside addresses that the NAT stands for where they speak first, and their links: a port that is published for clients does not say that the NAT
 * hides who speaks first, as a network may be routed, and have some.
 */
export class Hidden {
  /** Whether the NAT stands for any, in either direction. */
  isEmpty = true;
  readonly #addresses = new Set<string>();
  readonly #links = new Set<string>();

  /** Takes a flow that has ended. */
  flow(flow: EndedFlow): void {
    const isHiding = (flow.rewrite & (flow.isFromInside ? REWRITE_SRC : REWRITE_DST)) !== 0;
    // an address that becomes one of the other IP version is not hidden: within its own version it may be used as it is
    if (!isHiding || flow.isAcross) return;
    this.isEmpty = false;
    if (!flow.isFromInside) return;
    this.#addresses.add(flow.address(INSIDE, true));
    const link = flow.link(INSIDE, true);
    if (link !== null) this.#links.add(link);
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  hasLink(link: string | null): boolean {
    return link !== null && this.#links.has(link);
  }
}
