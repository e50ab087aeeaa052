import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Crowd } from "../../src/correlate/crowd.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";

it("finds of a side what a plain list has about a time, whatever order it came in and what was forgotten", () => {
  const packet = fc.record({ side: fc.constantFrom(INSIDE, OUTSIDE), timeNs: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(packet), fc.nat(100), fc.nat(30), fc.nat(60), (packets, timeNs, mostNs, beforeNs) => {
      const crowd = new Crowd();
      for (const [row, packet] of packets.entries()) crowd.add(packet.side, row, packet.timeNs);
      const left = packets.map((packet, row) => ({ ...packet, row })).filter((packet) => packet.timeNs >= beforeNs);
      expect(crowd.forget(beforeNs)).toBe(left.length > 0);
      for (const side of [INSIDE, OUTSIDE] as const) {
        const near = left.filter((one) => one.side === side && Math.abs(one.timeNs - timeNs) <= mostNs);
        expect(new Set(crowd.near(side, timeNs, mostNs))).toEqual(new Set(near.map(({ row }) => row)));
      }
    }),
  );
});
