import type { FlowSummary } from "../../packets/results/results.js";

/** What the table may be sorted by. Of equals, the busier stands first, and then the one learnt first. */
export type SortKey = "problems" | "pairs" | "bytes" | "lost" | "p99" | "first" | "last";

/** How many packets of a flow met an end that somebody has to do something about. */
export interface Problems {
  /** Dropped or refused … */
  readonly all: number;
  /** … and of these, dropped. */
  readonly lost: number;
}

export interface Order {
  /** What the table's heading says of it. */
  readonly text: string;
  /** The highest stands first. `since`: a time as a number. */
  readonly rank: (flow: FlowSummary, problems: Problems, since: (epochNs: bigint) => number) => number;
  /** The column of what the flows are sorted by, where no other tells it. */
  readonly heading?: string;
  /** What stands there; `time`: a time as text. */
  readonly cell?: (flow: FlowSummary, problems: Problems, time: (epochNs: bigint) => string) => string;
}

export const ORDERS: Readonly<Record<SortKey, Order>> = {
  problems: {
    text: "problems first, then the busiest",
    rank: (_, { all }) => all,
    // marked like the lines of problems
    heading: "!",
    cell: (_, { all }) => (all === 0 ? "" : String(all)),
  },
  pairs: { text: "busiest first", rank: ({ pairs }) => pairs },
  bytes: {
    text: "most bytes first",
    rank: ({ bytes }) => bytes,
    heading: "bytes",
    cell: ({ bytes }) => String(bytes),
  },
  lost: {
    text: "most lost packets first",
    rank: (_, { lost }) => lost,
    heading: "lost",
    cell: (_, { lost }) => String(lost),
  },
  p99: {
    text: "slowest first, by the slower direction's p99",
    rank: ({ latency }) => Math.max(latency.outbound?.p99Ns ?? 0, latency.inbound?.p99Ns ?? 0),
  },
  first: {
    text: "as they began",
    rank: ({ firstNs }, _, since) => -since(firstNs),
    heading: "first",
    cell: ({ firstNs }, _, time) => time(firstNs),
  },
  last: {
    text: "latest first",
    rank: ({ lastNs }, _, since) => since(lastNs),
    heading: "last",
    cell: ({ lastNs }, _, time) => time(lastNs),
  },
};

/** Those by which flows without problems are sorted by their pairs alone. */
export const BUSIEST_LAST: ReadonlySet<SortKey> = new Set(["problems", "lost", "pairs"]);

const isSortKey = (word: string): word is SortKey => Object.hasOwn(ORDERS, word);

export const SORT_KEYS: readonly SortKey[] = Object.keys(ORDERS).filter(isSortKey);
