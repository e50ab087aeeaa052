import { IS_ERROR, IS_FRAGMENT } from "../../../packets/packets.js";
import type { Ruling } from "../../../packets/results/host-rules.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { isOpening } from "../../../protocols/tcp.js";
import { NONE } from "../../../packets/tuples.js";
import { TupleEnds } from "../flows/flow-summary.js";
import type { Known } from "../known.js";
import { type Claim, unknown } from "../claim.js";
import { accepted, refusedOpening, resetBeside } from "./resets.js";

/** What becomes of packets from outside to an address of the host's own, by the ports that are forwarded inside. */
export class Published {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /**
   * What the host's rules say of a packet to its address that opens a conversation: whether they send it inside. Undefined of others: what goes
   * on with a conversation goes the way that was taken when it was opened.
   */
  ruling(row: number): Ruling | undefined {
    const { rules, timeline: t, tuples } = this.#known;
    const tuple = t.tuple(row);
    const isForward = t.forward(row) === 1;
    if ((t.flags(row) & (IS_ERROR | IS_FRAGMENT)) !== 0) return undefined;
    if (!tuples.isOpenerKnown(tuple) || tuples.isOpenedByA(tuple) !== isForward) return undefined;
    if (t.proto(row) === TCP && !isOpening(t.tcpFlags(row))) return undefined;
    return rules.arriving(t.proto(row), new TupleEnds(tuples).of(tuple, isForward));
  }

  /**
   * What became of a packet to a port that is forwarded, as flows or the rules say, of a conversation that is not: whoever answers tells
   * whether it got there. `lacking`: what is not there, in words.
   */
  of(row: number, lacking: string): Claim {
    const { kernel, resets, timeline: t, tuples } = this.#known;
    const ruling = this.ruling(row);
    const missing = ruling?.answer === true ? `${lacking}, though a rule sends it there: ${ruling.rules}` : lacking;
    const answers = t.way(row) ^ 1;
    const isFull = tuples.hasFullTtl(answers);
    if (!isFull && !tuples.hasOtherTtl(answers))
      return { verdict: "dropped", reason: "no-twin", why: missing, lacks: "exit" };
    if (kernel.tally.isTtlLowered(true) && isFull) {
      const reset = resets.answering(row);
      const isRefused = isOpening(t.tcpFlags(row)) && !resets.isByNeighbour(reset);
      if (reset !== NONE && isRefused) return refusedOpening(t, reset, "host-refuses");
      if (reset !== NONE) return resetBeside(t, resets, row, reset);
      const own = accepted(t, resets, row);
      if (own !== null) return own;
      // of what the host answers in part, somebody behind it got the rest
      if (tuples.hasOtherTtl(answers))
        return unknown("forwarded-unseen", `${missing}, though it is answered`, "crossing");
      const why = "the host itself answers it, though it forwards this port";
      return { verdict: "local", reason: "host-answers", why };
    }
    return unknown("forwarded-unseen", `${missing}, though it is answered`, "crossing");
  }
}
