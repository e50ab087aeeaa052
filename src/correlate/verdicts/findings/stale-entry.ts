import { type Finding, ofFlows } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import type { Judgement } from "../../../packets/results/results.js";
import type { Context, Finder } from "./finder.js";

const TEXT =
  "the host took packets of conversations that it had forwarded: conntrack's entry does not translate them any more";

/**
 * `stale-entry`: a conversation from outside that was forwarded goes to the host itself, as conntrack's entry says. While the container was away, its client went
 * on, and got an entry to the host, which each of its packets keeps alive: rules are asked for new ones alone.
 */
export class StaleEntry implements Finder {
  readonly verdicts = ["local"] as const;
  readonly #context: Context;
  readonly #stale = new Gathered();

  constructor(context: Context) {
    this.#context = context;
  }

  alone(row: number, { reason }: Judgement, flow: number | undefined): void {
    const { timeline } = this.#context;
    if (reason === "stale-entry")
      this.#stale.add(timeline.sideOf(row), timeline.frame(row), flow, timeline.isIpv6(row));
  }

  close(): Finding[] {
    return ofFlows("stale-entry", this.#stale, TEXT);
  }
}
