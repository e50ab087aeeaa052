import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LINES } from "../../../src/report/ndjson/schema.js";
import { PATH_LINES } from "../../../src/report/ndjson/schema-path.js";
import { LIVE_PART_ROWS, PART_ROWS } from "../../../src/report/parquet/table.js";
import { Tables } from "../../../src/report/parquet/tables.js";
import { count, flag, list, nanoseconds, object, port, text, time } from "../../../src/packets/json-schema.js";
import { Table } from "../../../src/report/parquet/table.js";
import { columnsOf, type Row, rowOf, rowsIn } from "../../support/parquet.js";
import { runs } from "../../support/runs.js";

const ROOT = join(import.meta.dirname, "../../..");
const FIXTURES = join(ROOT, "fixtures");

interface Line {
  readonly type: string;
  readonly captures: Readonly<Record<"inside" | "outside", readonly object[]>>;
  readonly published: readonly object[] | undefined;
  readonly [name: string]: unknown;
}

/** The table that has a row for each line of a type. */
const TABLES_OF_LINES: Readonly<Record<string, string>> = {
  pair: "pairs",
  ambiguous: "ambiguous",
  unmatched: "unmatched",
  update: "updates",
  flow: "flows",
  finding: "findings",
};

/** What is written of lines, by table: parts. */
function partsOf(ndjson: string, pieces = 1): Map<string, Uint8Array[]> {
  const parts = new Map<string, Uint8Array[]>();
  const tables = new Tables("natcorr 0", PART_ROWS, (table, parquet) =>
    parts.set(table, [...(parts.get(table) ?? []), parquet]),
  );
  tables.begin();
  const lines = ndjson.split("\n").slice(0, -1);
  const many = Math.ceil(lines.length / pieces);
  for (let at = 0; at < lines.length; at += many)
    tables.take(
      Buffer.from(
        lines
          .slice(at, at + many)
          .map((line) => `${line}\n`)
          .join(""),
      ),
    );
  tables.flush();
  return parts;
}

/** The rows that lines are to become, by table. */
function expected(lines: readonly Line[]): Map<string, Row[]> {
  const rows = new Map<string, Row[]>();
  const add = (table: string, row: object): void => void rows.set(table, [...(rows.get(table) ?? []), rowOf(row)]);
  for (const { type, published, ...line } of lines) {
    const { captures, program, version } = line;
    if (type === "header")
      for (const side of ["inside", "outside"] as const)
        for (const [capture, of] of captures[side].entries())
          add("captures", { program, version, side, capture, ...of });
    else if (type === "summary") {
      for (const of of published ?? []) add("published", of);
      add("summary", line);
    } else add(TABLES_OF_LINES[type], line);
  }
  return rows;
}

describe("a row is a line of NDJSON", () => {
  const outputs = readdirSync(FIXTURES).flatMap((name) =>
    readdirSync(join(FIXTURES, name))
      .filter((file) => /^expected.*\.ndjson$/.test(file))
      .map((file) => join(name, file)),
  );

  it.each(outputs)("of %s", async (path) => {
    const ndjson = readFileSync(join(FIXTURES, path), "utf8");
    const lines = ndjson
      .trimEnd()
      .split("\n")
      .map((line): Line => JSON.parse(line));
    const wanted = expected(lines);
    const parts = partsOf(ndjson, 3);
    for (const [table, files] of parts) {
      const rows = (await Promise.all(files.map((file) => rowsIn(file)))).flat();
      expect([table, rows]).toEqual([table, wanted.get(table) ?? []]);
      wanted.delete(table);
    }
    expect([...wanted.keys()]).toEqual([]);
  });
});

it("has a table, with its columns, of what there is nothing of", async () => {
  const parts = partsOf("");
  expect([...parts.keys()]).toEqual([
    "captures",
    "pairs",
    "ambiguous",
    "unmatched",
    "updates",
    "flows",
    "findings",
    "published",
    "summary",
  ]);
  for (const [, files] of parts) expect(await Promise.all(files.map((file) => rowsIn(file)))).toEqual([[]]);
});

it("has all types of lines in some table, but those of a path", () => {
  const types = Object.keys(LINES).filter((type) => !(type in PATH_LINES) && type !== "pathHeader");
  expect(types.sort()).toEqual(["header", "summary", ...Object.keys(TABLES_OF_LINES)].sort());
});

it("calls columns, and their types, as the reference page does", () => {
  const page = readFileSync(join(ROOT, "src/report/parquet/README.md"), "utf8");
  const told = new Map(
    Array.from(page.matchAll(/^### `(\w+)`\n[^]*?```\n([^]*?)```/gm), ([, table, columns]) => [
      table,
      columns.trimEnd().split(/;\s/),
    ]),
  );
  const are = new Map(Array.from(partsOf(""), ([table, [first]]) => [table, columnsOf(first)]));
  expect(told).toEqual(are);
});

describe("any row", () => {
  const schema = object("All there may be.", {
    required: { whole: count(""), word: text(""), words: list("", text("")), when: time("") },
    optional: {
      small: port(""),
      ns: nanoseconds(""),
      share: { type: "number" },
      is: flag(""),
      times: list("", time("")),
      within: object("", { required: { "no-overlap": count("") }, optional: { word: text("") } }),
      parts: list(
        "",
        object("", { required: { seq: count("") }, optional: { word: text(""), numbers: list("", count("")) } }),
      ),
    },
  });
  const whole = fc.maxSafeInteger();
  const when = fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.integer({ min: 0, max: 9_223_372_035 }),
      fc.integer({ min: 0, max: 999_999_999 }),
    )
    .filter(([sign, seconds, ns]) => sign === "" || seconds > 0 || ns > 0)
    .map(([sign, seconds, ns]) => `${sign}${seconds}.${String(ns).padStart(9, "0")}`);
  const word = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("172.17.0.2", "tcp"));
  const row = fc.record(
    {
      whole,
      word,
      words: fc.array(word),
      when,
      small: fc.integer({ min: 0, max: 65_535 }),
      ns: whole,
      share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      is: fc.boolean(),
      times: fc.array(when),
      within: fc.record({ "no-overlap": whole, word }, { requiredKeys: ["no-overlap"] }),
      parts: fc.array(fc.record({ seq: whole, word, numbers: fc.array(whole) }, { requiredKeys: ["seq"] })),
    },
    { requiredKeys: ["whole", "word", "words", "when"] },
  );

  it("is read as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 50 }), async (rows) => {
        const files: Uint8Array[] = [];
        const table = new Table(schema, "natcorr 0", PART_ROWS, (parquet) => files.push(parquet));
        for (const each of rows) table.add(each);
        table.flush();
        expect((await Promise.all(files.map((file) => rowsIn(file)))).flat()).toEqual(rows.map((each) => rowOf(each)));
      }),
      { numRuns: runs(100) },
    );
  });

  it("has no time where that has no place in 64 bits", async () => {
    const files: Uint8Array[] = [];
    const table = new Table(schema, "natcorr 0", PART_ROWS, (parquet) => files.push(parquet));
    table.add({ whole: 1, word: "", words: [], when: "9223372036.854775808" });
    table.flush();
    expect(await rowsIn(files[0])).toEqual([{ whole: 1, word: "", words: [] }]);
  });
});

it.each([PART_ROWS, LIVE_PART_ROWS])("begins a part with each so many rows: %i", async (rows) => {
  const files: Uint8Array[] = [];
  const schema = object("", { required: { n: count("") } });
  const table = new Table(schema, "natcorr 0", rows, (parquet) => files.push(parquet));
  for (let n = 0; n <= rows; n++) table.add({ n });
  expect(files.length).toBe(1);
  table.flush();
  const [first, last] = await Promise.all(files.map((file) => rowsIn(file)));
  expect([first.length, last]).toEqual([rows, [{ n: rows }]]);
});
