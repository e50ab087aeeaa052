import { expect, it } from "vitest";
import { paint } from "../../../src/report/text/paint.js";
import { standingText } from "../../../src/report/text/standing.js";
import { FLOW, SUMMARY } from "../tables.js";

const NAMES = ["docker0", "enp0s3"] as const;
const flows = Array.from({ length: 40 }, (_, at) => ({ ...FLOW, id: at + 1 }));
const summary = { ...SUMMARY, flows: flows.length };
const problems = (count: number) => `Packets that never arrived\n${"! LOST    udp\n".repeat(count)}`;

const standing = (rows: number, lost = 30, width = 200) =>
  standingText({ flows, summary }, problems(lost), NAMES, paint(false), rows, width);

it("folds what is longer than a terminal is wide, and still shows a translation and how many more there are", () => {
  const told = `Packets that never arrived: ${"1 lost; ".repeat(20)}\n! LOST    udp  flow 1  inside #5  no packet like it came out on outside within 1 s\n`;
  const text = standingText({ flows, summary }, told, NAMES, paint(false), 24, 80);
  const lines = text.split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(text).toMatch(/inside #5[^]*within 1\s+s[^]*40 translations[^]*flow[^]*… and \d+ more[^]*clocks: /);
});

it("fits terminals of any size that have room for the totals, problems before translations", () => {
  const totals = standing(1, 0).trimEnd().split("\n").length;
  for (let rows = totals + 1; rows < 120; rows++) {
    const lines = standing(rows).split("\n");
    expect(lines.at(-1)).toBe("");
    expect(lines.length, `${rows} rows`).toBeLessThanOrEqual(rows);
    expect(lines.some((line) => line.startsWith("clocks: "))).toBe(true);
  }
});

it("says how many lines there are of what it has no room for", () => {
  const text = standing(40);
  expect(text).toMatch(
    /^Packets that never arrived\n(! LOST {4}udp\n)+… and \d+ more lines at the end\n40 translations/,
  );
  expect(text).toMatch(/… and \d+ more \(--top shows more\)\n/);
  const shown = text.match(/^! LOST/gm)?.length ?? 0;
  expect(text).toContain(`… and ${30 - shown} more lines`);
});

it("shows all there is where there is room for it", () => {
  const text = standing(200);
  expect(text.match(/^! LOST/gm)).toHaveLength(30);
  expect(text).not.toContain("more lines");
});
