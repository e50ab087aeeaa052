import { describe, expect, it } from "vitest";
import {
  echo,
  filler,
  fragmentHeader,
  fragments,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  transport,
  type Transport,
  udp,
} from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, OTHER, segment, SERVER } from "../../traffic.js";

const known = conversation(40);
/** Behind them nothing is at the capture's end. */
const last = conversation(4, { startUs: 5_000_000, srcPort: 50_000, seed: 7 });

const query = (ipId: number, seed: number, ttl = 1): Uint8Array =>
  ipv4({ src: CONTAINER, dst: SERVER, id: ipId, ttl, df: true }, udp({ payload: filler(40, seed) }));

/** The host's own error about a packet, which quotes so many bytes of it. */
const exceeded = (atUs: number, quoted: Uint8Array, bytes = quoted.length): Stamped =>
  us(atUs, ipv4({ src: "172.17.0.1", dst: CONTAINER, id: 77 }, icmp({ type: 11, payload: quoted.subarray(0, bytes) })));

/** The same, where the host says that its sender had better go there by another router. */
const redirected = (atUs: number, quoted: Uint8Array): Stamped =>
  us(atUs, ipv4({ src: "172.17.0.1", dst: CONTAINER, id: 77 }, icmp({ type: 5, code: 1, payload: quoted })));

/** A datagram that takes three fragments. */
const whole = (ipId: number): Uint8Array =>
  ipv4({ src: CONTAINER, dst: SERVER, id: ipId, ttl: 1 }, udp({ payload: filler(3000, ipId) }));

const times = <T>(count: number, what: readonly T[]): T[][] => Array.from({ length: count }, () => [...what]);

/** What becomes of packets of the inside that nobody sees outside, by their order, without the errors themselves. */
async function verdicts(frames: readonly Stamped[]): Promise<(string | number)[][]> {
  const inside = merged(known.inside, frames, last.inside);
  const { alone } = await outcomeOf(inside, merged(known.outside, last.outside));
  return alone
    .filter(({ reason }) => reason !== "host-error")
    .map(({ verdict, byFrame }) => (byFrame === undefined ? [verdict] : [verdict, inside[byFrame - 1].ns / 1000]));
}

/** What a host sends that traces a route, and what refuses it. */
const refusedBy = (atUs: number, src: string, quoted: Uint8Array) =>
  us(atUs, ipv4({ src, dst: "10.0.9.9", id: 77 }, icmp({ type: 11, payload: quoted })));
const probe = (dst: string, ttl = 1) =>
  ipv4({ src: "10.0.9.9", dst, id: 5, ttl }, echo({ id: 9, seq: 3, payload: filler(32) }));
const saidOfProbe = async (src: string, dst: string) => {
  const outside = merged(known.outside, [us(10_000, probe(dst)), refusedBy(10_050, src, probe(dst))], last.outside);
  const { alone } = await outcomeOf(merged(known.inside, last.inside), outside);
  return alone[0].reason;
};

/** The same where it is refused by whom it is for. */
const saidOfAddressed = async (ttl: number) => {
  const quoted = icmp({ type: 3, code: 3, payload: probe(SERVER, ttl) });
  const error = us(10_050, ipv4({ src: SERVER, dst: "10.0.9.9", id: 77 }, quoted));
  const outside = merged(known.outside, [us(10_000, probe(SERVER, ttl)), error], last.outside);
  return (await outcomeOf(merged(known.inside, last.inside), outside)).alone[0].reason;
};

/** Packets as short snaplens leave them: of what ICMP errors quote, the IP header, and neither ports nor an echo's id. */
const cut = (frames: readonly Stamped[]) => frames.map((frame) => ({ ...frame, kept: 20 + 8 + 20 + 2 }));

/** What is told of flows where short snaplens left out what errors of routers beyond say of a packet's ports, or its id. */
const flowsOfCut = async (carried: Transport) => {
  const probe = (src: string, ttl: number) => ipv4({ src, dst: SERVER, id: 5005, ttl }, carried);
  const error = (dst: string, ttl: number) =>
    ipv4({ src: "203.0.113.2", dst, id: 9009, ttl }, icmp({ type: 11, payload: probe(dst, 1).subarray(0, 28) }));
  const atUs = 12_000_000;
  const inside = [us(atUs, probe(CONTAINER, 3)), us(atUs + 2000, error(CONTAINER, 253))];
  const outside = [us(atUs + 20, probe(HOST, 2)), us(atUs + 1980, error(HOST, 254))];
  const outcome = await outcomeOf(merged(known.inside, cut(inside)), merged(known.outside, cut(outside)));
  expect(outcome.findings.map(({ code }) => code)).not.toContain("asymmetric");
  return outcome.flows.map(({ inside: { srcPort, icmpId }, nat }) => (nat === "dnat" ? nat : (srcPort ?? icmpId)));
};

/** A datagram without an IP ID to an echo service, which answers with the same. */
const echoed = (src: string, dst: string, ttl: number, seed = 1) => {
  const ports = src === SERVER ? { srcPort: 7, dstPort: 40_000 } : { srcPort: 40_000, dstPort: 7 };
  return ipv4({ src, dst, id: 0, ttl, df: true }, udp({ ...ports, payload: filler(40, seed) }));
};

describe("an ICMP error about a packet", () => {
  it("with an IP ID is about no other", async () => {
    const [a, b] = [query(5, 1), query(6, 1)];
    expect(await verdicts([us(10_000, a), us(10_100, b), exceeded(10_200, b)])).toEqual([
      ["dropped"],
      ["refused", 10_200],
    ]);
  });

  it("with an IP ID is about it though a short snaplen left out its number", async () => {
    const ping = ipv4({ src: CONTAINER, dst: SERVER, id: 5, ttl: 1 }, echo({ id: 9, seq: 3, payload: filler(32) }));
    const error = { ...exceeded(10_200, ping), kept: 20 + 8 + 20 + 6 };
    expect(await verdicts([us(10_000, ping), error])).toEqual([["refused", 10_200]]);
  });

  it("with an IP ID is about it though a short snaplen left out its ports", async () => {
    const ping = ipv4({ src: CONTAINER, dst: SERVER, id: 6, ttl: 1 }, echo({ id: 9, seq: 3, payload: filler(32) }));
    for (const refused of [query(5, 1), ping]) {
      const error = { ...exceeded(10_200, refused), kept: 20 + 8 + 20 + 2 };
      const other = query(7, 1);
      expect(await verdicts([us(10_000, refused), us(10_100, other), error])).toEqual([
        ["refused", 10_200],
        ["dropped"],
      ]);
    }
  });

  it("that is a redirect refuses nothing: the host sent on what it is about", async () => {
    const sent = query(5, 1, 64);
    expect(await verdicts([us(10_000, sent), redirected(10_200, sent)])).toEqual([["dropped"]]);
    expect(await verdicts([us(10_000, sent), redirected(10_200, sent), exceeded(10_300, sent)])).toEqual([
      ["refused", 10_300],
    ]);
  });

  it("of which a short snaplen left out the ports, or the id, makes no flow that has any", async () => {
    expect(await flowsOfCut(echo({ id: 777, seq: 3, payload: filler(32) }))).toEqual([40_000, 777, undefined]);
    expect(await flowsOfCut(udp({ srcPort: 4000, payload: filler(32) }))).toEqual([40_000, 4000, undefined]);
  });

  it("without an IP ID may be about any packet of its length, where a short snaplen left out its ports, or its number", async () => {
    const error = { ...exceeded(10_200, query(0, 1)), kept: 20 + 8 + 20 + 2 };
    expect(await verdicts([us(10_000, query(0, 1)), error])).toEqual([["unknown"]]);
    const opening = segment({ src: CONTAINER, dst: SERVER, srcPort: 5, dstPort: 80, seq: 77, ack: 0, ipId: 0, ttl: 1 });
    const numberless = { ...exceeded(10_200, opening, 28), kept: 20 + 8 + 20 + 6 };
    expect(await verdicts([us(10_000, opening), numberless])).toEqual([["unknown"]]);
  });

  it("may be about any packet before it, however many there are, where a short snaplen left out all that it quotes", async () => {
    const sent = Array.from({ length: 80 }, (_, n) => us(10_000 + n, query(0, n, 64)));
    const error = { ...exceeded(10_200, query(0, 1)), kept: 20 + 8 };
    expect((await verdicts([...sent, error])).slice(0, 80)).toEqual(times(80, ["unknown"]));
  });

  it.each([50, 132])("is about it whatever its protocol (%i): by how its payload begins", async (proto) => {
    const carried = ipv4({ src: CONTAINER, dst: SERVER, id: 5, ttl: 1 }, transport(proto, filler(64)));
    expect(await verdicts([us(10_000, carried), exceeded(10_200, carried)])).toEqual([["refused", 10_200]]);
  });

  it("that routers alone send is the host's, though it comes from whom the packet is for: its address stands for somebody", async () => {
    const behind = conversation(40, { insideDst: "172.17.0.1" });
    const numbers = { srcPort: 40_000, dstPort: 80, seq: 9_000_000, ack: 7, ipId: 9 };
    const long = segment({ src: CONTAINER, dst: "172.17.0.1", ttl: 64, text: "x".repeat(1460), ...numbers });
    const saidOf = async (code: number) => {
      const carried = icmp({ type: 3, code, word: 1400, payload: long.subarray(0, 48) });
      const error = us(10_050, ipv4({ src: "172.17.0.1", dst: CONTAINER, id: 77 }, carried));
      const inside = merged(behind.inside, [us(10_000, long), error], last.inside);
      const { alone } = await outcomeOf(inside, merged(behind.outside, last.outside));
      return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await saidOf(4)).toEqual(["refused too-big", "local host-error"]);
    expect(await saidOf(3)).not.toContain("refused port-unreachable");
  });

  it("outside is not known to be the host's, where nothing shows that the packet came to it", async () => {
    expect(await saidOfProbe("10.0.9.1", SERVER)).toBe("may-be-refused");
    expect(await saidOfProbe(HOST, SERVER)).toBe("ttl-exceeded");
    expect(await saidOfProbe(HOST, HOST)).toBe("ttl-exceeded");
  });

  it("outside may come from whom the packet had left for, where only a TTL that was sent so speaks against that", async () => {
    expect([await saidOfAddressed(5), await saidOfAddressed(63), await saidOfAddressed(57)]).toEqual([
      "may-be-refused",
      "may-be-refused",
      "port-unreachable",
    ]);
  });

  it("without one is about what carries the payload that it quotes", async () => {
    const [a, b] = [query(0, 1), query(0, 2)];
    expect(await verdicts([us(10_000, a), us(10_100, b), exceeded(10_200, b)])).toEqual([
      ["dropped"],
      ["refused", 10_200],
    ]);
  });

  it("about an answer is about no question that equals it", async () => {
    const answer = echoed(SERVER, CONTAINER, 52);
    const closed = ipv4({ src: CONTAINER, dst: SERVER, id: 9 }, icmp({ type: 3, code: 3, payload: answer }));
    const asked = [us(9000, echoed(CONTAINER, SERVER, 64, 2)), us(10_000, echoed(CONTAINER, SERVER, 64))];
    const outside = [us(9020, echoed(HOST, SERVER, 63, 2)), us(10_080, echoed(SERVER, HOST, 53))];
    for (const atUs of [10_200, 3_000_000]) {
      const inside = merged(known.inside, asked, [us(10_100, answer), us(atUs, closed)], last.inside);
      const { alone, updates } = await outcomeOf(inside, merged(known.outside, outside, last.outside));
      expect(alone.map(({ verdict }) => verdict)).toEqual(["dropped", "dropped"]);
      expect(updates).toEqual([]);
    }
  });

  it("that quotes no payload is about none of several that are quoted alike", async () => {
    const [a, b] = [query(0, 1), query(0, 2)];
    expect(await verdicts([us(10_000, a), us(10_100, b), exceeded(10_200, b, 28)])).toEqual([["unknown"], ["unknown"]]);
    expect(await verdicts([us(10_000, a), exceeded(10_200, a, 28)])).toEqual([["refused", 10_200]]);
  });

  it("is about none of several that are the same", async () => {
    const a = query(0, 1);
    expect(await verdicts([us(10_000, a), us(10_100, a), exceeded(10_200, a)])).toEqual([["unknown"], ["unknown"]]);
  });

  it("of which there are as many as packets is about one of them each", async () => {
    const a = query(0, 1);
    const both = [us(10_000, a), us(10_100, a), exceeded(10_200, a), exceeded(10_300, a)];
    expect(await verdicts(both)).toEqual([
      ["refused", 10_200],
      ["refused", 10_300],
    ]);
    expect(await verdicts([us(10_000, a), exceeded(10_050, a), us(10_100, a)])).toEqual([
      ["refused", 10_050],
      ["dropped"],
    ]);
  });

  it("that comes after the window may be about any that it names", async () => {
    const a = query(0, 1);
    const frames = [us(10_000, a), us(2_500_000, a), exceeded(3_000_000, a)];
    expect(await verdicts(frames)).toEqual([["dropped"], ["unknown"]]);
  });

  it("about a datagram, or about one of its fragments, is about all of them", async () => {
    const sent = (atUs: number, ipId: number) => fragments(whole(ipId), 1500).map((piece, n) => us(atUs + n, piece));
    const [, second] = fragments(whole(5), 1500);
    const quotes = [whole(5), fragments(whole(5), 1500)[0]].map((quoted) => exceeded(10_200, quoted, 60));
    for (const error of quotes) {
      const all = await verdicts([...sent(10_000, 5), ...sent(10_100, 6), error]);
      expect(all).toEqual([...times(3, ["refused", 10_200]), ...times(3, ["dropped"])]);
    }
    // a router that does not wait for the others refuses the first one
    const soon = [...sent(10_000, 5), exceeded(10_000.5, fragments(whole(5), 1500)[0], 60)];
    expect(await verdicts(soon.toSorted((a, b) => a.ns - b.ns))).toEqual(times(3, ["refused", 10_000.5]));
    // an identification is used again
    const again = [exceeded(10_000, whole(5), 60), us(900_000, second)];
    expect(await verdicts(again)).toEqual([["unknown"]]);
  });

  it("about one of a datagram's fragments, and too late for their window, is about all of them as well", async () => {
    const pieces = fragments(whole(5), 1500);
    const sent = pieces.map((piece, n) => us(10_000 + n, piece));
    const inside = merged(known.inside, [...sent, exceeded(6_000_000, pieces[0], 60)], last.inside);
    const { updates } = await outcomeOf(inside, merged(known.outside, last.outside));
    expect(updates.map(({ before, verdict }) => [before.verdict, verdict])).toEqual(times(3, ["dropped", "refused"]));
  });

  it("may be about any of whom it is for, where a short snaplen left out all that it quotes; not about another's", async () => {
    const other = ipv4({ src: OTHER, dst: SERVER, id: 8, ttl: 1 }, udp({ payload: filler(40, 3) }));
    const error = { ...exceeded(10_300, query(5, 1)), kept: 20 + 8 + 14 };
    expect(await verdicts([us(10_000, query(5, 1)), us(10_100, query(6, 1)), us(10_200, other), error])).toEqual([
      ["unknown"],
      ["unknown"],
      ["dropped"],
      ["local"],
    ]);
  });

  it.each([
    ["31.9 s behind it", [11, 1], 31.9, true],
    ["later than any host waits", [11, 1], 34, false],
    ["a minute behind it, over IPv6", [3, 1], 61.9, true],
    ["of another kind, so late", [11, 0], 31.9, false],
  ] as const)(
    "about missing fragments is waited for as long as hosts wait: %s",
    async (_, [type, code], afterS, isTold) => {
      const extensions = [fragmentHeader({ offset: 0, more: true, id: 900 })];
      const v6 = ipv6({ src: "fd00:17::2", dst: "2001:db8::7", extensions }, udp({ payload: filler(1232) }));
      const v4 = fragments(ipv4({ src: CONTAINER, dst: SERVER, id: 900 }, udp({ payload: filler(3000) })), 1500)[0];
      const first = type === 3 ? v6 : v4;
      const error = { type, code, payload: first.subarray(0, 548) };
      const said =
        type === 3
          ? ipv6({ src: "fd00:17::1", dst: "fd00:17::2" }, icmpv6(error))
          : ipv4({ src: "172.17.0.1", dst: CONTAINER, id: 3 }, icmp(error));
      const beats = Array.from({ length: 70 }, (_, n) =>
        conversation(2, { startUs: 6e6 + n * 1e6, srcPort: 50_001, seed: n }),
      );
      const inside = [us(5_500_000, first), us(5_500_000 + afterS * 1e6, said)];
      const { updates } = await outcomeOf(
        merged(known.inside, inside, ...beats.map((beat) => beat.inside)),
        merged(known.outside, ...beats.map((beat) => beat.outside)),
      );
      expect(updates.map(({ verdict, reason }) => [verdict, reason])).toEqual(
        isTold ? [["refused", "reassembly-timeout"]] : [],
      );
    },
  );
});
