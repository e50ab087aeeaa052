import type { Flow } from "../packets/flows.js";
import type { Finding } from "../packets/findings.js";
import type { LatencySummary } from "../packets/latency.js";
import { protocolName } from "../packets/packets.js";
import { printableJson } from "../packets/printable.js";
import type { FlowSummary, SideSummary, Summary, Tables, Verdict } from "../packets/results.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../packets/sides.js";
import { ByteLines } from "./byte-lines.js";
import { endsOf } from "./ends.js";
import { endsJson } from "./ends-json.js";
import { EpochText, epochText } from "./epoch.js";
import { PairLines } from "./pair-lines.js";
import type { Reporter, WriteBytes } from "./reporter.js";

export interface NdjsonOptions {
  /** Leaves out what is about single frames: pairs, ambiguous and unmatched ones. */
  quiet: boolean;
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
  #tables!: Tables;
  #times!: readonly [EpochText, EpochText];
  #pairs!: PairLines;

  constructor(write: WriteBytes, options: NdjsonOptions) {
    this.#lines = new ByteLines(write);
    this.#isQuiet = options.quiet;
    this.wantsPairs = !options.quiet;
  }

  wantsVerdict(): boolean {
    return !this.#isQuiet;
  }

  begin(tables: Tables): void {
    this.#tables = tables;
    this.#times = [new EpochText(tables.epochsNs[INSIDE]), new EpochText(tables.epochsNs[OUTSIDE])];
    this.#pairs = new PairLines(this.#lines, tables);
    this.#line({
      type: "header",
      format: "natcorr",
      version: 1,
      inside: { name: tables.names[INSIDE] },
      outside: { name: tables.names[OUTSIDE] },
    });
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.#pairs.write(inside, outside, flow, isOutbound, latencyNs);
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    if (this.#isQuiet) return;
    this.#line({
      type: "ambiguous",
      inside: { frames: inside.flatMap((row) => this.#frames(row)) },
      outside: { frames: outside.flatMap((row) => this.#frames(row)) },
      why,
    });
  }

  unmatched(row: number, verdict: Verdict, why: string): void {
    if (this.#isQuiet) return;
    const t = this.#tables.timeline;
    const side = t.side(row);
    const time = this.#times[side].of(t.stampNs(row));
    const facts = `"time":"${time}","proto":"${protocolName(t.proto(row))}",${endsJson(endsOf(this.#tables, row))}`;
    const judged = `"verdict":"${verdict}","why":${printableJson(why)}`;
    for (const frame of this.#frames(row)) {
      this.#lines.text(`{"type":"unmatched","side":"${SIDE_NAMES[side]}","frame":${frame},${facts},${judged}}\n`);
    }
  }

  flow(flow: FlowSummary): void {
    const { outbound, inbound } = flow.latencyNs;
    const rules = flow.rules === undefined ? "" : `,"rules":${printableJson(flow.rules)}`;
    this.#lines.text(
      `{"type":"flow","id":${flow.id},"proto":"${flow.proto}","nat":"${flow.nat}","initiator":"${flow.initiator}"` +
        `,"inside":{${endsJson(flow.inside)}},"outside":{${endsJson(flow.outside)}}` +
        `,"pairs":${flow.pairs},"insideOnly":${flow.insideOnly},"outsideOnly":${flow.outsideOnly}` +
        `,"first":"${epochText(flow.firstNs)}","last":"${epochText(flow.lastNs)}"` +
        `,"latencyNs":{"outbound":${latencyJson(outbound)},"inbound":${latencyJson(inbound)}}${rules}}\n`,
    );
  }

  finding({ severity, code, count, flows, frames, more, text, hint }: Finding): void {
    this.#line({ type: "finding", severity, code, count, flows, frames, more, text, hint });
  }

  end({ inside, outside, flows, clock }: Summary): void {
    const { offsetNs, driftPpm, uncertaintyNs, source } = clock;
    this.#line({
      type: "summary",
      inside: orderedSide(inside),
      outside: orderedSide(outside),
      flows,
      clock: { offsetNs, driftPpm, uncertaintyNs, source },
    });
    this.flush();
  }

  flush(): void {
    this.#lines.flush();
  }

  #line(result: object): void {
    this.#lines.text(`${printableJson(result)}\n`);
  }

  #frames(row: number): readonly number[] {
    const { timeline } = this.#tables;
    return this.#tables.framesOf(row) ?? [timeline.frame(row)];
  }
}

function latencyJson(latency: LatencySummary | null): string {
  if (latency === null) return "null";
  return `{"min":${latency.min},"p50":${latency.p50},"p99":${latency.p99},"max":${latency.max}}`;
}

function orderedSide(side: SideSummary): SideSummary {
  const { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped } = side;
  return { frames, paired, unmatched, ambiguous, notIp, undecodable, captureDropped };
}
