import * as fc from "fast-check";
import { expect, it } from "vitest";
import {
  concat,
  echo6,
  ethernet,
  fragmentHeader,
  fragments,
  hex,
  ipv4,
  ipv6,
  tcp,
  transport,
  udp,
} from "../support/packets.js";
import { read } from "../support/oracle.js";
import { runs } from "../support/runs.js";
import { adversity, EITHER, spec } from "./adversary.js";
import { correlated, type Stamped } from "./outcome.js";

it("whatever two captures of one clock hold, no pair leaves before it enters", async () => {
  await fc.assert(
    fc.asyncProperty(spec(EITHER), async (spec) => {
      const { inside, outside, toleranceNs } = adversity(spec);
      const { pairs } = await correlated(inside, outside, { clock: { kind: "none" } });
      const told = pairs.map((pair) => {
        const [i, o] = [read(inside[pair.inside - 1]), read(outside[pair.outside - 1])];
        // a router takes one from the TTL; who has the larger one has seen the packet first
        const isOutbound = i.ttl > o.ttl;
        return { pair, isOutbound, laterNs: isOutbound ? o.ns - i.ns : i.ns - o.ns };
      });
      expect(told.filter(({ laterNs }) => laterNs < -toleranceNs)).toEqual([]);
      expect(told.filter(({ pair }) => pair.latencyNs < -toleranceNs)).toEqual([]);
      expect(told.filter(({ pair, isOutbound }) => isOutbound !== (pair.direction === "outbound"))).toEqual([]);
    }),
    { numRuns: runs(25) },
  );
});

/** What is sent once, as its frames on the side that it enters, and on the side that it leaves. */
type Sent = (n: number, content: number, isUp: boolean) => readonly [entering: Uint8Array[], leaving: Uint8Array[]];

/** The two ends as a side knows them, of what goes up, or comes back. */
const ends = ([near, far]: readonly [string, string], isUp: boolean) =>
  isUp ? { src: near, dst: far } : { src: far, dst: near };
const V4 = [
  ["172.17.0.2", "198.51.100.7"],
  ["192.0.2.15", "198.51.100.7"],
] as const;
const V6 = [
  ["fd00:17::2", "2001:db8::7"],
  ["2001:db8:1::15", "2001:db8::7"],
] as const;
/** Contents of few kinds, so that many are alike. */
const bytes = (content: number, length: number): Uint8Array => new Uint8Array(length).fill(content);
const ports = (isUp: boolean) => (isUp ? { srcPort: 5000, dstPort: 7000 } : { srcPort: 7000, dstPort: 5000 });
const sides = (isUp: boolean): readonly [number, number] => (isUp ? [0, 1] : [1, 0]);
const TTLS = [64, 63] as const;

/** An IPv6 datagram in two fragments. */
function halves(of: { src: string; dst: string }, hopLimit: number, payload: Uint8Array, id: number): Uint8Array[] {
  const carried = udp({ srcPort: 5000, dstPort: 7000, payload });
  const whole = ipv6(of, carried).subarray(40);
  return [0, 1].map((at) => {
    const extensions = [fragmentHeader({ offset: 1200 * at, more: at === 0, id })];
    return ipv6(
      { ...of, hopLimit, extensions },
      transport(carried.proto, whole.subarray(1200 * at, at === 0 ? 1200 : undefined)),
    );
  });
}

const KINDS: Readonly<Record<string, Sent>> = {
  datagram: (n, content, isUp) => {
    const [entry, exit] = sides(isUp).map((side, at) => [
      ipv4({ ...ends(V4[side], isUp), id: n % 3, ttl: TTLS[at] }, udp({ ...ports(isUp), payload: bytes(content, 40) })),
    ]);
    return [entry, exit];
  },
  fragmented: (n, content, isUp) => {
    const [entry, exit] = sides(isUp).map((side, at) =>
      ipv4(
        { ...ends(V4[side], isUp), id: n % 5, ttl: TTLS[at] },
        udp({ ...ports(isUp), payload: bytes(content, 2000) }),
      ),
    );
    return [[entry], fragments(exit, 1500)];
  },
  "fragmented IPv6": (n, content, isUp) => {
    const [entry, exit] = sides(isUp).map((side, at) =>
      halves(ends(V6[side], isUp), TTLS[at], bytes(content, 1800), n % 5),
    );
    return [entry, exit];
  },
  ping6: (n, content, isUp) => {
    const [entry, exit] = sides(isUp).map((side, at) => [
      ipv6(
        { ...ends(V6[side], isUp), hopLimit: TTLS[at] },
        echo6({ id: 7, seq: n % 4, reply: !isUp, payload: bytes(content, 24) }),
      ),
    ]);
    return [entry, exit];
  },
  offloaded: (n, content, isUp) => {
    const segment = (side: number, ttl: number, from: number, count: number) =>
      ipv4(
        { ...ends(V4[side], isUp), id: n, ttl },
        tcp({ ...ports(isUp), seq: 3000 * (n % 6) + from, ack: 1, payload: bytes(content, count) }),
      );
    const [entering, leaving] = sides(isUp);
    return [[segment(entering, 64, 0, 3000)], [0, 1000, 2000].map((from) => segment(leaving, 63, from, 1000))];
  },
  tunnelled: (n, content, isUp) => {
    const inner = ipv4(
      { ...ends(["172.17.0.2", "172.18.0.9"], isUp), id: n % 3 },
      udp({ ...ports(isUp), payload: bytes(content, 40) }),
    );
    const carried = udp({ srcPort: 50_000, dstPort: 4789, payload: concat(hex("0800000000002a00"), ethernet(inner)) });
    const outer = ipv4({ ...ends(V4[1], isUp), id: n, ttl: isUp ? 64 : 60 }, carried);
    return isUp ? [[inner], [outer]] : [[outer], [inner]];
  },
};

it("nor does any that is in fragments, cut by offload, tunnelled, shown twice, or of IPv6", async () => {
  const chance = fc.integer({ min: 0, max: 9 });
  const sent = fc.record({
    kind: fc.constantFrom(...Object.keys(KINDS)),
    content: fc.integer({ min: 1, max: 3 }),
    isUp: fc.boolean(),
    afterNs: fc.constantFrom(3_000, 80_000, 2_000_000, 60_000_000),
    tookNs: fc.constantFrom(5_000, 40_000, 900_000, 30_000_000),
    fate: chance,
    isCopied: chance,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 8, maxLength: 60 }), async (all) => {
      const captures: [Stamped[], Stamped[]] = [[], []];
      let ns = 1e9;
      for (const [n, { kind, content, isUp, afterNs, tookNs, fate, isCopied }] of all.entries()) {
        ns += afterNs;
        const [entering, leaving] = KINDS[kind](n, content, isUp);
        const [entry, exit] = sides(isUp);
        // of ten, one is missed as it enters, and one is lost or missed as it leaves
        const shown = [fate === 0 ? [] : entering, fate === 1 ? [] : leaving];
        for (const [at, side] of [entry, exit].entries())
          for (const [k, packet] of shown[at].entries()) {
            const stampNs = ns + at * tookNs + 500 * k;
            captures[side].push({ ns: stampNs, packet });
            if (isCopied === at) captures[side].push({ ns: stampNs + 2_000, packet });
          }
      }
      const [inside, outside] = captures.map((each) => each.sort((a, b) => a.ns - b.ns));
      const { pairs } = await correlated(inside, outside, { clock: { kind: "none" } });
      expect(pairs.filter(({ latencyNs }) => latencyNs < 0)).toEqual([]);
      // what is said is what the stamps say
      const apart = pairs.map(
        ({ inside: i, outside: o, direction }) =>
          (outside[o - 1].ns - inside[i - 1].ns) * (direction === "outbound" ? 1 : -1),
      );
      expect(apart.filter((laterNs) => laterNs < -30_000)).toEqual([]);
    }),
    { numRuns: runs(60) },
  );
});
