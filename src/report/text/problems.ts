import { type Reason, REASONS } from "../../packets/results/reasons.js";
import {
  type Ends,
  type Impact,
  type Judgement,
  type Moved,
  PROBLEMS,
  type Summary,
  type Tables,
  type Update,
  type Verdict,
} from "../../packets/results/results.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side } from "../../packets/sides.js";
import { isFromOpener } from "../../packets/ways.js";
import { endsOf } from "../ends.js";
import { endsText } from "./ends-text.js";
import { folded } from "./fold.js";
import { framesText } from "./frames-text.js";
import type { Paint } from "./paint.js";
import { printable } from "../../packets/printable.js";
import { type Protocol, protocolName } from "../../protocols/ip-protocols.js";

/** Most problems that are shown: what can be read. */
const MOST_PROBLEMS = 100;
/** Most packets that are remembered, which bounds their memory. */
const MOST_PACKETS = 10_000;
/** Conversations with one service that have a line each; where there are more, they have one together … */
const MOST_APART = 2;
/** … and services of one host: who asks for more looks for what there is. */
const MOST_SERVICES = 8;
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
  readonly proto: Protocol;
  readonly ends: Ends;
  /** Whether it comes from who opened its conversation. */
  readonly isFromOpener: boolean;
  readonly flow: number | undefined;
  readonly side: Side;
  readonly frame: number;
  judgement: Judgement;
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
    const byKind = this.#byKind();
    let room = MOST_PROBLEMS;
    let hidden = this.#others;
    for (const kind of ["lost", "unknown", "refused"] as const) add(kind);
    const unclear = byKind.get("unclear") ?? [];
    const examples = unclear.toSorted((a, b) => b.length - a.length).slice(0, MOST_UNCLEAR);
    lines.push(...linesOf("unclear", examples, told, width, paint));
    const others = countIn(summary.verdicts, "unknown") - countOf(examples);
    if (examples.length > 0 && others > 0) lines.push(`… and ${others} more that are unknown\n`);
    for (const kind of ["resent", "covered"] as const) add(kind);
    if (hidden > 0) lines.push(`… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`);
    return lines.join("");

    function add(kind: Kind): void {
      const groups = byKind.get(kind) ?? [];
      lines.push(...linesOf(kind, groups.slice(0, room), told, width, paint));
      hidden += countOf(groups.slice(room));
      room = Math.max(0, room - groups.length);
    }
  }

  /** Packets that are told of in one line, by what they came to: those of containers before what comes from outside, as scans do. */
  #byKind(): Map<Kind, Lost[][]> {
    const byHosts = grouped([...this.#packets.values()], groupOf);
    const alike = [...byHosts.values()].flatMap(byService).toSorted(([a], [b]) => a.side - b.side);
    return grouped(alike, ([{ judgement }]) => kindOf(judgement));
  }
}

/** Some items by a key, in the order that each came first. */
function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function countOf(groups: readonly (readonly Lost[])[]): number {
  return groups.reduce((sum, { length }) => sum + length, 0);
}

/** How many there are of both sides. */
function countIn<T>(sides: readonly ReadonlyMap<T, number>[], what: T): number {
  return sides.reduce((sum, counts) => sum + (counts.get(what) ?? 0), 0);
}

/** How many packets never arrived, what that comes to, and how many others have no twin, by the words that `--only` takes. */
function sumUp(summary: Summary, isOfSome: boolean): string {
  const { verdicts, impacts, inside, outside } = summary;
  const impact = (name: Impact): number => countIn(impacts, name);
  const lost = countsOf([
    [impact("lost"), "lost (no later copy seen)"],
    [impact("unknown"), "dropped, maybe sent again"],
    [impact("resent") + impact("covered"), "dropped and made up for"],
    [countIn(verdicts, "refused"), "refused"],
  ]);
  const others = [
    ["elsewhere", countIn(verdicts, "elsewhere"), "by an interface that is not captured"],
    ["no-overlap", countIn(verdicts, "no-overlap"), "the other capture was not running"],
    ["capture-loss", countIn(verdicts, "capture-loss"), `the other capture lost frames then${mostLost(summary)}`],
    ["unknown", countIn(verdicts, "unknown"), "nothing tells what happened"],
    ["ambiguous", inside.ambiguous + outside.ambiguous, "nothing tells whose twin is whose"],
  ] as const;
  const seen = others.filter(([, count]) => count > 0);
  const told =
    lost.length === 0
      ? "No packet was seen to be dropped or refused."
      : `Packets that never arrived${isOfSome ? ", selected or not" : ""}: ${lost.join("; ")}.`;
  if (seen.length === 0) return told;
  const also = seen.map(([word, count, what]) => `${count} ${word} (${what})`);
  return `${told} Also: ${also.join("; ")}. --only ${seen.map(([word]) => word).join(",")} shows them.`;
}

/** How many of the packets the captures can have lost that they may have lost, where that is not all of them. */
function mostLost({ verdicts, inside, outside }: Summary): string {
  const counts = verdicts.map((each) => each.get("capture-loss") ?? 0);
  const most = Math.min(counts[INSIDE], outside.captureDropped) + Math.min(counts[OUTSIDE], inside.captureDropped);
  return most < counts[INSIDE] + counts[OUTSIDE] ? `, at most ${most} of these` : "";
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

function keyOf(side: Side, frame: number): number {
  return 2 * frame + side;
}

function whoOf({ proto, ends }: Lost): string {
  return `${proto} ${endsText(ends, 0, String)}`;
}

/** The same without the port, or ICMP id, that its conversation's opener took for that alone. */
function serviceOf(packet: Lost): string {
  const { src, dst, srcPort, dstPort } = packet.ends;
  if (srcPort === undefined || dstPort === undefined) return hostsOf(packet);
  return `${packet.proto} ${packet.isFromOpener ? `${src} > ${dst}.${dstPort}` : `${src}.${srcPort} > ${dst}`}`;
}

/** The same without any port. */
function hostsOf({ proto, ends }: Lost): string {
  return `${proto} ${ends.src} > ${ends.dst}`;
}

/** What the packets of one line have in common: their hosts, and what became of them. */
function groupOf(packet: Lost): string {
  const kind = kindOf(packet.judgement);
  const why = kind === "resent" || kind === "covered" ? "" : causeOf(kind, packet.judgement);
  return `${kind} ${packet.side} ${hostsOf(packet)} ${why}`;
}

/** What packets have in common that have one reason: its code, as words have frames and times in them that differ; of what was refused, what is said of that, and by whom. */
function causeOf(kind: Kind, judgement: Judgement): string {
  return kind === "refused" ? whyOf(judgement) : judgement.reason;
}

/** A line for each of some groups; those with one reason follow each other. */
function linesOf(
  kind: Kind,
  groups: readonly (readonly Lost[])[],
  told: ReadonlySet<Reason>,
  width: number,
  paint: Paint,
): string[] {
  const byReason = grouped(groups, (group) =>
    ["resent", "refused"].includes(kind)
      ? reasonOf(kind, group)
      : `${causeOf(kind, group[0].judgement)} ${group[0].side}`,
  );
  let said = "";
  return [...byReason.values()].flatMap((alike) => {
    const why = told.has(alike[0][0].judgement.reason) ? "" : reasonOf(kind, alike.flat());
    const reason = why === said ? "" : why;
    said = why;
    return alike.map((group, at) => lineOf(kind, group, at === 0 ? reason : "", width, paint));
  });
}

function reasonOf(kind: Kind, group: readonly Lost[]): string {
  const [{ judgement }] = group;
  const frames = group.flatMap(({ judgement: { byFrame } }) => (byFrame === undefined ? [] : [byFrame]));
  const again = named([...new Set(frames)]);
  if (kind === "resent") return `again ${again}`;
  if (kind === "covered") return "a later acknowledgement covers it";
  const isSame = kind === "refused" || group.every(({ judgement: { why } }) => why === judgement.why);
  if (!isSame) return REASONS[judgement.reason];
  return printable(kind === "refused" && again !== "" ? `${whyOf(judgement)} (${again})` : judgement.why);
}

function lineOf(kind: Kind, group: readonly Lost[], reason: string, width: number, paint: Paint): string {
  const [{ side }] = group;
  const facts = `${groupText(group)}  ${SIDE_NAMES[side]} ${named(group.map(({ frame }) => frame))}`;
  const mark = KINDS[kind];
  const indent = mark.length + 1;
  const painted = mark.startsWith("!") ? paint.bad(mark) : mark.startsWith("?") ? paint.doubtful(mark) : mark;
  const head = folded(`${painted} ${facts}`, width, indent);
  if (reason === "") return `${head}\n`;
  if (indent + facts.length + reason.length + 2 <= width) return `${head}  ${reason}\n`;
  return `${head}\n${folded(" ".repeat(indent) + reason, width, indent)}\n`;
}

/** Whose the packets of a line are, and which flow to look at. */
function groupText(group: readonly Lost[]): string {
  const [first] = group;
  const { flow } = first;
  const others = new Set(group.map(whoOf)).size - 1;
  if (others === 0) return `${whoOf(first)}${flowsText(group)}`;
  const service = serviceOf(first);
  const ends = group.every((each) => serviceOf(each) === service) ? service : hostsOf(first);
  return `${ends}  ${flow === undefined ? `${others + 1} conversations` : `flow ${flow} and ${others} others`}`;
}

/** Which flows the packets of a conversation are of, which may have had several, one after the other. */
function flowsText(group: readonly Lost[]): string {
  const flows = [...new Set(group.flatMap(({ flow }) => flow ?? []))];
  if (flows.length < 2) return flows.map((flow) => `  flow ${flow}`).join("");
  return `  flow ${flows[0]} and ${flows.length === 2 ? "another" : `${flows.length - 1} others`}`;
}

/** Packets between two hosts, together where they are of many services, and else for each. */
function byService(ofHosts: Lost[]): Lost[][] {
  const services = grouped(ofHosts, serviceOf);
  return services.size > MOST_SERVICES ? [ofHosts] : [...services.values()].flatMap(byConversation);
}

/** Packets of one service, together where they are of many conversations, and else for each. */
function byConversation(ofService: Lost[]): Lost[][] {
  const conversations = grouped(ofService, whoOf);
  return conversations.size > MOST_APART ? [ofService] : [...conversations.values()];
}

/** The first of some frames, and how many more there are. */
function named(frames: readonly number[]): string {
  const more = frames.length - MOST_FRAMES;
  return `${framesText(frames, MOST_FRAMES)}${more > 0 ? ` and ${more} more` : ""}`;
}
