import type { Heap } from "../../packets/heap.js";
import { copyOf, type FlowSummary, type Sink } from "../../packets/results.js";
import type { Timeline } from "../../packets/timeline.js";
import { FIRST_TUPLES, type TupleTable } from "../../packets/tuples.js";
import type { Clashes } from "./clashes.js";
import type { Findings } from "./findings.js";
import { FlowView } from "./flow-summary.js";
import type { Hairpins } from "../matchers/hairpins.js";
import { Idle } from "../kernel/idle.js";
import type { Impacts } from "./impacts.js";
import type { Proxies } from "../matchers/proxies.js";
import type { Relays } from "../matchers/relays.js";
import type { Translations } from "../kernel/translations.js";

/**
 * Conversations kept before idle ones are let go, those of both sides together: as many as their table has room for anyway. Below
 * that, even a heartbeat a minute stays one flow; above it, memory depends on the conversations alive.
 */
const MOST_TUPLES = FIRST_TUPLES;

/** Packets between two looks at whether there are too many; a power of two, as row numbers wrap at one. */
export const TIDY_EVERY = 1024;

/** What a flow came to that `FlowAccounts` does not have. */
type Summarize = (tuples: TupleTable, epochNs: bigint) => FlowSummary;

/** Takes two conversations that turned out to be one in two forms: a flow, whose id tells how it is summarized. */
export type Link = (tuples: readonly [number, number], begin: (id: number) => Summarize) => void;

/** Two conversations that are one flow. */
interface Linked {
  readonly tuples: readonly [number, number];
  readonly summarize: Summarize;
}

/** What the book keeps accounts of, and for whom. */
export interface About {
  /** What the tables are in. */
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly translations: Translations;
  readonly tuples: TupleTable;
  readonly proxies: Proxies;
  readonly relays: Relays;
  readonly hairpins: Hairpins;
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
  /** To be reported, by the id of the flow. */
  readonly #linked = new Map<number, Linked>();
  /** The same ids, by the tuples of both conversations. */
  readonly #ids = new Map<number, number>();
  /** From how many conversations on `tidy` lets idle ones go. */
  #sweepAt = MOST_TUPLES;

  constructor(about: About) {
    this.#about = about;
    this.#view = new FlowView(about.translations.accounts, about.tuples, about.epochNs);
  }

  readonly link: Link = (tuples, begin) => {
    const id = ++this.#about.translations.accounts.learnt;
    this.#linked.set(id, { tuples, summarize: begin(id) });
    for (const tuple of tuples) this.#ids.set(tuple, id);
  };

  /** The id of the flow that a conversation is one of the two forms of, if it is. */
  linkedOf(tuple: number): number | undefined {
    return this.#ids.get(tuple);
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
    const linked = [...this.#linked].sort(([a], [b]) => a - b);
    for (const slot of this.#toTell(accounts.slots())) {
      while (linked.length > 0 && linked[0][0] < accounts.id(slot)) this.#reportLinked(linked.splice(0, 1));
      // made into a summary when its turn comes: all of them together may be more than the run ever held
      sink.flow(this.#view.of(slot));
    }
    this.#reportLinked(linked);
    accounts.end = 0;
    translations.retired.length = 0;
    this.#linked.clear();
    this.#ids.clear();
  }

  #sweep(nowNs: number): void {
    const { heap, timeline, translations, proxies, relays, hairpins, impacts, clashes, sink, tuples } = this.#about;
    clashes.resolve();
    const idle = new Idle({ heap, timeline, tuples, accounts: translations.accounts }, nowNs);
    for (const slot of idle.flows()) translations.retire(slot);
    const ended = Int32Array.from(translations.retired.filter((slot) => !idle.isHeld(slot)));
    translations.retired = translations.retired.filter((slot) => idle.isHeld(slot));
    for (const slot of this.#toTell(ended)) sink.flow(this.#view.of(slot));
    for (const slot of ended) translations.free(slot);
    translations.forgetCandidates();
    for (const [id, linked] of this.#linked) {
      // once one of them may be another conversation's, nothing can be told of it any more
      if (!linked.tuples.some((tuple) => idle.hasTuple(tuple))) continue;
      this.#reportLinked([[id, linked]]);
      this.#linked.delete(id);
      for (const tuple of linked.tuples) {
        hairpins.forget(tuple);
        relays.forget(tuple);
        this.#ids.delete(tuple);
      }
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

  #reportLinked(flows: readonly (readonly [id: number, linked: Linked])[]): void {
    const { tuples, epochNs, findings, sink } = this.#about;
    for (const [, { summarize }] of flows) {
      const flow = summarize(tuples, epochNs);
      findings.linked(flow);
      sink.flow(flow);
    }
  }
}
