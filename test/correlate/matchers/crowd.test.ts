import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Crowd } from "../../../src/correlate/matchers/crowd.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";

const isEven = (row: number): boolean => row % 2 === 0;

it("finds of a side the nearest about a time that a plain list has, whatever order it came in and what was decided about", () => {
  const packet = fc.record({ side: fc.constantFrom(INSIDE, OUTSIDE), timeNs: fc.nat(100), isWaiting: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(packet),
      fc.nat(100),
      fc.nat(30),
      fc.nat(9),
      fc.boolean(),
      (packets, timeNs, mostNs, most, isTidied) => {
        const decided = new Set<number>();
        const crowd = new Crowd((row) => !decided.has(row));
        for (const [row, packet] of packets.entries()) crowd.add(packet.side, row, packet.timeNs);
        for (const [row, packet] of packets.entries()) if (!packet.isWaiting) decided.add(row);
        const left = packets.map((packet, row) => ({ ...packet, row })).filter((packet) => packet.isWaiting);
        expect(!isTidied || crowd.tidy() === left.length > 0).toBe(true);
        for (const side of [INSIDE, OUTSIDE] as const) {
          const awayNs = (row: number): number => Math.abs(packets[row].timeNs - timeNs);
          const inReach = left
            .filter((one) => one.side === side && awayNs(one.row) <= mostNs && isEven(one.row))
            .map(({ row }) => row);
          const nearest = inReach
            .map(awayNs)
            .sort((a, b) => a - b)
            .slice(0, most);
          const near = crowd.near(side, timeNs, mostNs, most, isEven);
          expect(near.every((row) => inReach.includes(row))).toBe(true);
          expect(new Set(near).size).toBe(near.length);
          expect(near.map(awayNs).sort((a, b) => a - b)).toEqual(nearest);
          const timesNs = near.map((row) => packets[row].timeNs);
          expect(timesNs).toEqual([...timesNs].sort((a, b) => a - b));
        }
      },
    ),
  );
});
