import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Comment, type NumberOf } from "../../../src/capture/annotated/comment.js";
import { LATENCY, markOf, TWIN } from "../../../src/packets/results/frame-notes.js";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import { runs, SEED } from "../../support/runs.js";

/** What becomes of a note's text. Frames up to 999 are written, by numbers a million higher, and a million more outside. */
const NUMBER_OF: NumberOf = (side, frame) => (frame < 1000 ? (1 + side) * 1_000_000 + frame : 0);

interface Spelled {
  readonly side: Side;
  readonly twin: number;
  readonly latencyNs: number;
}

function spelled(text: string, { side, twin, latencyNs }: Partial<Spelled> = {}): string {
  const utf8 = Buffer.from(`-${text}-`);
  const comment = new Comment(NUMBER_OF);
  comment.spell(utf8, 1, utf8.length - 1, side ?? INSIDE, twin ?? 0, latencyNs ?? 0);
  return Buffer.from(comment.bytes.subarray(0, comment.length)).toString();
}

it("calls frames of either side by their numbers in what is written, or says that they are in the capture alone", () => {
  const text = `twin frames ${markOf(OUTSIDE, 12)}, ${markOf(OUTSIDE, 4_294_967_295)} → ${markOf(INSIDE, 1)}`;
  expect(spelled(text)).toBe("twin frames 2000012, 4294967295 of the capture → 1000001");
  expect(spelled(`twin ${TWIN} on µ`, { twin: 7 })).toBe("twin 2000007 on µ");
  expect(spelled(TWIN, { side: OUTSIDE, twin: 7 })).toBe("1000007");
  expect(spelled(TWIN, { side: OUTSIDE, twin: 1000 })).toBe("1000 of the capture");
  expect(spelled("nothing 1 2")).toBe("nothing 1 2");
  expect(spelled("")).toBe("");
  const many = markOf(INSIDE, 1_000_000).repeat(20_000);
  expect(spelled(many)).toBe("1000000 of the capture".repeat(20_000));
});

it.each([
  [0, "+0 ns"],
  [-0, "+0 ns"],
  [999, "+999 ns"],
  [1000, "+1 µs"],
  [-38_300, "-38.3 µs"],
  [100_001, "+100.001 µs"],
  [1_000_000, "+1 ms"],
  [-1_020_000_000, "-1.02 s"],
  [12_000_000_003, "+12.000000003 s"],
  [1234.5, "+1.2345 µs"],
  [-0.25, "-0.25 ns"],
])("a latency of %d ns is %s", (latencyNs, text) => {
  expect(spelled(`· ${LATENCY}`, { latencyNs })).toBe(`· ${text}`);
});

it("a latency is what its number is in the largest unit not larger than it", () => {
  const latencies = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true }));
  fc.assert(
    fc.property(latencies, (latencyNs) => {
      const absNs = Math.abs(latencyNs);
      const [name, unitNs]: readonly [string, number] =
        absNs >= 1e9 ? ["s", 1e9] : absNs >= 1e6 ? ["ms", 1e6] : absNs >= 1e3 ? ["µs", 1e3] : ["ns", 1];
      expect(spelled(LATENCY, { latencyNs })).toBe(`${latencyNs < 0 ? "-" : "+"}${absNs / unitNs} ${name}`);
    }),
    { numRuns: runs(2000), ...(SEED !== undefined && { seed: SEED }) },
  );
});
