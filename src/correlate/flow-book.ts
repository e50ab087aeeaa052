import type { Flow } from "../packets/flows.js";
import type { FlowSummary, Sink } from "../packets/results.js";
import type { Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";
import type { Findings } from "./findings.js";
import { summarize, summarizeProxied } from "./flow-summary.js";
import { Held } from "./held.js";
import type { Proxied, Proxies } from "./proxies.js";
import type { Translations } from "./translations.js";

/**
 * Conversations kept on a side before idle ones are let go. Below that, even a heartbeat a minute stays one flow; above
 * it, memory depends on the conversations alive.
 */
const MOST_TUPLES = 32_768;
/** Then a conversation silent for this long goes, nanoseconds; conntrack forgets an unanswered UDP flow after three times that … */
const IDLE_NS = 10_000_000_000;
/** … and a TCP connection that is over, once late retransmissions of its end are. */
const ENDED_NS = 2_000_000_000;

/** What the book keeps accounts of, and for whom. */
export interface About {
  readonly timeline: Timeline;
  readonly translations: Translations;
  readonly tuples: TupleTable;
  readonly proxies: Proxies;
  readonly findings: Findings;
  /** Epoch nanoseconds that the timeline counts from. */
  readonly epochNs: bigint;
  readonly sink: Sink;
}

/** Reports flows when they end, and lets go of what is idle. */
export class FlowBook {
  readonly #about: About;
  /** Proxied streams to be reported, by the flow id each has. */
  readonly #proxied = new Map<number, Proxied>();
  #sweepAt = MOST_TUPLES;

  constructor(about: About) {
    this.#about = about;
  }

  /** Takes two connections that turned out to carry one stream. */
  link(proxied: Proxied): void {
    this.#proxied.set(++this.#about.translations.learnt, proxied);
  }

  /** Lets idle conversations go if there are too many; cheap where there are not. Returns whether it did. */
  tidy(nowNs: number): boolean {
    const { tuples } = this.#about;
    if (tuples.size < this.#sweepAt) return false;
    this.#sweep(nowNs);
    this.#sweepAt = Math.max(MOST_TUPLES, 2 * tuples.size);
    return true;
  }

  /** The flows alive that have the most pairs, at most so many. */
  busiest(most: number): FlowSummary[] {
    const { translations, tuples, epochNs } = this.#about;
    const alive = translations.flows.filter((flow) => flow !== null);
    const { accounts } = translations;
    alive.sort((a, b) => accounts.pairs(b.slot) - accounts.pairs(a.slot) || a.id - b.id);
    return alive.slice(0, most).map((flow) => summarize(flow, accounts, tuples, epochNs));
  }

  /** Reports all flows there are. */
  close(): void {
    const { translations, sink } = this.#about;
    const open = translations.flows.filter((flow) => flow !== null);
    const proxied = [...this.#proxied].map(([id, stream]) => ({ id, stream }));
    // made into summaries one at a time: all of them together may be more than the run ever held
    for (const each of [...open, ...proxied].sort((a, b) => a.id - b.id)) {
      sink.flow("stream" in each ? this.#closeProxied(each.id, each.stream) : this.#close(each));
    }
    translations.flows.length = 0;
    translations.retired.length = 0;
    this.#proxied.clear();
  }

  #sweep(nowNs: number): void {
    const { timeline, translations, proxies, sink, tuples } = this.#about;
    const held = new Held(timeline, tuples, translations.flows.length);
    const isIdle = (tuple: number): boolean => isSilent(tuples, tuple, nowNs) && !held.hasTuple(tuple);
    for (let slot = 0; slot < translations.flows.length; slot++) {
      const flow = translations.flows[slot];
      if (flow === null || flow.isRetired) continue;
      if (isIdle(flow.insideTuple) && isIdle(flow.outsideTuple)) translations.retire(slot);
    }
    translations.retired = translations.retired.filter((slot) => {
      if (held.hasFlow(slot)) return true;
      sink.flow(this.#close(translations.flowAt(slot)));
      translations.free(slot);
      return false;
    });
    translations.forgetCandidates();
    for (const [id, stream] of this.#proxied) {
      const { client, server } = stream;
      if (!isIdle(client.tuple) || !isIdle(server.tuple)) continue;
      sink.flow(this.#closeProxied(id, stream));
      this.#proxied.delete(id);
    }
    for (let tuple = 0; tuple < tuples.end; tuple++) {
      if (!tuples.isAlive(tuple) || !tuples.isUntranslated(tuple) || !isIdle(tuple)) continue;
      proxies.forget(tuple);
      tuples.release(tuple);
    }
  }

  #close(flow: Flow): FlowSummary {
    const { tuples, epochNs, findings, translations } = this.#about;
    const summary = summarize(flow, translations.accounts, tuples, epochNs);
    const retransmissions = translations.accounts.retransmissions(flow.slot);
    findings.flow(summary, retransmissions, tuples.hasLostFirst[flow.insideTuple] === 1);
    return summary;
  }

  #closeProxied(id: number, stream: Proxied): FlowSummary {
    return summarizeProxied(id, stream, this.#about.tuples, this.#about.epochNs);
  }
}

/** Whether a conversation has been silent for so long that it is taken to be over. */
function isSilent(tuples: TupleTable, tuple: number, nowNs: number): boolean {
  return nowNs - tuples.lastNs(tuple) > (tuples.ended[tuple] === 3 ? ENDED_NS : IDLE_NS);
}
