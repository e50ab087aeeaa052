import { describe, expect, it } from "vitest";
import { ipv4, udp } from "../support/packets.js";
import { ms, outcomeOf, type Stamped, us } from "./outcome.js";
import {
  CLIENT,
  CONTAINER,
  conversation,
  datagram,
  HOST,
  merged,
  OTHER,
  ping,
  SERVER,
  type Segment,
  segment,
  SYN,
  SYN_ACK,
} from "./traffic.js";

const COUNT = 12;

/** One end's address and port on both sides, and the other's. */
interface Ends {
  readonly near: readonly [inside: string, outside: string];
  readonly nearPorts: readonly [inside: number, outside: number];
  readonly far: string;
  readonly farPort: number;
}

const MASQUERADED = { near: [CONTAINER, HOST], nearPorts: [40_000, 40_000], far: SERVER } as const;
const PUBLISHED = { near: [CONTAINER, HOST], far: CLIENT } as const;

/** A TCP conversation met in the middle, of which each end sends in turn, the far one first; behind these flags, if any. */
async function flowOf(of: Ends, isFarFirst = true, handshake: readonly number[] = []) {
  const { near, nearPorts, far, farPort } = of;
  const sides: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < COUNT; n++) {
    const isOutbound = n % 2 === (isFarFirst ? 1 : 0);
    for (const side of [0, 1] as const) {
      const isEntering = isOutbound === (side === 0);
      const numbers = { seq: 1000 + 100 * n, ack: 9000 + 100 * n, ipId: 50 + n, ttl: isEntering ? 64 : 63 };
      const packet: Segment = isOutbound
        ? { ...numbers, src: near[side], srcPort: nearPorts[side], dst: far, dstPort: farPort }
        : { ...numbers, src: far, srcPort: farPort, dst: near[side], dstPort: nearPorts[side] };
      const flags = handshake[n] ?? 0x10;
      sides[side].push(us(1000 * n + (isEntering ? 0 : 20), segment({ ...packet, flags, text: n < 2 ? "" : "data" })));
    }
  }
  const { flows, findings } = await outcomeOf(...sides);
  return { ...flows[0], codes: findings.map(({ code }) => code) };
}

/** A segment each, from inside or outside, as both sides see it: its flags, number, and what it acknowledges. */
function crossing(segments: readonly (readonly ["in" | "out", number, number, number])[]): [Stamped[], Stamped[]] {
  const seenBy = (side: 0 | 1) =>
    segments.map(([way, flags, seq, ack], n) => {
      const isEntering = (way === "out") === (side === 0);
      const numbers = { flags, seq, ack, ipId: 50 + n, ttl: isEntering ? 64 : 63 };
      const [near, far] = [MASQUERADED.near[side], SERVER];
      const [src, dst] = way === "out" ? [near, far] : [far, near];
      const ports = way === "out" ? { srcPort: 40_000, dstPort: 4000 } : { srcPort: 4000, dstPort: 40_000 };
      return us(1000 * n + (isEntering ? 0 : 20), segment({ ...numbers, ...ports, src, dst }));
    });
  return [seenBy(0), seenBy(1)];
}

describe("a connection that both ends open at once", () => {
  const bothSyns = [
    ["out", SYN, 100, 0],
    ["in", SYN, 900, 0],
  ] as const;
  const answer = ["in", SYN_ACK, 900, 101] as const;
  const own = ["out", SYN_ACK, 100, 901] as const;

  it.each([
    ["", [answer, own], 0],
    [", whoever accepts it first", [own, answer], 0],
    [", who accepts it twice", [answer, own, own], 1],
  ] as const)("was opened by the first%s, and nothing was sent twice that was not", async (_, accepting, again) => {
    const { flows, pairs } = await outcomeOf(...crossing([...bothSyns, ...accepting]));
    expect(flows).toMatchObject([{ nat: "snat", initiator: "inside" }]);
    expect(pairs).toHaveLength(2 + accepting.length);
    expect(pairs.filter(({ isRetransmission }) => isRetransmission)).toHaveLength(again);
  });
});

describe("a conversation met in the middle", () => {
  for (const farPort of [22, 443, 3306, 5432, 8080, 27_017]) {
    for (const isFarFirst of [true, false]) {
      it(`with a server's port ${farPort} was opened by the other end, ${isFarFirst ? "whoever speaks" : "who speaks"} first`, async () => {
        const { nat, initiator } = await flowOf({ ...MASQUERADED, farPort }, isFarFirst);
        expect([nat, initiator]).toEqual(["snat", "inside"]);
      });
    }
  }

  it("with a published port was opened from outside", async () => {
    for (const isFarFirst of [true, false]) {
      const { nat, initiator } = await flowOf({ ...PUBLISHED, nearPorts: [80, 8080], farPort: 50_000 }, isFarFirst);
      expect([nat, initiator]).toEqual(["dnat", "outside"]);
    }
  });

  it("whose ports do not tell is not said to be opened by either", async () => {
    for (const nearPorts of [
      [5000, 5000],
      [5000, 8080],
    ] as const) {
      const { nat, initiator, inside, codes } = await flowOf({ ...PUBLISHED, nearPorts, farPort: 9000 });
      expect([nat, initiator]).toEqual(["unknown", "unknown"]);
      // as it leaves
      expect([inside.src, inside.dst]).toEqual([CONTAINER, CLIENT]);
      expect(codes).not.toContain("port-rewritten");
    }
  });
});

describe("the handshake", () => {
  it("says who opened the conversation, whatever the ports are", async () => {
    const of = { ...PUBLISHED, nearPorts: [50_051, 50_051], farPort: 5000 } as const;
    const published = await flowOf(of, true, [SYN, SYN_ACK]);
    expect([published.nat, published.initiator]).toEqual(["dnat", "outside"]);
    const masqueraded = await flowOf(of, false, [SYN, SYN_ACK]);
    expect([masqueraded.nat, masqueraded.initiator]).toEqual(["snat", "inside"]);
    const answered = await flowOf(of, false, [SYN_ACK]);
    expect([answered.nat, answered.initiator]).toEqual(["dnat", "outside"]);
  });
});

/** `nat` and `initiator` of datagrams of a container and a server in turn, so many seconds behind the first frames. */
async function datagrams(farPort: number, nearPort: number, isFarFirst: boolean, lateS = 0, count = COUNT) {
  const first = conversation(1);
  const sides: [Stamped[], Stamped[]] = [[...first.inside], [...first.outside]];
  for (let n = 0; n < count; n++) {
    const isOutbound = n % 2 === (isFarFirst ? 1 : 0);
    for (const side of [0, 1] as const) {
      const isEntering = isOutbound === (side === 0);
      const near = side === 0 ? CONTAINER : HOST;
      const header = { id: 50 + n, ttl: isEntering ? 64 : 63 };
      const payload = Buffer.from(`${n}`);
      const packet = isOutbound
        ? ipv4({ ...header, src: near, dst: SERVER }, udp({ srcPort: nearPort, dstPort: farPort, payload }))
        : ipv4({ ...header, src: SERVER, dst: near }, udp({ srcPort: farPort, dstPort: nearPort, payload }));
      sides[side].push(us(10_000 + 1e6 * lateS + 1000 * n + (isEntering ? 0 : 20), packet));
    }
  }
  const { flows } = await outcomeOf(...sides);
  const flow = flows.find(({ proto }) => proto === "udp");
  return [flow?.nat, flow?.initiator];
}

describe("a UDP conversation", () => {
  it("was opened by who is met first, if its ports fit that, but for a server's answers", async () => {
    expect(await datagrams(53, 40_000, false)).toEqual(["snat", "inside"]);
    expect(await datagrams(53, 40_000, true)).toEqual(["snat", "inside"]);
    expect(await datagrams(9999, 40_000, false)).toEqual(["snat", "inside"]);
    // traceroute's first one, and the one behind its last
    expect(await datagrams(33_434, 40_000, false)).toEqual(["snat", "inside"]);
    expect(await datagrams(33_524, 40_000, false)).toEqual(["unknown", "unknown"]);
  });

  it("is not said to be opened by either where both ports are of one kind, and the host may know it from before", async () => {
    for (const [farPort, nearPort] of [
      [9999, 5353],
      // root's clients bind reserved ports: NFS
      [9000, 900],
      [51_820, 51_820],
    ]) {
      expect(await datagrams(farPort, nearPort, false)).toEqual(["unknown", "unknown"]);
      expect(await datagrams(farPort, nearPort, true, 119)).toEqual(["unknown", "unknown"]);
      expect(await datagrams(farPort, nearPort, false, 121)).toEqual(["snat", "inside"]);
      expect(await datagrams(farPort, nearPort, true, 121)).toEqual(["dnat", "outside"]);
    }
  });

  it("is not said to be opened by either where a server's port speaks and nobody else: a client may have taken that port", async () => {
    expect(await datagrams(51_000, 53, false, 0, 1)).toEqual(["unknown", "unknown"]);
    expect(await datagrams(53, 40_000, true, 0, 1)).toEqual(["unknown", "unknown"]);
    expect(await datagrams(53, 40_000, true, 0, 2)).toEqual(["snat", "inside"]);
  });

  it("is not said to be opened by either where the one met first is rather the server", async () => {
    expect(await datagrams(5000, 40_000, true)).toEqual(["unknown", "unknown"]);
  });
});

/** Pings of which little more than the IP header was kept. */
const pinged = (src: string, ttl: number, lateUs: number): Stamped[] =>
  Array.from({ length: COUNT }, (_, n) => {
    const packet = ping({ src, dst: SERVER, ttl, icmpId: 7, seq: n, ipId: 40 + n });
    return { ...us(1000 * n + lateUs, packet), kept: 20 + 6 };
  });

it("pings of which no header was kept were opened by either", async () => {
  const { flows } = await outcomeOf(pinged(CONTAINER, 64, 0), pinged(HOST, 63, 20));
  expect(flows.map(({ proto, nat, initiator }) => [proto, nat, initiator])).toEqual([["icmp", "unknown", "unknown"]]);
});

/** A segment of a connection to a published port, where the NAT has this port for it: its flags, and whether it goes outbound. */
type Passed = readonly [port: number, flags: number, isOutbound: boolean];

/** How the translations end of a client's connection to a published port, by which these segments go. */
async function published(passed: readonly Passed[]) {
  const sides: [Stamped[], Stamped[]] = [[], []];
  for (const [n, [port, flags, isOutbound]] of passed.entries()) {
    for (const [side, near, nearPort] of [
      [0, CONTAINER, 80],
      [1, HOST, port],
    ] as const) {
      const isEntering = isOutbound === (side === 0);
      const numbers = { seq: 1000 + 100 * n, ack: 9000 + 100 * n, flags, ipId: 50 + n, ttl: isEntering ? 64 : 63 };
      const ends = isOutbound
        ? { src: near, srcPort: nearPort, dst: CLIENT, dstPort: 40_000 }
        : { src: CLIENT, srcPort: 40_000, dst: near, dstPort: nearPort };
      sides[side].push(us(100_000 * n + (isEntering ? 0 : 20), segment({ ...numbers, ...ends, text: "data" })));
    }
  }
  const { flows } = await outcomeOf(...sides);
  return flows.map(({ nat, initiator }) => [nat, initiator]);
}

describe("a connection to a published port whose translation the host forgot", () => {
  const forgotten: Passed[] = [
    [88, SYN, false],
    [88, SYN_ACK, true],
    [88, 0x18, false],
    [88, 0x18, true],
  ];
  const asOpened = ["dnat", "outside"];

  it("is taken up by what the container sends, and not by who opened it", async () => {
    const more: Passed[] = [
      [80, 0x18, true],
      [80, 0x18, true],
      [80, 0x10, false],
    ];
    expect(await published([...forgotten, ...more])).toEqual([asOpened, ["unknown", "unknown"]]);
    // the ports are used again
    const again: Passed[] = [...forgotten, ...more, [80, SYN, false], [80, SYN_ACK, true]];
    expect(await published(again)).toEqual([asOpened, asOpened]);
  });

  it("is who opened it where an answer alone shows the new translation: that makes none", async () => {
    const answered: Passed[] = [...forgotten, [80, SYN_ACK, true], [80, 0x18, true], [80, 0x18, true]];
    expect(await published(answered)).toEqual([asOpened, asOpened]);
  });
});

const says = (atMs: number, src: string, ttl: number, ipId: number) =>
  ms(atMs, datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 6300, ttl, ipId, text: `question ${ipId}` }));
const told = (atMs: number, dst: string, ttl: number, ipId: number) =>
  ms(atMs, datagram({ src: SERVER, dst, srcPort: 6300, dstPort: 5000, ttl, ipId, text: `answer ${ipId}` }));

it("a translation that another container's took the place of before, seen of its answers first, is one flow", async () => {
  const known = conversation(400, { everyUs: 20_000, srcPort: 50_000, seed: 7 });
  const inside = [says(1000, OTHER, 64, 801), says(3400, CONTAINER, 64, 802), told(4000.02, CONTAINER, 52, 803)];
  const outside = [says(1000.02, HOST, 63, 801), says(3400.02, HOST, 63, 802), told(4000, HOST, 53, 803)];
  const more = [says(4100, CONTAINER, 64, 804), says(4200, CONTAINER, 64, 805)];
  const left = [says(4100.02, HOST, 63, 804), says(4200.02, HOST, 63, 805)];
  const { flows } = await outcomeOf(merged(known.inside, inside, more), merged(known.outside, outside, left));
  expect(flows.map(({ pairs }) => pairs)).toEqual([400, 1, 4]);
});
