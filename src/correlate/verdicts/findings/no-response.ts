import type { Finding } from "../../../packets/results/findings.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { Calls, type Ended, type Outcome } from "./seen/calls.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";
import type { Request } from "./seen/requests.js";

/** Who closes sooner than that, nanoseconds, may have waited for no answer: he has sent what he had to, as nc -w 1 does. */
const LEAST_WAITED_NS = 2_000_000_000;
/** So long nothing has come, nanoseconds, where the captures end while somebody waits. */
const LEAST_OPEN_NS = 3_000_000_000;

const CLOSED: Outcome = ["acknowledged, no answer in", ": the caller closed"];
const RESET: Outcome = ["acknowledged, no answer in", ": the caller reset it"];
const HUNG_UP: Outcome = ["acknowledged, no answer in", ": the other end closed"];
const OPEN: Outcome = ["acknowledged, no answer in", ": neither closed"];

/**
 * `no-response`: a TCP connection was accepted, all that its initiator sent crossed and was acknowledged, and no byte came back until one of them closed, or the captures
 * ended: the network did its part. Whoever closes soon behind what he sends may expect no answer, and who pauses in between sends a stream (`Requests`). A reset of the
 * other end is `connection-reset`.
 */
export class NoResponse implements Finder {
  readonly #context: Context;
  readonly #calls: Calls;

  constructor(context: Context) {
    this.#context = context;
    this.#calls = new Calls(context, (request) => this.#endOf(request));
  }

  flow(flow: EndedFlow): void {
    this.#calls.take(flow);
  }

  close(): Finding[] {
    return this.#calls.findings("no-response", "accepted, asked, and no byte came back");
  }

  #endOf(request: Request): Ended | undefined {
    if (!request.isAcknowledged) return undefined;
    const { closing, askedNs } = request;
    const { decidedNs } = this.#context;
    const waitedNs = (closing?.atNs ?? Math.min(decidedNs(INSIDE), decidedNs(OUTSIDE))) - askedNs;
    const outcome = outcomeOf(request, waitedNs);
    return outcome && { outcome, waitedNs };
  }
}

/** What became of a request; undefined where it may have been answered in time, or is to have no answer. */
function outcomeOf({ closing, isLate }: Request, waitedNs: number): Outcome | undefined {
  if (closing === undefined) return isLate || waitedNs < LEAST_OPEN_NS ? undefined : OPEN;
  if (!closing.isInitiators) return isLate || closing.isReset ? undefined : HUNG_UP;
  // who has closed his half only still takes an answer
  if (waitedNs < LEAST_WAITED_NS || (isLate && !closing.isGivenUp)) return undefined;
  return closing.isReset ? RESET : CLOSED;
}
