import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { correlate } from "../../src/correlate/correlate.js";
import type { Flow } from "../../src/packets/flows/flows.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { PairTimes } from "../../src/packets/results/pair-times.js";
import { PassingSink } from "../../src/packets/results/passing-sink.js";
import type { Tables } from "../../src/packets/results/results.js";
import { decodeHere } from "../../src/pipeline/decoding.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");

/** Counts pairs, and wants to be told of the first ones alone, and of those that were found before it had these. */
class Counting extends PassingSink {
  told = 0;
  times!: PairTimes;
  readonly #most: number;

  constructor(reporter: NdjsonReporter, most: number) {
    super(reporter);
    this.#most = most;
  }

  override get wantsPairs(): boolean {
    return true;
  }

  override get pairTimes(): PairTimes | undefined {
    return this.told < this.#most ? undefined : this.times;
  }

  override begin(tables: Tables): void {
    this.times = new PairTimes(tables.timeline.heap, () => {});
    super.begin(tables);
  }

  override pair(inside: number, outside: number, _: Flow, isOutbound: boolean, latencyNs: number): void {
    this.told++;
    this.times.count(this.tables.timeline.timeNs(isOutbound ? inside : outside), isOutbound, latencyNs);
  }
}

/** What is told of a fixture beside its pairs, and what these come to, where so many are told one by one at the most, but for those that are not for the kernel. */
async function countedIn(fixture: string, most: number) {
  const heap = new Heap();
  const lines: string[] = [];
  const reporter = new NdjsonReporter(
    (utf8, onTaken) => {
      lines.push(Buffer.from(utf8).toString());
      onTaken?.();
    },
    { program: "0", quiet: false },
  );
  const sink = new Counting(reporter, most);
  const from = ["inside", "outside"].map((side) => [join(FIXTURES, fixture, `${side}.pcap`)]);
  const decoding = await decodeHere(
    [[from[0]], [from[1]]],
    { onWarning: () => {}, onBytes: () => {} },
    (next) => next(),
    heap,
  );
  await correlate(
    ...decoding.packets,
    { windowNs: 1e9, maxPairs: Number.POSITIVE_INFINITY, clock: { kind: "auto" }, heap },
    sink,
  );
  await decoding.close();
  reporter.flush();
  const { times, told } = sink;
  const ways = [true, false].map((isOutbound) => ({
    pairs: [...times.pairs(isOutbound)],
    latencies: [times.quantiles(isOutbound, 0.5), times.quantiles(isOutbound, 0.99)],
  }));
  return { told, counted: { lines: lines.join(""), fromNs: times.fromNs, binNs: times.binNs, ways } };
}

const fixtures = readdirSync(FIXTURES).filter((name) => readdirSync(join(FIXTURES, name)).includes("inside.pcap"));

it.each(fixtures)(
  "%s: what is counted instead of told comes to the same, and leaves the rest as it is",
  async (name) => {
    const all = await countedIn(name, Number.POSITIVE_INFINITY);
    for (const most of [1, 7]) {
      const some = await countedIn(name, most);
      expect(some.counted).toEqual(all.counted);
      expect(some.told).toBeLessThanOrEqual(all.told);
    }
  },
);

it("counts instead of telling", async () => {
  const [all, some] = [await countedIn("downloads", Number.POSITIVE_INFINITY), await countedIn("downloads", 1)];
  expect(some.told).toBeLessThan(all.told);
});
