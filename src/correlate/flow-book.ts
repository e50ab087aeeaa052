import type { Flow } from "../packets/flows.js";
import type { Sink } from "../packets/results.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Findings } from "./findings.js";
import { summarize } from "./flow-summary.js";
import type { Translations } from "./translations.js";

/**
 * Conversations kept on a side before idle ones are let go. Below that, even a heartbeat a minute stays one flow; above
 * it, memory depends on the conversations alive.
 */
const MOST_TUPLES = 32_768;
/** A conversation silent for this long may go, nanoseconds: by then conntrack forgets an unanswered UDP flow, too. */
const IDLE_NS = 30_000_000_000;

/** Reports flows when they end, and lets go of what is idle. */
export class FlowBook {
  readonly #translations: Translations;
  readonly #tuples: readonly [TupleTable, TupleTable];
  readonly #epochNs: bigint;
  readonly #findings: Findings;
  readonly #sink: Sink;
  #sweepAt = MOST_TUPLES;

  constructor(
    translations: Translations,
    tuples: readonly [TupleTable, TupleTable],
    epochNs: bigint,
    findings: Findings,
    sink: Sink,
  ) {
    this.#findings = findings;
    this.#translations = translations;
    this.#tuples = tuples;
    this.#epochNs = epochNs;
    this.#sink = sink;
  }

  /** Lets idle conversations go if there are too many; cheap where there are not. */
  tidy(nowNs: number): void {
    if (this.#tuples[INSIDE].size + this.#tuples[OUTSIDE].size < this.#sweepAt) return;
    this.#sweep(nowNs);
    this.#sweepAt = Math.max(MOST_TUPLES, 2 * (this.#tuples[INSIDE].size + this.#tuples[OUTSIDE].size));
  }

  /** Reports all flows there are. */
  close(): void {
    const { flows, retired } = this.#translations;
    const open = flows.filter((flow) => flow !== null);
    for (const flow of open.sort((a, b) => a.id - b.id)) this.#report(flow);
    flows.length = 0;
    retired.length = 0;
  }

  #sweep(nowNs: number): void {
    const translations = this.#translations;
    const [inside, outside] = this.#tuples;
    for (const [slot, flow] of translations.flows.entries()) {
      if (flow === null || inside.flow[flow.insideTuple] !== slot || outside.flow[flow.outsideTuple] !== slot) continue;
      if (isIdle(inside, flow.insideTuple, nowNs) && isIdle(outside, flow.outsideTuple, nowNs))
        translations.retire(slot);
    }
    translations.retired = translations.retired.filter((slot) => {
      const flow = translations.flowAt(slot);
      if (flow.held > 0) return true;
      this.#report(flow);
      translations.free(slot);
      return false;
    });
    translations.forgetCandidates();
    for (const tuples of this.#tuples) {
      for (let tuple = 0; tuple < tuples.end; tuple++) {
        if (tuples.isAlive(tuple) && tuples.flow[tuple] === NONE && isIdle(tuples, tuple, nowNs)) tuples.release(tuple);
      }
    }
  }

  #report(flow: Flow): void {
    const summary = summarize(flow, this.#tuples, this.#epochNs);
    const [inside] = this.#tuples;
    this.#findings.flow(summary, flow, inside.hasLostFirst[flow.insideTuple] === 1);
    this.#sink.flow(summary);
  }
}

function isIdle(tuples: TupleTable, tuple: number, nowNs: number): boolean {
  return tuples.held[tuple] === 0 && nowNs - tuples.lastNs[tuple] > IDLE_NS;
}
