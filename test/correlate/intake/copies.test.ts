import { describe, expect, it } from "vitest";
import { correlate, type CorrelateOptions } from "../../../src/correlate/correlate.js";
import { echo, filler, icmp, ipv4, ipv6, tcp, udp } from "../../support/packets.js";
import { Interface, looks } from "../interface.js";
import { Outcome, outcomeOf, type Stamped, us } from "../outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER, type Sides } from "../traffic.js";

const LIVE: CorrelateOptions = {
  windowNs: 1e9,
  patienceNs: 200e6,
  clock: { kind: "none" },
  maxPairs: Number.POSITIVE_INFINITY,
};

/** Each packet once more, `laterUs` later, with the TTL lowered by as much. */
function twice(packets: readonly Stamped[], laterUs = 5, lowered = 0): Stamped[] {
  return merged(
    packets,
    packets.map(({ ns, packet }) => {
      const copy = packet.slice();
      copy[8] -= lowered;
      return { ns: ns + laterUs * 1000, packet: copy };
    }),
  );
}

/** Frames of the packets that come first, and of the copies. */
const FIRST = (n: number) => 2 * n + 1;

function expectCopies(count: number, verdicts: readonly (readonly [number, string])[]): void {
  expect(verdicts).toEqual(Array.from({ length: count }, (_, n) => [FIRST(n) + 1, "copy"]));
}

const COUNT = 60;
const sides: Sides = conversation(COUNT);

/** Heartbeats without an IP ID. */
const beats = (src: string, ttl: number, laterUs: number) =>
  Array.from({ length: 20 }, (_, n) =>
    us(20_000 + 2500 * n + laterUs, ipv4({ src, ttl, df: true }, udp({ srcPort: 5000, payload: filler(20) }))),
  );

const beatFrom = (src: string, ttl: number, atUs: number) =>
  us(atUs, ipv4({ src, ttl, df: true }, udp({ srcPort: 5000, payload: filler(20) })));

/** Two that are 50 µs apart, and two that are 900 µs apart. */
const equalBeats = (src: string, ttl: number, laterUs: number, fromUs = 70_000) =>
  [0, 50, 20_000, 20_900].map((atUs) => beatFrom(src, ttl, fromUs + atUs + laterUs));

/** The same packet again and again. */
const flood = (src: string, ttl: number) =>
  Array.from({ length: 400 }, (_, n) => us(20_000 + 50 * n, ipv4({ src, ttl, id: 1 }, udp({ payload: filler(9) }))));

/** Segments, each second one a retransmission. */
const sent = (side: "inside" | "outside") =>
  Array.from({ length: 60 }, (_, n) => {
    const again = n % 2;
    const header = { src: side === "inside" ? CONTAINER : HOST, dst: SERVER, ttl: side === "inside" ? 64 : 63 };
    const segment = tcp({ seq: 1000 + 100 * (n - again), payload: filler(100, n - again) });
    return us(20_000 + 500 * n + (side === "inside" ? 0 : 20), ipv4({ ...header, id: 100 + n }, segment));
  });

const pings = (src: string, ttl: number) =>
  Array.from({ length: 40 }, (_, n) => [
    us(20_000 + 900 * n, ipv4({ src, dst: SERVER, ttl, id: 7 + n }, echo({ seq: n }))),
    us(20_100 + 900 * n, ipv4({ src: SERVER, dst: src, ttl, id: 7 + n }, echo({ seq: n, reply: true }))),
  ]).flat();

describe("a capture that shows each packet twice", () => {
  for (const [name, laterUs, lowered] of [
    ["at once", 0, 0],
    ["within microseconds", 3, 0],
    ["before and behind a router", 40, 1],
  ] as const) {
    it(`${name}, has the first ones paired and the second ones said to be copies, on one side`, async () => {
      const outcome = await outcomeOf(twice(sides.inside, laterUs, lowered), sides.outside);
      expect(outcome.twins).toEqual(Array.from({ length: COUNT }, (_, n) => [FIRST(n), n + 1]));
      expectCopies(COUNT, outcome.verdicts("inside"));
      expect(outcome.verdicts("outside")).toEqual([]);
      expect(outcome.alone[0].why).toBe("inside shows packets twice: a copy of frame 1");
    });

    it(`${name}, on both sides`, async () => {
      const outcome = await outcomeOf(twice(sides.inside, laterUs, lowered), twice(sides.outside, laterUs, lowered));
      expect(outcome.twins).toEqual(Array.from({ length: COUNT }, (_, n) => [FIRST(n), FIRST(n)]));
      expectCopies(COUNT, outcome.verdicts("inside"));
      expectCopies(COUNT, outcome.verdicts("outside"));
      expect(outcome.findings.filter(({ code }) => code === "duplicates")).toEqual([
        expect.objectContaining({ count: COUNT, text: expect.stringContaining("inside shows packets twice") }),
        expect.objectContaining({ count: COUNT, text: expect.stringContaining("outside shows packets twice") }),
      ]);
    });
  }

  it("and whose clock is another", async () => {
    const outcome = await outcomeOf(twice(sides.inside), twice(sides.outside), {
      outsideEpochNs: 1_700_000_037_000_000_000n,
    });
    expect(outcome.pairs).toHaveLength(COUNT);
    expect(outcome.summary.clock.source).toBe("estimated");
  });

  it("has the copies of packets without an IP ID set aside as well", async () => {
    const outcome = await outcomeOf(
      twice(merged(sides.inside, beats(CONTAINER, 64, 0))),
      twice(merged(sides.outside, beats(HOST, 63, 20))),
    );
    expectCopies(COUNT + 20, outcome.verdicts("inside"));
    expect(outcome.pairs).toHaveLength(COUNT + 20);
  });

  it("does not have two ICMP errors for one", async () => {
    const quoted = ipv4({ src: CONTAINER, ttl: 1, id: 9000 }, udp({ payload: filler(20) }));
    const refusal = ipv4({ src: "172.17.0.1", dst: CONTAINER, id: 77 }, icmp({ type: 11, payload: quoted }));
    const outcome = await outcomeOf(
      twice(merged(sides.inside, [us(20_000, quoted), us(20_050, refusal)])),
      sides.outside,
    );
    const last = 2 * COUNT;
    expect(outcome.verdicts("inside").slice(-4)).toEqual([
      [last + 1, "refused"],
      [last + 2, "copy"],
      [last + 3, "local"],
      [last + 4, "copy"],
    ]);
  });

  it("is told however the capture is cut into batches", async () => {
    const [inside, outside] = [twice(conversation(700).inside), twice(conversation(700).outside)];
    const whole = await outcomeOf(inside, outside);
    const cut = await outcomeOf(inside, outside, { batches: [[1, 17, 300], 41] });
    expect(cut.records).toEqual(whole.records);
    expect(whole.pairs).toHaveLength(700);
  });

  it("has none of several equal packets without an IP ID set aside that come before the first one's copy", async () => {
    const known = conversation(COUNT, { everyUs: 1000 });
    const inside = merged(known.inside, equalBeats(CONTAINER, 64, 0));
    const outside = twice(merged(known.outside, equalBeats(HOST, 63, 20)), 200);
    const outcome = await outcomeOf(inside, outside);
    const last = 2 * COUNT;
    // the first four are two that come twice; the copies of the other two come sooner than the next one
    expect(outcome.verdicts("outside").slice(COUNT)).not.toContainEqual([last + 2, "copy"]);
    expect(outcome.verdicts("outside").filter(([, verdict]) => verdict === "copy")).toHaveLength(COUNT + 2);
    expect(outcome.twins.slice(-2)).toEqual([
      [COUNT + 3, last + 5],
      [COUNT + 4, last + 7],
    ]);
    const ofFirst = outcome.twins.filter(([i]) => i === COUNT + 1 || i === COUNT + 2);
    expect(ofFirst).toEqual([]);
    expect(
      (
        await outcomeOf(inside, outside, {
          batches: [
            [1, 17, 300],
            [61, 1],
          ],
        })
      ).records,
    ).toEqual(outcome.records);
  });

  it("is told the same whenever interfaces are looked at", async () => {
    // live captures find out on the way that they show packets twice, and of stretches of 512
    const known = conversation(700, { everyUs: 1000 });
    const inside = merged(known.inside, equalBeats(CONTAINER, 64, 0, 900_000));
    const outside = twice(merged(known.outside, equalBeats(HOST, 63, 20, 900_000)), 200);
    const told = await Promise.all(
      // between one and the next that is equal, and not
      [50_000, 10_000_000].map(async (everyNs) => {
        const outcome = new Outcome();
        const sources = [
          [new Interface("docker0", looks(inside, everyNs, 1e9))],
          [new Interface("enp0s3", looks(outside, everyNs, 1e9))],
        ] as const;
        await correlate(...sources, LIVE, outcome);
        const verdicts = outcome.verdicts("outside").toSorted(([a], [b]) => a - b);
        return { twins: outcome.twins.toSorted(([a], [b]) => a - b), verdicts };
      }),
    );
    expect(told[0].verdicts.length).toBeGreaterThan(100);
    expect(told[0]).toEqual(told[1]);
  });

  it("has each marked of which the first one ends what is looked at together", async () => {
    // of a mirror that shows half of them twice: 512 packets at a time, the last of which is one, and the next its copy
    const known = conversation(900, { everyUs: 1000 });
    const outside = known.outside.flatMap((one, n) => (n % 2 === 0 ? [one] : twice([one], 40)));
    const outcome = await outcomeOf(known.inside, outside);
    expect(outcome.verdicts("outside").filter(([, verdict]) => verdict === "copy")).toHaveLength(450);
  });

  it("is found out on the way where it begins later", async () => {
    const before = conversation(1200);
    const [first, rest] = [before.inside.slice(0, 100), before.inside.slice(100)];
    const outcome = await outcomeOf([...first, ...twice(rest)], before.outside);
    expect(outcome.verdicts("inside").filter(([, verdict]) => verdict === "copy")).toHaveLength(1100);
  });
});

const beatOf = (host: number, atUs: number) =>
  us(atUs, ipv6({ src: `fd00:17::${host}`, dst: "fd00:9::1" }, udp({ srcPort: 5000, payload: filler(20) })));

/** Segments without an IP ID, of which every other one is sent again 0.6 ms later. */
const bulk = (dst: string, hopLimit: number, laterUs: number) =>
  Array.from({ length: 60 }, (_, n) =>
    [0, 600].slice(0, n % 2 === 0 ? 2 : 1).map((againUs) => {
      const data = tcp({ srcPort: 443, dstPort: 5000, seq: 100 * n, payload: filler(100, n) });
      return us(200 * n + againUs + laterUs, ipv6({ src: "2001:db8:f::1", dst, hopLimit }, data));
    }),
  ).flat();

describe("no copies are", () => {
  it("packets that are sent often, however fast", async () => {
    const outcome = await outcomeOf(merged(sides.inside, flood(CONTAINER, 64)), sides.outside);
    expect(outcome.findings.map(({ code }) => code)).not.toContain("duplicates");
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("copy");
  });

  it("a few packets that a network doubled", async () => {
    const outcome = await outcomeOf(
      merged(sides.inside, twice(sides.inside).slice(0, 8)),
      merged(sides.outside, twice(sides.outside).slice(0, 8)),
    );
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("copy");
  });

  it("segments that are sent again, which have another IP ID", async () => {
    const outcome = await outcomeOf(sent("inside"), sent("outside"));
    expect(outcome.pairs).toHaveLength(60);
    expect(outcome.alone).toEqual([]);
  });

  it("segments without an IP ID that are sent again within a short round trip", async () => {
    const outcome = await outcomeOf(merged(bulk("fd00:17::2", 56, 10)), merged(bulk("2001:db8:1::2", 57, 0)));
    expect(outcome.pairs).toHaveLength(90);
    expect(outcome.findings.map(({ code }) => code)).not.toContain("duplicates");
  });

  it("pings with their answers", async () => {
    const outcome = await outcomeOf(pings(CONTAINER, 64), pings(HOST, 63));
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("copy");
  });

  it("datagrams that two hosts of one IPv6 network send at once", async () => {
    const clones = Array.from({ length: 60 }, (_, n) => [beatOf(2, 20_000 + 2000 * n), beatOf(3, 20_010 + 2000 * n)]);
    const outcome = await outcomeOf(merged(twice(sides.inside), clones.flat()), sides.outside);
    expect(outcome.verdicts("inside").filter(([, verdict]) => verdict === "copy")).toHaveLength(COUNT);
  });

  it("what a host sends twice at once that gives each packet the same IP ID, or the time as one", async () => {
    for (const idAt of [() => 7, (n: number) => n >> 1]) {
      const bursts = (src: string, ttl: number, laterUs: number) =>
        Array.from({ length: 120 }, (_, n) => {
          const burst = n >> 1;
          const packet = ipv4(
            { src, ttl, id: 1 + idAt(burst) },
            udp({ srcPort: 5000, payload: filler(9, burst % 16) }),
          );
          return us(20_000 + 1500 * burst + 100 * (n & 1) + laterUs, packet);
        });
      const outcome = await outcomeOf(
        merged(sides.inside, bursts(CONTAINER, 64, 0)),
        merged(sides.outside, bursts(HOST, 63, 20)),
      );
      expect(outcome.findings.map(({ code }) => code)).not.toContain("duplicates");
      expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("copy");
    }
  });
});

const withLastTwice = (of: readonly Stamped[], laterUs: number) => {
  const { ns, packet } = of[of.length - 20];
  return merged(of, [{ ns: ns + 1000 * laterUs, packet }]);
};

const turnedForm = (isAfter: boolean, n: number) =>
  ipv4(
    {
      src: isAfter ? "172.17.0.1" : "172.17.0.9",
      dst: isAfter ? CONTAINER : SERVER,
      ttl: isAfter ? 63 : 64,
      id: 500 + n,
    },
    tcp({ seq: 9000 + 100 * n, ack: 1, payload: filler(100, n) }),
  );

/** Two acknowledgements with the same IP ID. */
const acks = (src: string, ttl: number, atUs: number) =>
  [0, 1].map((n) => us(atUs + 8 * n, ipv4({ src, dst: SERVER, ttl, id: 4817, df: true }, tcp({ ack: 5000 * n }))));

describe("a packet that comes twice at once", () => {
  it("is not said to be dropped where little shows whether its capture makes copies", async () => {
    const few = conversation(40);
    const outcome = await outcomeOf(withLastTwice(few.inside, 30), few.outside);
    expect(outcome.pairs).toHaveLength(40);
    expect(outcome.alone).toMatchObject([{ side: "inside", verdict: "unknown", reason: "may-be-copy" }]);
  });

  it("is not said to be dropped where its sender gives all the same IP ID, which shows only once the next one comes", async () => {
    const later = conversation(10, { startUs: 30_000 });
    const inside = merged(...[0, 17].map((againUs) => acks(CONTAINER, 64, 20_000 + againUs)), later.inside);
    const outcome = await outcomeOf(inside, merged(acks(HOST, 63, 20_011), later.outside));
    expect(outcome.alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([["unknown", "may-be-copy"]]);
  });

  it("was sent twice, and dropped once, where much shows that it makes none", async () => {
    const many = conversation(200);
    const beats = (src: string, ttl: number, laterUs: number) =>
      Array.from({ length: 20 }, (_, n) => beatFrom(src, ttl, 20_000 + 2500 * n + laterUs));
    const inside = merged(many.inside, [...beats(CONTAINER, 64, 0), beatFrom(CONTAINER, 64, 40_900)]);
    const outcome = await outcomeOf(
      inside.toSorted((a, b) => a.ns - b.ns),
      merged(many.outside, beats(HOST, 63, 20)),
    );
    expect(outcome.verdicts("inside").map(([, verdict]) => verdict)).toEqual(["dropped"]);
  });

  it("is a copy where both forms of a packet that is turned round come twice, whichever comes next", async () => {
    const turned = Array.from({ length: 40 }, (_, n) =>
      [false, true, true, false].map((isAfter, k) => us(20_000 + 3000 * n + 15 * k, turnedForm(isAfter, n))),
    );
    const outcome = await outcomeOf(turned.flat(), []);
    expect(outcome.verdicts("inside").filter(([, verdict]) => verdict !== "copy")).toEqual([]);
    expect(outcome.pairs).toHaveLength(40);
  });
});

/** How much later the second one of a packet that a network sends twice comes. */
const againNs = (n: number): number => 1000 * (150 + ((n * 7919) % 600));

/** One side of packets of which one in eight crosses once more; of the one of that number, it lacks the first one, or the second. */
const sentTwice = (own: readonly Stamped[], lost: number, lacks: "first" | "second") =>
  merged(
    own.filter((_, n) => n !== lost || lacks === "second"),
    own.flatMap((one, n) =>
      n % 8 !== 0 || (n === lost && lacks === "second") ? [] : [{ ...one, ns: one.ns + againNs(n) }],
    ),
  );

describe("packets that a network sends twice, fewer than a mirror port shows", () => {
  it("are pairs, each with its own, and none where each side lacks another one of two", async () => {
    const many = conversation(400, { everyUs: 1000 });
    const outcome = await outcomeOf(sentTwice(many.inside, 320, "second"), sentTwice(many.outside, 320, "first"));
    expect(new Set(outcome.pairs.map(({ latencyNs }) => latencyNs))).toEqual(new Set([10_000, 20_000]));
    expect(outcome.pairs).toHaveLength(400 + 50 - 2);
    expect(outcome.alone.filter(({ verdict }) => verdict === "copy")).toEqual([]);
  });
});

/** Segments of a client without IDs, of which a capture shows one in twelve twice, and behind each two equal ones that carry nothing. */
const talking = (side: "inside" | "outside") =>
  Array.from({ length: 240 }, (_, n) => {
    const isInside = side === "inside";
    const laterUs = isInside ? 0 : 10 + ((n * 31) % 17);
    const sent = (seq: number, length: number) => {
      const header = { src: isInside ? CONTAINER : HOST, dst: SERVER, ttl: isInside ? 64 : 63, id: 0, df: true };
      return ipv4(header, tcp({ srcPort: 40_000, dstPort: 443, seq, ack: 1, payload: filler(length, n) }));
    };
    const shown = us(20_000 + 3000 * n + laterUs, sent(1000 + 100 * n, 100));
    const copyNs = 1000 * (20 + ((n * (isInside ? 53 : 97)) % 200));
    const isTwice = n % 12 === (isInside ? 0 : 6) || n % 24 === 3;
    return [
      shown,
      ...(isTwice ? [{ ...shown, ns: shown.ns + copyNs }] : []),
      ...[900, 1300].map((atUs) => us(20_000 + 3000 * n + atUs + laterUs, sent(1100 + 100 * n, 0))),
    ];
  }).flat();

it("a copy that is left over does not show that the other capture misses packets, though few come twice", async () => {
  const outcome = await outcomeOf(talking("inside"), talking("outside"));
  const empty = outcome.pairs.filter(({ evidence }) => !evidence.includes("payload"));
  expect(empty).toHaveLength(480);
});
