import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Misses } from "../captures/misses.js";
import type { Drop } from "../impacts/drop.js";
import type { Told } from "./told.js";

/** A capture was believed, and turns out to miss packets: tells of those that were said never to have come out there that it may have missed them. */
export function tellMissed({ misses, impacts, teller }: Told & { readonly misses: Misses }): void {
  const side = misses.takeDoubted();
  if (side === undefined) return;
  teller.takeNews();
  const why = `no packet like it came out on ${SIDE_NAMES[side]}, but as it turned out, ${misses.why(side)}`;
  const isMissing = (drop: Drop): boolean => drop.side === otherSide(side) && drop.reason === "no-twin";
  for (const drop of impacts.open.all(isMissing))
    teller.tellDoubt(drop, { verdict: "unknown", reason: "capture-misses", why });
}
