import { describe, expect, test } from "vitest";
import { Judge } from "../../scripts/bench/judge.js";
import { DROPPED, FORWARDED, LOCAL, NOT_IP, type Truth, UNSEEN } from "../../scripts/bench/truth.js";

/** Inside: 1 ↔ 2, 2 ↔ 1, 3 dropped, 4 ARP. Outside: 3 is the host's own. */
const TRUTH: Truth = {
  twin: Int32Array.of(0, 2, 1, 0, 0),
  insideKind: Uint8Array.of(0, FORWARDED, FORWARDED, DROPPED, NOT_IP),
  outsideKind: Uint8Array.of(0, FORWARDED, FORWARDED, LOCAL),
};
const DISTINCT = { inside: new Uint8Array(5), outside: new Uint8Array(4) };

const pair = (inside: number, outside: number) => ({
  type: "pair",
  by: "exact",
  inside: { frames: [inside] },
  outside: { frames: [outside] },
});
const unmatched = (side: string, frame: number, verdict: string) => ({ type: "unmatched", side, frame, verdict });
const totals = (frames: number, paired: number, unmatched: number, ambiguous: number, notIp: number) => ({
  frames,
  paired,
  unmatched,
  ambiguous,
  notIp,
  undecodable: 0,
});
const LOST = [unmatched("inside", 3, "dropped"), unmatched("outside", 3, "local")];
const SUMMARY = { type: "summary", inside: totals(4, 2, 1, 0, 1), outside: totals(3, 2, 1, 0, 0) };

function scoreOf(records: readonly object[], identical = DISTINCT) {
  const judge = new Judge(TRUTH, identical);
  for (const record of records) judge.read(JSON.stringify(record));
  return judge.finish();
}

describe("the judge", () => {
  test("finds nothing wrong with the truth", () => {
    const score = scoreOf([{ type: "header" }, pair(1, 2), pair(2, 1), ...LOST, SUMMARY]);
    expect(score).toMatchObject({ right: 2, wrong: 0, truePairs: 2, distinctFound: 2, judged: 2, judgedRight: 2 });
    expect(score.accounting).toEqual([]);
  });

  test("counts crossed twins as wrong, even where nothing tells them apart", () => {
    const identical = { inside: Uint8Array.of(0, 1, 1, 0, 0), outside: Uint8Array.of(0, 1, 1, 0) };
    const score = scoreOf([pair(1, 1), pair(2, 2), ...LOST, SUMMARY], identical);
    expect(score).toMatchObject({ right: 0, wrong: 2, distinctPairs: 0 });
    expect(score.examples[0]).toBe("inside 1 with outside 1 by exact, in truth with 2, identical neighbours");
  });

  test("calls ambiguous frames needless only where something tells them apart", () => {
    const ambiguous = { type: "ambiguous", inside: { frames: [1, 2] }, outside: { frames: [1, 2] } };
    const summary = { type: "summary", inside: totals(4, 0, 1, 2, 1), outside: totals(3, 0, 1, 2, 0) };
    expect(scoreOf([ambiguous, ...LOST, summary])).toMatchObject({ ambiguous: 2, needless: 2, accounting: [] });
    const identical = { inside: Uint8Array.of(0, 1, 1, 0, 0), outside: Uint8Array.of(0, 1, 1, 0) };
    expect(scoreOf([ambiguous, ...LOST, summary], identical)).toMatchObject({ ambiguous: 2, needless: 0 });
  });

  test("excuses a pair of interchangeable frames where each capture lost the other's twin, and no other", () => {
    const truth = {
      twin: Int32Array.of(0, 0),
      insideKind: Uint8Array.of(0, UNSEEN),
      outsideKind: Uint8Array.of(0, UNSEEN),
    };
    const identical = { inside: new Uint8Array(2), outside: new Uint8Array(2) };
    for (const [isSame, wrong] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const judge = new Judge(truth, identical, () => isSame);
      judge.read(JSON.stringify(pair(1, 1)));
      expect(judge.finish()).toMatchObject({ wrong, unknowable: 1 - wrong, right: 0 });
    }
    expect(scoreOf([pair(3, 3)]).unknowable).toBe(0);
  });

  test("a pair of a dropped frame is wrong", () => {
    expect(scoreOf([pair(3, 3)])).toMatchObject({ right: 0, wrong: 1 });
  });

  test.each([
    ["a frame is missing", [pair(1, 2), ...LOST, SUMMARY], "inside frame 2 is not reported"],
    ["a frame comes twice", [pair(1, 2), pair(2, 1), pair(1, 2), ...LOST, SUMMARY], "inside frame 1 is reported twice"],
    ["there is no such frame", [pair(9, 2)], "there is no inside frame 9"],
    ["there is no summary", [pair(1, 2), pair(2, 1), ...LOST], "0 summaries instead of one"],
    [
      "the summary miscounts",
      [pair(1, 2), pair(2, 1), ...LOST, { ...SUMMARY, outside: totals(3, 2, 0, 0, 1) }],
      "the summary says 0 unmatched outside, counted are 1",
    ],
  ])("says so where %s", (_, records, complaint) => {
    expect(scoreOf(records).accounting).toContain(complaint);
  });
});
