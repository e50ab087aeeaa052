import { assert, constantFrom, integer, array, property, string, tuple } from "fast-check";
import stringWidth from "fast-string-width";
import { expect, it } from "vitest";
import { folded, foldedLines } from "../../../src/report/text/fold.js";
import { runs } from "../../support/runs.js";

it("breaks between parts, else between words, else within a word", () => {
  expect(folded("short enough", 12)).toBe("short enough");
  expect(folded("one two three four  five", 20)).toBe("one two three four\n    five");
  expect(folded("one two three  four five six", 26)).toBe("one two three\n    four five six");
  // a part that would leave most of the line empty is broken instead
  expect(folded("one  two three four five", 20)).toBe("one  two three four\n    five");
  expect(folded("a/very/long/path", 10, 2)).toBe("a/very/lon\n  g/path");
  expect(foldedLines("one two\nthree four\n", 8)).toBe("one two\nthree\n    four\n");
  expect(folded("  inside  first second", 18)).toBe("  inside  first\n    second");
});

it("ends where there is no room at all", () => {
  expect(folded("ab", 0)).toBe("a\n    b");
});

it("takes colours for no columns, and wide characters for two", () => {
  expect(folded("\u001B[1mone two\u001B[22m", 7)).toBe("\u001B[1mone two\u001B[22m");
  expect(folded("名前名前 x", 6)).toBe("名前名\n    前\n    x");
});

it("loses nothing, and no line is longer than wanted", () => {
  const word = constantFrom("a", "seventeen.letters", "→", "172.17.0.2.45678", "x".repeat(70));
  const line = array(tuple(constantFrom(" ", "  ", "   "), word)).map((words) => words.flat().join(""));
  assert(
    property(line, string(), integer({ min: 10, max: 100 }), (some, other, width) => {
      for (const text of [some, other]) {
        const shown = folded(text, width);
        for (const each of shown.split("\n")) expect(stringWidth(each)).toBeLessThanOrEqual(width);
        expect(shown.replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
      }
    }),
    { numRuns: runs(500) },
  );
});
