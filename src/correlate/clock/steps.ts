import { Few } from "../../packets/results/few.js";
import { isBounded, isEnclosing } from "./bounds.js";
import { type ClockStep, MOST_RATE, type Stretch } from "./clock.js";
import type { Slice } from "./slice.js";

/** What clocks that are kept by NTP differ by is less: a step that is no greater is none to tell of, nanoseconds. */
const LEAST_NS = 1_000_000;

/** What packets of a slice say, and how often the clock was set before that. */
type Said = Pick<Slice, "atLeastNs" | "atMostNs" | "sets" | "setWithinNs">;

/**
 * Where a clock was set: where how the clocks stand cannot have become what it is now by running. A slice in which it was set is sure
 * of neither; so what is compared is the narrowest before it, and what comes behind.
 */
export class Steps {
  readonly found = new Few<ClockStep>();
  /** By how much it was set in all, nanoseconds. */
  setNs = 0;
  #sure: Stretch | null = null;
  /** Until when it was not set: by those since that are not sure that it was. */
  #untilNs = 0;
  /** How often packets showed that it was set, by then. */
  #sets = 0;

  /** Takes the next stretch that packets of both directions bound. */
  take(stretch: Stretch, slice: Said): void {
    const sure = this.#sure;
    if (sure === null) {
      this.#sure = stretch;
      this.#untilNs = stretch.untilNs - stretch.correctionNs;
      return;
    }
    const expectedNs = sure.correctionNs + sure.rate * (stretch.atNs - sure.atNs);
    // the time that it was set by did not pass, and it gained nothing in it
    const byNs = Math.round((stretch.correctionNs - expectedNs) / (1 - sure.rate));
    const sureNs = sure.slackNs + MOST_RATE * Math.abs(stretch.untilNs - sure.untilNs - byNs);
    const isSet = Math.abs(byNs) > Math.max(LEAST_NS, 2 * (sureNs + stretch.slackNs));
    if (isSet) {
      const [fromNs, toNs] = slice.setWithinNs;
      const atNs = slice.sets > this.#sets ? Math.max(fromNs, Math.min(toNs, this.#untilNs)) : this.#untilNs;
      this.found.add({ atNs, byNs });
      this.setNs += byNs;
      this.#sets = slice.sets;
    }
    if (isSet || (isBounded(slice) && Math.abs(byNs) <= LEAST_NS))
      this.#untilNs = stretch.untilNs - stretch.correctionNs;
    if (isSet || (isEnclosing(slice) && stretch.slackNs <= sureNs)) this.#sure = stretch;
  }
}
