import * as fc from "fast-check";
import { runs } from "../../support/runs.js";
import { describe, expect, it } from "vitest";
import type { ClockOption } from "../../../src/correlate/clock/clock.js";
import { MarkedPackets } from "../../../src/correlate/intake/marked-packets.js";
import { Intake } from "../../../src/correlate/intake/intake.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { IS_MISTIMED } from "../../../src/packets/packets.js";
import { Capture, type Cut, type Outcome, correlated, outcomeOf, type Stamped, told } from "../outcome.js";
import { busyTraffic, clocksSet, cuts } from "../stamps.js";
import { conversation, datagram, HOST, inStep, merged, SERVER, type Sides } from "../traffic.js";

const WINDOW_NS = 1e9;
const packet = datagram({ src: HOST, dst: SERVER, ttl: 64, ipId: 1, srcPort: 1, dstPort: 2, text: "x" });

/** A frame as it was given: its number, when it passed, and how far its stamp leaps. */
interface Given {
  readonly frame: number;
  readonly atNs: number;
  readonly leapNs: number;
}

/** What comes of a capture with these stamps: frames with their times, in their order. */
async function taken(stampsNs: readonly number[], cut: Cut): Promise<{ frames: Given[]; intake: Intake }> {
  const stamped = stampsNs.map((ns): Stamped => ({ ns, packet }));
  const source = new Capture("docker0", stamped, 0n, cut);
  const heap = new Heap();
  const intake = new Intake(source, new MarkedPackets(source, heap), heap, WINDOW_NS);
  const frames: Given[] = [];
  for (let batch = await intake.next(); batch !== null; batch = await intake.next()) {
    for (let row = 0; row < batch.count; row++) {
      const isMistimed = (batch.flags(row) & IS_MISTIMED) !== 0;
      const frame = batch.frame(row);
      frames.push({ frame, atNs: batch.stampNs(row), leapNs: isMistimed ? intake.leapNs(frame) : 0 });
    }
  }
  return { frames, intake };
}

describe("the packets of a capture in order of time", () => {
  const step = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 1_000_000 }), weight: 20 },
    { arbitrary: fc.integer({ min: -3_000_000, max: 3_000_000 }), weight: 5 },
    { arbitrary: fc.integer({ min: -500_000_000, max: 500_000_000 }), weight: 1 },
    { arbitrary: fc.integer({ min: -100_000_000_000, max: 100_000_000_000 }), weight: 1 },
  );

  it("are the same however it is cut, and each is there once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 300 }), cuts, fc.boolean(), async (steps, cut, isSpiky) => {
        let ns = 0;
        const stamps = steps.map((by) => (isSpiky && Math.abs(by) > 1e6 ? ns + by : (ns += by)));
        const { frames: whole, intake } = await taken(stamps, 4096);
        const { frames: pieces } = await taken(stamps, cut);
        expect(pieces).toEqual(whole);
        const numbers = whole.map((one) => one.frame).sort((a, b) => a - b);
        expect(numbers).toEqual(stamps.map((_, at) => at + 1));
        expect(intake.leaps.count).toBe(whole.filter((one) => one.leapNs !== 0).length);
      }),
      { numRuns: runs(75) },
    );
  });

  it("are handed on where they lie, as long as they are in order", async () => {
    const stamps = Array.from({ length: 20_000 }, (_, n) => n * 10_000);
    const source = new Capture(
      "docker0",
      stamps.map((ns) => ({ ns, packet })),
      0n,
      4096,
    );
    const heap = new Heap();
    const intake = new Intake(source, new MarkedPackets(source, heap), heap, WINDOW_NS);
    const given = new Set<unknown>();
    let handedOn = 0;
    let copied = 0;
    for (let batch = await intake.next(); batch !== null; batch = await intake.next()) {
      given.add(batch);
      if (batch.isInOrder) handedOn += batch.count;
      else copied += batch.count;
    }
    // the source's batch, its first one, which was looked at for copies, and the one for what waited
    expect(given.size).toBe(3);
    expect(handedOn + copied).toBe(20_000);
    expect(copied).toBeLessThan(4096 / 4);
  });

  it("come within a horizon of others that came before them, wherever batches end", async () => {
    const stamps = Array.from({ length: 100 }, (_, n) => (n % 10 === 9 ? n - 7 : n) * 200_000);
    const { frames } = await taken(stamps, [3, 1, 8]);
    const times = frames.map((one) => one.atNs);
    expect(times).toEqual(stamps.toSorted((a, b) => a - b));
  });

  it("come before those behind a clock that was set back, wherever batches end", async () => {
    const stamps = Array.from({ length: 400 }, (_, n) => 5_000_000 * n - (n < 150 ? 0 : 1_100_000_000));
    for (const cut of [4096, 150, [7, 30]]) {
      const { frames } = await taken(stamps, cut);
      expect(frames.map(({ frame }) => frame)).toEqual(stamps.map((_, at) => at + 1));
    }
  });

  it("do not wait for ever where stamps do not move", async () => {
    const source = new Capture(
      "docker0",
      Array.from({ length: 200_000 }, () => ({ ns: 5, packet })),
      0n,
      4096,
    );
    const heap = new Heap();
    const intake = new Intake(source, new MarkedPackets(source, heap), heap, WINDOW_NS);
    let given = 0;
    for (let batch = await intake.next(); batch !== null && given === 0; batch = await intake.next())
      given += batch.count;
    expect(given).toBeGreaterThan(0);
    expect(source.tally.frames).toBeLessThan(100_000);
  });
});

/** What comes of two captures cut so, and that it is the same as of whole ones. */
async function ofPieces(
  { inside, outside }: Sides,
  batches: readonly [Cut, Cut],
  clock: ClockOption = { kind: "none" },
): Promise<Outcome> {
  const options = { clock };
  const whole = await correlated(inside, outside, options);
  const pieces = await correlated(inside, outside, { ...options, batches });
  expect(told(pieces)).toEqual(told(whole));
  return whole;
}

/** Whether a frame is none of the time in which a capture stood still. */
function isThere({ ns }: Stamped): boolean {
  return ns < 2e9 || ns > 3.5e9;
}

describe("a run", () => {
  it("comes to the same however the captures are cut, whatever their stamps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(busyTraffic, clocksSet), cuts, cuts, async (sides, inside, outside) => {
        const { summary } = await ofPieces(sides, [inside, outside]);
        expect(summary.inside.frames).toBe(sides.inside.length);
      }),
      { numRuns: runs(6) },
    );
  });

  it("loses one pair by one stamp that leaps, on either side, ahead or back", async () => {
    const of = conversation(400, { everyUs: 20_000 });
    for (const side of ["inside", "outside"] as const) {
      for (const leapNs of [2e9, 100e9, -2e9, -100e9]) {
        // a first one that is early may have been there
        for (const at of [leapNs > 0 ? 0 : 1, 200, 397]) {
          const capture = of[side].toSpliced(at, 1, { ...of[side][at], ns: of[side][at].ns + leapNs });
          const outcome = await ofPieces({ ...of, [side]: capture }, [[7, 100], 13]);
          const verdicts = outcome.alone.map(({ verdict }) => verdict);
          const numbers = outcome.alone.map(({ frame }) => frame);
          expect([side, leapNs, outcome.pairs.length, verdicts.includes("dropped"), numbers]).toEqual([
            side,
            leapNs,
            399,
            false,
            [at + 1, at + 1],
          ]);
        }
      }
    }
  });

  it("goes on through an hour of silence", async () => {
    const [early, late] = [conversation(40), conversation(40, { startUs: 3.6e9, srcPort: 41_000, seed: 3 })];
    const sides = { inside: merged(early.inside, late.inside), outside: merged(early.outside, late.outside) };
    expect((await ofPieces(sides, [9, 9])).twins).toEqual(inStep(80));
    const pings = conversation(40, { everyUs: 5e6 });
    expect((await ofPieces(pings, [1, 1])).twins).toEqual(inStep(40));
  });

  it("calls nothing dropped where the halves of a capture are swapped", async () => {
    const { inside, outside } = conversation(2000, { everyUs: 5000 });
    for (const side of ["inside", "outside"] as const) {
      const capture = side === "inside" ? inside : outside;
      const swapped = [...capture.slice(1000), ...capture.slice(0, 1000)];
      const outcome = await ofPieces({ inside, outside, [side]: swapped }, [64, 99]);
      expect(outcome.pairs.length).toBeGreaterThan(990);
      expect(outcome.alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
    }
  });

  it("does not say that a capture lacks a time whose frames stand further on in it", async () => {
    const { inside, outside } = conversation(2000, { everyUs: 5000 });
    const swapped = [...outside.slice(1000), ...outside.slice(0, 1000)];
    const outcome = await ofPieces({ inside, outside: swapped }, [64, 99], { kind: "auto" });
    expect(new Set(outcome.alone.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
  });

  it("says of a time that a capture leaps over no more than that it was not read yet: its frames may stand further on", async () => {
    const { inside, outside } = conversation(3000, { everyUs: 5000 });
    const moved = [...outside.slice(0, 1000), ...outside.slice(2000), ...outside.slice(1000, 2000)];
    const { alone } = await ofPieces({ inside, outside: moved }, [64, 99], { kind: "auto" });
    const silent = alone.filter(({ reason }) => reason === "silence");
    expect(silent.length).toBeGreaterThan(900);
    for (const { why } of silent)
      expect(why).toMatch(
        /^outside has no frame for .* about then, as far as it was read: .*further on, out of their order$/,
      );
  });

  it("calls nothing dropped while the other capture stands still, where much goes on", async () => {
    const { inside, outside } = conversation(6000, { everyUs: 1000 });
    for (const sides of [
      { inside, outside: outside.filter(isThere) },
      { inside: inside.filter(isThere), outside },
    ]) {
      const outcome = await ofPieces(sides, [64, 99]);
      expect(told(await outcomeOf(sides.inside, sides.outside, { clock: { kind: "none" } }))).toEqual(told(outcome));
      expect(new Set(outcome.alone.map(({ verdict, reason }) => `${verdict} ${reason}`))).toEqual(
        new Set(["unknown silence"]),
      );
      expect(outcome.alone.length).toBeGreaterThan(1490);
      expect(outcome.alone.length).toBeLessThan(1510);
    }
  });

  it("still says dropped of a few in a time when there is nothing else", async () => {
    const { inside, outside } = conversation(400, { everyUs: 1000 });
    const lost = conversation(6, { startUs: 700_000, everyUs: 50_000, seed: 7, srcPort: 40_000 });
    const outbound = lost.inside.filter((_, n) => n % 2 === 0);
    const later = conversation(40, { startUs: 1_500_000, seed: 9, srcPort: 40_000 });
    const outcome = await ofPieces(
      { inside: merged(inside, outbound, later.inside), outside: merged(outside, later.outside) },
      [64, 99],
    );
    expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["dropped", "dropped", "dropped"]);
  });
});
