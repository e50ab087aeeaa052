import { describe, expect, test } from "vitest";
import { Judge } from "../../scripts/bench/judge.js";
import {
  DROPPED,
  FORWARDED,
  LOCAL,
  NOT_IP,
  PROXIED,
  REFUSED,
  type SideTruth,
  type Truth,
  UNSEEN,
} from "../../scripts/bench/truth.js";

/** One side's truth, of frames from 1 on. */
const sideOf = (serial: readonly number[], kind: readonly number[], isDecidable = kind.map(() => 1)): SideTruth => ({
  serial: Int32Array.of(0, ...serial),
  kind: Uint8Array.of(0, ...kind),
  isDecidable: Uint8Array.of(0, ...isDecidable),
});

/** Inside: 1 ↔ 2, 2 ↔ 1, 3 dropped, 4 ARP. Outside: 3 is the host's own. */
const TRUTH: Truth = {
  inside: sideOf([2, 4, 0, 0], [FORWARDED, FORWARDED, DROPPED, NOT_IP]),
  outside: sideOf([4, 2, 0], [FORWARDED, FORWARDED, LOCAL]),
};
const UNDECIDABLE: Truth = {
  inside: { ...TRUTH.inside, isDecidable: new Uint8Array(5) },
  outside: { ...TRUTH.outside, isDecidable: new Uint8Array(4) },
};

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
const SUMMARY = { type: "summary", totals: { inside: totals(4, 2, 1, 0, 1), outside: totals(3, 2, 1, 0, 0) } };

function scoreOf(records: readonly object[], truth = TRUTH) {
  const judge = new Judge(truth);
  for (const record of records) judge.read(JSON.stringify(record));
  return judge.finish();
}

describe("the judge", () => {
  test("finds nothing wrong with the truth", () => {
    const score = scoreOf([{ type: "header" }, pair(1, 2), pair(2, 1), ...LOST, SUMMARY]);
    expect(score).toMatchObject({ right: 2, wrong: 0, truePairs: 2, decidableFound: 2, judged: 2, judgedRight: 2 });
    expect(score.accounting).toEqual([]);
  });

  test("counts crossed twins as wrong, even where nothing tells them apart", () => {
    const score = scoreOf([pair(1, 1), pair(2, 2), ...LOST, SUMMARY], UNDECIDABLE);
    expect(score).toMatchObject({ right: 0, wrong: 2, decidablePairs: 0 });
    expect(score.examples[0]).toBe("inside 1 with outside 1 by exact, in truth 2 and 4, undecidable");
  });

  test("calls ambiguous frames needless only where the captures decide", () => {
    const ambiguous = { type: "ambiguous", inside: { frames: [1, 2] }, outside: { frames: [1, 2] } };
    const summary = { type: "summary", totals: { inside: totals(4, 0, 1, 2, 1), outside: totals(3, 0, 1, 2, 0) } };
    expect(scoreOf([ambiguous, ...LOST, summary])).toMatchObject({ ambiguous: 2, needless: 2, accounting: [] });
    expect(scoreOf([ambiguous, ...LOST, summary], UNDECIDABLE)).toMatchObject({ ambiguous: 2, needless: 0 });
  });

  test("excuses a pair that looks like one to any observer, and no other", () => {
    const side = sideOf([0], [UNSEEN]);
    for (const [isUnknowable, wrong] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const judge = new Judge({ inside: side, outside: side }, () => isUnknowable);
      judge.read(JSON.stringify(pair(1, 1)));
      expect(judge.finish()).toMatchObject({ wrong, unknowable: 1 - wrong, right: 0 });
    }
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
      [pair(1, 2), pair(2, 1), ...LOST, { ...SUMMARY, totals: { ...SUMMARY.totals, outside: totals(3, 2, 0, 0, 1) } }],
      "the summary says 0 unmatched outside, counted are 1",
    ],
  ])("says so where %s", (_, records, complaint) => {
    expect(scoreOf(records).accounting).toContain(complaint);
  });
});

const side = (...serial: number[]) =>
  sideOf(
    serial,
    serial.map(() => FORWARDED),
  );

describe("of packets that are cut", () => {
  /** Inside: 1 ↔ 1–3; 2 and 3 ↔ 4 and 5, in two ranges of one datagram; 4 is another packet, the twin of 6. */
  const truth: Truth = { inside: side(2, 4, 5, 7), outside: side(2, 2, 2, 4, 5, 7) };

  function scoreOfGroups(inside: readonly number[], outside: readonly number[]) {
    const judge = new Judge(truth);
    judge.read(
      JSON.stringify({ type: "pair", by: "coverage", inside: { frames: inside }, outside: { frames: outside } }),
    );
    const { right, wrong } = judge.finish();
    return { right, wrong };
  }

  test.each([
    ["a whole and its pieces", [1], [1, 2, 3]],
    ["one range", [2], [4]],
    ["both ranges", [2, 3], [5, 4]],
  ])("calls %s right", (_, inside, outside) => {
    expect(scoreOfGroups(inside, outside)).toEqual({ right: inside.length, wrong: 0 });
  });

  test.each([
    ["a piece missing", [1], [1, 2]],
    ["a piece of another", [1], [1, 2, 3, 4]],
    ["ranges crossed", [2], [5]],
    ["two packets as one", [3, 4], [5, 6]],
    ["half a datagram with all of it", [2], [4, 5]],
  ])("calls %s wrong", (_, inside, outside) => {
    expect(scoreOfGroups(inside, outside)).toEqual({ right: 0, wrong: inside.length });
  });
});

const ends = (port: number) => ({ src: "172.17.0.1", srcPort: port, dst: "172.17.0.2", dstPort: 80 });

describe("of refused packets and proxied connections", () => {
  /** Inside: 1 refused; 2 of stream 1, 3 of stream 2. Outside: 1 of stream 1. */
  const truth: Truth = {
    inside: sideOf([0, 1, 2], [REFUSED, PROXIED, PROXIED]),
    outside: sideOf([1], [PROXIED]),
  };
  const client = { src: "2001:db8::1", srcPort: 5, dst: "2001:db8::2", dstPort: 88 };
  const back = { src: client.dst, srcPort: client.dstPort, dst: client.src, dstPort: client.srcPort };
  const alone = [
    unmatched("inside", 1, "refused"),
    { ...unmatched("inside", 2, "proxied"), ...ends(2) },
    { ...unmatched("inside", 3, "local"), ...ends(3) },
    { ...unmatched("outside", 1, "proxied"), ...back },
  ];

  test.each([
    ["the right one", 2, 0],
    ["another stream's", 3, 1],
    ["one nobody knows", 4, 1],
  ])("judges the verdicts, and the link with %s", (_, port, wrong) => {
    const judge = new Judge(truth);
    for (const record of alone) judge.read(JSON.stringify(record));
    judge.read(JSON.stringify({ type: "flow", nat: "proxy", inside: ends(port), outside: client }));
    expect(judge.finish()).toMatchObject({ judged: 4, judgedRight: 3, wrong });
  });
});
