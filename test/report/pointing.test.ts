import { expect, it } from "vitest";
import { type Finding, findingOf } from "../../src/packets/results/findings.js";
import { Gathered } from "../../src/packets/results/gathered.js";
import { type FindingCode, FINDINGS } from "../../src/packets/results/finding-codes.js";
import { OUTSIDE } from "../../src/packets/sides.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { Pointing } from "../../src/report/pointing.js";
import { HandFilled, SUMMARY } from "./tables.js";

/** A finding about flows, and frames outside. */
function about(code: FindingCode, flows: readonly number[] = [], frames: readonly number[] = []): Finding {
  const gathered = new Gathered();
  for (const flow of flows) gathered.flows.add(flow);
  for (const frame of frames) gathered.frames[OUTSIDE].add(frame);
  return findingOf(code, 1, "", gathered);
}

/** What has findings point to each other, and what it passes on. */
function watched(): { readonly pointing: Pointing; readonly found: Finding[] } {
  const found: Finding[] = [];
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.finding = (finding) => void found.push(finding);
  const pointing = new Pointing(reporter);
  pointing.begin(new HandFilled());
  return { pointing, found };
}

/** What comes of some findings: of each its code, what explains it, and its hint. */
function told(...findings: readonly Finding[]): (string | undefined)[][] {
  const { pointing, found } = watched();
  for (const finding of findings) pointing.finding(finding);
  pointing.end(SUMMARY);
  return found.map(({ code, explainedBy, hint }) => [code, explainedBy?.join(), hint]);
}

const asItWas = (code: FindingCode): (string | undefined)[] => [code, undefined, FINDINGS[code].hint];

it("sends the reader of a finding to the one that tells why, of the same flows", () => {
  expect(told(about("leak", [4, 5]), about("conntrack-timed-out", [4, 5, 9]))).toEqual([
    ["leak", "conntrack-timed-out", "see conntrack-timed-out, which tells why"],
    asItWas("conntrack-timed-out"),
  ]);
});

it("says of which flows that is, where it is not all", () => {
  const [leak] = told(about("leak", [4, 5]), about("conntrack-timed-out", [4]), about("conntrack-deleted", [8]));
  const hint = `of flow 4, see conntrack-timed-out; of others, ${FINDINGS.leak.hint}`;
  expect(leak).toEqual(["leak", "conntrack-timed-out", hint]);
});

it("names all that tell why", () => {
  const [leak] = told(about("leak", [4, 5]), about("conntrack-timed-out", [4]), about("conntrack-deleted", [5]));
  expect(leak[2]).toBe("see conntrack-timed-out and conntrack-deleted, which tell why");
});

it("goes by the frames of what became of packets: others of their flow may have another reason", () => {
  const [other, same] = [[7], [8]].map(
    (frames) => told(about("refused", [4], [8]), about("conntrack-timed-out", [4], frames))[0],
  );
  expect(other).toEqual(asItWas("refused"));
  expect(same).toEqual(["refused", "conntrack-timed-out", "see conntrack-timed-out, which tells why"]);
});

it("does not point where flows are others, or where one tells nothing of the other", () => {
  const findings = [about("leak", [4]), about("conntrack-timed-out", [5]), about("dropped", [5])];
  expect(told(...findings)).toEqual(findings.map(({ code }) => asItWas(code)));
});

it("leaves out what is no more than a sign of it, where that is all", () => {
  expect(told(about("reply-untranslated", [3, 4]), about("asymmetric", [4]))).toEqual([asItWas("reply-untranslated")]);
  const [, asymmetric] = told(about("reply-untranslated", [3, 4]), about("asymmetric", [4, 6]));
  expect(asymmetric.slice(0, 2)).toEqual(["asymmetric", "reply-untranslated"]);
  const unreplied = about("conntrack-unreplied", [3]);
  expect(told(unreplied, about("drop-unexplained", [3]))).toEqual([asItWas("conntrack-unreplied")]);
});

it("keeps the order, and lets what comes before pass at once", () => {
  const { pointing, found } = watched();
  for (const code of ["duplicates", "leak", "rule"] as const) pointing.finding(about(code));
  expect(found.map(({ code }) => code)).toEqual(["duplicates"]);
  pointing.end(SUMMARY);
  expect(found.map(({ code }) => code)).toEqual(["duplicates", "leak", "rule"]);
});
