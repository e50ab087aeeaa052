import { expect, it } from "vitest";
import { INSIDE, OUTSIDE, type Side } from "../../../../src/packets/sides.js";
import { MissingPieces } from "../../../../src/correlate/verdicts/findings/missing-pieces.js";

/** Segments that entered on the inside a second after each other, frame n after n seconds, while the outside lost frames in `lost`. */
function finder(frames: number, lost: readonly [number, number] = [-1, -1]): MissingPieces {
  const mayHold = (timeNs: number) => timeNs >= lost[0] * 1e9 && timeNs <= lost[1] * 1e9;
  const timeline = { sideOf: (): Side => INSIDE, frame: (row: number) => row, timeNs: (row: number) => row * 1e9 };
  const cover = {
    firstNs: 0,
    lastNs: 0,
    sinceNs: 0,
    isLive: false,
    isOfOneRun: false,
    lostFrames: 0,
    of: () => [{ gaps: { mayHold } }],
  };
  const found = new MissingPieces({ timeline, cover: [cover, cover] });
  for (let frame = 1; frame <= frames; frame++) found.missing(frame, 1, [{ seq: 1, length: 1448 }]);
  return found;
}

const framesOf = (found: MissingPieces) => found.close().map(({ frames }) => frames.inside);

it("missing-pieces is not what the other capture may have lost, whenever it says so", () => {
  expect(framesOf(finder(4))).toEqual([[1, 2, 3, 4]]);
  expect(framesOf(finder(4, [2, 3]))).toEqual([[1, 4]]);
  const late = finder(4);
  late.lost(INSIDE, 0, 9e9);
  late.lost(OUTSIDE, 1.5e9, 3.5e9);
  expect(framesOf(late)).toEqual([[1, 4]]);
});

it("missing-pieces keeps to what is certain where there are too many to remember each", () => {
  const many = finder(5000);
  many.lost(OUTSIDE, 10e9, 11e9);
  expect(many.close()).toMatchObject([{ count: 4096 }]);
  const later = finder(5000);
  later.lost(OUTSIDE, 4990.5e9, 6000e9);
  expect(later.close()).toMatchObject([{ count: 4990 }]);
});
