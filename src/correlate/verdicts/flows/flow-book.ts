import type { LookedAt, Sink } from "../../../packets/results/results.js";
import { NONE } from "../../../packets/tuples.js";
import { FIRST_TUPLES } from "../../../packets/tuple-table.js";
import type { Base } from "../../kernel/base.js";
import type { Clashes } from "./clashes.js";
import type { Findings } from "../findings.js";
import { FlowView, type LinkedTuples, summarizeLinked } from "./flow-summary.js";
import type { Join, Link, Linked } from "../../matchers/links.js";
import type { Matchers } from "../../matchers/matchers.js";
import { Idle } from "../../kernel/idle.js";
import type { Impacts } from "../impacts/impacts.js";

/**
 * Conversations kept before idle ones are let go, those of both sides together: as many as their table has room for anyway. Below
 * that, even a heartbeat a minute stays one flow; above it, memory depends on the conversations alive.
 */
const MOST_TUPLES = FIRST_TUPLES;
/** Conversations are looked at again once there are so many times as many as the last look left: a look costs little beside what they cost. */
const GROWS_BY = 1.25;

/** Conversations that are one flow: two, and of a proxy, all by which it carries its client's on. */
interface Entry extends LinkedTuples {
  readonly tuples: number[];
}

/** What the book keeps accounts of, and for whom. */
export interface About extends Base {
  readonly matchers: Matchers;
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
  readonly #linked = new Map<number, Entry>();
  /** The same ids, by the tuples of both conversations. */
  readonly #ids = new Map<number, number>();
  /** From how many conversations on `tidy` lets idle ones go. */
  #sweepAt = MOST_TUPLES;

  constructor(about: About) {
    this.#about = about;
    this.#view = new FlowView(about.translations.accounts, about.tuples, about.epochNs);
  }

  readonly link: Link = (tuples, begin) => {
    const id = this.#about.translations.accounts.takeId();
    this.#linked.set(id, { tuples: [...tuples], linked: begin(id) });
    for (const tuple of tuples) this.#take(tuple, id);
  };

  readonly join: Join = (tuple, to) => {
    const id = this.#ids.get(to);
    const entry = id === undefined ? undefined : this.#linked.get(id);
    if (id === undefined || entry === undefined) return;
    entry.tuples.push(tuple);
    this.#take(tuple, id);
  };

  /** Takes a conversation into a flow; what was said of its packets before does not name that. */
  #take(tuple: number, id: number): void {
    this.#ids.set(tuple, id);
    this.#about.tuples.clearUnmatched(tuple);
  }

  /** The id of the flow that linked conversations are, by one of them. */
  flowOfTuple(tuple: number): number | undefined {
    return this.#ids.get(tuple);
  }

  /** The id of the flow that a packet belongs to, if its translation is known, or of the one whose second conversation it is of. */
  flowOf(row: number): number | undefined {
    const { timeline, translations } = this.#about;
    const slot = translations.slotOf(row);
    return slot === NONE ? this.#ids.get(timeline.tuple(row)) : translations.accounts.id(slot);
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
    this.#sweepAt = Math.max(MOST_TUPLES, Math.ceil(GROWS_BY * tuples.size));
    return true;
  }

  /** Has somebody look at flows that are alive. */
  look(at: LookedAt): void {
    const { mostFlows, flows, ports } = at;
    const { accounts } = this.#about.translations;
    const isWanted = (slot: number): boolean =>
      flows.has(accounts.id(slot)) ||
      this.#hasPort(accounts.insideTuple(slot), ports) ||
      this.#hasPort(accounts.outsideTuple(slot), ports);
    const isAll = accounts.size <= mostFlows;
    const busiest = this.#busiest(isAll ? 0 : mostFlows, (slots) => {
      for (const slot of slots) if (isAll || isWanted(slot)) at.flow(this.#view.of(slot));
    });
    for (const slot of busiest) if (!isWanted(slot)) at.flow(this.#view.of(slot));
    this.#lookAtLinked(at);
  }

  #lookAtLinked(at: LookedAt): void {
    const { mostFlows, flows, ports } = at;
    const { tuples, epochNs } = this.#about;
    let older = this.#linked.size - mostFlows;
    for (const [id, entry] of this.#linked) {
      const isOfLast = --older < 0;
      if (isOfLast || flows.has(id) || entry.tuples.some((tuple) => this.#hasPort(tuple, ports)))
        at.flow(summarizeLinked(id, entry, tuples, epochNs));
    }
  }

  #hasPort(tuple: number, ports: LookedAt["ports"]): boolean {
    const { tuples } = this.#about;
    return ports !== undefined && (ports.has(tuples.port(tuple, true)) || ports.has(tuples.port(tuple, false)));
  }

  /** Reports all flows there are. */
  close(): void {
    const { translations, clashes, findings, sink } = this.#about;
    const { accounts } = translations;
    clashes.resolve();
    const linked = [...this.#linked].sort(([a], [b]) => a - b);
    const tell = (slots: Int32Array): void => {
      for (const slot of slots) {
        while (linked.length > 0 && linked[0][0] < accounts.id(slot)) this.#reportLinked(linked.splice(0, 1));
        // made into a summary when its turn comes: all of them together may be more than the run ever held
        sink.flow(this.#view.of(slot));
      }
    };
    const isAll = accounts.size <= sink.mostFlows;
    const busiest = this.#busiest(isAll ? 0 : sink.mostFlows, (slots) => {
      findings.flows(slots);
      if (isAll) tell(slots);
    });
    tell(busiest);
    this.#reportLinked(linked);
    accounts.clear();
    translations.retired.length = 0;
    this.#linked.clear();
    this.#ids.clear();
  }

  /** The flows alive that have the most pairs, at most so many, by their slots; `use` takes all of them, some at a time. */
  #busiest(most: number, use: (slots: Int32Array) => void): Int32Array {
    const { accounts } = this.#about.translations;
    let busiest: Int32Array = new Int32Array(0);
    accounts.lendSlots((slots) => {
      use(slots);
      if (most > 0) busiest = accounts.busiest(slots, most, busiest);
    });
    return busiest;
  }

  #sweep(nowNs: number): void {
    const { heap, timeline, translations, matchers, impacts, clashes, sink, tuples } = this.#about;
    clashes.resolve();
    const idle = new Idle({ heap, timeline, tuples, accounts: translations.accounts }, nowNs);
    const retired = translations.retired.filter((slot) => !idle.isHeld(slot));
    translations.retired = translations.retired.filter((slot) => idle.isHeld(slot));
    idle.lendFlows(retired, (ended) => {
      for (const slot of ended.subarray(retired.length)) translations.end(slot);
      for (const slot of this.#toTell(ended)) sink.flow(this.#view.of(slot));
      for (const slot of ended) translations.free(slot);
    });
    translations.forgetCandidates();
    for (const [id, entry] of this.#linked) {
      // once one of them may be another conversation's, nothing can be told of it any more
      if (!entry.tuples.some((tuple) => idle.hasTuple(tuple))) continue;
      this.#reportLinked([[id, entry]]);
      this.#linked.delete(id);
      for (const tuple of entry.tuples) {
        matchers.unlinked(tuple);
        this.#ids.delete(tuple);
      }
      freeLatencies(entry.linked);
    }
    const released = idle.tuples();
    for (let tuple = released.indexOf(1); tuple >= 0; tuple = released.indexOf(1, tuple + 1)) {
      matchers.released(tuple);
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

  #reportLinked(flows: readonly (readonly [id: number, entry: Entry])[]): void {
    const { tuples, epochNs, findings, sink } = this.#about;
    for (const [id, entry] of flows) {
      const flow = summarizeLinked(id, entry, tuples, epochNs);
      findings.linked(flow);
      sink.flow(flow);
    }
  }
}

/** Gives the memory back that the latencies of a flow take, which nobody adds to or asks for any more. */
function freeLatencies(linked: Linked): void {
  const digests = linked.kind === "turned" ? [linked.latencies] : [linked.toServer, linked.toClient];
  for (const digest of digests) digest.free();
}
