import { type Finding, ofNamed } from "../../../packets/results/findings.js";
import { Named } from "../../../packets/results/gathered.js";
import type { Judgement, Update } from "../../../packets/results/results.js";
import { said } from "../../../packets/results/sentence.js";
import { NONE } from "../../../packets/tuples.js";
import { type Context, type Finder, frameText } from "./finder.js";

/**
 * `host-reset`: the host itself answered segments of connections that it forwards with a reset (`Resets`); of no others, as those it may never have forwarded. Why
 * it took them for its own is not to be seen: conntrack may have called them invalid or lost their entry, or a rule rejects them.
 */
export class HostReset implements Finder {
  readonly tellsSoFar = true;
  readonly verdicts = ["refused"] as const;
  readonly #context: Context;
  readonly #concerned = new Named();

  constructor(context: Context) {
    this.#context = context;
  }

  alone(row: number, { reason, byFrame }: Judgement, flow: number | undefined): void {
    const { timeline, tuples, accounts } = this.#context;
    if (reason !== "host-reset" || byFrame === undefined || flow === undefined) return;
    const side = timeline.sideOf(row);
    const frame = timeline.frame(row);
    // each direction of a connection may have its own (`TupleTable.flow`)
    const back = tuples.flow(timeline.way(row) ^ 1);
    const resets = back === NONE ? flow : accounts.id(back);
    this.#concerned.add(side, frame, flow, timeline.isIpv6(row));
    this.#concerned.add(side, byFrame, resets);
    const again = timeline.frameText(side, byFrame);
    const by = resets === flow ? `#${again}` : `#${again} of flow ${resets}`;
    this.#concerned.named.add(said`${frameText(timeline, side, frame)} of flow ${flow} by ${by}`);
  }

  update({ side, frame, verdict, before }: Update): void {
    const begin = `${frameText(this.#context.timeline, side, frame)} of`;
    const name = this.#concerned.named.listed.find((each) => each.text.startsWith(begin));
    if (before.verdict !== "refused" || verdict === "refused" || name === undefined) return;
    this.#concerned.named.remove(name);
    this.#concerned.frames[side].remove(frame);
  }

  close(): Finding[] {
    const text = "the host itself reset forwarded connections, instead of passing a segment on";
    return ofNamed("host-reset", this.#concerned, text);
  }
}
