import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Misses } from "../captures/misses.js";
import type { Drop } from "../impacts/drop.js";
import type { Told } from "./told.js";

/**
 * A capture turns out to show a direction of which it had (nearly) nothing before: tells of those that never came out there, of which nothing was said but that, that they
 * were dropped.
 */
export function tellShown({ misses, impacts, teller }: Told & { readonly misses: Misses }): void {
  const side = misses.takeShown();
  if (side === undefined) return;
  teller.takeNews();
  const why = `no packet like it came out on ${SIDE_NAMES[side]}, which shows others of its direction by now`;
  const isLacked = (drop: Drop): boolean => drop.side === otherSide(side) && drop.reason === "one-way";
  for (const drop of impacts.open.all(isLacked))
    teller.tell(drop, { verdict: "dropped", reason: "no-twin", why, impact: drop.impact });
}
