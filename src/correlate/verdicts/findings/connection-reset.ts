import type { Finding } from "../../../packets/results/findings.js";
import { Calls, type Ended } from "./seen/calls.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Request } from "./seen/requests.js";

/**
 * `connection-reset`: a TCP connection was accepted, its initiator sent something, and a reset came back before any byte of an answer, which crossed as well. Its TTL tells
 * whether it came from as far as the SYN-ACK: whoever resets on the way is mostly nearer.
 */
export class ConnectionReset implements Finder {
  readonly #calls: Calls;

  constructor(context: Context) {
    this.#calls = new Calls(context, resetOf);
  }

  flow(flow: EndedFlow): void {
    this.#calls.take(flow);
  }

  close(): Finding[] {
    return this.#calls.findings("connection-reset", "accepted, asked, and reset before any answer");
  }
}

/** How a request was reset; undefined where it was not. */
function resetOf({ closing, askedNs, acceptedTtl, isLate }: Request): Ended | undefined {
  if (isLate || closing === undefined || closing.isInitiators || !closing.isReset) return undefined;
  const by =
    closing.ttl === acceptedTtl
      ? ` later with the TTL of the SYN-ACK (${acceptedTtl}): by the other end, as it seems`
      : ` later with TTL ${closing.ttl}, and the SYN-ACK had ${acceptedTtl}: maybe by somebody on the way`;
  return { outcome: ["sent, reset", by], waitedNs: closing.atNs - askedNs };
}
