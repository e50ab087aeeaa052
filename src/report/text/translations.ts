import type { LatencySummary } from "../../packets/flows/latency.js";
import { printable } from "../../packets/printable.js";
import { copyOf, type Ends, type FlowSummary, type LookedAt, type Moved } from "../../packets/results/results.js";
import { PROBLEMS, type Verdict } from "../../packets/results/verdicts.js";
import { rewriteOf } from "../ends.js";
import { SIDE_NAMES } from "../../packets/sides.js";
import type { AnsweredEnds } from "../answered-ends.js";
import { farEndOfFlow } from "../far-end.js";
import type { EndNames } from "./end-names.js";
import { endsText } from "./ends-text.js";
import { foldedLines } from "./fold.js";
import { latencyText } from "./latency.js";
import { LocalTimes, type UtcOffset } from "./local-time.js";
import type { Paint } from "./paint.js";
import { BUSIEST_LAST, type Order, ORDERS, type Problems, type SortKey } from "./sort-keys.js";
import { table, type TableColumn, widthOf } from "./table.js";

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

export interface TranslationOptions {
  /** How many flows are shown. */
  readonly most?: number | undefined;
  readonly sort: SortKey;
  /** Whether the rules behind each are shown, where they are known. */
  readonly isVerbose: boolean;
  readonly utcOffset: UtcOffset;
  readonly names: EndNames;
}

interface Row {
  readonly flow: FlowSummary;
  /** What it is sorted by, the highest first. */
  readonly rank: number;
  readonly problems: Problems;
}

const NO_PROBLEMS: Problems = { all: 0, lost: 0 };

/** Some flows and what the NAT made of them, those first that matter most; the others are counted. */
export class TranslationTable {
  readonly #rows: Row[] = [];
  readonly #options: TranslationOptions;
  readonly #most: number;
  /** By flow, as long as it lives. */
  readonly #problems = new Map<number, Problems>();
  #isUnknown = false;
  /** What times are compared from, so that numbers hold them to the nanosecond: when some flow began. */
  #baseNs: bigint | undefined;
  #answered!: AnsweredEnds;

  constructor(options: TranslationOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST_ROWS;
  }

  /** Takes what tells the names of ends, before the first flow. */
  begin(answered: AnsweredEnds): void {
    this.#answered = answered;
  }

  /** How many flows it needs to be told of, the busiest. */
  get mostFlows(): number {
    return this.#options.sort === "pairs" ? this.#most : Number.POSITIVE_INFINITY;
  }

  /** How many it shows. */
  get size(): number {
    return this.#rows.length;
  }

  /** A table of so many rows at the most that has what this one has, and what takes the flows that go on for it. */
  standing(most: number): { readonly table: TranslationTable; readonly at: LookedAt } {
    const shown = new TranslationTable({ ...this.#options, most: Math.min(most, this.#most) });
    shown.#rows.push(...this.#rows.slice(0, shown.#most));
    shown.#isUnknown = this.#isUnknown;
    shown.#baseNs = this.#baseNs;
    shown.#answered = this.#answered;
    const at: LookedAt = {
      mostFlows: BUSIEST_LAST.has(this.#options.sort) ? shown.#most : Number.POSITIVE_INFINITY,
      flows: this.#problems,
      flow: (flow) => shown.#place(flow, this.#problems.get(flow.id) ?? NO_PROBLEMS),
    };
    return { table: shown, at };
  }

  /** Takes a packet of a flow without a twin, before the flow itself. */
  note(flow: number, verdict: Verdict): void {
    if (!PROBLEMS.has(verdict)) return;
    const { all, lost } = this.#problems.get(flow) ?? NO_PROBLEMS;
    this.#problems.set(flow, { all: all + 1, lost: lost + (verdict === "dropped" ? 1 : 0) });
  }

  /** Takes what a packet of a flow turned out to be. */
  update(flow: number, before: Verdict, now: Verdict): void {
    const row = this.#rows.findIndex((each) => each.flow.id === flow);
    const known = row < 0 ? (this.#problems.get(flow) ?? NO_PROBLEMS) : this.#rows[row].problems;
    const [isNow, wasBefore] = [PROBLEMS.has(now), PROBLEMS.has(before)];
    if ((!isNow && !wasBefore) || (wasBefore && known.all === 0)) return;
    const problems = {
      all: known.all + Number(isNow) - Number(wasBefore),
      lost: known.lost - (before === "dropped" && now !== "dropped" ? 1 : 0),
    };
    if (row < 0) this.#problems.set(flow, problems);
    else {
      const [{ flow: summary }] = this.#rows.splice(row, 1);
      this.#place(summary, problems);
    }
  }

  /** Takes what many packets turned out to be, of whatever flows: how many problems each has is not known any more. */
  moved({ before }: Moved): void {
    this.#isUnknown ||= PROBLEMS.has(before.verdict);
  }

  add(flow: FlowSummary): void {
    const { id } = flow;
    const problems = this.#problems.get(id) ?? NO_PROBLEMS;
    this.#problems.delete(id);
    this.#place(flow, problems);
  }

  #place(flow: FlowSummary, problems: Problems): void {
    const { id, pairs } = flow;
    const rank = ORDERS[this.#options.sort].rank(flow, problems, (epochNs) => this.#sinceNs(epochNs));
    const isBefore = ({ rank: other, flow: { pairs: others, id: otherId } }: Row): boolean =>
      other > rank || (other === rank && (others > pairs || (others === pairs && otherId < id)));
    const before = this.#rows.findLastIndex(isBefore);
    // most flows have no place in a full table, and what a flow came to takes some reckoning: it is copied only then
    if (before === this.#most - 1) return;
    this.#rows.splice(before + 1, 0, { flow: copyOf(flow), rank, problems });
    if (this.#rows.length > this.#most) this.#rows.pop();
  }

  /**
   * Two lines a flow, one above the other what it is inside and outside; the arrow tells which way its pairs went. Where that does not
   * fit `width` columns, the flow itself stands above them. `flows`: how many there are in all; `most`: how many are shown.
   */
  text(paint: Paint, flows: number, width: number, most = this.#most): string {
    if (flows === 0) return `${paint.heading("No translation was seen.")}\n`;
    const heading = paint.heading(flows === 1 ? "1 translation" : `${flows} translations`);
    if (this.#rows.length === 0) return `${heading}, none of which was selected\n`;
    const shownRows = this.#rows.slice(0, most);
    const hidden = flows - shownRows.length;
    const which = shownRows.length < Math.min(this.#most, most) ? "that were not selected" : "(--top shows more)";
    const more = hidden === 0 ? "" : `… and ${hidden} more ${which}\n`;
    const { text, heading: own, cell } = this.#shownOrder;
    const time = (epochNs: bigint): string => new LocalTimes(epochNs, this.#options.utcOffset, 6).of(0);
    const columns = own === undefined ? COLUMNS : [...COLUMNS, { heading: own, align: "right" } as const];
    const isUnknown = this.#isUnknown && ["problems", "lost"].includes(this.#options.sort);
    const others = new OtherWays(shownRows.map(({ flow }) => flow));
    const rows = shownRows.map(({ flow, problems }) =>
      lines(
        flow,
        {
          own: isUnknown ? "?" : cell?.(flow, problems, time),
          other: others.of(flow),
          names: this.#options.names,
          answered: this.#answered,
        },
        paint,
      ),
    );
    const wide = table(columns, rows.flat());
    const isWide = widthOf(wide) <= width;
    const blocks = isWide
      ? wide.match(/(?:^flow .*\n)?.*\n.*\n/g)
      : rows.map(([inside, outside]) => narrow(inside, outside, own));
    const shown = blocks?.map((block, at) => block + this.#rulesOf(shownRows[at])).join("");
    const legend = isWide ? "" : " (→ pairs outbound, ← inbound)";
    return foldedLines(`${heading}, ${text}${legend}\n${shown}${more}`, width);
  }

  #sinceNs(epochNs: bigint): number {
    this.#baseNs ??= epochNs;
    return Number(epochNs - this.#baseNs);
  }

  /** Where no flow had problems, those come first that are the busiest. */
  get #shownOrder(): Order {
    const { sort } = this.#options;
    return ORDERS[sort === "problems" && this.#rows.every(({ problems }) => problems.all === 0) ? "pairs" : sort];
  }

  /** The rules behind a flow, where they are wanted and known. */
  #rulesOf({ flow: { rule } }: Row): string {
    if (!this.#options.isVerbose || rule === undefined) return "";
    return rule
      .split("\n")
      .map((line) => `      rule ${printable(line)}\n`)
      .join("");
  }
}

/** The same rows where there are few columns. `own`: the heading of the last cell, if there is one more than usual. */
function narrow(inside: readonly string[], outside: readonly string[], own: string | undefined): string {
  const [flow, proto, nat, , , , , , , value = ""] = inside;
  const facts = own === undefined || value === "" ? "" : `  ${own} ${value}`;
  return `flow ${flow}  ${proto} ${nat}${facts}\n${narrowSide(inside)}${narrowSide(outside)}`;
}

function narrowSide([, , , side, ends, pairs, only, p50, p99]: readonly string[]): string {
  const count = pairs === "" ? "" : `  ${pairs.replace(/ +/, " ")}`;
  const alone = only === "0" || only === "" ? "" : `  only ${only}`;
  const latency = p50 === "-" ? "" : `  p50 ${p50}  p99 ${p99}`;
  return `  ${side.padEnd("outside".length)} ${ends}${count}${alone}${latency}\n`;
}

/** Flows of which one has the packets of a conversation that go, and another those that come back: inside, they have other addresses. */
class OtherWays {
  readonly #flows: ReadonlyMap<string, number>;

  constructor(flows: readonly FlowSummary[]) {
    this.#flows = new Map(flows.filter(isOneWay).map((flow) => [keyOf(flow, flow.pairsOutbound > 0), flow.id]));
  }

  /** The flow that has the other ones of a flow's conversation; undefined where there is none. */
  of(flow: FlowSummary): number | undefined {
    return isOneWay(flow) ? this.#flows.get(keyOf(flow, flow.pairsOutbound === 0)) : undefined;
  }
}

function isOneWay({ pairs, pairsOutbound }: FlowSummary): boolean {
  return pairs > 0 && (pairsOutbound === 0 || pairsOutbound === pairs);
}

/** A conversation, as it is seen outside, and which way. */
function keyOf({ proto, outside }: FlowSummary, isOutbound: boolean): string {
  return `${proto} ${endsText(outside, 0, String)} ${isOutbound}`;
}

interface Beside {
  /** What stands in the last column, if there is one more than usual. */
  readonly own: string | undefined;
  /** The flow that has what comes back. */
  readonly other: number | undefined;
  readonly names: EndNames;
  readonly answered: AnsweredEnds;
}

/** The two rows of a flow. */
function lines(flow: FlowSummary, { own, other, names, answered }: Beside, paint: Paint): string[][] {
  const rewrite = rewriteOf(flow.inside, flow.outside);
  const far = farEndOfFlow(flow);
  const named = (side: Ends): Ends => names.of(side, answered.ofFlow(side, flow), far, flow.firstNs, flow.lastNs);
  const ends = (side: Ends): string => endsText(named(side), rewrite, paint.rewritten);
  const [first, second] = flow.sides;
  const counts = (isOutbound: boolean, pairs: number, only: number): [string, string] => {
    // of a proxy's two connections, no packet has a twin, and none lacks one
    if (flow.nat === "proxy") return [`${only} proxied`, ""];
    // both forms of a packet are on one side, whichever way it goes
    if (first === second) return [pairs === 0 ? "" : `${pairs} hairpins`, String(only)];
    const arrow = isOutbound ? paint.outbound("→") : paint.inbound("←");
    const isRefusal = flow.isRefused === true && isOutbound === (flow.initiator === "outside");
    const answers = isRefusal ? refusalsText(flow, pairs) : String(pairs);
    return [`${arrow}${(pairs === 0 && other !== undefined ? ` flow ${other}` : answers).padStart(6)}`, String(only)];
  };
  return [
    [
      String(flow.id),
      flow.proto,
      flow.nat,
      SIDE_NAMES[first],
      ends(flow.inside),
      ...counts(true, flow.pairsOutbound, flow.insideOnly),
      ...quantiles(flow.latency.outbound),
      ...(own === undefined ? [] : [own]),
    ],
    [
      "",
      "",
      "",
      SIDE_NAMES[second],
      ends(flow.outside),
      ...counts(false, flow.pairs - flow.pairsOutbound, flow.outsideOnly),
      ...quantiles(flow.latency.inbound),
    ],
  ];
}

/** ` 3 errors`, ` 1 reset`: what came back of a flow that is refused. */
function refusalsText({ proto }: FlowSummary, count: number): string {
  return ` ${count} ${proto === "tcp" ? "reset" : "error"}${count === 1 ? "" : "s"}`;
}

function quantiles(latency: LatencySummary | null): [string, string] {
  return latency === null ? ["-", "-"] : [latencyText(latency.p50Ns), latencyText(latency.p99Ns)];
}
