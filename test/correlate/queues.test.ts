/** Queues on the uplink: what a packet of later takes the place of, if it is not watched. */
import { expect, it } from "vitest";
import { randomFrom } from "../support/random.js";
import { ms, outcomeOf, type Stamped } from "./outcome.js";
import { CONTAINER, datagram, HOST, inStep, SERVER, segment } from "./traffic.js";

const clock = { kind: "none" } as const;

const data = (src: string, ttl: number, ipId: number, seq: number) =>
  segment({ src, dst: SERVER, srcPort: 5000, dstPort: 80, ipId, ttl, seq, ack: 1, text: "data" });

const alive = (src: string, ttl: number, ipId = 0) =>
  datagram({ src, dst: SERVER, srcPort: 4500, dstPort: 4500, ipId, ttl, text: "alive" });

const hello = (dst: string, ttl: number) =>
  datagram({ src: SERVER, dst, srcPort: 4500, dstPort: 4500, ipId: 5, ttl, text: "a server's own greeting" });

const byTime = (a: Stamped, b: Stamped): number => a.ns - b.ns;

/** Segments that all differ, one every `everyMs` from the beginning on, each under way for `tookMs`. */
function segments(count: number, everyMs: number, tookMs: number): [Stamped[], Stamped[]] {
  const numbers = Array.from({ length: count }, (_, n) => n);
  return [
    numbers.map((n) => ms(everyMs * n, data(CONTAINER, 64, 100 + n, 1000 * n))),
    numbers.map((n) => ms(everyMs * n + tookMs, data(HOST, 63, 100 + n, 1000 * n))),
  ];
}

it("a keepalive is not paired with the one before it, whose exit took longer than the window", async () => {
  const [inside, outside] = segments(10, 20, 900);
  outside.push(ms(190, hello(HOST, 53)));
  inside.push(ms(190.02, hello(CONTAINER, 52)));
  for (const atMs of [200, 1300, 2400]) {
    inside.push(ms(atMs, alive(CONTAINER, 64)));
    outside.push(ms(atMs + 1400, alive(HOST, 63)));
  }
  const { twins } = await outcomeOf(inside, outside.toSorted(byTime), { clock });
  // the greeting and all segments, and none of the keepalives behind them
  expect(twins).toHaveLength(11);
  expect(twins.filter(([frame]) => frame > 11)).toEqual([]);
});

const answer = (dst: string, ttl: number, text: string) =>
  datagram({ src: SERVER, dst, srcPort: 53, dstPort: 4500, ipId: 0, ttl, text });

/** Answers, one every 100 ms, whose way in takes longer and longer, up to most of the window. */
function slower(): [Stamped[], Stamped[]] {
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  return [
    numbers.map((n) => ms(120 * n, answer(CONTAINER, 52, `the answer to question ${n}`))),
    numbers.map((n) => ms(100 * n, answer(HOST, 53, `the answer to question ${n}`))),
  ];
}

it("what comes in late is not paired with an equal one that entered while it waited, however long nothing else came out", async () => {
  const [inside, outside] = slower();
  // and then it takes more: each is answered again, as it was asked again, before the first answer comes out
  for (let n = 0; n < 6; n++) {
    const atMs = 4500 + 300 * n;
    for (const waitedMs of [0, 2500]) {
      outside.push(ms(atMs + waitedMs, answer(HOST, 53, `and to question ${n}, which is asked again`)));
      inside.push(ms(atMs + waitedMs + 2700, answer(CONTAINER, 52, `and to question ${n}, which is asked again`)));
    }
  }
  const { twins } = await outcomeOf(inside.toSorted(byTime), outside.toSorted(byTime), { clock });
  expect(twins.length).toBeGreaterThan(30);
  expect(twins.filter(([frame]) => frame > 40)).toEqual([]);
});

const acknowledgement = (dst: string, ttl: number) =>
  segment({ src: SERVER, dst, srcPort: 443, dstPort: 4500, ipId: 0, ttl, seq: 900, ack: 77, flags: 0x10, text: "" });

it("nor is an acknowledgement that says every two seconds what the one before said, when queues are longer than the window", async () => {
  const [inside, outside] = slower();
  // the flow is known, and then each comes in 1.7 s after it left, just behind the next one of the server's
  outside.push(ms(3210, acknowledgement(HOST, 53)));
  inside.push(ms(3850, acknowledgement(CONTAINER, 52)));
  for (let n = 0; n < 5; n++) {
    outside.push(ms(4500 + 2000 * n, acknowledgement(HOST, 53)));
    inside.push(ms(4500 + 2000 * n + 2700, acknowledgement(CONTAINER, 52)));
  }
  const { twins } = await outcomeOf(inside.toSorted(byTime), outside.toSorted(byTime), { clock });
  expect(twins.length).toBeGreaterThan(30);
  expect(twins.filter(([frame]) => frame > 41)).toEqual([]);
});

it("what may have been dropped behind a stall, in which nothing passed, does not take the place of what stood", async () => {
  const [inside, outside] = segments(40, 20, 0.01);
  for (let n = 0; n < 30; n++) {
    inside.push(ms(1000 + 20 * n, alive(CONTAINER, 64)));
    outside.push(ms(1000 + 20 * n + 0.01, alive(HOST, 63)));
  }
  // the first one stands for 20 ms, the next one is dropped just before that leaves
  inside.push(ms(1600, alive(CONTAINER, 64)), ms(1620, alive(CONTAINER, 64)));
  outside.push(ms(1620.06, alive(HOST, 63)));
  const { twins, undecided } = await outcomeOf(inside, outside, { clock });
  expect(twins).toEqual(inStep(70));
  expect(undecided).toEqual([expect.objectContaining({ inside: [71, 72], outside: [71] })]);
});

it("a segment sent again is not the twin of the first copy, which took longer than the window: its IP ID says so", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 12; n++) {
    inside.push(ms(100 * n, data(CONTAINER, 64, 100 + n, 1000 * n)));
    outside.push(ms(100 * n + 1500, data(HOST, 63, 100 + n, 1000 * n)));
    inside.push(ms(100 * n + 1200, data(CONTAINER, 64, 200 + n, 1000 * n)));
    outside.push(ms(100 * n + 2700, data(HOST, 63, 200 + n, 1000 * n)));
  }
  const { twins, findings } = await outcomeOf(inside.toSorted(byTime), outside.toSorted(byTime), { clock });
  expect(twins).toEqual([]);
  expect(findings.map(({ code }) => code)).not.toContain("rewritten");
});

it("what a growing queue holds back is not left over while an equal one that was dropped takes its place", async () => {
  const [inside, outside] = segments(40, 20, 0.2);
  for (const atMs of [900, 950]) {
    inside.push(ms(atMs, alive(CONTAINER, 64)));
    outside.push(ms(atMs + 0.2, alive(HOST, 63)));
  }
  // the queue's first packet takes seven times as long as any before; the one behind it is dropped
  inside.push(ms(1000, alive(CONTAINER, 64)), ms(1001.35, alive(CONTAINER, 64)));
  outside.push(ms(1001.4, alive(HOST, 63)));
  const { twins, undecided } = await outcomeOf(inside, outside, { clock });
  expect(twins).toEqual(inStep(42));
  expect(undecided).toEqual([expect.objectContaining({ inside: [43, 44], outside: [43] })]);
});

it("an IP ID that comes again after more than a window tells nothing: by stamps that nothing vouches for, either", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 40; n++) {
    inside.push(ms(1050 * n, alive(CONTAINER, 64, 777)));
    outside.push(ms(1050 * n + 0.1, alive(HOST, 63, 777)));
  }
  // one is dropped; outside stands still just then, and misses the end of it
  inside.push(ms(1050 * 40, alive(CONTAINER, 64, 777)));
  outside.push(ms(1050 * 40 + 900, alive(HOST, 63, 777)));
  const { twins } = await outcomeOf(inside, outside);
  expect(twins).toEqual(inStep(40));
});

/**
 * A queue that grows to a little more than what equal packets are apart, stays there, and shrinks: nothing is dropped, nothing missed. `isPassed`: whether
 * packets of another class pass it meanwhile. Returns the pairs that are wrong.
 */
async function wrongInQueue(seed: number, isPassed = false): Promise<(readonly [number, number])[]> {
  const random = randomFrom(seed);
  const [inside, outside] = segments(isPassed ? 8000 : seed % 2 === 0 ? 600 : 40, 1, 0.2);
  const everyMs = 15 + 30 * random();
  const jitterMs = [0.02, 0.2, 1][seed % 3];
  const mostMs = everyMs * (1 + 0.3 * random());
  const slopeMs = mostMs / (10 + 60 * random());
  let [atMs, queueMs] = [1000, 0.1];
  for (let n = 0; n < 200; n++, atMs += everyMs + jitterMs * (random() - 0.5)) {
    if (n >= 20) queueMs = n < 100 ? Math.min(mostMs, queueMs + slopeMs) : Math.max(0.1, queueMs - slopeMs);
    inside.push(ms(atMs, alive(CONTAINER, 64)));
    outside.push(ms(atMs + queueMs, alive(HOST, 63)));
  }
  const [entered, left] = [inside.toSorted(byTime), outside.toSorted(byTime)];
  const { twins } = await outcomeOf(entered, left, { clock });
  expect(twins.length).toBeGreaterThan(100);
  return twins.filter(([from, to]) => inside.indexOf(entered[from - 1]) !== outside.indexOf(left[to - 1]));
}

it("where a queue grows beyond what packets were seen to take, none is taken for the next one that entered", async () => {
  for (const seed of [27, 52, 66, 68, 98, 120, 182]) expect(await wrongInQueue(seed)).toEqual([]);
});

it("nor where packets of another class pass the queue meanwhile, and what nothing tells apart is all that shows it", async () => {
  for (const seed of [23, 98, 135, 146]) expect(await wrongInQueue(seed, true)).toEqual([]);
});

/** A segment of a connection that asks. */
const asked = (src: string, ttl: number, ipId: number, n: number) =>
  segment({ src, dst: SERVER, srcPort: 5001, dstPort: 80, ipId, ttl, seq: 10 * n, ack: 1, text: `part ${n}` });

it("what those behind it overtook was lost: it is no twin of its copy, of which one capture missed the entry, though the IP ID is the same", async () => {
  for (const ipId of [0, 0x1234]) {
    const [inside, outside] = segments(40, 1, 0.2);
    // one took long
    inside.push(ms(90, data(CONTAINER, 64, 900, 900_000)));
    outside.push(ms(104, data(HOST, 63, 900, 900_000)));
    for (let n = 0; n < 40; n++) {
      inside.push(ms(110 + 0.1 * n, asked(CONTAINER, 64, ipId, n)));
      if (n !== 20) outside.push(ms(110.02 + 0.1 * n, asked(HOST, 63, ipId, n)));
    }
    outside.push(ms(118, asked(HOST, 63, ipId, 20)));
    const { twins } = await outcomeOf(inside, outside, { clock });
    expect(twins).toHaveLength(40 + 1 + 39);
    expect(twins.filter(([frame]) => frame === 41 + 21)).toEqual([]);
  }
});

it("the first of a burst is no twin of its copy, either, once those behind it left that entered within what stamps of two processors may be apart", async () => {
  const [inside, outside] = segments(40, 1, 0.2);
  const add = (n: number, atMs: number, isLost: boolean) => {
    inside.push(ms(atMs, asked(CONTAINER, 64, 0, n)));
    if (!isLost) outside.push(ms(atMs + 0.02, asked(HOST, 63, 0, n)));
  };
  // one took long
  inside.push(ms(90, data(CONTAINER, 64, 900, 900_000)));
  outside.push(ms(104, data(HOST, 63, 900, 900_000)));
  for (let n = 0; n < 10; n++) add(n, 109 + 0.05 * n, false);
  for (let n = 10; n < 18; n++) add(n, 110 + 0.001 * n, n === 10);
  // its copy, which the inside missed
  outside.push(ms(112, asked(HOST, 63, 0, 10)));
  const { twins } = await outcomeOf(inside, outside, { clock: { kind: "none", slackNs: 10_000 } });
  expect(twins).toHaveLength(40 + 1 + 10 + 7);
  expect(twins.filter(([frame]) => frame === 52)).toEqual([]);
});

/** Segments without IP ID that all differ, one every millisecond up to a time, each under way for 0.5 ms. */
function quick(untilMs: number): [Stamped[], Stamped[]] {
  const numbers = Array.from({ length: untilMs }, (_, n) => n);
  return [
    numbers.map((n) => ms(n, data(CONTAINER, 64, 0, 1000 * n))),
    numbers.map((n) => ms(n + 0.5, data(HOST, 63, 0, 1000 * n))),
  ];
}

it("a segment like no other may take as long as a window, where captures miss nothing", async () => {
  const [inside, outside] = quick(800);
  for (const [seq, atMs, tookMs] of [
    [900_000, 1000, 700],
    [901_000, 1800, 0.5],
  ]) {
    inside.push(ms(atMs, data(CONTAINER, 64, 0, seq)));
    outside.push(ms(atMs + tookMs, data(HOST, 63, 0, seq)));
  }
  const { twins } = await outcomeOf(inside, outside, { clock });
  expect(twins).toEqual(inStep(802));
});

const query = (src: string, ttl: number, n: number) =>
  datagram({ src, dst: SERVER, srcPort: 4500, dstPort: 53, ipId: 0, ttl, text: `query ${n}` });

it("what was given up is not said to be dropped where its exit, or that of the same sent again, is ambiguous and queues are long", async () => {
  const [inside, outside] = segments(60, 50, 700);
  for (let n = 0; n < 10; n++) {
    inside.push(ms(33 + 50 * n, query(CONTAINER, 64, n)));
    outside.push(ms(733 + 50 * n, query(HOST, 63, n)));
  }
  for (let n = 20; n < 23; n++) {
    // the second is still under way as the capture ends
    for (const againMs of [0, 1000]) inside.push(ms(1001 + 50 * n + againMs, query(CONTAINER, 64, n)));
    outside.push(ms(2301 + 50 * n, query(HOST, 63, n)));
  }
  const { alone, updates } = await outcomeOf(inside.toSorted(byTime), outside.toSorted(byTime), { clock });
  const last = new Map([...alone, ...updates].map(({ frame, verdict, reason }) => [frame, `${verdict} ${reason}`]));
  expect([...last.values()]).toEqual(Array(3).fill("unknown like-untimely"));
});
