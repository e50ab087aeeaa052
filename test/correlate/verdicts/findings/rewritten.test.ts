import * as fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../../support/runs.js";
import { filler, ipv4, ipv6, udp } from "../../../support/packets.js";
import { outcomeOf, type Stamped } from "../../outcome.js";
import { HOST } from "../../traffic.js";

/** What an IP header says that a router may write anew. */
interface Header {
  readonly ttl: number;
  readonly dscp: number;
  readonly ecn: number;
}

const header: fc.Arbitrary<Header> = fc.record({ ttl: fc.constantFrom(1, 64, 255), dscp: fc.nat(63), ecn: fc.nat(3) });
const packet = fc.record({ isOutbound: fc.boolean(), entered: header, left: header });

/** A datagram of one flow, the n-th, as it is inside, or as it is outside. */
function datagram(n: number, isIpv6: boolean, isInside: boolean, isOutbound: boolean, header: Header): Uint8Array {
  const payload = filler(40, n + 1);
  const carried = udp({ srcPort: isOutbound ? 40_000 : 443, dstPort: isOutbound ? 443 : 40_000, payload });
  const tos = (header.dscp << 2) | header.ecn;
  const [own, peer] = isIpv6
    ? [isInside ? "fd00:17::2" : "fd00:2::15", "2001:db8:180::11"]
    : [isInside ? "172.17.0.2" : HOST, "180.101.49.11"];
  const ends = isOutbound ? { src: own, dst: peer } : { src: peer, dst: own };
  return isIpv6
    ? ipv6({ ...ends, hopLimit: header.ttl, trafficClass: tos }, carried)
    : ipv4({ ...ends, id: n + 1, ttl: header.ttl, tos }, carried);
}

it("whatever a router marks, each pair says so, and the finding counts it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { minLength: 2, maxLength: 12 }), fc.boolean(), async (packets, isIpv6) => {
      // the first one makes the flow known
      const plain = { isOutbound: true, entered: { ttl: 64, dscp: 0, ecn: 0 }, left: { ttl: 63, dscp: 0, ecn: 0 } };
      const all = [plain, plain, ...packets];
      const sides: [Stamped[], Stamped[]] = [[], []];
      for (const [n, { isOutbound, entered, left }] of all.entries())
        for (const isInside of [true, false]) {
          const isEntry = isInside === isOutbound;
          const ns = n * 1_000_000 + (isEntry ? 0 : 20_000);
          const made = datagram(n, isIpv6, isInside, isOutbound, isEntry ? entered : left);
          sides[isInside ? 0 : 1].push({ ns, packet: made });
        }
      const outcome = await outcomeOf(...sides, { clock: { kind: "none" } });
      const expected = all.map(({ entered, left }) =>
        [
          entered.ecn === left.ecn ? "" : "ecn",
          entered.dscp === left.dscp ? "" : "dscp",
          left.ttl > entered.ttl ? "ttl-set" : "",
        ].filter(Boolean),
      );
      for (const { inside, altered } of outcome.pairs) expect(altered).toEqual(expected[inside - 1]);
      const found = outcome.findings.filter(({ code }) => code === "rewritten");
      const told = outcome.pairs.filter(({ altered }) => altered.length > 0);
      expect(found.map(({ count }) => count)).toEqual(told.length === 0 ? [] : [told.length]);
      expect(found.flatMap(({ flows }) => flows)).toEqual(told.length === 0 ? [] : [1]);
      const marked = told.filter(({ altered }) => altered.includes("dscp")).length;
      const text = marked === 0 ? "" : `DSCP (${marked} of ${outcome.pairs.length} pairs)`;
      expect(found[0]?.text ?? "").toContain(text);
      expect(outcome.pairs.length).toBeGreaterThanOrEqual(2);
    }),
    { numRuns: runs(35) },
  );
});

const pinged = (flowLabel: number, src: string, hopLimit: number, n: number) =>
  ipv6({ src, hopLimit, flowLabel }, udp({ srcPort: 40_000, dstPort: 443, payload: filler(40, n + 1) }));

it.each([
  { from: 0, to: 0x12345, names: ["flowLabel"] },
  { from: 0x54321, to: 0, names: ["flowLabel"] },
  { from: 0x12345, to: 0x12345, names: [] },
])("an IPv6 flow label: $from, then $to", async ({ from, to, names }) => {
  const beats = [0, 1, 2, 3];
  const outcome = await outcomeOf(
    beats.map((n) => ({ ns: n * 1_000_000, packet: pinged(from, "fd00:17::2", 64, n) })),
    beats.map((n) => ({ ns: n * 1_000_000 + 20_000, packet: pinged(to, "fd00:2::15", 63, n) })),
    { clock: { kind: "none" } },
  );
  expect(outcome.pairs.map(({ altered }) => altered)).toEqual(beats.map(() => names));
});
