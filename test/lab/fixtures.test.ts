import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const MAIN = join(import.meta.dirname, "../../dist/main.js");

/**
 * Pairs that an exhaustive search finds with conntrack's help, and natcorr leaves alone on purpose: identical packets
 * without IP ID, of two containers, at the same instant.
 */
const LEFT_ALONE: Readonly<Record<string, number>> = { heartbeats: 20 };

describe("natcorr agrees with conntrack on every recording", () => {
  const recorded = readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, "conntrack.txt")));

  it("finds the recordings", () => {
    expect(recorded.length).toBeGreaterThanOrEqual(25);
  });

  it.each(recorded)("%s", (name) => {
    const folder = join(FIXTURES, name);
    const captures = [join(folder, "inside.pcap"), join(folder, "outside.pcap")];
    const options = ["--format", "ndjson", "--clock-offset", "none"];
    const ndjson = execFileSync(process.execPath, [MAIN, "file", ...captures, ...options], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const problems = checkFixture(folder, ndjson);
    const missed = problems.filter((problem) => problem.startsWith("missed:"));
    expect(problems.filter((problem) => !missed.includes(problem))).toEqual([]);
    expect(missed.length).toBeLessThanOrEqual(LEFT_ALONE[name] ?? 0);
  });
});
