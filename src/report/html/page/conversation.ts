import { type Alone, isCalledFromOutside, isLost, isMadeUpFor, isProblem, type LadderEvent } from "./events.js";
import { nsOf } from "./format.js";
import type { Ends, Flow } from "./records.js";

/** What the places on the map are called that a packet never came to. */
const NEVER_LEFT = "never left";
const NEVER_ENTERED = "never entered";

/** Whose a flow is: the container's end, what the NAT makes of it, and who is at the other end. */
export interface Whose {
  readonly local: string;
  readonly nat: string;
  readonly remote: string;
}

/** The pairs of a flow. */
type PairsOf = (flow: number) => readonly LadderEvent[];

/** A flow, with what the page has of its packets. There may be 100,000: what only some are asked for is made when it is. */
export class Conversation {
  readonly flow: Flow;
  /** Its packets without a twin, in the order of time. */
  readonly alone: readonly Alone[];
  /** How many of its packets were dropped or refused, as far as they are in; how many of those were lost for good, or refused; and how many were made up for. */
  readonly problems: number;
  readonly lost: number;
  readonly madeUpFor: number;
  readonly ends: Whose;
  readonly #pairsOf: PairsOf;
  #events: readonly LadderEvent[] | undefined;
  #words: string | undefined;
  #firstNs: number | undefined;

  constructor(flow: Flow, alone: readonly Alone[], pairsOf: PairsOf) {
    this.flow = flow;
    this.alone = alone;
    this.#pairsOf = pairsOf;
    const problems = alone.filter(isProblem);
    this.problems = problems.length;
    this.lost = problems.filter(isLost).length;
    this.madeUpFor = problems.filter(isMadeUpFor).length;
    this.ends = whoseOf(flow);
  }

  /** All of its packets that are in, in the order of time. */
  get events(): readonly LadderEvent[] {
    this.#events ??= [...this.alone, ...this.#pairsOf(this.flow.flow)].sort((a, b) => a.timeNs - b.timeNs);
    return this.#events;
  }

  /** When its first packet passed, and its last one, epoch nanoseconds. */
  get firstNs(): number {
    this.#firstNs ??= nsOf(this.flow.first);
    return this.#firstNs;
  }

  get lastNs(): number {
    return nsOf(this.flow.last);
  }

  /** All that can be searched for, in small letters. */
  get words(): string {
    this.#words ??= wordsOf(this.flow, this.ends);
    return this.#words;
  }
}

/** What a flow is called. */
export function titleOf({ flow }: Flow): string {
  return flow > 0 ? `flow ${flow}` : "no flow";
}

function wordsOf(flow: Flow, ends: Whose): string {
  const forms = [flow.inside, flow.outside].flatMap((form) => Object.values(form));
  const words = [titleOf(flow), flow.proto, flow.nat, flow.rule ?? "", ...forms, ...Object.values(ends)];
  return `${words.join(" ")} `.toLowerCase();
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
