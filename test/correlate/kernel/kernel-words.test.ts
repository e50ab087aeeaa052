import { expect, it } from "vitest";
import { REMEMBERED_MASK } from "../../../src/correlate/kernel/kernel-words.js";
import { BEGINNING_SHIFT } from "../../../src/packets/records.js";

it("what the kernel notes in a packet's record leaves its TCP flags and its payload's beginning as they are", () => {
  const others = 0xff | (-1 << BEGINNING_SHIFT);
  expect(REMEMBERED_MASK & others).toBe(0);
});
