import * as fc from "fast-check";
import { expect, it } from "vitest";
import {
  echo,
  echo6,
  filler,
  fragmentHeader,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  tcp,
  type Transport,
  udp,
} from "../support/packets.js";
import { runs } from "../support/runs.js";
import { ms, outcomeOf, type Stamped } from "./outcome.js";
import { inStep } from "./traffic.js";

const CONTAINER6 = "2001:db8:17::2";
const CONTAINER4 = "172.17.0.2";
const HOST4 = "198.51.100.15";
const SERVER4 = "192.0.2.80";
/** The same, as NAT64 writes it. */
const SERVER64 = "64:ff9b::c000:250";
/** The same host's own IPv6 address. */
const SERVER6 = "2001:db8:101::80";

const six = (src: string, dst: string, hopLimit: number, carried: Transport) => ipv6({ src, dst, hopLimit }, carried);
const four = (src: string, dst: string, ttl: number, carried: Transport, id = 0) =>
  ipv4({ src, dst, ttl, id, df: true }, carried);

const query = (srcPort: number, text: string, dstPort = 53) => udp({ srcPort, dstPort, payload: Buffer.from(text) });

const segment = (seq: number, text: string) =>
  tcp({ srcPort: 40_000, dstPort: 80, seq, ack: 77, flags: 0x18, payload: Buffer.from(text) });
const syn = (n: number) => tcp({ srcPort: 40_000 + n, dstPort: 80, seq: 1_000_000 * n, ack: 0, flags: 2 });

/** Which IP a packet is of. */
const version = ({ packet }: Stamped) => packet[0] >> 4;

it("NAT64: UDP and ping by an address that holds the other, and what they carry", async () => {
  const outcome = await outcomeOf(
    [
      ms(0, six(CONTAINER6, SERVER64, 64, query(5000, "who?"))),
      ms(5, six(CONTAINER6, SERVER64, 64, echo6({ id: 77, seq: 1, payload: filler(56) }))),
    ],
    [
      ms(0.02, four(HOST4, SERVER4, 63, query(61_000, "who?"))),
      ms(5.02, four(HOST4, SERVER4, 63, echo({ id: 900, seq: 1, payload: filler(56) }))),
    ],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.pairs.map(({ by, evidence }) => [by, evidence.join(" ")])).toEqual([
    ["exact", "length payload"],
    ["exact", "length icmp-seq payload"],
  ]);
  expect(outcome.nats).toEqual(["nat64", "nat64"]);
});

it("NAT64: datagrams whose first bytes are alike are told apart by the rest", async () => {
  const begin = "the same thirty-two bytes of all, and then ";
  const sent = [1, 2, 3].map((n) => ms(n / 100, six(CONTAINER6, SERVER64, 64, query(5000, `${begin}${n}`))));
  const arrived = [3, 1, 2].map((n) => ms(0.05 + n / 1000, four(HOST4, SERVER4, 63, query(61_000, `${begin}${n}`))));
  const outcome = await outcomeOf(
    sent,
    arrived.toSorted((a, b) => a.ns - b.ns),
  );
  expect(outcome.twins).toEqual(inStep(3));
});

it.each([
  ["an address that does not hold the other", SERVER6, 63, "who?", 53],
  ["an equal TTL", SERVER64, 64, "who?", 53],
  ["another payload", SERVER64, 63, "why?", 53],
  ["another port of the server's", SERVER64, 63, "who?", 54],
  ["no payload at all", SERVER64, 63, "", 53],
])("%s: no pair", async (_, server, ttl, text, port) => {
  const outcome = await outcomeOf(
    [ms(0, six(CONTAINER6, server, 64, query(5000, text === "" ? "" : "who?")))],
    [ms(0.02, four(HOST4, SERVER4, ttl, query(5000, text, port)))],
  );
  expect(outcome.pairs).toEqual([]);
});

it("464XLAT: TCP by its numbers, whatever the addresses are; a lost segment is told from its retransmission by the time they take", async () => {
  const inside = [0, 300].map((at) => ms(at, four(CONTAINER4, SERVER4, 64, segment(1000, "a"), at + 1)));
  inside.push(ms(400, four(CONTAINER4, SERVER4, 64, segment(1001, "b"), 900)));
  const outside = [
    ms(300.02, six(CONTAINER6, SERVER6, 63, segment(1000, "a"))),
    ms(400.02, six(CONTAINER6, SERVER6, 63, segment(1001, "b"))),
  ];
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual([
    [2, 1],
    [3, 2],
  ]);
});

// RFC 6946: a fragment header on a packet that is whole, as translators made one of each that may be cut (RFC 6145)
const atomic = (id: number, carried: Transport) =>
  ipv6({ src: CONTAINER6, dst: SERVER64, extensions: [fragmentHeader({ offset: 0, more: false, id })] }, carried);
const letter = (n: number) =>
  tcp({ srcPort: 40_000, dstPort: 80, seq: 1000 + n, ack: 77, flags: 0x18, window: 100, payload: filler(1) });

it("nothing is said to be rewritten of a window that an atomic fragment's identification leaves no room for", async () => {
  const outcome = await outcomeOf(
    [1, 2, 3].map((n) => ms(n, atomic(70 + n, letter(n)))),
    [1, 2, 3].map((n) => ms(n + 0.02, four(HOST4, SERVER4, 63, letter(n), 70 + n))),
  );
  expect(outcome.pairs.map(({ altered }) => altered)).toEqual([[], [], []]);
  expect(outcome.findings.map(({ code }) => code)).not.toContain("rewritten");
});

it("no leak is suspected where an IPv6 address is translated to IPv4 and forwarded as it is beside that", async () => {
  const outcome = await outcomeOf(
    [ms(0, six(CONTAINER6, SERVER64, 64, syn(1))), ms(9, six(CONTAINER6, SERVER6, 64, syn(2)))],
    [ms(0.02, four(HOST4, SERVER4, 63, syn(1))), ms(9.02, six(CONTAINER6, SERVER6, 63, syn(2)))],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.findings.filter(({ code }) => code === "leak")).toEqual([]);
});

/** The translator's own address: behind one that it shared with the masquerade, two pings could have the same outside. */
const POOL4 = "10.0.2.64";

/** How a packet crosses: within IPv4 behind one address, within IPv6 as it is, or from IPv6 to IPv4. */
const WAYS = ["masquerade", "forward", "nat64"] as const;

const event = fc.record({
  way: fc.constantFrom(...WAYS),
  kind: fc.constantFrom("udp", "ping", "tcp"),
  host: fc.integer({ min: 0, max: 1 }),
  content: fc.integer({ min: 0, max: 2 }),
  gapUs: fc.integer({ min: 1, max: 400_000 }),
  isLost: fc.boolean(),
  isUnseen: fc.boolean(),
  hasIpId: fc.boolean(),
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Hosts that say the same over every way there is; what is lost did not cross, what is unseen came from elsewhere. */
function dualStack(events: readonly Event[], isSamePort: boolean) {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const twins = new Map<number, number>();
  let us = 0;
  let id = 1;
  for (const { way, kind, host, content, gapUs, isLost, isUnseen, hasIpId } of events) {
    us += gapUs;
    const port = 5000 + host;
    const outerPort = isSamePort ? port : port + 100 + WAYS.indexOf(way);
    const carried = (isIpv6: boolean, srcPort: number): Transport => {
      if (kind === "udp") return query(srcPort, `who is ${content}?`);
      if (kind === "tcp")
        return tcp({ srcPort, dstPort: 80, seq: 7_000_000 + 100 * WAYS.indexOf(way) + content, ack: 5 });
      return (isIpv6 ? echo6 : echo)({ id: srcPort, seq: content, payload: filler(56, content) });
    };
    const ipId = hasIpId ? id++ : 0;
    const inner4 = `172.17.0.${2 + host}`;
    const inner6 = `2001:db8:17::${2 + host}`;
    const entered =
      way === "masquerade"
        ? four(inner4, SERVER4, 64, carried(false, port), ipId)
        : six(inner6, way === "forward" ? SERVER6 : SERVER64, 64, carried(true, port));
    const left =
      way === "forward"
        ? six(inner6, SERVER6, 63, carried(true, port))
        : four(
            way === "nat64" ? POOL4 : HOST4,
            SERVER4,
            63,
            carried(false, outerPort),
            way === "masquerade" ? ipId : 0,
          );
    if (!isUnseen) inside.push({ ns: us * 1000, packet: entered });
    if (!isLost) outside.push({ ns: us * 1000 + 20_000, packet: left });
    if (!isUnseen && !isLost) twins.set(inside.length, outside.length);
  }
  return { inside, outside, twins };
}

it("no pair is ever wrong where hosts do the same over IPv4, IPv6 and NAT64 at once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), fc.boolean(), async (all, isSamePort) => {
      const events = all.map((one) => ({ ...one, isUnseen: false }));
      const { inside, outside, twins } = dualStack(events, isSamePort);
      const { pairs } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
      expect(pairs.filter((pair) => twins.get(pair.inside) !== pair.outside)).toEqual([]);
    }),
    { numRuns: runs(22) },
  );
});

it("dual-stack hosts without a translator give no pair across versions", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), fc.boolean(), async (all, isSamePort) => {
      const events = all.filter(({ way }) => way !== "nat64");
      const { inside, outside } = dualStack(events, isSamePort);
      const { pairs } = await outcomeOf(inside, outside);
      const across = pairs.filter((pair) => version(inside[pair.inside - 1]) !== version(outside[pair.outside - 1]));
      expect(across).toEqual([]);
    }),
    { numRuns: runs(35) },
  );
});

/** A datagram of a stream, which nothing but its last byte tells from the others. */
const stream = (n: number) => query(5000, `${"=".repeat(40)}${n}`, 9000);

it("NAT64: payloads that begin alike are told apart by the rest", async () => {
  const inside = [0, 1, 2, 3].map((n) => ms(n / 100, six(CONTAINER6, SERVER64, 64, stream(n))));
  const outside = [2, 0, 3, 1].map((n, at) => ms(0.06 + at / 100, four(HOST4, SERVER4, 63, stream(n))));
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual([
    [1, 2],
    [2, 4],
    [3, 1],
    [4, 3],
  ]);
});

it("explicit address mappings (RFC 7757): neither address holds the other, but question and answer cross", async () => {
  const answer = udp({ srcPort: 53, dstPort: 5000, payload: Buffer.from("here") });
  const outcome = await outcomeOf(
    [ms(0, six(CONTAINER6, SERVER6, 64, query(5000, "who?"))), ms(9.02, six(SERVER6, CONTAINER6, 59, answer))],
    [ms(0.02, four(HOST4, SERVER4, 63, query(5000, "who?"))), ms(9, four(SERVER4, HOST4, 60, answer))],
  );
  expect(outcome.twins).toEqual(inStep(2));
});

it("NAT64: an ICMP error, by what it quotes", async () => {
  const asked = query(5000, "who?");
  const quoted6 = six(CONTAINER6, SERVER64, 60, asked);
  const quoted4 = four(HOST4, SERVER4, 59, asked);
  const outcome = await outcomeOf(
    [
      ms(0, six(CONTAINER6, SERVER64, 64, asked)),
      ms(5.02, six(SERVER64, CONTAINER6, 59, icmpv6({ type: 1, code: 4, payload: quoted6 }))),
    ],
    [
      ms(0.02, four(HOST4, SERVER4, 63, asked)),
      ms(5, four(SERVER4, HOST4, 60, icmp({ type: 3, code: 3, payload: quoted4 }))),
    ],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.pairs.map(({ by }) => by)).toEqual(["exact", "quoted"]);
});

/** A ping's payload, as iputils writes it: when it was sent, and a pattern. */
function sentAt(second: number, microsecond: number): Uint8Array {
  const payload = filler(56);
  new DataView(payload.buffer).setBigUint64(0, BigInt(second), true);
  new DataView(payload.buffer).setBigUint64(8, BigInt(microsecond), true);
  return payload;
}

/** Requests and their answers that somebody sends by way of IPv6, of whom both captures see IPv4 (464XLAT). */
const pinged = (everyMs: number, count: number, payloadOf: (n: number) => Uint8Array) => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < count; n++) {
    const atMs = everyMs * n;
    const message = { seq: n + 1, payload: payloadOf(n) };
    const own = { ...message, id: 12_235 };
    const other = { ...message, id: 36_273 };
    inside.push(ms(atMs, four(CONTAINER4, SERVER4, 64, echo(own), 23_058 + n)));
    outside.push(ms(atMs + 2.48, four(HOST4, SERVER4, 62, echo(other), 3703 + 5 * n)));
    outside.push(ms(atMs + 2.73, four(SERVER4, HOST4, 64, echo({ ...other, reply: true }), 39_302 + n)));
    inside.push(ms(atMs + 4.12, four(SERVER4, CONTAINER4, 62, echo({ ...own, reply: true }), 31_183 + 7 * n)));
  }
  return outcomeOf(inside, outside);
};

it("464XLAT: one ping and its answer, by the time that they carry", async () => {
  const { twins, pairs, flows } = await pinged(1000, 1, () => sentAt(1_425_083_340, 969_237));
  expect(twins).toEqual(inStep(2));
  expect(pairs.map(({ evidence }) => evidence.join(" "))).toEqual([
    "length icmp-seq payload",
    "length icmp-seq payload flow",
  ]);
  expect(flows.map(({ inside, outside }) => [inside.src, outside.src])).toEqual([[CONTAINER4, HOST4]]);
  // what every ping carries might be two hosts', whose twins were missed
  expect((await pinged(1000, 1, () => filler(56))).pairs).toEqual([]);
});
