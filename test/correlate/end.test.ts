import { expect, it } from "vitest";
import { STRETCH } from "../../src/correlate/intake/copies.js";
import { correlate } from "../../src/correlate/correlate.js";
import { Capture, Outcome, outcomeOf, type Stamped, us } from "./outcome.js";
import { conversation, inStep, merged } from "./traffic.js";

it("stops after so many pairs, and sums up what it decided about", async () => {
  const { inside, outside } = conversation(40);
  for (const maxPairs of [1, 7, 40]) {
    const outcome = await outcomeOf(inside, outside, { maxPairs });
    expect(outcome.twins).toEqual(inStep(maxPairs));
    expect(outcome.summary.inside.paired).toBe(maxPairs);
    expect(outcome.summary.inside.frames).toBe(maxPairs);
    expect(outcome.summary.outside.frames).toBe(maxPairs);
  }
});

it("says the same of the clocks after so many pairs, whatever pieces the captures come in", async () => {
  // clocks that drift: the further natcorr looks, the better it knows them
  const { inside, outside } = conversation(4000, { everyUs: 1500 });
  const drifting = outside.map(({ ns, packet }) => ({ ns: Math.round(ns * 1.00006 + 5e9), packet }));
  const clockAfter = async (maxPairs: number, batch: number) =>
    (await outcomeOf(inside, drifting, { maxPairs, batches: [batch, batch] })).summary.clock;
  for (const maxPairs of [10, 1500]) {
    const clock = await clockAfter(maxPairs, 4096);
    expect(clock.source).toBe("estimated");
    for (const batch of [1, 100, 1024]) expect(await clockAfter(maxPairs, batch)).toEqual(clock);
  }
});

it("counts only what is shown where pairs beyond the limit are known already", async () => {
  // frame 1 has no twin and is waited for; all pairs behind it come at once
  const { inside, outside } = conversation(20, { startUs: 100 });
  const early = conversation(1, { seed: 9 }).inside;
  const outcome = await outcomeOf(merged(early, inside), outside, { maxPairs: 3, windowNs: 100_000_000 });
  expect(outcome.pairs).toHaveLength(3);
  for (const side of [outcome.summary.inside, outcome.summary.outside]) {
    expect(side.frames).toBe(side.paired + side.unmatched + side.ambiguous + side.notIp + side.undecodable);
    expect(side.paired).toBe(3);
  }
});

it("takes no packet more once the pair has come that held up all that are wanted", async () => {
  const { inside, outside } = conversation(40, { startUs: 100 });
  const early = conversation(1, { seed: 9, srcPort: 41_000 });
  const late = early.outside.map(({ ns, packet }) => ({ ns: ns + 1_050_000, packet }));
  for (const maxPairs of [4, 8]) {
    const outcome = await outcomeOf(merged(early.inside, inside), merged(late, outside), { maxPairs });
    expect(outcome.pairs).toHaveLength(maxPairs);
    // those that came by then, the eleventh a moment later
    expect(outcome.flows.map(({ pairs }) => pairs)).toEqual([10, 1]);
  }
});

it("ends soon after it is told to, with what was read so far", async () => {
  const { inside, outside } = conversation(1200);
  const signal = { aborted: false };
  const outcome = new Outcome();
  const seen: number[] = [];
  const sink = Object.assign(outcome, {
    pair: (...args: Parameters<Outcome["pair"]>) => {
      Outcome.prototype.pair.apply(outcome, args);
      seen.push(outcome.pairs.length);
      signal.aborted = true;
    },
  });
  await correlate(
    [new Capture("docker0", inside, 0n, 10)],
    [new Capture("enp0s3", outside, 0n, 10)],
    { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY },
    sink,
    signal,
  );
  expect(seen.length).toBeGreaterThan(0);
  // what was looked at for copies has been read
  expect(seen.length).toBeLessThanOrEqual(STRETCH + 20);
  expect(outcome.twins).toEqual(inStep(seen.length));
  expect(outcome.summary.inside.paired).toBe(seen.length);
});

it("hands on the error of a source, after what was known before it", async () => {
  const { inside, outside } = conversation(20);
  class Broken extends Capture {
    override async next() {
      const batch = await super.next();
      if (batch === null) throw new Error("frame 21: torn");
      return batch;
    }
  }
  const outcome = new Outcome();
  const options = { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY } as const;
  const run = correlate([new Broken("docker0", inside)], [new Capture("enp0s3", outside)], options, outcome);
  await expect(run).rejects.toThrow("frame 21: torn");
  expect(outcome.pairs.length).toBeGreaterThanOrEqual(19);
});

it("tells results in the order of their inside stamps", async () => {
  const a = conversation(30, { everyUs: 90 });
  const b = conversation(30, { everyUs: 70, srcPort: 41_000, seed: 5 });
  const outcome = await outcomeOf(merged(a.inside, b.inside), merged(a.outside, b.outside));
  expect(outcome.pairs.map(({ inside }) => inside)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
});

it("sorts stamps that are out of order", async () => {
  const { inside, outside } = conversation(20);
  const shuffled = outside.map((_, at) => outside[at ^ 1]);
  const outcome = await outcomeOf(inside, shuffled);
  expect(outcome.twins).toEqual(inStep(20).map(([i, o]) => [i, ((o - 1) ^ 1) + 1]));
  expect(outcome.pairs.map(({ latencyNs }) => latencyNs)).toEqual(
    outcome.pairs.map((_, at) => (at % 2 === 0 ? 20_000 : 10_000)),
  );
});

it("pairs twins whose stamps are the wrong way round by as much as two processors' may be", async () => {
  const { inside, outside } = conversation(20);
  const early = outside.map(({ ns, packet }, at) => ({ ns: at % 2 === 0 ? ns - 28_000 : ns + 18_000, packet }));
  const sorted = early.toSorted((a, b) => a.ns - b.ns);
  const outcome = await outcomeOf(inside, sorted, { clock: { kind: "none" } });
  expect(outcome.pairs).toHaveLength(20);
  for (const { inside: i, outside: o } of outcome.pairs) expect(sorted[o - 1]).toBe(early[i - 1]);
  expect(outcome.pairs[0].latencyNs).toBe(-8000);
});

it("tells once of a packet that comes so late in its capture that its window is over, and pairs it with nothing", async () => {
  const { inside, outside } = conversation(24, { everyUs: 5000 });
  // the 22nd comes where nothing waits any more: it is decided about at once, and gone before its twin comes, as late
  const outcome = await outcomeOf(
    [...inside.toSpliced(21, 1), inside[21]],
    [...outside.slice(0, 21), outside[22], outside[21], outside[23]],
    {
      windowNs: 1_000_000,
      clock: { kind: "none" },
      batches: [1, 1],
    },
  );
  expect(outcome.alone.map(({ side, frame }) => [side, frame])).toEqual([
    ["outside", 23],
    ["inside", 24],
  ]);
  expect(outcome.pairs).toHaveLength(23);
});

it("a frame's first batch may be empty", async () => {
  const { inside, outside } = conversation(4);
  const arp = us(0, new Uint8Array(28));
  const outcome = new Outcome();
  await correlate(
    [new Capture("docker0", [arp, ...inside], 0n, 1)],
    [new Capture("enp0s3", outside, 0n, 3)],
    { windowNs: 1e9, clock: { kind: "auto" }, maxPairs: Number.POSITIVE_INFINITY },
    outcome,
  );
  expect(outcome.pairs).toHaveLength(4);
  expect(outcome.summary.inside).toMatchObject({ frames: 5, paired: 4, undecodable: 1 });
});

/** Every second packet, 0.9 ms later. */
const late = ({ ns, packet }: Stamped, n: number): Stamped => ({ ns: n % 2 === 0 ? ns + 900_000 : ns, packet });

it("does not call dropped what may have come out once the other capture had ended", async () => {
  const known = conversation(80, { everyUs: 2000 });
  const inside = merged(known.inside, conversation(1, { startUs: 158_700, seed: 9, srcPort: 9 }).inside);
  const outcome = await outcomeOf(inside, known.outside.map(late));
  expect(outcome.pairs).toHaveLength(80);
  expect(outcome.alone).toMatchObject([{ side: "inside", verdict: "unknown" }]);
});
