import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/host/address.js";
import { FilterBook } from "../../../src/host/drops/filter-book.js";
import { protocolNumber } from "../../../src/host/protocols.js";
import { readTables } from "../../../src/host/rules/rule-tables.js";
import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import { RuleCheck } from "../../../src/host/rules/rule-check.js";
import type { FlowSummary } from "../../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { named } from "./explained.js";
import { flow } from "../flow.js";

// Rules of a host as iptables-save -c, ip6tables-save -c and nft list ruleset printed them behind some flows, which stand at the head of each file: as what
// each came and went (conntrack -E), and what explains it; or between which interfaces it was dropped, and by which rule. The kernel is the judge of that:
// what is named has counted packets, or is what nft monitor trace showed.
const FOLDER = join(import.meta.dirname, "recorded");
const HEAD = /^# (udp|tcp) (.*) \| (.*)\n((?:# {3}.*\n)*)/gm;
/** What the interfaces are called, inside and outside, where that is not docker0 and enp0s3. */
const ON = /^# on (\S+), (\S+)\n/m;

/** A flow by its first packet, as it came and as it went. */
function flowOf(proto: string, entering: string, leaving: string): FlowSummary {
  const [src, dst] = [entering, leaving.split(" > ")[1]].map((end) => /^(172\.17|fd00:17)/.test(end));
  const name = proto === "tcp" ? "tcp" : "udp";
  if (!src) return flow(name, "outside", leaving, entering);
  return flow(name, "inside", entering, leaving, { sides: [INSIDE, dst ? INSIDE : OUTSIDE] });
}

/** The rules that may have dropped a packet, with what stands before those that are not certain. */
function dropping(rules: string, proto: string, ends: string, between: string): string[] {
  const [src, dst] = ends.split(" > ").map((end) => {
    const [, address, port] = /^(.*)\.(\d+)$/.exec(end)!;
    return { address: parseAddress(address)!, port: Number(port) };
  });
  const [, inName, outName] = /^dropped between (\S+) and (\S+)$/.exec(between)!;
  const book = new FilterBook(readTables(rules));
  const packet = {
    isIpv6: src.address.isIpv6,
    proto: protocolNumber(proto)!,
    src: src.address,
    srcPort: src.port,
    isError: false,
    isEcho: false,
    dst: dst.address,
    dstPort: dst.port,
    isNew: undefined,
    isInvalid: undefined,
    isSureToGo: true,
    leavesAs: () => undefined,
    isOriginal: false,
    isToHost: false,
    bridged: undefined,
    goesTo: { dst: dst.address, dstPort: dst.port },
    inName,
    outName,
  };
  return book
    .dropping(packet, (key) => book.counted(key) === 0)
    .filter(({ key }) => book.counted(key) !== 0)
    .map(({ text, isCertain }) => (isCertain ? text : `possibly ${text}`));
}

describe.each(readdirSync(FOLDER))("%s", (file) => {
  const text = readFileSync(join(FOLDER, file), "utf8");
  const heads = [...text.matchAll(HEAD)].map(([, proto, entering, leaving, lines]) => ({
    proto,
    entering,
    leaving,
    lines: [...lines.matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line),
  }));
  const [flows, drops] = [false, true].map((isDrop) =>
    heads.filter(({ leaving }) => leaving.startsWith("dropped") === isDrop),
  );
  const rules = text.replaceAll(HEAD, "").replace(ON, "");
  const [, inside, outside] = ON.exec(text) ?? ["", "docker0", "enp0s3"];
  const check = new RuleCheck(new RuleHistory(rules), named(inside, outside));
  const told = flows.map(({ proto, entering, leaving }) => check.flow(flowOf(proto, entering, leaving)));

  test("explains each flow", () => {
    expect(told).toEqual(flows.map(({ lines }) => lines));
    expect(check.end().map(({ text: line }) => line)).toEqual([]);
  });

  test("as the kernel did", () => {
    const all = readTables(rules).tables.flatMap(({ chains }) => [...chains.values()].flat());
    const met = new Set(all.filter(({ packets }) => packets !== 0).map((rule) => rule.text));
    const unmet = all.filter((rule) => !met.has(rule.text)).map((rule) => rule.text);
    const certain = told.flat().filter((line) => !/^(one of|possibly)/.test(line));
    expect(certain.filter((line) => unmet.some((rule) => line.endsWith(rule)))).toEqual([]);
  });

  test("tells what dropped what did not cross, and nothing else for certain", () => {
    for (const { proto, entering, leaving, lines } of drops) {
      const named = dropping(rules, proto, entering, leaving);
      expect(named.map((line) => line.replace("possibly ", ""))).toEqual(expect.arrayContaining(lines));
      expect(lines).toEqual(expect.arrayContaining(named.filter((line) => !line.startsWith("possibly "))));
    }
  });
});
