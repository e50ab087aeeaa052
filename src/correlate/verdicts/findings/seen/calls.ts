import { Few, MOST_NAMED } from "../../../../packets/results/few.js";
import { type Finding, findingOf } from "../../../../packets/results/findings.js";
import { Gathered } from "../../../../packets/results/gathered.js";
import type { FindingCode } from "../../../../packets/results/finding-codes.js";
import { rangeText, said, saidFew, type Sentence } from "../../../../packets/results/sentence.js";
import { INSIDE, type Side, SIDES } from "../../../../packets/sides.js";
import { TCP } from "../../../../protocols/ip-protocols.js";
import type { Called } from "./called.js";
import type { EndedFlow } from "./ended-flow.js";
import type { Context } from "../finder.js";
import type { Request } from "./requests.js";

/** So many kinds of calls are told apart: of more, flows are only counted. */
const MOST_KINDS = 4096;

/** What came of a call, in words: `78 bytes acknowledged, no answer in`, `3.0 s`, `: the caller closed`. */
export type Outcome = readonly [before: string, behind: string];

/** What one client asked of one service, with the same outcome. */
class Kind {
  readonly #first: Sentence;
  readonly #common: Sentence;
  readonly #outcome: Outcome;
  #count = 0;
  readonly #bytes: [least: number, most: number] = [Number.POSITIVE_INFINITY, 0];
  readonly #waitedNs: [least: number, most: number] = [Number.POSITIVE_INFINITY, 0];

  constructor(called: Called, outcome: Outcome) {
    this.#first = called.saidFrom(true);
    this.#common = called.saidService;
    this.#outcome = outcome;
  }

  add(bytes: number, waitedNs: number): void {
    this.#count++;
    widen(this.#bytes, bytes);
    widen(this.#waitedNs, waitedNs);
  }

  /** `tcp web > 203.0.113.5.443 (12 conversations: 78 bytes acknowledged, no answer in 3.0 s to 5.2 s: the caller closed)`. */
  get sentence(): Sentence {
    const [before, behind] = this.#outcome;
    const what = `${rangeText(this.#bytes, String)} bytes ${before} ${rangeText(this.#waitedNs, waitText)}${behind}`;
    return this.#count === 1
      ? said`${this.#first} (${what})`
      : said`${this.#common} (${this.#count} conversations: ${what})`;
  }
}

/** What came of a request, and how long nothing came before that, nanoseconds. */
export interface Ended {
  readonly outcome: Outcome;
  readonly waitedNs: number;
}

/** Calls that were accepted and came to nothing, by client, service, and outcome: whoever calls each minute is one line. */
export class Calls {
  readonly #context: Context;
  readonly #endOf: (request: Request) => Ended | undefined;
  readonly #gathered = new Gathered();
  readonly #kinds = new Map<string, Kind>();
  #count = 0;
  #others = 0;

  /** `endOf`: what came of a request; undefined where it is none of these calls. */
  constructor(context: Context, endOf: (request: Request) => Ended | undefined) {
    this.#context = context;
    this.#endOf = endOf;
  }

  /** Takes a flow that has ended. */
  take(flow: EndedFlow): void {
    const request = this.#context.requests.of(flow);
    if (request !== undefined && isAllSeen(flow, this.#context)) this.#add(flow, request);
  }

  /** A finding about all of them, those that stay inside among them, or none; `text` says what they are. Call it once, in the end. */
  findings(code: FindingCode, text: string): Finding[] {
    const isSeen = isSideSeen(INSIDE, this.#context);
    for (const call of isSeen ? this.#context.localCalls.all : [])
      if (call.request !== undefined) this.#add(call, call.request);
    const named = new Few<Sentence>(MOST_NAMED);
    for (const kind of this.#kinds.values()) named.addMade(() => kind.sentence);
    named.addUnlisted(this.#others);
    const count = this.#count;
    return count === 0 ? [] : [findingOf(code, count, said`${text}: ${saidFew(named)}`, this.#gathered)];
  }

  #add(called: Called, request: Request): void {
    const ended = this.#endOf(request);
    if (ended === undefined) return;
    const { outcome, waitedNs } = ended;
    this.#count++;
    called.gatherIn(this.#gathered);
    const key = [called.serviceKey, ...outcome].join(" ");
    let kind = this.#kinds.get(key);
    if (kind === undefined && this.#kinds.size === MOST_KINDS) {
      this.#others++;
      return;
    }
    kind ??= new Kind(called, outcome);
    this.#kinds.set(key, kind);
    kind.add(request.bytes, waitedNs);
  }
}

/** Whether a side's capture shows all that there was of it. */
function isSideSeen(side: Side, { cover, misses }: Context): boolean {
  return cover[side].lostFrames === 0 && !misses.isPatchy(side) && !misses.lacksEntries(side);
}

/** Whether both captures show all of a flow: nothing of it lacks its twin, and neither lost or lacks frames. */
function isAllSeen(flow: EndedFlow, context: Context): boolean {
  if (flow.proto !== TCP || !flow.isOpenerKnown || flow.isOneOfSeveral || flow.isUnclear) return false;
  if (flow.isProvedElsewhere(true) || flow.isProvedElsewhere(false)) return false;
  return SIDES.every((side) => !flow.hasUnmatched(side) && isSideSeen(side, context));
}

function widen(range: [least: number, most: number], by: number): void {
  range[0] = Math.min(range[0], by);
  range[1] = Math.max(range[1], by);
}

/** `3.0 s`, `12 ms`, `0.53 ms`. */
function waitText(ns: number): string {
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(1)} s` : `${Number((ns / 1e6).toPrecision(2))} ms`;
}
