import * as fc from "fast-check";
import { runs } from "../../support/runs.js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ClockOption, correlate } from "../../../src/correlate/correlate.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { Interface, looks } from "../interface.js";
import { disordered, mixed, stragglers } from "../mixed-traffic.js";
import { Capture, correlated, type Options, Outcome, outcomeOf, type Stamped, told, us } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, inStep, merged, segment, SERVER, type Sides } from "../traffic.js";
import { locals } from "../unforwarded.js";

interface Bent {
  readonly aheadNs: number;
  readonly ppm: number;
}

/** The frames as a clock stamps them that is ahead, and faster. */
function bent(frames: readonly Stamped[], { aheadNs, ppm }: Bent): Stamped[] {
  return frames.map(({ ns, packet }) => ({ ns: Math.round(ns * (1 + ppm / 1e6)) + aheadNs, packet }));
}

const oneClock = fc.record({
  bend: fc.constant<Bent>({ aheadNs: 0, ppm: 0 }),
  clock: fc.constantFrom<ClockOption[]>({ kind: "none" }, { kind: "none", slackNs: 30_000 }, { kind: "auto" }),
});
const otherClock = fc
  .record({
    aheadNs: fc.constantFrom(-40_000, 3_000_000, 7_200e9),
    ppm: fc.constantFrom(0, 50, -200),
    errorNs: fc.option(fc.constantFrom(0, 25_000)),
  })
  .map(({ aheadNs, ppm, errorNs }): { bend: Bent; clock: ClockOption } => ({
    bend: { aheadNs, ppm },
    clock: errorNs === null ? { kind: "auto" } : { kind: "given", offsetNs: BigInt(aheadNs + errorNs) },
  }));

const cut = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })), {
  minLength: 1,
  maxLength: 5,
});

/** Two captures of traffic of all sorts, and how they are to be read. */
const captures = fc
  .record({
    sides: mixed,
    clocks: fc.oneof(oneClock, otherClock),
    late: fc.tuple(stragglers, stragglers),
    batches: fc.option(fc.tuple(cut, cut), { nil: undefined }),
    windowNs: fc.constantFrom(1_000_000, 50_000_000, 1_000_000_000),
  })
  .map(({ sides, clocks, late, batches, windowNs }) => ({
    inside: disordered(sides.inside, late[0]),
    outside: disordered(bent(sides.outside, clocks.bend), late[1]),
    options: { clock: clocks.clock, windowNs, ...(batches && { batches }) } satisfies Options,
  }));

/** What is told of packets, in its order. */
function ofPackets({ records, flows, findings }: Outcome): object[] {
  const others = new Set<object>([...flows, ...findings]);
  return records.filter((record) => !others.has(record));
}

describe("with a limit to the pairs", () => {
  const limit = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }));

  it("tells what it tells without one, up to there", async () => {
    await fc.assert(
      fc.asyncProperty(captures, limit, async ({ inside, outside, options }, maxPairs) => {
        const all = await correlated(inside, outside, options);
        const some = await correlated(inside, outside, { ...options, maxPairs });
        const told = ofPackets(some);
        expect(told).toEqual(ofPackets(all).slice(0, told.length));
        expect(some.pairs).toHaveLength(Math.min(maxPairs, all.pairs.length));
      }),
      { numRuns: runs(8) },
    );
  });

  it("comes to the same however captures are cut into batches", async () => {
    await fc.assert(
      fc.asyncProperty(captures, cut, cut, limit, async ({ inside, outside, options }, a, b, maxPairs) => {
        const whole = await correlated(inside, outside, { ...options, maxPairs });
        const pieces = await correlated(inside, outside, { ...options, maxPairs, batches: [a, b] });
        expect([pieces.pairs, pieces.flows]).toEqual([whole.pairs, whole.flows]);
      }),
      { numRuns: runs(10) },
    );
  });
});

it("all that is told comes to the same however captures are cut into batches", async () => {
  await fc.assert(
    fc.asyncProperty(captures, cut, cut, async ({ inside, outside, options }, a, b) => {
      const whole = await correlated(inside, outside, options);
      const pieces = await correlated(inside, outside, { ...options, batches: [a, b] });
      expect(told(pieces)).toEqual(told(whole));
    }),
    { numRuns: runs(8), endOnFailure: true },
  );
});

it("follows clocks that drift apart live", async () => {
  const { inside, outside } = conversation(200, { everyUs: 1000 });
  const outcome = new Outcome();
  await correlate(
    [new Interface("docker0", looks(inside, 10e6, 1.4e9))],
    [new Interface("enp0s3", looks(bent(outside, { aheadNs: 3_000_000, ppm: -500 }), 10e6, 1.4e9))],
    { windowNs: 1e9, clock: { kind: "auto" }, maxPairs: Number.POSITIVE_INFINITY },
    outcome,
  );
  expect(outcome.summary.clock.source).toBe("estimated");
  expect(outcome.twins).toEqual(inStep(200));
});

it("what is told does not depend on what else anybody wants to see", async () => {
  const some = fc.constantFrom("no pairs" as const, "totals" as const);
  await fc.assert(
    fc.asyncProperty(captures, some, async ({ inside, outside, options }, wants) => {
      const quiet = await correlated(inside, outside, { ...options, wants });
      expect(quiet.pairs).toEqual([]);
      expect(told(quiet)).toEqual(told(await correlated(inside, outside, options), wants));
    }),
    { numRuns: runs(10) },
  );
});

it("packets that nobody forwards get the same verdicts, be they told or counted", async () => {
  const verdicts = new Set<string>();
  const windowNs = fc.constantFrom(1_000_000, 20_000_000, 1_000_000_000);
  const patterns = fc.option(fc.tuple(cut, cut), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(locals, fc.nat(100), windowNs, patterns, async (local, count, windowNs, batches) => {
      // teaches the NAT's address, which much is judged by, at once, soon or never
      const busy = conversation(count, { startUs: 100_000, everyUs: 5000 });
      const inside = merged(busy.inside, local.inside);
      const outside = merged(busy.outside, local.outside);
      const options = { clock: CLOCK, windowNs, ...(batches && { batches }) };
      const all = await correlated(inside, outside, options);
      for (const { verdict } of all.alone) verdicts.add(verdict);
      for (const wants of ["no pairs", "totals"] as const)
        expect(told(await correlated(inside, outside, { ...options, wants }))).toEqual(told(all, wants));
    }),
    { numRuns: runs(14) },
  );
  expect([...verdicts]).toEqual(expect.arrayContaining(["local", "proxied", "dropped", "unknown"]));
});

/** A segment of the flow that `conversation` teaches, outbound, with the IP ID `n`. */
function outbound(side: "inside" | "outside", atUs: number, n: number): Stamped {
  const of = { dst: SERVER, srcPort: 40_000, dstPort: 80, seq: 5_000_000 + n, ack: 9, ipId: n };
  return us(atUs, segment(side === "inside" ? { ...of, src: CONTAINER, ttl: 64 } : { ...of, src: HOST, ttl: 63 }));
}

/** The same, inbound. */
function inbound(side: "inside" | "outside", atUs: number, n: number): Stamped {
  const of = { src: SERVER, srcPort: 80, dstPort: 40_000, seq: 7_000_000 + n, ack: 9, ipId: n };
  return us(atUs, segment(side === "inside" ? { ...of, dst: CONTAINER, ttl: 52 } : { ...of, dst: HOST, ttl: 53 }));
}

/** Frames of which, now and then, one that goes into the NAT is missing, and one that comes out of it. */
function without(frames: readonly Stamped[], ...missing: readonly number[]): Stamped[] {
  return frames.filter((_, n) => n < 20 || !missing.includes(n % 20));
}

const KNOWN_FRAMES = 20;
const known = conversation(KNOWN_FRAMES);
const CLOCK = { kind: "none" } as const;

describe("the loop", () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([Number.POSITIVE_INFINITY, 400])(
    "takes most packets of a known conversation, of %s pairs",
    async (maxPairs) => {
      const { inside, outside } = conversation(400);
      // the loop writes to the timeline itself
      const append = vi.spyOn(Timeline.prototype, "append");
      await correlated(inside, outside, { clock: CLOCK, maxPairs });
      expect(append.mock.calls.length).toBeLessThan(100);
    },
  );

  it("takes those of a known conversation as well that one capture has nothing of", async () => {
    const { inside, outside } = conversation(400);
    const append = vi.spyOn(Timeline.prototype, "append");
    const outcome = await correlated(without(inside, 3, 10), without(outside, 5, 12), {
      clock: CLOCK,
      windowNs: 1_000_000,
      wants: "totals",
    });
    expect(append.mock.calls.length).toBeLessThan(20);
    expect(outcome.summary.inside).toMatchObject({ paired: 324, unmatched: 38 });
    expect(outcome.summary.outside).toMatchObject({ paired: 324, unmatched: 38 });
  });

  it("leaves alone what goes the other way, equal in all but that", async () => {
    // those that they were made of are in neither capture
    const hello = { dst: SERVER, srcPort: 5000, dstPort: 5000 };
    const first = { ...hello, ipId: 51, text: "hello" };
    const same = { ipId: 7, text: "alive", srcPort: 5000, dstPort: 5000 };
    const inside = [
      us(9000, datagram({ ...first, src: CONTAINER, ttl: 64 })),
      us(9500, datagram({ ...same, src: SERVER, dst: CONTAINER, ttl: 52 })),
    ];
    const outside = [
      us(9020, datagram({ ...first, src: HOST, ttl: 63 })),
      us(9510, datagram({ ...same, src: HOST, dst: SERVER, ttl: 63 })),
      // the loop needs to know that more is to come
      us(9600, datagram({ ...first, ipId: 52, src: HOST, ttl: 63 })),
    ];
    const later = us(9610, datagram({ ...first, ipId: 53, src: CONTAINER, ttl: 64 }));
    const outcome = await outcomeOf([...known.inside, ...inside, later], [...known.outside, ...outside]);
    expect(outcome.twins).toEqual(inStep(KNOWN_FRAMES + 1));
  });

  it("does not take for twins what can be sent again, and would have been under way for far longer than others", async () => {
    // the second one was sent again, of which the inside capture has nothing
    const taught = conversation(80);
    const inside = [outbound("inside", 10_000, 0), outbound("inside", 410_100, 1)];
    const outside = [outbound("outside", 410_000, 0), outbound("outside", 410_120, 1)];
    const outcome = await outcomeOf([...taught.inside, ...inside], [...taught.outside, ...outside]);
    expect(outcome.twins.slice(80)).toEqual([[82, 82]]);
  });

  it("tells packets apart by both halves of their keys", async () => {
    const [a, b] = await colliding();
    const [atUs, laterUs] = [9500, 9505];
    // the second one overtakes the first
    const inside = [
      us(9000, a.of(CONTAINER, 64, "hi")),
      us(atUs, a.of(CONTAINER, 64)),
      us(laterUs, b.of(CONTAINER, 64)),
    ];
    const outside = [us(9020, a.of(HOST, 63, "hi")), us(9520, b.of(HOST, 63)), us(9525, a.of(HOST, 63))];
    const more = [outbound("inside", 9600, 1), outbound("outside", 9620, 1)];
    const outcome = await outcomeOf([...known.inside, ...inside, more[0]], [...known.outside, ...outside, more[1]]);
    const own = outcome.twins.slice(KNOWN_FRAMES).map((frames) => frames.map((frame) => frame - KNOWN_FRAMES));
    expect(own).toEqual([
      [1, 1],
      [2, 3],
      [3, 2],
      [4, 4],
    ]);
  });

  it("comes to the same where a packet comes so late in its capture that its window is over", async () => {
    const late = { ...outbound("inside", 5000, 3) };
    const inside = [inbound("inside", 10_000, 1), late, outbound("inside", 12_000, 3)];
    const outside = [inbound("outside", 9_990, 1), outbound("outside", 12_020, 3)];
    const outcome = await outcomeOf([...known.inside, ...inside], [...known.outside, ...outside], {
      windowNs: 1_000_000,
      clock: CLOCK,
      batches: [[KNOWN_FRAMES + 1, 1], 1],
    });
    expect(outcome.verdicts("inside")).toEqual([[KNOWN_FRAMES + 2, "unknown"]]);
    expect(outcome.pairs.at(-1)).toMatchObject({ inside: KNOWN_FRAMES + 3, outside: KNOWN_FRAMES + 2, by: "exact" });
  });

  it("takes none that comes behind a clock that was set back by more than the window", async () => {
    const before = Array.from({ length: 21 }, (_, n) => ({ atUs: 10_000 + 30_000 * n, n }));
    const late = Array.from({ length: 8 }, (_, n) => outbound("inside", 460_000 + 10 * n, n));
    const behind = Array.from({ length: 8 }, (_, n) => ({ atUs: 530_000 + 30_000 * n, n: 10 + n }));
    const inside = before.map(({ atUs, n }) => inbound("inside", atUs, n));
    const outside = before.map(({ atUs, n }) => inbound("outside", atUs - 10, n));
    inside.push(...late, ...behind.map(({ atUs, n }) => outbound("inside", atUs, n)));
    outside.push(...behind.map(({ atUs, n }) => outbound("outside", atUs + 20, n)));
    const options = { windowNs: 100_000_000, clock: CLOCK, patienceNs: 0 };
    const outcome = await outcomeOf([...known.inside, ...inside], [...known.outside, ...outside], options);
    expect(outcome.alone.map(({ frame, reason }) => [frame, reason])).toEqual(
      late.map((_, n) => [KNOWN_FRAMES + before.length + 1 + n, "stamp-leaps"]),
    );
  });

  it("comes to the same where idle conversations are let go, and the busy ones stay", async () => {
    const sides = manyConversations(33_000);
    const outcome = await outcomeOf(sides.inside, sides.outside, { clock: CLOCK });
    // let go of, and told of before the end: the first ones, but not the one that goes on
    const ids = outcome.flows.map(({ id }) => id);
    expect(ids[0]).toBe(2);
    expect(ids.at(-1)).toBe(33_001);
    expect(ids.indexOf(1)).toBeGreaterThan(1000);
    expect(outcome.flows.find(({ id }) => id === 1)).toMatchObject({ pairs: 1001 });
    expect(outcome.flows).toHaveLength(33_001);
  });
});

/** A datagram that can be had as either side sees it, and with another text. */
interface Either {
  of(src: string, ttl: number, text?: string): Uint8Array;
}

function numbered(n: number, src = CONTAINER, ttl = 64, text = String(n >> 8).padStart(4, "0")): Uint8Array {
  return datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 5000, ipId: 1 + (n & 255), ttl, text });
}

/** Two datagrams whose keys have the first half in common: among 65,536 packets there are two as soon as not. */
async function colliding(): Promise<readonly [Either, Either]> {
  const seen = new Map<number, number>();
  for (let first = 0; first < 2 ** 20; first += 4096) {
    const frames = Array.from({ length: 4096 }, (_, k) => ({ ns: k, packet: numbered(first + k) }));
    const batch = (await new Capture("docker0", frames).next())!;
    for (let row = 0; row < batch.count; row++) {
      const before = seen.get(batch.key(row));
      if (before !== undefined) {
        const either = (n: number): Either => ({ of: (src, ttl, text) => numbered(n, src, ttl, text) });
        return [either(before), either(first + row)];
      }
      seen.set(batch.key(row), first + row);
    }
  }
  throw new Error("no two keys have the first half in common");
}

/** So many conversations of three packets in 100 s, one after the other, and one that goes on all the time. */
function manyConversations(count: number): Sides {
  const parts: Sides[] = [];
  const everyUs = 100e6 / count;
  for (let n = 0; n < count; n++) {
    const port = 1024 + n;
    const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
    for (const [k, atUs] of [100, 200, 300].map((us, k) => [k, Math.round(everyUs * n + us)] as const)) {
      const of = { ipId: 1 + ((3 * n + k) & 0x7fff), text: `${n} ${k}` };
      if (k === 1) {
        const back = { ...of, src: SERVER, srcPort: 53, dstPort: port };
        outside.push(us(atUs, datagram({ ...back, dst: HOST, ttl: 53 })));
        inside.push(us(atUs + 10, datagram({ ...back, dst: CONTAINER, ttl: 52 })));
      } else {
        const out = { ...of, dst: SERVER, srcPort: port, dstPort: 53 };
        inside.push(us(atUs, datagram({ ...out, src: CONTAINER, ttl: 64 })));
        outside.push(us(atUs + 20, datagram({ ...out, src: HOST, ttl: 63 })));
      }
    }
    parts.push({ inside, outside });
  }
  parts.push(conversation(1001, { everyUs: 100_000 }));
  return {
    inside: merged(...parts.map(({ inside }) => inside)),
    outside: merged(...parts.map(({ outside }) => outside)),
  };
}
