import type { Finding } from "../../../packets/results/findings.js";
import { INSIDE } from "../../../packets/sides.js";
import type { Called } from "./seen/called.js";
import { Calls, isAllSeen, isSideSeen } from "./seen/calls.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Request } from "./seen/requests.js";

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
    if (request !== undefined && isAllSeen(flow, this.#context)) this.#take(flow, request);
  }

  close(): Finding[] {
    const isSeen = isSideSeen(INSIDE, this.#context);
    for (const call of isSeen ? this.#context.localCalls.all : [])
      if (call.request !== undefined) this.#take(call, call.request);
    return this.#calls.findings("connection-reset", "accepted, asked, and reset before any answer");
  }

  #take(called: Called, { closing, askedNs, acceptedTtl, bytes, isLate }: Request): void {
    if (isLate || closing === undefined || closing.isInitiators || !closing.isReset) return;
    const by =
      closing.ttl === acceptedTtl
        ? ` later with the TTL of the SYN-ACK (${acceptedTtl}): by the other end, as it seems`
        : ` later with TTL ${closing.ttl}, and the SYN-ACK had ${acceptedTtl}: maybe by somebody on the way`;
    this.#calls.add(called, ["sent, reset", by], bytes, closing.atNs - askedNs);
  }
}
