import { keepNewest } from "../../packets/memory/keep-newest.js";
import { framesOfRow } from "../row-frames.js";
import { IS_ERROR } from "../../packets/packets.js";
import type { Finding } from "../../packets/results/findings.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Judgement, Moved, Summary, Tables, Update } from "../../packets/results/results.js";
import { PROBLEMS, type Verdict } from "../../packets/results/verdicts.js";
import { frameKey, SIDE_NAMES, type Side, SIDES } from "../../packets/sides.js";
import { isFromOpener } from "../../packets/ways.js";
import { protocolName } from "../../protocols/ip-protocols.js";
import { endsOf } from "../ends.js";
import { epochNsOf } from "../../packets/results/epoch-ns.js";
import { Causes } from "./causes.js";
import type { AnsweredEnds } from "../answered-ends.js";
import { farEndOfRow } from "../far-end.js";
import type { EndNames } from "./end-names.js";
import { type Kind, kindOf, type Lost, type Said, Sayings } from "./lost.js";
import { byKind, byReason, linesOf } from "./lost-lines.js";
import type { Paint } from "./paint.js";
import { alsoSeen, countIn, sumUp } from "./sum-up.js";
import { messageOf } from "./wording.js";

/** Most problems that are shown: what can be read. */
const MOST_PROBLEMS = 100;
/** Most packets that are remembered, which bounds their memory. */
const MOST_PACKETS = 10_000;
/** Of packets that are no problem, or may be none, so many lines are examples enough of each kind: where there are more, they are told of by reason … */
const MOST_EXAMPLES = 3;
/** … of so many packets, or sets of packets that nothing tells apart. */
const MOST_EXAMPLE_PACKETS = 1000;

/** Of these there are examples, by the words that `--only` takes. */
const EXAMPLES = { unclear: "unknown", ambiguous: "ambiguous", elsewhere: "elsewhere" } as const;
type Example = keyof typeof EXAMPLES;

/** Whether the head of a summary tells of packets with this verdict. */
export function isTold(verdict: Verdict): boolean {
  return PROBLEMS.has(verdict) || verdict === "unknown" || verdict === "elsewhere";
}

/** The packets that never arrived, and examples of those that may have: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  readonly #names: EndNames;
  readonly #answered: AnsweredEnds;
  readonly #isOfSome: boolean;
  /** By `frameKey`, as numbers and not yet as text, which would take four times the memory. */
  readonly #packets = new Map<number, Lost>();
  /** What is told of those that are not asked for by what is known of them so far, once that is: names are explained only where they are shown. */
  readonly #candidates = new Map<number, (judgement: Said) => Lost>();
  readonly #sayings = new Sayings();
  /** How many of them are examples of something. */
  readonly #examples: Record<Example, number> = { unclear: 0, ambiguous: 0, elsewhere: 0 };
  /** How many never arrived beside those. */
  #others = 0;

  /** `isOfSome`: it takes those that were selected, beside totals of all. */
  constructor(tables: Tables, names: EndNames, answered: AnsweredEnds, isOfSome: boolean) {
    this.#tables = tables;
    this.#names = names;
    this.#answered = answered;
    this.#isOfSome = isOfSome;
  }

  /** Takes a packet without a twin, whatever its verdict. `isAsked`: whether it is asked for by what is known of it. */
  note(row: number, judgement: Judgement, isAsked: boolean): void {
    if (!isTold(judgement.verdict)) return;
    if (!isAsked) {
      this.#candidates.set(this.#keyOf(row), this.#telling(row));
      keepNewest(this.#candidates, MOST_PACKETS);
    } else if (this.#hasRoom(kindOf(judgement))) this.#add(this.#keyOf(row), this.#telling(row)(judgement));
    else if (PROBLEMS.has(judgement.verdict)) this.#others++;
  }

  /** Takes packets that nothing tells apart. */
  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const [rows, others] = inside.length > 0 ? [inside, outside] : [outside, inside];
    const frames = (some: readonly number[]) => some.flatMap((row) => framesOfRow(this.#tables, row));
    if (rows.length === 0 || !this.#hasRoom("ambiguous")) return;
    const telling = this.#telling(rows[0], { here: frames(rows), there: frames(others) });
    this.#add(this.#keyOf(rows[0]), telling({ verdict: "ambiguous", why }));
  }

  #keyOf(row: number): number {
    const { timeline } = this.#tables;
    return frameKey(timeline.sideOf(row), timeline.frame(row));
  }

  /** What tells of a packet, by what is said of it. */
  #telling(row: number, alike?: Lost["alike"]): (judgement: Said) => Lost {
    const { timeline, tuples } = this.#tables;
    const [ends, called, epochNs] = [
      endsOf(this.#tables, row),
      this.#answered.ofRow(row),
      epochNsOf(this.#tables, row),
    ];
    const far = farEndOfRow(this.#tables, row);
    const packet = {
      proto: protocolName(timeline.proto(row)),
      error: (timeline.flags(row) & IS_ERROR) === 0 ? undefined : messageOf(this.#tables, row),
      isFromOpener: isFromOpener(tuples, timeline.way(row)),
      flow: this.#tables.flowOf(row),
      behind: alike === undefined ? this.#names.behind(this.#tables, row) : [],
      side: timeline.sideOf(row),
      frame: timeline.frame(row),
      alike,
    };
    return (judgement) => ({
      ends: this.#names.of(ends, called, far, epochNs),
      judgement: this.#sayings.kept(judgement),
      ...packet,
    });
  }

  #add(key: number, packet: Lost): void {
    this.#count(kindOf(packet.judgement), 1);
    this.#packets.set(key, packet);
  }

  /** Takes what became known of one later. `isAsked`: whether it is asked for by that. */
  update(update: Update, isAsked: boolean): void {
    const key = frameKey(update.side, update.frame);
    const packet = this.#packets.get(key);
    const [kind, isProblem] = [kindOf(update), isAsked && PROBLEMS.has(update.verdict)];
    if (packet === undefined) {
      const telling = this.#candidates.get(key);
      this.#candidates.delete(key);
      if (telling !== undefined && isAsked && isTold(update.verdict) && this.#hasRoom(kind))
        this.#add(key, telling(update));
      else this.#others += Number(isProblem) - Number(PROBLEMS.has(update.before.verdict));
      return;
    }
    const before = kindOf(packet.judgement);
    const isSame = before === kind || (isProblem && !isExample(before));
    const isKept = isAsked && isTold(update.verdict) && (isSame || this.#hasRoom(kind));
    this.#count(before, -1);
    if (isKept) {
      this.#count(kind, 1);
      packet.judgement = this.#sayings.kept(update);
    } else {
      this.#packets.delete(key);
      if (isProblem) this.#others++;
    }
  }

  #count(kind: Kind, by: number): void {
    if (isExample(kind)) this.#examples[kind] += by;
  }

  /** Whether one more may be remembered of a kind. */
  #hasRoom(kind: Kind): boolean {
    if (isExample(kind)) return this.#examples[kind] < MOST_EXAMPLE_PACKETS;
    const { unclear, ambiguous, elsewhere } = this.#examples;
    return this.#packets.size - unclear - ambiguous - elsewhere < MOST_PACKETS;
  }

  /** Takes what became known of many, which are not told of one by one: what was said of those of their side is not shown any more. */
  moved({ side, before, count }: Moved): void {
    if (!PROBLEMS.has(before.verdict)) return;
    for (const [key, { side: where, judgement }] of this.#packets) {
      if (where !== side || judgement.verdict !== before.verdict) continue;
      this.#packets.delete(key);
      this.#others++;
    }
    this.#others = Math.max(0, this.#others - count);
  }

  /** Whether the lines of packets tell all that a finding does, which names no rule: each of its frames was refused, and by whom. */
  tells({ frames, more, rule }: Finding): boolean {
    const isRefused = (side: Side) => (frame: number) =>
      this.#packets.get(frameKey(side, frame))?.judgement.verdict === "refused";
    const isNamed = frames.inside.length + frames.outside.length > 0;
    return (
      isNamed &&
      rule === undefined &&
      more === 0 &&
      SIDES.every((side) => frames[SIDE_NAMES[side]].every(isRefused(side)))
    );
  }

  /**
   * What it comes to; then one line each, the reason behind it where it fits in `width` columns, else below. Of some that have one reason, it
   * is said of the first; reasons that are `told` above are not said again, and those that `findings` tell are left to them.
   */
  text(
    summary: Summary,
    width: number,
    paint: Paint,
    told: ReadonlySet<Reason> = new Set(),
    findings: readonly Finding[] = [],
  ): string {
    const { frames } = this.#tables.timeline;
    const telling = { causes: new Causes(findings), told, width, paint, frames };
    const { ofOthers } = telling.causes;
    const lines = [`${paint.heading(sumUp(summary, this.#isOfSome, ofOthers))}\n`, alsoSeen(summary)];
    const groupsOf = byKind(this.#packets.values(), telling.causes);
    let room = MOST_PROBLEMS;
    let hidden = this.#others;
    for (const kind of ["lost", "unknown", "refused"] as const) add(kind);
    for (const kind of ["unclear", "ambiguous", "elsewhere"] as const) {
      const each = groupsOf.get(kind) ?? [];
      const groups = each.length > MOST_EXAMPLES ? byReason(each, telling.causes) : each;
      const examples = groups.toSorted((a, b) => countOf([b]) - countOf([a])).slice(0, MOST_EXAMPLES);
      lines.push(...linesOf(kind, examples, telling));
      const others = countIn(summary, EXAMPLES[kind]) - countOf(examples);
      if (examples.length > 0 && others > 0)
        lines.push(`… and ${others} more that ${others === 1 ? "is" : "are"} ${EXAMPLES[kind]}\n`);
    }
    for (const kind of ["resent", "covered"] as const) add(kind);
    if (hidden > 0) lines.push(`… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`);
    return lines.join("");

    function add(kind: Kind): void {
      const groups = groupsOf.get(kind) ?? [];
      lines.push(...linesOf(kind, groups.slice(0, room), telling));
      hidden += countOf(groups.slice(room));
      room = Math.max(0, room - groups.length);
    }
  }
}

/** How many frames there are in some lines. */
function countOf(groups: readonly (readonly Lost[])[]): number {
  return groups.flat().reduce((sum, { alike }) => sum + (alike ? alike.here.length + alike.there.length : 1), 0);
}

function isExample(kind: Kind): kind is Example {
  return Object.hasOwn(EXAMPLES, kind);
}
