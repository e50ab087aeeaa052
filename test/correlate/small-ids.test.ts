import { expect, it } from "vitest";
import { ms, outcomeOf } from "./outcome.js";
import { CONTAINER, datagram, HOST, SERVER } from "./traffic.js";

/** A datagram as the inside has it, and as the outside does, where it left by a port of its own. */
const asked = (isInside: boolean, ipId: number) =>
  datagram({
    src: isInside ? CONTAINER : HOST,
    srcPort: isInside ? 123 : 19_529,
    dst: SERVER,
    dstPort: 123,
    ipId,
    ttl: isInside ? 64 : 63,
    text: "what time is it, and for how long?",
  });

it.each([
  [1, 0],
  [2, 0],
  [0x0100, 0],
  [0x1234, 1],
])("an IP ID of %d makes %d pair of two packets of kinds that other hosts send, too", async (ipId, pairs) => {
  const { twins } = await outcomeOf([ms(2, asked(true, ipId))], [ms(2.03, asked(false, ipId))], {
    clock: { kind: "none" },
  });
  expect(twins).toHaveLength(pairs);
});
