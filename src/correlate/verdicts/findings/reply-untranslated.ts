import { Few } from "../../../packets/results/few.js";
import { type Finding, findingOf, Gathered } from "../../../packets/results/findings.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Finder } from "./finder.js";

/**
 * `reply-untranslated`: answers of a flow whose destination the NAT rewrites reached the one who opened it with the address that they
 * were sent from, and that one, who knows of no such connection, resets it. With br_netfilter, docker0 shows one direction of all flows like
 * that: nobody resets those.
 */
export class ReplyUntranslated implements Finder {
  readonly #concerned = new Gathered();
  readonly #named = new Few<string>();

  flow(flow: EndedFlow): void {
    const { untranslated } = flow;
    if (untranslated === undefined) return;
    this.#concerned.flows.addOnce(untranslated);
    this.#concerned.addFlow(flow);
    this.#named.add(`those of flow ${untranslated} as flow ${flow.id}, ${flow.text}`);
  }

  close(): Finding[] {
    const { count, text } = this.#named;
    if (count === 0) return [];
    const said = `answers came through untranslated, and were reset: ${text}`;
    return [findingOf("reply-untranslated", count, said, this.#concerned)];
  }
}
