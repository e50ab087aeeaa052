import { type Impact, PROBLEMS } from "../../../packets/results/verdicts.js";
import { nsOf } from "./format.js";
import type {
  Ambiguous,
  Direction,
  Ends,
  Finding,
  Flow,
  Header,
  Judged,
  Pair,
  PageRecord,
  SideName,
  Summary,
  Unmatched,
  Update,
} from "./records.js";

/** What a drop came to where nothing was lost in the end. */
const MADE_UP_FOR: ReadonlySet<Impact> = new Set(["resent", "covered"]);
/** What the places on the map are called that a packet never came to. */
const NEVER_LEFT = "never left";
const NEVER_ENTERED = "never entered";

/** A packet without a twin, with what is known of it in the end. */
export interface Alone {
  readonly kind: "alone";
  readonly timeNs: number;
  readonly record: Unmatched;
  readonly judged: Judged;
}

/** What happens in a ladder: a pair, a packet without a twin, or some that nothing tells apart. */
export type LadderEvent =
  | { readonly kind: "pair"; readonly timeNs: number; readonly record: Pair }
  | Alone
  | { readonly kind: "ambiguous"; readonly timeNs: number; readonly record: Ambiguous };

/** A flow, with what the page has of its packets. */
export interface Conversation {
  readonly flow: Flow;
  readonly firstNs: number;
  readonly lastNs: number;
  /** In the order of time. */
  readonly events: readonly LadderEvent[];
  /** How many of its packets were dropped or refused, as far as they are in; how many of those were lost for good, or refused; and how many were made up for. */
  readonly problems: number;
  readonly lost: number;
  readonly madeUpFor: number;
  readonly ends: Whose;
  /** All that can be searched for, in small letters. */
  readonly words: string;
}

/** Whose a flow is: the container's end, what the NAT makes of it, and who is at the other end. */
export interface Whose {
  readonly local: string;
  readonly nat: string;
  readonly remote: string;
}

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

/** What is known by now: records as they come, and what they come to. What happened stays the same object, whatever becomes known of it. */
export class Gathered {
  #header: Header | undefined;
  #summary: Summary | undefined;
  readonly #findings: Finding[] = [];
  /** By their numbers: those that have ended; and of a run that goes on, the others. */
  readonly #ended = new Map<number, Flow>();
  readonly #standing = new Map<number, Flow>();
  readonly #events: LadderEvent[] = [];
  readonly #alone = new Map<string, Writable<Alone>>();
  readonly #ofFrames = new Map<string, LadderEvent>();
  readonly #strangers = new Map<string, number>();
  /** Packets of which the time is told once it is known how the clocks stand. */
  readonly #untimed: (Pair | Unmatched | Ambiguous)[] = [];
  readonly #updates: Update[] = [];

  /** Takes records that stay. */
  add(records: readonly PageRecord[]): void {
    for (const record of records) {
      if (record.type === "header") this.#header = record;
      else if (record.type === "summary") this.#summary = record;
      else if (record.type === "finding") this.#findings.push(record);
      else if (record.type === "flow") this.#ended.set(record.flow, record);
      else if (record.type === "update") this.#updates.push(record);
      else this.#untimed.push(record);
    }
  }

  /** Takes how flows and totals stand, in place of how they stood; a flow of which nothing is told any more is kept where it is `chosen`. */
  stand(records: readonly PageRecord[], chosen: number | undefined): void {
    const kept = chosen === undefined ? undefined : this.#standing.get(chosen);
    this.#standing.clear();
    if (kept !== undefined) this.#standing.set(kept.flow, kept);
    for (const record of records) {
      if (record.type === "flow") this.#standing.set(record.flow, record);
      else if (record.type === "summary") this.#summary = record;
    }
  }

  /** What all that comes to. */
  model(): Model {
    const [header, summary] = [this.#header, this.#summary];
    if (header === undefined || summary === undefined) throw new Error("the page is not complete: its run did not end");
    this.#placeEvents(summary.clock.offsetNs);
    const events = this.#events;
    const flowsOf = new Map<LadderEvent, number>();
    const ofFlows = new Map<number, LadderEvent[]>();
    const strangers = new Strangers(this.#strangers);
    for (const event of events) {
      const flow = event.kind === "ambiguous" ? undefined : (event.record.flow ?? strangers.flowOf(event));
      if (flow === undefined) continue;
      flowsOf.set(event, flow);
      const known = ofFlows.get(flow);
      if (known === undefined) ofFlows.set(flow, [event]);
      else known.push(event);
    }
    const flows = new Map([...this.#standing, ...this.#ended]);
    const conversations = [...flows.values(), ...strangers.flows].map((flow) =>
      conversationOf(flow, ofFlows.get(flow.flow) ?? []),
    );
    return {
      header,
      summary,
      findings: this.#findings,
      conversations,
      byFlow: new Map(conversations.map((each) => [each.flow.flow, each])),
      flowOf: (event) => flowsOf.get(event),
      problems: events.filter(isProblem).sort((a, b) => Number(isLost(b)) - Number(isLost(a)) || a.timeNs - b.timeNs),
      eventOf: (...frame) => this.#ofFrames.get(keyOf(...frame)),
      pairs: events.filter(({ kind }) => kind === "pair").length,
    };
  }

  /** Makes events of packets, in the order of time on the inside's clock, and has them tell what became known of them. */
  #placeEvents(offsetNs: number): void {
    for (const record of this.#untimed.splice(0)) {
      const event = eventOf(record, offsetNs);
      if (event === undefined) continue;
      this.#events.push(event);
      for (const key of keysOf(event)) this.#ofFrames.set(key, event);
      if (event.kind === "alone")
        this.#alone.set(keyOf(event.record.side, event.record.frame, event.record.capture), event);
    }
    this.#events.sort((a, b) => a.timeNs - b.timeNs);
    for (const update of this.#updates.splice(0)) {
      const event = this.#alone.get(keyOf(update.side, update.frame, update.capture));
      if (event !== undefined) event.judged = update;
    }
  }
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What a packet's record is in a ladder. `offsetNs`: the outside's clock minus the inside's. */
function eventOf(record: Pair | Unmatched | Ambiguous, offsetNs: number): LadderEvent | undefined {
  const insideNs = (side: SideName, time: string): number => nsOf(time) - (side === "outside" ? offsetNs : 0);
  if (record.type === "pair") {
    const side = record.direction === "outbound" ? "inside" : "outside";
    return { kind: "pair", timeNs: insideNs(side, record[side].time), record };
  }
  if (record.type === "unmatched")
    return { kind: "alone", timeNs: insideNs(record.side, record.time), record, judged: record };
  const side = record.inside.time === undefined ? "outside" : "inside";
  const { time } = record[side];
  return time === undefined ? undefined : { kind: "ambiguous", timeNs: insideNs(side, time), record };
}

export function isProblem(event: LadderEvent): event is Alone {
  return event.kind === "alone" && PROBLEMS.has(event.judged.verdict);
}

/** Whether a problem is known to be for good: a drop of which no later copy got through, or a refusal. */
function isLost({ judged: { verdict, impact } }: Alone): boolean {
  return verdict === "refused" || impact === "lost";
}

function isMadeUpFor({ judged: { impact } }: Alone): boolean {
  return impact !== undefined && MADE_UP_FOR.has(impact);
}

/** Where a packet without a twin was seen, and which way it goes there. */
export function placeOf({ record }: Alone, flow: Flow | undefined): { lane: SideName; direction: Direction } {
  const { side } = record;
  if (flow === undefined || flow.seenOn !== undefined)
    return { lane: side, direction: side === "inside" ? "outbound" : "inbound" };
  // both forms of what was turned round were seen on one side
  const lane = flow.side === undefined ? side : isOf(record, flow.outside) ? "outside" : "inside";
  const isFromInitiator = isFrom(record, flow[lane]);
  return { lane, direction: isFromInitiator === isCalledFromOutside(flow) ? "inbound" : "outbound" };
}

/** Whether who calls is drawn at the right: a proxy's own connection goes on from there to the left. */
export function isCalledFromOutside({ initiator, nat, side }: Flow): boolean {
  return side === undefined ? initiator === "outside" : nat === "proxy";
}

function isFrom({ src, srcPort }: Ends, form: Ends): boolean {
  return form.src === src && (form.srcPort === srcPort || form.dst !== src);
}

/** Whether a packet has a form's ends, whichever way it goes. */
function isOf(record: Ends, form: Ends): boolean {
  return isFrom(record, form) ? record.dst === form.dst : record.src === form.dst && record.dst === form.src;
}

/** Makes up flows for trouble that has none: one for all packets of a protocol between two hosts, to one port. */
class Strangers {
  readonly flows: Flow[] = [];
  readonly #known = new Map<string, Writable<Flow>>();
  readonly #numbers: Map<string, number>;

  /** `numbers`: those that were given so far, by what they were given for, and takes more. */
  constructor(numbers: Map<string, number>) {
    this.#numbers = numbers;
  }

  /** The number of the one that a packet without a flow is of, below 0; undefined where the packet is no trouble. */
  flowOf(event: LadderEvent): number | undefined {
    if (!isProblem(event)) return undefined;
    const { side, proto, src, dst, srcPort, dstPort, icmpId, time, container, peer, srcName, dstName } = event.record;
    const key = JSON.stringify([side, proto, src, dst, dstPort]);
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (nsOf(time) > nsOf(known.last)) known.last = time;
      return known.flow;
    }
    const ends = Object.fromEntries(
      Object.entries({ src, dst, srcPort, dstPort, icmpId, container, peer, srcName, dstName }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const form: Ends = { src, dst, ...ends };
    const number = this.#numbers.get(key) ?? -1 - this.#numbers.size;
    this.#numbers.set(key, number);
    const flow: Flow = {
      type: "flow",
      flow: number,
      proto,
      nat: "",
      initiator: side,
      seenOn: side,
      inside: form,
      outside: form,
      pairs: 0,
      bytes: 0,
      insideOnly: 0,
      outsideOnly: 0,
      first: time,
      last: time,
      latency: { outbound: null, inbound: null },
    };
    this.#known.set(key, flow);
    this.flows.push(flow);
    return flow.flow;
  }
}

/** What a flow is called. */
export function titleOf({ flow }: Flow): string {
  return flow > 0 ? `flow ${flow}` : "no flow";
}

function conversationOf(flow: Flow, events: readonly LadderEvent[]): Conversation {
  const problems = events.filter(isProblem);
  const ends = whoseOf(flow);
  const forms = [flow.inside, flow.outside].flatMap((form) => Object.values(form));
  const words = [titleOf(flow), flow.proto, flow.nat, flow.rule ?? "", ...forms, ...Object.values(ends)];
  return {
    flow,
    firstNs: nsOf(flow.first),
    lastNs: nsOf(flow.last),
    events,
    problems: problems.length,
    lost: problems.filter(isLost).length,
    madeUpFor: problems.filter(isMadeUpFor).length,
    ends,
    words: `${words.join(" ")} `.toLowerCase(),
  };
}

/** What DNS answers called an end. */
function calledAt(form: Ends, end: "src" | "dst"): string | undefined {
  return end === "src" ? form.srcName : form.dstName;
}

function whoseOf(flow: Flow): Whose {
  const { inside, outside, seenOn, side } = flow;
  if (seenOn === "inside")
    return {
      local: inside.container ?? inside.src,
      nat: NEVER_LEFT,
      remote: inside.peer ?? calledAt(inside, "dst") ?? inside.dst,
    };
  if (seenOn === "outside")
    return { local: NEVER_ENTERED, nat: outside.dst, remote: calledAt(outside, "src") ?? outside.src };
  if (side !== undefined) {
    // who calls, what is called, and who answers are all on one side
    const [caller, server] = flow.nat === "proxy" ? [outside, inside] : [inside, outside];
    return {
      local: caller.container ?? caller.src,
      nat: caller.dst,
      remote: server.peer ?? server.container ?? server.dst,
    };
  }
  const [end, other] = isCalledFromOutside(flow) ? (["dst", "src"] as const) : (["src", "dst"] as const);
  return {
    local: inside.container ?? inside[end],
    nat: outside[end],
    remote: outside.peer ?? calledAt(outside, other) ?? calledAt(inside, other) ?? outside[other],
  };
}

function keysOf(event: LadderEvent): string[] {
  if (event.kind === "alone") return [keyOf(event.record.side, event.record.frame, event.record.capture)];
  if (event.kind === "ambiguous") return [];
  const { inside, outside, side } = event.record;
  return [
    ...inside.frames.map((frame, at) => keyOf(side ?? "inside", frame, inside.framesIn?.[at] ?? inside.capture)),
    ...outside.frames.map((frame, at) => keyOf(side ?? "outside", frame, outside.framesIn?.[at] ?? outside.capture)),
  ];
}

function keyOf(side: SideName, frame: number, capture = 0): string {
  return `${side} ${capture} ${frame}`;
}
