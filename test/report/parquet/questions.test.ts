/** The questions of the reference page, put to DuckDB in the page's own words; each answer is held against one made of NDJSON's lines. */
import { DuckDBInstance, DuckDBListValue, DuckDBTimestampValue, type DuckDBValue } from "@duckdb/node-api";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr } from "../../support/natcorr.js";
import { scratch } from "../../support/scratch.js";

const ROOT = join(import.meta.dirname, "../../..");
const PAGE = readFileSync(join(ROOT, "src/report/parquet/README.md"), "utf8");
const [, VIEW = ""] = /```sql\n(CREATE VIEW [^]*?)```/.exec(PAGE) ?? [];
/** SQL by its question. */
const QUESTIONS = new Map(
  Array.from(PAGE.matchAll(/^\*\*(.*\?)\*\*.*\n\n```sql\n([^]*?)```/gm), ([, question, sql]) => [question, sql]),
);

type Row = readonly unknown[];

interface Side {
  readonly frames: readonly number[];
  readonly time: string;
  readonly src: string;
  readonly dstPort: number | undefined;
  readonly container: string | undefined;
}

/** What the answers need of NDJSON's lines. */
interface Line extends Side {
  readonly type: string;
  readonly side: string;
  readonly frame: number;
  readonly capture: number | undefined;
  readonly verdict: string;
  readonly impact: string | undefined;
  readonly why: string;
  readonly dst: string;
  readonly proto: string;
  readonly flow: number;
  readonly direction: string;
  readonly latencyNs: number;
  readonly retransmission: true | undefined;
  readonly code: string;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly count: number;
  readonly counted: number;
  readonly bytes: number;
  readonly inside: Side;
  readonly outside: Side;
  readonly published: readonly Readonly<Record<string, unknown>>[];
  readonly totals: { readonly inside: { readonly frames: number } };
}

/** The lines of a run, whose tables are written to a folder. */
async function told(fixture: string, run: string, options: readonly string[] = []): Promise<Line[]> {
  const file = (name: string): string => join(ROOT, "fixtures", fixture, name);
  const host = options.map((option) => option.replaceAll(/\w+\.json/g, file));
  const captures = [file("inside.pcap"), file("outside.pcap")];
  const { stdout } = await natcorr("file", ...captures, "--format", "ndjson", "--parquet", run, ...host);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));
}

/** Packets without a twin, as is known at the end. */
function loneIn(lines: readonly Line[]): Line[] {
  const lone = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.side} ${line.capture ?? 0} ${line.frame}`;
    if (line.type === "unmatched") lone.set(key, line);
    const before = lone.get(key);
    if (line.type === "update" && before !== undefined)
      lone.set(key, { ...before, ...line, impact: line.impact, type: "unmatched" });
  }
  return [...lone.values()];
}

function grouped(lines: readonly Line[], keyOf: (line: Line) => readonly unknown[]): [key: Row, lines: Line[]][] {
  const groups = new Map<string, [Row, Line[]]>();
  for (const line of lines) {
    const key = keyOf(line);
    const group = groups.get(JSON.stringify(key)) ?? [key, []];
    group[1].push(line);
    groups.set(JSON.stringify(key), group);
  }
  return [...groups.values()];
}

/** The nearest rank. */
function quantile(lines: readonly Line[], q: number): number {
  const sorted = lines.map(({ latencyNs }) => latencyNs).sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1];
}

function median(lines: readonly Line[]): number {
  const sorted = lines.map(({ latencyNs }) => latencyNs).sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

const of = (type: string, lines: readonly Line[]): Line[] => lines.filter((line) => line.type === type);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Outbound pairs, by protocol and port. */
function byService(run: readonly Line[]): [key: Row, lines: Line[]][] {
  return grouped(
    of("pair", run).filter(({ direction, inside }) => direction === "outbound" && inside.dstPort !== undefined),
    ({ proto, inside }) => [proto, inside.dstPort],
  );
}

/** By question: the fixture it is put of, with which options, and its answer. */
const ANSWERS: Readonly<
  Record<
    string,
    {
      readonly fixture: string;
      readonly options?: readonly string[];
      readonly before?: string;
      readonly answer: (lines: readonly Line[], before: readonly Line[]) => Row[];
    }
  >
> = {
  "Which containers lose packets?": {
    fixture: "mixed",
    answer: (lines) =>
      grouped(
        loneIn(lines).filter(({ verdict }) => verdict === "dropped"),
        ({ container, src }) => [container ?? src],
      ).map(([key, group]) => key.concat([group.filter(({ impact }) => impact === "lost").length, group.length])),
  },
  "What is the 99th percentile of each flow's latency?": {
    fixture: "downloads",
    answer: (lines) =>
      grouped(of("pair", lines), ({ flow, direction }) => [flow, direction]).map(([key, group]) =>
        key.concat([group.length, quantile(group, 0.99)]),
      ),
  },
  "Who was refused, and why?": {
    fixture: "unreachable",
    answer: (lines) =>
      grouped(
        loneIn(lines).filter(({ verdict }) => verdict === "refused"),
        ({ src, dst, dstPort, why }) => [src, dst, dstPort ?? null, why],
      ).map(([key, group]) => key.concat([group.length])),
  },
  "How many TCP segments are retransmissions, hour by hour?": {
    fixture: "tcp-snat",
    answer: (lines) =>
      grouped(
        of("pair", lines).filter(({ proto }) => proto === "tcp"),
        ({ inside: { time } }) => [new Date(3_600_000 * Math.floor(Number(time) / 3600)).toISOString()],
      ).map(([[hour], group]) => [
        String(hour).replace("T", " ").replace(/\..*/, ""),
        group.length,
        group.filter(({ retransmission }) => retransmission).length,
      ]),
  },
  "Which rules drop packets, and how many?": {
    fixture: "dropped-by-rules",
    options: ["--host", "before.json,after.json"],
    answer: (lines) =>
      of("finding", lines)
        .filter(({ code }) => code === "drop-rule")
        .map(({ table, chain, rule, count, counted }) => [table, chain, rule, count, counted]),
  },
  "Which packets took more than ten times as long as the median of their flow?": {
    fixture: "mixed",
    answer: (lines) =>
      grouped(of("pair", lines), ({ flow, direction }) => [flow, direction]).flatMap(([key, group]) =>
        group
          .filter(({ latencyNs }) => latencyNs > 10 * median(group))
          .map(({ latencyNs, inside, outside }) => key.concat([latencyNs, inside.frames, outside.frames])),
      ),
  },
  "What went through each published port?": {
    fixture: "article",
    options: ["--host", "before.json,after.json"],
    answer: (lines) =>
      of("summary", lines)[0].published.map((port) =>
        ["proto", "hostPort", "container", "containerPort", "translated", "proxied", "dropped", "refused"].map(
          (name) => port[name],
        ),
      ),
  },
  "Which share of frames could not be decided?": {
    fixture: "identical-heartbeats",
    answer: (lines) => {
      const [{ totals }] = of("summary", lines);
      return grouped(of("ambiguous", lines), ({ proto }) => [proto]).map(([key, group]) => {
        const [inside, outside] = (["inside", "outside"] as const).map((side) =>
          sum(group.map((line) => line[side].frames.length)),
        );
        return key.concat([inside, outside, Math.round((1e5 * inside) / totals.inside.frames) / 1e3]);
      });
    },
  },
  "Who talks the most?": {
    fixture: "article",
    options: ["--host", "before.json,after.json"],
    answer: (lines) =>
      grouped(of("flow", lines), ({ inside: { container, src } }) => [container ?? src]).map(([key, group]) =>
        key.concat([group.length, sum(group.map(({ bytes }) => bytes))]),
      ),
  },
  "What is slower than it was before?": {
    fixture: "mixed",
    before: "drops",
    answer: (lines, before) => {
      const were = new Map(byService(before).map(([key, group]) => [JSON.stringify(key), quantile(group, 0.99)]));
      return byService(lines).flatMap(([key, group]) => {
        const was = were.get(JSON.stringify(key));
        return was === undefined ? [] : [key.concat([was, quantile(group, 0.99)])];
      });
    },
  },
};

/** Numbers for bigints, lists as they are, and times as texts. */
function plain(value: DuckDBValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof DuckDBListValue) return value.items.map((item) => plain(item));
  return value instanceof DuckDBTimestampValue ? value.toString() : value;
}

const sorted = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

it.each(Object.entries(ANSWERS))("%s", async (question, { fixture, options, before, answer }) => {
  const folder = scratch(`question ${Object.keys(ANSWERS).indexOf(question)}`);
  const lines = await told(fixture, join(folder, "run"), options);
  const earlier = before === undefined ? [] : await told(before, join(folder, "before"));
  const database = await DuckDBInstance.create(":memory:", { file_search_path: folder });
  const connection = await database.connect();
  try {
    await connection.run(VIEW);
    const reader = await connection.runAndReadAll(QUESTIONS.get(question) ?? "");
    const rows = reader.getRows().map((row) => row.map((value) => plain(value)));
    expect(rows).not.toEqual([]);
    expect(sorted(rows)).toEqual(sorted(answer(lines, earlier)));
  } finally {
    connection.closeSync();
    database.closeSync();
  }
});

it("leaves no question unanswered", () => {
  expect([...QUESTIONS.keys()]).toEqual(Object.keys(ANSWERS));
});
