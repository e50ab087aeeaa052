import type { LatencySummary } from "../packets/latency.js";
import { copyOf, type Ends, type FlowSummary } from "../packets/results.js";
import { rewriteOf } from "./ends.js";
import { endsText } from "./ends-text.js";
import { latencyText } from "./latency.js";
import type { Paint } from "./paint.js";
import { table, type TableColumn } from "./table.js";

/** Flows the table shows if nobody says how many: what can be read, and what bounds its memory. NDJSON gives them all. */
const MOST_ROWS = 200;

const COLUMNS: readonly TableColumn[] = [
  { heading: "flow", align: "right" },
  { heading: "proto", align: "left" },
  { heading: "nat", align: "left" },
  { heading: "side", align: "left" },
  { heading: "as seen there", align: "left" },
  { heading: "pairs", align: "right" },
  { heading: "only", align: "right" },
  { heading: "p50", align: "right" },
  { heading: "p99", align: "right" },
];

/** The `most` busiest flows and what the NAT made of them; the others are counted. */
export class TranslationTable {
  /** The busier first; of equals, the one that was learnt first. */
  readonly #rows: FlowSummary[] = [];
  readonly most: number;

  constructor(most: number = MOST_ROWS) {
    this.most = most;
  }

  add(flow: FlowSummary): void {
    // most flows have no place in a full table, and what a flow came to takes some reckoning: this much only once
    const { id, pairs } = flow;
    const before = this.#rows.findLastIndex((row) => row.pairs > pairs || (row.pairs === pairs && row.id < id));
    if (before === this.most - 1) return;
    this.#rows.splice(before + 1, 0, copyOf(flow));
    if (this.#rows.length > this.most) this.#rows.pop();
  }

  /**
   * Two lines a flow, one above the other what it is inside and outside; the arrow tells which way its pairs went. `flows`: how
   * many there are in all.
   */
  text(paint: Paint, flows: number): string {
    if (flows === 0) return `${paint.heading("No translation was seen.")}\n`;
    if (this.#rows.length === 0) return `${paint.heading(counted(flows))}, none of which was selected\n`;
    const hidden = flows - this.#rows.length;
    const which = this.#rows.length < this.most ? "that were not selected" : "with fewer pairs (--top shows more)";
    const more = hidden === 0 ? "" : `… and ${hidden} more ${which}\n`;
    const rows = this.#rows.flatMap((flow) => this.#lines(flow, paint));
    return `${paint.heading(counted(flows))}, busiest first\n${table(COLUMNS, rows)}${more}`;
  }

  #lines(flow: FlowSummary, paint: Paint): string[][] {
    const rewrite = rewriteOf(flow.inside, flow.outside);
    const ends = (side: Ends): string => endsText(side, rewrite, paint.rewritten);
    const outbound = `${paint.outbound("→")}${String(flow.pairsOutbound).padStart(6)}`;
    const inbound = `${paint.inbound("←")}${String(flow.pairs - flow.pairsOutbound).padStart(6)}`;
    return [
      [
        String(flow.id),
        flow.proto,
        flow.nat,
        "inside",
        ends(flow.inside),
        outbound,
        String(flow.insideOnly),
        ...quantiles(flow.latency.outbound),
      ],
      [
        "",
        "",
        "",
        "outside",
        ends(flow.outside),
        inbound,
        String(flow.outsideOnly),
        ...quantiles(flow.latency.inbound),
      ],
    ];
  }
}

function counted(flows: number): string {
  return flows === 1 ? "1 translation" : `${flows} translations`;
}

function quantiles(latency: LatencySummary | null): [string, string] {
  return latency === null ? ["-", "-"] : [latencyText(latency.p50Ns), latencyText(latency.p99Ns)];
}
