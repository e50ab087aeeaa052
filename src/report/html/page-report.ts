import type { Flow } from "../../packets/flows/flows.js";
import { type AnsweredNames, NO_ANSWERS } from "../../packets/results/answers.js";
import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { Finding } from "../../packets/results/findings.js";
import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { PairTimes } from "../../packets/results/pair-times.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type {
  FlowSummary,
  Judgement,
  Look,
  Moved,
  Sink,
  Summary,
  Tables,
  Update,
} from "../../packets/results/results.js";
import { PROBLEMS, type Verdict } from "../../packets/results/verdicts.js";
import { frameKey, INSIDE } from "../../packets/sides.js";
import { framesOfRow } from "../row-frames.js";
import { NdjsonReporter } from "../ndjson/ndjson.js";
import type { WriteBytes } from "../reporter.js";
import type { UtcOffset } from "../text/local-time.js";
import { type TextSections, TextReporter } from "../text/text.js";
import { KeptOfKind, KeptPairs } from "./kept.js";
import { Strip, type Trouble, TROUBLES } from "./strip.js";

/** So many flows are in, the busiest. */
const MOST_FLOWS = 100_000;
/** So many packets are remembered for what becomes known of them, some megabytes. */
const MOST_REMEMBERED = 50_000;
/** Of a run that goes on, so many flows are in, the busiest, and so many of those with trouble, or that are selected, the last. */
const MOST_BUSIEST = 2000;
const MOST_NOTED = 1000;
/** Lines of the answer are not folded: a page folds them as wide as it is. */
const UNFOLDED = 100_000;

const IN_STRIP = new Set<string>(TROUBLES);

/** What a page says beside the records of its packets, flows and findings. */
export interface PageFacts {
  /** As the terminal says it. */
  readonly text: Pick<TextSections, "answer" | "published" | "totals" | "names">;
  readonly strip: object;
}

export interface PageOptions {
  /** The version of the program. */
  readonly program: string;
  /** Whether some packets were selected, and not all. */
  readonly isOfSome: boolean;
  readonly containers?: Containers | undefined;
  readonly answers?: AnsweredNames | undefined;
  /** Local time's lead over UTC. */
  readonly utcOffset: UtcOffset;
}

/**
 * Passes all results on, and makes a page of them: NDJSON's records of flows, findings, trouble, and of as many pairs as a page can show; what happened in time,
 * of all of them; and what the terminal says first. Its memory does not grow with the captures.
 */
export class PageReport extends PassingSink {
  readonly #records: NdjsonReporter;
  readonly #text: TextReporter;
  readonly #pairs = new KeptPairs();
  readonly #kinds = new KeptOfKind();
  /** When each packet of trouble passed that the strip counts, nanoseconds on the inside's clock, by `frameKey`; whether its record is in. */
  readonly #noted = new Map<number, { readonly timeNs: number; readonly isIn: boolean }>();
  readonly #isOfSome: boolean;
  readonly #standing: NdjsonReporter;
  /** Records of a run that goes on, while it is looked at. */
  #standingRecords: Uint8Array[] = [];
  /** Flows that are in of those that go on, whatever they have beside that. */
  readonly #notedFlows = new Map<number, true>();
  #strip!: Strip;
  #flows = 0;
  #facts: PageFacts | undefined;

  /** `write` takes the records, as UTF-8. */
  constructor(next: Sink, write: WriteBytes, options: PageOptions) {
    super(next);
    const { program, isOfSome, utcOffset, containers = NO_CONTAINERS, answers = NO_ANSWERS } = options;
    const records = { program, quiet: false, containers, answers };
    this.#isOfSome = isOfSome;
    this.#records = new NdjsonReporter(write, records);
    this.#standing = new NdjsonReporter((utf8) => this.#standingRecords.push(utf8), records);
    const text = { quiet: true, width: UNFOLDED, color: false, isOfSome, containers, answers, utcOffset };
    this.#text = new TextReporter(() => {}, text);
  }

  /** What the page says beside its records, once results have ended. */
  get facts(): PageFacts | undefined {
    return this.#facts;
  }

  /** What the page of a run that goes on says beside its records of packets, which it hands on, and records of flows, of findings that are so already, and of totals so far. */
  soFar(look: Look): { readonly facts: PageFacts; readonly records: readonly Uint8Array[] } {
    this.#records.flush();
    const summary = look({
      mostFlows: this.#isOfSome ? 0 : MOST_BUSIEST,
      flows: this.#notedFlows,
      flow: (flow) => this.#standing.flow(flow),
      finding: (finding) => this.#standing.finding(finding),
    });
    this.#standing.end(summary);
    const records = this.#standingRecords;
    this.#standingRecords = [];
    return { facts: { text: this.#text.soFar(summary), strip: this.#strip.toJson() }, records };
  }

  override get wantsPairs(): boolean {
    return true;
  }

  override get pairTimes(): PairTimes | undefined {
    return this.#pairs.isFull && !this.next.wantsPairs ? this.#strip.times : undefined;
  }

  override get mostFlows(): number {
    return Math.max(MOST_FLOWS, this.next.mostFlows);
  }

  override wantsVerdict(): boolean {
    return true;
  }

  override begin(tables: Tables): void {
    this.#strip = new Strip(tables.timeline.heap, tables.epochsNs[INSIDE]);
    this.#records.begin(tables);
    this.#text.begin(tables);
    this.#standing.begin(tables);
    // its header is among the records of packets
    this.#standing.flush();
    this.#standingRecords = [];
    super.begin(tables);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    const { timeline } = this.tables;
    this.#strip.times.count(timeline.timeNs(isOutbound ? inside : outside), isOutbound, latencyNs);
    if (this.#pairs.keeps(flow.id)) {
      this.#records.pair(inside, outside, flow, isOutbound, latencyNs);
      if (this.#isOfSome) this.#note(flow.id);
    }
    if (this.next.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const { timeline } = this.tables;
    for (const row of [...inside, ...outside]) {
      this.#strip.frame(timeline.timeNs(row), timeline.sideOf(row));
      this.#strip.trouble(timeline.timeNs(row), "ambiguous", 1);
    }
    if (this.#kinds.keeps("ambiguous", true)) this.#records.ambiguous(inside, outside, why);
    this.#text.ambiguous(inside, outside, why);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const { timeline } = this.tables;
    const { verdict } = judgement;
    const [timeNs, side] = [timeline.timeNs(row), timeline.sideOf(row)];
    this.#strip.frame(timeNs, side);
    const isTrouble = isInStrip(verdict);
    const isIn = this.#kinds.keeps(verdict, isTrouble);
    if (isIn) this.#records.unmatched(row, judgement);
    if (isTrouble) {
      this.#strip.trouble(timeNs, verdict, 1);
      for (const frame of framesOfRow(this.tables, row)) this.#noted.set(frameKey(side, frame), { timeNs, isIn });
      keepNewest(this.#noted, MOST_REMEMBERED);
    }
    const flow = isTrouble || this.#isOfSome ? this.tables.flowOf(row) : undefined;
    if (flow !== undefined) this.#note(flow);
    if (flow !== undefined && PROBLEMS.has(verdict)) this.#pairs.wantMore(flow);
    this.#text.unmatched(row, judgement);
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    const { side, frame, verdict, before } = update;
    const noted = this.#noted.get(frameKey(side, frame));
    if (noted !== undefined && verdict !== before.verdict) {
      if (isInStrip(before.verdict)) this.#strip.trouble(noted.timeNs, before.verdict, -1);
      if (isInStrip(verdict)) this.#strip.trouble(noted.timeNs, verdict, 1);
    }
    if (noted?.isIn === true) this.#records.update(update);
    this.#text.update(update);
    super.update(update);
  }

  override moved(moved: Moved): void {
    this.#text.moved(moved);
    super.moved(moved);
  }

  override flow(flow: FlowSummary): void {
    if (this.#flows++ < MOST_FLOWS) this.#records.flow(flow);
    super.flow(flow);
  }

  override finding(finding: Finding): void {
    this.#records.finding(finding);
    this.#text.finding(finding);
    super.finding(finding);
  }

  override end(summary: Summary): void {
    this.#records.end(summary);
    const { answer, published, totals, names } = this.#text.sections(summary);
    this.#facts = { text: { answer, published, totals, names }, strip: this.#strip.toJson() };
    super.end(summary);
  }

  #note(flow: number): void {
    this.#notedFlows.delete(flow);
    this.#notedFlows.set(flow, true);
    keepNewest(this.#notedFlows, MOST_NOTED);
  }
}

function isInStrip(verdict: Verdict): verdict is Verdict & Trouble {
  return IN_STRIP.has(verdict);
}
