import { expect, it } from "vitest";
import { type Finding, findingOf, oneFlow } from "../../src/packets/findings.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";

function aboutFlow(firstFrames: readonly [number, number]): Finding {
  return findingOf("leak", 1, "", oneFlow({ id: 7, sides: [INSIDE, OUTSIDE], firstFrames }));
}

it("a finding about a flow names the frames that it was first seen in, each on its side; none of one that never had a pair", () => {
  expect(aboutFlow([12, 15])).toMatchObject({ flows: [7], frames: { inside: [12], outside: [15] }, more: 0 });
  expect(aboutFlow([0, 0])).toMatchObject({ flows: [7], frames: { inside: [], outside: [] }, more: 0 });
});
