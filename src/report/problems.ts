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
import { framesText } from "./frames-text.js";
import type { Paint } from "./paint.js";
import { printable } from "../packets/printable.js";
import { protocolName } from "../protocols/ip-protocols.js";

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
  readonly who: string;
  /** The same without what its conversation differs by from others with that service. */
  readonly service: string;
  /** The same without any port. */
  readonly hosts: string;
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
    const proto = protocolName(timeline.proto(row));
    const who = `${proto} ${endsText(endsOf(this.#tables, row), 0, String)}`;
    const service = `${proto} ${serviceText(this.#tables, row)}`;
    const { src, dst } = endsOf(this.#tables, row);
    const hosts = `${proto} ${src} > ${dst}`;
    const frame = timeline.frame(row);
    const flow = this.#tables.flowOf(row);
    this.#packets.set(`${where} ${frame}`, { who, service, hosts, flow, where, frame, judgement });
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
   * What it comes to; then one line each, the reason behind it where it fits in `width` columns, else below. Of some that have one reason, it
   * is said of the first.
   */
  text(summary: Summary, width: number, paint: Paint): string {
    const lines = [`${paint.heading(sumUp(summary))}\n`];
    const byKind = this.#byKind();
    let room = MOST_PROBLEMS;
    let hidden = this.#others;
    for (const kind of ["lost", "unknown", "refused"] as const) add(kind);
    const unclear = byKind.get("unclear") ?? [];
    const examples = unclear.toSorted((a, b) => b.length - a.length).slice(0, MOST_UNCLEAR);
    lines.push(...linesOf("unclear", examples, width, paint));
    const others = countIn(summary.verdicts, "unknown") - countOf(examples);
    if (examples.length > 0 && others > 0) lines.push(`… and ${others} more (--only unknown shows them)\n`);
    for (const kind of ["resent", "covered"] as const) add(kind);
    if (hidden > 0) lines.push(`… and ${hidden} more packets (--only problem --format ndjson lists them all)\n`);
    return lines.join("");

    function add(kind: Kind): void {
      const groups = byKind.get(kind) ?? [];
      lines.push(...linesOf(kind, groups.slice(0, room), width, paint));
      hidden += countOf(groups.slice(room));
      room = Math.max(0, room - groups.length);
    }
  }

  /** Packets that are told of in one line, by what they came to. */
  #byKind(): Map<Kind, Lost[][]> {
    const byHosts = grouped([...this.#packets.values()], (packet) => groupOf(packet, packet.hosts));
    const alike = [...byHosts.values()].flatMap(byService);
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

/** How many packets never arrived, what that comes to, and what else was seen on one side alone. */
function sumUp({ verdicts, impacts }: Summary): string {
  const impact = (name: Impact): number => countIn(impacts, name);
  const lost = countsOf([
    [impact("lost"), "lost (no later copy seen)"],
    [impact("unknown"), "dropped, maybe sent again"],
    [impact("resent") + impact("covered"), "dropped and made up for"],
    [countIn(verdicts, "refused"), "refused"],
  ]);
  const alone = countsOf([
    [countIn(verdicts, "elsewhere"), "took an interface that is not captured"],
    [countIn(verdicts, "unknown"), "seen on one side alone, and nothing tells what became of them"],
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

/** The ends of a packet without the port, or ICMP id, that its conversation's opener took for that alone. */
function serviceText(tables: Tables, row: number): string {
  const { src, dst, srcPort, dstPort } = endsOf(tables, row);
  if (srcPort === undefined || dstPort === undefined) return `${src} > ${dst}`;
  const { timeline, tuples } = tables;
  const isFromOpener = tuples.isOpenedByA(timeline.tuple(row)) === (timeline.forward(row) === 1);
  return isFromOpener ? `${src} > ${dst}.${dstPort}` : `${src}.${srcPort} > ${dst}`;
}

/** What the packets of one line have in common: these ends, and what became of them. */
function groupOf({ where, judgement }: Lost, ends: string): string {
  const kind = kindOf(judgement);
  return `${kind} ${where} ${ends} ${kind === "resent" || kind === "covered" ? "" : whyOf(judgement)}`;
}

/** A line for each of some groups; those with one reason follow each other. */
function linesOf(kind: Kind, groups: readonly (readonly Lost[])[], width: number, paint: Paint): string[] {
  const byReason = grouped(groups, (group) => reasonOf(kind, group));
  return [...byReason].flatMap(([reason, alike]) =>
    alike.map((group, at) => lineOf(kind, group, at === 0 ? reason : "", width, paint)),
  );
}

function reasonOf(kind: Kind, group: readonly Lost[]): string {
  const [{ judgement }] = group;
  const frames = group.flatMap(({ judgement: { byFrame } }) => (byFrame === undefined ? [] : [byFrame]));
  const again = named([...new Set(frames)]);
  if (kind === "resent") return `again ${again}`;
  if (kind === "covered") return "a later acknowledgement covers it";
  return printable(kind === "refused" && again !== "" ? `${whyOf(judgement)} (${again})` : judgement.why);
}

function lineOf(kind: Kind, group: readonly Lost[], reason: string, width: number, paint: Paint): string {
  const [{ where }] = group;
  const facts = `${whoOf(group)}  ${where} ${named(group.map(({ frame }) => frame))}`;
  const mark = KINDS[kind];
  const indent = mark.length + 1;
  const painted = mark.startsWith("!") ? paint.bad(mark) : mark.startsWith("?") ? paint.doubtful(mark) : mark;
  const head = folded(`${painted} ${facts}`, width, indent);
  if (reason === "") return `${head}\n`;
  if (indent + facts.length + reason.length + 2 <= width) return `${head}  ${reason}\n`;
  return `${head}\n${folded(" ".repeat(indent) + reason, width, indent)}\n`;
}

/** Whose the packets of a line are, and which flow to look at. */
function whoOf(group: readonly Lost[]): string {
  const [{ who, service, hosts, flow }] = group;
  const others = new Set(group.map((each) => each.who)).size - 1;
  if (others === 0) return `${who}${flow === undefined ? "" : `  flow ${flow}`}`;
  const ends = group.every((each) => each.service === service) ? service : hosts;
  return `${ends}  ${flow === undefined ? `${others + 1} conversations` : `flow ${flow} and ${others} others`}`;
}

/** Packets between two hosts, together where they are of many services, and else for each. */
function byService(ofHosts: Lost[]): Lost[][] {
  const services = grouped(ofHosts, ({ service }) => service);
  return services.size > MOST_SERVICES ? [ofHosts] : [...services.values()].flatMap(byConversation);
}

/** Packets of one service, together where they are of many conversations, and else for each. */
function byConversation(ofService: Lost[]): Lost[][] {
  const conversations = grouped(ofService, ({ who }) => who);
  return conversations.size > MOST_APART ? [ofService] : [...conversations.values()];
}

/** The first of some frames, and how many more there are. */
function named(frames: readonly number[]): string {
  const more = frames.length - MOST_FRAMES;
  return `${framesText(frames, MOST_FRAMES)}${more > 0 ? ` and ${more} more` : ""}`;
}
