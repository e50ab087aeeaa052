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

export function modelOf(records: readonly PageRecord[]): Model {
  let header: Header | undefined;
  let summary: Summary | undefined;
  const findings: Finding[] = [];
  const flows: Flow[] = [];
  const events: LadderEvent[] = [];
  const judged = new Map<string, Judged>();
  for (const record of records) {
    if (record.type === "header") header = record;
    else if (record.type === "summary") summary = record;
    else if (record.type === "finding") findings.push(record);
    else if (record.type === "flow") flows.push(record);
    else if (record.type === "update") judged.set(keyOf(record.side, record.frame, record.capture), record);
  }
  if (header === undefined || summary === undefined) throw new Error("the page is not complete: its run did not end");
  const { offsetNs } = summary.clock;
  /** By the inside's clock. */
  const insideNs = (side: SideName, time: string): number => nsOf(time) - (side === "outside" ? offsetNs : 0);
  for (const record of records) {
    if (record.type === "pair") {
      const { direction, inside, outside } = record;
      const timeNs = direction === "outbound" ? insideNs("inside", inside.time) : insideNs("outside", outside.time);
      events.push({ kind: "pair", timeNs, record });
    } else if (record.type === "ambiguous") {
      const side = record.inside.time === undefined ? "outside" : "inside";
      const { time } = record[side];
      if (time !== undefined) events.push({ kind: "ambiguous", timeNs: insideNs(side, time), record });
    } else if (record.type === "unmatched") {
      const known = judged.get(keyOf(record.side, record.frame, record.capture)) ?? record;
      events.push({ kind: "alone", timeNs: insideNs(record.side, record.time), record, judged: known });
    }
  }
  events.sort((a, b) => a.timeNs - b.timeNs);
  const ofFrames = new Map<string, LadderEvent>();
  for (const event of events) for (const key of keysOf(event)) ofFrames.set(key, event);
  const flowsOf = new Map<LadderEvent, number>();
  const ofFlows = new Map<number, LadderEvent[]>();
  const strangers = new Strangers();
  for (const event of events) {
    const flow = event.kind === "ambiguous" ? undefined : (event.record.flow ?? strangers.flowOf(event));
    if (flow === undefined) continue;
    flowsOf.set(event, flow);
    const known = ofFlows.get(flow);
    if (known === undefined) ofFlows.set(flow, [event]);
    else known.push(event);
  }
  const conversations = [...flows, ...strangers.flows].map((flow) =>
    conversationOf(flow, ofFlows.get(flow.flow) ?? []),
  );
  return {
    header,
    summary,
    findings,
    conversations,
    byFlow: new Map(conversations.map((each) => [each.flow.flow, each])),
    flowOf: (event) => flowsOf.get(event),
    problems: events.filter(isProblem).sort((a, b) => Number(isLost(b)) - Number(isLost(a)) || a.timeNs - b.timeNs),
    eventOf: (...frame) => ofFrames.get(keyOf(...frame)),
    pairs: events.filter(({ kind }) => kind === "pair").length,
  };
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
  readonly #known = new Map<string, { -readonly [Name in keyof Flow]: Flow[Name] }>();

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
    const flow: Flow = {
      type: "flow",
      flow: -1 - this.flows.length,
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
