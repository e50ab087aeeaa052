import { expect, it } from "vitest";
import { findingOf, oneFlow } from "../../src/packets/findings.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";

it("a finding about a flow names the frames that it was first seen in, each on its side; none of one that never had a pair", () => {
  const told = (firstFrames: readonly [number, number]) =>
    findingOf("leak", 1, "", oneFlow({ id: 7, sides: [INSIDE, OUTSIDE], firstFrames }));
  expect(told([12, 15])).toMatchObject({ flows: [7], frames: { inside: [12], outside: [15] }, more: 0 });
  expect(told([0, 0])).toMatchObject({ flows: [7], frames: { inside: [], outside: [] }, more: 0 });
});
