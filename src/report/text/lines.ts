import type { Flow } from "../../packets/flows/flows.js";
import { framesOfRow } from "../row-frames.js";
import type { Ends, Judgement, Tables, Update } from "../../packets/results/results.js";
import { ALTERED_DSCP, ALTERED_TTL, alteredWords, BY, EVIDENCE } from "../../packets/results/evidence.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side } from "../../packets/sides.js";
import { tunnelText } from "../../packets/tunnels.js";
import { columnsOf } from "./columns.js";
import { endsOf, rewriteOf } from "../ends.js";
import { changesText, endsText } from "./ends-text.js";
import type { AnsweredEnds } from "../answered-ends.js";
import { farEndOfPair, farEndOfRow } from "../far-end.js";
import type { EndNames } from "./end-names.js";
import { epochNsOf } from "../../packets/results/epoch-ns.js";
import { folded } from "./fold.js";
import { latencyText } from "./latency.js";
import { LocalTimes, type UtcOffset } from "./local-time.js";
import { PairTexts } from "../pair-texts.js";
import type { Paint } from "./paint.js";
import { printable } from "../../packets/printable.js";
import { verdictText } from "./verdict-text.js";
import { shortWording, wording } from "./wording.js";

/** From here on a line holds nanoseconds, sequence numbers and TTLs: a TCP segment over IPv4 takes some 180 columns. */
const DETAILED_COLUMNS = 180;
/** From here on it holds the ends of both sides in full as well. */
const WIDE_COLUMNS = 210;
/** Columns grow with what they have to hold, up to here: an IPv6 pair may stick out, rather than push all others right. */
const MOST_COLUMN = { wide: 44, narrow: 36 } as const;
/** From here on, further lines of a packet are indented as far as its first one tells the time: an IPv6 address and port fit behind that. */
const INDENTED_COLUMNS = 80;
const LEAST_INDENT = 4;
/** `-29.0µs`, `outside`. */
const LATENCY_COLUMNS = 7;

interface PairText {
  readonly inside: string;
  readonly outside: string;
  readonly insideColumns: number;
  readonly outsideColumns: number;
}

export interface LineOptions {
  /** Columns a line may take: it chooses the layout. */
  readonly width: number;
  /** Local time's lead over UTC. */
  readonly utcOffset: UtcOffset;
  /** Whether each line says as well what decided it. */
  readonly isVerbose: boolean;
}

/** What names stand in place of addresses. */
export interface Naming {
  readonly names: EndNames;
  readonly answered: AnsweredEnds;
}

/**
 * One line a packet pair: when, how long it took, what it was inside and what outside, what both have in common, and where to find it.
 *
 * - wide: `time latency IP <inside ends> → <outside ends>  <facts>, ttl 64│63  flow 1 #12→#9`
 * - detailed: `time latency <inside ends> → <what is other outside>  <facts>, ttl 64│63  flow 1 #12→#9`
 * - else the same with fewer facts, and the TTL only where it did not fall by one
 */
export class Lines {
  readonly #tables: Tables;
  readonly #paint: Paint;
  readonly #names: EndNames;
  readonly #answered: AnsweredEnds;
  readonly #width: number;
  readonly #isDetailed: boolean;
  readonly #isWide: boolean;
  readonly #isVerbose: boolean;
  readonly #times: readonly [LocalTimes, LocalTimes];
  readonly #pairTexts: PairTexts<PairText>;
  readonly #arrows: { readonly outbound: string; readonly inbound: string };
  readonly #timeColumns: number;
  #insideColumns = 0;
  #outsideColumns = 0;

  constructor(tables: Tables, paint: Paint, { names, answered }: Naming, { width, utcOffset, isVerbose }: LineOptions) {
    this.#tables = tables;
    this.#paint = paint;
    this.#names = names;
    this.#answered = answered;
    this.#width = width;
    this.#isDetailed = width >= DETAILED_COLUMNS;
    this.#isWide = width >= WIDE_COLUMNS;
    this.#isVerbose = isVerbose;
    const decimals = this.#isDetailed ? 9 : 6;
    this.#timeColumns = "00:00:00.".length + decimals;
    this.#times = [
      new LocalTimes(tables.epochsNs[INSIDE], utcOffset, decimals),
      new LocalTimes(tables.epochsNs[OUTSIDE], utcOffset, decimals),
    ];
    this.#pairTexts = new PairTexts(tables, names.containers, (inside, outside, _, isOutbound) =>
      this.#pairText(inside, outside, isOutbound),
    );
    this.#arrows = { outbound: paint.outbound("→"), inbound: paint.inbound("←") };
  }

  heading(): string {
    const [inside, outside] = SIDE_NAMES.map((name) => this.#paint.heading(name));
    const { outbound, inbound } = this.#arrows;
    const legend = `${outbound} outbound, ${inbound} inbound${this.#isWide && this.#paint.isMarked ? ", * rewritten" : ""}`;
    const time = "time".padEnd(this.#timeColumns);
    return `${folded(`${time} latency ${inside} → ${outside}  (${legend})`, this.#width, this.#indent)}\n`;
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): string {
    const t = this.#tables.timeline;
    const isTurned = t.side(inside) === t.side(outside);
    const text = this.#pairTexts.of(inside, outside, flow, isOutbound);
    const arrow = isOutbound ? this.#arrows.outbound : this.#arrows.inbound;
    const head = this.#head(inside, latencyText(latencyNs));
    const hairpin = isTurned ? `, hairpin on ${SIDE_NAMES[t.side(inside)]}` : "";
    const rest = `${this.#ttl(inside, outside, isOutbound)}${this.#frameCounts(inside, outside)}${this.#missing(inside, isOutbound ? inside : outside)}${this.#notes(inside, outside)}${hairpin}`;
    const mostColumns = this.#isWide ? MOST_COLUMN.wide : MOST_COLUMN.narrow;
    this.#insideColumns = Math.max(this.#insideColumns, Math.min(text.insideColumns, mostColumns));
    this.#outsideColumns = Math.max(
      this.#outsideColumns,
      Math.min(text.outsideColumns, this.#isWide ? mostColumns : 0),
    );
    const insideGap = " ".repeat(Math.max(0, this.#insideColumns - text.insideColumns));
    const outsideGap = " ".repeat(Math.max(0, this.#outsideColumns - text.outsideColumns));
    const where = `  flow ${flow.id} ${this.#frames(inside)}${isOutbound ? "→" : "←"}${this.#frames(outside)}`;
    const decided = this.#isVerbose ? this.#decided(inside, outside) : "";
    const line = `${head}${text.inside}${insideGap} ${arrow} ${text.outside}${outsideGap}  ${this.#facts(inside)}${rest}${where}${decided}`;
    // no character of it is wider than a column
    return `${line.length <= this.#width ? line : folded(line, this.#width, this.#indent)}\n`;
  }

  unmatched(row: number, judgement: Judgement): string {
    const t = this.#tables.timeline;
    const side = SIDE_NAMES[t.side(row)];
    const flow = this.#tables.flowOf(row);
    const decided = this.#isVerbose
      ? `, ttl ${t.ttl(row)}, IP length ${this.#tables.lengthOf(row)}${this.#tunnels(row)}`
      : "";
    const behind = this.#names.behind(this.#tables, row, judgement.verdict).map((name) => `container ${name} `);
    const where = `${behind.join("")}${flow === undefined ? "" : `flow ${flow} `}${this.#frames(row)}`;
    const packet = `${this.#packet(row)}${decided}  ${where}`;
    return this.#explained(this.#head(row, side), packet, this.#verdict(t.sideOf(row), judgement), judgement.why);
  }

  /** What became known of a packet after its line. */
  update(update: Update): string {
    const { side, frame, flow, why } = update;
    const head = `${" ".repeat(this.#timeColumns)} ${"update".padStart(LATENCY_COLUMNS)} `;
    const name = this.#tables.timeline.frameText(side, frame);
    const packet = `${SIDE_NAMES[side]}  ${flow === undefined ? "" : `flow ${flow} `}#${name}`;
    return this.#explained(head, packet, this.#verdict(side, update), why);
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): string {
    const first = inside[0] ?? outside[0];
    if (first === undefined) return "";
    const numbers = [inside, outside].map((rows, side) => `${SIDE_NAMES[side]} ${this.#frameList(rows)}`).join(", ");
    const verdict = this.#paint.doubtful("? ambiguous");
    return this.#explained(this.#head(first, "?"), this.#packet(first), verdict, `${numbers}: ${why}`);
  }

  #explained(head: string, packet: string, verdict: string, why: string): string {
    return `${folded(`${head}${packet}  ${verdict}: ${printable(why)}`, this.#width, this.#indent)}\n`;
  }

  /** Where further lines of what does not fit one begin: behind the time and the latency, where that leaves room. */
  get #indent(): number {
    return this.#width >= INDENTED_COLUMNS ? this.#timeColumns + LATENCY_COLUMNS + 2 : LEAST_INDENT;
  }

  #verdict(side: Side, { verdict, impact, byFrame }: Judgement): string {
    const told = impact === undefined || impact === "unknown" || verdict !== "dropped" ? "" : `, ${impact}`;
    return verdictText(verdict, `${told}${told === "" ? "" : this.#as(side, byFrame)}`, this.#paint);
  }

  #packet(row: number): string {
    const ends = this.#family(row) + endsText(this.#named(row), 0, String);
    return `${ends}${this.#isDetailed ? ":" : ""} ${this.#facts(row)}`;
  }

  #facts(row: number): string {
    return this.#isDetailed ? wording(this.#tables, row) : shortWording(this.#tables, row);
  }

  #head(row: number, second: string): string {
    const t = this.#tables.timeline;
    return `${this.#times[t.side(row)].of(t.stampNs(row))} ${second.padStart(LATENCY_COLUMNS)} `;
  }

  #family(row: number): string {
    const t = this.#tables.timeline;
    if (!this.#isWide) return "";
    return t.isIpv6(row) ? "IP6 " : "IP ";
  }

  #pairText(inside: number, outside: number, isOutbound: boolean): PairText {
    const far = farEndOfPair(this.#tables, inside, outside, isOutbound);
    const insideEnds = endsOf(this.#tables, inside);
    const outsideEnds = endsOf(this.#tables, outside);
    const rewrite = rewriteOf(insideEnds, outsideEnds);
    const mark = this.#paint.rewritten;
    const isMarkLeftOut = !this.#isWide && this.#paint.isMarked;
    const insideText =
      this.#family(inside) + endsText(this.#named(inside, inside, far), rewrite, isMarkLeftOut ? String : mark);
    const outsideNamed = this.#named(outside, inside, far);
    const outsideText = this.#isWide
      ? endsText(outsideNamed, rewrite, mark)
      : changesText(outsideNamed, rewrite, isMarkLeftOut ? String : mark);
    return {
      inside: insideText,
      outside: outsideText,
      insideColumns: columnsOf(insideText),
      outsideColumns: columnsOf(outsideText),
    };
  }

  /** A packet's ends, with names in place of their addresses. `inside`: the row of its inside form, where there is one. */
  #named(row: number, inside = row, far = farEndOfRow(this.#tables, row)): Ends {
    const called = this.#answered.ofRow(row, inside);
    return this.#names.of(endsOf(this.#tables, row), called, far, epochNsOf(this.#tables, row));
  }

  #ttl(inside: number, outside: number, isOutbound: boolean): string {
    const t = this.#tables.timeline;
    const insideTtl = t.ttl(inside);
    const outsideTtl = t.ttl(outside);
    const lowered = isOutbound ? insideTtl - outsideTtl : outsideTtl - insideTtl;
    return this.#isDetailed || this.#isVerbose || lowered !== 1 ? `, ttl ${insideTtl}│${outsideTtl}` : "";
  }

  #frameCounts(inside: number, outside: number): string {
    const insideFrames = this.#tables.framesOf(inside)?.length ?? 1;
    const outsideFrames = this.#tables.framesOf(outside)?.length ?? 1;
    return insideFrames === 1 && outsideFrames === 1 ? "" : `, ${insideFrames}│${outsideFrames} frames`;
  }

  /** As which frame of its side something came again; empty where there is none. */
  #as(side: Side, frame: number | undefined): string {
    return frame === undefined ? "" : ` as #${this.#tables.timeline.frameText(side, frame)}`;
  }

  /** What was lost of a segment that was cut, and as which frame it came again. */
  #missing(inside: number, entered: number): string {
    const side = this.#tables.timeline.sideOf(entered);
    const told = this.#tables.missingOf(inside)?.map(({ seq, length, impact, byFrame }) => {
      const cameTo = impact === undefined ? "" : ` ${impact}${this.#as(side, byFrame)}`;
      return `, ${this.#paint.bad(`✗ lost ${length} bytes at ${seq}${cameTo}`)}`;
    });
    return told?.join("") ?? "";
  }

  /** What the router rewrote beyond the ends, and whether the same bytes have crossed before. */
  #notes(inside: number, outside: number): string {
    const { timeline: t } = this.#tables;
    const altered = t.altered(inside);
    const dscp = (altered & ALTERED_DSCP) === 0 ? "" : `, dscp ${t.dscp(inside)}│${t.dscp(outside)}`;
    // that one and the TTL stand there with their values
    const words = alteredWords(altered & ~(ALTERED_DSCP | ALTERED_TTL));
    const rewritten = words.length === 0 ? "" : `, ${words.join(" and ")} rewritten`;
    return `${dscp}${rewritten}${t.isRetransmission(inside) ? ", retransmission" : ""}`;
  }

  /** What the pair rests on. */
  #decided(inside: number, outside: number): string {
    const t = this.#tables.timeline;
    const evidence = EVIDENCE.filter((_, bit) => (t.evidence(inside) & (1 << bit)) !== 0).join(", ");
    const lengths = `${this.#tables.lengthOf(inside)}│${this.#tables.lengthOf(outside)}`;
    return `  IP length ${lengths}, by ${BY[t.by(inside)]}: ${evidence}${this.#tunnels(inside, outside)}`;
  }

  /** The tunnels that packets came in. */
  #tunnels(...rows: readonly number[]): string {
    const tunnels = rows.flatMap((row) => this.#tables.tunnelOf(row) ?? []);
    return tunnels.map((tunnel) => `, in ${tunnelText(tunnel)}`).join("");
  }

  /** The frame that a packet came in; of several, the first and the last. */
  #frames(row: number): string {
    const frames = this.#frameTexts(row);
    return frames.length === 1 ? frames[0] : `${frames[0]}…${frames[frames.length - 1]}`;
  }

  #frameTexts(row: number): string[] {
    const { timeline: t } = this.#tables;
    const frames = framesOfRow(this.#tables, row);
    return frames.map((frame) => `#${t.frameText(t.sideOf(row), frame)}`);
  }

  #frameList(rows: readonly number[]): string {
    const frames = rows.flatMap((row) => this.#frameTexts(row));
    return frames.length === 0 ? "#" : frames.join(", ");
  }
}
