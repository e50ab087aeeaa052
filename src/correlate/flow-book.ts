import type { Heap } from "../packets/heap.js";
import { copyOf, type FlowSummary, type Sink } from "../packets/results.js";
import type { Timeline } from "../packets/timeline.js";
import { FIRST_TUPLES, type TupleTable } from "../packets/tuples.js";
import type { Clashes } from "./clashes.js";
import type { Findings } from "./findings.js";
import { FlowView, summarizeProxied } from "./flow-summary.js";
import { Idle } from "./idle.js";
import type { Impacts } from "./impacts.js";
import type { Proxied, Proxies } from "./proxies.js";
import type { Translations } from "./translations.js";

/**
 * Conversations kept before idle ones are let go, those of both sides together: as many as their table has room for anyway. Below
 * that, even a heartbeat a minute stays one flow; above it, memory depends on the conversations alive.
 */
const MOST_TUPLES = FIRST_TUPLES;

/** Packets between two looks at whether there are too many; a power of two, as row numbers wrap at one. */
export const TIDY_EVERY = 1024;

/** What the book keeps accounts of, and for whom. */
export interface About {
  /** What the tables are in. */
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly translations: Translations;
  readonly tuples: TupleTable;
  readonly proxies: Proxies;
  readonly findings: Findings;
  readonly impacts: Impacts;
  readonly clashes: Clashes;
  /** Epoch nanoseconds that the timeline counts from. */
  readonly epochNs: bigint;
  readonly sink: Sink;
}

/** Reports flows when they end, and lets go of what is idle. */
export class FlowBook {
  readonly #about: About;
  /** The flow that is being reported. */
  readonly #view: FlowView;
  /** Proxied streams to be reported, by the flow id each has. */
  readonly #proxied = new Map<number, Proxied>();
  /** The same ids, by the tuples of both connections. */
  readonly #streams = new Map<number, number>();
  /** From how many conversations on `tidy` lets idle ones go. */
  #sweepAt = MOST_TUPLES;

  constructor(about: About) {
    this.#about = about;
    this.#view = new FlowView(about.translations.accounts, about.tuples, about.epochNs);
  }

  /** Takes two connections that turned out to carry one stream. */
  link(proxied: Proxied): void {
    const id = ++this.#about.translations.accounts.learnt;
    this.#proxied.set(id, proxied);
    for (const { tuple } of [proxied.client, proxied.server]) this.#streams.set(tuple, id);
  }

  /** The id of the proxied stream that a tuple's connection carries, if it does. */
  streamOf(tuple: number): number | undefined {
    return this.#streams.get(tuple);
  }

  /** How many conversations more there may be before `tidy` lets idle ones go. */
  get room(): number {
    return this.#sweepAt - this.#about.tuples.size;
  }

  /** Lets idle conversations go if there are too many; cheap where there are not. Returns whether it did. */
  tidy(nowNs: number): boolean {
    const { tuples } = this.#about;
    if (this.room > 0) return false;
    this.#sweep(nowNs);
    this.#sweepAt = Math.max(MOST_TUPLES, 2 * tuples.size);
    return true;
  }

  /** The flows alive that have the most pairs, at most so many. */
  busiest(most: number): FlowSummary[] {
    const { accounts } = this.#about.translations;
    return Array.from(accounts.busiest(accounts.slots(), most), (slot) => copyOf(this.#view.of(slot)));
  }

  /** Reports all flows there are. */
  close(): void {
    const { translations, clashes, sink } = this.#about;
    const { accounts } = translations;
    clashes.resolve();
    const proxied = [...this.#proxied].sort(([a], [b]) => a - b);
    for (const slot of this.#toTell(accounts.slots())) {
      while (proxied.length > 0 && proxied[0][0] < accounts.id(slot)) this.#reportProxied(proxied.splice(0, 1));
      // made into a summary when its turn comes: all of them together may be more than the run ever held
      sink.flow(this.#view.of(slot));
    }
    this.#reportProxied(proxied);
    accounts.end = 0;
    translations.retired.length = 0;
    this.#proxied.clear();
    this.#streams.clear();
  }

  #sweep(nowNs: number): void {
    const { heap, timeline, translations, proxies, impacts, clashes, sink, tuples } = this.#about;
    clashes.resolve();
    const idle = new Idle({ heap, timeline, tuples, accounts: translations.accounts }, nowNs);
    for (const slot of idle.flows()) translations.retire(slot);
    const ended = Int32Array.from(translations.retired.filter((slot) => !idle.isHeld(slot)));
    translations.retired = translations.retired.filter((slot) => idle.isHeld(slot));
    for (const slot of this.#toTell(ended)) sink.flow(this.#view.of(slot));
    for (const slot of ended) translations.free(slot);
    translations.forgetCandidates();
    for (const [id, stream] of this.#proxied) {
      const { client, server } = stream;
      if (!idle.hasTuple(client.tuple) || !idle.hasTuple(server.tuple)) continue;
      sink.flow(this.#closeProxied(id, stream));
      this.#proxied.delete(id);
      for (const { tuple } of [client, server]) this.#streams.delete(tuple);
    }
    const released = idle.tuples();
    for (const tuple of released) {
      proxies.forget(tuple);
      impacts.forget(tuple);
    }
    tuples.release(released);
    idle.free();
  }

  /** Has the findings look at flows that have ended. Returns those that the sink wants to be told of. */
  #toTell(slots: Int32Array): Int32Array {
    const { findings, translations, sink } = this.#about;
    findings.flows(slots);
    return slots.length <= sink.mostFlows ? slots : translations.accounts.busiest(slots, sink.mostFlows);
  }

  #reportProxied(streams: readonly (readonly [id: number, stream: Proxied])[]): void {
    for (const [id, stream] of streams) this.#about.sink.flow(this.#closeProxied(id, stream));
  }

  #closeProxied(id: number, stream: Proxied): FlowSummary {
    return summarizeProxied(id, stream, this.#about.tuples, this.#about.epochNs);
  }
}
