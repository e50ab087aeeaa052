import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../../src/packets/results/containers.js";
import { NO_ANSWERS } from "../../../src/packets/results/answers.js";
import { AnsweredEnds } from "../../../src/report/answered-ends.js";
import { paint } from "../../../src/report/text/paint.js";
import { TextReporter } from "../../../src/report/text/text.js";
import { EndNames } from "../../../src/report/text/end-names.js";
import { TranslationTable } from "../../../src/report/text/translations.js";
import { standingText } from "../../../src/report/text/standing.js";
import type { Look } from "../../../src/packets/results/results.js";
import { FLOW, HandFilled, SUMMARY, UDP } from "../tables.js";

const NAMES = [["docker0"], ["enp0s3"]] as const;
const flows = Array.from({ length: 40 }, (_, at) => ({ ...FLOW, id: at + 1 }));
const table = new TranslationTable({ sort: "problems", isVerbose: false, utcOffset: () => 0, names: new EndNames() });
table.begin(new AnsweredEnds(new HandFilled(), NO_ANSWERS, NO_CONTAINERS));
for (const flow of flows) table.add(flow);
const summary = { ...SUMMARY, flows: flows.length };
const problems = (count: number) => `Packets that never arrived\n${"! LOST    udp\n".repeat(count)}`;

const standing = (rows: number, lost = 30, width = 200) =>
  standingText({ table, summary }, problems(lost), NAMES, paint(false), { rows, columns: width });

it("folds what is longer than a terminal is wide, and still shows a translation and how many more there are", () => {
  const told = `Packets that never arrived: ${"1 lost; ".repeat(20)}\n! LOST    udp  flow 1  inside #5  no packet like it came out on outside within 1 s\n`;
  const text = standingText({ table, summary }, told, NAMES, paint(false), { rows: 24, columns: 80 });
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

/** What a report says of its translations while the run goes on, and at its end; two of the 40 flows have dropped packets, one of them has ended. */
function translationsOf(sort?: "bytes"): readonly [string, string] {
  let written = "";
  const reporter = new TextReporter((text) => (written += text), {
    quiet: true,
    width: 200,
    color: false,
    utcOffset: () => 0,
    ...(sort !== undefined && { sort }),
  });
  const tables = new HandFilled(["docker0", "enp0s3"]);
  reporter.begin(tables);
  for (const flow of [30, 40, 40]) {
    const row = tables.add({
      side: 0,
      proto: UDP,
      src: "172.17.0.2",
      dst: "9.9.9.9",
      srcPort: flow,
      dstPort: 53,
      flow,
    });
    reporter.unmatched(row, { verdict: "dropped", reason: "no-twin", why: "gone", impact: "lost" });
  }
  const alive = Array.from({ length: 40 }, (_, at) => ({ ...FLOW, id: at + 1, pairs: 999 - at, bytes: 100 + at }));
  const [ended] = alive.splice(29, 1);
  reporter.flow(ended);
  const look: Look = (at) => {
    for (const [place, flow] of alive.entries())
      if (at !== undefined && (place < at.mostFlows || at.flows.has(flow.id))) at.flow(flow);
    return summary;
  };
  const standing = reporter.standing(look, { rows: 30, columns: 200 });
  for (const flow of alive) reporter.flow(flow);
  reporter.end(summary);
  return [standing, written];
}

const translationsIn = (text: string) => text.slice(text.indexOf("40 translations")).split("\n").slice(0, 8).join("\n");

it("shows translations in the order and with the marks of the end", () => {
  const [standing, end] = translationsOf();
  expect(translationsIn(standing)).toBe(translationsIn(end));
  expect(translationsIn(end)).toMatch(/problems first[^]* {2}!\n *40 [^]* 2\n[^]*\n *30 [^]* 1\n[^]*\n *1 /);
});

it("sorts them as is wanted, whatever the run would tell of first", () => {
  const [standing, end] = translationsOf("bytes");
  expect(translationsIn(standing)).toBe(translationsIn(end));
});
