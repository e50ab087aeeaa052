import { Few } from "../packets/few.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../packets/flows.js";
import { copyOf, type Finding, type FlowSummary, type Verdict } from "../packets/results.js";
import { INSIDE, type Side } from "../packets/sides.js";
import type { FlowView } from "./flow-summary.js";

/** Untranslated flows remembered until the end, when it is known which addresses the NAT hides. */
const MOST_UNTRANSLATED = 10_000;
/** Pairs a flow needs before it is odd that they all go one way. */
const LEAST_ONE_WAY_PAIRS = 4;

/** What an operator should know beyond the pairs, gathered while the run goes on and told at its end. */
export class Findings {
  readonly #hidden = new Set<string>();
  readonly #untranslated: FlowSummary[] = [];
  readonly #clashes = new Few();
  readonly #rewrittenPorts = new Few();
  readonly #oneWay = new Few();
  readonly #retransmitting = new Few();
  readonly #drops: [number, number] = [0, 0];
  #retransmissions = 0;
  /** Whether anything on one side was found again, or might have been, on the other. */
  #isRelated = false;

  /**
   * Takes a flow that has ended. `retransmissions`: segments of it that crossed the NAT more than once; `hasLostFirst`: a
   * packet of it was dropped on its way out before its first pair.
   */
  flow(flow: FlowView, retransmissions: number, hasLostFirst: boolean): void {
    const { id, rewrite, pairs, pairsOutbound } = flow;
    this.#isRelated = true;
    const isInside = flow.initiator === "inside";
    // an address that becomes one of the other IP version is not hidden: within its own version it may be used as it is
    const isHidden = (rewrite & (isInside ? REWRITE_SRC : REWRITE_DST)) !== 0 && !flow.isAcross;
    if (isHidden) this.#hidden.add(isInside ? flow.inside.src : flow.inside.dst);
    if (isInside && rewrite === 0) {
      if (this.#untranslated.length < MOST_UNTRANSLATED) this.#untranslated.push(copyOf(flow));
    } else if (isInside && (rewrite & (isIcmp(flow) ? REWRITE_SRC_PORT | REWRITE_DST_PORT : REWRITE_SRC_PORT)) !== 0) {
      this.#rewrittenPorts.add(String(id));
      if (hasLostFirst) this.#clashes.add(String(id));
    }
    const isOneWay = pairs >= LEAST_ONE_WAY_PAIRS && (pairsOutbound === 0 || pairsOutbound === pairs);
    if (isOneWay && flow.proto !== "udp") this.#oneWay.add(String(id));
    if (retransmissions > 0) {
      this.#retransmitting.add(String(id));
      this.#retransmissions += retransmissions;
    }
  }

  /** Takes frames that may be each other's twins. */
  ambiguous(): void {
    this.#isRelated = true;
  }

  /** Takes the verdict on a frame of a side. */
  unmatched(side: Side, verdict: Verdict): void {
    if (verdict === "dropped") this.#drops[side]++;
    if (verdict === "proxied") this.#isRelated = true;
  }

  /** What there is to tell. `frames` of both sides: nothing paired is odd only where there was something to pair. */
  close(names: readonly [string, string], frames: readonly [number, number]): Finding[] {
    const [inside, outside] = names;
    const found: Finding[] = [];
    for (const flow of this.#untranslated) {
      if (!this.#hidden.has(flow.inside.src)) continue;
      const { src } = flow.inside;
      found.push({
        severity: "warning",
        code: "leak",
        flow: flow.id,
        count: flow.pairs,
        text: `${src} appears on ${outside} untranslated, though the NAT hides it in other flows: has its conntrack entry gone?`,
      });
    }
    const flows = (severity: Finding["severity"], code: string, { count, text: named }: Few, text: string) => {
      if (count > 0) found.push({ severity, code, count, text: `${text}: ${flowsNamed(count, named)}` });
    };
    flows(
      "warning",
      "nat-clash-drop",
      this.#clashes,
      "the first packet was dropped and another port or id given, as another flow held the wanted one",
    );
    flows("info", "port-rewritten", this.#rewrittenPorts, "the port or ICMP id was not kept");
    flows("info", "asymmetric", this.#oneWay, "only one direction was seen on both sides");
    if (this.#retransmitting.count > 0) {
      const text = `TCP segments that crossed the NAT more than once: ${flowsNamed(this.#retransmitting.count, this.#retransmitting.text)}`;
      found.push({ severity: "info", code: "retransmissions", count: this.#retransmissions, text });
    }
    for (const [side, count] of this.#drops.entries()) {
      if (count === 0) continue;
      const [from, to] = side === INSIDE ? [inside, outside] : [outside, inside];
      found.push({
        severity: "warning",
        code: "dropped",
        count,
        text: `came in on ${from} and never came out on ${to}`,
      });
    }
    if (!this.#isRelated && frames[0] > 0 && frames[1] > 0) {
      const text = "no packet of one capture is in the other: are they of the same host and the same time?";
      found.push({ severity: "warning", code: "nothing-paired", count: 1, text });
    }
    return found;
  }
}

/** Whether a flow has one id for both of its ends. */
function isIcmp({ proto }: FlowView): boolean {
  return proto === "icmp" || proto === "icmpv6";
}

function flowsNamed(count: number, ids: string): string {
  return `flow${count === 1 ? "" : "s"} ${ids}`;
}
