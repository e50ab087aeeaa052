import { type Finding, Named, ofNamed } from "../../../packets/results/findings.js";
import type { Judgement } from "../../../packets/results/results.js";
import { said } from "../../../packets/results/sentence.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { EndedFlow } from "./ended-flow.js";
import { type Context, type Finder, frameText } from "./finder.js";

/**
 * `reply-untranslated`: answers of a flow whose destination the NAT rewrites reached the one who opened it with the address that they
 * were sent from, and that one, who knows of no such connection, resets it: as another flow across the host, or straight over the bridge. With
 * br_netfilter, docker0 shows one direction of all flows like that: nobody resets those.
 */
export class ReplyUntranslated implements Finder {
  readonly verdicts = ["local"] as const;
  readonly #timeline: Timeline;
  readonly #concerned = new Named();

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, { reason, byFrame }: Judgement, flow: number | undefined): void {
    if (reason !== "reset-untranslated" || byFrame === undefined || flow === undefined) return;
    const t = this.#timeline;
    const side = t.sideOf(row);
    for (const frame of [t.frame(row), byFrame]) this.#concerned.add(side, frame, flow, t.isIpv6(row));
    this.#concerned.named.add(
      said`${frameText(t, side, t.frame(row))} of flow ${flow} by #${t.frameText(side, byFrame)}`,
    );
  }

  flow(flow: EndedFlow): void {
    const { untranslated } = flow;
    if (untranslated === undefined) return;
    this.#concerned.flows.addOnce(untranslated);
    this.#concerned.addFlow(flow);
    this.#concerned.named.add(said`those of flow ${untranslated}, seen as flow ${flow.id} (${flow.said})`);
  }

  close(): Finding[] {
    return ofNamed("reply-untranslated", this.#concerned, "answers came through untranslated, and were reset");
  }
}
