import type { Finding } from "../../../packets/results/findings.js";
import { Calls, isAllSeen } from "./calls.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context, Finder } from "./finder.js";

/**
 * `connection-reset`: a TCP connection was accepted, its initiator sent something, and a reset came back before any byte of an answer, which crossed as well. Its TTL tells
 * whether it came from as far as the SYN-ACK: whoever resets on the way is mostly nearer.
 */
export class ConnectionReset implements Finder {
  readonly #context: Context;
  readonly #calls = new Calls();

  constructor(context: Context) {
    this.#context = context;
  }

  flow(flow: EndedFlow): void {
    const request = this.#context.requests.of(flow);
    if (request === undefined || request.isLate || !isAllSeen(flow, this.#context)) return;
    const { closing, askedNs, acceptedTtl, bytes } = request;
    if (closing === undefined || closing.isInitiators || !closing.isReset) return;
    const by =
      closing.ttl === acceptedTtl
        ? ` later with the TTL of the SYN-ACK (${acceptedTtl}): by the other end, as it seems`
        : ` later with TTL ${closing.ttl}, and the SYN-ACK had ${acceptedTtl}: maybe by somebody on the way`;
    this.#calls.add(flow, ["sent, reset", by], bytes, closing.atNs - askedNs);
  }

  close(): Finding[] {
    return this.#calls.findings("connection-reset", "accepted, asked, and reset before any answer");
  }
}
