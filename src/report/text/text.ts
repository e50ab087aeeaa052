import type { Finding } from "../../packets/results/findings.js";
import type { Flow } from "../../packets/flows/flows.js";
import type { FlowSummary, Look, Judgement, Moved, Summary, Tables, Update } from "../../packets/results/results.js";
import type { Verdict } from "../../packets/results/verdicts.js";
import { type AnsweredNames, NO_ANSWERS } from "../../packets/results/answers.js";
import type { Containers } from "../../packets/results/containers.js";
import type { Asked } from "../asked.js";
import { AnsweredEnds } from "../answered-ends.js";
import { Buffered } from "./buffered.js";
import { EndNames } from "./end-names.js";
import { foldedLines } from "./fold.js";
import { Lines } from "./lines.js";
import type { UtcOffset } from "./local-time.js";
import { type Paint, paint } from "./paint.js";
import { findingText, firstText, sorted, toldFirst, warningsText } from "./findings-text.js";
import { isTold, Problems } from "./problems.js";
import { publishedText } from "./published-text.js";
import { INSIDE, type SideNames } from "../../packets/sides.js";
import type { Reporter, Screen, Write } from "../reporter.js";
import { standingText, totalsSoFar } from "./standing.js";
import { totals } from "./totals.js";
import type { SortKey } from "./sort-keys.js";
import { TranslationTable } from "./translations.js";

/** Most findings that are shown: what can be read, and what bounds their memory. */
const MOST_FINDINGS = 100;

export interface TextOptions {
  /** No line a packet: only translations, findings and totals. */
  quiet: boolean;
  /** Columns a line may take, 60 or more; it chooses the layout, and what is longer is folded. */
  width: number;
  color: boolean;
  /** How many flows the table of translations shows, and in which order. */
  top?: number;
  sort?: SortKey;
  /** Whether it is told of those packets alone that were selected, and of the totals of all. */
  isOfSome?: boolean;
  /** Which packets without a twin are asked for; without, all. */
  asksFor?: Asked;
  /** Codes of findings that were asked for: it says which there are none of. */
  asked?: readonly string[];
  /** Whether each line says as well what decided it. */
  isVerbose?: boolean;
  /** Who had which address. */
  containers?: Containers;
  /** What DNS answers called others. */
  answers?: AnsweredNames;
  /** Local time's lead over UTC. */
  utcOffset: UtcOffset;
}

/** What is said at the end, section by section, each of whole lines or empty. */
export interface TextSections {
  /** What never arrived, and what else somebody has to do something about. */
  readonly answer: string;
  readonly translations: string;
  readonly published: string;
  readonly alsoSeen: string;
  readonly totals: string;
  /** Whose addresses the names stand for. */
  readonly names: string;
}

/** The report for people: a line a packet, then translations, findings and totals. */
export class TextReporter implements Reporter {
  readonly wantsPairs: boolean;
  readonly mostFlows: number;
  readonly #out: Buffered;
  readonly #options: TextOptions;
  readonly #paint: Paint;
  readonly #names: EndNames;
  readonly #translations: TranslationTable;
  /** What somebody has to do something about, and what else there is to know. */
  readonly #warnings: Finding[] = [];
  readonly #notes: Finding[] = [];
  readonly #found = new Set<string>();
  #moreFindings = 0;
  #tables!: Tables;
  #answered!: AnsweredEnds;
  #lines!: Lines;
  #problems!: Problems;

  constructor(write: Write, options: TextOptions) {
    this.#out = new Buffered(write);
    this.#options = options;
    this.wantsPairs = !options.quiet;
    const { top, sort = "problems", isVerbose = false, utcOffset } = options;
    this.#names = new EndNames(options.containers);
    this.#translations = new TranslationTable({ most: top, sort, isVerbose, utcOffset, names: this.#names });
    this.mostFlows = this.#translations.mostFlows;
    this.#paint = paint(options.color);
  }

  wantsVerdict(verdict: Verdict): boolean {
    return !this.#options.quiet || isTold(verdict);
  }

  begin(tables: Tables): void {
    const answered = new AnsweredEnds(tables, this.#options.answers ?? NO_ANSWERS, this.#names.containers);
    this.#answered = answered;
    this.#problems = new Problems(tables, this.#names, answered, this.#options.isOfSome === true);
    this.#translations.begin(answered);
    this.#tables = tables;
    const isVerbose = this.#options.isVerbose === true;
    this.#lines = new Lines(tables, this.#paint, { names: this.#names, answered }, { ...this.#options, isVerbose });
    if (!this.#options.quiet) this.#out.add(this.#lines.heading());
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.#out.add(this.#lines.pair(inside, outside, flow, isOutbound, latencyNs));
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    this.#problems.ambiguous(inside, outside, why);
    if (!this.#options.quiet) this.#out.add(this.#lines.ambiguous(inside, outside, why));
  }

  unmatched(row: number, judgement: Judgement): void {
    const isAsked = this.#isAsked(judgement);
    this.#problems.note(row, judgement, isAsked);
    if (!isAsked) return;
    const flow = this.#tables.flowOf(row);
    if (flow !== undefined) this.#translations.note(flow, judgement.verdict);
    if (!this.#options.quiet) this.#out.add(this.#lines.unmatched(row, judgement));
  }

  update(update: Update): void {
    this.#problems.update(update, this.#isAsked(update));
    if (update.flow !== undefined) this.#translations.update(update.flow, update.before.verdict, update.verdict);
    if (!this.#options.quiet) this.#out.add(this.#lines.update(update));
  }

  #isAsked(judgement: Judgement): boolean {
    return this.#options.asksFor?.has(judgement) ?? true;
  }

  moved(moved: Moved): void {
    this.#problems.moved(moved);
    this.#translations.moved(moved);
  }

  flow(flow: FlowSummary): void {
    this.#translations.add(flow);
  }

  finding(finding: Finding): void {
    const list = finding.severity === "warning" ? this.#warnings : this.#notes;
    this.#found.add(finding.code);
    if (list.length < MOST_FINDINGS) list.push(finding);
    else this.#moreFindings++;
  }

  end(summary: Summary): void {
    if (!this.#options.quiet) this.#out.add("\n");
    for (const section of Object.values(this.sections(summary))) this.#out.add(section);
    this.flush();
  }

  /** What is said at the end, in the order in which it is said. */
  sections(summary: Summary): TextSections {
    const { width, utcOffset } = this.#options;
    const names = this.#captureNames;
    const { frames } = this.#tables.timeline;
    const [warnings, notes] = [this.#warnings, this.#notes].map((all) => all.map((each) => this.#named(each)));
    const [causes, rest] = [true, false].map((is) => notes.filter(({ explains }) => (explains !== undefined) === is));
    // what tells why there are others comes before these
    const inOrder = [...causes, ...warnings].toSorted((a, b) => Number(!a.explains) - Number(!b.explains));
    const { told, others } = sorted(inOrder, (finding) => this.#problems.tells(finding));
    const telling = [...others, ...rest.filter(({ isOfOthers }) => isOfOthers)];
    const problems = this.#problems.text(summary, width, this.#paint, toldFirst(warnings), telling);
    const first = firstText(warnings, this.#paint, frames);
    const answer = `${this.#notFound()}${first}${problems}${warningsText(told, others, this.#paint, frames)}\n`;
    const translations = `${this.#translations.text(this.#paint, summary.flows, width)}\n`;
    const published = publishedText(summary.published ?? [], this.#paint);
    const ends = totals(summary, names, summary.verdicts, this.#paint, width, utcOffset);
    for (const { text } of [...warnings, ...notes]) this.#names.explain(text, this.#beganNs);
    return {
      answer: foldedLines(answer, width),
      translations,
      published: foldedLines(published, width),
      alsoSeen: foldedLines(this.#notesText(rest), width),
      totals: foldedLines(ends, width),
      names: foldedLines(this.#names.legend(), width),
    };
  }

  /** What is said of a run that goes on: what never arrived so far, what went through published ports, and the totals so far. */
  soFar(summary: Summary): Pick<TextSections, "answer" | "published" | "totals" | "names"> {
    const { width } = this.#options;
    return {
      answer: foldedLines(this.#problems.text(summary, width, this.#paint), width),
      published: foldedLines(publishedText(summary.published ?? [], this.#paint, true), width),
      totals: totalsSoFar(summary, this.#captureNames, this.#paint),
      names: foldedLines(this.#names.legend(), width),
    };
  }

  /** A finding that calls ends as packets are called. */
  #named(finding: Finding): Finding {
    return { ...finding, text: this.#names.sentence(finding, this.#answered, this.#tables.epochsNs[INSIDE]) };
  }

  /** When both captures had begun, epoch nanoseconds. */
  get #beganNs(): bigint {
    const [inside, outside] = this.#tables.epochsNs;
    return inside > outside ? inside : outside;
  }

  flush(): void {
    this.#out.flush();
  }

  standing(look: Look, screen: Screen): string {
    const { table, at } = this.#translations.standing(screen.rows);
    const summary = look(at);
    const problems = this.#problems.text(summary, screen.columns, this.#paint);
    return standingText({ table, summary }, problems, this.#captureNames, this.#paint, screen);
  }

  get #captureNames(): SideNames {
    const [inside, outside] = this.#tables.timeline.frames;
    return [inside.names, outside.names];
  }

  #notFound(): string {
    const missing = this.#options.asked?.filter((code) => !this.#found.has(code)) ?? [];
    return missing.length === 0 ? "" : `Not found: ${missing.join(", ")}.\n`;
  }

  #notesText(notes: readonly Finding[]): string {
    if (notes.length + this.#moreFindings === 0) return "";
    const more = this.#moreFindings === 0 ? "" : `… and ${this.#moreFindings} more (--format ndjson lists them all)\n`;
    return `${this.#paint.heading("Also seen")}\n${notes.map((note) => findingText(note, this.#paint, this.#tables.timeline.frames)).join("")}${more}\n`;
  }
}
