import { otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { Told } from "./told.js";

/** A side's capture may have run before its first frame, as it turns out to miss packets: tells so of those that passed the other side then. */
export function tellMayHaveRun({ unknowns, teller }: Told, side: Side): void {
  const name = SIDE_NAMES[side];
  const why = `the first frame of ${name} is later, but it turns out to lack others that must have entered there: it may have missed this one`;
  for (const unknown of unknowns.takeEarly(otherSide(side)))
    teller.tell(unknown, { verdict: "unknown", reason: "not-begun", why });
}
