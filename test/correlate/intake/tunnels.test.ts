import * as fc from "fast-check";
import { runs } from "../../support/runs.js";
import { describe, expect, it } from "vitest";
import { BATCH_FRAMES } from "../../../src/packets/batches/frames.js";
import { echo, ethernet, filler, fragments, ipv4, tcp, type Transport, udp } from "../../support/packets.js";
import { gre, ipInIp, vxlan } from "../../support/tunnels.js";
import { type Outcome, correlated, outcomeOf, type Stamped, told, us } from "../outcome.js";

const CONTAINER = "172.17.0.2";
const POD = "10.244.3.5";
const HOST = "10.0.2.15";
const NODE = "10.0.2.3";

/** What takes 20 µs from one side to the other, and comes back 200 µs after it was sent. */
const FORWARDING_US = 20;
const ANSWER_US = 200;

/** The k-th request of the container to the pod, or its answer, with a TTL lowered as often as it was forwarded. */
function packet(k: number, isAnswer: boolean, hops: number): Uint8Array {
  const [src, dst] = isAnswer ? [POD, CONTAINER] : [CONTAINER, POD];
  const [srcPort, dstPort] = isAnswer ? [53, 4000] : [4000, 53];
  return ipv4(
    { src, dst, id: 1000 * (isAnswer ? 2 : 1) + k, ttl: 64 - hops },
    udp({ srcPort, dstPort, payload: filler(40, k) }),
  );
}

type Carry = (packet: Uint8Array) => Transport;

/** What carries a packet from the host to the other node, or back. */
function carrier(carry: Carry, k: number, isBack: boolean, of: Uint8Array, hops = 0): Uint8Array {
  const [src, dst] = isBack ? [NODE, HOST] : [HOST, NODE];
  return ipv4({ src, dst, id: 5000 * (isBack ? 2 : 1) + k, ttl: 64 - hops, df: true }, carry(of));
}

const KINDS: readonly (readonly [string, Carry])[] = [
  ["VXLAN", (of) => vxlan(of)],
  ["GRE", (of) => gre(of, { key: 7 })],
  ["IPIP", ipInIp],
];

/** The container asks the pod so often, in a tunnel that the host ends; `from`: the first packet that the captures have. */
function overlay(carry: Carry, count: number, from = 0): { inside: Stamped[]; outside: Stamped[] } {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let k = 0; k < count; k++) {
    const sentUs = k * 1000;
    if (2 * k >= from) {
      inside.push(us(sentUs, packet(k, false, 0)));
      outside.push(us(sentUs + FORWARDING_US, carrier(carry, k, false, packet(k, false, 1))));
    }
    if (2 * k + 1 < from) continue;
    outside.push(us(sentUs + ANSWER_US - FORWARDING_US, carrier(carry, k, true, packet(k, true, 0))));
    inside.push(us(sentUs + ANSWER_US, packet(k, true, 1)));
  }
  return { inside, outside };
}

/** The container itself ends the tunnel: what it sends is masqueraded, what comes back is not. */
function ownTunnel(carry: Carry, count: number, from = 0): { inside: Stamped[]; outside: Stamped[] } {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const onDocker0 = (k: number, isBack: boolean, hops: number): Uint8Array => {
    const [src, dst] = isBack ? [NODE, CONTAINER] : [CONTAINER, NODE];
    const of = packet(k, isBack, 0);
    return ipv4({ src, dst, id: 5000 * (isBack ? 2 : 1) + k, ttl: 64 - hops, df: true }, carry(of));
  };
  for (let k = 0; k < count; k++) {
    const sentUs = k * 1000;
    if (2 * k >= from) {
      inside.push(us(sentUs, onDocker0(k, false, 0)));
      outside.push(us(sentUs + FORWARDING_US, carrier(carry, k, false, packet(k, false, 0), 1)));
    }
    if (2 * k + 1 < from) continue;
    outside.push(us(sentUs + ANSWER_US - FORWARDING_US, carrier(carry, k, true, packet(k, true, 0))));
    inside.push(us(sentUs + ANSWER_US, onDocker0(k, true, 1)));
  }
  return { inside, outside };
}

function tunnelsOf({ pairs }: Outcome): (string | undefined)[] {
  return pairs.map(({ tunnel }) => tunnel);
}

describe.each(KINDS)("%s", (_, carry) => {
  it.each([0, 1])("what the host's own tunnel carries is paired, whoever is seen first", async (from) => {
    const { inside, outside } = overlay(carry, 20, from);
    const outcome = await outcomeOf(inside, outside);
    expect(outcome.pairs.length).toBe(inside.length);
    expect(outcome.alone).toEqual([]);
    expect(outcome.nats).toEqual(["none"]);
    expect(new Set(tunnelsOf(outcome)).size).toBe(2);
    expect(tunnelsOf(outcome)).not.toContain(undefined);
    expect(outcome.findings.map(({ code, count }) => [code, count])).toEqual([["tunnel", outside.length]]);
    expect(outcome.findings[0].text).toMatch(/carries packets of inside/);
  });

  it.each([0, 1])("a tunnel that a container ends is paired by what carries, whoever is seen first", async (from) => {
    const { inside, outside } = ownTunnel(carry, 20, from);
    const outcome = await outcomeOf(inside, outside);
    expect(outcome.pairs.length).toBe(inside.length);
    expect(outcome.alone).toEqual([]);
    expect(new Set(tunnelsOf(outcome))).toEqual(new Set([undefined]));
    expect(outcome.nats[0]).not.toBe("none");
    expect(outcome.findings.map(({ code }) => code)).not.toContain("tunnel");
  });

  it("what nobody inside has is not dropped", async () => {
    const { outside } = overlay(carry, 20);
    const other = Array.from({ length: 20 }, (_, k) => ipv4({ id: 60 + k }, udp({ payload: filler(40, k) })));
    const masqueraded = Array.from({ length: 20 }, (_, k) =>
      ipv4({ src: HOST, id: 60 + k, ttl: 63 }, udp({ payload: filler(40, k) })),
    );
    const uplink = [...outside, ...masqueraded.map((each, k) => us(k * 1000 + 510, each))].sort((a, b) => a.ns - b.ns);
    const outcome = await outcomeOf(
      other.map((each, k) => us(k * 1000 + 500, each)),
      uplink,
    );
    expect(outcome.pairs.length).toBe(20);
    expect(new Set(outcome.verdicts("outside").map(([, verdict]) => verdict))).not.toContain("dropped");
    expect(outcome.findings.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/carries nothing that inside is known to have/),
    );
  });
});

it("of both packets on both sides, the carrier is paired", async () => {
  // a container sends to another one of its bridge, which ends the tunnel
  const [carry] = KINDS.map(([, each]) => each);
  const own = ownTunnel(carry, 10);
  const naked = own.inside.map(({ ns }, at): Stamped => {
    const [k, isAnswer] = [Math.floor(at / 2), at % 2 === 1];
    return { ns: ns + (isAnswer ? 10_000 : -10_000), packet: packet(k, isAnswer, 0) };
  });
  const inside = [...own.inside, ...naked].sort((a, b) => a.ns - b.ns);
  const outcome = await outcomeOf(inside, own.outside);
  const carriers = new Set(own.inside.map((each) => inside.indexOf(each) + 1));
  expect(outcome.pairs.length).toBe(own.outside.length);
  for (const pair of outcome.pairs) {
    expect(carriers).toContain(pair.inside);
    expect(pair.tunnel).toBeUndefined();
  }
});

it("what is fragmented in its tunnel is paired by its first fragment", async () => {
  const request = ipv4({ src: CONTAINER, dst: POD, id: 9, df: true }, tcp({ seq: 77, payload: filler(1448, 3) }));
  const forwarded = ipv4(
    { src: CONTAINER, dst: POD, id: 9, ttl: 63, df: true },
    tcp({ seq: 77, payload: filler(1448, 3) }),
  );
  const cut = fragments(ipv4({ src: HOST, dst: NODE, id: 77 }, vxlan(forwarded)), 1500);
  expect(cut.length).toBe(2);
  const { inside, outside } = overlay((of) => vxlan(of), 5);
  const outcome = await outcomeOf(
    [...inside, us(9000, request)],
    [...outside, ...cut.map((piece, n) => us(9030 + n, piece)), us(12_000, ipv4({ src: HOST, dst: NODE }, udp()))],
  );
  const pair = outcome.pairs.find((each) => each.inside === 11);
  expect(pair).toMatchObject({ outside: 11, tunnel: "vxlan 42 10.0.2.15 > 10.0.2.3" });
  expect(outcome.verdicts("inside")).toEqual([]);
  expect(outcome.alone[0]).toMatchObject({
    frame: 12,
    verdict: "local",
    why: "it goes on with what frame 11 carries through a tunnel of the host",
  });
});

it("where all numbers are taken, a tunnel gets that of one in which nothing came for a minute before its batch", async () => {
  const most = 4093;
  const others = Array.from({ length: most }, (_, k) =>
    us(
      k,
      carrier((of) => vxlan(of, { vni: 1000 + k }), k, false, packet(k, false, 1)),
    ),
  );
  const laterUs = 70_000_000;
  const { inside, outside } = overlay((of) => vxlan(of), 3);
  const late = (frames: readonly Stamped[]) => frames.map(({ ns, packet }) => ({ ns: ns + 1000 * laterUs, packet }));
  const between = Array.from({ length: BATCH_FRAMES }, (_, k) =>
    us(laterUs - 5000 + k, ipv4({ src: NODE, dst: HOST, id: k }, udp())),
  );
  for (const [before, found] of [
    [[], 0],
    [between, 6],
  ] as const) {
    const outcome = await correlated(late(inside), [...others, ...before, ...late(outside)]);
    expect(tunnelsOf(outcome).filter((tunnel) => tunnel?.startsWith("vxlan 42 "))).toHaveLength(found);
  }
});

it("comes to the same however the captures are cut into batches", async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
  const [first, second] = [overlay((of) => gre(of), 12, 1), ownTunnel((of) => vxlan(of), 12, 1)];
  const merged = (side: "inside" | "outside"): Stamped[] =>
    [...first[side], ...second[side].map(({ ns, packet }) => ({ ns: ns + 300_000_000, packet }))].sort(
      (a, b) => a.ns - b.ns,
    );
  const [inside, outside] = [merged("inside"), merged("outside")];
  const whole = told(await outcomeOf(inside, outside));
  expect(whole.filter((line) => line.includes('"tunnel"')).length).toBeGreaterThan(10);
  const stopped = told(await outcomeOf(inside, outside, { maxPairs: 7 }));
  expect(stopped.filter((line) => /"code":"tunnel","count":[78],/.test(line))).toHaveLength(1);
  await fc.assert(
    fc.asyncProperty(cuts, cuts, async (insideCut, outsideCut) => {
      const batches = [insideCut, outsideCut] as const;
      expect(told(await outcomeOf(inside, outside, { batches }))).toEqual(whole);
      expect(told(await outcomeOf(inside, outside, { batches, maxPairs: 7 }))).toEqual(stopped);
    }),
    { numRuns: runs(12) },
  );
});

function ping(src: string, ttl: number): Uint8Array {
  return ipv4({ src, id: 4711, ttl }, echo());
}

it("frames that carry what is not IP are what they are", async () => {
  const arp = ethernet(new Uint8Array(28), { type: 0x0806 });
  const carries = ipv4(
    { src: HOST, dst: NODE, id: 5 },
    udp({ dstPort: 4789, payload: Uint8Array.of(8, 0, 0, 0, 0, 0, 42, 0, ...arp) }),
  );
  const outcome = await outcomeOf([us(0, ping(CONTAINER, 64))], [us(20, ping(HOST, 63)), us(30, carries)]);
  expect(outcome.twins).toEqual([[1, 1]]);
  expect(outcome.findings.map(({ code }) => code)).not.toContain("tunnel");
});
