import { expect, it } from "vitest";
import { markOf, unmarked } from "../../../src/packets/results/frame-notes.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";

it("calls the frames in a note, of either side, as somebody says", () => {
  const text = `twin frames ${markOf(OUTSIDE, 12)}, ${markOf(OUTSIDE, 4_294_967_295)} of ${markOf(INSIDE, 1)}`;
  expect(unmarked(text, (side, frame) => `${side === INSIDE ? "i" : "o"}${frame}`)).toBe(
    "twin frames o12, o4294967295 of i1",
  );
  expect(unmarked("nothing 1 2", () => "x")).toBe("nothing 1 2");
});
