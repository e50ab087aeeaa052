import { describe, expect, it } from "vitest";
import { Contents } from "../../../src/correlate/matchers/contents.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import type { Timeline } from "../../../src/packets/timeline.js";

const WINDOW_NS = 1e9;
const LONGEST_NS = 5e6;

interface Filed {
  readonly side: Side;
  readonly timeNs: number;
  readonly content: number;
}

/** Packets that are rows of a timeline by their place, all of one hash, filed; and how often two of them were compared. */
function filed(packets: readonly Filed[]) {
  const decided = new Set<number>();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is asked of a timeline
  const timeline = {
    sideOf: (row: number) => packets[row].side,
    timeNs: (row: number) => packets[row].timeNs,
    isHeld: () => true,
    isOpen: (row: number) => !decided.has(row),
  } as unknown as Timeline;
  let compared = 0;
  const isSame = (_: Timeline, a: number, b: number): boolean => {
    compared++;
    return packets[a].content === packets[b].content;
  };
  const contents = new Contents(new Heap(), timeline, WINDOW_NS, () => 7, isSame);
  for (const row of packets.keys()) contents.add(row);
  const find = (row: number) => {
    compared = 0;
    contents.find(row, () => LONGEST_NS);
    const { own, others, isCrowded } = contents;
    return { own, others, isCrowded, compared };
  };
  return { contents, find, decide: (row: number) => decided.add(row) };
}

const alike = (count: number, side: Side, stepNs = 1000): Filed[] =>
  Array.from({ length: count }, (_, n) => ({ side, timeNs: n * stepNs, content: 1 }));

describe("packets of one content", () => {
  it("are all found where they are few, whatever else has their hash", () => {
    const other = { side: OUTSIDE, timeNs: 5, content: 2 } as const;
    const { find } = filed([...alike(3, INSIDE), other, ...alike(2, OUTSIDE)]);
    expect(find(0)).toMatchObject({ own: [1, 2], others: [4, 5], isCrowded: false });
    expect(find(3)).toMatchObject({ own: [], others: [] });
  });

  it("are not asked for on the packet's own side where the other one has none", () => {
    const { find } = filed(alike(10_000, OUTSIDE));
    for (const row of [0, 5000, 9999])
      expect(find(row)).toEqual({ own: [], others: [], isCrowded: false, compared: 0 });
  });

  it("are looked at in the same number however many there are, the nearest ones, and it is said that there are more", () => {
    const [some, many] = [1000, 4000].map((count) =>
      filed([...alike(count, INSIDE), ...alike(count, OUTSIDE)]).find(500),
    );
    expect(many.compared).toBe(some.compared);
    expect(many.isCrowded).toBe(true);
    expect(many.others).toContain(4000 + 500);
  });

  it("are far enough apart in a crowd for none to be left off", () => {
    const { find } = filed([...alike(100, INSIDE, 1e6), ...alike(100, OUTSIDE, 1e6)]);
    const { others, isCrowded } = find(50);
    expect(others).toEqual(Array.from({ length: 11 }, (_, n) => 145 + n));
    expect(isCrowded).toBe(false);
  });

  it("are passed over once they are decided about", () => {
    const { find, decide } = filed([...alike(1000, INSIDE), ...alike(1000, OUTSIDE)]);
    for (let row = 1000; row < 1990; row++) decide(row);
    expect(find(999).others).toEqual(Array.from({ length: 10 }, (_, n) => 1990 + n));
    for (let row = 1990; row < 2000; row++) decide(row);
    expect(find(999)).toMatchObject({ others: [], compared: 0 });
  });
});
