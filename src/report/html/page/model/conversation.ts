import { type Alone, isCalledFromOutside, isLost, isMadeUpFor, isProblem, type LadderEvent } from "./events.js";
import { nsOf } from "../format.js";
import type { Ends, Finding, Flow } from "./records.js";

/** What the places on the map are called that a packet never came to. */
const NEVER_LEFT = "never left";
const NEVER_ENTERED = "never entered";

/** Whose a flow is: the container's end, what the NAT makes of it, and who is at the other end. */
export interface Whose {
  readonly local: string;
  readonly nat: string;
  readonly remote: string;
}

/** What the ladder shows packet by packet, and counts, needs no finding to be told. */
export const TOLD_BY_PACKETS = new Set(["dropped", "refused"]);

/** Most flows have none. */
const NO_CODES: readonly string[] = [];

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
  /** What findings say of it beside that: the codes of those that warn, and of those for information. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  readonly ends: Whose;
  readonly #pairsOf: PairsOf;
  readonly #codes: readonly string[];
  #events: readonly LadderEvent[] | undefined;
  #words: string | undefined;
  #firstNs: number | undefined;

  constructor(flow: Flow, alone: readonly Alone[], pairsOf: PairsOf, findings: readonly Finding[]) {
    this.flow = flow;
    this.alone = alone;
    this.#pairsOf = pairsOf;
    const problems = alone.filter(isProblem);
    this.problems = problems.length;
    this.lost = problems.filter(isLost).length;
    this.madeUpFor = problems.filter(isMadeUpFor).length;
    const others = findings.filter(({ code }) => !TOLD_BY_PACKETS.has(code));
    this.warnings = codesOf(others, "warning");
    this.notes = codesOf(others, "info");
    this.ends = whoseOf(flow);
    this.#codes = codesOf(findings);
  }

  /** Whether a finding of that code is about it. */
  isOf(code: string): boolean {
    return this.#codes.includes(code);
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
    this.#words ??= wordsOf(this.flow, this.ends, this.#codes);
    return this.#words;
  }
}

/** What a flow is called. */
export function titleOf({ flow }: Flow): string {
  return flow > 0 ? `flow ${flow}` : "no flow";
}

function codesOf(findings: readonly Finding[], of?: Finding["severity"]): readonly string[] {
  if (findings.length === 0) return NO_CODES;
  return [...new Set(findings.filter(({ severity }) => (of ?? severity) === severity).map(({ code }) => code))];
}

function wordsOf(flow: Flow, { local, nat, remote }: Whose, codes: readonly string[]): string {
  const { rule = "", inside, outside } = flow;
  const ends = `${formWords(inside)} ${formWords(outside)} ${local} ${nat} ${remote}`;
  return `${titleOf(flow)} ${flow.proto} ${flow.nat} ${rule} ${ends} ${codes.join(" ")} `.toLowerCase();
}

function formWords(form: Ends): string {
  const { src, dst, srcPort = "", dstPort = "", icmpId = "" } = form;
  const { srcName = "", dstName = "", container = "", peer = "" } = form;
  return `${src} ${srcPort} ${dst} ${dstPort} ${icmpId} ${srcName} ${dstName} ${container} ${peer}`;
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
