import type { Side } from "../../../packets/sides.js";
import { isFromNear } from "../claims/hops.js";
import type { Drop } from "../impacts/drop.js";
import { WHY_ARRIVED } from "../words.js";
import type { Told } from "./told.js";

/** Nothing tells whether a packet got through: says so of the drops that it may be a copy of, … */
export function tellCopied(about: Told, row: number): void {
  tellUnclear(about, about.impacts.saidAgain.by(row), about.timeline.sideOf(row), about.timeline.frame(row));
}

/** … or that a drop may be a copy of, which may have got through, as it turns out. */
export function tellCopiedBy(about: Told, drop: Drop): void {
  tellUnclear(about, about.impacts.saidAgain.byDrop(drop), drop.side, drop.frame);
}

function tellUnclear({ timeline, teller }: Told, drops: readonly Drop[], side: Side, frame: number): void {
  const why = `frame ${timeline.frameText(side, frame)} may say what it said, and nothing tells whether that got through`;
  for (const drop of drops)
    if (drop.verdict === "dropped")
      teller.tell(drop, { verdict: "dropped", reason: "no-twin", why, impact: "unknown" });
}

/** A packet of somebody beyond left, and was not seen to enter: tells of the drops that it answers that they had come to there. */
export function tellAnswered({ timeline: t, impacts, teller }: Told, row: number): void {
  if (impacts.open.isEmpty || isFromNear(t, row)) return;
  for (const drop of impacts.answeredBy(row))
    teller.tell(drop, { verdict: "unknown", reason: "forwarded-unseen", why: WHY_ARRIVED });
}
