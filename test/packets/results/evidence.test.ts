import { expect, it } from "vitest";
import * as evidence from "../../../src/packets/results/evidence.js";

it.each([
  ["BY", evidence.BY, (at: number) => at],
  ["EVIDENCE", evidence.EVIDENCE, (at: number) => 1 << at],
  ["ALTERED", evidence.ALTERED, (at: number) => 1 << at],
] as const)("constants %s_… have the numbers of the names they are called by", (family, names, numberOf) => {
  const constants = Object.entries(evidence).filter(([name, value]) => {
    return name.startsWith(`${family}_`) && typeof value === "number";
  });
  const called = names.map((name, at) => [
    `${family}_${name === "ttl-set" ? "TTL" : name.replaceAll(/[A-Z]/g, "_$&").replace("-", "_").toUpperCase()}`,
    numberOf(at),
  ]);
  expect(Object.fromEntries(constants)).toEqual(Object.fromEntries(called));
});
