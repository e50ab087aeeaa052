import { describe, expect, it } from "vitest";
import {
  merged,
  OTHER,
  HOST,
  CONTAINER,
  CLIENT,
  conversation,
  datagram,
  segment,
  SERVER,
  SYN,
  SYN_ACK,
} from "../../traffic.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";

const GATEWAY = "172.17.0.1";

interface Exchange {
  readonly inside: Stamped[];
  readonly outside: Stamped[];
}

/** A query of a client's that a proxy sends again with a TTL of its own, and the answer, all of them 50 µs apart. */
function exchange(atUs: number, question: string, answer: string, clientPort = 5353, proxyPort = 40_000): Exchange {
  const front = { srcPort: clientPort, dstPort: 53, ipId: 0 };
  const behind = { srcPort: proxyPort, dstPort: 5300, ipId: 0 };
  const back = ({ srcPort, dstPort, ipId }: typeof front) => ({ srcPort: dstPort, dstPort: srcPort, ipId });
  return {
    outside: [
      us(atUs, datagram({ src: CLIENT, dst: HOST, ttl: 63, text: question, ...front })),
      us(atUs + 150, datagram({ src: HOST, dst: CLIENT, ttl: 64, text: answer, ...back(front) })),
    ],
    inside: [
      us(atUs + 50, datagram({ src: GATEWAY, dst: CONTAINER, ttl: 64, text: question, ...behind })),
      us(atUs + 100, datagram({ src: CONTAINER, dst: GATEWAY, ttl: 64, text: answer, ...back(behind) })),
    ],
  };
}

/** A datagram that comes out as the host would have forwarded it. */
const forwarded = (atUs: number, text: string): Exchange => ({
  outside: [us(atUs, datagram({ src: CLIENT, dst: HOST, srcPort: 1, dstPort: 53, ipId: 0, ttl: 65, text }))],
  inside: [us(atUs + 9, datagram({ src: GATEWAY, dst: CONTAINER, srcPort: 2, dstPort: 53, ipId: 0, ttl: 64, text }))],
});

/** A datagram that leaves from the NAT's own address, and another one to a container that carries the same. */
const leaving = (atUs: number, text: string): Exchange => ({
  outside: [us(atUs, datagram({ src: HOST, dst: SERVER, srcPort: 1, dstPort: 9, ipId: 0, ttl: 63, text }))],
  inside: [us(atUs + 50, datagram({ src: GATEWAY, dst: CONTAINER, srcPort: 2, dstPort: 53, ipId: 0, ttl: 64, text }))],
});

const outcomeOfAll = (...exchanges: readonly Exchange[]) =>
  outcomeBeside(conversation(40, { startUs: 1_000 }), ...exchanges);

async function outcomeBeside(known: Exchange, ...exchanges: readonly Exchange[]) {
  const inside = merged(known.inside, ...exchanges.map((each) => each.inside));
  const outside = merged(known.outside, ...exchanges.map((each) => each.outside));
  const { flows, alone, updates, findings, pairs } = await outcomeOf(inside, outside);
  expect(pairs).toHaveLength(40);
  return { proxied: flows.filter(({ nat }) => nat === "proxy"), alone, updates, findings };
}

const of = (n: number, ttl: number, text: string) => ({ ipId: 700 + n, ttl, text });

describe("the two conversations of a UDP proxy", () => {
  it("are linked by what they carry", async () => {
    const { proxied, alone } = await outcomeOfAll(
      exchange(10_000, "who?", "me"),
      exchange(20_000, "and you?", "me, too"),
    );
    expect(proxied).toMatchObject([
      {
        proto: "udp",
        initiator: "outside",
        inside: { src: GATEWAY, srcPort: 40_000, dst: CONTAINER, dstPort: 5300 },
        outside: { src: CLIENT, srcPort: 5353, dst: HOST, dstPort: 53 },
        insideOnly: 4,
        outsideOnly: 4,
        latency: { inbound: { minNs: 50_000, maxNs: 50_000 }, outbound: { minNs: 50_000, maxNs: 50_000 } },
      },
    ]);
    expect(alone.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 8 }, () => "proxied"));
  });

  it("but not by one thing alone", async () => {
    const { proxied } = await outcomeOfAll(exchange(10_000, "who?", "who?"));
    expect(proxied).toEqual([]);
  });

  it("nor where two clients ask the same", async () => {
    const all = [10_000, 20_000].flatMap((atUs, n) => [
      exchange(atUs, `who ${n}?`, `me ${n}`, 5353, 40_000),
      exchange(atUs + 10, `who ${n}?`, `me ${n}`, 5354, 40_001),
    ]);
    expect((await outcomeOfAll(...all)).proxied).toEqual([]);
  });

  it("nor where both have one IP ID: a router forwarded it that keeps TTLs", async () => {
    const known = conversation(40, { startUs: 1_000 });
    const asks = { srcPort: 5353, dstPort: 53 };
    const told = { srcPort: 53, dstPort: 5353 };
    const { alone } = await outcomeOf(
      merged(
        known.inside,
        [0, 1].flatMap((n) => [
          us(20_050 + 1000 * n, datagram({ src: GATEWAY, dst: CONTAINER, ...asks, ...of(n, 60, `who is ${n}?`) })),
          us(20_100 + 1000 * n, datagram({ src: CONTAINER, dst: GATEWAY, ...told, ...of(n + 9, 64, `it is ${n}`) })),
        ]),
      ),
      merged(
        known.outside,
        [0, 1].flatMap((n) => [
          us(20_000 + 1000 * n, datagram({ src: CLIENT, dst: HOST, ...asks, ...of(n, 60, `who is ${n}?`) })),
          us(20_150 + 1000 * n, datagram({ src: HOST, dst: CLIENT, ...told, ...of(n + 9, 64, `it is ${n}`) })),
        ]),
      ),
    );
    expect(alone.map(({ verdict }) => verdict)).not.toContain("proxied");
  });

  it("nor where the host may have forwarded it", async () => {
    expect((await outcomeOfAll(forwarded(10_000, "one"), forwarded(20_000, "two"))).proxied).toEqual([]);
  });

  it("nor where the router gives packets IP IDs of its own: what it forwards looks like what is sent again", async () => {
    const { inside, outside } = conversation(40, { startUs: 1_000 });
    for (const [n, { packet }] of outside.entries()) packet.set([0x77, n], 4);
    const asked = [exchange(10_000, "who?", "me"), exchange(20_000, "and you?", "me, too")];
    expect((await outcomeBeside({ inside, outside }, ...asked)).proxied).toEqual([]);
  });

  it("nor where what seems to call left from the NAT's own address", async () => {
    expect((await outcomeOfAll(leaving(10_000, "who?"), leaving(20_000, "and you?"))).proxied).toEqual([]);
  });

  it("and what the proxy does not send again is not called proxied", async () => {
    const lost = exchange(30_000, "anybody?", "");
    const { alone } = await outcomeOfAll(exchange(10_000, "who?", "me"), exchange(20_000, "and you?", "me, too"), {
      inside: [],
      outside: lost.outside.slice(0, 1),
    });
    expect(alone.at(-1)).toMatchObject({
      verdict: "unknown",
      why: `a proxy on the host took it, and sent nothing like it again: ${GATEWAY}.40000 > ${CONTAINER}.5300 on inside`,
    });
  });
});

/** Only what a client asks, and what the proxy sends on: nobody answers. */
function unanswered(atUs: number, question: string, clientPort?: number, proxyPort?: number): Exchange {
  const { outside, inside } = exchange(atUs, question, "", clientPort, proxyPort);
  return { outside: outside.slice(0, 1), inside: inside.slice(0, 1) };
}

/** A conversation that goes on long after what proxies do. */
const last = unanswered(8_000_000, "bye", 9, 9);

describe("a UDP proxy that opens another conversation for each datagram, as nobody listens", () => {
  it("is one flow with them all", async () => {
    const asked = ["a", "b", "c"].map((text, n) => unanswered(10_000 * (n + 1), text, 5353, 40_000 + n));
    const { proxied, alone } = await outcomeOfAll(...asked);
    expect(proxied).toMatchObject([{ inside: { srcPort: 40_000 }, insideOnly: 3, outsideOnly: 3 }]);
    expect(alone.map(({ verdict, why }) => [verdict, why.slice(-60).match(/1\.(4000.)/)?.[1]])).toEqual(
      ["40000", "40001", "40002"].flatMap((port) => [
        ["proxied", port],
        ["proxied", undefined],
      ]),
    );
  });

  it("is told of datagrams that were judged before that was known", async () => {
    const asked = ["a", "b", "c"].map((text, n) => unanswered(10_000 + 2_000_000 * n, text, 5353, 40_000 + n));
    const { proxied, alone, updates } = await outcomeOfAll(...asked, last);
    expect(proxied).toMatchObject([{ insideOnly: 3, outsideOnly: 3, latency: { inbound: { minNs: 50_000 } } }]);
    expect(alone.slice(0, 2).map(({ verdict }) => verdict)).toEqual(["unknown", "unknown"]);
    expect(updates.slice(0, 2)).toMatchObject([
      { side: 1, verdict: "proxied", before: { verdict: "unknown" }, flow: proxied[0]?.id },
      { side: 0, verdict: "proxied", before: { verdict: "unknown" }, flow: proxied[0]?.id },
    ]);
    expect(alone.slice(2, 6).map(({ verdict }) => verdict)).toEqual(["proxied", "proxied", "proxied", "proxied"]);
  });

  it("is none where all carry the same, nor where they go to different ends", async () => {
    const alike = [0, 1].map((n) => unanswered(10_000 + 2_000_000 * n, "a", 5353, 40_000 + n));
    expect((await outcomeOfAll(...alike, last)).proxied).toEqual([]);
    const elsewhere = unanswered(2_010_000, "b", 5353, 40_001);
    const moved = datagram({ src: GATEWAY, dst: OTHER, srcPort: 40_001, dstPort: 5300, ipId: 0, ttl: 64, text: "b" });
    const split = { ...elsewhere, inside: [us(2_010_050, moved)] };
    expect((await outcomeOfAll(unanswered(10_000, "a"), split, last)).proxied).toEqual([]);
  });

  it("and what another client's datagram may have become is not called this one's", async () => {
    const asked = ["a", "b"].map((text, n) => unanswered(10_000 * (n + 1), text, 5353, 40_000 + n));
    const both = [unanswered(30_000, "c", 5353, 40_002), unanswered(30_010, "c", 5354, 40_003)];
    const { proxied, alone } = await outcomeOfAll(...asked, ...both);
    expect(proxied).toMatchObject([{ insideOnly: 2, outsideOnly: 3 }]);
    expect(alone.slice(4).map(({ verdict }) => verdict)).not.toContain("proxied");
  });
});

const numbers = (seq: number, ack: number, ipId: number) => ({ seq, ack, ipId });

/** The client's connection, accepted at once, and the proxy's own to the same server from `dialledUs` on. */
const sides = (dialledUs: number): Exchange => {
  const client = { src: CONTAINER, dst: SERVER, srcPort: 50_000, dstPort: 80, ttl: 64 };
  const toClient = { src: SERVER, dst: CONTAINER, srcPort: 80, dstPort: 50_000, ttl: 64 };
  const dialled = { src: HOST, dst: SERVER, srcPort: 33_000, dstPort: 80, ttl: 64 };
  const answer = { src: SERVER, dst: HOST, srcPort: 80, dstPort: 33_000, ttl: 60 };
  const text = "GET / HTTP/1.1 of more than thirty-two bytes";
  return {
    inside: [
      us(10_000, segment({ ...client, ...numbers(100, 0, 1), flags: SYN })),
      us(10_020, segment({ ...toClient, ...numbers(700, 101, 0), flags: SYN_ACK })),
      us(10_040, segment({ ...client, ...numbers(101, 701, 2), text })),
      us(10_900, segment({ ...toClient, ...numbers(701, 145, 3), text: `200 OK ${text}` })),
    ],
    outside: [
      us(dialledUs, segment({ ...dialled, ...numbers(5_000, 0, 8), flags: SYN })),
      us(dialledUs + 5, segment({ ...answer, ...numbers(9_000, 5_001, 0), flags: SYN_ACK })),
      us(10_500, segment({ ...dialled, ...numbers(5_001, 9_001, 9), text })),
      us(10_800, segment({ ...answer, ...numbers(9_001, 5_045, 4), text: `200 OK ${text}` })),
    ],
  };
};

describe("a proxy that takes a connection on its way out", () => {
  it("is linked with what it dials itself", async () => {
    const { proxied } = await outcomeOfAll(sides(10_100));
    expect(proxied).toMatchObject([
      {
        initiator: "inside",
        inside: { src: CONTAINER, dst: SERVER },
        outside: { src: HOST, dst: SERVER },
        sides: [0, 1],
      },
    ]);
  });

  it("is none where the client was answered once the server had", async () => {
    expect((await outcomeOfAll(sides(10_010))).proxied).toEqual([]);
  });
});

const fromServer = (dst: string, dstPort: number) => ({ src: SERVER, dst, srcPort: 53, dstPort, ipId: 0 });

/** A query that a proxy takes on its way to a server, and asks itself, from `from`; and the answer. */
function onItsWay(atUs: number, question: string, from = HOST): Exchange {
  const numbers = { dstPort: 53, ipId: 0 };
  return {
    inside: [
      us(atUs, datagram({ src: CONTAINER, dst: SERVER, srcPort: 5353, ttl: 64, text: question, ...numbers })),
      us(atUs + 150, datagram({ ...fromServer(CONTAINER, 5353), ttl: 64, text: `${question}!` })),
    ],
    outside: [
      us(atUs + 50, datagram({ src: from, dst: SERVER, srcPort: 40_000, ttl: 64, text: question, ...numbers })),
      us(atUs + 100, datagram({ ...fromServer(from, 40_000), ttl: 60, text: `${question}!` })),
    ],
  };
}

/** A query that nothing is seen of again. */
const unsent = (atUs: number): Exchange => {
  const numbers = { srcPort: 7000, dstPort: 53, ipId: 9, ttl: 64, text: `anybody ${atUs}?` };
  return { inside: [us(atUs, datagram({ src: OTHER, dst: "198.51.100.53", ...numbers }))], outside: [] };
};

describe("a UDP proxy on the way out", () => {
  it("is linked with what it asks itself", async () => {
    const { proxied, alone } = await outcomeOfAll(onItsWay(10_000, "who?"), onItsWay(20_000, "and you?"));
    expect(proxied).toMatchObject([
      {
        initiator: "inside",
        inside: { src: CONTAINER, srcPort: 5353, dst: SERVER, dstPort: 53 },
        outside: { src: HOST, srcPort: 40_000, dst: SERVER, dstPort: 53 },
      },
    ]);
    expect(alone.map(({ verdict }) => verdict)).toEqual(alone.map(() => "proxied"));
  });

  it("may have taken what others ask that service, and is never sent on: none of that is dropped", async () => {
    const asked = [onItsWay(10_000, "who?"), onItsWay(20_000, "and you?")];
    const later = await outcomeOfAll(...asked, unsent(30_000), onItsWay(80_000, "who else?"));
    expect(later.alone.find(({ verdict }) => verdict !== "proxied")).toMatchObject({
      verdict: "unknown",
      reason: "proxy-keeps",
    });
    const before = await outcomeOfAll(unsent(9_000), ...asked, onItsWay(1_400_000, "still there?"));
    expect(before.alone.find(({ verdict }) => verdict !== "proxied")).toMatchObject({ verdict: "dropped" });
    expect(before.updates).toMatchObject([{ verdict: "unknown", reason: "proxy-keeps" }]);
    expect(before.findings.map(({ code }) => code)).not.toContain("dropped");
  });

  it("is none where somebody else asks the same", async () => {
    const others = [onItsWay(10_000, "who?", CLIENT), onItsWay(20_000, "and you?", CLIENT)];
    expect((await outcomeOfAll(...others)).proxied).toEqual([]);
  });
});
