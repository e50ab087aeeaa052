import * as fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../support/runs.js";
import { correlated, type Outcome, type Stamped } from "../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, segment, SERVER, type Sides } from "../traffic.js";

/** A number that looks drawn, from 0 to 1. */
const drawn = (n: number): number => ((Math.imul(n ^ (n >>> 7), 0x2c1b3c6d) >>> 8) & 0xffff) / 0x10000;

/** What passes on the far side of a set clock: segments, datagrams like no others, or some that are too short to tell. */
type Kind = "segments" | "datagrams" | "short datagrams";

/** When few packets pass, and how the outside clock stands to the inside one. */
interface World {
  readonly kind: Kind;
  readonly ways: "both" | "outbound" | "inbound";
  /** How many calls, each answered after 2 ms. */
  readonly calls: number;
  /** Whether they come before a conversation of a second, or behind it, and how long. */
  readonly areBefore: boolean;
  readonly awayNs: number;
  readonly offsetNs: number;
  /** By how much the outside clock is set half-way between them and the conversation. */
  readonly byNs: number;
}

function call(kind: Kind, isCall: boolean, n: number, [src, dst]: readonly [string, string], ttl: number): Uint8Array {
  const [near, far] = [41_000 + n, kind === "segments" ? 443 : 53];
  const [srcPort, dstPort] = isCall ? [near, far] : [far, near];
  const ipId = (isCall ? 9000 : 19_000) + 31 * n;
  const ends = { src, dst, ttl, srcPort, dstPort, ipId };
  const [seq, ack] = isCall ? [77_123 * (n + 1), 991_001 * (n + 1)] : [991_001 * (n + 1), 77_128 * (n + 1)];
  const what = isCall ? "query" : "answer";
  if (kind === "segments") return segment({ ...ends, seq, ack, text: what });
  return datagram({
    ...ends,
    text: kind === "datagrams" ? `${what} ${n}, of a name like ${drawn(n)}` : `${what[0]}${n}`,
  });
}

/** The few calls. */
function few({ kind, ways, calls }: World, startNs: number): Sides {
  const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < calls; n++) {
    const ns = startNs + Math.round(60e6 * (n + 0.2 * drawn(n + 5)));
    const tookNs = 10_000 + Math.round(20_000 * drawn(3 * n + 1));
    if (ways !== "inbound") {
      inside.push({ ns, packet: call(kind, true, n, [CONTAINER, SERVER], 64) });
      outside.push({ ns: ns + tookNs, packet: call(kind, true, n, [HOST, SERVER], 63) });
    }
    if (ways !== "outbound") {
      outside.push({ ns: ns + 2_000_000, packet: call(kind, false, n, [SERVER, HOST], 53) });
      inside.push({ ns: ns + 2_000_000 + tookNs, packet: call(kind, false, n, [SERVER, CONTAINER], 52) });
    }
  }
  return { inside, outside };
}

/** What is made of such a world, and how far the latencies are from the truth. */
async function told(world: World): Promise<{ outcome: Outcome; offNs: number }> {
  const { calls, areBefore, awayNs, offsetNs, byNs } = world;
  const talkNs = areBefore ? 1e9 + 60e6 * calls + awayNs : 1e9;
  const setNs = areBefore ? talkNs - awayNs / 2 : 2e9 + awayNs / 2;
  const talk = conversation(200, { startUs: talkNs / 1000, everyUs: 5000 });
  const rest = few(world, areBefore ? 1e9 : 2e9 + awayNs);
  const inside = merged(talk.inside, rest.inside);
  const outside = merged(talk.outside, rest.outside);
  const stamped = outside.map(({ ns, packet }) => ({ ns: ns + offsetNs + (ns > setNs ? byNs : 0), packet }));
  const outcome = await correlated(inside, stamped);
  const off = outcome.pairs.map((pair) => {
    const passedNs = outside[pair.outside - 1].ns - inside[pair.inside - 1].ns;
    return Math.abs(pair.latencyNs - (pair.direction === "outbound" ? passedNs : -passedNs));
  });
  return { outcome, offNs: Math.max(...off) };
}

const world: fc.Arbitrary<World> = fc.record({
  kind: fc.constantFrom<Kind>("segments", "datagrams", "short datagrams"),
  ways: fc.constantFrom<World["ways"]>("both", "outbound", "inbound"),
  calls: fc.integer({ min: 1, max: 5 }),
  areBefore: fc.boolean(),
  // within a quarter of a second, by stamps of a clock that is set, nothing is made of it that no packet tells
  awayNs: fc.integer({ min: 500e6, max: 3e9 }),
  offsetNs: fc.constantFrom(0, 2e9),
  byNs: fc.integer({ min: 20e6, max: 200e6 }).chain((ns) => fc.constantFrom(ns, -ns)),
});

it("no latency is further from the truth than is said, however few packets pass before a clock is set, or behind that", async () => {
  await fc.assert(
    fc.asyncProperty(world, async (of) => {
      const { outcome, offNs } = await told(of);
      expect(outcome.pairs.length).toBeGreaterThanOrEqual(200);
      // but for a unit of the stamps
      expect(offNs).toBeLessThanOrEqual((outcome.summary.clock.uncertaintyNs ?? Number.POSITIVE_INFINITY) + 1);
    }),
    { numRuns: runs(40) },
  );
});

const ONE = { kind: "datagrams", ways: "both", calls: 1, areBefore: true, awayNs: 700e6, offsetNs: 0 } as const;

it("one call and its answer say by how much a clock may have been set behind them", async () => {
  const { outcome } = await told({ ...ONE, byNs: -143e6 });
  expect(outcome.summary.clock.steps).toEqual([]);
  expect(outcome.summary.clock.uncertaintyNs).toBeGreaterThanOrEqual(143e6);
  expect(outcome.summary.clock.uncertaintyNs).toBeLessThan(143.1e6);
});

it("what passed before a clock may have been set is not said to be beyond the other capture", async () => {
  const { outcome } = await told({ ...ONE, calls: 2, awayNs: 300e6, byNs: 322e6 });
  expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
});

it("what may be no twin says nothing amid packets that contradict it", async () => {
  const talk = conversation(400, { everyUs: 5000 });
  const lost = { ns: 0.9e9, packet: call("datagrams", true, 7, [CONTAINER, SERVER], 64) };
  const missed = { ns: 0.8e9, packet: call("datagrams", true, 7, [HOST, SERVER], 63) };
  const { pairs, summary } = await correlated(merged(talk.inside, [lost]), merged(talk.outside, [missed]));
  expect(pairs).toHaveLength(400);
  expect(summary.clock.uncertaintyNs).toBeLessThan(50_000);
});

it("a few segments of both directions tell that a clock was set by more than they are looked for, at the end", async () => {
  const [talk, last] = [conversation(200), conversation(12, { startUs: 120_000, srcPort: 40_001, seed: 7 })];
  const outside = [...talk.outside, ...last.outside.map(({ ns, packet }) => ({ ns: ns + 3e9, packet }))];
  const { alone, summary } = await correlated([...talk.inside, ...last.inside], outside);
  expect(summary.clock.steps).toHaveLength(1);
  expect(Math.abs(summary.clock.steps[0].byNs - 3e9)).toBeLessThan(100_000);
  expect(alone.filter(({ verdict }) => verdict === "no-overlap")).toEqual([]);
});

/** Of a conversation, whose packets go out and come in in turn. */
function isInbound(_: Stamped, at: number): boolean {
  return at % 2 === 1;
}

it("a few segments of one direction do not: they may be such as were sent again", async () => {
  const [talk, last] = [conversation(200), conversation(12, { startUs: 120_000, srcPort: 40_001, seed: 7 })];
  const late = last.outside.filter(isInbound).map(({ ns, packet }) => ({ ns: ns + 3e9, packet }));
  const { summary } = await correlated([...talk.inside, ...last.inside.filter(isInbound)], [...talk.outside, ...late]);
  expect(summary.clock.steps).toEqual([]);
  expect(summary.clock.uncertaintyNs).toBeLessThan(1_000_000);
});
