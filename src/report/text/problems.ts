import type { Finding, FindingCode } from "../../packets/results/findings.js";
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
import { INSIDE, OUTSIDE, otherSide, SIDE_NAMES, type Side, SIDES } from "../../packets/sides.js";
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
/** Of packets that are no problem, or may be none, so many lines are examples enough of each kind … */
const MOST_EXAMPLES = 5;
/** … of so many packets, or sets of packets that nothing tells apart. */
const MOST_EXAMPLE_PACKETS = 1000;

/** What packets came to of which no twin was seen, the worst first, and how that is called. */
const KINDS = {
  lost: "! LOST   ",
  unknown: "! dropped",
  refused: "  refused",
  unclear: "? unknown",
  ambiguous: "? ambiguous",
  elsewhere: "  elsewhere",
  resent: "  resent ",
  covered: "  covered",
} as const;
type Kind = keyof typeof KINDS;

/** Of these there are examples, by the words that `--only` takes. */
const EXAMPLES = { unclear: "unknown", ambiguous: "ambiguous", elsewhere: "elsewhere" } as const;
type Example = keyof typeof EXAMPLES;

/** Whether the head of a summary tells of packets with this verdict. */
export function isTold(verdict: Verdict): boolean {
  return PROBLEMS.has(verdict) || verdict === "unknown" || verdict === "elsewhere";
}

/** What is said of packets. */
type Said = Pick<Judgement, "why" | "byFrame" | "impact"> & {
  readonly verdict: Verdict | "ambiguous";
  readonly reason?: Reason;
};

/** A packet that never arrived, or that is an example of others; or packets that nothing tells apart. */
interface Lost {
  readonly proto: Protocol;
  readonly ends: Ends;
  /** Whether it comes from who opened its conversation. */
  readonly isFromOpener: boolean;
  readonly flow: number | undefined;
  readonly side: Side;
  /** Of several packets, the first. */
  readonly frame: number;
  /** All frames of several packets, on their side and on the other one. */
  readonly alike?: { readonly here: readonly number[]; readonly there: readonly number[] };
  judgement: Said;
}

/** The packets that never arrived, and examples of those that may have: what comes first of a summary. */
export class Problems {
  readonly #tables: Tables;
  readonly #isOfSome: boolean;
  /** By `keyOf`, as numbers and not yet as text, which would take four times the memory. */
  readonly #packets = new Map<number, Lost>();
  /** How many of them are examples of something. */
  readonly #examples: Record<Example, number> = { unclear: 0, ambiguous: 0, elsewhere: 0 };
  /** How many never arrived beside those. */
  #others = 0;

  /** `isOfSome`: it takes those that were selected, beside totals of all. */
  constructor(tables: Tables, isOfSome: boolean) {
    this.#tables = tables;
    this.#isOfSome = isOfSome;
  }

  /** Takes a packet without a twin, whatever its verdict. */
  note(row: number, judgement: Judgement): void {
    if (!isTold(judgement.verdict)) return;
    if (this.#hasRoom(kindOf(judgement))) this.#add(row, judgement);
    else if (PROBLEMS.has(judgement.verdict)) this.#others++;
  }

  /** Takes packets that nothing tells apart. */
  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const [rows, others] = inside.length > 0 ? [inside, outside] : [outside, inside];
    const { timeline } = this.#tables;
    const frames = (some: readonly number[]) =>
      some.flatMap((row) => this.#tables.framesOf(row) ?? [timeline.frame(row)]);
    if (rows.length > 0 && this.#hasRoom("ambiguous"))
      this.#add(rows[0], { verdict: "ambiguous", why }, { here: frames(rows), there: frames(others) });
  }

  #add(row: number, judgement: Said, alike?: Lost["alike"]): void {
    const { timeline, tuples } = this.#tables;
    const side = timeline.sideOf(row);
    const frame = timeline.frame(row);
    this.#count(kindOf(judgement), 1);
    this.#packets.set(keyOf(side, frame), {
      proto: protocolName(timeline.proto(row)),
      ends: endsOf(this.#tables, row),
      isFromOpener: isFromOpener(tuples, timeline.way(row)),
      flow: this.#tables.flowOf(row),
      side,
      frame,
      ...(alike !== undefined && { alike }),
      judgement,
    });
  }

  /** Takes what became known of one later. */
  update(update: Update): void {
    const key = keyOf(update.side, update.frame);
    const packet = this.#packets.get(key);
    const [kind, isProblem] = [kindOf(update), PROBLEMS.has(update.verdict)];
    if (packet === undefined) {
      this.#others += Number(isProblem) - Number(PROBLEMS.has(update.before.verdict));
      return;
    }
    const before = kindOf(packet.judgement);
    const isSame = before === kind || (isProblem && !isExample(before));
    const isKept = isTold(update.verdict) && (isSame || this.#hasRoom(kind));
    this.#count(before, -1);
    if (isKept) {
      this.#count(kind, 1);
      packet.judgement = update;
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

  /** Whether the lines of packets tell all that a finding does: each of its frames was refused, and by whom. */
  tells({ frames, more }: Finding): boolean {
    const isRefused = (side: Side) => (frame: number) =>
      this.#packets.get(keyOf(side, frame))?.judgement.verdict === "refused";
    const isNamed = frames.inside.length + frames.outside.length > 0;
    return isNamed && more === 0 && SIDES.every((side) => frames[SIDE_NAMES[side]].every(isRefused(side)));
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
    const lines = [`${paint.heading(sumUp(summary, this.#isOfSome))}\n`, alsoSeen(summary)];
    const causes = new Causes(findings);
    const byKind = this.#byKind(causes);
    let room = MOST_PROBLEMS;
    let hidden = this.#others;
    for (const kind of ["lost", "unknown", "refused"] as const) add(kind);
    for (const kind of ["unclear", "ambiguous", "elsewhere"] as const) {
      const groups = byKind.get(kind) ?? [];
      const examples = groups.toSorted((a, b) => countOf([b]) - countOf([a])).slice(0, MOST_EXAMPLES);
      lines.push(...linesOf(kind, examples, told, causes, width, paint));
      const others = countIn(summary, EXAMPLES[kind]) - countOf(examples);
      if (examples.length > 0 && others > 0) lines.push(`… and ${others} more that are ${EXAMPLES[kind]}\n`);
    }
    for (const kind of ["resent", "covered"] as const) add(kind);
    if (hidden > 0) lines.push(`… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`);
    return lines.join("");

    function add(kind: Kind): void {
      const groups = byKind.get(kind) ?? [];
      lines.push(...linesOf(kind, groups.slice(0, room), told, causes, width, paint));
      hidden += countOf(groups.slice(room));
      room = Math.max(0, room - groups.length);
    }
  }

  /** Packets that are told of in one line, by what they came to: those of containers before what comes from outside, as scans do. */
  #byKind(causes: Causes): Map<Kind, Lost[][]> {
    const packets = [...this.#packets.values()].filter((packet) => !causes.tellsAgain(packet));
    const byHosts = grouped(packets, (packet) => groupOf(packet, causes));
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

/** The findings that tell why packets never arrived, by the frames that they name. */
class Causes {
  readonly #findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    this.#findings = findings;
  }

  /** The code of the finding that tells of a packet that was dropped; undefined where none does. */
  of({ side, frame, judgement: { verdict } }: Lost): FindingCode | undefined {
    if (verdict !== "dropped") return undefined;
    return this.#findings.find(({ frames }) => frames[SIDE_NAMES[side]].includes(frame))?.code;
  }

  /** Whether a finding names a packet that was dropped, and the one that was sent again and got through. */
  tellsAgain({ side, frame, judgement: { byFrame, impact } }: Lost): boolean {
    if (impact !== "resent" || byFrame === undefined) return false;
    return this.#findings.some(({ frames }) =>
      [frame, byFrame].every((each) => frames[SIDE_NAMES[side]].includes(each)),
    );
  }
}

/** How many frames there are in some lines. */
function countOf(groups: readonly (readonly Lost[])[]): number {
  return groups.flat().reduce((sum, { alike }) => sum + (alike ? alike.here.length + alike.there.length : 1), 0);
}

/** How many frames of both sides are said to be something. */
function countIn({ verdicts, inside, outside }: Summary, what: Verdict | "ambiguous"): number {
  if (what === "ambiguous") return inside.ambiguous + outside.ambiguous;
  return sumOf(verdicts, what);
}

/** How many there are of both sides. */
function sumOf<T>(sides: readonly ReadonlyMap<T, number>[], what: T): number {
  return sides.reduce((sum, counts) => sum + (counts.get(what) ?? 0), 0);
}

/** How many packets never arrived, and what that comes to. */
function sumUp(summary: Summary, isOfSome: boolean): string {
  const impact = (name: Impact): number => sumOf(summary.impacts, name);
  const lost = (
    [
      [impact("lost"), "lost (no later copy got through)"],
      [impact("unknown"), "dropped, maybe sent again"],
      [impact("resent") + impact("covered"), "dropped and made up for"],
      [countIn(summary, "refused"), "refused"],
    ] as const
  ).filter(([count]) => count > 0);
  if (lost.length === 0) return "No packet was seen to be dropped or refused.";
  const told = lost.map(([count, what]) => `${count} ${what}`);
  return `Packets that never arrived${isOfSome ? ", selected or not" : ""}: ${told.join("; ")}.`;
}

/** How many others have no twin, by the words that `--only` takes. */
function alsoSeen(summary: Summary): string {
  const others = [
    ["elsewhere", "by an interface that is not captured"],
    ["no-overlap", "before the other capture begins, or behind its end"],
    ["capture-loss", `the other capture lost frames then${mostLost(summary)}`],
    ["unknown", "nothing tells what happened"],
    ["ambiguous", "which of them are twins is not certain"],
  ] as const;
  const seen = others.filter(([word]) => countIn(summary, word) > 0);
  if (seen.length === 0) return "";
  const told = seen.map(([word, what]) => `${countIn(summary, word)} ${word} (${what})`);
  // a line is rather broken where there are two spaces
  return `Also: ${told.join(";  ")}.  --only ${seen.map(([word]) => word).join(",")} shows them.\n`;
}

/** How many of the packets the captures can have lost that they may have lost, where that is not all of them. */
function mostLost({ verdicts, inside, outside }: Summary): string {
  const counts = verdicts.map((each) => each.get("capture-loss") ?? 0);
  const most = Math.min(counts[INSIDE], outside.captureDropped) + Math.min(counts[OUTSIDE], inside.captureDropped);
  return most < counts[INSIDE] + counts[OUTSIDE] ? `, at most ${most} of these` : "";
}

function kindOf({ verdict, impact = "unknown" }: Said): Kind {
  if (verdict === "unknown") return "unclear";
  return verdict === "refused" || verdict === "ambiguous" || verdict === "elsewhere" ? verdict : impact;
}

function isExample(kind: Kind): kind is Example {
  return Object.hasOwn(EXAMPLES, kind);
}

/** Why, without the frame that says so. */
function whyOf({ why, byFrame }: Said): string {
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
function groupOf(packet: Lost, causes: Causes): string {
  const kind = kindOf(packet.judgement);
  const why = kind === "resent" || kind === "covered" ? "" : causeOf(packet, causes);
  return `${kind} ${packet.side} ${hostsOf(packet)} ${why}`;
}

/**
 * What packets have in common that have one reason: the finding that tells it, or its code, as words have frames and times in them that differ; of what was
 * refused, what is said of that, and by whom.
 */
function causeOf(packet: Lost, causes: Causes): string {
  const { judgement } = packet;
  return judgement.verdict === "refused" ? whyOf(judgement) : (causes.of(packet) ?? judgement.reason ?? judgement.why);
}

/** A line for each of some groups; those with one reason follow each other. */
function linesOf(
  kind: Kind,
  groups: readonly (readonly Lost[])[],
  told: ReadonlySet<Reason>,
  causes: Causes,
  width: number,
  paint: Paint,
): string[] {
  const byReason = grouped(groups, (group) =>
    kind === "resent" ? reasonOf(kind, group, causes) : `${causeOf(group[0], causes)} ${group[0].side}`,
  );
  let said = "";
  return [...byReason.values()].flatMap((alike) => {
    const { reason: code } = alike[0][0].judgement;
    const why = code !== undefined && told.has(code) ? "" : reasonOf(kind, alike.flat(), causes);
    const reason = why === said ? "" : why;
    said = why;
    return alike.map((group, at) => lineOf(kind, group, at === 0 ? reason : "", width, paint));
  });
}

function reasonOf(kind: Kind, group: readonly Lost[], causes: Causes): string {
  const [{ judgement }] = group;
  const cause = causes.of(group[0]);
  if (cause !== undefined && kind !== "resent" && kind !== "covered") return `see ${cause}`;
  const frames = group.flatMap(({ judgement: { byFrame } }) => (byFrame === undefined ? [] : [byFrame]));
  const again = named([...new Set(frames)]);
  if (kind === "resent") return `again ${again}`;
  if (kind === "covered") return "a later acknowledgement covers it";
  const isSame = kind === "refused" || group.every(({ judgement: { why } }) => why === judgement.why);
  if (!isSame && judgement.reason !== undefined) return REASONS[judgement.reason];
  return printable(kind === "refused" && again !== "" ? `${whyOf(judgement)} (${again})` : judgement.why);
}

function lineOf(kind: Kind, group: readonly Lost[], reason: string, width: number, paint: Paint): string {
  const [{ side }] = group;
  const there = group.flatMap(({ alike }) => alike?.there ?? []);
  const other = there.length === 0 ? "" : `  ${SIDE_NAMES[otherSide(side)]} ${named(there)}`;
  const here = group.flatMap(({ alike, frame }) => alike?.here ?? [frame]);
  const facts = `${groupText(group)}  ${SIDE_NAMES[side]} ${named(here)}${other}`;
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
