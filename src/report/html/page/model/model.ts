import { Conversation } from "./conversation.js";
import { type Alone, aloneEvent, isLost, isProblem, type LadderEvent } from "./events.js";
import { Pairs } from "./pairs.js";
import {
  type Finding,
  type Flow,
  type Header,
  type PageRecord,
  parsed,
  SIDES,
  type SideName,
  type Summary,
  type Unmatched,
  type Update,
} from "./records.js";
import { Strangers } from "./strangers.js";

/** What flows have of which no packet without a twin is in: most of a large page's. */
const NONE: readonly Alone[] = [];
const NO_FINDINGS: readonly Finding[] = [];

export interface Model {
  readonly header: Header;
  readonly summary: Summary;
  readonly findings: readonly Finding[];
  readonly conversations: readonly Conversation[];
  readonly byFlow: ReadonlyMap<number, Conversation>;
  /** The number of what a packet is of: of its flow, or below 0 where it has none, and is trouble. */
  flowOf(event: LadderEvent): number | undefined;
  /** The packets that were dropped or refused: those that were lost for good first, then in the order of time. */
  readonly problems: readonly Alone[];
  /** What a frame is of; undefined where that is not in. */
  eventOf(side: SideName, frame: number, capture?: number): LadderEvent | undefined;
  /** How many pairs are in. */
  readonly pairs: number;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What is known by now: records as they come, and what they come to. What happened stays the same object, whatever becomes known of it. */
export class Gathered {
  #header: Header | undefined;
  #summary: Summary | undefined;
  /** Those that stay; and of a run that goes on, those by now. */
  readonly #findings: Finding[] = [];
  #standingFindings: Finding[] = [];
  /** By their numbers: those that have ended; and of a run that goes on, the others. */
  readonly #ended = new Map<number, Flow>();
  readonly #standing = new Map<number, Flow>();
  readonly #pairs = new Pairs();
  /** Packets without a twin: by their frames, in the order of time. */
  #alone = new Map<string, Writable<Alone>>();
  readonly #strangers = new Map<string, number>();
  /** Packets of which the time is told once it is known how the clocks stand. */
  readonly #untimed: Unmatched[] = [];
  readonly #updates: Update[] = [];

  /** Takes lines of NDJSON, which stay. */
  add(ndjson: string): void {
    const others = ndjson.split("\n").filter((line) => !this.#pairs.take(line));
    for (const record of parsed(others)) this.#take(record);
  }

  /** Takes how flows and totals stand, as lines of NDJSON, in place of how they stood; a flow of which nothing is told any more is kept where it is `chosen`. */
  stand(ndjson: string, chosen: number | undefined): void {
    const kept = chosen === undefined ? undefined : this.#standing.get(chosen);
    this.#standing.clear();
    if (kept !== undefined) this.#standing.set(kept.flow, kept);
    this.#standingFindings = [];
    for (const record of parsed(ndjson.split("\n"))) {
      if (record.type === "flow") this.#standing.set(record.flow, record);
      else if (record.type === "finding") this.#standingFindings.push(record);
      else if (record.type === "summary") this.#summary = record;
    }
  }

  /** What all that comes to. */
  model(): Model {
    const [header, summary] = [this.#header, this.#summary];
    if (header === undefined || summary === undefined) throw new Error("the page is not complete: its run did not end");
    const { offsetNs } = summary.clock;
    this.#placeEvents(offsetNs);
    const alone = [...this.#alone.values()];
    const flowsOf = new Map<LadderEvent, number>();
    const ofFlows = new Map<number, Alone[]>();
    const strangers = new Strangers(this.#strangers);
    for (const event of alone) {
      const flow = event.record.flow ?? strangers.flowOf(event);
      if (flow === undefined) continue;
      flowsOf.set(event, flow);
      const known = ofFlows.get(flow);
      if (known === undefined) ofFlows.set(flow, [event]);
      else known.push(event);
    }
    const pairsOf = (flow: number): readonly LadderEvent[] => this.#pairs.eventsOf(flow, offsetNs);
    const findings = [...this.#standingFindings, ...this.#findings];
    const ofFindings = new Map<number, Finding[]>();
    for (const finding of findings)
      for (const flow of this.#flowsOf(finding, flowsOf)) {
        const known = ofFindings.get(flow);
        if (known === undefined) ofFindings.set(flow, [finding]);
        else known.push(finding);
      }
    const flows = new Map([...this.#standing, ...this.#ended]);
    const conversations = [...flows.values(), ...strangers.flows].map(
      (flow) =>
        new Conversation(flow, ofFlows.get(flow.flow) ?? NONE, pairsOf, ofFindings.get(flow.flow) ?? NO_FINDINGS),
    );
    return {
      header,
      summary,
      findings,
      conversations,
      byFlow: new Map(conversations.map((each) => [each.flow.flow, each])),
      flowOf: (event) => (event.kind === "pair" ? event.record.flow : flowsOf.get(event)),
      problems: alone.filter(isProblem).sort((a, b) => Number(isLost(b)) - Number(isLost(a)) || a.timeNs - b.timeNs),
      eventOf: (side, frame, capture = 0) =>
        this.#alone.get(keyOf({ side, frame, capture })) ?? this.#pairs.withFrame(side, frame, capture, offsetNs),
      pairs: this.#pairs.count,
    };
  }

  /** The flows that a finding is about: those that it names, and those of the packets without a twin that it names. */
  #flowsOf({ flows, frames, framesIn }: Finding, flowsOf: ReadonlyMap<LadderEvent, number>): ReadonlySet<number> {
    const all = new Set(flows);
    for (const side of SIDES)
      for (const [at, frame] of frames[side].entries()) {
        const event = this.#alone.get(keyOf({ side, frame, capture: framesIn?.[side][at] }));
        const flow = event && flowsOf.get(event);
        if (flow !== undefined) all.add(flow);
      }
    return all;
  }

  #take(record: PageRecord): void {
    if (record.type === "header") this.#header = record;
    else if (record.type === "summary") this.#summary = record;
    else if (record.type === "finding") this.#findings.push(record);
    else if (record.type === "flow") this.#ended.set(record.flow, record);
    else if (record.type === "update") this.#updates.push(record);
    else if (record.type === "unmatched") this.#untimed.push(record);
  }

  /** Makes events of packets without a twin, in the order of time on the inside's clock, and has them tell what became known of them. */
  #placeEvents(offsetNs: number): void {
    const placed = this.#untimed.splice(0).map((record) => aloneEvent(record, offsetNs));
    if (placed.length > 0) {
      const all = [...this.#alone.values(), ...placed].sort((a, b) => a.timeNs - b.timeNs);
      this.#alone = new Map(all.map((event) => [keyOf(event.record), event]));
    }
    for (const update of this.#updates.splice(0)) {
      const event = this.#alone.get(keyOf(update));
      if (event !== undefined) event.judged = update;
    }
  }
}

function keyOf({ side, frame, capture = 0 }: { side: SideName; frame: number; capture?: number | undefined }): string {
  return `${side} ${capture} ${frame}`;
}
