import { type End, nsOf } from "./format.js";
import type {
  Ambiguous,
  Direction,
  Ends,
  Finding,
  Flow,
  Header,
  Judged,
  Pair,
  Record_,
  SideName,
  Summary,
  Unmatched,
} from "./records.js";

/** Verdicts that an operator has to do something about. */
const PROBLEMS = new Set(["dropped", "refused"]);
/** What a drop came to where nothing was lost in the end. */
const MADE_UP_FOR = new Set(["resent", "covered"]);

/** A packet without a twin, with what is known of it in the end. */
export interface Alone {
  readonly kind: "alone";
  readonly timeNs: number;
  readonly record: Unmatched;
  readonly judged: Judged;
}

/** What happens in a ladder: a pair, a packet without a twin, or some that nothing tells apart. */
export type Event_ =
  | { readonly kind: "pair"; readonly timeNs: number; readonly record: Pair }
  | Alone
  | { readonly kind: "ambiguous"; readonly timeNs: number; readonly record: Ambiguous };

/** A flow, with what the page has of its packets. */
export interface Conversation {
  readonly flow: Flow;
  readonly firstNs: number;
  readonly lastNs: number;
  /** In the order of time. */
  readonly events: readonly Event_[];
  /** How many of its packets were dropped or refused, and how many of those were not made up for, as far as they are in. */
  readonly problems: number;
  readonly lost: number;
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
  /** The packets that were dropped or refused, in the order of time. */
  readonly problems: readonly Alone[];
  /** What a frame is of; undefined where that is not in. */
  eventOf(side: SideName, frame: number, capture?: number): Event_ | undefined;
  /** How many pairs are in. */
  readonly pairs: number;
}

export function modelOf(records: readonly Record_[]): Model {
  let header: Header | undefined;
  let summary: Summary | undefined;
  const findings: Finding[] = [];
  const flows: Flow[] = [];
  const events: Event_[] = [];
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
  const ofFrames = new Map<string, Event_>();
  for (const event of events) for (const key of keysOf(event)) ofFrames.set(key, event);
  const ofFlows = new Map<number, Event_[]>();
  for (const event of events) {
    const flow = flowOf(event);
    if (flow === undefined) continue;
    const known = ofFlows.get(flow);
    if (known === undefined) ofFlows.set(flow, [event]);
    else known.push(event);
  }
  const conversations = flows.map((flow) => conversationOf(flow, ofFlows.get(flow.flow) ?? []));
  return {
    header,
    summary,
    findings,
    conversations,
    byFlow: new Map(conversations.map((each) => [each.flow.flow, each])),
    problems: events.filter(isProblem),
    eventOf: (...frame) => ofFrames.get(keyOf(...frame)),
    pairs: events.filter(({ kind }) => kind === "pair").length,
  };
}

export function isProblem(event: Event_): event is Alone {
  return event.kind === "alone" && PROBLEMS.has(event.judged.verdict);
}

/** Whether a problem was not made up for, as far as is known. */
function isLost({ judged: { impact } }: Alone): boolean {
  return impact === undefined || !MADE_UP_FOR.has(impact);
}

function flowOf(event: Event_): number | undefined {
  return event.kind === "ambiguous" ? undefined : event.record.flow;
}

/** Which end of a flow's forms is the container's. */
function localEndOf({ initiator }: Pick<Flow, "initiator">): End {
  return initiator === "outside" ? "dst" : "src";
}

/** Which way a packet without a twin goes: from the end where its side is, or to it. */
export function directionOf({ record: { src, srcPort } }: Alone, flow: Flow | undefined, side: SideName): Direction {
  if (flow === undefined) return side === "inside" ? "outbound" : "inbound";
  const form: Ends = flow[side];
  const isFromSource = form.src === src && (form.srcPort === srcPort || form.dst !== src);
  return isFromSource === (flow.initiator !== "outside") ? "outbound" : "inbound";
}

function conversationOf(flow: Flow, events: readonly Event_[]): Conversation {
  const problems = events.filter(isProblem);
  const ends = whoseOf(flow);
  const forms = [flow.inside, flow.outside].flatMap((form) => Object.values(form));
  const words = [`flow ${flow.flow}`, flow.proto, flow.nat, flow.rule ?? "", ...forms, ...Object.values(ends)];
  return {
    flow,
    firstNs: nsOf(flow.first),
    lastNs: nsOf(flow.last),
    events,
    problems: problems.length,
    lost: problems.filter(isLost).length,
    ends,
    words: words.join(" ").toLowerCase(),
  };
}

/** What DNS answers called an end. */
function calledAt(form: Ends, end: End): string | undefined {
  return end === "src" ? form.srcName : form.dstName;
}

function whoseOf(flow: Flow): Whose {
  const end = localEndOf(flow);
  const other = end === "src" ? "dst" : "src";
  return {
    local: flow.inside.container ?? flow.inside[end],
    nat: flow.outside[end],
    remote: flow.outside.peer ?? calledAt(flow.outside, other) ?? calledAt(flow.inside, other) ?? flow.outside[other],
  };
}

function keysOf(event: Event_): string[] {
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
