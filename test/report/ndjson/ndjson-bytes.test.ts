import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Ends, Quoted } from "../../../src/packets/results/results.js";
import { ALTERED, BY, EVIDENCE } from "../../../src/packets/results/evidence.js";
import { LENGTH_MASK } from "../../../src/packets/records.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import type { Tunnel } from "../../../src/packets/tunnels.js";
import { ICMPV6 } from "../../../src/protocols/ip-protocols.js";
import { TUNNEL_TYPES } from "../../../src/protocols/tunnels.js";
import { ByteLines } from "../../../src/report/ndjson/byte-lines.js";
import { endsOf } from "../../../src/report/ends.js";
import { epochText } from "../../../src/packets/results/epoch.js";
import { EpochParts } from "../../../src/report/ndjson/epoch-parts.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { tcpFlagsText } from "../../../src/report/tcp-flags.js";
import { runs } from "../../support/runs.js";
import { openTuple } from "../../support/tuples.js";
import { HandFilled, ICMP, type Packet, TCP, UDP, written } from "../tables.js";

const uint32s = fc.oneof(
  fc.constantFrom(
    ...[3, 6, 9].flatMap((power) => [10 ** power - 1, 10 ** power]),
    0,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
  ),
  fc.nat(1500),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

it("stamps are exact on both sides of whole seconds, in any order, for 104 days", () => {
  const epochs = fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 2_000_000_000_000_000_000n });
  const second = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 8_000_000, max: 8_999_998 }));
  const around = fc.tuple(second, fc.oneof(fc.constantFrom(-1, 0, 1), fc.nat(999_999_999)));
  fc.assert(
    fc.property(epochs, fc.array(around, { size: "large" }), (epochNs, stamps) => {
      const parts = new EpochParts(epochNs, '"time":"');
      const toSecondNs = 1e9 - Number(epochNs % 1_000_000_000n);
      for (const [seconds, ns] of stamps) {
        const stampNs = toSecondNs + seconds * 1e9 + ns;
        const bytes = new Uint8Array(128);
        const end = parts.write(new DataView(bytes.buffer), 0, stampNs);
        const text = new TextDecoder().decode(bytes.subarray(0, end));
        expect(text).toBe(`"time":"${epochText(epochNs + BigInt(stampNs))}`);
      }
    }),
  );
});

it("the memory of a chunk is used again once it is taken, and not before", () => {
  const memory: ArrayBufferLike[] = [];
  const taken: ((() => void) | undefined)[] = [];
  const lines = new ByteLines((utf8, onTaken) => {
    memory.push(utf8.buffer);
    taken.push(onTaken);
  });
  const fill = (): void => lines.text("x".repeat(20_000));
  while (memory.length < 3) fill();
  expect(new Set(memory).size).toBe(3);
  taken[1]?.();
  while (memory.length < 6) fill();
  expect(memory[4]).toBe(memory[1]);
  expect(new Set(memory).size).toBe(5);
});

const FLOW_ID = 4_000_000_000;
const PROTOCOLS = new Map([
  [ICMP, "icmp"],
  [TCP, "tcp"],
  [UDP, "udp"],
  [ICMPV6, "icmpv6"],
  [47, "ip-47"],
]);

const addresses4 = fc.ipV4();
const addresses6 = fc.constantFrom("::1", "fe80::1", "2001:db8::8:800:200c:417a", "2001:db8:1:2:3:4:5:6", "::");
const ports = fc.integer({ min: 0, max: 65_535 });

const tunnels: fc.Arbitrary<Tunnel> = fc.record(
  { type: fc.constantFrom(...TUNNEL_TYPES), id: uint32s, src: addresses6, dst: addresses4 },
  { requiredKeys: ["type", "src", "dst"] },
);

/** A pair's packets, up to what both have in common; whichever fields their protocol has not are left out below. */
const pairs = fc.boolean().chain((isIpv6) => {
  const address = isIpv6 ? addresses6 : addresses4;
  const side = fc.record({
    src: address,
    dst: address,
    srcPort: ports,
    dstPort: ports,
    icmpId: ports,
    stampNs: fc.oneof(fc.integer({ min: -2_000_000_000, max: 2 ** 53 }), fc.constantFrom(-1, 0, 999_999_999, 1e9)),
    frame: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    frames: fc.option(fc.array(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 40 }), {
      nil: undefined,
      freq: 4,
    }),
    ttl: fc.nat(255),
    ipId: ports,
    length: fc.nat(LENGTH_MASK),
    tunnel: fc.option(tunnels, { nil: undefined }),
  });
  return fc.record({
    inside: side,
    outside: side,
    proto: fc.constantFrom(TCP, UDP, isIpv6 ? ICMPV6 : ICMP, 47),
    seq: uint32s,
    ack: uint32s,
    tcpFlags: fc.nat(255),
    payloadLength: fc.nat(LENGTH_MASK),
    isHeadless: fc.constantFrom(false, false, false, true),
    isEcho: fc.boolean(),
    isError: fc.boolean(),
    by: fc.nat(BY.length - 1),
    evidence: fc.nat(2 ** EVIDENCE.length - 1),
    altered: fc.nat(2 ** ALTERED.length - 1),
    isOutbound: fc.boolean(),
    isRetransmission: fc.boolean(),
    /** Whether the receiver of the packet opened the conversation. */
    isAnswer: fc.boolean(),
    latencyNs: fc.oneof(fc.constantFrom(-0, 0, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 53) + 1), fc.maxSafeInteger()),
  });
});
type Pair = typeof pairs extends fc.Arbitrary<infer T> ? T : never;

/** What belongs into the tables of such a pair's packets. */
function packetsOf(pair: Pair): [Packet, Packet] {
  const {
    proto,
    isHeadless,
    isEcho,
    isError,
    seq,
    ack,
    tcpFlags,
    payloadLength,
    by,
    evidence,
    altered,
    isRetransmission,
  } = pair;
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const hasPorts = proto === TCP || proto === UDP;
  const packet = (side: typeof INSIDE | typeof OUTSIDE): Packet => {
    const { srcPort, dstPort, icmpId, frames, tunnel, ...fields } = side === INSIDE ? pair.inside : pair.outside;
    const { src, dst, ipId, length } = fields;
    const quoted: Quoted = { proto: "udp", src: dst, srcPort, dst: src, dstPort, ipId, length };
    return {
      ...fields,
      ...(frames && { frames }),
      ...(tunnel && { tunnel }),
      ...(hasPorts && { srcPort, dstPort }),
      ...(isIcmp && isEcho && !isError && { icmpId }),
      ...(isIcmp && isError && { quoted }),
      side,
      proto,
      isHeadless,
      seq,
      ack,
      tcpFlags,
      payloadLength,
      by,
      evidence,
      altered,
      isRetransmission,
    };
  };
  return [packet(INSIDE), packet(OUTSIDE)];
}

/** Its members in the order that lines have them. */
function ordered({ type, id, src, dst }: Tunnel): object {
  return { type, id, src, dst };
}

/** The line that the design asks for, by JSON.stringify. */
function expected(tables: HandFilled, pair: Pair, rows: [number, number], packets: [Packet, Packet]): string {
  const { proto, seq, ack, tcpFlags, payloadLength, by, evidence, altered, isOutbound, latencyNs, isHeadless } = pair;
  const { isRetransmission } = pair;
  const isEcho = packets[0].icmpId !== undefined && !isHeadless;
  const ends: [Ends, Ends] = [endsOf(tables, rows[0]), endsOf(tables, rows[1])];
  const keys = isEcho ? (["src", "dst", "icmpId"] as const) : (["src", "srcPort", "dst", "dstPort"] as const);
  const rewrite = keys.filter((key) => ends[0][key] !== ends[1][key]);
  const isOfOpener = (key: string): boolean => key.startsWith("dst") === pair.isAnswer;
  const nat = [
    rewrite.some((key) => isOfOpener(key)) ? "snat" : "",
    rewrite.some((key) => !isOfOpener(key)) ? "dnat" : "",
  ].filter(Boolean);
  const tcp = { seq, ack, flags: tcpFlagsText(tcpFlags), payload: payloadLength };
  const icmp = { type: seq >>> 24, code: (seq >>> 16) & 255, seq: isEcho ? seq & 0xffff : undefined };
  const side = (at: 0 | 1): object => {
    const { src, srcPort, dst, dstPort, icmpId } = ends[at];
    const { frame, frames, stampNs, ipId, ttl, length: each = 0, quoted, tunnel } = packets[at];
    const length = each * (frames?.length ?? 1);
    const time = epochText(tables.epochsNs[at] + BigInt(stampNs ?? 0));
    const beside = { quotes: quoted, tunnel: tunnel && ordered(tunnel) };
    return { frames: frames ?? [frame], time, src, srcPort, dst, dstPort, icmpId, ipId, ttl, length, ...beside };
  };
  const line = {
    type: "pair",
    flow: FLOW_ID,
    proto: PROTOCOLS.get(proto),
    direction: isOutbound ? "outbound" : "inbound",
    nat: nat.length === 0 ? "none" : nat.join("+"),
    rewrite: [...rewrite, ...ALTERED.filter((_, bit) => ((altered >> bit) & 1) === 1)],
    by: BY[by],
    evidence: EVIDENCE.filter((_, bit) => ((evidence >> bit) & 1) === 1),
    retransmission: isRetransmission || undefined,
    latencyNs,
    tcp: proto === TCP && !isHeadless ? tcp : undefined,
    icmp: (proto === ICMP || proto === ICMPV6) && !isHeadless ? icmp : undefined,
    inside: side(0),
    outside: side(1),
  };
  return `${JSON.stringify(line)}\n`;
}

/** What the reporter writes of pairs, many times over, and what it should. No two of them share a tuple. */
function pairLines(pairs: readonly Pair[], times = 1): { lines: string; expected: string } {
  const tables = new HandFilled();
  const all = pairs.map((pair) => {
    const packets = packetsOf(pair);
    const rows: [number, number] = [tables.add(packets[0]), tables.add(packets[1])];
    const flow = tables.flow(FLOW_ID, ...rows, pair.isOutbound);
    openTuple(tables.tuples, flow.insideTuple, !pair.isAnswer, true);
    return { rows, flow, pair, line: expected(tables, pair, rows, packets) };
  });
  const text = written(
    (write) => new NdjsonReporter(write, { quiet: false, program: "0.0.0" }),
    (reporter) => {
      reporter.begin(tables);
      for (let time = 0; time < times; time++)
        for (const { rows, flow, pair } of all) reporter.pair(...rows, flow, pair.isOutbound, pair.latencyNs);
    },
  );
  const lines = text.slice(text.indexOf("\n") + 1);
  return {
    lines,
    expected: all
      .map(({ line }) => line)
      .join("")
      .repeat(times),
  };
}

describe("a pair's line", () => {
  it("is what JSON.stringify makes of it", () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        const { lines, expected } = pairLines([pair]);
        expect(lines).toBe(expected);
      }),
      { numRuns: runs(500) },
    );
  });

  it("does not depend on those before it", () => {
    // few values of each of what lines share, so that many differ in one of them only
    const alike = fc.record({
      pair: pairs,
      proto: fc.constantFrom(TCP, ICMP),
      by: fc.constantFrom(0, 1, 4),
      evidence: fc.constantFrom(0, 1, 2 ** (EVIDENCE.length - 1)),
      isSrcKept: fc.boolean(),
      isDstKept: fc.boolean(),
      isIdKept: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(alike, { minLength: 50, maxLength: 200 }), (several) => {
        const apart = several.map(({ pair, proto, by, evidence, isSrcKept, isDstKept, isIdKept }, at): Pair => {
          const [src, dst, port] = [`172.17.${at}.2`, "198.51.100.7", 4000];
          const inside = { ...pair.inside, src, dst, srcPort: port, dstPort: port, icmpId: port };
          const other = { src: isSrcKept ? src : `10.0.${at}.15`, dst: isDstKept ? dst : "198.51.100.8" };
          const outside = { ...pair.outside, ...other, srcPort: port, dstPort: port, icmpId: isIdKept ? port : 5000 };
          return { ...pair, inside, outside, proto, by, evidence };
        });
        const { lines, expected } = pairLines(apart);
        expect(lines).toBe(expected);
      }),
      // a counterexample in fewer lines would take minutes to find
      { numRuns: runs(50), endOnFailure: true },
    );
  });

  it("is whole wherever a chunk ends, with as many frames as there may be", () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        const { lines, expected } = pairLines([pair], 400);
        expect(lines).toBe(expected);
      }),
      { numRuns: runs(30) },
    );
    const [pair] = fc.sample(pairs, 1);
    const frames = Array.from({ length: 20_000 }, (_, at) => 2 ** 32 - 1 - at);
    const { lines, expected } = pairLines([{ ...pair, outside: { ...pair.outside, frames } }], 3);
    expect(lines).toBe(expected);
  });

  it("takes no more than what is kept free for it, but for its frames", () => {
    const full = "2001:db80:1111:2222:3333:4444:5555:6666";
    const side = {
      src: full,
      dst: full,
      srcPort: 65_535,
      dstPort: 65_535,
      icmpId: 65_535,
      stampNs: 0,
      frame: 2 ** 32 - 1,
      frames: undefined,
      ttl: 255,
      ipId: 2 ** 32 - 1,
      length: LENGTH_MASK,
      tunnel: { type: "geneve" as const, id: 2 ** 32 - 1, src: full, dst: full },
    };
    const longest: Pair = {
      inside: side,
      outside: { ...side, src: full.replace("2001", "2002"), dst: full.replace("2001", "2003") },
      proto: ICMPV6,
      seq: 2 ** 32 - 1,
      ack: 2 ** 32 - 1,
      tcpFlags: 255,
      payloadLength: LENGTH_MASK,
      isHeadless: false,
      isEcho: false,
      isError: true,
      by: 4,
      evidence: 2 ** EVIDENCE.length - 1,
      altered: 2 ** ALTERED.length - 1,
      isOutbound: true,
      isRetransmission: true,
      isAnswer: false,
      latencyNs: -Number.MAX_SAFE_INTEGER,
    };
    const { lines, expected } = pairLines([longest]);
    expect(lines).toBe(expected);
    // a part may be written 31 bytes beyond its end
    expect(lines.length + 31).toBeLessThan(2048);
  });
});
