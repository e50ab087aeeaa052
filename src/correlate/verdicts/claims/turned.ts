import { SIDE_NAMES, type Side } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import type { OneForm } from "../../matchers/contract.js";
import { type Claim, unknown } from "../claim.js";
import type { Judged } from "../judged.js";
import { WHY_ARRIVED, whyMissing } from "../words.js";
import { isFromNear } from "./hops.js";

/** What became of packets whose conversations are turned round on their own side, and that are there in one form only. */
export class Turned {
  readonly #known: Judged;

  constructor(known: Judged) {
    this.#known = known;
  }

  /** What follows for one that is turned round, or may be; null of any other. */
  of(row: number, side: Side): Claim | null {
    const form = this.#known.matchers.oneForm(row);
    if (form === undefined) return null;
    const { isBefore, like } = form;
    if (like !== undefined) {
      const why = `frame ${this.#known.timeline.frameText(side, like)} of ${SIDE_NAMES[side]} is like it, with other addresses: the host may have turned it round, but too little shows that`;
      return unknown("may-be-hairpin", why);
    }
    const straight = this.#straight(row, form);
    if (straight !== null) return straight;
    const uncovered = this.#known.reach.uncovered(row, side, !isBefore);
    if (uncovered !== null) return uncovered;
    const name = SIDE_NAMES[side];
    if (isBefore && form.mayHaveComeOut()) {
      const why = `its conversation is turned round on ${name}, and it may have come out cut differently: not all of that is there`;
      return unknown("pieces-missing", why);
    }
    if (isBefore && !form.isAlive()) {
      const why = `nothing behind it was turned round on ${name} by its translation: the host may have forgotten that, and taken it`;
      return unknown("translation-gone", why);
    }
    if (isBefore && form.hasArrived()) return { ...unknown("forwarded-unseen", WHY_ARRIVED, "crossing"), on: side };
    if (isBefore)
      return {
        verdict: "dropped",
        reason: "no-twin",
        why: `${whyMissing(this.#known, row, side)}, where its conversation is turned round`,
        lacks: "exit",
        on: side,
      };
    const why = `it came out on ${name} and was not seen to enter there: that capture missed it, or the host sent it`;
    return { verdict: "unknown", reason: "never-entered", why, lacks: "entry", on: side };
  }

  /** What follows for a packet of such a conversation that a bridge passed on by itself, between neighbours; null where nothing shows that. */
  #straight(row: number, form: OneForm): Claim | null {
    const { isBefore } = form;
    const { kernel, resets, timeline: t } = this.#known;
    const reset = isBefore && kernel.tally.isTtlLowered(true) ? resets.answering(row) : NONE;
    if (reset !== NONE) {
      const byFrame = t.frame(reset);
      const why = `it got straight to its neighbour, its translation not undone, and that reset it (frame ${t.frameTextOf(reset)})`;
      return { verdict: "local", reason: "reset-untranslated", why, byFrame };
    }
    const isStraight = isBefore ? form.goesStraight() : kernel.tally.isTtlLowered(true) && isFromNear(t, row);
    if (!isStraight) return null;
    const shows = isBefore ? "the host stands for one end alone:" : "its TTL shows that";
    return { verdict: "local", reason: "same-link", why: `${shows} it goes straight to its neighbour` };
  }
}
