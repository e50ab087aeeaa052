import { Ajv2020 } from "ajv/dist/2020.js";
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { correlate } from "../../../src/correlate/correlate.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { SCHEMA } from "../../../src/report/ndjson/schema.js";
import { mixed } from "../../correlate/mixed-traffic.js";
import { Capture, type Stamped } from "../../correlate/outcome.js";
import { conversation, type Sides } from "../../correlate/traffic.js";
import { natcorr } from "../../support/natcorr.js";

const FIXTURES = join(import.meta.dirname, "../../../fixtures");

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

type Line = Readonly<Record<string, unknown>>;

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));
}

/** The lines that the schema does not allow, the first few, with what is wrong. */
function refused(lines: readonly Line[]): string[] {
  return lines
    .filter((line) => !validate(line))
    .slice(0, 3)
    .map((line) => {
      validate(line);
      return `${JSON.stringify(line).slice(0, 200)}: ${JSON.stringify(validate.errors?.filter(({ keyword }) => keyword !== "const"))}`;
    });
}

const fixtures = readdirSync(FIXTURES).map((name): [string, Line[]] => [
  name,
  linesOf(readFileSync(join(FIXTURES, name, "expected.ndjson"), "utf8")),
]);

/** What natcorr says of two captures. */
async function told(inside: readonly Stamped[], outside: readonly Stamped[]): Promise<string> {
  const written: string[] = [];
  const reporter = new NdjsonReporter((utf8) => written.push(Buffer.from(utf8).toString()), {
    quiet: false,
    program: "0",
  });
  const options = { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY } as const;
  await correlate([new Capture("inside", inside)], [new Capture("outside", outside)], options, reporter);
  return written.join("");
}

/** The types that fields have, by where they stand; null is none. Elements of a list stand in one place. */
function noteTypes(types: Map<string, Set<string>>, at: string, value: unknown): void {
  if (value === null) return;
  const type = Array.isArray(value) ? "list" : typeof value;
  types.set(at, (types.get(at) ?? new Set()).add(type));
  if (typeof value !== "object") return;
  for (const [name, member] of Object.entries(value))
    noteTypes(types, Array.isArray(value) ? `${at}[]` : `${at}.${name}`, member);
}

/** A schema, as far as it is walked. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Every schema in one, and where it stands. */
function places(schema: Schema, at = ""): [at: string, schema: Schema][] {
  const { properties = {}, items, $defs = {} } = schema;
  const below = Object.entries({ ...properties, ...$defs }).flatMap(([name, each]) => places(each, `${at}.${name}`));
  return [[at, schema], ...below, ...(items === undefined ? [] : places(items, `${at}[]`))];
}

describe("the schema", () => {
  it("is what natcorr schema prints", async () => {
    const { code, stdout, stderr } = await natcorr("schema");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual(SCHEMA);
  });

  it("describes every field in a sentence, and allows no others", () => {
    const all = places(SCHEMA);
    expect(all.length).toBeGreaterThan(120);
    expect(all.filter(([, { description = "" }]) => !/^[A-Z].{5,}[.]$/.test(description))).toEqual([]);
    const open = all.filter(([, { properties, additionalProperties }]) => properties && additionalProperties !== false);
    expect(open).toEqual([]);
  });

  it.each(fixtures)("allows all that natcorr says of fixtures/%s", (_, lines) => {
    expect(refused(lines)).toEqual([]);
  });

  it.each(["header", "pair", "ambiguous", "unmatched", "update", "flow", "finding", "summary"])(
    "refuses a line of %s with a field too many, too few, or of another type",
    (type) => {
      const line = fixtures.flatMap(([, lines]) => lines).find((each) => each["type"] === type) ?? {};
      const names = Object.keys(line);
      expect(validate(line)).toBe(true);
      expect(validate({ ...line, another: 1 })).toBe(false);
      expect(validate({ ...line, [names.at(-1)!]: undefined })).toBe(false);
      expect(names.filter((name) => validate({ ...line, [name]: [[]] }))).toEqual([]);
    },
  );

  it("allows 100,000 lines: of traffic of all sorts, and of a long download", async () => {
    let count = 0;
    const take = async ({ inside, outside }: Sides): Promise<void> => {
      const lines = linesOf(await told(inside, outside));
      count += lines.length;
      expect(refused(lines)).toEqual([]);
    };
    for (const sides of fc.sample(mixed, { numRuns: 15, seed: 1 })) await take(sides);
    await take(conversation(100_000 - count));
    expect(count).toBeGreaterThan(100_000);
  });
});

it("a field has one type wherever it stands, over the lines of all fixtures", () => {
  const types = new Map<string, Set<string>>();
  for (const [, lines] of fixtures) for (const line of lines) noteTypes(types, "", line);
  expect(types.size).toBeGreaterThan(80);
  expect([...types].filter(([, of]) => of.size > 1)).toEqual([]);
});
