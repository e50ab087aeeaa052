import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows.js";
import { INSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./ended-flow.js";

/** The inside addresses that the NAT stands for, and their links. */
export class Hidden {
  readonly #addresses = new Set<string>();
  readonly #links = new Set<string>();

  /** Takes a flow that has ended. */
  flow(flow: EndedFlow): void {
    const isHiding = (flow.rewrite & (flow.isFromInside ? REWRITE_SRC : REWRITE_DST)) !== 0;
    // an address that becomes one of the other IP version is not hidden: within its own version it may be used as it is
    if (!isHiding || flow.isAcross) return;
    this.#addresses.add(flow.address(INSIDE, flow.isFromInside));
    const link = flow.link(INSIDE, flow.isFromInside);
    if (link !== null) this.#links.add(link);
  }

  get isEmpty(): boolean {
    return this.#addresses.size === 0;
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  hasLink(link: string | null): boolean {
    return link !== null && this.#links.has(link);
  }
}
