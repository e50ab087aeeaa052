import { describe, expect, it } from "vitest";
import { Revisions } from "../../../../src/correlate/verdicts/updates/revisions.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import type { Judgement, Update } from "../../../../src/packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../../../../src/packets/sides.js";

const REMEMBERED = 16_384;
const LOST = { verdict: "dropped", reason: "no-twin", why: "", impact: "lost" } as const;
const UNKNOWN = { verdict: "unknown", reason: "untranslated", why: "" } as const;

/** So many packets, a millisecond apart: frame n of the inside was dropped, every third one of the outside is unknown. */
function noted(count: number): Revisions {
  const revisions = new Revisions(new Heap());
  for (let n = 1; n <= count; n++) note(revisions, n % 3 === 0 ? OUTSIDE : INSIDE, n, n % 3 === 0 ? UNKNOWN : LOST);
  return revisions;
}

function note(revisions: Revisions, side: Side, frame: number, judgement: Judgement): void {
  revisions.note({ side, frame, flow: frame % 2 === 0 ? 7 : undefined, isSelected: false }, frame * 1e6, judgement, 1);
}

const became = (frame: number, of: Pick<Update, "verdict" | "impact">): Update => ({
  side: INSIDE,
  frame,
  flow: undefined,
  isSelected: false,
  reason: "no-twin",
  why: "",
  before: { verdict: "dropped", impact: "lost" },
  ...of,
});

const EVER = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const framesOf = (revised: readonly { readonly frame: number }[]) => revised.map(({ frame }) => frame);

describe("what was said of packets that a capture lacks", () => {
  it("is given once, in the order in which it was said, with all that is told of a packet", () => {
    const revisions = noted(4);
    expect(revisions.takeOut(...EVER, 1)).toEqual([
      { side: INSIDE, frame: 1, flow: undefined, isSelected: false, before: { verdict: "dropped", impact: "lost" } },
      { side: INSIDE, frame: 2, flow: 7, isSelected: false, before: { verdict: "dropped", impact: "lost" } },
      { side: OUTSIDE, frame: 3, flow: undefined, isSelected: false, before: { verdict: "unknown" } },
      { side: INSIDE, frame: 4, flow: 7, isSelected: false, before: { verdict: "dropped", impact: "lost" } },
    ]);
    expect(revisions.takeOut(...EVER, 1)).toEqual([]);
  });

  it("is that of the packets which passed at a time, however late they were judged", () => {
    const revisions = noted(9);
    note(revisions, INSIDE, 2, LOST);
    expect(framesOf(revisions.takeOut(2e6, 4e6, 1))).toEqual([2, 3, 4, 2]);
    expect(framesOf(revisions.takeOut(...EVER, 1))).toEqual([1, 5, 6, 7, 8, 9]);
  });

  it("is what became known later, or nothing where the host refused it", () => {
    const revisions = noted(5);
    revisions.update(became(1, { verdict: "dropped", impact: "resent" }), 1e6);
    revisions.update(became(2, { verdict: "refused", impact: "lost" }), 2e6);
    expect(revisions.takeOut(...EVER, 1).map(({ frame, before }) => [frame, before.impact])).toEqual([
      [1, "resent"],
      [3, undefined],
      [4, "lost"],
      [5, "lost"],
    ]);
  });

  it("is nothing of what was unknown and turned out to be refused, and of no other packet less", () => {
    const revisions = noted(REMEMBERED + 3000);
    const frame = REMEMBERED + 2;
    const refused = { side: OUTSIDE, before: { verdict: "unknown" } } as const;
    revisions.update({ ...became(frame, { verdict: "refused" }), ...refused }, frame * 1e6);
    expect(framesOf(revisions.takeOut(frame * 1e6 - 1e6, frame * 1e6 + 1e6, 1))).toEqual([frame - 1, frame + 1]);
    expect(revisions.takeOutCounted(...EVER)).toMatchObject([{ count: 2000 }, { side: OUTSIDE, count: 1000 }]);
  });

  it("is only counted of those before the last 16,384", () => {
    const revisions = noted(REMEMBERED + 3000);
    revisions.update(became(1, { verdict: "dropped", impact: "resent" }), 1e6);
    revisions.update(became(2, { verdict: "refused", impact: "lost" }), 2e6);
    const remembered = framesOf(revisions.takeOut(...EVER, 1));
    expect([remembered.length, remembered[0], remembered.at(-1)]).toEqual([REMEMBERED, 3001, REMEMBERED + 3000]);
    // cells are a second long
    expect(revisions.takeOutCounted(1.5e9, Infinity).reduce((sum, { count }) => sum + count, 0)).toBe(2001);
    expect(revisions.takeOutCounted(...EVER)).toEqual([
      { side: INSIDE, before: { verdict: "dropped", impact: "lost" }, count: 664 },
      { side: INSIDE, before: { verdict: "dropped", impact: "resent" }, count: 1 },
      { side: OUTSIDE, before: { verdict: "unknown" }, count: 333 },
    ]);
    expect(revisions.takeOutCounted(...EVER)).toEqual([]);
  });

  it("is counted in no more cells, however long a capture is", () => {
    const revisions = new Revisions(new Heap());
    const count = REMEMBERED + 5000;
    for (let n = 0; n < count; n++)
      revisions.note({ side: INSIDE, frame: n, flow: undefined, isSelected: false }, n * 10e9, LOST, 1);
    const counted = revisions.takeOutCounted(...EVER);
    expect(counted.map((each) => each.count)).toEqual([5000]);
  });
});
