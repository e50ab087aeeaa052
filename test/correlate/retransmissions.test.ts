import { describe, expect, it } from "vitest";
import { filler, ipv4, tcp } from "../support/packets.js";
import { outcomeOf, type Stamped, us } from "./outcome.js";
import { CONTAINER, HOST, SERVER } from "./traffic.js";

/** Segments of one stream, each at a millisecond of its own: where it begins, and its bytes. Packets keep so many bytes. */
async function told(segments: readonly (readonly [from: number, bytes: number])[], kept = Infinity): Promise<number> {
  const side = (isInside: boolean): Stamped[] =>
    segments.map(([from, bytes], n) => {
      const header = { src: isInside ? CONTAINER : HOST, dst: SERVER, id: 1 + n, ttl: isInside ? 64 : 63 };
      const options = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, n, 0, 0, 0, 9);
      const packet = ipv4(header, tcp({ seq: 1000 + from, ack: 77, options, payload: filler(bytes, from) }));
      return { ...us(1000 * n + (isInside ? 0 : 20), packet), kept };
    });
  const { findings, pairs } = await outcomeOf(side(true), side(false));
  expect(pairs).toHaveLength(segments.length);
  return findings.find(({ code }) => code === "retransmissions")?.count ?? 0;
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
  expect(findings.find(({ code }) => code === "retransmissions")).toMatchObject({ count: 2 });
});
