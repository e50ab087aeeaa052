import { describe, expect, it } from "vitest";
import { Clock, STILL } from "../../../src/correlate/clock/clock.js";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, inStep, merged, ping, SERVER, segment } from "../traffic.js";

const EPOCH_NS = 1_700_000_000_000_000_000n;
const NO_STEPS = { steps: [], moreSteps: 0 };
const DAY_NS = 86_400_000_000_000n;

/** The packets as a clock stamps them that is ahead by this much, and faster by this rate. */
function stamped(packets: readonly Stamped[], aheadNs: number, ppm = 0): Stamped[] {
  return packets.map(({ ns, packet }) => ({ ns: Math.round(ns * (1 + ppm / 1e6)) + aheadNs, packet }));
}

describe("given", () => {
  it("an offset is taken out of everything", async () => {
    const { inside, outside } = conversation(20);
    const clock = { kind: "given", offsetNs: 5_000_000_000n } as const;
    // on no grid: what is on one is taken for coarse stamps
    const { pairs, twins, summary } = await outcomeOf(stamped(inside, 1), stamped(outside, 5e9 + 1), { clock });
    expect(twins).toEqual(inStep(20));
    expect(pairs.map(({ latencyNs }) => latencyNs)).toEqual(pairs.map((_, at) => (at % 2 === 0 ? 20_000 : 10_000)));
    expect(summary.clock).toMatchObject({ offsetNs: 5_000_000_000, driftPpm: 0, source: "given", ...NO_STEPS });
    expect(summary.clock.uncertaintyNs).toBeGreaterThanOrEqual(20_000);
    // the two may drift meanwhile
    expect(summary.clock.uncertaintyNs).toBeLessThan(23_000);
  });

  it("a negative one as well, and one that is a little wrong is put right by packets of both directions", async () => {
    const { inside, outside } = conversation(20);
    const clock = { kind: "given", offsetNs: -2_999_950_000n } as const;
    const { pairs, twins, summary } = await outcomeOf(inside, stamped(outside, -3e9), { clock });
    expect(twins).toEqual(inStep(20));
    for (const { latencyNs } of pairs) expect(Math.abs(latencyNs - 15_000)).toBeLessThanOrEqual(5000);
    expect(Math.abs(summary.clock.offsetNs + 3e9)).toBeLessThanOrEqual(summary.clock.uncertaintyNs ?? -1);
    expect(summary.clock.source).toBe("given");
  });

  // more of them agree before the first one is placed, or only as the clocks are followed
  it.each([200, 8])("one that %i packets contradict is no longer what is gone by", async (packets) => {
    const { inside, outside } = conversation(packets);
    const clock = { kind: "given", offsetNs: 4_300_000_000n } as const;
    const { twins, summary } = await outcomeOf(inside, stamped(outside, 5e9), { clock });
    expect(twins).toEqual(inStep(packets));
    expect(summary.clock).toMatchObject({ source: "estimated" });
    expect(Math.abs(summary.clock.offsetNs - 5e9)).toBeLessThanOrEqual(summary.clock.uncertaintyNs ?? -1);
  });
});

describe("none", () => {
  it("takes the stamps as they are: clocks apart by more than the window pair nothing", async () => {
    const { inside, outside } = conversation(20);
    const { pairs, alone } = await outcomeOf(inside, stamped(outside, 5e9), { clock: { kind: "none" } });
    expect(pairs).toEqual([]);
    expect(alone).toHaveLength(40);
  });

  it("claims nothing of how far the clocks are apart, as nobody looks: 300 µs would be seen, or not", async () => {
    for (const aheadNs of [0, 300_000, 5e9]) {
      const { inside, outside } = conversation(20);
      const { summary } = await outcomeOf(inside, stamped(outside, aheadNs), { clock: { kind: "none" } });
      expect(summary.clock).toEqual({
        offsetNs: 0,
        driftPpm: 0,
        uncertaintyNs: null,
        source: "none",
        ...NO_STEPS,
      });
    }
  });
});

const pings = (src: string, ttl: number, aheadUs: number) =>
  Array.from({ length: 40 }, (_, seq) =>
    us(1_000_000 * seq + aheadUs, ping({ src, dst: SERVER, icmpId: 5, seq, ipId: 0, ttl })),
  );

const odd = (src: string, ttl: number, n: number) =>
  datagram({ src, dst: SERVER, srcPort: 5, dstPort: 6, ipId: 500 + n, ttl, text: "odd" });

/** Answers of a server, of which those of the second ten repeat the first ten, and so on. */
const answers = (dst: string, ttl: number, lateUs: (n: number) => number) =>
  Array.from({ length: 120 }, (_, n) => {
    const again = n % 20 >= 10 ? n - 10 : n;
    const text = `the answer of number ${again}`;
    return us(
      400_000 * n + 997 * ((n * n) % 101) + lateUs(n),
      datagram({ src: SERVER, dst, srcPort: 53, dstPort: 4000 + again, ipId: 700 + again, ttl, text }),
    );
  });

describe("auto", () => {
  it("leaves one clock alone, so that latencies are exact", async () => {
    const { inside, outside } = conversation(20);
    const { pairs, summary } = await outcomeOf(inside, outside);
    expect(pairs.map(({ latencyNs }) => latencyNs)).toEqual(pairs.map((_, at) => (at % 2 === 0 ? 20_000 : 10_000)));
    expect(summary.clock).toEqual({
      offsetNs: 0,
      driftPpm: 0,
      uncertaintyNs: 20_000,
      source: "none",
      ...NO_STEPS,
    });
  });

  it("leaves one clock alone where a service's address is rewritten on its way out, and the caller's is not", async () => {
    const { inside, outside } = conversation(20, { outsideSrc: CONTAINER, insideDst: "10.96.0.10" });
    const { pairs, summary } = await outcomeOf(inside, outside);
    expect(pairs.map(({ latencyNs }) => latencyNs)).toEqual(pairs.map((_, at) => (at % 2 === 0 ? 20_000 : 10_000)));
    expect(summary.clock).toMatchObject({ offsetNs: 0, source: "none" });
  });

  it("leaves one clock alone where what comes again tells too little at first, and nothing contradicts it later", async () => {
    const { pairs, summary } = await outcomeOf(
      answers(CONTAINER, 51, (n) => 275 + ((n * 37) % 300)),
      answers(HOST, 52, () => 0),
    );
    expect(summary.clock).toMatchObject({ offsetNs: 0, source: "none" });
    expect(pairs.filter(({ latencyNs }) => latencyNs < 0)).toEqual([]);
    expect(pairs.length).toBeGreaterThan(100);
  });

  it.each([
    ["two packets, whose twins may have been missed, do not", 2, "none"],
    ["many do", 40, "estimated"],
  ])("contradict one clock: %s", async (_, count, source) => {
    const { inside, outside } = conversation(400);
    const early = (src: string, ttl: number, atUs: number) =>
      Array.from({ length: count }, (_, n) => {
        const numbers = { seq: 7_000_000 + 90_001 * n, ack: 5_000_000 + 70_001 * n };
        return us(
          atUs + 20_000 * n,
          segment({ src, dst: SERVER, srcPort: 5, dstPort: 6, ipId: n + 1, ttl, ...numbers }),
        );
      });
    const { summary } = await outcomeOf(
      merged(inside, early(CONTAINER, 64, 50_400)),
      merged(outside, early(HOST, 63, 50_300)),
    );
    expect(summary.clock.source).toBe(source);
  });

  it.each([
    ["milliseconds", 3_000_000],
    ["minutes", 180_000_000_000],
    ["minutes the other way", -180_000_000_000],
  ])("estimates an offset of %s from TCP", async (_, aheadNs) => {
    const { inside, outside } = conversation(60);
    const { twins, pairs, summary } = await outcomeOf(inside, stamped(outside, aheadNs));
    expect(twins).toEqual(inStep(60));
    expect(summary.clock.source).toBe("estimated");
    // between the bounds: 20 µs one way and 10 µs the other leave 15 µs on average
    expect(Math.abs(summary.clock.offsetNs - aheadNs)).toBeLessThanOrEqual(20_000);
    for (const { latencyNs } of pairs) expect(Math.abs(latencyNs - 15_000)).toBeLessThanOrEqual(5000);
  });

  it("estimates an offset where no TTL tells a direction (one that is set anew on the way), as none bounds it", async () => {
    const TTL_AT = 8;
    const levelled = (packets: readonly Stamped[]): Stamped[] =>
      packets.map(({ ns, packet }) => ({ ns, packet: packet.with(TTL_AT, 64) }));
    const { inside, outside } = conversation(60);
    const { twins, summary } = await outcomeOf(levelled(inside), stamped(levelled(outside), 3_600e9));
    expect(twins).toEqual(inStep(60));
    expect(summary.clock.source).toBe("estimated");
    expect(Math.abs(summary.clock.offsetNs - 3_600e9)).toBeLessThanOrEqual(20_000);
  });

  it("finds clocks years apart", async () => {
    const { inside, outside } = conversation(60);
    const outsideEpochNs = EPOCH_NS - 3653n * DAY_NS;
    const { twins, summary } = await outcomeOf(inside, outside, { outsideEpochNs });
    expect(twins).toEqual(inStep(60));
    expect(summary.clock.source).toBe("estimated");
    expect(Math.abs(summary.clock.offsetNs + Number(3653n * DAY_NS))).toBeLessThanOrEqual(20_000);
  });

  it.each([
    [50, 100_000],
    [-50, 100_000],
    [200, 100_000],
    // an hour of little traffic, all of it in the first batch
    [20, 1_200_000],
  ])("follows a drift of %s ppm through 3000 packets, one every %s µs", async (ppm, everyUs) => {
    const { inside, outside } = conversation(3000, { everyUs });
    const { twins, pairs, summary } = await outcomeOf(inside, stamped(outside, 7_000_000, ppm));
    expect(twins).toEqual(inStep(3000));
    expect(summary.clock.source).toBe("estimated");
    expect(Math.abs(summary.clock.driftPpm - ppm)).toBeLessThan(1);
    const settled = pairs.slice(1500).map(({ latencyNs }) => latencyNs);
    expect(Math.min(...settled)).toBeGreaterThan(-100_000);
    expect(Math.max(...settled)).toBeLessThan(150_000);
  });

  it("does not take pings that keep a steady distance for twins of another clock", async () => {
    const { pairs, summary } = await outcomeOf(pings(CONTAINER, 64, 0), pings("192.168.1.7", 63, 30_000_000));
    expect(pairs).toEqual([]);
    expect(summary.clock.source).toBe("none");
  });

  it("is not led astray by a few packets that agree by chance", async () => {
    const { inside, outside } = conversation(60);
    const strange = [0, 1, 2, 3, 4, 5, 6, 7];
    const { summary } = await outcomeOf(
      merged(
        inside,
        strange.map((n) => us(7000 + n, odd(CONTAINER, 64, n))),
      ),
      stamped(
        merged(
          outside,
          strange.map((n) => us(400_000 + n, odd(HOST, 63, n))),
        ),
        9e9,
      ),
    );
    expect(Math.abs(summary.clock.offsetNs - 9e9)).toBeLessThanOrEqual(20_000);
  });
});

const STEADY = { ...STILL, firstFrame: 0, unboundNs: 0, disorderNs: 0 };
const facts = { source: "estimated", offsetNs: 0, driftPpm: 0, uncertaintyNs: null, ...NO_STEPS } as const;

it("a frame from before the clock was set back stays with what was known before that, wherever its stamp puts it", () => {
  const stretches = [
    { ...STEADY, untilNs: 1e9, slackNs: 0, isTrusted: true },
    { ...STEADY, untilNs: 9e9, slackNs: 0, isTrusted: true, correctionNs: -0.5e9, firstFrame: 51 },
  ];
  const clock = new Clock(0n, 1e9, () => facts, stretches);
  expect(clock.correctionNs(1.1e9, 51)).toBe(-0.5e9);
  expect(clock.correctionNs(1.1e9, 50)).toBe(0);
});

it("has the slack of the packets that were taken, not of those it was asked of", () => {
  const same = { ...STEADY, isTrusted: true };
  const stretches = [
    { ...same, untilNs: 1e9, slackNs: 500_000 },
    { ...same, untilNs: 9e9, slackNs: 20_000 },
  ];
  const clock = new Clock(0n, 1e9, () => facts, stretches);
  clock.correctionNs(5e9, 2);
  expect(clock.slackNs).toBe(500_000);
  clock.take(0.5e9, 1);
  clock.correctionNs(5e9, 2);
  expect(clock.slackNs).toBe(500_000);
});
