import { expect, it } from "vitest";
import { BEGINNING_SHIFT, REMEMBERED_MASK, TCP_FLAGS_MASK } from "../../src/packets/records.js";

it("what the kernel notes in a packet's record leaves its TCP flags and its payload's beginning as they are", () => {
  const others = TCP_FLAGS_MASK | (-1 << BEGINNING_SHIFT);
  expect(REMEMBERED_MASK & others).toBe(0);
});
