import { otherSide, SIDE_NAMES, SIDES } from "../../../packets/sides.js";
import type { Verdicts } from "../verdicts.js";
import type { Told } from "./told.js";

/** Tells of packets that passed before the other capture's first frame that it had not begun by then, as far as what crossed since proves that. */
export function tellNotBegun({ unknowns, teller, verdicts }: Told & { readonly verdicts: Verdicts }): void {
  const early = unknowns
    .takeUnproved()
    .filter(({ verdict, reason }) => verdict === "unknown" && reason === "not-begun");
  for (const side of SIDES) {
    const name = SIDE_NAMES[side];
    const why = `the first frame of ${name} is later, and it lacks others of conversations that cross since: it had not begun`;
    const ofOther = early.filter((each) => each.side === otherSide(side));
    for (const proved of verdicts.provedSince(ofOther, side))
      teller.tell(proved, { verdict: "no-overlap", reason: "not-begun", why });
  }
}
