import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTables } from "../../../src/host/rules/rule-tables.js";
import { RuleHistory } from "../../../src/host/rules/rule-history.js";
import { RuleCheck } from "../../../src/host/rules/rule-check.js";
import type { FlowSummary } from "../../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { named } from "./explained.js";
import { flow } from "../flow.js";

// Rules of a host as iptables-save -c, ip6tables-save -c and nft list ruleset printed them behind some flows, which stand at the head of each file: as what
// each came and went (conntrack -E), and what explains it. The kernel is the judge of that: what is named for certain has counted packets.
const FOLDER = join(import.meta.dirname, "recorded");
const HEAD = /^# (udp|tcp) (.*) \| (.*)\n((?:# {3}.*\n)*)/gm;

/** A flow by its first packet, as it came and as it went. */
function flowOf(proto: string, entering: string, leaving: string): FlowSummary {
  const [src, dst] = [entering, leaving.split(" > ")[1]].map((end) => /^(172\.17|fd00:17)/.test(end));
  const name = proto === "tcp" ? "tcp" : "udp";
  if (!src) return flow(name, "outside", leaving, entering);
  return flow(name, "inside", entering, leaving, { sides: [INSIDE, dst ? INSIDE : OUTSIDE] });
}

describe.each(readdirSync(FOLDER))("%s", (file) => {
  const text = readFileSync(join(FOLDER, file), "utf8");
  const flows = [...text.matchAll(HEAD)];
  const rules = text.replaceAll(HEAD, "");
  const check = new RuleCheck(new RuleHistory(rules), named("docker0", "enp0s3"));
  const told = flows.map(([, proto, entering, leaving]) => check.flow(flowOf(proto, entering, leaving)));

  test("explains each flow", () => {
    const expected = flows.map(([, , , , lines]) => [...lines.matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line));
    expect(told).toEqual(expected);
    expect(check.end().map(({ text: line }) => line)).toEqual([]);
  });

  test("as the kernel did", () => {
    const counted = readTables(rules)
      .tables.flatMap(({ chains }) => [...chains.values()].flat())
      .filter(({ packets }) => packets === 0)
      .map((rule) => rule.text);
    const certain = told.flat().filter((line) => !/^(one of|possibly)/.test(line));
    expect(certain.filter((line) => counted.some((rule) => line.endsWith(rule)))).toEqual([]);
  });
});
