import { expect, it } from "vitest";
import { correlated, type Stamped } from "../outcome.js";
import { datagram, HOST, SERVER } from "../traffic.js";

const CLONES = ["172.17.0.2", "172.17.0.3"];
const BEATS = 20;
const LATENCY_NS = 50_000;
/** How long after a host the next one speaks. */
const APART_NS = 523e6;

/** A number that looks drawn, from 0 to 1. */
const drawn = (n: number): number => ((Math.imul(n ^ (n >>> 7), 0x2c1b3c6d) >>> 8) & 0xffff) / 0x10000;

/** What hosts that are clones of each other say once a second, and are answered, by an outside clock that is so far ahead. */
function clones({
  offsetNs,
  jitterNs,
  isAnswered = true,
}: {
  offsetNs: number;
  jitterNs: number;
  isAnswered?: boolean;
}) {
  const sides: { inside: Stamped[]; outside: Stamped[] } = { inside: [], outside: [] };
  for (let beat = 0; beat < BEATS; beat++)
    for (const [n, near] of CLONES.entries()) {
      const [own, port] = [40_000 + n, 50_000 + n];
      const askedNs = Math.round(1e9 * beat + APART_NS * n + jitterNs * drawn((2 * beat + n) ** 2));
      const answeredNs = askedNs + LATENCY_NS + 2e6;
      const asked = { ipId: 100 + beat, text: `beat ${beat}`, dst: SERVER, dstPort: 514 };
      const answer = { ipId: 900 + beat, text: `heard ${beat}`, src: SERVER, srcPort: 514 };
      const at = (ns: number) => ns + offsetNs;
      sides.inside.push({ ns: askedNs, packet: datagram({ ...asked, src: near, srcPort: own, ttl: 64 }) });
      sides.outside.push({
        ns: at(askedNs + LATENCY_NS + n),
        packet: datagram({ ...asked, src: HOST, srcPort: port, ttl: 63 }),
      });
      if (!isAnswered) continue;
      sides.outside.push({ ns: at(answeredNs), packet: datagram({ ...answer, dst: HOST, dstPort: port, ttl: 51 }) });
      sides.inside.push({
        ns: answeredNs + LATENCY_NS,
        packet: datagram({ ...answer, dst: near, dstPort: own, ttl: 50 }),
      });
    }
  return sides;
}

it.each([-23e6, -4.2e6, 1.7e6, 23e6])(
  "clones whose packets keep their distance tell clocks apart that differ by %s ns",
  async (offsetNs) => {
    const { inside, outside } = clones({ offsetNs, jitterNs: 20e6 });
    const { pairs, summary } = await correlated(inside, outside);
    expect(pairs).toHaveLength(inside.length);
    expect(pairs.filter((pair) => pair.inside !== pair.outside)).toEqual([]);
    expect(Math.abs(summary.clock.offsetNs - offsetNs)).toBeLessThanOrEqual(LATENCY_NS);
    expect(summary.clock.source).toBe("estimated");
  },
);

/** How many packets of one host leave before one of them never comes out. */
const LOST = 10;

it("that they keep it says nothing where they speak as regularly as strangers do, but that there is not one clock", async () => {
  const { inside, outside: all } = clones({ offsetNs: -23e6, jitterNs: 0 });
  const outside = all.toSpliced(4 * LOST, 2);
  const { summary, alone } = await correlated(inside, outside);
  expect(summary.clock).toMatchObject({ source: "none", uncertaintyNs: null });
  expect(alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
});

it("by what goes one way alone, nothing bounds the clocks from the other side", async () => {
  const { inside, outside } = clones({ offsetNs: -23e6, jitterNs: 20e6, isAnswered: false });
  const { summary, alone } = await correlated(inside, outside);
  expect(summary.clock).toMatchObject({ source: "none", uncertaintyNs: null });
  expect(alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
});

it("one clock that they are on stays one", async () => {
  const { inside, outside } = clones({ offsetNs: 0, jitterNs: 20e6 });
  const { pairs, summary } = await correlated(inside, outside);
  expect(pairs.filter((pair) => pair.inside !== pair.outside)).toEqual([]);
  expect(summary.clock).toMatchObject({ source: "none", offsetNs: 0 });
});
