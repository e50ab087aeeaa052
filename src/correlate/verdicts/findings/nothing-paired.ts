import { type Finding, findingOf } from "../../../packets/findings.js";
import type { End, Finder } from "./finder.js";

/** `nothing-paired`: no packet of one capture was found, or might have been, in the other. */
export class NothingPaired implements Finder {
  close({ summary, pairs }: End): Finding[] {
    const { inside, outside, verdicts } = summary;
    const areRelated =
      pairs + inside.ambiguous + outside.ambiguous > 0 || verdicts.some((counts) => counts.has("proxied"));
    // odd only where there was something to pair
    if (areRelated || inside.frames === 0 || outside.frames === 0) return [];
    const text = "natcorr found no packet of one capture in the other: are they of the same host and the same time?";
    return [findingOf("nothing-paired", 1, text)];
  }
}
