import { assert, asyncProperty, boolean, constantFrom, integer } from "fast-check";
import stringWidth from "fast-string-width";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr, natcorrIn } from "../support/natcorr.js";
import { runs } from "../support/runs.js";

const ROOT = join(import.meta.dirname, "../../fixtures");
const FIXTURES = readdirSync(ROOT);

const file = async (fixture: string, ...options: string[]): Promise<string> => {
  const captures = ["inside", "outside"].map((side) => join(ROOT, fixture, `${side}.pcap`));
  return (await natcorr("file", ...captures, ...options)).stdout;
};

/** The columns of the widest line. */
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => stringWidth(line)));

it("no line is wider than it may be, whatever is shown and how", async () => {
  const width = integer({ min: 60, max: 230 });
  const more = constantFrom([], ["-a"], ["-v"], ["-a", "-v", "--sort", "last"], ["--color"], ["--sort", "bytes"]);
  await assert(
    asyncProperty(constantFrom(...FIXTURES), width, boolean(), more, async (fixture, columns, isQuiet, options) => {
      const text = await file(fixture, "--width", String(columns), ...(isQuiet ? ["-q"] : []), ...options);
      expect(widest(text)).toBeLessThanOrEqual(columns);
    }),
    { numRuns: runs(18) },
  );
});

it.each(FIXTURES)("%s fits 60 columns", async (fixture) => {
  expect(widest(await file(fixture, "-a", "--width", "60"))).toBeLessThanOrEqual(60);
});

it("takes the width from COLUMNS where there is no terminal, and else 100 columns", async () => {
  const captures = ["inside", "outside"].map((side) => join(ROOT, "docker-web", `${side}.pcap`));
  const shown = async (env: Record<string, string>): Promise<number> =>
    widest((await natcorrIn(env, "file", ...captures)).stdout);
  expect(await shown({})).toBeLessThanOrEqual(100);
  expect(await shown({ COLUMNS: "60" })).toBeLessThanOrEqual(60);
  expect(await shown({ COLUMNS: "250" })).toBeGreaterThan(150);
  expect(await shown({ COLUMNS: "wide" })).toBeLessThanOrEqual(100);
});

/** The columns of the widest message of a command line. */
const said = async (env: Record<string, string>, ...args: string[]): Promise<number> =>
  widest((await natcorrIn(env, ...args)).stderr);

it("folds what goes to stderr as well, errors too", async () => {
  const captures = ["inside", "outside"].map((side) => join(ROOT, "swapped-sides", `${side}.pcap`));
  for (const args of [
    ["file", ...captures],
    ["live", "docker0", "any"],
  ]) {
    expect(await said({}, ...args)).toBeGreaterThan(80);
    expect(await said({}, ...args)).toBeLessThanOrEqual(100);
    expect(await said({ COLUMNS: "60" }, ...args)).toBeLessThanOrEqual(60);
  }
  expect(await said({}, "file", ...captures, "--width", "70")).toBeLessThanOrEqual(70);
});

it("the table names the flow that has the other way of a conversation", async () => {
  const table = await file("dual-leg", "-q", "--width", "120");
  expect(table).toMatch(/^ +2 +tcp +snat .* → +8 .*\n.* ← flow 3 /m);
  expect(table).toMatch(/^ +3 +tcp +snat\+dnat .* → flow 2 .*\n.* ← +8 /m);
  expect(await file("dual-leg", "-q", "--width", "80")).toContain("← flow 3\n");
});
