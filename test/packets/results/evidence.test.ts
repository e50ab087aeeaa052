import { expect, it } from "vitest";
import * as evidence from "../../../src/packets/results/evidence.js";

it("numbers each family by itself, in order: places of a list, or bits", () => {
  const { BY, EVIDENCE, ALTERED } = evidence;
  expect([BY[evidence.BY_EXACT], BY[evidence.BY_HAIRPIN], BY.length]).toEqual(["exact", "hairpin", 7]);
  expect([evidence.EVIDENCE_IP_ID, evidence.EVIDENCE_TIME]).toEqual([1, 1 << EVIDENCE.indexOf("time")]);
  expect([evidence.ALTERED_IP_ID, evidence.ALTERED_DF]).toEqual([1, 1 << ALTERED.indexOf("df")]);
});

it("says what a name means, or the name itself", () => {
  expect(evidence.BY_MEANINGS[evidence.BY_FLOW]).toBe("a known translation chose");
  expect(evidence.alteredNames(evidence.ALTERED_TTL | evidence.ALTERED_PAYLOAD)).toEqual(["payload", "ttl-set"]);
  expect(evidence.alteredWords(evidence.ALTERED_TTL | evidence.ALTERED_PAYLOAD)).toEqual(["payload", "raised TTL"]);
});
