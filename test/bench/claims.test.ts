import { describe, expect, test } from "vitest";
import type { Circumstances, Expectation, Sent } from "../../scripts/bench/adversary/adversary.js";
import { Claims } from "../../scripts/bench/claims.js";
import { COPY, DROPPED, FORWARDED, type SideTruth, UNCOVERED, UNSEEN } from "../../scripts/bench/truth.js";

/** What of it has a verdict is decided, but for the last one. */
const sideOf = (...kinds: number[]): SideTruth => ({
  kind: Uint8Array.of(0, ...kinds),
  serial: new Int32Array(kinds.length + 1),
  isDecidable: Uint8Array.of(0, ...kinds.map((kind, at) => Number(kind !== UNSEEN && at < kinds.length - 1))),
});
const TRUTH = { inside: sideOf(FORWARDED, DROPPED, UNSEEN, UNCOVERED, COPY, DROPPED), outside: sideOf(FORWARDED) };
const ONE_CLOCK: Circumstances = {
  isSteady: true,
  isOneClock: true,
  set: null,
  offsetNs: 0,
  driftPpm: 0,
  durationNs: 10e9,
  hasLeaps: false,
  resolutionNs: 1,
  offsetErrorNs: 20_000,
  longestNs: 80_000,
  toleranceNs: 10_000,
  hasRewrittenPorts: false,
};

const SENT: Sent = { direction: "outbound", before: "none" };

function told(
  claims: readonly object[],
  circumstances = ONE_CLOCK,
  expectation: Partial<Expectation> = {},
  sent: Sent = SENT,
) {
  const judge = new Claims(
    { truth: TRUTH, circumstances, latencyNs: () => 20_000, sent: () => sent },
    { about: "", recall: null, ...expectation },
  );
  for (const claim of claims) judge.read(JSON.stringify(claim));
  return judge.finish();
}
const verdict = (frame: number, verdict: string) => ({ type: "unmatched", side: "inside", frame, verdict, why: "" });
const finding = (code: string, text = "") => ({ type: "finding", code, text, count: 3 });
const pair = (latencyNs: number) => ({
  type: "pair",
  direction: "outbound",
  latencyNs,
  inside: { frames: [1], time: "1700000001" },
  outside: { frames: [1] },
});
const summary = (clock: object) => ({ type: "summary", clock });

const step = (time: string, byNs: number) => ({
  offsetNs: 0,
  driftPpm: 0,
  uncertaintyNs: 9_000,
  steps: [{ time, byNs }],
});

describe("claims", () => {
  test.each([
    ["a frame whose twin is there", 1, "dropped", { falseVerdicts: 1, dropOrMiss: 0 }],
    ["one that was dropped", 2, "dropped", { falseVerdicts: 0, dropOrMiss: 0 }],
    ["one that was missed in silence", 3, "dropped", { falseVerdicts: 0, dropOrMiss: 1 }],
    ["one that was missed and said so", 4, "dropped", { falseVerdicts: 1, dropOrMiss: 0 }],
    ["a copy", 5, "dropped", { falseVerdicts: 1, dropOrMiss: 0 }],
    ["a copy", 5, "copy", { falseVerdicts: 0 }],
    ["a frame whose twin is there", 1, "unknown", { falseVerdicts: 0 }],
  ])("of %s (%i): %s", (_, frame, said, result) => {
    expect(told([verdict(frame, said)])).toMatchObject(result);
  });

  test("of a frame, as it stands at the end", () => {
    const update = (said: string) => ({ ...verdict(1, said), type: "update" });
    expect(told([verdict(1, "dropped"), update("unknown")]).falseVerdicts).toBe(0);
    expect(told([verdict(1, "unknown"), update("dropped")]).falseVerdicts).toBe(1);
  });

  test("how long a packet takes, which may be wrong by no more than is said of the clocks", () => {
    const said = (latencyNs: number, uncertaintyNs: number | null) =>
      told([pair(latencyNs), summary({ offsetNs: 0, driftPpm: 0, uncertaintyNs, source: "estimated" })]).off;
    expect(said(25_000, 5_000)).toBe(0);
    expect(said(25_002, 5_000)).toBe(1);
    expect(said(14_998, 5_000)).toBe(1);
    expect(said(90_000, null)).toBe(0);
    // nothing said of the clocks is no leave for more than what packets take
    expect(said(101_000, null)).toBe(1);
    const set = { timeS: 1_700_000_001.05, quietS: 0, byNs: 5e6, isTold: true };
    expect(told([pair(90_000), summary(step("1700000001.05", 5e6))], { ...ONE_CLOCK, set }).off).toBe(0);
  });

  test("that a packet leaves before it enters, on one clock and beyond the tolerance alone", () => {
    const latencies = [5, -10_000, -10_001].map(pair);
    expect(told(latencies).negative).toBe(1);
    expect(told(latencies, { ...ONE_CLOCK, isOneClock: false }).negative).toBe(0);
  });

  test("in findings: false ones, ones of codes not known here, and the one that must be there", () => {
    const { falseFindings, otherFindings, isSilent } = told([finding("dropped"), finding("leak"), finding("new")]);
    expect([...falseFindings]).toEqual([["leak", 3]]);
    expect([...otherFindings]).toEqual(["new"]);
    expect(isSilent).toBe(false);
    const rewritten = (...fields: string[]) => {
      const text = `the router rewrites more than addresses and ports: ${fields.map((each) => `${each} (1,234 of 9 pairs)`).join(", ")}`;
      return told([finding("rewritten", text)], ONE_CLOCK, { says: ["IP ID", "raised TTL"] });
    };
    expect(told([], ONE_CLOCK, { says: ["raised TTL"] }).isSilent).toBe(true);
    expect(rewritten("IP ID").isSilent).toBe(true);
    expect(rewritten("raised TTL", "IP ID")).toMatchObject({ isSilent: false, falseFindings: new Map() });
    expect([...rewritten("IP ID", "raised TTL", "TCP window").falseFindings]).toEqual([["rewritten (TCP window)", 1]]);
    expect(told([finding("leak")], ONE_CLOCK, { findings: ["leak"] }).falseFindings.size).toBe(0);
  });

  test.each<[string, object, Sent, number]>([
    ["the way it goes", {}, SENT, 0],
    ["another way", {}, { ...SENT, direction: "inbound" }, 1],
    ["a retransmission of what nobody sent before", { retransmission: true }, SENT, 1],
    ["a retransmission of what was sent in part", { retransmission: true }, { ...SENT, before: "some" }, 0],
    ["no retransmission of what was sent in part", {}, { ...SENT, before: "some" }, 0],
    ["no retransmission, though all of it had crossed", {}, { ...SENT, before: "all" }, 1],
  ])("of a pair: %s", (_, fields, sent, count) => {
    expect(told([{ ...pair(20_000), ...fields }], ONE_CLOCK, {}, sent).falseFields).toBe(count);
  });

  test("of frames without a twin: how many got the verdict that is true of them, of those of which that is decided", () => {
    const said = [verdict(2, "dropped"), verdict(4, "unknown"), verdict(5, "copy"), verdict(6, "dropped")];
    const { judged, judgedRight } = told(said);
    expect([judged, judgedRight]).toEqual([3, 2]);
  });

  test("of flows: translations that they do not have", () => {
    expect(told(["snat", "dnat", "unknown"].map((nat) => ({ type: "flow", nat }))).falseFlows).toBe(1);
  });

  test.each([
    ["within what the captures allow", { offsetNs: 15_000, driftPpm: 1 }, true],
    ["beyond it", { offsetNs: 25_000, driftPpm: 0 }, false],
    ["beyond what it says itself", { offsetNs: 15_000, driftPpm: 0, uncertaintyNs: 9_000 }, false],
    ["a drift that is not there", { offsetNs: 0, driftPpm: 30 }, false],
  ])("of the clock: %s", (_, clock, isWithin) => {
    expect(told([summary(clock)]).clock?.isWithin).toBe(isWithin);
  });

  test("of the clock: nothing, where stamps are taken as they are and nobody knows how wrong they are", () => {
    const said = { offsetNs: 300_000, driftPpm: 0, uncertaintyNs: null };
    expect(told([summary({ ...said, source: "none" })]).clock).toBeNull();
    expect(told([summary({ ...said, source: "estimated" })]).clock?.isWithin).toBe(false);
  });

  test.each([
    [0, false],
    [0.1, true],
  ])("of a clock that was set while nothing passed for %d s", (quietS, isWithin) => {
    const set = { timeS: 1_700_000_004, quietS, byNs: 20e6, isTold: true };
    const circumstances = { ...ONE_CLOCK, isSteady: false, isOneClock: false, set };
    expect(told([summary(step("1700000003.850000000", 20e6))], circumstances).clock?.isWithin).toBe(isWithin);
  });

  test.each([
    ["nothing is said of the clocks", null, true],
    ["what is said to be uncertain holds it", 20e6, true],
    ["what is said to be uncertain does not hold it", 19e6, false],
  ])("of a clock that was set, which packets do not tell, not at all: %s", (_, uncertaintyNs, isRight) => {
    const set = { timeS: 1_700_000_004, quietS: 0, byNs: 20e6, isTold: false };
    const circumstances = { ...ONE_CLOCK, isSteady: false, isOneClock: false, set };
    const { clock } = told([summary({ offsetNs: 0, driftPpm: 0, uncertaintyNs })], circumstances);
    expect(clock?.isWithin ?? true).toBe(isRight);
  });

  test.each([
    ["when, and by how much", 20e6, step("1700000003.950000000", 20_015_000), true],
    ["by how much else", 20e6, step("1700000003.950000000", 20_025_000), false],
    ["at another time", 20e6, step("1700000003.850000000", 20e6), false],
    ["not at all", 20e6, { offsetNs: 0, driftPpm: 0 }, false],
    ["not at all, as it is little", 1e6, { offsetNs: 0, driftPpm: 0 }, undefined],
  ])("of a clock that was set: %s", (_, byNs, clock, isWithin) => {
    const circumstances = {
      ...ONE_CLOCK,
      isSteady: false,
      isOneClock: false,
      set: { timeS: 1_700_000_004, quietS: 0, byNs, isTold: true },
    };
    expect(told([summary(clock)], circumstances).clock?.isWithin).toBe(isWithin);
  });
});
