import type { Flow } from "../../packets/flows/flows.js";
import type { AnsweredNames } from "../../packets/results/answers.js";
import type { Containers } from "../../packets/results/containers.js";
import type { Finding } from "../../packets/results/findings.js";
import { PassingSink } from "../../packets/results/passing-sink.js";
import type { FlowSummary, Judgement, Sink, Summary, Tables as Rows, Update } from "../../packets/results/results.js";
import { NdjsonReporter } from "../ndjson/ndjson.js";
import { LIVE_PART_ROWS, PART_ROWS } from "./table.js";
import { Tables, type WritePart } from "./tables.js";

export interface TablesOptions {
  /** The version of the program. */
  readonly program: string;
  /** Whether packets are captured meanwhile: parts are small then. */
  readonly isLive: boolean;
  readonly containers?: Containers | undefined;
  readonly answers?: AnsweredNames | undefined;
}

/** Passes all results on, and makes tables of them: what NDJSON has of each is what its row has. */
export class TablesReport extends PassingSink {
  readonly #tables: Tables;
  readonly #records: NdjsonReporter;

  constructor(next: Sink, write: WritePart, { program, isLive, containers, answers }: TablesOptions) {
    super(next);
    this.#tables = new Tables(`natcorr ${program}`, isLive ? LIVE_PART_ROWS : PART_ROWS, write);
    const take = (ndjson: Uint8Array, onTaken?: () => void): void => {
      this.#tables.take(ndjson);
      onTaken?.();
    };
    this.#records = new NdjsonReporter(take, {
      program,
      quiet: false,
      ...(containers !== undefined && { containers }),
      ...(answers !== undefined && { answers }),
    });
  }

  /** Writes what there is of it so far. */
  flush(): void {
    this.#records.flush();
    this.#tables.flush();
  }

  override get wantsPairs(): boolean {
    return true;
  }

  override get pairTimes(): undefined {
    return undefined;
  }

  override get mostFlows(): number {
    return this.#records.mostFlows;
  }

  override wantsVerdict(): boolean {
    return true;
  }

  override begin(rows: Rows): void {
    this.#tables.begin();
    this.#records.begin(rows);
    super.begin(rows);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.#records.pair(inside, outside, flow, isOutbound, latencyNs);
    if (this.next.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    this.#records.ambiguous(inside, outside, why);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    this.#records.unmatched(row, judgement);
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    this.#records.update(update);
    super.update(update);
  }

  override flow(flow: FlowSummary): void {
    this.#records.flow(flow);
    super.flow(flow);
  }

  override finding(finding: Finding): void {
    this.#records.finding(finding);
    super.finding(finding);
  }

  override end(summary: Summary): void {
    this.#records.end(summary);
    this.#tables.flush();
    super.end(summary);
  }
}
