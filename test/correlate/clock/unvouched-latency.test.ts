import { expect, it } from "vitest";
import { correlated, type Stamped } from "../outcome.js";
import { CONTAINER, datagram, HOST, SERVER } from "../traffic.js";

/** A number that looks drawn, from 0 to 1. */
const drawn = (n: number): number => ((Math.imul(n ^ (n >>> 7), 0x2c1b3c6d) >>> 8) & 0xffff) / 0x10000;

const PONG = { src: SERVER, srcPort: 7000, dstPort: 40_001, ipId: 0, text: "PONG" };

it("where nothing vouches for the clocks, no packet takes a second that none before took so long", async () => {
  const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < 80; n++) {
    const leftNs = 1e9 + n * 1e9 + Math.round(drawn(n) * 1e6);
    const cameNs = leftNs + 11e6;
    // two hosts' clocks, the outside's of which is set
    const offsetNs = -35_000 + (n < 30 ? 0 : 211_100_000);
    const ping = (src: string, ttl: number) =>
      datagram({ src, dst: SERVER, srcPort: 40_001, dstPort: 7000, ipId: 1000 + 7 * n, ttl, text: "PING" });
    outside.push({ ns: leftNs + 10_000 + offsetNs, packet: ping(HOST, 63) });
    inside.push({ ns: leftNs, packet: ping(CONTAINER, 64) });
    outside.push({ ns: cameNs - 10_000 + offsetNs, packet: datagram({ ...PONG, dst: HOST, ttl: 57 }) });
    inside.push({ ns: cameNs, packet: datagram({ ...PONG, dst: CONTAINER, ttl: 56 }) });
  }
  const { pairs, summary } = await correlated(inside, outside);
  expect(summary.clock).toMatchObject({ source: "none", uncertaintyNs: null });
  const frames = pairs.map((pair) => [pair.inside, pair.outside]);
  expect(frames.length).toBeGreaterThan(20);
  expect(frames.filter(([i, o]) => i !== o)).toEqual([]);
});
