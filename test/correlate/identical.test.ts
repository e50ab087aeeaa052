import { describe, expect, it } from "vitest";
import { ms, outcomeOf, type Stamped, us } from "./outcome.js";
import { randomFrom } from "../support/random.js";
import {
  CLIENT,
  CONTAINER,
  conversation,
  datagram,
  HOST,
  inStep,
  merged,
  OTHER,
  segment,
  SERVER,
  SYN,
  SYN_ACK,
} from "./traffic.js";

/** A heartbeat: always the same bytes, and no IP ID. */
function beat(src: string, srcPort: number, ttl: number): Uint8Array {
  return datagram({ src, dst: SERVER, srcPort, dstPort: 5000, ipId: 0, ttl, text: "alive" });
}

/** Traffic that vouches for the clocks: some TCP, before anything else happens. */
const tcp = conversation(40, { everyUs: 50, srcPort: 33_000, insideSrc: "172.17.0.9" });

const own = (frame: number) => frame - 40;

async function withTcp(inside: readonly Stamped[], outside: readonly Stamped[]) {
  const outcome = await outcomeOf(merged(tcp.inside, inside), merged(tcp.outside, outside));
  return {
    outcome,
    twins: outcome.twins.filter(([i]) => i > 40).map(([i, o]) => [own(i), own(o)]),
    pairs: outcome.pairs.filter(({ inside }) => inside > 40),
    undecided: outcome.undecided.map(({ inside, outside }) => [inside.map(own), outside.map(own)]),
  };
}

const hello = (src: string, srcPort: number, ttl: number, ipId: number) =>
  datagram({ src, dst: SERVER, srcPort, dstPort: 5000, ipId, ttl, text: `hello ${ipId}` });

const told = (dst: string, ttl: number) =>
  datagram({ src: SERVER, dst, srcPort: 5000, dstPort: 5000, ipId: 77, ttl, text: "what there is to tell" });

const beats = (everyMs: number) => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 30; n++) {
    const [src, port] = n % 2 === 0 ? [CONTAINER, 5000] : [OTHER, 61_234];
    inside.push(ms(100 + everyMs * n, beat(src, 5000, 64)));
    outside.push(ms(100.02 + everyMs * n, beat(HOST, port, 63)));
  }
  return { inside, outside };
};

describe("identical packets of several containers, without IP ID", () => {
  it("are not paired by ports that were swapped, where what they take tells it", async () => {
    const { inside, outside } = beats(50);
    for (const [n, [src, port]] of [[CONTAINER, 61_234] as const, [OTHER, 5000] as const].entries()) {
      inside.push(ms(5000 + 0.1 * n, beat(src, 5000, 64)));
      outside.push(ms(5000.02 + 0.1 * n, beat(HOST, port, 63)));
    }
    const { twins, undecided } = await withTcp(inside, outside);
    expect(twins).toEqual(Array.from({ length: 30 }, (_, at) => [at + 1, at + 1]));
    expect(undecided).toEqual([
      [
        [31, 32],
        [31, 32],
      ],
    ]);
  });

  it("are paired where they are apart in time, once some have agreed", async () => {
    const { inside, outside } = beats(1500);
    const { twins, outcome } = await withTcp(inside, outside);
    expect(twins.every(([i, o]) => i === o)).toBe(true);
    expect(twins.slice(-24)).toEqual(inStep(30).slice(6));
    expect(outcome.flows.map(({ inside, outside }) => [inside.src, outside.srcPort]).slice(1)).toEqual([
      [CONTAINER, 5000],
      [OTHER, 61_234],
    ]);
  });

  it("are never paired with the wrong one where several wait at once", async () => {
    for (const everyMs of [1, 10, 100, 300, 900]) {
      const { inside, outside } = beats(everyMs);
      const { twins } = await withTcp(inside, outside);
      expect(twins.every(([i, o]) => i === o)).toBe(true);
    }
  });

  it("are ambiguous where they leave at the same instant, never wrong", async () => {
    const { twins, undecided } = await withTcp(
      [us(9000, beat(CONTAINER, 5000, 64)), us(9001, beat(OTHER, 5000, 64))],
      [us(9031, beat(HOST, 61_234, 63)), us(9033, beat(HOST, 5000, 63))],
    );
    expect(twins).toEqual([]);
    expect(undecided).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
    ]);
  });

  it("are ambiguous where one of them was lost", async () => {
    const { twins, undecided } = await withTcp(
      [us(9000, beat(CONTAINER, 5000, 64)), us(9001, beat(OTHER, 5000, 64))],
      [us(9031, beat(HOST, 5000, 63))],
    );
    expect(twins).toEqual([]);
    expect(undecided).toEqual([[[1, 2], [1]]]);
  });

  it("are told apart by their flows, once other packets taught these", async () => {
    const { twins, pairs, undecided } = await withTcp(
      [
        us(9000, hello(CONTAINER, 5000, 64, 51)),
        us(9100, hello(OTHER, 5000, 64, 52)),
        us(9200, beat(CONTAINER, 5000, 64)),
        us(9201, beat(OTHER, 5000, 64)),
      ],
      [
        us(9020, hello(HOST, 5000, 63, 51)),
        us(9120, hello(HOST, 61_234, 63, 52)),
        // the second one overtakes the first
        us(9231, beat(HOST, 61_234, 63)),
        us(9233, beat(HOST, 5000, 63)),
      ],
    );
    expect(undecided).toEqual([]);
    expect(twins).toEqual([
      [1, 1],
      [2, 2],
      [3, 4],
      [4, 3],
    ]);
    // with one of them out of the way, the other has a candidate to itself
    expect(pairs.slice(2).map(({ by, evidence }) => [by, evidence.includes("flow")])).toEqual([
      ["flow", true],
      ["exact", false],
    ]);
  });

  it("are left undecided, those before as well, once packets contradict their translations: conntrack -F may have rotated the ports", async () => {
    const hosts = [CONTAINER, OTHER, "172.17.0.4"];
    const ports = [5000, 61_234, 61_235];
    const enters = (atUs: number, host: number): Stamped => us(atUs, beat(hosts[host], 5000, 64));
    const leaves = (atUs: number, port: number): Stamped => us(atUs, beat(HOST, ports[port], 63));
    const { twins, undecided } = await withTcp(
      [
        ...hosts.map((src, n) => us(9000 + 100 * n, hello(src, 5000, 64, 51 + n))),
        // by the translations before, each has a twin …
        ...[0, 1, 2].map((host) => enters(9500 + 10 * host, host)),
        // … until one leaves by the port of the second before that enters
        enters(200_000, 0),
        enters(200_060, 2),
        enters(200_120, 1),
        // once the next come, it is known that no other one is its twin
        ...[0, 1, 2].map((host) => enters(400_000 + 10 * host, host)),
      ],
      [
        ...ports.map((port, n) => us(9020 + 100 * n, hello(HOST, port, 63, 51 + n))),
        ...[1, 2, 0].map((port, n) => leaves(9550 + 10 * n, port)),
        leaves(200_030, 1),
        leaves(200_090, 0),
        leaves(200_150, 2),
        ...[1, 2, 0].map((port, n) => leaves(400_050 + 10 * n, port)),
      ],
    );
    expect(twins).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(undecided.flatMap(([inside]) => inside)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it("are told apart even by what is taught after them, within the window", async () => {
    const { twins } = await withTcp(
      [
        us(9000, beat(CONTAINER, 5000, 64)),
        us(9001, beat(OTHER, 5000, 64)),
        ms(300, hello(CONTAINER, 5000, 64, 51)),
        ms(400, hello(OTHER, 5000, 64, 52)),
      ],
      [
        us(9031, beat(HOST, 61_234, 63)),
        us(9033, beat(HOST, 5000, 63)),
        ms(300.02, hello(HOST, 5000, 63, 51)),
        ms(400.02, hello(HOST, 61_234, 63, 52)),
      ],
    );
    expect(twins).toEqual([
      [1, 2],
      [2, 1],
      [3, 3],
      [4, 4],
    ]);
  });
});

describe("identical packets of one flow, without IP ID", () => {
  const first = datagram({
    src: CONTAINER,
    dst: SERVER,
    srcPort: 5000,
    dstPort: 5000,
    ipId: 51,
    ttl: 64,
    text: "hello",
  });
  const firstOut = datagram({ src: HOST, dst: SERVER, srcPort: 5000, dstPort: 5000, ipId: 51, ttl: 63, text: "hello" });

  it("are paired in order where none was lost", async () => {
    const { twins, pairs } = await withTcp(
      [
        us(9000, first),
        us(9500, beat(CONTAINER, 5000, 64)),
        us(9501, beat(CONTAINER, 5000, 64)),
        us(9502, beat(CONTAINER, 5000, 64)),
      ],
      [
        us(9020, firstOut),
        us(9520, beat(HOST, 5000, 63)),
        us(9524, beat(HOST, 5000, 63)),
        us(9525, beat(HOST, 5000, 63)),
      ],
    );
    expect(twins).toEqual(inStep(4));
    expect(pairs.slice(1).map(({ by }) => by)).toEqual(["order", "order", "order"]);
  });

  it("are ambiguous where one was lost", async () => {
    const { twins, undecided } = await withTcp(
      [
        us(9000, first),
        us(9500, beat(CONTAINER, 5000, 64)),
        us(9501, beat(CONTAINER, 5000, 64)),
        us(9502, beat(CONTAINER, 5000, 64)),
      ],
      [us(9020, firstOut), us(9520, beat(HOST, 5000, 63)), us(9524, beat(HOST, 5000, 63))],
    );
    expect(twins).toEqual([[1, 1]]);
    expect(undecided).toEqual([
      [
        [2, 3, 4],
        [2, 3],
      ],
    ]);
  });
});

/** Longer than a stream's packets are apart. */
const LATENCY_MS = 12;
const delayed = ({ ns, packet }: Stamped): Stamped => ({ ns: ns + 1e6 * LATENCY_MS, packet });

/** Others that take as long, and show that neither capture misses any. */
function others() {
  const { inside, outside } = conversation(600, { insideSrc: "172.17.0.9" });
  return {
    inside: merged(inside.map((one, n) => (n % 2 === 0 ? one : delayed(one)))),
    outside: merged(outside.map((one, n) => (n % 2 === 0 ? delayed(one) : one))),
  };
}

/** Every three milliseconds, more or less. */
function timesMs(seed: number, count = 100): number[] {
  const random = randomFrom(seed);
  let timeMs = 100;
  return Array.from({ length: count }, () => (timeMs += 2.7 + 0.6 * random()));
}

/** The pairs of a stream that entered and left then. */
async function streamed(enteredMs: readonly number[], leftMs: readonly number[]) {
  const before = others();
  const outcome = await outcomeOf(
    merged(
      before.inside,
      enteredMs.map((timeMs) => ms(timeMs, beat(CONTAINER, 5000, 64))),
    ),
    merged(
      before.outside,
      leftMs.map((timeMs) => ms(timeMs, beat(HOST, 5000, 63))),
    ),
    { clock: { kind: "none" } },
  );
  return outcome.pairs.filter(({ inside }) => inside > 600);
}

describe("a stream of identical packets whose latency is longer than its spacing, where nothing else tells its flow", () => {
  it("is told by its rhythm", async () => {
    const jitter = randomFrom(2);
    const pairs = await streamed(
      timesMs(1),
      timesMs(1).map((timeMs) => timeMs + LATENCY_MS + 0.05 * jitter()),
    );
    expect(pairs.length).toBeGreaterThanOrEqual(98);
    expect(pairs.filter(({ inside, outside, by }) => inside !== outside || by !== "order")).toEqual([]);
  });

  it("is not what somebody else sends as often", async () => {
    const strangerMs = timesMs(2, 60).map((timeMs) => timeMs + LATENCY_MS);
    expect(await streamed(timesMs(1, 60), strangerMs)).toEqual([]);
  });
});

/** Whether each of some packets is missed. */
const isMissed = (seed: number) => {
  const random = randomFrom(seed);
  return () => random() < 0.08;
};

/** The pairs of a stream that enters and leaves then, and those of a hundred segments. */
async function seen(enteredMs: readonly number[], leftMs: readonly number[]) {
  const [inside, outside] = [isMissed(3), isMissed(4)];
  // what others take is known later than the first of it came
  const tcp = conversation(100, { everyUs: 500, startUs: 200_000, insideSrc: "172.17.0.9" });
  const entered = enteredMs.filter(() => !inside()).map((timeMs) => ms(timeMs, beat(CONTAINER, 5000, 64)));
  const left = leftMs.filter(() => !outside()).map((timeMs) => ms(timeMs, beat(HOST, 61_234, 63)));
  const { pairs } = await outcomeOf(merged(tcp.inside, entered), merged(tcp.outside, left));
  return pairs;
}

describe("a stream of identical packets of which both captures miss some, where nothing else tells its flow", () => {
  it("is told by its rhythm", async () => {
    const jitter = randomFrom(2);
    const enteredMs = timesMs(1);
    const pairs = await seen(
      enteredMs,
      enteredMs.map((timeMs) => timeMs + 0.01 + 0.02 * jitter()),
    );
    expect(pairs.length).toBeGreaterThan(170);
    expect(pairs.filter(({ latencyNs }) => latencyNs > 50_000)).toEqual([]);
  });

  it("is not what somebody else sends as often", async () => {
    expect(await seen(timesMs(1), timesMs(2))).toHaveLength(100);
  });
});

it("a packet cannot be the twin of one that left before it came: what was lost is not what is sent again", async () => {
  // the SYN-ACK is lost in the host; the server sends it again, byte for byte
  const synAck = { src: SERVER, srcPort: 80, dstPort: 40_001, seq: 900, ack: 101, flags: SYN_ACK, ipId: 0 };
  const { twins, outcome } = await withTcp(
    [ms(700.01, segment({ ...synAck, dst: CONTAINER, ttl: 52 }))],
    [ms(100, segment({ ...synAck, dst: HOST, ttl: 53 })), ms(700, segment({ ...synAck, dst: HOST, ttl: 53 }))],
  );
  expect(twins.every(([i, o]) => i === 1 && o === 2)).toBe(true);
  expect(outcome.pairs.filter(({ inside, outside }) => inside > 40 && outside === 41)).toEqual([]);
});

it("an effect does not come before its cause: what left earlier is no twin, though the flow is known", async () => {
  const { twins, outcome } = await withTcp(
    [us(9000, hello(CONTAINER, 5000, 64, 51)), us(9520, beat(CONTAINER, 5000, 64))],
    [us(9020, hello(HOST, 5000, 63, 51)), us(9500, beat(HOST, 5000, 63))],
  );
  expect(twins).toEqual([[1, 1]]);
  // nothing shows whether the outside was still captured then
  expect(outcome.verdicts("inside")).toEqual([[42, "unknown"]]);
});

/** An acknowledgement without an IP ID. */
const bareAck = (src: string, ttl: number, ack: number) =>
  segment({ src, dst: SERVER, srcPort: 5000, dstPort: 80, ipId: 0, ttl, seq: 1, ack });

it("in captures that miss packets, what may have hidden another one of a burst is ambiguous", async () => {
  // a burst of two now and then; of a later one, each capture misses another packet
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 60; n++) {
    const atMs = 100 + 200 * n;
    const ack = (src: string, ttl: number, behind = 0) => bareAck(src, ttl, 1 + 100 * n + behind);
    const hides = n > 10 && n % 10 === 9;
    inside.push(ms(atMs, ack(CONTAINER, 64)));
    if (!hides) inside.push(ms(atMs + 0.03, ack(CONTAINER, 64)));
    if (!hides) outside.push(ms(atMs + 0.02, ack(HOST, 63)));
    outside.push(ms(atMs + 0.05, ack(HOST, 63)));
    // and of the acknowledgements between bursts, one in five was missed
    if (n % 5 === 3) outside.push(ms(atMs + 5, ack(HOST, 63, 50)));
  }
  const { outcome } = await withTcp(inside, outside);
  const wrong = outcome.pairs.filter(({ inside, latencyNs }) => inside > 40 && latencyNs === 50_000);
  expect(wrong).toEqual([]);
});

/** The pairs of a burst of two, where the inside capture misses so many of the acknowledgements that follow. */
async function burstBefore(missed: number): Promise<number[][]> {
  const inside = [0, 1].map((n) => us(100_000 + n, bareAck(CONTAINER, 64, 1)));
  const outside = [12, 38].map((n) => us(100_000 + n, bareAck(HOST, 63, 1)));
  for (let n = 1; n <= 20; n++) {
    if (n > missed) inside.push(ms(100 + 20 * n, bareAck(CONTAINER, 64, 1 + n)));
    outside.push(ms(100.02 + 20 * n, bareAck(HOST, 63, 1 + n)));
  }
  const { twins } = await withTcp(inside, outside);
  return twins.filter(([frame]) => frame <= 2);
}

it("two of a burst are not told by their order where captures turn out to miss packets within their window", async () => {
  expect(await burstBefore(0)).toEqual(inStep(2));
  expect(await burstBefore(2)).toEqual([]);
});

it("in captures that miss packets, what repeats itself far more seldom than packets take is paired", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 60; n++) {
    const atMs = 100 + 200 * n;
    inside.push(ms(atMs, bareAck(CONTAINER, 64, 1)));
    outside.push(ms(atMs + 0.02, bareAck(HOST, 63, 1)));
    // and of those between, some were missed
    if (n % 5 === 3) outside.push(ms(atMs + 5, bareAck(HOST, 63, 1000 + n)));
  }
  const { pairs } = await withTcp(inside, outside);
  expect(pairs).toHaveLength(60);
});

it("the next heartbeat is never taken for one, where clocks are a little apart and little else has paired", async () => {
  const inside = [
    ms(1000, beat(CONTAINER, 5000, 64)),
    ms(1001.5, told(CONTAINER, 62)),
    ms(2000, beat(CONTAINER, 5000, 64)),
  ];
  const outside = [ms(999.3, beat(HOST, 5000, 63)), ms(1000.8, told(HOST, 63)), ms(1999.3, beat(HOST, 5000, 63))];
  const { pairs } = await outcomeOf(inside, outside);
  expect(pairs.map(({ inside, outside }) => [inside, outside])).toEqual([[2, 2]]);
});

/** An acknowledgement without IP ID, whose numbers come from outside: nothing tells it from the next one. */
const equalAck = (src: string, ttl: number) =>
  segment({ src, dst: SERVER, srcPort: 5000, dstPort: 80, ipId: 0, ttl, seq: 77, ack: 88 });

it("the first of two equal packets that left is not taken for the only one that was seen to enter", async () => {
  const entered = us(30_000, equalAck(CONTAINER, 64));
  const left = [us(30_012, equalAck(HOST, 63)), us(30_030, equalAck(HOST, 63))];
  const { twins, undecided } = await withTcp([entered], left);
  expect(twins).toEqual([]);
  expect(undecided).toEqual([[[1], [1, 2]]]);
  // one that comes later than what entered can take is none of its likes
  const { twins: pair } = await withTcp([entered], [left[0], us(60_000, equalAck(HOST, 63))]);
  expect(pair).toEqual([[1, 1]]);
});

it("a SYN that is answered twice at once tells no answer from the other one, of which each capture missed one", async () => {
  const opening = { srcPort: 5000, dstPort: 80, seq: 7, ack: 0, ipId: 9, flags: SYN };
  const [asked, crossed] = [
    segment({ src: CONTAINER, dst: SERVER, ttl: 64, ...opening }),
    segment({ src: HOST, dst: SERVER, ttl: 63, ...opening }),
  ];
  const answering = { srcPort: 80, dstPort: 5000, seq: 70, ack: 8, ipId: 0, flags: SYN_ACK };
  const [answered, got] = [
    segment({ src: SERVER, dst: HOST, ttl: 53, ...answering }),
    segment({ src: SERVER, dst: CONTAINER, ttl: 52, ...answering }),
  ];
  const arrived = [us(30_012, got), us(30_030, got)];
  const { twins, undecided } = await withTcp(
    [us(20_000, asked), ...arrived],
    [us(20_020, crossed), us(30_000, answered)],
  );
  expect(twins).toEqual([[1, 1]]);
  expect(undecided).toEqual([[[2, 3], [2]]]);
});

it("a burst of equal packets tells its translation, whichever of them are twins", async () => {
  const inside = [us(30_000, equalAck(CONTAINER, 64)), us(30_015, equalAck(CONTAINER, 64))];
  const outside = [us(30_020, equalAck(HOST, 63)), us(30_035, equalAck(HOST, 63))];
  const { twins } = await withTcp(inside, outside);
  expect(twins).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

const syn = (dst: string, dstPort: number, ttl: number) =>
  segment({ src: CLIENT, dst, srcPort: 40_123, dstPort, ipId: 0, ttl, seq: 99, ack: 0, flags: SYN });

it("what was lost is not paired with itself sent again, while little else has crossed", async () => {
  const { twins } = await outcomeOf([ms(1200.1, syn(CONTAINER, 80, 62))], [ms(1000, syn(HOST, 88, 63))]);
  expect(twins).toEqual([]);
  const quick = await outcomeOf([ms(1000.1, syn(CONTAINER, 80, 62))], [ms(1000, syn(HOST, 88, 63))]);
  expect(quick.twins).toEqual([[1, 1]]);
});

const query = (src: string, ttl: number, text: string) =>
  datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 53, ipId: 4660, ttl, text });

it("an IP ID that a sender gives to all its packets does not tell one from itself sent again", async () => {
  const before = ["a", "b", "c"];
  // the last one is lost, and its capture misses it when it is sent again
  const { twins } = await withTcp(
    [...before.map((text, n) => ms(10 + n, query(CONTAINER, 64, text))), ms(20, query(CONTAINER, 64, "d"))],
    [...before.map((text, n) => ms(10.02 + n, query(HOST, 63, text))), ms(60, query(HOST, 63, "d"))],
  );
  expect(twins).toEqual(inStep(3));
});

const answer = (dst: string, ttl: number) =>
  datagram({ src: SERVER, dst, srcPort: 9000, dstPort: 40_000, ipId: 0, ttl, text: "GET a page of its own" });

it("clocks that nothing vouches for do not tell which of two equal packets was seen to enter", async () => {
  const { twins, undecided } = await outcomeOf(
    [us(39_564, answer(CONTAINER, 54))],
    [us(39_456, answer(HOST, 55)), us(39_594, answer(HOST, 55))],
  );
  expect(twins).toEqual([]);
  expect(undecided).toEqual([expect.objectContaining({ inside: [1], outside: [1, 2] })]);
});

const data = (dst: string, ttl: number) =>
  segment({ src: SERVER, dst, srcPort: 80, dstPort: 40_000, ipId: 0, ttl, seq: 77, ack: 88, text: "data" });

/** A frame's stamp with all but its milliseconds cut off. */
const cutToMs = ({ ns, packet }: Stamped): Stamped => ms(Math.floor(ns / 1e6), packet);

it("stamps in milliseconds do not tell a segment from itself sent again at once", async () => {
  const left = [ms(32, data(HOST, 55)), ms(32, data(HOST, 55))];
  const { twins } = await outcomeOf([ms(32, data(CONTAINER, 54))], left, { resolutionNs: 1e6 });
  expect(twins).toEqual([]);
});

it("nor, where captures miss packets, an acknowledgement from an equal one of which each capture missed another", async () => {
  for (const missed of [0, 2]) {
    const sides = conversation(40, { srcPort: 5000, everyUs: 4000 });
    const inside = [...sides.inside, ms(200, bareAck(CONTAINER, 64, 1))];
    const outside = [...sides.outside, ms(200, bareAck(HOST, 63, 1))];
    for (let n = 1; n <= 20; n++) {
      if (n > missed) inside.push(ms(200 + 20 * n, bareAck(CONTAINER, 64, 1 + n)));
      outside.push(ms(200 + 20 * n, bareAck(HOST, 63, 1 + n)));
    }
    const { twins } = await outcomeOf(inside.map(cutToMs), outside.map(cutToMs), { resolutionNs: 1e6 });
    expect(twins.filter(([frame]) => frame > 40)).toHaveLength(missed === 0 ? 21 : 0);
  }
});

it("what would have been far quicker than all others is no twin, however little is known of the clocks", async () => {
  const inside = merged(tcp.inside, [ms(45.15, beat(CONTAINER, 5000, 64)), ms(300, hello(CONTAINER, 5000, 64, 51))]);
  const outside = merged(tcp.outside, [ms(45, beat(HOST, 5000, 63)), ms(300.02, hello(HOST, 5000, 63, 51))]);
  const { twins } = await outcomeOf(inside, outside, { clock: { kind: "given", offsetNs: 0n } });
  expect(twins.slice(40)).toEqual([[42, 42]]);
});

it("the first of a stream that was lost is not paired with the second, which was missed, while little else has crossed", async () => {
  const greetings = [1, 2, 3];
  const inside = greetings.map((n) => ms(10 * n, hello(CONTAINER, 5000, 64, n)));
  const outside = greetings.map((n) => ms(10 * n + 0.02, hello(HOST, 5000, 63, n)));
  inside.push(ms(100, beat(CONTAINER, 5000, 64)));
  outside.push(ms(100.76, beat(HOST, 5000, 63)));
  for (const at of [104, 108, 112]) {
    inside.push(ms(at, beat(CONTAINER, 5000, 64)));
    outside.push(ms(at + 0.02, beat(HOST, 5000, 63)));
  }
  // another one was missed: the captures miss packets
  outside.push(ms(116.02, beat(HOST, 5000, 63)));
  const clock = { kind: "given", offsetNs: 0n } as const;
  const { twins } = await outcomeOf(inside, outside, { clock });
  expect(twins.slice(0, 3)).toEqual(inStep(3));
  expect(twins).not.toContainEqual([4, 4]);
  // one that nothing equals within the window may have taken that long
  const { twins: alone } = await outcomeOf(inside.slice(0, 4), outside.slice(0, 4), { clock });
  expect(alone).toEqual(inStep(4));
});

const earlier = ({ ns, packet }: Stamped): Stamped => ({ ns: ns - 170_000, packet });

it("what seems to leave before it enters has a twin, where clocks are so far apart that all do", async () => {
  const inside = merged(tcp.inside, [ms(45, beat(CONTAINER, 5000, 64)), ms(300, hello(CONTAINER, 5000, 64, 51))]);
  const outside = merged(tcp.outside, [ms(45.02, beat(HOST, 5000, 63)), ms(300.02, hello(HOST, 5000, 63, 51))]);
  const { twins } = await outcomeOf(inside, outside.map(earlier), { clock: { kind: "none", slackNs: 200_000 } });
  expect(twins.slice(40)).toEqual([
    [41, 41],
    [42, 42],
  ]);
});

const reply = (dst: string, ttl: number, text: string) =>
  datagram({ src: SERVER, dst, srcPort: 5000, dstPort: 5000, ipId: 0, ttl, text });

it("a pair that waits for an equal packet is shown, though none waits for it to be", async () => {
  const inside = [us(0, hello(CONTAINER, 5000, 64, 1))];
  const outside = [us(20, hello(HOST, 5000, 63, 1))];
  for (let n = 1; n <= 3; n++) {
    outside.push(us(1000 * n, reply(HOST, 53, `answer ${n}`)));
    inside.push(us(1000 * n + 10, reply(CONTAINER, 52, `answer ${n}`)));
  }
  const busy = conversation(200, { everyUs: 20 });
  const sides = [merged(busy.inside, inside), merged(busy.outside, outside)] as const;
  const { twins } = await outcomeOf(...sides, { clock: { kind: "none" }, patienceNs: 0, batches: [2, 2] });
  expect(twins).toHaveLength(204);
});
