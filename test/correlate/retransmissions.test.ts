import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/packets/results/findings.js";
import { filler, ipv4, tcp } from "../support/packets.js";
import { outcomeOf, type Stamped, us } from "./outcome.js";
import { CONTAINER, HOST, segment, SERVER, SYN, SYN_ACK } from "./traffic.js";

type Segments = readonly (readonly [from: number, bytes: number])[];

async function told(segments: Segments, kept?: number): Promise<number> {
  return (await findingOf(segments, kept))?.count ?? 0;
}

/** Segments of one stream, each at a millisecond of its own: where it begins, and its bytes. Packets keep so many bytes. */
async function findingOf(segments: Segments, kept = Infinity): Promise<Finding | undefined> {
  const side = (isInside: boolean): Stamped[] =>
    segments.map(([from, bytes], n) => {
      const header = { src: isInside ? CONTAINER : HOST, dst: SERVER, id: 1 + n, ttl: isInside ? 64 : 63 };
      const options = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, n, 0, 0, 0, 9);
      const packet = ipv4(header, tcp({ seq: 1000 + from, ack: 77, options, payload: filler(bytes, from) }));
      return { ...us(1000 * n + (isInside ? 0 : 20), packet), kept };
    });
  const { findings, pairs } = await outcomeOf(side(true), side(false));
  expect(pairs).toHaveLength(segments.length);
  return findings.find(({ code }) => code === "retransmissions");
}

/** Segments of 120 flows, each of which crosses three times. */
function manyFlows(isInside: boolean): Stamped[] {
  return Array.from({ length: 3 * 120 }, (_, n) => {
    const srcPort = 40_000 + Math.floor(n / 3);
    const of = { srcPort, dstPort: 80, seq: 1000, ack: 77, text: `of ${srcPort}`, ipId: n, dst: SERVER };
    const seen = isInside ? { src: CONTAINER, ttl: 64 } : { src: HOST, ttl: 63 };
    return us(1000 * n + (isInside ? 0 : 20), segment({ ...of, ...seen }));
  });
}

describe("the finding of retransmissions", () => {
  it("counts what crossed more than once", async () => {
    expect(
      await told([
        [0, 100],
        [100, 100],
        [0, 100],
        [100, 100],
        [200, 100],
      ]),
    ).toBe(2);
  });

  it("lists the first hundred", async () => {
    const again = Array.from({ length: 130 }, () => [0, 100] as const);
    const frames = Array.from({ length: 100 }, (_, n) => 3 + n);
    const listed = { count: 130, flows: [1], frames: { inside: frames, outside: frames }, more: 60 };
    expect(await findingOf([[0, 100], [100, 100], ...again])).toMatchObject(listed);
  });

  it("names the first hundred flows", async () => {
    const { findings } = await outcomeOf(manyFlows(true), manyFlows(false));
    const finding = findings.find(({ code }) => code === "retransmissions");
    expect(finding).toMatchObject({ count: 240, flows: Array.from({ length: 100 }, (_, n) => n + 1) });
  });

  it("counts nothing that overtook what was sent before it", async () => {
    expect(
      await told([
        [100, 100],
        [0, 100],
        [300, 100],
        [200, 100],
        [400, 100],
      ]),
    ).toBe(0);
  });

  it("counts the same where a capture kept the headers only, and nothing where it did not keep those", async () => {
    const segments = [
      [0, 100],
      [100, 100],
      [0, 100],
      [200, 100],
    ] as const;
    for (const kept of [52, 40]) expect(await told(segments, kept)).toBe(1);
    expect(await told(segments, 34)).toBe(0);
  });
});

/** How many are said to be retransmissions of a segment and an equal one so much later, with these IP IDs. */
async function sentAgain(laterUs: number, id: number, again: number): Promise<number> {
  const side = (isInside: boolean): Stamped[] =>
    [
      [0, 1, 900],
      [1000, id, 1000],
      [1000 + laterUs, again, 1000],
      [9000, 9, 1100],
    ].map(([timeUs, ipId, seq]) => {
      const header = { src: isInside ? CONTAINER : HOST, dst: SERVER, id: ipId, ttl: isInside ? 64 : 63 };
      return us(timeUs + (isInside ? 0 : 20), ipv4(header, tcp({ seq, ack: 77, payload: filler(100, seq) })));
    });
  const { findings, pairs } = await outcomeOf(side(true), side(false));
  expect(pairs).toHaveLength(4);
  return findings.find(({ code }) => code === "retransmissions")?.count ?? 0;
}

describe("a segment that both captures show twice", () => {
  it("is its copy by its IP ID, and one that was sent again by another", async () => {
    expect(await sentAgain(60, 5, 5)).toBe(0);
    expect(await sentAgain(60, 5, 6)).toBe(1);
  });

  it("was sent again, however alike, where no copy comes that late", async () => {
    expect(await sentAgain(5000, 5, 5)).toBe(1);
    expect(await sentAgain(5000, 0, 0)).toBe(1);
  });

  it("may be its copy where there is no IP ID", async () => {
    expect(await sentAgain(200, 0, 0)).toBe(0);
  });
});

it("of two copies, the later one is said to be the retransmission, though it came out first", async () => {
  const times = [
    { insideUs: 0, outsideUs: 20 },
    { insideUs: 1000, outsideUs: 41_000 },
    { insideUs: 21_000, outsideUs: 26_000 },
    { insideUs: 31_000, outsideUs: 51_000 },
  ];
  const side = (isInside: boolean): Stamped[] =>
    times
      .map(({ insideUs, outsideUs }, n) => {
        const header = { src: isInside ? CONTAINER : HOST, dst: SERVER, id: 1 + n, ttl: isInside ? 64 : 63 };
        const seq = n === 0 ? 1000 : 1100;
        return us(isInside ? insideUs : outsideUs, ipv4(header, tcp({ seq, ack: 77, payload: filler(100, seq) })));
      })
      .toSorted((a, b) => a.ns - b.ns);
  const { pairs, findings } = await outcomeOf(side(true), side(false));
  expect(pairs.map(({ inside, isRetransmission = false }) => [inside, isRetransmission])).toEqual([
    [1, false],
    [2, false],
    [3, true],
    [4, true],
  ]);
  // the finding lists the one that came out behind the other
  const frames = { inside: [2, 4], outside: [3, 4] };
  expect(findings.find(({ code }) => code === "retransmissions")).toMatchObject({ count: 2, flows: [1], frames });
});

/** A connection that a container opens: whether each of its segments is said to be a retransmission. `ms`: when. */
async function openings(
  sent: readonly { ms: number; seq: number; flags?: number; isAnswer?: boolean; text?: string }[],
): Promise<{ isAgain: boolean[]; count: number }> {
  const side = (isInside: boolean): Stamped[] =>
    sent.map(({ ms, seq, flags = SYN, isAnswer = false, text }, n) => {
      const near = isInside ? CONTAINER : HOST;
      const [src, dst] = isAnswer ? [SERVER, near] : [near, SERVER];
      const ports = isAnswer ? { srcPort: 80, dstPort: 40_000 } : { srcPort: 40_000, dstPort: 80 };
      const ttl = isInside === isAnswer ? 63 : 64;
      const ack = flags === SYN ? 0 : isAnswer ? 101 : 701;
      const packet = segment({
        src,
        dst,
        ...ports,
        seq,
        ack,
        flags,
        ipId: isAnswer ? 0 : 1 + n,
        ttl,
        text: text ?? "",
      });
      return us(1000 * ms + (isInside === isAnswer ? 20 : 0), packet);
    });
  const { findings, pairs } = await outcomeOf(side(true), side(false));
  expect(pairs).toHaveLength(sent.length);
  return {
    isAgain: pairs.map(({ isRetransmission = false }) => isRetransmission),
    count: findings.find(({ code }) => code === "retransmissions")?.count ?? 0,
  };
}

describe("a SYN that crosses", () => {
  it("again is a retransmission, and so is its answer", async () => {
    const answer = { seq: 700, flags: SYN_ACK, isAnswer: true };
    const sent = [0, 1000, 3000, 7000].map((ms) => ({ ms, seq: 100 }));
    expect(await openings(sent)).toEqual({ isAgain: [false, true, true, true], count: 3 });
    const answered = [...sent.slice(0, 1), { ms: 5, ...answer }, { ms: 3000, seq: 100 }, { ms: 3005, ...answer }];
    expect(await openings(answered)).toEqual({ isAgain: [false, false, true, true], count: 2 });
  });

  it("opens another connection where its number is another one, or others have followed it", async () => {
    const apart = [100, 200, 300].map((seq, n) => ({ ms: 1000 * n, seq }));
    expect((await openings(apart)).count).toBe(0);
    const first = [
      { ms: 0, seq: 100 },
      { ms: 5, seq: 700, flags: SYN_ACK, isAnswer: true },
      { ms: 6, seq: 101, flags: 0x18, text: "hello" },
    ];
    const second = first.map((each) => ({ ...each, ms: each.ms + 3000 }));
    expect((await openings([...first, ...second])).count).toBe(0);
  });
});
