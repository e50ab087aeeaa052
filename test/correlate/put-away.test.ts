/** Of a packet that was put away, nothing but its side and its twin is known: where its record was, another packet's may be. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { correlate, NdjsonReporter, openCapture, packetSources } from "../../src/index.js";
import { Timeline } from "../../src/packets/timeline.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));

type Read = (this: Timeline, row: number) => number;
/** What tells where a row's record, and what becomes of it, are: all reading goes by these. */
const READS = new Map<string, Read>(
  ["recordOf", "fateOf"].map((name) => [name, Reflect.get(Timeline.prototype, name)]),
);

/** What read a packet that was put away: the stack of each. */
const readers = new Set<string>();

function watched(read: Read): Read {
  return function (this: Timeline, row: number): number {
    if (!this.isKnown(row)) readers.add(new Error("put away").stack?.split("\n").slice(2, 6).join("\n") ?? "");
    return read.call(this, row);
  };
}

beforeAll(() => {
  for (const [name, read] of READS) Reflect.set(Timeline.prototype, name, watched(read));
});
afterAll(() => {
  for (const [name, read] of READS) Reflect.set(Timeline.prototype, name, read);
});

it.each(readdirSync(FIXTURES))("%s: nothing is read of packets that were put away", async (name) => {
  readers.clear();
  const open = (side: string) => openCapture(`${FIXTURES}${name}/${side}.pcap`, { onWarning: () => {} });
  const packets = await packetSources([await open("inside")], [await open("outside")]);
  // where no pairs are shown, they are put away at once
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  await correlate(...packets, { windowNs: 1e9, clock: { kind: "auto" }, maxPairs: Number.POSITIVE_INFINITY }, reporter);
  expect([...readers]).toEqual([]);
});
