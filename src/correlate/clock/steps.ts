import { Few } from "../../packets/results/few.js";
import { SET_NS } from "../intake/disorder.js";
import { type Bounds, isBounded, isEnclosing } from "./bounds.js";
import { type ClockStep, MOST_RATE, type Stretch } from "./clock.js";

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

  /** Takes the next stretch that packets of both directions bound. `slice`: what those within it say. */
  take(stretch: Stretch, slice: Bounds): void {
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
    const isSet = Math.abs(byNs) > Math.max(SET_NS, sureNs + stretch.slackNs);
    if (isSet) {
      this.found.add({ atNs: this.#untilNs, byNs });
      this.setNs += byNs;
    }
    if (isSet || (isBounded(slice) && Math.abs(byNs) <= SET_NS)) this.#untilNs = stretch.untilNs - stretch.correctionNs;
    if (isSet || (isEnclosing(slice) && stretch.slackNs <= sureNs)) this.#sure = stretch;
  }
}
