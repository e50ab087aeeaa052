import { haveSameSource } from "../../../packets/ways.js";
import type { Decision } from "../claim.js";
import { WHY_ELSEWHERE } from "../claims/elsewhere.js";
import type { Told } from "./told.js";

/** Why nothing follows of a packet that passed before the other capture's first frame, in words. */
const WHY_NOT_THERE =
  "the first frame of the other capture is later, and nothing of what goes to there came out behind that: it takes another interface, or that capture had not begun";

/** Why a packet is not said to stay on its link that passed before the other capture's first frame, in words. */
const WHY_NOT_NEAR = "the first frame of the other capture is later, and its conversation crosses behind that";

/** Why a packet is not said to take another interface whose conversation crosses later, in words. */
const WHY_HERE =
  "its conversation crosses behind it: it may have crossed as well, and was missed, or took another interface then";

/** Why nothing tells of a packet that nothing answered, and whose conversation takes an interface that is not captured, in words. */
const WHY_OTHERS_ELSEWHERE =
  "nothing answers it, and what follows in its conversation takes another interface: a capture there would tell whether it did";

/** Tells what a packet that was judged just now says of others before it, by where it goes. */
export function tellOtherWays(about: Told, row: number, decision: Decision): void {
  const { elsewhereWay, isProof } = decision;
  if (elsewhereWay !== undefined) tellElsewhere(about, elsewhereWay);
  tellCrossing(about);
  if (isProof === true) tellProved(about, about.timeline.tuple(row), decision);
}

/** Tells of packets whose conversations turned out to cross that they may have crossed as well. */
export function tellCrossing({ unknowns, teller }: Told): void {
  for (const unknown of unknowns.takeCrossing())
    if (unknown.verdict === "local")
      teller.tell(unknown, { verdict: "unknown", reason: "not-begun", why: WHY_NOT_NEAR });
    else teller.tell(unknown, { verdict: "unknown", reason: "forwarded-unseen", why: WHY_HERE });
}

/**
 * Others are now known to take an interface which is not captured to where a way leads. What was dropped on its way there may have as well; and of what passed
 * to there, or from there, before the other capture began, nothing shows any more that it had not.
 */
function tellElsewhere({ tuples, impacts, unknowns, teller }: Told, way: number): void {
  const isThere = (of: number): boolean => haveSameSource(tuples, of ^ 1, way ^ 1);
  for (const drop of impacts.open.takeUnexplained(isThere))
    teller.tell(drop, { verdict: "unknown", reason: "may-go-elsewhere", why: WHY_ELSEWHERE });
  for (const unknown of unknowns.beforeBegun())
    if (isThere(unknown.way) || isThere(unknown.way ^ 1))
      teller.tell(unknown, { verdict: "unknown", reason: "not-begun", why: WHY_NOT_THERE });
}

/**
 * Another interface is proved to have a conversation, as `proof` says. What was seen to be forwarded of it before, or might have been kept out of the other
 * capture by a filter, went there; what nothing answers may have.
 */
function tellProved({ unknowns, teller }: Told, tuple: number, proof: Decision): void {
  for (const unknown of unknowns.of(tuple)) {
    const { reason, why, leavesBy } = proof;
    if (unknown.reason === "forwarded-unseen" || unknown.reason === "may-be-filtered")
      teller.tell(unknown, { verdict: "elsewhere", reason, why, ...(leavesBy !== undefined && { leavesBy }) });
    if (unknown.reason === "no-answer")
      teller.tell(unknown, { verdict: "unknown", reason: "may-go-elsewhere", why: WHY_OTHERS_ELSEWHERE });
  }
}
