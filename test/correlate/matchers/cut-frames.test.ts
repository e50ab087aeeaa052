import { expect, it } from "vitest";
import { filler, icmpv6, ipv4, ipv6, tcp, udp } from "../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { CONTAINER, conversation, HOST, inStep, merged, SERVER } from "../traffic.js";

/** The flow of `conversation`, which teaches its translation and what it usually takes. */
const KNOWN_FRAMES = 40;
const known = conversation(KNOWN_FRAMES);
const PORTS = { srcPort: 40_000, dstPort: 80 };

const inner = { src: CONTAINER, dst: SERVER, ttl: 64, df: true };
const outer = { ...inner, src: HOST, ttl: 63 };

/** Frame numbers counted from behind the known conversation. */
const behind = (frames: readonly number[]) => frames.map((frame) => frame - KNOWN_FRAMES);

/** The same with no more captured than so many bytes of each packet. */
const cut = (frames: readonly Stamped[], kept: number) => frames.map((frame) => ({ ...frame, kept }));

async function behindKnown(inside: readonly Stamped[], outside: readonly Stamped[]) {
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  return {
    outcome,
    twins: outcome.twins.slice(KNOWN_FRAMES).map(behind),
    by: outcome.pairs.slice(KNOWN_FRAMES).map(({ by, evidence }) => [by, evidence.join(" ")]),
    alone: outcome.alone.map(({ side, frame, verdict }) => [side, frame - KNOWN_FRAMES, verdict]),
  };
}

const data = (header: typeof inner, atUs: number, seq: number, id: number, kept?: number): Stamped => ({
  ...us(atUs, ipv4({ ...header, id }, tcp({ ...PORTS, seq, ack: 7, payload: filler(200, seq) }))),
  kept,
});

it("one cut segment is paired, and no other suffers", async () => {
  for (const [kept, evidence] of [
    [40, "ip-id length tcp-seq tcp-ack flow"],
    [100, "ip-id length tcp-seq tcp-ack payload flow"],
  ] as const) {
    const { twins, by, alone } = await behindKnown(
      [data(inner, 10_000, 1000, 5, kept), data(inner, 10_100, 1200, 6)],
      [data(outer, 10_020, 1000, 5), data(outer, 10_120, 1200, 6)],
    );
    expect(twins).toEqual(inStep(2));
    expect(by).toEqual([
      ["flow", evidence],
      ["exact", "ip-id length tcp-seq tcp-ack payload"],
    ]);
    expect(alone).toEqual([]);
  }
});

it("both cut, each at another byte", async () => {
  const { twins } = await behindKnown([data(inner, 10_000, 1000, 5, 60)], [data(outer, 10_020, 1000, 5, 90)]);
  expect(twins).toEqual(inStep(1));
});

it("a cut segment that was lost is not taken for what is sent again", async () => {
  const { twins, alone } = await behindKnown(
    [data(inner, 10_000, 1000, 0, 60), data(inner, 310_000, 1000, 0)],
    [data(outer, 310_020, 1000, 0)],
  );
  expect(twins).toEqual([[2, 1]]);
  expect(alone).toEqual([["inside", 1, "dropped"]]);
});

it("other numbers, another IP ID, or another beginning of the payload: no pair", async () => {
  const other = us(10_020, ipv4({ ...outer, id: 5 }, tcp({ ...PORTS, seq: 1000, ack: 7, payload: filler(200, 3) })));
  for (const frame of [data(outer, 10_020, 1001, 5), data(outer, 10_020, 1000, 6), other]) {
    const { twins } = await behindKnown([data(inner, 10_000, 1000, 5, 60)], [frame]);
    expect(twins).toEqual([]);
  }
});

/** Queries of two addresses each from one socket, without an IP ID, as resolvers send them. */
function queries(header: typeof inner, lateUs: number): Stamped[] {
  return Array.from({ length: 40 }, (_, n) => {
    const payload = Uint8Array.from([n, 77 + n, ...filler(38, n)]);
    return us(
      10_000 + 150_000 * (n >> 1) + 30 * (n & 1) + lateUs,
      ipv4({ ...header, id: 0 }, udp({ srcPort: 50_000 + (n >> 1), dstPort: 53, payload })),
    );
  });
}

it("new flows all of whose packets are cut on one side are found by how their payload begins, or called undecided", async () => {
  for (const kept of [46, 60]) {
    const { twins, alone } = await behindKnown(cut(queries(inner, 0), kept), queries(outer, 20));
    expect(twins.length).toBeGreaterThan(0);
    expect(twins.filter(([i, o]) => i !== o)).toEqual([]);
    expect(alone.filter(([, , verdict]) => verdict === "dropped")).toEqual([]);
  }
});

it("new flows of which a capture kept nothing behind the headers are found by IP IDs", async () => {
  const each = (header: typeof inner, lateUs: number): Stamped[] =>
    Array.from({ length: 6 }, (_, n) =>
      us(
        10_000 + 1000 * n + lateUs,
        ipv4({ ...header, id: 70 + n }, udp({ srcPort: 50_000, dstPort: 53, payload: filler(38, n) })),
      ),
    );
  const { twins, alone } = await behindKnown(cut(each(inner, 0), 28), each(outer, 20));
  expect([twins, alone]).toEqual([inStep(6), []]);
});

const ask = (header: typeof inner, atUs: number, kept?: number): Stamped => ({
  ...us(atUs, ipv4({ ...header, id: 0 }, udp({ srcPort: 50_000, dstPort: 53, payload: filler(57, 5) }))),
  kept,
});
const answer = (dst: string, ttl: number, atUs: number, kept?: number): Stamped => {
  const packet = ipv4(
    { src: SERVER, dst, ttl, df: true },
    udp({ srcPort: 53, dstPort: 50_000, payload: filler(99, 7) }),
  );
  return { ...us(atUs, packet), kept };
};

it("a question and its answer speak for their translation together, though one capture cut the answer, or both of them", async () => {
  for (const kept of [undefined, 82]) {
    const question = [ask(inner, 10_000), ask(outer, 10_130, kept)];
    expect((await behindKnown([question[0]], [question[1]])).twins).toEqual([]);
    const { twins, by } = await behindKnown(
      [question[0], answer(CONTAINER, 52, 12_130)],
      [question[1], answer(HOST, 53, 12_000, 82)],
    );
    expect(twins).toEqual(inStep(2));
    expect(by.map(([by]) => by)).toEqual(kept === undefined ? ["exact", "exact"] : ["flow", "exact"]);
  }
});

it("a datagram that one capture cut is not one of which a helper rewrote the payload", async () => {
  const report = (header: typeof inner, atUs: number, id: number, kept?: number): Stamped => ({
    ...us(atUs, ipv4({ ...header, id }, udp({ srcPort: 50_000, dstPort: 53, payload: filler(57, id) }))),
    kept,
  });
  const { twins, outcome } = await behindKnown(
    [report(inner, 9000, 8), report(inner, 10_000, 9)],
    [report(outer, 10_020, 9, 82)],
  );
  expect(twins).toEqual([[2, 1]]);
  expect(outcome.undecided).toEqual([]);
});

it("a DNS query of which one capture kept too little of the message is paired", async () => {
  const query = (header: typeof inner, atUs: number, id: number, kept?: number): Stamped => {
    const payload = Uint8Array.from([0, id, 1, 0, 0, 1, ...filler(40, id)]);
    return { ...us(atUs, ipv4({ ...header, id }, udp({ srcPort: 50_000, dstPort: 53, payload }))), kept };
  };
  const { twins } = await behindKnown(
    [query(inner, 9000, 8), query(inner, 10_000, 9, 34)],
    [query(outer, 9020, 8), query(outer, 10_020, 9)],
  );
  expect(twins).toEqual(inStep(2));
});

it("what nothing tells apart is left alone, and is not said to be dropped", async () => {
  const { twins, alone } = await behindKnown(cut(queries(inner, 0).slice(0, 2), 30), queries(outer, 20).slice(0, 2));
  expect(twins).toEqual([]);
  expect(alone.filter(([, , verdict]) => verdict === "dropped")).toEqual([]);
});

const six = (header: { src: string; hopLimit: number }, atUs: number, seq: number): Stamped =>
  us(atUs, ipv6({ dst: "2001:db8::11", ...header }, tcp({ ...PORTS, seq, ack: 9, payload: filler(30, seq) })));

it("a frame without its transport header has no twin, and its twin is not said to be dropped", async () => {
  const inside = [0, 1, 2, 3].map((n) => six({ src: "fd00::2", hopLimit: 64 }, 10_000 + 100 * n, n));
  const outside = [0, 1, 2, 3].map((n) => six({ src: "2001:db8::1", hopLimit: 63 }, 10_020 + 100 * n, n));
  const { twins, alone } = await behindKnown([...inside.slice(0, 3), { ...inside[3], kept: 46 }], outside);
  expect(twins).toEqual(inStep(3));
  expect(alone.map(([side, frame]) => [side, frame])).toEqual([
    ["inside", 4],
    ["outside", 4],
  ]);
  expect(alone.filter(([, , verdict]) => verdict === "dropped")).toEqual([]);
});

const inbound = (header: { dst: string; ttl: number }, atUs: number): Stamped =>
  us(
    atUs,
    ipv4(
      { src: SERVER, df: true, id: 0, ...header },
      tcp({ srcPort: 80, dstPort: 40_000, seq: 3000, ack: 7, payload: filler(200) }),
    ),
  );

it("of two copies of which one was lost, neither is taken for the cut one", async () => {
  const { twins, alone } = await behindKnown(
    [{ ...inbound({ dst: CONTAINER, ttl: 52 }, 10_120), kept: 90 }],
    [inbound({ dst: HOST, ttl: 53 }, 10_000), inbound({ dst: HOST, ttl: 53 }, 10_110)],
  );
  expect(twins).toEqual([]);
  expect(alone.filter(([, , verdict]) => verdict === "dropped")).toEqual([]);
});

const unreachable = (dst: string, hopLimit: number, quoted: string): Uint8Array => {
  const quote = ipv6({ src: quoted, dst: "2001:db8::11" }, udp({ ...PORTS, payload: filler(8) }));
  return ipv6({ src: "2001:db8::1", dst, hopLimit }, icmpv6({ type: 1, payload: quote }));
};

it("an ICMP error of whose quote too little is left has no twin, and its twin is not said to be dropped", async () => {
  const { twins, alone } = await behindKnown(
    [{ ...us(10_020, unreachable("fd00::2", 62, "fd00::2")), kept: 82 }],
    [us(10_000, unreachable("2001:db8::15", 63, "2001:db8::15"))],
  );
  expect(twins).toEqual([]);
  expect(alone.map(([side]) => side)).toEqual(["outside", "inside"]);
  expect(alone.filter(([, , verdict]) => verdict === "dropped")).toEqual([]);
});

const stamped = (tsVal: number) => Uint8Array.from([1, 1, 8, 10, 0, 0, 0, tsVal, 0, 0, 0, 9]);

const fin = (header: typeof inner, atUs: number, tsVal: number): Stamped =>
  us(atUs, ipv4(header, tcp({ ...PORTS, seq: 5000, ack: 7, flags: 0x11, options: stamped(tsVal) })));

it("segments with other options are no twins, though most frames are cut before those", async () => {
  const sides = [cut(known.inside, 44), cut(known.outside, 44)] as const;
  const told = async (tsVal: number) =>
    (await outcomeOf(merged(sides[0], [fin(inner, 10_000, 1)]), merged(sides[1], [fin(outer, 10_020, tsVal)]))).pairs;
  expect(await told(1)).toHaveLength(KNOWN_FRAMES + 1);
  // sent again with another timestamp: each capture missed one of the two
  expect(await told(2)).toHaveLength(KNOWN_FRAMES);
});

const syn = (src: string, hopLimit: number, seq: number) =>
  ipv6({ src, dst: "2001:db8::9", hopLimit }, tcp({ srcPort: 4000 + seq, dstPort: 443, seq, flags: 2 }));

it("of packets cut before their ports, without an IP ID, nothing is said but that they cannot be known", async () => {
  const [own, nat] = ["fd00:17::2", "2001:db8:5::2"];
  const times = [0, 1, 2, 3, 4, 5];
  const { pairs, alone } = await outcomeOf(
    cut(
      times.map((n) => us(1000 * n, syn(own, 64, n))),
      50,
    ),
    cut(
      times.map((n) => us(1000 * n + 20, syn(nat, 63, n))),
      50,
    ),
  );
  expect(pairs).toEqual([]);
  expect(new Set(alone.map(({ verdict }) => verdict))).toEqual(new Set(["unknown"]));
});
