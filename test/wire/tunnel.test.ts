import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressText } from "../../src/packets/address.js";
import type { PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { IS_CUT } from "../../src/packets/packets.js";
import { CARRIED, CARRIER } from "../../src/packets/records.js";
import { type Tunnel, TunnelTable, tunnelText } from "../../src/packets/tunnels.js";
import { NO_LIMITS } from "../../src/wire/decode.js";
import { ethernet, ipv4, tcp, udp } from "../support/packets.js";
import { runs } from "../support/runs.js";
import { vxlan } from "../support/tunnels.js";
import { decodeAll, type Taken } from "./decoded.js";
import { ETHERNET } from "./samples.js";
import * as samples from "./tunnel-samples.js";

function opened(taken: Taken): PacketBatch {
  return decodeAll([taken], NO_LIMITS, true).out;
}

function closed(taken: Taken): PacketBatch {
  return decodeAll([taken]).out;
}

/** The tunnel that the only row came in. */
function tunnelOf(batch: PacketBatch): Tunnel | undefined {
  if (batch.tunnel(0) !== CARRIED) return undefined;
  const table = new TunnelTable();
  return table.of(table.find(batch.outers, batch.outer[0]));
}

/** All that a row says of its packet, but for its tunnel. */
function saidOf(batch: PacketBatch): unknown[] {
  const packet = [batch.key(0), batch.key2(0), batch.flags(0), batch.proto(0), batch.ttl(0), batch.length(0)];
  const ends = [
    batch.address(0, true),
    batch.address(0, false),
    batch.srcPort(0),
    batch.dstPort(0),
    batch.tupleHash[0],
  ];
  const content = [batch.seq(0), batch.payloadLength(0), batch.head(0), batch.content(0), batch.ipId(0)];
  return [...packet, ...ends, ...content];
}

const carried = { linkType: ETHERNET, frame: ethernet(samples.carried) };
const carried6 = { linkType: ETHERNET, frame: ethernet(samples.carried6) };

describe("a packet in a tunnel is what it is without, and says which tunnel that is:", () => {
  it.each([
    ["inVxlan", samples.inVxlan, carried, "vxlan 42 10.0.2.15 > 10.0.2.3"],
    ["inLinuxVxlan", samples.inLinuxVxlan, carried, "vxlan 1 fd00:2::15 > fd00:2::3"],
    ["inVxlanWithPolicy", samples.inVxlanWithPolicy, carried, "vxlan 42 10.0.2.15 > 10.0.2.3"],
    ["inGeneve", samples.inGeneve, carried, "geneve 5 10.0.2.15 > 10.0.2.3"],
    ["inGre", samples.inGre, carried, "gre 10.0.2.15 > 10.0.2.3"],
    ["inKeyedGre", samples.inKeyedGre, carried6, "gre 4294967280 10.0.2.15 > 10.0.2.3"],
    ["inBridgingGre", samples.inBridgingGre, carried, "gre 9 fd00:2::15 > fd00:2::3"],
    ["inIpip", samples.inIpip, carried, "ipip 10.0.2.15 > 10.0.2.3"],
    ["in6in4", samples.in6in4, carried6, "6in4 10.0.2.15 > 10.0.2.3"],
    ["in4in6", samples.in4in6, carried, "4in6 fd00:2::15 > fd00:2::3"],
    ["in6in6", samples.in6in6, carried6, "6in6 fd00:2::15 > fd00:2::3"],
  ] as const)("%s", (_, sample, packet, text) => {
    const out = opened(sample);
    expect(saidOf(out)).toEqual(saidOf(opened(packet)));
    expect(tunnelText(tunnelOf(out)!)).toBe(text);
    expect(closed(sample).tunnel(0)).toBe(CARRIER);
  });
});

it("what carried it is what it is where tunnels are not opened", () => {
  for (const sample of [samples.inVxlan, samples.inLinuxVxlan, samples.inKeyedGre, samples.in6in6]) {
    const out = opened(sample);
    out.close(0);
    const other = closed(sample);
    other.setTunnel(0, 0);
    expect(saidOf(out)).toEqual(saidOf(other));
  }
});

it("opens one tunnel, and not what is in it", () => {
  const out = opened(samples.nestedVxlan);
  expect(addressText(false, out.address(0, true), 0)).toBe("10.9.0.1");
  expect(out.dstPort(0)).toBe(4789);
});

describe("is no tunnel:", () => {
  it.each(Object.entries(samples.notTunnels))("%s", (_, sample) => {
    expect(opened(sample).tunnel(0)).toBe(0);
    expect(closed(sample).tunnel(0)).toBe(0);
    expect(saidOf(opened(sample))).toEqual(saidOf(closed(sample)));
  });
});

it("the first fragment of a carrier has the beginning of what it carries, as if it were cut there; later ones are what they are", () => {
  const first = opened(samples.vxlanFirstFragment);
  expect([first.tunnel(0), first.length(0), first.proto(0), first.flags(0) & IS_CUT]).toEqual([
    CARRIED,
    228,
    1,
    IS_CUT,
  ]);
  expect(opened(samples.vxlanLastFragment).tunnel(0)).toBe(0);
  expect(closed(samples.vxlanFirstFragment).tunnel(0)).toBe(0);
});

/** The key of what carries a packet. */
function keyOf(packet: Uint8Array): number[] {
  const out = closed({ linkType: ETHERNET, frame: ethernet(ipv4({ id: 1 }, vxlan(packet))) });
  return [out.key(0), out.key2(0)];
}

it("a carrier's key does not depend on the checksum of what it carries, and on all else", () => {
  const packet = ipv4({ id: 2 }, udp({ payload: Uint8Array.of(1, 2, 3) }));
  const partial = packet.slice();
  partial.fill(0, 26, 28);
  const other = packet.slice();
  other[30] ^= 1;
  expect(keyOf(partial)).toEqual(keyOf(packet));
  expect(keyOf(other)).not.toEqual(keyOf(packet));
});

it("however little of it was captured, it is what carried it, or what it carries, cut", () => {
  const SAMPLES = Object.values(samples).filter((value): value is Taken => "frame" in value);
  fc.assert(
    fc.property(fc.constantFrom(...SAMPLES), fc.nat({ max: 200 }), (sample, bytes) => {
      const captured = Math.min(bytes, sample.frame.length);
      const { out, tally } = decodeAll([{ ...sample, captured }], NO_LIMITS, true);
      expect(out.count + tally.undecodable).toBe(1);
      if (out.count === 0 || out.tunnel(0) === CARRIED) return;
      expect(saidOf(out)).toEqual(saidOf(decodeAll([{ ...sample, captured }]).out));
    }),
    { numRuns: runs(500) },
  );
});

describe("TunnelTable", () => {
  it("gives each tunnel a number as long as there are some, and takes them back", () => {
    const table = new TunnelTable();
    const taken = Array.from({ length: 4096 }, (_, vni) => ({
      linkType: ETHERNET,
      frame: ethernet(ipv4({ src: "10.0.2.15", dst: `10.0.${vni % 7}.3` }, vxlan(ipv4({}, tcp()), { vni }))),
    }));
    const { outers, outer } = decodeAll(taken, NO_LIMITS, true).out;
    const numbers = taken.map((_, row) => table.find(outers, outer[row]));
    expect(new Set(numbers.filter((number) => number !== 0)).size).toBe(4093);
    expect(numbers.slice(4093)).toEqual([0, 0, 0]);
    expect(table.of(numbers[41])).toEqual({ type: "vxlan", id: 41, src: "10.0.2.15", dst: "10.0.6.3" });
    table.giveBack([numbers[41], numbers[7]]);
    expect(table.find(outers, outer[42])).toBe(numbers[42]);
    expect(numbers).toContain(table.find(outers, outer[4095]));
    expect(table.find(outers, outer[4094])).not.toBe(0);
    expect(table.find(outers, outer[4093])).toBe(0);
  });
});
