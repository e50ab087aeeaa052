import { expect, it } from "vitest";
import { correlate } from "../../src/correlate/correlate.js";
import { ipv4, udp } from "../support/packets.js";
import { Interface, type Step } from "./interface.js";
import { Capture, ms, Outcome, type Stamped } from "./outcome.js";

const BEATS = 40;
const EVERY_MS = 100;
/** The beat that never comes out of either uplink. */
const MISSING = 20;
const OPTIONS = { windowNs: 1e9, clock: { kind: "none" }, maxPairs: Number.POSITIVE_INFINITY } as const;

/** Two conversations of a container, by what they go to and where they leave. */
const CONVERSATIONS = [
  { far: "198.51.100.1", src: "10.0.2.15" },
  { far: "203.0.113.1", src: "10.0.3.15" },
] as const;

function beat(src: string, ttl: number, dst: string, n: number): Uint8Array {
  const payload = Buffer.from(`beat ${n} to ${dst}`);
  return ipv4({ src, dst, ttl, id: n + 1 }, udp({ srcPort: 40_000, dstPort: 53, payload }));
}

/** What is captured by 50 ms of each beat, and the counter then. */
function steps(frames: (n: number) => Stamped[], dropped: (n: number) => number = () => 0): Step[] {
  return Array.from({ length: BEATS }, (_, n) => ({
    frames: frames(n),
    reachedNs: (n * EVERY_MS + 50) * 1e6,
    dropped: dropped(n),
  }));
}

const inside = (n: number): Stamped[] =>
  CONVERSATIONS.map(({ far }, at) => ms(n * EVERY_MS + at, beat("172.17.0.2", 64, far, n)));

const outside =
  (at: 0 | 1) =>
  (n: number): Stamped[] => {
    const { far, src } = CONVERSATIONS[at];
    return n === MISSING ? [] : [ms(n * EVERY_MS + at + 0.02, beat(src, 63, far, n))];
  };

/** Some steps in one: what the counter says at its end was lost in all that time. */
function joined(some: readonly Step[], from: number, to: number): Step[] {
  const frames = some.slice(from, to).flatMap((step) => step.frames ?? []);
  return [...some.slice(0, from), { ...some[to - 1], frames }, ...some.slice(to)];
}

/**
 * What became of the two beats that are missing, in the end, where the second uplink says with this beat that it lost a frame at any time since the one
 * before those.
 */
async function verdicts(toldAt: number): Promise<string[]> {
  const outcome = new Outcome();
  const second = steps(outside(1), (n) => (n >= toldAt ? 1 : 0));
  const uplinks = [
    new Interface("enp0s3", steps(outside(0))),
    new Interface("wg0", joined(second, MISSING, Math.min(toldAt + 1, BEATS))),
  ];
  await correlate([new Interface("docker0", steps(inside))], uplinks, OPTIONS, outcome);
  const told = new Map(outcome.alone.map(({ frame, verdict }) => [frame, verdict]));
  for (const { frame, verdict } of outcome.updates) told.set(frame, verdict);
  expect(told.size).toBe(2);
  return [...told.values()];
}

it("of two uplinks, one that lost frames may have lost what takes it, and nothing else", async () => {
  expect(await verdicts(MISSING + 1)).toEqual(["dropped", "capture-loss"]);
  // once both were judged
  expect(await verdicts(MISSING + 15)).toEqual(["dropped", "capture-loss"]);
  expect(await verdicts(BEATS)).toEqual(["dropped", "dropped"]);
});

it("of two uplinks, one that was captured later may have had before that what nothing shows to take the other", async () => {
  const frames = (of: (n: number) => Stamped[], from = 0): Stamped[] =>
    Array.from({ length: BEATS - from }, (_, n) => of(n + from)).flat();
  const outcome = new Outcome();
  const uplinks = [new Capture("enp0s3", frames(outside(0))), new Capture("wg0", frames(outside(1), BEATS / 2))];
  await correlate([new Capture("docker0", frames(inside))], uplinks, OPTIONS, outcome);
  const found = outcome.alone.map(({ verdict }) => verdict);
  // all of the first conversation is there but what is missing
  expect(found.filter((verdict) => verdict === "dropped")).toHaveLength(1);
  // its first frame is the one behind what is missing
  expect(found.filter((verdict) => verdict === "unknown" || verdict === "no-overlap")).toHaveLength(MISSING + 1);
});

/** A query of the container's to an address, and what answers it, as a side shows them. */
function query(far: string, n: number, isInside: boolean): Stamped {
  return isInside
    ? ms(n * EVERY_MS, beat("172.17.0.2", 64, far, n))
    : ms(n * EVERY_MS + 0.02, beat("10.0.2.15", 63, far, n));
}
function answer(far: string, n: number, isInside: boolean): Stamped {
  const ends = isInside ? { dst: "172.17.0.2", ttl: 52 } : { dst: "10.0.2.15", ttl: 53 };
  const payload = Buffer.from(`answer ${n} of ${far}`);
  const packet = ipv4({ src: far, ...ends, id: 500 + n }, udp({ srcPort: 53, dstPort: 40_000, payload }));
  return ms(n * EVERY_MS + (isInside ? 10.02 : 10), packet);
}

it("of two bridges, one that was captured later has nothing to do with answers to what came by the other", async () => {
  const numbers = Array.from({ length: BEATS }, (_, n) => n);
  const [heard, unheard] = CONVERSATIONS.map(({ far }) => far);
  const docker0 = numbers.flatMap((n) => [query(heard, n, true), query(unheard, n, true), answer(heard, n, true)]);
  const enp0s3 = numbers.flatMap((n) => [query(heard, n, false), query(unheard, n, false), answer(heard, n, false)]);
  const dropped = answer(unheard, MISSING, false);
  const late = ms((BEATS - 1) * EVERY_MS, beat("172.18.0.2", 64, "172.18.0.1", 0));
  const outcome = new Outcome();
  await correlate(
    [new Capture("docker0", docker0), new Capture("br-app", [late])],
    [
      new Capture(
        "enp0s3",
        [...enp0s3, dropped].sort((a, b) => a.ns - b.ns),
      ),
    ],
    OPTIONS,
    outcome,
  );
  expect(outcome.verdicts("outside").map(([, verdict]) => verdict)).toEqual(["dropped"]);
});
