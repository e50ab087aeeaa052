import type { Reason } from "../../packets/results/reasons.js";
import {
  type Judgement,
  type Moved,
  PROBLEMS,
  type Summary,
  type Tables,
  type Update,
  type Verdict,
} from "../../packets/results/results.js";
import type { Side } from "../../packets/sides.js";
import { isFromOpener } from "../../packets/ways.js";
import { protocolName } from "../../protocols/ip-protocols.js";
import { endsOf } from "../ends.js";
import { byKind, type Kind, linesOf, type Lost } from "./lost-lines.js";
import type { Paint } from "./paint.js";
import { countIn, sumUp } from "./sum-up.js";

/** Most problems that are shown: what can be read. */
const MOST_PROBLEMS = 100;
/** Most packets that are remembered, which bounds their memory. */
const MOST_PACKETS = 10_000;
/** Of packets of which nothing tells what became of them, so many lines are examples enough … */
const MOST_UNCLEAR = 5;
/** … of so many packets. */
const MOST_UNCLEAR_PACKETS = 1000;

/** Whether the head of a summary tells of packets with this verdict. */
export function isTold(verdict: Verdict): boolean {
  return PROBLEMS.has(verdict) || verdict === "unknown";
}

/** The packets that never arrived, and those that nothing is known of: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  readonly #isOfSome: boolean;
  /** By `keyOf`, as numbers and not yet as text, which would take four times the memory. */
  readonly #packets = new Map<number, Lost>();
  #unclear = 0;
  /** How many never arrived beside those. */
  #others = 0;

  /** `isOfSome`: it takes those that were selected, beside totals of all. */
  constructor(tables: Tables, isOfSome: boolean) {
    this.#tables = tables;
    this.#isOfSome = isOfSome;
  }

  /** Takes a packet without a twin, whatever its verdict. */
  note(row: number, judgement: Judgement): void {
    const { verdict } = judgement;
    if (!isTold(verdict)) return;
    const isProblem = PROBLEMS.has(verdict);
    if (!this.#hasRoom(isProblem)) {
      if (isProblem) this.#others++;
      return;
    }
    if (!isProblem) this.#unclear++;
    const { timeline, tuples } = this.#tables;
    const side = timeline.sideOf(row);
    const frame = timeline.frame(row);
    this.#packets.set(keyOf(side, frame), {
      proto: protocolName(timeline.proto(row)),
      ends: endsOf(this.#tables, row),
      isFromOpener: isFromOpener(tuples, timeline.way(row)),
      flow: this.#tables.flowOf(row),
      side,
      frame,
      judgement,
    });
  }

  /** Takes what became known of one later. */
  update(update: Update): void {
    const key = keyOf(update.side, update.frame);
    const packet = this.#packets.get(key);
    const isProblem = PROBLEMS.has(update.verdict);
    const wasProblem = PROBLEMS.has((packet?.judgement ?? update.before).verdict);
    if (packet === undefined) {
      this.#others += Number(isProblem) - Number(wasProblem);
      return;
    }
    const isKept = isTold(update.verdict) && (isProblem === wasProblem || this.#hasRoom(isProblem));
    if (!wasProblem) this.#unclear--;
    if (!isKept) {
      this.#packets.delete(key);
      if (isProblem) this.#others++;
      return;
    }
    if (!isProblem) this.#unclear++;
    packet.judgement = update;
  }

  /** Whether one more may be remembered of those that never arrived, or of those that nothing is known of. */
  #hasRoom(isProblem: boolean): boolean {
    return isProblem ? this.#packets.size - this.#unclear < MOST_PACKETS : this.#unclear < MOST_UNCLEAR_PACKETS;
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

  /**
   * What it comes to; then one line each, the reason behind it where it fits in `width` columns, else below. Of some that have one reason, it
   * is said of the first; reasons that are `told` above are not said again.
   */
  text(summary: Summary, width: number, paint: Paint, told: ReadonlySet<Reason> = new Set()): string {
    const lines = [`${paint.heading(sumUp(summary, this.#isOfSome))}\n`];
    const kinds = byKind(this.#packets.values());
    let room = MOST_PROBLEMS;
    let hidden = this.#others;
    for (const kind of ["lost", "unknown", "refused"] as const) add(kind);
    const unclear = kinds.get("unclear") ?? [];
    const examples = unclear.toSorted((a, b) => b.length - a.length).slice(0, MOST_UNCLEAR);
    lines.push(...linesOf("unclear", examples, told, width, paint));
    const others = countIn(summary.verdicts, "unknown") - countOf(examples);
    if (examples.length > 0 && others > 0) lines.push(`… and ${others} more that are unknown\n`);
    for (const kind of ["resent", "covered"] as const) add(kind);
    if (hidden > 0) lines.push(`… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`);
    return lines.join("");

    function add(kind: Kind): void {
      const groups = kinds.get(kind) ?? [];
      lines.push(...linesOf(kind, groups.slice(0, room), told, width, paint));
      hidden += countOf(groups.slice(room));
      room = Math.max(0, room - groups.length);
    }
  }
}

function countOf(groups: readonly (readonly Lost[])[]): number {
  return groups.reduce((sum, { length }) => sum + length, 0);
}

function keyOf(side: Side, frame: number): number {
  return 2 * frame + side;
}
