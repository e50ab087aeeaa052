import { expect, it } from "vitest";
import { RESENDABLE, Twins } from "../../../src/correlate/clock/twins.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { Capture, us } from "../outcome.js";
import { CONTAINER, HOST, segment, SERVER, SYN } from "../traffic.js";

const opening = (src: string, ipId: number) =>
  segment({ src, dst: SERVER, srcPort: 4000, dstPort: 80, seq: 7, ack: 0, flags: SYN, ipId, ttl: 64 });

it.each([
  ["inside", [INSIDE, OUTSIDE]],
  ["outside", [OUTSIDE, INSIDE]],
] as const)(
  "what tells twins of which one has an IP ID does not depend on which side is looked at first: %s",
  async (_, order) => {
    const heap = new Heap();
    const twins = new Twins(heap);
    for (const side of order) {
      const packet = side === INSIDE ? opening(CONTAINER, 0) : opening(HOST, 4711);
      const batch = await new Capture(String(side), [us(1, packet)], 0n, 1, false, 1, true, heap).next();
      if (batch !== null) twins.note(side, { batch, from: 0, to: batch.count });
    }
    expect(twins.found.map(({ by }) => by)).toEqual([RESENDABLE]);
  },
);
