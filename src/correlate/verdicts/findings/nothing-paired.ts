import { type Finding, findingOf } from "../../../packets/findings.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import type { Context, End, Finder } from "./finder.js";

/** `nothing-paired`: no packet of one capture was found, or might have been, in the other. Where both are running, that is not for their sake. */
export class NothingPaired implements Finder {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  close({ summary, pairs }: End): Finding[] {
    const { inside, outside, verdicts } = summary;
    const areRelated =
      pairs + inside.ambiguous + outside.ambiguous > 0 || verdicts.some((counts) => counts.has("proxied"));
    // odd only where there was something to pair
    if (areRelated || inside.frames === 0 || outside.frames === 0) return [];
    const { cover } = this.#context;
    const isLive = cover[INSIDE].isLive && cover[OUTSIDE].isLive;
    const doubt = isLive ? "does the host forward any, and this way?" : "are they of the same host and the same time?";
    return [findingOf("nothing-paired", 1, `natcorr found no packet of one capture in the other: ${doubt}`)];
  }
}
