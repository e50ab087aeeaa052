import {
  type Impact,
  type Judgement,
  type Moved,
  PROBLEMS,
  type Summary,
  type Tables,
  type Update,
  type Verdict,
} from "../packets/results.js";
import { SIDE_NAMES } from "../packets/sides.js";
import { endsOf } from "./ends.js";
import { endsText } from "./ends-text.js";
import { folded } from "./fold.js";
import type { Paint } from "./paint.js";
import { printable } from "../packets/printable.js";
import { protocolName } from "../protocols/ip-protocols.js";

/** Most problems that are shown: what can be read. */
const MOST_PROBLEMS = 100;
/** Most packets that are remembered, which bounds their memory. */
const MOST_PACKETS = 10_000;
/** Most frames that are named of one problem. */
const MOST_FRAMES = 8;
/** Of packets of which nothing tells what became of them, so many lines are examples enough … */
const MOST_UNCLEAR = 5;
/** … of so many packets. */
const MOST_UNCLEAR_PACKETS = 1000;

/** What packets came to of which no twin was seen, the worst first, and how that is called. */
const KINDS = {
  lost: "! LOST   ",
  unknown: "! dropped",
  refused: "  refused",
  unclear: "? unknown",
  resent: "  resent ",
  covered: "  covered",
} as const;
type Kind = Impact | "refused" | "unclear";

/** Whether the head of a summary tells of packets with this verdict. */
export function isTold(verdict: Verdict): boolean {
  return PROBLEMS.has(verdict) || verdict === "unknown";
}

/** A packet that never arrived, or of which nothing tells whether it did. */
interface Lost {
  readonly who: string;
  readonly flow: number | undefined;
  readonly where: string;
  readonly frame: number;
  judgement: Judgement;
}

/** The packets that never arrived, and those that nothing is known of: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  /** By side and frame. */
  readonly #packets = new Map<string, Lost>();
  #unclear = 0;
  /** How many never arrived beside those. */
  #others = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Takes a packet without a twin, whatever its verdict. */
  note(row: number, judgement: Judgement): void {
    const { verdict } = judgement;
    const isProblem = PROBLEMS.has(verdict);
    if (!isTold(verdict) || (!isProblem && this.#unclear === MOST_UNCLEAR_PACKETS)) return;
    const { timeline } = this.#tables;
    if (isProblem && this.#packets.size - this.#unclear >= MOST_PACKETS) {
      this.#others++;
      return;
    }
    if (!isProblem) this.#unclear++;
    const where = SIDE_NAMES[timeline.side(row)];
    const who = `${protocolName(timeline.proto(row))} ${endsText(endsOf(this.#tables, row), 0, String)}`;
    const frame = timeline.frame(row);
    const flow = this.#tables.flowOf(row);
    this.#packets.set(`${where} ${frame}`, { who, flow, where, frame, judgement });
  }

  /** Takes what became known of one later. */
  update(update: Update): void {
    const key = `${SIDE_NAMES[update.side]} ${update.frame}`;
    const packet = this.#packets.get(key);
    if (packet === undefined) {
      this.#others += Number(PROBLEMS.has(update.verdict)) - Number(PROBLEMS.has(update.before.verdict));
      return;
    }
    this.#unclear += Number(update.verdict === "unknown") - Number(packet.judgement.verdict === "unknown");
    if (isTold(update.verdict)) packet.judgement = update;
    else this.#packets.delete(key);
  }

  /** Takes what became known of many, which are not told of one by one: what was said of those of their side is not shown any more. */
  moved({ side, before, count }: Moved): void {
    if (!PROBLEMS.has(before.verdict)) return;
    for (const [key, { where, judgement }] of this.#packets) {
      if (where !== SIDE_NAMES[side] || judgement.verdict !== before.verdict) continue;
      this.#packets.delete(key);
      this.#others++;
    }
    this.#others = Math.max(0, this.#others - count);
  }

  /**
   * What it comes to; then one line each, the reason behind it where it fits in `width` columns, else below. What is said of one of those that
   * were dropped is not said again of the others.
   */
  text(summary: Summary, width: number, paint: Paint): string {
    const alike = new Map<string, Lost[]>();
    for (const packet of this.#packets.values()) {
      const key = groupOf(packet);
      const group = alike.get(key);
      if (group === undefined) alike.set(key, [packet]);
      else group.push(packet);
    }
    const kinds = Object.keys(KINDS);
    const groups = [...alike.values()].toSorted(
      ([a], [b]) => kinds.indexOf(kindOf(a.judgement)) - kinds.indexOf(kindOf(b.judgement)),
    );
    const said = new Set<string>();
    const lines = (shown: readonly Lost[][]): string =>
      shown.map((group) => lineOf(group, width, paint, said)).join("");
    const clear = groups.filter((group) => !isUnclear(group));
    const unclear = groups.filter(isUnclear).toSorted((a, b) => b.length - a.length);
    const hidden = countOf(clear.slice(MOST_PROBLEMS)) + this.#others;
    const more = hidden === 0 ? "" : `… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`;
    const shown = unclear.slice(0, MOST_UNCLEAR);
    const others = countIn(summary, "unknown") - countOf(shown);
    const unclearMore = shown.length === 0 || others === 0 ? "" : `… and ${others} more (--only unknown shows them)\n`;
    const [begin, end] = [clear.slice(0, MOST_PROBLEMS), lines(shown) + unclearMore];
    const worst = begin.filter(([{ judgement }]) => kinds.indexOf(kindOf(judgement)) < kinds.indexOf("unclear"));
    return `${paint.heading(sumUp(summary))}\n${lines(worst)}${end}${lines(begin.slice(worst.length))}${more}`;
  }
}

function isUnclear([{ judgement }]: readonly Lost[]): boolean {
  return kindOf(judgement) === "unclear";
}

function countOf(groups: readonly (readonly Lost[])[]): number {
  return groups.reduce((sum, { length }) => sum + length, 0);
}

function countIn({ verdicts }: Summary, verdict: Verdict): number {
  return verdicts.reduce((sum, counts) => sum + (counts.get(verdict) ?? 0), 0);
}

/** How many packets never arrived, what that comes to, and what else was seen on one side alone. */
function sumUp(summary: Summary): string {
  const impact = (name: Impact): number => summary.impacts.reduce((sum, counts) => sum + (counts.get(name) ?? 0), 0);
  const lost = countsOf([
    [impact("lost"), "lost (no later copy seen)"],
    [impact("unknown"), "dropped, and nothing tells whether it was sent again"],
    [impact("resent") + impact("covered"), "dropped and made up for"],
    [countIn(summary, "refused"), "refused"],
  ]);
  const alone = countsOf([
    [countIn(summary, "elsewhere"), "took an interface that is not captured"],
    [countIn(summary, "unknown"), "seen on one side alone, and nothing tells why"],
  ]);
  const told =
    lost.length === 0
      ? "No packet was seen to be dropped or refused."
      : `Packets that never arrived: ${lost.join("; ")}.`;
  return alone.length === 0 ? told : `${told} Also: ${alone.join("; ")}.`;
}

function countsOf(parts: readonly (readonly [count: number, what: string])[]): string[] {
  return parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

function kindOf({ verdict, impact = "unknown" }: Judgement): Kind {
  if (verdict === "unknown") return "unclear";
  return verdict === "refused" ? "refused" : impact;
}

/** Why, without the frame that says so. */
function whyOf({ why, byFrame }: Judgement): string {
  return byFrame === undefined ? why : why.replace(` (frame ${byFrame})`, "");
}

/** What the packets of one line have in common. */
function groupOf({ who, where, judgement }: Lost): string {
  const kind = kindOf(judgement);
  return `${kind} ${where} ${who} ${kind === "resent" || kind === "covered" ? "" : whyOf(judgement)}`;
}

function lineOf(group: readonly Lost[], width: number, paint: Paint, said: Set<string>): string {
  const [{ who, flow, where, judgement }] = group;
  const kind = kindOf(judgement);
  const again = [...new Set(group.flatMap(({ judgement: { byFrame } }) => (byFrame === undefined ? [] : [byFrame])))];
  const facts = `${who}${flow === undefined ? "" : `  flow ${flow}`}  ${where} ${named(group.map(({ frame }) => frame))}`;
  const reasons = {
    resent: `again ${named(again)}`,
    covered: "a later acknowledgement covers it",
    lost: judgement.why,
    unknown: judgement.why,
    unclear: judgement.why,
    refused: `${whyOf(judgement)}${again.length === 0 ? "" : ` (${named(again)})`}`,
  } as const;
  const reason = printable(reasons[kind]);
  const mark = KINDS[kind];
  const indent = mark.length + 1;
  const isShort = indent + facts.length + reason.length + 2 <= width;
  const painted = mark.startsWith("!") ? paint.bad(mark) : mark.startsWith("?") ? paint.doubtful(mark) : mark;
  const head = folded(`${painted} ${facts}`, width, indent);
  if (kind !== "refused" && said.has(reason)) return `${head}\n`;
  said.add(reason);
  if (isShort) return `${head}  ${reason}\n`;
  return `${head}\n${folded(" ".repeat(indent) + reason, width, indent)}\n`;
}

/** The first of some frames, and how many more there are. */
function named(frames: readonly number[]): string {
  const more = frames.length - MOST_FRAMES;
  const first = frames.slice(0, MOST_FRAMES).map((frame) => `#${frame}`);
  return `${first.join(" ")}${more > 0 ? ` and ${more} more` : ""}`;
}
