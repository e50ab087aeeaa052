import type { Flow } from "../../packets/flows/flows.js";
import type { Finding } from "../../packets/results/findings.js";
import { type AnsweredNames, NO_ANSWERS } from "../../packets/results/answers.js";
import { type Containers, NO_CONTAINERS } from "../../packets/results/containers.js";
import type { LatencySummary } from "../../packets/flows/latency.js";
import type { PublishedUse } from "../../packets/results/published.js";
import type { FramePlaces } from "../../packets/frame-places.js";
import { printableJson } from "../../packets/printable.js";
import type {
  Ends,
  FlowSummary,
  ImpactCounts,
  Judgement,
  SideSummary,
  Summary,
  Tables,
  Update,
  VerdictCounts,
} from "../../packets/results/results.js";
import { IMPACTS, VERDICTS } from "../../packets/results/verdicts.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES, SIDES } from "../../packets/sides.js";
import { protocolName } from "../../protocols/ip-protocols.js";
import { ByteLines } from "./byte-lines.js";
import { endsOf } from "../ends.js";
import { AnsweredEnds } from "../answered-ends.js";
import { containerAt, farEndOfFlow } from "../far-end.js";
import { calledBy, endsJson, namedBy, namesJson, tunnelJson } from "./ends-json.js";
import { EpochText, epochText } from "../../packets/results/epoch.js";
import { byFrameJson, frameJson, framesJson } from "./frames-json.js";
import { PairLines } from "./pair-lines.js";
import { framesOfRow } from "../row-frames.js";
import { namesOf, namesOfLone } from "../row-names.js";
import type { Reporter, WriteBytes } from "../reporter.js";

/** Of the output's format: it goes up where a reader of the one before would misread it. */
const VERSION = 2;

export interface NdjsonOptions {
  /** The version of the program, for the header. */
  program: string;
  /** Leaves out what is about single frames: pairs, ambiguous and unmatched ones. */
  quiet: boolean;
  /** Who had which address. */
  containers?: Containers;
  /** What DNS answers called others. */
  answers?: AnsweredNames;
  /** Of a path, the place of the hop that it reports: lines name it, and the path has a header of its own. */
  hop?: number;
}

/**
 * The machine-readable report: one JSON object a line, `type` first, in the order the results come.
 *
 * Lines about packets are put together by hand: JSON.stringify of an object a packet takes several times as long.
 */
export class NdjsonReporter implements Reporter {
  readonly wantsPairs: boolean;
  readonly mostFlows = Number.POSITIVE_INFINITY;
  readonly #lines: ByteLines;
  readonly #isQuiet: boolean;
  readonly #program: string;
  readonly #hop: number | undefined;
  /** What lines have behind their type. */
  readonly #ofHop: string;
  readonly #containers: Containers;
  readonly #answers: AnsweredNames;
  #tables!: Tables;
  #answered!: AnsweredEnds;
  #times!: readonly [EpochText, EpochText];
  #pairs!: PairLines;

  constructor(write: WriteBytes, options: NdjsonOptions) {
    this.#lines = new ByteLines(write);
    this.#isQuiet = options.quiet;
    this.#program = options.program;
    this.#hop = options.hop;
    this.#ofHop = hopJson(options.hop);
    this.#containers = options.containers ?? NO_CONTAINERS;
    this.#answers = options.answers ?? NO_ANSWERS;
    this.wantsPairs = !options.quiet;
  }

  wantsVerdict(): boolean {
    return !this.#isQuiet;
  }

  begin(tables: Tables): void {
    this.#tables = tables;
    this.#times = [new EpochText(tables.epochsNs[INSIDE]), new EpochText(tables.epochsNs[OUTSIDE])];
    this.#answered = new AnsweredEnds(tables, this.#answers, this.#containers);
    this.#pairs = new PairLines(this.#lines, tables, this.#containers, this.#answered);
    const captures = (side: Side) =>
      tables.timeline.frames[side].names.map((name, at) => ({ name, counters: tables.haveCounters[side][at] }));
    if (this.#hop === undefined)
      this.#line({
        ...headerJson(this.#program),
        captures: { inside: captures(INSIDE), outside: captures(OUTSIDE) },
      });
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.#pairs.write(inside, outside, flow, isOutbound, latencyNs);
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    if (this.#isQuiet) return;
    const { timeline } = this.#tables;
    const proto = protocolName(timeline.proto(inside[0] ?? outside[0]));
    this.#line({ type: "ambiguous", proto, inside: this.#several(inside), outside: this.#several(outside), why });
  }

  unmatched(row: number, judgement: Judgement): void {
    if (this.#isQuiet) return;
    const t = this.#tables.timeline;
    const side = t.side(row);
    const time = this.#times[side].of(t.stampNs(row));
    const flow = this.#tables.flowOf(row);
    const tunnel = this.#tables.tunnelOf(row);
    const named = namesOfLone(this.#tables, this.#containers, row, judgement.verdict);
    const names = namesJson(named, this.#answered.ofRow(row));
    const facts =
      `${flow === undefined ? "" : `"flow":${flow},`}"time":"${time}","proto":"${protocolName(t.proto(row))}"` +
      `,${endsJson(endsOf(this.#tables, row))}${names},"length":${t.length(row)}${tunnel === undefined ? "" : tunnelJson(tunnel)}`;
    const places = t.frames[t.sideOf(row)];
    const judged = judgementJson(places, judgement);
    for (const frame of framesOfRow(this.#tables, row)) {
      const of = `"side":"${SIDE_NAMES[side]}",${frameJson(places, frame)}`;
      this.#lines.text(`{"type":"unmatched",${of},${facts},${judged}}\n`);
    }
  }

  update(update: Update): void {
    if (this.#isQuiet) return;
    this.#lines.text(updateLine(this.#tables.timeline.frames[update.side], update, this.#hop));
  }

  /** What a summary tells is found out as it is asked for: each is asked for once. */
  flow(flow: FlowSummary): void {
    const { id, proto, nat, initiator, sides, rule, inside, outside, firstNs, lastNs, latency } = flow;
    const { pairs, bytes, insideOnly, outsideOnly } = flow;
    const side = sides[INSIDE] === sides[OUTSIDE] ? `,"side":"${SIDE_NAMES[sides[INSIDE]]}"` : "";
    const far = farEndOfFlow({ sides, initiator });
    const asked = { inside, firstNs };
    const nameOf = (end: "src" | "dst", ends: Ends) => containerAt(this.#containers, ends, end, far, firstNs, lastNs);
    const named = (ends: Ends): string =>
      endsJson(ends) + namesJson([nameOf("src", ends), nameOf("dst", ends)], this.#answered.ofFlow(ends, asked));
    this.#lines.text(
      `{"type":"flow"${this.#ofHop},"flow":${id},"proto":"${proto}","nat":"${nat}","initiator":"${initiator}"${side}` +
        `,"inside":{${named(inside)}},"outside":{${named(outside)}}` +
        `,"pairs":${pairs},"bytes":${bytes},"insideOnly":${insideOnly},"outsideOnly":${outsideOnly}` +
        `,"first":"${epochText(firstNs)}","last":"${epochText(lastNs)}"` +
        `,"latency":{"outbound":${latencyJson(latency.outbound)},"inbound":${latencyJson(latency.inbound)}}` +
        `${rule === undefined ? "" : `,"rule":${printableJson(rule)}`}}\n`,
    );
  }

  finding({ severity, code, count, flows, frames, more, text, hint, ...cause }: Finding): void {
    const { rule, table, chain, counter, counted, explainedBy } = cause;
    const changes = cause.changes?.map(({ cameNs, wentNs, ...where }) => ({
      ...where,
      came: cameNs.map(epochText),
      went: wentNs.map(epochText),
    }));
    const causes = { rule, table, chain, counter, counted, explainedBy, changes };
    const facts = { ...this.#ofSides(frames), more, ...causes, text, hint };
    this.#line({ type: "finding", hop: this.#hop, severity, code, count, flows, ...facts });
  }

  end({ inside, outside, verdicts, impacts, flows, clock, published }: Summary): void {
    const { offsetNs, driftPpm, uncertaintyNs, source, moreSteps } = clock;
    const steps = clock.steps.map(({ timeNs, byNs }) => ({ time: epochText(timeNs), byNs }));
    this.#line({
      type: "summary",
      hop: this.#hop,
      totals: {
        inside: totals(inside, verdicts[INSIDE], impacts[INSIDE]),
        outside: totals(outside, verdicts[OUTSIDE], impacts[OUTSIDE]),
      },
      flowCount: flows,
      clock: {
        offsetNs,
        driftPpm,
        uncertaintyNs,
        source,
        ...(steps.length > 0 && { steps, moreSteps }),
      },
      published: published?.map(publishedJson),
    });
    this.flush();
  }

  flush(): void {
    this.#lines.flush();
  }

  #line(result: object): void {
    this.#lines.text(`${printableJson(result)}\n`);
  }

  /** The frames of both sides that a finding is about, and where a side has several captures, of which they are. */
  #ofSides(frames: Finding["frames"]): object {
    const { frames: places } = this.#tables.timeline;
    const all = SIDES.map((side) => frames[SIDE_NAMES[side]].map((frame) => places[side].of(frame)));
    const [inside, outside] = all.map((side) => side.map(({ frame }) => frame));
    if (places.every(({ isOne }) => isOne)) return { frames: { inside, outside } };
    const [insideIn, outsideIn] = all.map((side) => side.map(({ capture }) => capture));
    return { frames: { inside, outside }, framesIn: { inside: insideIn, outside: outsideIn } };
  }

  /** Packets of one side, with what all of them have in common of their ends; the time is that of the first. */
  #several(rows: readonly number[]): object {
    if (rows.length === 0) return { frames: [] };
    const t = this.#tables.timeline;
    const frames = rows.flatMap((row) => framesOfRow(this.#tables, row));
    const named = framesJson(t.frames[t.sideOf(rows[0])], frames);
    const time = this.#times[t.sideOf(rows[0])].of(t.stampNs(rows[0]));
    const [first, ...others] = rows.map((row) => endsOf(this.#tables, row));
    const shared = <Name extends keyof Ends>(name: Name): Ends[Name] | undefined =>
      others.every((ends) => ends[name] === first[name]) ? first[name] : undefined;
    const [src, srcPort, dst] = [shared("src"), shared("srcPort"), shared("dst")];
    const ofShared = <T>([from, to]: readonly [T, T]) =>
      [src === undefined ? undefined : from, dst === undefined ? undefined : to] as const;
    const names = namedBy(ofShared(namesOf(this.#tables, this.#containers, rows[0])));
    const called = calledBy(ofShared(this.#answered.ofRow(rows[0])));
    const ports = { dstPort: shared("dstPort"), icmpId: shared("icmpId") };
    return { ...named, time, src, srcPort, dst, ...ports, ...names, ...called };
  }
}

/** What the first line of every report begins with. */
export function headerJson(program: string): object {
  return { type: "header", format: "natcorr", version: VERSION, program };
}

/** The line of what became known of a frame. `places`: where the frames of its side are; `hop`: which one tells it, of a path. */
export function updateLine(places: FramePlaces, update: Update, hop: number | undefined): string {
  const { side, frame, flow } = update;
  const of = `"side":"${SIDE_NAMES[side]}",${frameJson(places, frame)}${flow === undefined ? "" : `,"flow":${flow}`}`;
  return `{"type":"update"${hopJson(hop)},${of},${judgementJson(places, update)}}\n`;
}

function hopJson(hop: number | undefined): string {
  return hop === undefined ? "" : `,"hop":${hop}`;
}

function latencyJson(latency: LatencySummary | null): string {
  if (latency === null) return "null";
  const { minNs, p50Ns, p99Ns, maxNs } = latency;
  return `{"minNs":${minNs},"p50Ns":${p50Ns},"p99Ns":${p99Ns},"maxNs":${maxNs}}`;
}

/** What became of a packet, as members of an object. `places`: where the frames of its side are. */
function judgementJson(
  places: FramePlaces,
  { verdict, reason, impact, byFrame, leavesBy, rule, why }: Judgement,
): string {
  const told = impact === undefined ? "" : `,"impact":"${impact}"`;
  const by = byFrameJson(places, byFrame);
  const of = rule === undefined ? "" : `,"rule":${printableJson(rule)}`;
  const out = leavesBy === undefined ? "" : `,"leavesBy":${printableJson(leavesBy)}`;
  return `"verdict":"${verdict}","reason":"${reason}"${told}${by}${out}${of},"why":${printableJson(why)}`;
}

function publishedJson(use: PublishedUse): object {
  const { proto, hostAddresses, hostPort, container, containerPort, pids, isGone } = use;
  const { translated, proxied, flows, unclear, unheld, misplaced, fromInside, fromInsideUnclear } = use;
  const { fromElsewhere, fromElsewhereUnclear, fromUntold, fromUntoldUnclear } = use;
  const { taken, fromHost, proxiedFromHost, fromHostUnclear, refusedInside } = use;
  const { captured, dropped, refused, unknown, closedBy } = use;
  const place = { proto, hostAddresses, hostPort, container, containerPort, pids, ...(isGone && { gone: true }) };
  const through = { translated, proxied, flows, unclear, unheld, misplaced, fromInside, fromInsideUnclear };
  const byOthers = { fromElsewhere, fromElsewhereUnclear, fromUntold, fromUntoldUnclear };
  const byHost = { taken, fromHost, proxiedFromHost, fromHostUnclear, refusedInside };
  return { ...place, ...through, ...byOthers, ...byHost, dropped, refused, unknown, closedBy, captured };
}

function totals(side: SideSummary, verdictCounts: VerdictCounts, impactCounts: ImpactCounts): object {
  const { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped, hasCounters: counters } = side;
  const verdicts = ordered(VERDICTS, verdictCounts);
  const impacts = ordered(IMPACTS, impactCounts);
  return { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped, counters, verdicts, impacts };
}

/** Counts by name, in the order of the names, those that there are. */
function ordered<T extends string>(names: readonly T[], counts: ReadonlyMap<T, number>): object {
  return Object.fromEntries(names.flatMap((name) => (counts.has(name) ? [[name, counts.get(name)]] : [])));
}
