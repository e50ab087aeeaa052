import * as fc from "fast-check";
import { runs } from "../../support/runs.js";
import { describe, expect, it } from "vitest";
import { PROCESSORS_NS } from "../../../src/correlate/clock/clock.js";
import { correlated, type Outcome, type Stamped } from "../outcome.js";
import { CONTAINER, HOST, segment, SERVER, datagram } from "../traffic.js";

const EPOCH_NS = 1_700_000_000_000_000_000n;

/** Packets between two capture points: when each leaves one, how long it takes, and what the outside clock says. */
interface Path {
  readonly packets: number;
  readonly everyNs: number;
  readonly outNs: number;
  readonly inNs: number;
  readonly jitterNs: number;
  /** How the outside clock stands to the inside one at a time. */
  readonly offsetNs: (ns: number) => number;
  readonly ways?: "both" | "outbound" | "inbound";
  /** From this packet on, all go out. */
  readonly outboundFrom?: number;
  readonly isUdp?: boolean;
  /** From this packet on, they are a thousand times as far apart. */
  readonly sparseFrom?: number;
  /** From this packet on, those that come in have no IP ID. */
  readonly unnumberedFrom?: number;
  /** How much longer what goes out takes that leaves at a time. */
  readonly queueNs?: (ns: number) => number;
}

/** A number that looks drawn, from 0 to 1. */
const drawn = (n: number): number => ((Math.imul(n ^ (n >>> 7), 0x2c1b3c6d) >>> 8) & 0xffff) / 0x10000;

/** The two captures, each in the order of its point; `trueNs` is when each outside packet was there. */
function captures({
  packets,
  everyNs,
  outNs,
  inNs,
  jitterNs,
  offsetNs,
  ways = "both",
  outboundFrom = packets,
  isUdp = false,
  sparseFrom = packets,
  unnumberedFrom = packets,
  queueNs = () => 0,
}: Path) {
  const inside: Stamped[] = [];
  const outside: { trueNs: number; ns: number; packet: Uint8Array }[] = [];
  let ns = 1e9;
  for (let n = 0; n < packets; n++) {
    ns += Math.round(everyNs * (n < sparseFrom ? 1 : 1000) * (0.5 + drawn(3 * n)));
    const isOut = n >= outboundFrom || (ways === "both" ? drawn(5 * n + 1) < 0.5 : ways === "outbound");
    const jitter = Math.round(jitterNs * drawn(7 * n + 2) ** 2);
    const isNumbered = !isUdp && (isOut || n < unnumberedFrom);
    const numbers = { seq: 1000 + 100 * n, ack: 77_000 + 100 * n, ipId: isNumbered ? 1 + (n % 0xffff) : 0 };
    const text = `${Math.imul(n + 1, 0x2c1b3c6d).toString(16)}-${n}`;
    const made = (src: string, dst: string, ttl: number) =>
      isUdp
        ? datagram({ src, dst, ttl, srcPort: isOut ? 4000 : 443, dstPort: isOut ? 443 : 4000, ipId: 0, text })
        : segment({ src, dst, ttl, srcPort: isOut ? 4000 : 443, dstPort: isOut ? 443 : 4000, ...numbers });
    const trueNs = isOut ? ns + outNs + jitter + queueNs(ns) : ns;
    inside.push({
      ns: isOut ? ns : ns + inNs + jitter,
      packet: isOut ? made(CONTAINER, SERVER, 64) : made(SERVER, CONTAINER, 50),
    });
    const packet = isOut ? made(HOST, SERVER, 63) : made(SERVER, HOST, 51);
    outside.push({ trueNs, ns: Math.round(trueNs + offsetNs(trueNs)), packet });
  }
  outside.sort((a, b) => a.trueNs - b.trueNs);
  return { inside: inside.toSorted((a, b) => a.ns - b.ns), outside };
}

/** How far latencies are from the truth, each in its own direction. */
function errors({ pairs }: Pick<Outcome, "pairs">, { outNs, inNs, jitterNs }: Path): number {
  let mostNs = 0;
  for (const { direction, latencyNs } of pairs) {
    const quickNs = direction === "outbound" ? outNs : inNs;
    mostNs = Math.max(mostNs, quickNs - latencyNs, latencyNs - quickNs - jitterNs);
  }
  return mostNs;
}

const path = fc
  .record({
    packets: fc.integer({ min: 100, max: 300 }),
    everyNs: fc.constantFrom(200_000, 3_000_000, 40_000_000),
    outNs: fc.constantFrom(5000, 100_000, 15_000_000, 300_000_000),
    inNs: fc.constantFrom(5000, 100_000, 15_000_000, 300_000_000),
    jitterNs: fc.constantFrom(0, 20_000, 2_000_000),
    isUdp: fc.boolean(),
  })
  // payloads tell an offset only where packets are further apart than their latencies differ
  .filter(({ isUdp, jitterNs, everyNs }) => !isUdp || jitterNs <= everyNs / 10);

/** Clocks 2.5 s apart that drift, two that do so from the same time on, and two of which one is set back after a second or two. */
const drifting = (ns: number): number => 2.5e9 + ns * 20e-6;
const driftingOn = (ns: number): number => (ns - 1e9) * 50e-6;
const setOnce = (ns: number): number => 84e6 - (ns > 3e9 ? 30e6 : 0);
const setOnceForth = (ns: number): number => (ns > 3e9 ? 20e6 : 0);
const setForth = (ns: number): number => 632e6 + (ns > 2.5e9 ? 20e6 : 0);
const setFarForth = (ns: number): number => 200e6 + (ns > 3e9 ? 2e9 : 0);
const setFarBack = (ns: number): number => 84e6 - 25e-6 * ns - (ns > 7e9 ? 2.9e9 : 0);
const soonSlewed = (ns: number): number => 5e9 - 500e-6 * Math.max(0, ns - 1.476e9);
const setBack = (ns: number): number => (ns > 2e9 ? -300_000_000 : 0);

/** Where a frame stands in its capture: one in fifty behind those of the next millisecond. Its stamp is right. */
const late = ({ ns }: Stamped, n: number): number => (n % 50 === 7 ? ns + 1_000_000 : ns);

/** Two captures in which little tells of the clocks: some packets are kept, and some that carry too little to tell go out all along. */
function quiet(of: Path, isKept: (ns: number, isOut: boolean) => boolean) {
  const { inside, outside } = captures(of);
  const kept = outside.map(({ packet, trueNs }) => isKept(trueNs, packet[12] === 10));
  const whole = {
    inside: inside.filter(({ packet }) => outside.some((one, n) => kept[n] && areTwins(one.packet, packet))),
    outside: outside.filter((_one, n) => kept[n]),
  };
  for (let ns = 1.02e9, ipId = 0x8000; ns < 5e9; ns += 100e6, ipId++) {
    const poll = (src: string, ttl: number) =>
      datagram({ src, dst: SERVER, ttl, srcPort: 500, dstPort: 161, ipId, text: "up?" });
    const trueNs = ns + of.outNs;
    whole.inside.push({ ns, packet: poll(CONTAINER, 64) });
    whole.outside.push({ trueNs, ns: Math.round(trueNs + of.offsetNs(trueNs)), packet: poll(HOST, 63) });
  }
  return {
    inside: whole.inside.sort((a, b) => a.ns - b.ns),
    outside: whole.outside.sort((a, b) => a.trueNs - b.trueNs),
  };
}

/** Whether two packets of `captures` are one: by their IP ID, as each has its own. */
const areTwins = (a: Uint8Array, b: Uint8Array): boolean => a[4] === b[4] && a[5] === b[5];

/** What is sent again so much later, in a packet of its own. */
function later({ ns, packet }: Stamped, laterNs: number): Stamped {
  const copy = packet.slice();
  copy[4] ^= 0x80;
  return { ns: ns + laterNs, packet: copy };
}

describe("two clocks", () => {
  it("one that was set behind a queue was set then, by what was known of it before the queue", async () => {
    const of: Path = {
      packets: 2000,
      everyNs: 2_000_000,
      outNs: 10_000,
      inNs: 10_000,
      jitterNs: 0,
      offsetNs: (ns) => 10e6 + (ns > 3e9 ? 20e6 : 0),
      queueNs: (ns) => (ns < 3.4e9 ? Math.max(0, (ns - 1.5e9) / 4) : 0),
    };
    const { inside, outside } = captures(of);
    const outcome = await correlated(inside, outside);
    expect(outcome.summary.clock.steps).toHaveLength(1);
    const [{ timeNs, byNs }] = outcome.summary.clock.steps;
    expect(Math.abs(Number(timeNs - EPOCH_NS) - 3e9)).toBeLessThan(20e6);
    expect(Math.abs(byNs - 20e6)).toBeLessThan(100_000);
  });

  it("the uncertainty holds the truth, whatever latencies, offset and drift are, and all pairs of TCP are found", async () => {
    const clocks = fc.record({
      aheadNs: fc.constantFrom(3_000_000_000, -37_000_000_000, 3_600_000_000_000),
      ppm: fc.constantFrom(0, 20, -80, 200),
    });
    await fc.assert(
      fc.asyncProperty(path, clocks, async (of, { aheadNs, ppm }) => {
        const whole: Path = { ...of, offsetNs: (ns) => aheadNs + (ns * ppm) / 1e6 };
        const { inside, outside } = captures(whole);
        const outcome = await correlated(inside, outside);
        const { source, offsetNs, uncertaintyNs } = outcome.summary.clock;
        expect(source).toBe("estimated");
        const most = uncertaintyNs ?? -1;
        expect(Math.abs(offsetNs - whole.offsetNs(1e9))).toBeLessThanOrEqual(most + Math.abs(ppm) * 1e3 * 2 + 1);
        // half the way there and back, and what a clock of unknown rate may go off meanwhile
        const awayNs = 0.001 * (1.5 * of.packets * of.everyNs + of.outNs + of.inNs);
        expect(most).toBeLessThanOrEqual((of.outNs + of.inNs) / 2 + of.jitterNs + awayNs + 20_000);
        expect(errors(outcome, whole)).toBeLessThanOrEqual(most + 2);
        expect(outcome.summary.clock.steps).toEqual([]);
        expect(outcome.pairs.length).toBeGreaterThanOrEqual(of.isUdp ? 0 : of.packets);
      }),
      { numRuns: runs(20) },
    );
  });

  it.each(["outbound", "inbound"] as const)(
    "what goes %s alone does not bound the offset, which is said",
    async (ways) => {
      const of = { packets: 200, everyNs: 2e6, outNs: 15e6, inNs: 15e6, jitterNs: 20_000, offsetNs: () => 50e9, ways };
      const { inside, outside } = captures(of);
      const { summary, pairs } = await correlated(inside, outside);
      expect(summary.clock.source).toBe("estimated");
      expect(summary.clock.uncertaintyNs).toBeNull();
      expect(pairs).toHaveLength(200);
      for (const { latencyNs } of pairs) expect(latencyNs).toBeGreaterThanOrEqual(-200_000);
    },
  );

  it("the uncertainty holds the truth where a clock is slewed for a while, too", async () => {
    const slew = fc.record({
      aheadNs: fc.constantFrom(2_500_000_000, -600_000_000),
      ppm: fc.integer({ min: -30, max: 30 }),
      slewPpm: fc.constantFrom(-500, -200, -60, 60, 200, 500),
      everyNs: fc.constantFrom(2e6, 12e6),
      fromNs: fc.integer({ min: 3e9, max: 6e9 }),
      forNs: fc.integer({ min: 1e9, max: 6e9 }),
    });
    await fc.assert(
      fc.asyncProperty(slew, async ({ aheadNs, ppm, slewPpm, everyNs, fromNs, forNs }) => {
        const slewedNs = (ns: number): number => Math.max(0, Math.min(ns - fromNs, forNs)) * slewPpm * 1e-6;
        const offsetNs = (ns: number): number => aheadNs + ns * ppm * 1e-6 + slewedNs(ns);
        const of: Path = { packets: 15e9 / everyNs, everyNs, outNs: 8000, inNs: 8000, jitterNs: 40_000, offsetNs };
        const { inside, outside } = captures(of);
        const outcome = await correlated(inside, outside);
        // a small change of the rate may hide between the bounds
        expect(errors(outcome, of)).toBeLessThanOrEqual(1.1 * (outcome.summary.clock.uncertaintyNs ?? -1));
        expect(outcome.summary.clock.steps).toEqual([]);
      }),
      { numRuns: runs(6) },
    );
  });

  it.each([
    ["slewed by 500 ppm", (ns: number) => -500e-6 * Math.max(0, ns - 600e9)],
    ["set to another rate", (ns: number) => -49.8e-6 * Math.min(ns, 300e9) + 10.9e-6 * Math.max(0, ns - 300e9)],
  ])("one that is %s, where packets are few, was not set, and the uncertainty holds the truth", async (_, runNs) => {
    const offsetNs = (ns: number): number => 632e6 + runNs(ns);
    const of: Path = { packets: 180, everyNs: 5e9, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs };
    const { inside, outside } = captures(of);
    const outcome = await correlated(inside, outside);
    expect(outcome.pairs.length).toBeGreaterThan(170);
    expect(outcome.summary.clock.steps).toEqual([]);
    expect(errors(outcome, of)).toBeLessThanOrEqual(outcome.summary.clock.uncertaintyNs ?? -1);
  });

  it.each<[string, (ns: number) => number, (ns: number, isOut: boolean) => boolean]>([
    [
      "slewed where one direction tells",
      (ns) => 500e-6 * Math.min(Math.max(0, ns - 2e9), 1e9),
      (ns, isOut) => isOut || ns < 2e9,
    ],
    ["slewed where nothing tells", (ns) => 500e-6 * Math.max(0, ns - 2e9), (ns) => ns < 2e9],
    [
      "set by little",
      (ns) => (ns < 2.5e9 ? 0 : 0.6e6),
      (ns, isOut) => ns < 2e9 || ns > 2.6e9 || (!isOut && ns < 2.45e9),
    ],
  ])(
    "where packets that tell nothing pass while one is %s, the uncertainty holds the truth",
    async (_, runNs, isKept) => {
      const offsetNs = (ns: number): number => 632e6 + runNs(ns);
      const of: Path = { packets: 400, everyNs: 10e6, outNs: 60_000, inNs: 60_000, jitterNs: 20_000, offsetNs };
      const { inside, outside } = quiet(of, isKept);
      const outcome = await correlated(inside, outside);
      expect(outcome.pairs.filter(({ latencyNs }) => Math.abs(latencyNs - 60_000) > 300_000).length).toBeGreaterThan(3);
      expect(errors(outcome, of)).toBeLessThanOrEqual(outcome.summary.clock.uncertaintyNs ?? -1);
    },
  );

  it("where nothing tells when one was set, the uncertainty holds the step", async () => {
    const of: Path = { packets: 400, everyNs: 10e6, outNs: 60_000, inNs: 60_000, jitterNs: 20_000, offsetNs: setForth };
    const { inside, outside } = quiet(of, (ns) => ns < 2e9 || ns > 3e9);
    const { clock } = (await correlated(inside, outside)).summary;
    expect(clock.steps).toHaveLength(1);
    expect(clock.uncertaintyNs).toBeGreaterThan(19.9e6);
  });

  it("where a slew begins soon, what was before is within the uncertainty", async () => {
    const of: Path = { packets: 2000, everyNs: 4e6, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs: soonSlewed };
    const { inside, outside } = captures(of);
    // of the first packets, those that come in alone
    const isKept = (n: number): boolean => n > 100 || outside[n].trueNs === inside[n].ns;
    const outcome = await correlated(
      inside,
      outside.filter((_one, n) => isKept(n)),
    );
    expect(errors(outcome, of)).toBeLessThanOrEqual(outcome.summary.clock.uncertaintyNs ?? -1);
  });

  it("one that drifts and is set back far was set by just that", async () => {
    const of: Path = { packets: 6000, everyNs: 2e6, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs: setFarBack };
    const { inside, outside } = captures(of);
    const { pairs, summary } = await correlated(inside, outside);
    expect(Math.abs(summary.clock.steps[0].byNs + 2.9e9)).toBeLessThan(20_000);
    expect(errors({ pairs }, of)).toBeLessThanOrEqual(summary.clock.uncertaintyNs ?? -1);
  });

  it("a clock that is set back is so from that frame on, wherever batches end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2.2e9, max: 3.4e9 }), async (setNs) => {
        const offsetNs = (ns: number): number => (ns > setNs ? -500e6 : 0);
        const of: Path = { packets: 1600, everyNs: 2e6, outNs: 8000, inNs: 8000, jitterNs: 10_000, offsetNs };
        const { inside, outside } = captures(of);
        const { pairs } = await correlated(inside, outside);
        expect(pairs.length).toBeGreaterThan(1590);
        expect(pairs.filter(({ latencyNs }) => Math.abs(latencyNs) > 100_000).length).toBeLessThanOrEqual(2);
      }),
      { numRuns: runs(10) },
    );
  });

  it("a clock that is set in between, forward or back, is followed: what comes behind pairs, and no latency is off", async () => {
    const steps = fc.constantFrom(-500_000_000, -40_000_000, 8_000_000, 40_000_000, 500_000_000);
    await fc.assert(
      // within the look ahead of the beginning, and behind it
      fc.asyncProperty(steps, fc.constantFrom(0, 5e9), fc.constantFrom(3e9, 4.4e9), async (stepNs, aheadNs, setNs) => {
        const offsetNs = (ns: number): number => aheadNs + (ns > setNs ? stepNs : 0);
        const of: Path = { packets: 2000, everyNs: 2e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs };
        const { inside, outside } = captures(of);
        const { pairs, summary } = await correlated(inside, outside);
        expect(summary.clock.source).toBe("estimated");
        expect(pairs.length).toBeGreaterThan(1990);
        const off = pairs.filter(({ latencyNs }) => latencyNs < -50_000 || latencyNs > 100_000);
        expect(off.length).toBeLessThanOrEqual(2);
        // and it is said
        const { steps, moreSteps } = summary.clock;
        expect([steps.length, moreSteps]).toEqual([1, 0]);
        expect(Math.abs(steps[0].byNs - stepNs)).toBeLessThanOrEqual(summary.clock.uncertaintyNs ?? -1);
        expect(Math.abs(Number(steps[0].timeNs - EPOCH_NS) - setNs)).toBeLessThanOrEqual(10e6 + Math.abs(stepNs));
      }),
      { numRuns: runs(8) },
    );
  });

  it.each([
    [2_500_000, 0],
    [-4_000_000, 0],
    [4_000_000, 5e9],
    [-600_000, 0],
    [800_000, 5e9],
  ])(
    "a clock that is set by %i ns does not drift: a step is told of from a millisecond on",
    async (stepNs, aheadNs) => {
      const offsetNs = (ns: number): number => aheadNs + (ns > 4e9 ? stepNs : 0);
      const of: Path = { packets: 2500, everyNs: 4e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs };
      const { inside, outside } = captures(of);
      const { clock } = (await correlated(inside, outside)).summary;
      expect(Math.abs(clock.driftPpm)).toBeLessThan(1);
      const isTold = Math.abs(stepNs) > 1e6;
      expect(clock.steps.map(({ byNs }) => Math.round(byNs / 100_000))).toEqual(isTold ? [stepNs / 100_000] : []);
    },
  );

  it("a clock that is set where UDP alone tells is followed, too", async () => {
    const of = { everyNs: 8e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs: setOnceForth };
    const both = [captures({ ...of, packets: 100 }), captures({ ...of, packets: 400, isUdp: true })];
    const [inside, outside] = (["inside", "outside"] as const).map((side) =>
      both.flatMap((each): Stamped[] => each[side]).toSorted((a, b) => a.ns - b.ns),
    );
    const { pairs, summary } = await correlated(inside, outside);
    expect(pairs).toHaveLength(500);
    for (const { latencyNs } of pairs) expect(Math.abs(latencyNs - 20_000)).toBeLessThan(60_000);
    expect(summary.clock.steps).toHaveLength(1);
    expect(Math.abs(summary.clock.steps[0].byNs - 20e6)).toBeLessThanOrEqual(summary.clock.uncertaintyNs ?? -1);
  });

  it.each([-2e9, -5e9, -3600e9])(
    "a clock that is set back by %i ns, far beyond the window, is followed",
    async (stepNs) => {
      const setFarBack = (ns: number): number => (ns > 6e9 ? stepNs : 0);
      const of = { packets: 4000, everyNs: 4e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs: setFarBack };
      const { inside, outside } = captures(of);
      const { pairs, updates, alone, summary } = await correlated(inside, outside);
      expect(summary.clock.steps).toHaveLength(1);
      expect(Math.abs(summary.clock.steps[0].byNs - stepNs)).toBeLessThan(1e6);
      // what is stamped like others before the step may stay without its twin, and is not said to be dropped in the end
      expect(pairs.length).toBeGreaterThan(stepNs > -10e9 ? 3000 : 1200);
      const withdrawn = new Set(updates.filter(({ verdict }) => verdict === "unknown").map(({ frame }) => frame));
      expect(alone.filter(({ verdict, frame }) => verdict === "dropped" && !withdrawn.has(frame))).toEqual([]);
    },
  );

  it("a clock that was set stays so where packets become few", async () => {
    const way = { outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs: setOnce };
    const of: Path = { packets: 2008, everyNs: 2e6, sparseFrom: 2000, ...way };
    const { inside, outside } = captures(of);
    const { pairs, summary } = await correlated(inside, outside);
    expect(summary.clock.steps).toHaveLength(1);
    for (const { latencyNs } of pairs.slice(-1000)) expect(Math.abs(latencyNs - 20_000)).toBeLessThan(100_000);
  });

  it("go on as they stood where packets go one way alone for long, and may be wrong by more and more", async () => {
    const whole: Path = {
      packets: 400,
      outboundFrom: 100,
      everyNs: 300e6,
      outNs: 100_000,
      inNs: 100_000,
      jitterNs: 20_000,
      offsetNs: drifting,
    };
    const uncertaintyNs = async (of: Path): Promise<number> => {
      const { inside, outside } = captures(of);
      const outcome = await correlated(inside, outside);
      const most = outcome.summary.clock.uncertaintyNs ?? -1;
      expect(outcome.pairs).toHaveLength(of.packets);
      expect(errors(outcome, of)).toBeLessThanOrEqual(most);
      return most;
    };
    // by what a clock runs away at the most in 150 times 300 ms
    const grownNs = (await uncertaintyNs(whole)) - (await uncertaintyNs({ ...whole, packets: 250 }));
    expect(grownNs).toBeGreaterThan(4e6);
  });

  it.each([1_100_000, -300_000])(
    "are told apart by %i ns although frames stand a millisecond late in one capture",
    async (aheadNs) => {
      const of = { packets: 1500, everyNs: 50_000, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs: () => aheadNs };
      const { inside, outside } = captures(of);
      const order = inside.map((frame, n) => ({ frame, at: late(frame, n) })).sort((a, b) => a.at - b.at);
      const outcome = await correlated(
        order.map(({ frame }) => frame),
        outside,
      );
      expect(outcome.pairs).toHaveLength(1500);
      expect(outcome.summary.clock.source).toBe("estimated");
      expect(Math.abs(outcome.summary.clock.offsetNs - aheadNs)).toBeLessThanOrEqual(
        outcome.summary.clock.uncertaintyNs ?? 0,
      );
      expect(errors(outcome, of)).toBeLessThan(40_000);
    },
  );

  it("no drift is said where packets bound it to no less than its own size", async () => {
    const of = { packets: 30, everyNs: 1e7, outNs: 5000, inNs: 5000, jitterNs: 20_000, offsetNs: () => 5e9 };
    const { inside, outside } = captures(of);
    const { clock } = (await correlated(inside, outside)).summary;
    expect(clock).toMatchObject({ source: "estimated", driftPpm: 0 });
  });

  it("a given offset that drifts is followed", async () => {
    const of = { packets: 1500, everyNs: 40e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000, offsetNs: drifting };
    const { inside, outside } = captures(of);
    const outcome = await correlated(inside, outside, { clock: { kind: "given", offsetNs: 2_500_000_000n } });
    expect(outcome.pairs).toHaveLength(1500);
    expect(outcome.summary.clock.source).toBe("given");
    expect(errors(outcome, of)).toBeLessThan(210_000);
    expect(errors(outcome, of)).toBeLessThanOrEqual(outcome.summary.clock.uncertaintyNs ?? -1);
    expect(Math.abs(outcome.summary.clock.driftPpm - 20)).toBeLessThan(2);
  });
});

it("a capture ends where its last frame is by the clock as it was set, and nothing is dropped behind that", async () => {
  const of = { packets: 1500, everyNs: 4e6, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs: setFarForth };
  const { inside, outside } = captures(of);
  // nothing answers what leaves later
  const outcome = await correlated(
    inside.filter(({ ns, packet }) => ns < 5e9 || packet[12] === 172),
    outside.filter(({ trueNs }) => trueNs < 5e9),
  );
  expect(outcome.summary.clock.steps).toHaveLength(1);
  expect(outcome.alone.length).toBeGreaterThan(200);
  expect(outcome.alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
});

describe("one clock", () => {
  it("that is set later, or begins to drift, by less than latencies are is within the uncertainty all along", async () => {
    const change = fc.record({
      stepNs: fc.integer({ min: -60_000, max: 60_000 }),
      ppm: fc.integer({ min: -30, max: 30 }),
      everyNs: fc.constantFrom(3e6, 12e6),
      fromNs: fc.integer({ min: 1.2e9, max: 4e9 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ stepNs, ppm, everyNs, fromNs }) => {
        const offsetNs = (ns: number): number => (ns > fromNs ? stepNs + (ns - fromNs) * ppm * 1e-6 : 0);
        const of: Path = { packets: 8e9 / everyNs, everyNs, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs };
        const { inside, outside } = captures(of);
        const outcome = await correlated(inside, outside);
        // which side of a step a packet right at it is on, nobody can tell
        const pairs = outcome.pairs.filter((pair) => Math.abs(inside[pair.inside - 1].ns - fromNs) > 0.3e9);
        expect(errors({ pairs }, of)).toBeLessThanOrEqual((outcome.summary.clock.uncertaintyNs ?? -1) + PROCESSORS_NS);
      }),
      { numRuns: runs(8) },
    );
  });

  it("is taken for one, and latencies are exact, however long they are", async () => {
    await fc.assert(
      fc.asyncProperty(path, async (of) => {
        const whole: Path = { ...of, offsetNs: () => 0 };
        const { inside, outside } = captures(whole);
        const outcome = await correlated(inside, outside);
        expect(outcome.summary.clock).toMatchObject({ source: "none", offsetNs: 0, driftPpm: 0 });
        // and a unit of their stamps
        expect(outcome.summary.clock.uncertaintyNs).toBeLessThanOrEqual(Math.max(of.outNs, of.inNs) + of.jitterNs + 1);
        expect(outcome.pairs.length).toBeGreaterThanOrEqual(of.isUdp ? 0 : of.packets);
        expect(errors(outcome, whole)).toBe(0);
      }),
      { numRuns: runs(25) },
    );
  });

  it("is not set where a queue hides how it stands, and what is sent again comes sooner than that tells", async () => {
    const of: Path = {
      packets: 3000,
      everyNs: 2_000_000,
      outNs: 10_000,
      inNs: 10_000,
      jitterNs: 0,
      offsetNs: () => 0,
      queueNs: (ns) => Math.max(0, (ns - 1.2e9) / 2),
    };
    const { inside, outside } = captures(of);
    // what comes in is sent again after 300 ms, in another packet, and the outside capture misses the first of both
    const missed = outside.filter(({ packet }, n) => packet[8] === 51 && n > 600 && n % 40 < 2);
    const first = new Set(missed.map(({ trueNs }) => trueNs + 10_000));
    const { summary, pairs } = await correlated(
      [
        ...inside,
        ...inside.filter(({ ns, packet }) => first.has(ns) && packet[8] === 50).map((one) => later(one, 300e6)),
      ].sort((a, b) => a.ns - b.ns),
      [...outside.filter((one) => !missed.includes(one)), ...missed.map((one) => later(one, 300e6))].sort(
        (a, b) => a.ns - b.ns,
      ),
    );
    expect(missed.length).toBeGreaterThan(20);
    expect(summary.clock).toMatchObject({ source: "none", steps: [] });
    const tookIn = pairs.filter(({ direction }) => direction === "inbound").map(({ latencyNs }) => latencyNs);
    expect(new Set(tookIn)).toEqual(new Set([10_000]));
  });

  it("is given up where packets are few, and what comes in has no IP ID: it drifts from one to the next", async () => {
    const of = {
      packets: 300,
      everyNs: 500e6,
      outNs: 8000,
      inNs: 8000,
      jitterNs: 20_000,
      offsetNs: driftingOn,
      unnumberedFrom: 40,
    };
    const { inside, outside } = captures(of);
    const outcome = await correlated(inside, outside);
    expect(outcome.summary.clock.source).toBe("estimated");
    expect(outcome.pairs).toHaveLength(300);
  });

  it("seems to be wrong by what two processors may be where stamps contradict each other", async () => {
    const of = { packets: 200, everyNs: 1e6, outNs: 1000, inNs: 1000, jitterNs: 0, offsetNs: () => -3000 };
    const { inside, outside } = captures(of);
    const { clock } = (await correlated(inside, outside)).summary;
    expect(clock).toMatchObject({ source: "none", uncertaintyNs: 10_000 });
  });

  it.each([400, 8])(
    "is taken for one although a queue of one direction is longer than the window: %i packets",
    async (packets) => {
      const of = { packets, everyNs: 3e6, outNs: 1.4e9, inNs: 5000, jitterNs: 3e6, offsetNs: () => 0 };
      const { inside, outside } = captures(of);
      const outcome = await correlated(inside, outside);
      expect(outcome.summary.clock).toMatchObject({ source: "none", offsetNs: 0, driftPpm: 0 });
      expect(outcome.pairs.length).toBeGreaterThan(packets / 8);
      expect(outcome.pairs.every(({ direction }) => direction === "inbound")).toBe(true);
      expect(errors(outcome, of)).toBe(0);
    },
  );

  it.each([100_000, 1_000_000])(
    "is taken for one although its stamps are up to %i ns out of order",
    async (disorderNs) => {
      const of = { packets: 1500, everyNs: 50_000, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs: () => 0 };
      const { inside, outside } = captures(of);
      // each is stamped a little early or late, and stands where it was captured
      const stamped = inside.map(({ ns, packet }, n) => ({
        ns: ns + Math.round((drawn(11 * n) - 0.5) * disorderNs),
        packet,
      }));
      const outcome = await correlated(stamped, outside);
      expect(outcome.summary.clock).toMatchObject({ source: "none", offsetNs: 0, driftPpm: 0 });
      expect(outcome.pairs).toHaveLength(1500);
      for (const { inside, outside: twin, latencyNs, direction } of outcome.pairs) {
        const gapNs = outside[twin - 1].ns - stamped[inside - 1].ns;
        expect(latencyNs).toBe(direction === "outbound" ? gapNs : -gapNs);
      }
    },
  );

  it.each([
    ["by all of one direction", 1e6, (ns: number, isOut: boolean) => isOut || ns < 2e9],
    [
      "by one of either",
      1e6,
      (ns: number, isOut: boolean) => ns < 2e9 || (isOut ? ns > 3.5e9 : ns > 2.8e9 && ns < 2.82e9),
    ],
    ["by one that leaves it open how far", -1e6, (ns: number) => ns < 2e9 || (ns > 2.8e9 && ns < 2.81e9)],
  ])("is not as certain any more where too little tells otherwise: %s", async (_, setNs, isKept) => {
    const offsetNs = (ns: number): number => (ns < 2.5e9 ? 0 : setNs);
    const of: Path = { packets: 400, everyNs: 10e6, outNs: 60_000, inNs: 60_000, jitterNs: 20_000, offsetNs };
    const { inside, outside } = quiet(of, isKept);
    const outcome = await correlated(inside, outside);
    expect(outcome.summary.clock.source).toBe("none");
    const { uncertaintyNs } = outcome.summary.clock;
    expect(uncertaintyNs === null).toBe(setNs < 0);
    expect(errors(outcome, of)).toBeLessThanOrEqual(uncertaintyNs ?? Number.POSITIVE_INFINITY);
  });

  it.each<[string, (ns: number) => number, number?]>([
    ["stamps 30 µs early after a second", (ns: number) => (ns > 2e9 ? -30_000 : 0)],
    ["20 ppm from the beginning", (ns: number) => (ns - 1e9) * 20e-6],
    ["20 ppm, where what comes in has no IP ID any more", (ns: number) => (ns - 1e9) * 20e-6, 100],
  ])("is given up where certain packets contradict it: %s", async (_, offsetNs, unnumberedFrom = 3000) => {
    const of = { packets: 3000, everyNs: 1e6, outNs: 8000, inNs: 8000, jitterNs: 20_000, offsetNs, unnumberedFrom };
    const { inside, outside } = captures(of);
    const outcome = await correlated(inside, outside);
    expect(outcome.summary.clock.source).toBe("estimated");
    expect(outcome.pairs).toHaveLength(3000);
    expect(errors(outcome, of)).toBeLessThan(35_000);
  });
});

describe("does not depend on how the captures are cut into batches", () => {
  const of = { packets: 1500, everyNs: 1.5e6, outNs: 20_000, inNs: 10_000, jitterNs: 10_000 };

  const orderly = captures({ ...of, offsetNs: () => 0 });
  // stamps are set back, and behind that, each third one is early, by more and more
  const unruly = orderly.inside.map((one, n) =>
    n < 700 ? one : { ...one, ns: one.ns - 1.5e9 - (n % 3 === 0 ? 1_000_003 + 1000 * n : 0) },
  );

  it.each([
    ["where the outside clock is set back", captures({ ...of, offsetNs: setBack })],
    ["where the inside clock is, and its stamps are out of order then", { ...orderly, inside: unruly }],
  ])("%s", async (_, { inside, outside }) => {
    const whole = await correlated(inside, outside);
    for (const batches of [
      [7, 300],
      [1000, 13],
      [[1, 90, 700], 256],
    ] as const) {
      const cut = await correlated(inside, outside, { batches });
      expect(cut.pairs).toEqual(whole.pairs);
      expect(cut.summary.clock).toEqual(whole.summary.clock);
    }
  });
});
