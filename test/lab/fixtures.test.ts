import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkFixture } from "../../scripts/lab/truth.js";
import { natcorr } from "../support/natcorr.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");

/**
 * Pairs that an exhaustive search finds with conntrack's help, and natcorr leaves alone on purpose: identical packets
 * without IP ID of two containers at the same instant, and segments sent again so soon that either copy may be the other's twin.
 */
const LEFT_ALONE: Readonly<Record<string, number>> = { mtu: 2 };

describe("natcorr agrees with conntrack on every recording", () => {
  const recorded = readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, "conntrack.txt")));

  it("finds the recordings", () => {
    expect(recorded.length).toBeGreaterThanOrEqual(25);
  });

  it.each(recorded)("%s", async (name) => {
    const folder = join(FIXTURES, name);
    const captures = [join(folder, "inside.pcap"), join(folder, "outside.pcap")];
    const options = ["--format", "ndjson", "--clock-offset", "none"];
    const { stdout } = await natcorr("file", ...captures, ...options);
    const problems = checkFixture(folder, stdout);
    const missed = problems.filter((problem) => problem.startsWith("missed:"));
    expect(problems.filter((problem) => !missed.includes(problem))).toEqual([]);
    expect(missed.length).toBeLessThanOrEqual(LEFT_ALONE[name] ?? 0);
  });
});
