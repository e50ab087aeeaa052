import * as fc from "fast-check";
import { runs } from "../../../support/runs.js";
import { expect, it } from "vitest";
import { altered, KINDS, spec } from "../../altering-router.js";
import { ms, outcomeOf, type Stamped } from "../../outcome.js";
import { ipv4, ipv6, transport, udp } from "../../../support/packets.js";
import { CONTAINER, conversation, datagram, HOST, inStep, merged, segment, SERVER } from "../../traffic.js";

const clocks = fc.constantFrom({ kind: "none" } as const, { kind: "auto" } as const);

it.each(KINDS)("a router that rewrites %s: no pair is wrong, and hardly one is missing", async (kind) => {
  let found = 0;
  let there = 0;
  await fc.assert(
    fc.asyncProperty(spec, clocks, async (spec, clock) => {
      const { inside, outside, twins } = altered(spec, kind);
      const { pairs } = await outcomeOf(inside, outside, { clock });
      expect(pairs.filter((pair) => twins.get(pair.inside) !== pair.outside)).toEqual([]);
      found += pairs.length;
      there += twins.size;
    }),
    { numRuns: runs(10), endOnFailure: true },
  );
  expect(found / there).toBeGreaterThanOrEqual(0.99);
});

const beat = (src: string, ipId: number, ttl: number, text = "beat") =>
  datagram({ src, srcPort: 5004, dst: SERVER, dstPort: 5004, ipId, ttl, text });

// the IDs of the stream fit one another's some beats late: in time to contend, and too late for that
it.each([
  { everyMs: 10, behind: 5 },
  { everyMs: 1, behind: 3 },
])("datagrams whose IDs the router numbers itself are not told apart by their IDs: %o", async ({ everyMs, behind }) => {
  const talk = conversation(60);
  const own = conversation(60, { seed: 1 });
  const renumbered = talk.outside.map(({ ns }, n) => {
    const packet = own.outside[n].packet.slice();
    packet.set([0x77, n], 4);
    return { ns, packet };
  });
  const inside = Array.from({ length: 80 }, (_, n) => ms(10 + everyMs * n, beat(CONTAINER, 100 + n, 64)));
  const outside = Array.from({ length: 80 }, (_, n) => ms(10.03 + everyMs * n, beat(HOST, 100 - behind + n, 63)));
  const outcome = await outcomeOf(merged(talk.inside, inside), merged(renumbered, outside), {
    clock: { kind: "none" },
  });
  expect(outcome.twins).toEqual(inStep(140));
  expect(outcome.findings).toContainEqual(
    expect.objectContaining({ severity: "info", code: "rewritten", count: outcome.twins.length }),
  );
});

const called = Array.from({ length: 12 }, (_, n) => n);

/** Datagrams of which a helper rewrites the payload, and its length. */
const call = (ipIdOf: (n: number) => number) =>
  outcomeOf(
    called.map((n) => ms(20 * n, beat(CONTAINER, ipIdOf(n), 64, `via ${CONTAINER} ${n}`))),
    called.map((n) => ms(20 * n + 0.02, beat(HOST, ipIdOf(n), 63, `via ${HOST} ${n}`))),
    { clock: { kind: "none" } },
  );

it("a payload that a helper rewrote, by the IP ID; but not where a sender gives all packets the same", async () => {
  const told = await call((n) => 500 + n);
  expect(told.twins).toEqual(inStep(called.length));
  expect(told.pairs[1].evidence).toEqual(["ip-id", "flow"]);
  expect((await call(() => 1)).pairs).toEqual([]);
});

/** What several datagrams in one carry, and what each of them does. */
const cut = (n: number) => `${n}`.repeat(3300).slice(0, n % 2 === 0 ? 3000 : 3300);
const pieces = (n: number) => [0, 1, 2].map((k) => cut(n).slice(1200 * k, 1200 * (k + 1)));

/** A phone's datagrams without an ID to the same port, of which one was missed and another one lost. */
function phone(isInside: boolean): Stamped[] {
  const of = { src: isInside ? "172.17.0.9" : HOST, dst: SERVER, srcPort: 5009, dstPort: 5004, ipId: 0 };
  return [9, 10, 11].map((n) => {
    const text = `${isInside || n < 11 ? n : 12} is what it says`;
    return ms(20 * n + 5 + (isInside ? 0 : 0.02), datagram({ ...of, ttl: isInside ? 64 : 63, text }));
  });
}

it("what several datagrams in one are cut to is no helper's work, though the first piece has their IP ID", async () => {
  const outcome = await outcomeOf(
    merged(
      called.map((n) => ms(20 * n, beat(CONTAINER, 500 + 3 * n, 64, cut(n)))),
      phone(true),
    ),
    merged(
      called.flatMap((n) =>
        // of some, the last piece was missed
        pieces(n)
          .slice(0, n < 10 ? 2 : 3)
          .map((piece, k) => ms(20 * n + 0.02 + 0.001 * k, beat(HOST, 500 + 3 * n + k, 63, piece))),
      ),
      phone(false),
    ),
    { clock: { kind: "none" } },
  );
  expect(outcome.pairs.filter(({ altered }) => altered.length > 0)).toEqual([]);
  expect(outcome.findings.filter(({ code }) => code === "rewritten")).toEqual([]);
});

it.each([
  { lateNs: 4_500_000, field: 4 },
  { lateNs: -4_500_000, field: 4 },
  { lateNs: -4_500_000, field: 34 },
])(
  "a segment that came out late, or early by its stamp, with another IP ID or window was not dropped: %o",
  async ({ lateNs, field }) => {
    const talk = conversation(100);
    const LATE = 40;
    const rewritten = talk.outside.map(({ ns, packet }, n) => {
      const copy = packet.slice();
      copy.set([0x77, field === 4 ? n : 0], field);
      return { ns: ns + (n === LATE ? lateNs : 0), packet: copy };
    });
    const outcome = await outcomeOf(talk.inside, merged(rewritten), { clock: { kind: "none" } });
    expect(outcome.pairs).toHaveLength(99);
    expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["unknown", "unknown"]);
    const entered = outcome.alone.filter(({ side }) => side === "inside");
    expect(entered.map(({ reason }) => reason)).toEqual(["router-rewrites"]);
  },
);

it("payloads without an IP ID, by the time they take, where a helper is known to rewrite those of their port", async () => {
  const phone = { address: "172.17.0.9", port: 5009 };
  const said = (n: number, isInside: boolean) => {
    const own = isInside ? phone.address : HOST;
    const text = `${n} via ${own}`;
    const isCall = n % 2 === 0;
    const ends = isCall
      ? { src: own, srcPort: phone.port, dst: SERVER, dstPort: 5004 }
      : { src: SERVER, srcPort: 5004, dst: own, dstPort: phone.port };
    const atMs = 300 + 20 * n + (isCall === isInside ? 0 : 0.02);
    return ms(atMs, datagram({ ...ends, ipId: 0, ttl: isCall === isInside ? 64 : 63, text }));
  };
  const known = (isInside: boolean) =>
    called.map((n) =>
      ms(
        20 * n + (isInside ? 0 : 0.02),
        beat(isInside ? CONTAINER : HOST, 500 + n, isInside ? 64 : 63, `via ${isInside ? CONTAINER : HOST} ${n}`),
      ),
    );
  const side = (isInside: boolean, withHelper: boolean) =>
    merged(
      withHelper ? known(isInside) : [],
      called.map((n) => said(n, isInside)),
    );
  const outcome = await outcomeOf(side(true, true), side(false, true), { clock: { kind: "none" } });
  // the translation of a phone without IP IDs is believed once both directions were seen: its first call comes too early
  const first = called.length + 1;
  expect(outcome.twins).toEqual(inStep(2 * called.length).filter(([inside]) => inside !== first));
  expect(outcome.undecided.map(({ inside }) => inside)).toEqual([[first]]);
  // without a helper, nothing says that they are the same packets
  expect((await outcomeOf(side(true, false), side(false, false), { clock: { kind: "none" } })).pairs).toEqual([]);
});

/** Of a fourth of the pairs of datagrams, the first one or the second one. */
const isMissed = (n: number, which: number): boolean => (n >> 1) % 4 === 1 && n % 2 === which;

it("one missed here and another missed there with the same IP ID are no helper's", async () => {
  // two datagrams of one ID each time, as of kernels that number by jiffies
  const sent = Array.from({ length: 80 }, (_, n) => ({ atMs: n >> 1, id: 500 + (n >> 1), text: `report ${n}` }));

  const inside = sent.map(({ atMs, id, text }, n) => ms(atMs + 0.001 * (n % 2), beat(CONTAINER, id, 64, text)));
  const outside = sent.map(({ atMs, id, text }, n) => ms(atMs + 0.001 * (n % 2) + 0.02, beat(HOST, id, 63, text)));
  const outcome = await outcomeOf(
    inside.filter((_, n) => !isMissed(n, 0)),
    outside.filter((_, n) => !isMissed(n, 1)),
    { clock: { kind: "none" } },
  );
  expect(outcome.pairs).toHaveLength(60);
  expect(new Set(outcome.pairs.map(({ evidence }) => evidence.includes("payload")))).toEqual(new Set([true]));
});

it("a retransmission is not taken for the segment that was lost, though the other capture missed the one before it", async () => {
  const { inside, outside } = conversation(40);
  const [first] = inside.splice(20, 1);
  // its twin stays; what is sent again 600 µs later leaves nothing outside
  const again = { ns: first.ns + 600_000, packet: first.packet.slice() };
  again.packet.set([0x12, 0x34], 4);
  const outcome = await outcomeOf(merged(inside, [again]), outside, { clock: { kind: "none" } });
  expect(outcome.pairs).toHaveLength(39);
});

it("a window that the router clamps is named in a finding", async () => {
  const { inside, outside } = conversation(12);
  const altered = outside.map(({ ns, packet }) => {
    const copy = packet.slice();
    copy.set([0x01, 0x00], 34);
    return { ns, packet: copy };
  });
  const outcome = await outcomeOf(inside, altered, { clock: { kind: "none" } });
  expect(outcome.twins).toEqual(inStep(12));
  expect(outcome.findings.map(({ text }) => text)).toContain(
    "the router rewrites more than addresses and ports: TCP window (12 of 12 pairs)",
  );
});

/** What two containers send and are answered every 100 ms, one over IPv4 and one over IPv6, by a host that drops one in eight: after three greetings, the same. */
function beats(seed: number): { inside: Stamped[]; outside: Stamped[] } {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 100; n++) {
    const [round, isIpv6, isAnswer] = [n >> 2, (n & 2) !== 0, (n & 1) !== 0];
    const payload = Buffer.from(round < 3 ? `greeting ${n} of these two` : "beat");
    const said = udp(isAnswer ? { srcPort: 4000, dstPort: 5000, payload } : { srcPort: 5000, dstPort: 4000, payload });
    const of = (near: string, far: string, ttl: number) => {
      const ends = isAnswer ? { src: far, dst: near } : { src: near, dst: far };
      return isIpv6 ? ipv6({ ...ends, hopLimit: ttl }, said) : ipv4({ ...ends, ttl, df: true }, said);
    };
    const far = isIpv6 ? "2001:db8:2::1" : SERVER;
    const within = of(isIpv6 ? "fd00::5" : CONTAINER, far, isAnswer ? 60 : 64);
    const beyond = of(isIpv6 ? "fd00::5" : HOST, far, isAnswer ? 61 : 63);
    const sent = ms(100 * round + (n & 2) / 2 + (isAnswer ? 2 : 0), isAnswer ? beyond : within);
    (isAnswer ? outside : inside).push(sent);
    const isDropped = ((n + 1) * seed * 0x9e3779b1) >>> 29 === 0;
    if (!isDropped) (isAnswer ? inside : outside).push({ ...sent, packet: isAnswer ? within : beyond });
  }
  return { inside, outside };
}

it("a packet whose like of its own flow waits is no twin of one of the other IP version", async () => {
  for (const seed of [1, 3, 5, 7, 9]) {
    const { inside, outside } = beats(seed);
    const { undecided } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
    expect(undecided.filter(({ why }) => why.includes("router"))).toEqual([]);
  }
});

const said = (src: string, ipId: number, n: number) =>
  segment({ src, dst: SERVER, srcPort: 40_000, dstPort: 80, seq: 100 * n, ack: 1, ipId, ttl: 64, text: `part ${n}` });

it("what was sent again is no twin of the first copy, which left before it, as if that had come in: the router keeps the TTL, and its IDs are its own", async () => {
  const parts = Array.from({ length: 80 }, (_, n) => n);
  // of some, inside missed the first copy, and the second was lost
  const inside = parts.map((n) => ms(20 * n + (n % 20 === 19 ? 200 : 0), said(CONTAINER, 0, n)));
  const outside = parts.map((n) => ms(20 * n + 50, said(HOST, 40_000 + 7 * n, n)));
  const { pairs } = await outcomeOf(
    inside.toSorted((a, b) => a.ns - b.ns),
    outside,
    { clock: { kind: "none" } },
  );
  expect(pairs.length).toBeGreaterThan(70);
  expect(pairs.filter(({ direction }) => direction === "inbound")).toEqual([]);
});

/** What part `n` takes, milliseconds. */
const mixedAtFirst = (n: number) => (n < 400 ? 10 + 280 * (n % 2) : 250 + 60 * (n % 2));
const answer = (dst: string, ttl: number, ipId: number, n: number) =>
  segment({ src: SERVER, dst, srcPort: 80, dstPort: 40_000, seq: 100 * n, ack: 1, ipId, ttl, text: `part ${n}` });

it("what was sent again is not taken for the first copy, whose time tells nothing as packets then took all sorts of time", async () => {
  const parts = Array.from({ length: 1000 }, (_, n) => n);
  const outside = parts.map((n) => ms(2 * n, answer(HOST, 60, 100 + n, n)));
  const inside = parts.map((n) => ms(2 * n + mixedAtFirst(n), answer(CONTAINER, 60, 40_000 + 7 * n, n)));
  // outside missed it as it came again
  const again = ms(1230.5, answer(CONTAINER, 60, 7, 301));
  const { pairs } = await outcomeOf(
    [...inside, again].toSorted((a, b) => a.ns - b.ns),
    outside,
    { clock: { kind: "none" } },
  );
  expect(pairs.length).toBeGreaterThan(500);
  expect(pairs.filter(({ latencyNs }) => ![10, 250, 290, 310].includes(latencyNs / 1e6))).toEqual([]);
});

const RTP = 16_384;

it("pairs calls whose every datagram says what none has said, though they take milliseconds, and the router numbers IP IDs itself", async () => {
  const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
  const cross = (
    host: number,
    atMs: number,
    isOut: boolean,
    build: (own: string, ipId: number, ttl: number) => Uint8Array,
  ) => {
    const tookMs = 8 + ((7 * inside.length) % 11) / 20;
    const [sent, numbered] = [500 * host + inside.length, 7000 + inside.length];
    const own = `172.17.0.${host}`;
    inside.push(ms(isOut ? atMs : atMs + tookMs, isOut ? build(own, sent, 64) : build(own, numbered, 59)));
    outside.push(ms(isOut ? atMs + tookMs : atMs, isOut ? build(HOST, numbered, 63) : build(HOST, sent, 60)));
  };
  for (let n = 0; n < 50; n++) {
    for (let host = 2; host < 14; host++) {
      const portOf = (own: string) => (own === HOST ? 20_000 + host : RTP);
      cross(host, 20 * n + host, true, (src, ipId, ttl) => {
        const text = `asked by ${host}: ${n} of many`;
        return datagram({ src, srcPort: portOf(src), dst: SERVER, dstPort: RTP, ipId, ttl, text });
      });
      cross(host, 20 * n + host + 7, false, (dst, ipId, ttl) => {
        const text = `said to ${host}: ${n} of many`;
        return datagram({ src: SERVER, srcPort: RTP, dst, dstPort: portOf(dst), ipId, ttl, text });
      });
    }
  }
  const [entered, left] = [inside, outside].map((side) => side.toSorted((a, b) => a.ns - b.ns));
  const { twins } = await outcomeOf(entered, left, { clock: { kind: "none" } });
  expect(twins.length).toBeGreaterThan(1100);
  expect(twins.filter(([from, to]) => inside.indexOf(entered[from - 1]) !== outside.indexOf(left[to - 1]))).toEqual([]);
});

it("what a segment became that a capture missed as it was sent again is not taken for what its first copy became", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const wrong: number[] = [];
  for (let n = 0; n < 600; n++) {
    const tookMs = 6 + ((7 * n) % 11) / 2.5;
    const isHidden = n > 300 && n % 50 === 0;
    // of one in 50, the first copy is lost, and the second enters unseen
    if (isHidden || n % 5 !== 0) inside.push(ms(4 * n, said(CONTAINER, 100 + n, n)));
    if (isHidden) wrong.push(inside.length);
    outside.push(ms(4 * n + tookMs + (isHidden ? 10 : 0), said(HOST, 40_000 + 7 * n, n)));
  }
  const { twins } = await outcomeOf(
    inside,
    outside.toSorted((a, b) => a.ns - b.ns),
    { clock: { kind: "none" } },
  );
  expect(twins.length).toBeGreaterThan(400);
  expect(twins.filter(([from]) => wrong.includes(from))).toEqual([]);
});

it("what was lost is not taken for its copy sent again where clocks taken for one may not be: those say that the copy left before it entered", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const lost: Stamped[] = [];
  for (let n = 0; n < 300; n++) {
    // the outside clock is 2 ms ahead, and the router sets all TTLs to 64
    inside.push(ms(20 * n, said(CONTAINER, 100 + n, n)));
    outside.push(ms(20 * n + 2.3, said(HOST, 40_000 + 7 * n, n)));
    if (n % 20 !== 5) continue;
    lost.push(ms(20 * n + 12, answer(HOST, 57, 300 + n, 1000 + n)));
    outside.push(lost[lost.length - 1], ms(20 * n + 212, answer(HOST, 57, 20_300 + n, 1000 + n)));
    inside.push(ms(20 * n + 210.3, answer(CONTAINER, 64, 9000 + 3 * n, 1000 + n)));
  }
  const [entered, left] = [inside, outside].map((side) => side.toSorted((a, b) => a.ns - b.ns));
  const { twins } = await outcomeOf(entered, left, { clock: { kind: "auto" } });
  expect(twins.length).toBeGreaterThan(250);
  expect(twins.filter(([, to]) => lost.includes(left[to - 1]))).toEqual([]);
});

it("knows the clocks where a router sets all TTLs, though these contradict the ends that it rewrites: what left and what came in tell", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 200; n++) {
    // the outside clock is 40 ms ahead
    inside.push(ms(10 * n, said(CONTAINER, 100 + n, n)));
    outside.push(ms(10 * n + 40.02 + (n % 5) / 100, said(HOST, 40_000 + 7 * n, n)));
    outside.push(ms(10 * n + 45, answer(HOST, 57, 300 + n, 1000 + n)));
    inside.push(ms(10 * n + 5.02 + (n % 7) / 100, answer(CONTAINER, 64, 9000 + 3 * n, 1000 + n)));
  }
  const [entered, left] = [inside, outside].map((side) => side.toSorted((a, b) => a.ns - b.ns));
  const { pairs, summary } = await outcomeOf(entered, left, { clock: { kind: "auto" } });
  expect(pairs.length).toBeGreaterThan(380);
  expect(Math.abs(summary.clock.offsetNs - 40e6)).toBeLessThan(100_000);
});

it("a datagram that may have left in fragments, to which the router gave an IP ID of its own, was not dropped", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < 100; n++) {
    inside.push(ms(20 * n, said(CONTAINER, 100 + n, n)));
    outside.push(ms(20 * n + 0.03, said(HOST, 40_000 + 7 * n, n)));
    if (n % 20 !== 10) continue;
    const whole = (src: string, id: number, ttl: number) =>
      ipv4({ src, dst: SERVER, id, ttl }, udp({ srcPort: 5000, dstPort: 9999, payload: Buffer.alloc(2000, n) }));
    const pieces = [0, 1].map((piece) => {
      const { buffer } = whole(HOST, 50_000 + n, 63).slice();
      const bytes = new Uint8Array(buffer).subarray(20 + 1480 * piece, piece === 0 ? 1500 : undefined);
      const of = { src: HOST, dst: SERVER, id: 50_000 + n, ttl: 63, offset: 185 * piece, mf: piece === 0 };
      return ipv4(of, transport(17, bytes));
    });
    inside.push(ms(20 * n + 5, whole(CONTAINER, 3000 + n, 64)));
    outside.push(ms(20 * n + 5.03, pieces[0]), ms(20 * n + 5.04, pieces[1]));
  }
  const { alone, twins } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
  expect(twins.length).toBeGreaterThanOrEqual(99);
  expect(alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
});
