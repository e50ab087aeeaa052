import { expect, test } from "vitest";
import { OwnAddresses } from "../../../src/host/snapshot/own-addresses.js";
import { having } from "../rules/explained.js";

const timesOf = (own: OwnAddresses, address: string, times: readonly bigint[]) =>
  times.filter((timeNs) => own.hadSince(address, timeNs));

test("a host had an address since all who told from then on say so", () => {
  const own = new OwnAddresses();
  expect(own.isEmpty).toBe(true);
  expect(own.hadSince("10.0.2.15", 5n)).toBe(false);
  own.take(having(10n, ["10.0.2.15", "172.17.0.1"]));
  own.take(having(20n, ["10.0.2.15", "10.0.2.33"]));
  expect(own.isEmpty).toBe(false);
  expect(timesOf(own, "10.0.2.15", [5n, 10n, 15n, 20n, 25n])).toEqual([5n, 10n, 15n, 20n, 25n]);
  expect(timesOf(own, "172.17.0.1", [5n, 10n, 15n, 20n, 25n])).toEqual([]);
  expect(timesOf(own, "10.0.2.33", [5n, 10n, 15n, 20n, 25n])).toEqual([20n, 25n]);
});

test("once some came or went, nobody knows which until the next snapshot", () => {
  const own = new OwnAddresses();
  own.take(having(10n, ["10.0.2.15"]));
  own.change(20n);
  expect(timesOf(own, "10.0.2.15", [15n, 25n])).toEqual([]);
  own.take(having(30n, ["10.0.2.15"]));
  expect(timesOf(own, "10.0.2.15", [15n, 25n, 35n])).toEqual([35n]);
});

test("what was told long ago is forgotten", () => {
  const own = new OwnAddresses();
  own.take(having(0n, ["10.0.2.15"]));
  for (let ns = 1n; ns <= 100n; ns++) own.take(having(ns, ["172.17.0.1"]));
  expect(own.hadSince("10.0.2.15", 0n)).toBe(false);
  for (let ns = 101n; ns <= 200n; ns++) own.take(having(ns, ["10.0.2.15"]));
  expect(own.hadSince("10.0.2.15", 0n)).toBe(true);
});
