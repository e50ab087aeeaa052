/** Worlds in which a pair was wrong, or a number none, that no smaller capture shows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { isFaultless, outcomeOf } from "../../scripts/bench/accuracy.js";

const folder = mkdtempSync(join(tmpdir(), "natcorr-worlds-"));
afterAll(() => rmSync(folder, { recursive: true }));

const natcorr = join(import.meta.dirname, "../../dist/main.js");

it.each([
  // two strangers' pings, which meet once
  ["unrelated-beats", 13],
  // a segment sent again within what the clocks are uncertain by
  ["everything-elsewhere", 10],
  // acknowledgements of which each capture missed another one contradict the clocks
  ["wrong/equal-acks-missed", 9],
  // more latencies at once than are counted at a time
  ["recall/df-without-ids", 14],
])("%s, seed %i: no pair is wrong, and every line can be read", async (name, seed) => {
  const outcome = await outcomeOf(name, join(folder, name, String(seed)), seed, { natcorr, packets: undefined });
  expect(outcome.score.examples).toEqual([]);
  expect(isFaultless(outcome)).toBe(true);
});
