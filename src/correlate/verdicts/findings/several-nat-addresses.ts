import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { REWRITE_SRC } from "../../../packets/flows/flows.js";
import { protocolName, UDP } from "../../../protocols/ip-protocols.js";
import { OUTSIDE } from "../../../packets/sides.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import { isUnanswered } from "./unanswered.js";

/** Most addresses of the NAT that are told apart, and most kinds of traffic of each. */
const MOST_ADDRESSES = 1000;
const MOST_KINDS = 1000;
/** One flow may be unanswered wherever it comes from, unless it tried as often as this: no system sends as many SYNs (Linux: tcp_syn_retries). */
const LEAST_UNANSWERED = 2;
const LEAST_TRIES = 8;

/** Flows to one service that nothing answered, and how many packets of theirs crossed. */
class Unheard extends Gathered {
  tries = 0;
}

/** What left from one of the NAT's addresses. */
class Leaving {
  /** Whether any answer came to there. */
  isReached = false;
  /** Servers that answered, with the protocol and the port. */
  readonly answered = new Set<string>();
  /** Flows that nothing answered, by the same. */
  readonly unanswered = new Map<string, Unheard>();
}

/**
 * `several-nat-addresses`: flows to one service leave from two addresses, and those from one of them are never answered, while others are. Another
 * server may be one that answers nobody. An address that anything was answered at is one that answers reach: whoever does not answer there has other reasons.
 */
export class SeveralNatAddresses implements Finder {
  readonly #context: Context;
  readonly #addresses = new Map<string, Leaving>();

  constructor(context: Context) {
    this.#context = context;
  }

  flow(flow: EndedFlow): void {
    if (!flow.isOpenerKnown || !flow.isFromInside || (flow.rewrite & REWRITE_SRC) === 0) return;
    const isAnswered = flow.pairsBack > 0;
    if (!isAnswered && !isUnanswered(flow, this.#context, true)) return;
    const leaving = this.#leavingFrom(flow.address(OUTSIDE, true));
    if (leaving === undefined) return;
    const server = flow.address(OUTSIDE, false);
    const kind = `${protocolName(flow.proto)} to ${server}${flow.isEcho ? "" : ` port ${flow.port}`}`;
    if (isAnswered) {
      leaving.isReached = true;
      // of datagrams, some may be answered, and others meant to be one-way
      const isUsual = flow.proto !== UDP || 2 * flow.pairsBack >= flow.pairsThere;
      if (isUsual && leaving.answered.size < MOST_KINDS) leaving.answered.add(kind);
      return;
    }
    const flows = leaving.unanswered.get(kind) ?? new Unheard();
    if (leaving.unanswered.size < MOST_KINDS) leaving.unanswered.set(kind, flows);
    flows.addFlow(flow);
    flows.tries += flow.pairsThere;
  }

  close(): Finding[] {
    return [...this.#addresses].flatMap(([address, { isReached, unanswered }]) =>
      isReached
        ? []
        : [...unanswered].flatMap(([kind, flows]) => {
            const other = [...this.#addresses].find(([, { answered }]) => answered.has(kind))?.[0];
            const isEnough = flows.flows.count >= LEAST_UNANSWERED || flows.tries >= LEAST_TRIES;
            if (other === undefined || !isEnough) return [];
            const text = `${kind} leaves from ${other} and is answered, and from ${address} and never is`;
            return ofFlows("several-nat-addresses", flows, text);
          }),
    );
  }

  #leavingFrom(address: string): Leaving | undefined {
    const known = this.#addresses.get(address);
    if (known !== undefined || this.#addresses.size === MOST_ADDRESSES) return known;
    const leaving = new Leaving();
    this.#addresses.set(address, leaving);
    return leaving;
  }
}
