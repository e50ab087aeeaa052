import { expect, it } from "vitest";
import { withConstants } from "../scripts/constants.mjs";

const laidOut = (...lines: string[]): string[] =>
  withConstants(['import { word } from "./memory/layout.js";', ...lines].join("\n"))
    .split("\n")
    .slice(1);

it("lays out records one after the other, doubles first, and the fields of each word", () => {
  const lines = [
    ["const MOST = 3;", "const MOST = 3;"],
    ["export const BITS = sizeBits();", "export const BITS = 3;"],
    ["export const FLAGS = word();", "export const FLAGS = 4;"],
    ["const [, LOW_MASK] = field(MOST);", "const LOW_MASK = 7;"],
    ["export const IS_SO = flag(2);", "export const IS_SO = 8;"],
    ["export const [SHIFT, MASK] = field(27);", "export const SHIFT = 5; export const MASK = 134217727;"],
    ["fields(SHIFT);", ""],
    ["const IS_ELSE = flag();", "const IS_ELSE = 32;"],
    ["export const OTHER = same(FLAGS);", "export const OTHER = 4;"],
    ["export const ROWS = word(MOST);", "export const ROWS = 5;"],
    ["export const TIME_NS = double();", "export const TIME_NS = 0;"],
    ["export const AT_NS = double();", "export const AT_NS = 1;"],
    ["export const [SRC, DST] = halves();", "export const SRC = 2; export const DST = 3;"],
    ["export const WORDS = size();", "export const WORDS = 2;"],
    ["const ONLY = word();", "const ONLY = 0;"],
    ["const LINE_BITS = sizeBits(4);", "const LINE_BITS = 4;"],
    ["const HEAD = word();", "const HEAD = 0;"],
    ["const BODY = rest();", "const BODY = 1;"],
    ["const TAIL = word(2);", "const TAIL = 14;"],
    ["const NO = first();", "const NO = 0;"],
    ["const YES = next();", "const YES = 1;"],
  ];
  expect(laidOut(...lines.map(([said]) => said))).toEqual(lines.map(([, made]) => made));
});

it.each([
  ["a word with more fields than bits", ["const [A] = field(30);", "const [B] = field(3);"]],
  ["a place without a record", ["const A = word();"]],
  ["a record with more words than it takes", ["const BITS = sizeBits(1);", "const A = word(3);"]],
  ["a count that is no number", ["const WORDS = size();", "const A = word(MANY);"]],
])("refuses %s", (_, lines) => {
  expect(() => laidOut(...lines)).toThrow(/no place/);
});

/** A module with a family, and a field for it. */
const withFamily = (...kinds: string[]): string =>
  withConstants(
    [
      'import { bits, index } from "./named.js";',
      ...kinds.map((kind, n) => `export const SO_${n} = ${kind}("so ${n}");`),
      'const SO_BITS = bits("SO");',
      "fields();",
      "const [SHIFT, MASK] = field(SO_BITS);",
    ].join("\n"),
  );

it("makes a word as wide as what is named in it", () => {
  expect(withFamily("index", "index", "index", "index")).toContain(
    "const SO_BITS = 2;\n\nconst SHIFT = 0; const MASK = 3;",
  );
  expect(withFamily("index", "index", "index", "index", "index")).toContain("const MASK = 7;");
  expect(withFamily("bit", "bit", "bit")).toContain("const MASK = 7;");
});
