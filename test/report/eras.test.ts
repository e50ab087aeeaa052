import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Eras } from "../../src/report/eras.js";
import { HandFilled, type Packet, TCP } from "./tables.js";

const PACKET: Packet = { side: INSIDE, proto: TCP, src: "172.17.0.2", dst: "10.0.2.2" };

it("an era goes from one change to the next, on either side's clock", () => {
  const tables = new HandFilled();
  const [inside, outside] = tables.epochsNs;
  const eras = new Eras(tables, { ...NO_CONTAINERS, changesNs: [inside + 10n, outside + 10n] });
  const of = (side: Packet["side"], stampNs: number) => eras.of(tables.add({ ...PACKET, side, stampNs }));
  expect([9, 10, 11].map((stampNs) => of(INSIDE, stampNs))).toEqual([Number.NEGATIVE_INFINITY, 10, 10]);
  expect([9, 10].map((stampNs) => of(OUTSIDE, stampNs) === of(OUTSIDE, 11))).toEqual([false, true]);
});

it("what becomes known later makes other eras of what comes behind it, and the same of what was before", () => {
  const tables = new HandFilled();
  const [epochNs] = tables.epochsNs;
  let changesNs: readonly bigint[] = [epochNs + 10n];
  const eras = new Eras(tables, {
    ...NO_CONTAINERS,
    get changesNs() {
      return changesNs;
    },
  });
  const [before, behind] = [15, 25].map((stampNs) => tables.add({ ...PACKET, stampNs }));
  const known = eras.of(before);
  expect(eras.of(behind)).toBe(known);
  changesNs = [epochNs + 5n, epochNs + 10n, epochNs + 20n];
  expect(eras.of(before)).toBe(known);
  expect(eras.of(behind)).not.toBe(known);
});
