import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { correlate, type CorrelateOptions } from "../../src/correlate/correlate.js";
import { copyOf, type FlowSummary, type Look, type Summary } from "../../src/packets/results/results.js";
import { INSIDE } from "../../src/packets/sides.js";
import { ipv4, udp } from "../support/packets.js";
import { runs } from "../support/runs.js";
import { Interface, looks, type Step } from "./interface.js";
import { ms, Outcome, type Stamped } from "./outcome.js";
import { CONTAINER, conversation, HOST, OTHER, SERVER, SYN, segment } from "./traffic.js";

const WINDOW_NS = 1e9;
const END_NS = 5e9;
const EVERY_NS = 10e6;
/** What an interface's stamps count from. */
const EPOCH_NS = new Interface("docker0", []).epochNs;

const OPTIONS: CorrelateOptions = {
  windowNs: WINDOW_NS,
  patienceNs: 200e6,
  clock: { kind: "none" },
  maxPairs: Number.POSITIVE_INFINITY,
};

/** The n-th of a container's datagrams: what leaves it, or with the host's address what leaves the host. */
function heartbeat(src: string, ttl: number, n: number, srcPort = 40_000): Uint8Array {
  return ipv4({ src, dst: SERVER, ttl, id: n + 1 }, udp({ srcPort, dstPort: 53, payload: Buffer.from(`beat ${n}`) }));
}

const inside = (n: number, atMs: number): Stamped => ms(atMs, heartbeat(CONTAINER, 64, n));
const outside = (n: number, atMs: number): Stamped => ms(atMs + 0.02, heartbeat(HOST, 63, n));

async function live(
  insideSteps: Iterable<Step>,
  outsideSteps: Iterable<Step>,
  options: Partial<CorrelateOptions> = {},
  outcome = new Outcome(),
): Promise<Outcome> {
  const sources = [[new Interface("docker0", insideSteps)], [new Interface("enp0s3", outsideSteps)]] as const;
  await correlate(...sources, { ...OPTIONS, ...options }, outcome);
  return outcome;
}

it("says how the interfaces are to be given where they are swapped", async () => {
  const { inside: containers, outside: uplink } = conversation(80, { startUs: 500_000 });
  const { findings } = await live(looks(uplink, EVERY_NS, END_NS), looks(containers, EVERY_NS, END_NS));
  const swapped = findings.filter(({ code }) => code === "swapped-sides");
  expect(swapped.map(({ hint }) => hint)).toEqual([expect.stringContaining("natcorr live <inside> <outside>")]);
});

describe("silence", () => {
  /** How far an interface had come when its side's next result came. */
  class Timed extends Outcome {
    nowMs = 0;
    readonly pairedMs: number[] = [];
    readonly aloneMs: number[] = [];

    override pair(...args: Parameters<Outcome["pair"]>): void {
      super.pair(...args);
      this.pairedMs.push(this.nowMs);
    }

    override unmatched(...args: Parameters<Outcome["unmatched"]>): void {
      super.unmatched(...args);
      this.aloneMs.push(this.nowMs);
    }

    *watching(steps: Iterable<Step>): Generator<Step> {
      for (const step of steps) {
        this.nowMs = step.reachedNs / 1e6;
        yield step;
      }
    }
  }

  it("settles what waits: a verdict comes at the end of the window, without another packet", async () => {
    const timed = new Timed();
    const insides = [inside(0, 100), inside(1, 300)];
    await live(timed.watching(looks(insides, EVERY_NS, END_NS)), looks([outside(0, 100)], EVERY_NS, END_NS), {}, timed);
    expect(timed.verdicts("inside")).toEqual([[2, "dropped"]]);
    expect(timed.aloneMs[0]).toBeGreaterThan(1300);
    expect(timed.aloneMs[0]).toBeLessThan(1300 + 50);
  });

  it("of one side does not hold up the other", async () => {
    const timed = new Timed();
    const insides = Array.from({ length: 20 }, (_, n) => inside(n, 100 + 10 * n));
    await live(timed.watching(looks(insides, EVERY_NS, END_NS)), looks([], EVERY_NS, END_NS), {}, timed);
    expect(timed.alone).toHaveLength(20);
    expect(timed.aloneMs[0]).toBeLessThan(1100 + 50);
  });

  it("does not let a packet without a twin hold up the pairs behind it for longer than the patience", async () => {
    const timed = new Timed();
    const insides = [inside(0, 100), inside(1, 300), inside(2, 310)];
    const outsides = [outside(0, 100), outside(2, 310)];
    await live(
      timed.watching(looks(insides, EVERY_NS, END_NS)),
      looks(outsides, EVERY_NS, END_NS),
      { patienceNs: 200e6 },
      timed,
    );
    expect(timed.twins).toEqual([
      [1, 1],
      [3, 2],
    ]);
    expect(timed.pairedMs[1]).toBeGreaterThan(500);
    expect(timed.pairedMs[1]).toBeLessThan(500 + 50);
  });
});

interface Sent {
  readonly gapUs: number;
  readonly latencyUs: number;
  readonly fate: string;
  readonly port: number;
}

/** What both sides see of them. */
function sidesOf(packets: readonly Sent[]): [Stamped[], Stamped[]] {
  const sides: [Stamped[], Stamped[]] = [[], []];
  let atUs = 1000;
  for (const [n, { gapUs, latencyUs, fate, port }] of packets.entries()) {
    atUs += gapUs;
    if (fate !== "unheard") sides[0].push(ms(atUs / 1000, heartbeat(CONTAINER, 64, n, port)));
    if (fate !== "lost") sides[1].push(ms((atUs + latencyUs) / 1000, heartbeat(HOST, 63, n, port)));
  }
  sides[1].sort((a, b) => a.ns - b.ns);
  return sides;
}

describe("patience", () => {
  /** When the n-th datagram leaves, how long it takes, and whether it is lost or seen outside only. */
  const packet = record({
    gapUs: integer({ min: 1, max: 400_000 }),
    latencyUs: oneof(integer({ min: 1, max: 200 }), integer({ min: 1, max: 900_000 })),
    fate: constantFrom("forwarded", "forwarded", "forwarded", "lost", "unheard"),
    port: integer({ min: 1, max: 3 }),
  });

  it("up to when all is told of is said meanwhile, and is a window behind at the most", async () => {
    await assert(
      asyncProperty(array(packet, { maxLength: 60 }), constantFrom(0, 50e6, 400e6), async (packets, patienceNs) => {
        const sides = sidesOf(packets);
        const endNs = Math.max(0, ...sides.flat().map(({ ns }) => ns)) + 3e9;
        const outcome = new Outcome();
        const said: { readonly decidedNs: number; readonly told: number }[] = [];
        let decided: (() => bigint) | undefined;
        const watched = function* (steps: Iterable<Step>): Generator<Step> {
          for (const step of steps) {
            said.push({ decidedNs: Number((decided?.() ?? 0n) - EPOCH_NS), told: outcome.records.length });
            yield step;
          }
        };
        const onBegin = (_: Look, decidedNs: () => bigint): void => {
          decided = decidedNs;
        };
        const [insides, outsides] = [looks(sides[0], EVERY_NS, endNs), looks(sides[1], EVERY_NS, endNs)];
        await live(watched(insides), outsides, { patienceNs, onBegin }, outcome);
        const earliestNs = outcome.records.map((told) => {
          if ("latencyNs" in told) return Math.min(sides[0][told.inside - 1].ns, sides[1][told.outside - 1].ns);
          return "frame" in told && !("before" in told)
            ? sides[told.side === "inside" ? 0 : 1][told.frame - 1].ns
            : Number.POSITIVE_INFINITY;
        });
        for (const { decidedNs, told } of said)
          expect(Math.min(...earliestNs.slice(told))).toBeGreaterThanOrEqual(decidedNs);
        expect(said[said.length - 1].decidedNs).toBeGreaterThan(endNs - WINDOW_NS - 50e6);
      }),
      { numRuns: runs(60) },
    );
  });

  it("only changes the order: every pair and every lone packet is told once, whatever it is", async () => {
    await assert(
      asyncProperty(
        array(packet, { maxLength: 60 }),
        constantFrom(0, 1e6, 50e6, 400e6),
        async (packets, patienceNs) => {
          const sides = sidesOf(packets);
          const endNs = packets.reduce((sum, { gapUs }) => sum + gapUs * 1000, 1e6) + 3e9;
          const all = (options: Partial<CorrelateOptions>): Promise<Outcome> =>
            live(looks(sides[0], EVERY_NS, endNs), looks(sides[1], EVERY_NS, endNs), options);
          const patient = await all({ patienceNs: WINDOW_NS });
          const hasty = await all({ patienceNs });
          expect(hasty.twins).toEqual(patient.twins);
          expect(hasty.alone).toEqual(patient.alone);
          expect(hasty.flows).toEqual(patient.flows);
          expect(hasty.summary).toEqual(patient.summary);
          expect(hasty.summary.inside.frames).toBe(sides[0].length);
          expect(hasty.summary.outside.frames).toBe(sides[1].length);
        },
      ),
      { numRuns: runs(12) },
    );
  });
});

describe("a capture that loses frames", () => {
  it("is blamed for what is missing about then, and for nothing else", async () => {
    // every fourth of a second one datagram in two does not come out
    const insides = Array.from({ length: 160 }, (_, n) => inside(n, 100 + 250 * n));
    const outsides = insides.flatMap((_, n) => (n % 2 === 0 ? [outside(n, 100 + 250 * n)] : []));
    const endNs = 44e9;
    const outsideLooks = looks(outsides, EVERY_NS, endNs, (reachedNs) => (reachedNs > 25e9 ? 7 : 0));
    const outcome = await live(looks(insides, EVERY_NS, endNs), outsideLooks, { windowNs: 1e9 });
    const verdicts = outcome.verdicts("inside").map(([frame, verdict]) => [100 + 250 * (frame - 1), verdict] as const);
    const blamed = verdicts.filter(([, verdict]) => verdict === "capture-loss").map(([atMs]) => atMs);
    expect(blamed).toContain(24_850);
    expect(Math.min(...blamed)).toBeGreaterThan(25_000 - 1000);
    expect(Math.max(...blamed)).toBeLessThan(25_000 + 1000);
    expect(verdicts.filter(([, verdict]) => verdict === "dropped")).toHaveLength(80 - blamed.length);
    expect(outcome.summary.outside.captureDropped).toBe(7);
  });

  it("has lost no more than it counts: what exceeds that never passed it", async () => {
    const insides = Array.from({ length: 40 }, (_, n) => inside(n, 100 + 250 * n));
    const outsides = insides.flatMap((_, n) => (n % 2 === 0 ? [outside(n, 100 + 250 * n)] : []));
    const lossy = looks(outsides, EVERY_NS, 14e9, (reachedNs) => (reachedNs > 5e9 ? 1 : 0));
    const { findings } = await live(looks(insides, EVERY_NS, 14e9), lossy);
    const { count = 0, text } = findings.find(({ code }) => code === "capture-loss") ?? {};
    expect(count).toBeGreaterThan(1);
    expect(text).toContain(`the twins of ${count} frames, not of all: ${count - 1} or more never passed it`);
  });

  it("is blamed for what only the other one shows, of a flow that is known and of one that is not", async () => {
    const { inside: insides, outside: outsides } = conversation(40, { startUs: 100_000, everyUs: 100_000 });
    const unheard = outsides[36];
    const unknown = ms(3650, heartbeat(HOST, 63, 1, 41_000));
    const lossy = looks(insides.toSpliced(36, 1), EVERY_NS, END_NS, (reachedNs) => (reachedNs > 3.7e9 ? 2 : 0));
    const all = [...outsides, unknown].sort((a, b) => a.ns - b.ns);
    const outcome = await live(lossy, looks(all, EVERY_NS, END_NS), { windowNs: 300e6 });
    expect(unheard.ns).toBe(3.70002e9);
    expect(outcome.alone.map(({ side, verdict, why }) => `${side} ${verdict}: ${why}`)).toEqual([
      "outside capture-loss: inside lost frames about then, and may have lost this one",
      "outside capture-loss: inside lost frames about then, and may have lost this one",
    ]);
  });
});

describe("the limits of a live capture", () => {
  it("are those of the interface's opening and closing, and near them nothing is called dropped", async () => {
    const { inside: known, outside: twins } = conversation(10, { startUs: 100_000 });
    const strays = [inside(0, 1), inside(1, 50), inside(2, END_NS / 1e6 - 1)];
    const insides = [...strays.slice(0, 2), ...known, strays[2]];
    const outcome = await live(looks(insides, EVERY_NS, END_NS), looks(twins, EVERY_NS, END_NS));
    expect(outcome.verdicts("inside")).toEqual([
      [1, "unknown"],
      [2, "dropped"],
      [13, "unknown"],
    ]);
  });
});

it("is of one host and time: where nothing crosses, that is not doubted", async () => {
  const insides = [inside(0, 100), inside(1, 200)];
  const { alone, findings } = await live(looks(insides, EVERY_NS, END_NS), looks([outside(7, 150)], EVERY_NS, END_NS));
  expect(new Set(alone.map(({ verdict, why }) => `${verdict}: ${why}`))).toEqual(
    new Set([
      "unknown: no packet like it came out on outside within 1 s, and nothing else has crossed so far",
      "unknown: no packet like it came out on inside within 1 s, and nothing else has crossed so far",
    ]),
  );
  expect(findings.map(({ text }) => text)).toEqual([
    "natcorr found no packet of one capture in the other: does the host forward any, and this way?",
  ]);
});

const lookFor = (of: Look, mostFlows: number, ids: readonly number[] = [], ports: readonly number[] = []) => {
  const flows: FlowSummary[] = [];
  const at = { mostFlows, flows: new Set(ids), ports: new Set(ports) };
  const summary = of({ ...at, flow: (flow) => flows.push(copyOf(flow)) });
  return { summary, flows };
};

it("tells findings meanwhile that do not wait for its end, which says the same of them however often they were asked for", async () => {
  const insides = [inside(0, 100), inside(1, 300), inside(2, 500)];
  const outsides = [outside(0, 100)];
  const sides = () => [looks(insides, EVERY_NS, END_NS), looks(outsides, EVERY_NS, END_NS)] as const;
  let look: Look | undefined;
  const counts: (readonly (readonly [string, number])[])[] = [];
  function* looking(steps: Iterable<Step>): Generator<Step> {
    for (const step of steps) {
      const found: [string, number][] = [];
      look?.({
        mostFlows: 0,
        flows: new Set(),
        flow: () => {},
        finding: ({ code, count }) => found.push([code, count]),
      });
      counts.push(found);
      yield step;
    }
  }
  const onBegin = (given: Look): void => {
    look = given;
  };
  const [insideLooks, outsideLooks] = sides();
  const looked = await live(looking(insideLooks), outsideLooks, { onBegin });
  const unlooked = await live(...sides());
  expect(looked.findings).toEqual(unlooked.findings);
  expect(new Set(counts.map(String))).toEqual(new Set(["", "dropped,1", "dropped,2"]));
  expect(looked.findings).toContainEqual(expect.objectContaining({ code: "dropped", count: 2 }));
});

it("can be looked at while it goes on", async () => {
  const { inside: insides, outside: outsides } = conversation(40);
  let look: Look | undefined;
  const seen: { summary: Summary; flows: FlowSummary[] }[] = [];
  let named: FlowSummary[] = [];
  function* looking(steps: Iterable<Step>): Generator<Step> {
    for (const step of steps) {
      if (look !== undefined) {
        seen.push(lookFor(look, 1));
        named = lookFor(look, 0, [1, 9]).flows;
      }
      yield step;
    }
  }
  const onBegin = (given: Look): void => {
    look = given;
  };
  await live(looking(looks(insides, 1e6, 8e6)), looks(outsides, 1e6, 8e6), { onBegin });
  const paired = seen.map(({ summary }) => summary.inside.paired);
  expect(paired.length).toBeGreaterThan(4);
  expect(paired).toEqual(paired.toSorted((a, b) => a - b));
  expect(paired.at(-1)).toBe(40);
  expect(seen.map(({ summary }) => summary.inside.frames)).toEqual(paired);
  expect(seen.at(-1)?.flows).toMatchObject([{ pairs: 40, nat: "snat" }]);
  expect(named).toMatchObject([{ id: 1 }]);
  expect(look && lookFor(look, 0).flows).toEqual([]);
});

it("tells while it goes on of what is turned round on one side, and of flows that have a port", async () => {
  const hairpin = [OTHER, "172.17.0.1"].map((src, at) => {
    const to = at === 0 ? { dst: "10.96.0.10", dstPort: 88, ttl: 64 } : { dst: CONTAINER, dstPort: 80, ttl: 63 };
    return ms(100 + at / 100, segment({ src, srcPort: 4000, ...to, seq: 500, ack: 0, ipId: 11, flags: SYN }));
  });
  let look: Look | undefined;
  const seen: FlowSummary[][] = [];
  function* looking(steps: Iterable<Step>): Generator<Step> {
    yield* steps;
    if (look === undefined) return;
    seen.push(lookFor(look, 1).flows, lookFor(look, 0).flows, lookFor(look, 0, [2]).flows);
    seen.push(lookFor(look, 0, [], [88]).flows, lookFor(look, 0, [], [53]).flows);
  }
  const onBegin = (given: Look): void => {
    look = given;
  };
  const insides = [...hairpin, inside(0, 200)];
  const outcome = await live(looking(looks(insides, EVERY_NS, END_NS)), looks([outside(0, 200)], EVERY_NS, END_NS), {
    onBegin,
  });
  const [turned, crossed] = ["tcp", "udp"].map((proto) => outcome.flows.filter((flow) => flow.proto === proto));
  expect(turned).toMatchObject([{ sides: [INSIDE, INSIDE], pairs: 1 }]);
  expect(seen).toEqual([[...crossed, ...turned], [], turned.filter(({ id }) => id === 2), turned, crossed]);
});
