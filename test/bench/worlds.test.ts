/** Worlds in which a pair was wrong, or a number none, that no smaller capture shows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { isFaultless, isTrue, outcomeOf, type Program } from "../../scripts/bench/accuracy.js";
import { missedTarget } from "../../scripts/bench/scoreboard.js";
import { natcorr as run } from "../support/natcorr.js";

const folder = mkdtempSync(join(tmpdir(), "natcorr-worlds-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** In this process, which has run the program often enough to be fast. */
const natcorr: Program = async (words, read) => {
  const { code, stdout } = await run("file", ...words, "--format", "ndjson");
  for (const line of stdout.split("\n")) if (line !== "") read(line);
  return code;
};

it.each<[name: string, seed: number, packets?: number]>([
  // two strangers' pings to a server that all of them ping
  ["unrelated-beats", 45],
  // of one clone's SYN the inside missed, and two equal ones left
  ["wrong/clones-scan-in-step", 1],
  // a segment sent again within what the clocks are uncertain by
  ["everything-elsewhere", 10],
  // acknowledgements of which each capture missed another one contradict the clocks
  ["wrong/equal-acks-missed", 9],
  // one such acknowledgement, at the beginning, bounds the offset on one side
  ["wrong/equal-acks-missed", 61],
  // a router's ID that is that of the packet before it, and equals that of a sender's fourth packet behind
  ["wrong/router-ids-sequential", 64],
  // one that took a millisecond longer than the others, and so left just before another one entered
  ["recall/stream-latency-over-spacing", 46],
  // one held up by as much as equal ones are apart, and the next one lost
  ["wrong/order-rare-misses", 24, 1850],
  // one behind a queue that grew to what they are apart, taken for in time before the next ones showed it
  ["wrong/queue-over-spacing", 16],
  // a clock set forth by three times what equal ones are apart, and each of the others late by as much
  ["wrong/clock-set-beside-beats", 13],
  // … of which none has crossed since when the first of them seems to be in time
  ["wrong/clock-set-beside-beats", 25],
  // one that is settled, and left without others by the pair of the one behind it
  ["heartbeats", 101],
  // what the host's own client of a time server is told, taken for what a container is told, which took longer than anything before
  ["wrong/time-of-one-server", 4],
  // one that took seven times as long as any before by its port, of two that swap ports and places
  ["wrong/ports-by-turns", 23, 140],
  // one by either of the two ports that its host had lately
  ["wrong/ports-by-turns", 35],
  // one of a crowd, of which the other of two that its host sent at once left by a port that nobody knows yet
  ["wrong/crowd-of-two-translations", 4],
  // one that was lost, taken for an equal one of its flow that was held up, and left as soon behind it as twins do
  ["wrong/held-up-beside-losses", 17],
  // more latencies at once than are counted at a time
  ["recall/df-without-ids", 14],
])("%s, seed %i: no pair is wrong, and every line can be read", async (name, seed, packets) => {
  const outcome = await outcomeOf(name, join(folder, name, String(seed)), seed, natcorr, packets);
  expect(outcome.score.examples).toEqual([]);
  expect(isFaultless(outcome)).toBe(true);
});

it.each([18, 54])(
  "a clock that few datagrams show to have been set is said to be uncertain by as much, seed %i",
  async (seed) => {
    const outcome = await outcomeOf("said/clock-set-early", join(folder, "set", String(seed)), seed, natcorr);
    expect(isFaultless(outcome) && isTrue(outcome)).toBe(true);
  },
);

it("packets that are flows of their own are found though some take longer than all before them", async () => {
  const outcome = await outcomeOf("wrong/scan-with-one-number", join(folder, "scan"), 5, natcorr);
  expect(missedTarget([outcome], { recall: 0.99, told: 0 })).toBeNull();
});

it("what left right behind one that took long did not swap translations with that one", async () => {
  const outcome = await outcomeOf("recall/heartbeats-alike-between-flows", join(folder, "beats"), 15, natcorr);
  expect(missedTarget([outcome], { recall: 1 })).toBeNull();
});

it("what a router held up for longer than the window is no loss of a capture that counts one", async () => {
  const outcome = await outcomeOf("said/router-stands-still", join(folder, "still"), 1, natcorr);
  expect(isFaultless(outcome) && isTrue(outcome)).toBe(true);
});

it("a target is missed where too little is found, and nothing is true where something false is said", async () => {
  const world = ["recall/nat64-alike-beginnings", join(folder, "told"), 1] as const;
  const found = await outcomeOf(...world, natcorr);
  expect(missedTarget([found], { recall: 1 })).toBeNull();
  expect(isTrue(found)).toBe(true);
  const silent: Program = (words, read) =>
    natcorr(words, (line) => (line.startsWith('{"type":"pair"') ? undefined : read(line)));
  expect(missedTarget([found, await outcomeOf(...world, silent)], { recall: 1 })).toBe("less than the 100 % asked for");
  const liar: Program = (words, read) => natcorr(words, (line) => read(line.replace(/"nat":"[^"]+"/, '"nat":"dnat"')));
  expect(isTrue(await outcomeOf(...world, liar))).toBe(false);
});

it("a target is missed where verdicts that the captures decide are left unknown", async () => {
  const world = ["said/ttl-set-64", join(folder, "verdicts"), 1] as const;
  expect(missedTarget([await outcomeOf(...world, natcorr)], { recall: 0.9 })).toBeNull();
  const shy: Program = (words, read) =>
    natcorr(words, (line) => read(line.replace('"verdict":"dropped"', '"verdict":"unknown"')));
  const missed = missedTarget([await outcomeOf(...world, shy)], { recall: 0.9 });
  expect(missed).toBe("fewer verdicts than the 80.000 % asked for");
});
