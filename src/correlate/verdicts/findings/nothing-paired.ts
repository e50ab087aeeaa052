import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { FINDINGS } from "../../../packets/results/finding-codes.js";
import type { FlowSummary, SideSummary } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE, otherSide, SIDE_NAMES, SIDES } from "../../../packets/sides.js";
import { type Verdict, VERDICTS } from "../../../packets/results/verdicts.js";
import { seconds } from "../words.js";
import type { Context, End, Finder } from "./finder.js";

/** A pause is as long, nanoseconds: what is not further apart may have been captured at one time. */
const LEAST_APART_NS = 1_000_000_000;

/** What to look at next where captures are apart. */
const WHEN = "capinfos -ae shows when a capture begins and ends";

/** And where one of them has nothing. */
const WHERE =
  "natcorr interfaces lists interfaces, ip -s link what passes them; in the container, ip addr and ip route show whether it has a network";

/** Verdicts of what has no twin to be found. */
const AMONG_THEMSELVES: ReadonlySet<Verdict> = new Set(["local", "proxied", "copy"]);

/** Verdicts of what may have a twin that nobody found. */
const OPEN = ["unknown", "no-overlap", "dropped", "capture-loss"] as const;

/**
 * `nothing-paired`: no packet of one capture was found, or might have been, in the other. Where one run shows both, that is not for their
 * sake; and where most of what might be was refused, that is told, and not this. What was turned round on one side, or taken by a proxy there, says nothing of the other; where that was all that a side had, nothing is odd. Nor is it where all that there is, on both sides, is
 * local or a proxy's: what a rule redirects to the host, and what containers of a bridge send each other.
 */
export class NothingPaired implements Finder {
  readonly #context: Context;
  /** Whether packets were turned round on their side. */
  #isTurned = false;
  /** Whether a proxy connects both sides. */
  #isProxied = false;

  constructor(context: Context) {
    this.#context = context;
  }

  linked({ sides, nat, pairs }: FlowSummary): void {
    if (sides[0] === sides[1]) this.#isTurned ||= pairs > 0;
    else if (nat === "proxy") this.#isProxied = true;
  }

  close({ summary, pairs }: End): Finding[] {
    const { inside, outside, verdicts } = summary;
    const empty = SIDES.filter((side) => !hasPackets([inside, outside][side]));
    const had = verdicts.flatMap((counts) => VERDICTS.filter((verdict) => (counts.get(verdict) ?? 0) > 0));
    if (had.length > 0 && had.every((verdict) => AMONG_THEMSELVES.has(verdict))) return [];
    const isOwn = this.#isTurned || verdicts.some((counts) => counts.has("proxied"));
    // odd only where there was something to pair
    const open = verdicts.map((counts) => OPEN.reduce((sum, verdict) => sum + (counts.get(verdict) ?? 0), 0));
    if (isOwn && !SIDES.every((side) => empty.includes(side) || open[side] > 0)) return [];
    const refused = verdicts.reduce((sum, counts) => sum + (counts.get("refused") ?? 0), 0);
    if (refused > open[INSIDE] + open[OUTSIDE] && !SIDES.every((side) => open[side] > 0)) return [];
    if (empty.length > 0) {
      const who = empty.length === 2 ? "neither side has" : `${SIDE_NAMES[empty[0]]} has no`;
      const what = empty.every((side) => [inside, outside][side].frames === 0) ? "frames" : "IP packets";
      const text = `${who} ${what}: nobody sends any there, or it is another interface, or a filter left nothing`;
      return [findingOf("nothing-paired", 1, text, {}, WHERE)];
    }
    const areRelated = pairs + inside.ambiguous + outside.ambiguous > 0 || this.#isProxied;
    if (areRelated) return [];
    const { cover } = this.#context;
    const isOfOneRun = cover[INSIDE].isOfOneRun && cover[OUTSIDE].isOfOneRun;
    const isGiven = summary.clock.source === "given";
    const apart = this.#whyApart(isGiven ? "their stamps and --clock-offset" : "their stamps");
    const doubt = isOfOneRun
      ? "does the host forward any, and this way?"
      : `are they of one host and one time, ${isGiven ? "is --clock-offset right, " : ""}and does it forward any?`;
    const text = `natcorr found no packet of one capture in the other: ${apart ?? doubt}`;
    const { hint } = FINDINGS["nothing-paired"];
    return [
      findingOf("nothing-paired", 1, text, {}, apart !== undefined ? WHEN : isOfOneRun ? hint : `${WHEN}; ${hint}`),
    ];
  }

  /** How far apart the captures are by what tells that, in words; undefined where they have some time in common. */
  #whyApart(by: string): string | undefined {
    const { cover } = this.#context;
    const first = cover[INSIDE].firstNs <= cover[OUTSIDE].firstNs ? INSIDE : OUTSIDE;
    const last = otherSide(first);
    const apartNs = cover[last].firstNs - cover[first].lastNs;
    return apartNs >= LEAST_APART_NS
      ? `by ${by}, ${SIDE_NAMES[first]} ends ${seconds(apartNs)} before ${SIDE_NAMES[last]} begins`
      : undefined;
  }
}

/** Whether there is anything to pair. */
function hasPackets({ frames, notIp }: SideSummary): boolean {
  return frames > notIp;
}
