import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressText } from "../../src/packets/address.js";
import { ICMPV6 } from "../../src/packets/packets.js";
import { BY, EVIDENCE, type Ends, type Quoted } from "../../src/packets/results.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { writeAddress } from "../../src/report/address-bytes.js";
import { ByteLines } from "../../src/report/byte-lines.js";
import { writeNineDigits, writeUint32 } from "../../src/report/digits.js";
import { endsOf } from "../../src/report/ends.js";
import { epochText } from "../../src/report/epoch.js";
import { EpochParts } from "../../src/report/epoch-parts.js";
import { NdjsonReporter } from "../../src/report/ndjson.js";
import { Part, writePart, writeText } from "../../src/report/part.js";
import { tcpFlagsText } from "../../src/report/tcp-flags.js";
import { HandFilled, ICMP, type Packet, TCP, UDP, written } from "./tables.js";

/** What a function of `(view, at)` writes, from an odd place on; what it leaves behind the end it tells is not looked at. */
function textOf(write: (view: DataView, at: number) => number): string {
  const view = new DataView(new ArrayBuffer(512));
  const end = write(view, 3);
  return new TextDecoder().decode(new Uint8Array(view.buffer, 3, end - 3));
}

const uint32s = fc.oneof(
  fc.constantFrom(...[3, 6, 9].flatMap((power) => [10 ** power - 1, 10 ** power]), 0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
  fc.nat(1500),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const ascii = fc.string({ unit: "grapheme-ascii", maxLength: 200 });
const words = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));
const addressWords = fc.tuple(words, words, words, words).map((four) => Uint32Array.from(four));

describe("writing bytes", () => {
  it("writes whole numbers as JSON has them", () => {
    fc.assert(
      fc.property(uint32s, (value) => expect(textOf((view, at) => writeUint32(view, at, value))).toBe(String(value))),
    );
  });

  it("writes nine decimals", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (ns) =>
        expect(textOf((view, at) => writeNineDigits(view, at, ns))).toBe(String(ns).padStart(9, "0")),
      ),
    );
  });

  it("writes parts of any length, one behind the other", () => {
    fc.assert(
      fc.property(ascii, ascii, (first, second) =>
        expect(textOf((view, at) => writePart(view, writePart(view, at, new Part(first)), new Part(second)))).toBe(
          first + second,
        ),
      ),
    );
  });

  it("writes addresses as they are written elsewhere", () => {
    fc.assert(
      fc.property(addressWords, fc.boolean(), (address, isIpv6) =>
        expect(textOf((view, at) => writeAddress(view, at, isIpv6, address, 0))).toBe(addressText(isIpv6, address, 0)),
      ),
      { numRuns: 1000 },
    );
  });

  it("writes stamps on both sides of whole seconds, in any order", () => {
    const around = fc
      .tuple(fc.integer({ min: -3, max: 8_985_599 }), fc.constantFrom(-1, 0, 1), fc.nat(999_999_999))
      .chain(([seconds, ns, any]) => fc.constantFrom(seconds * 1e9 + ns, seconds * 1e9 + any));
    const epochs = fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 2_000_000_000_000_000_000n });
    fc.assert(
      fc.property(epochs, fc.array(around), (epochNs, stamps) => {
        const parts = new EpochParts(epochNs, '"time":"');
        for (const stampNs of stamps)
          expect(textOf((view, at) => parts.write(view, at, stampNs))).toBe(
            `"time":"${epochText(epochNs + BigInt(stampNs))}`,
          );
      }),
    );
  });
});

/** Lines and where they were cut; `onTaken` is called or not, as a writer may. */
function gathered(isTaken: boolean): { lines: ByteLines; chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  const lines = new ByteLines((utf8, onTaken) => {
    chunks.push(isTaken ? utf8.slice() : utf8);
    if (isTaken) onTaken?.();
  });
  return { lines, chunks };
}

function decoded(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString();
}

describe("gathering bytes", () => {
  it.each([true, false])("keeps what a writer has not taken yet (taken: %s)", (isTaken) => {
    const { lines, chunks } = gathered(isTaken);
    const sent: string[] = [];
    for (let number = 0; number < 40_000; number++) {
      const text = `line ${number} – ${"x".repeat(number % 50)}\n`;
      sent.push(text);
      if (number % 2 === 0) lines.text(text);
      else lines.goTo(writeText(lines.view, lines.at, text));
      if (number % 1000 === 0) lines.flush();
    }
    lines.flush();
    expect(chunks.length).toBeGreaterThan(20);
    expect(decoded(chunks)).toBe(sent.join(""));
    for (const chunk of chunks) expect(chunk.at(-1)).toBe(10);
  });

  it("uses the memory of a chunk again once it is taken, and not before", () => {
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

  it("hands on nothing twice, and nothing where there is nothing", () => {
    const { lines, chunks } = gathered(false);
    lines.flush();
    lines.text("one\n");
    lines.flush();
    lines.flush();
    lines.text("two\n");
    lines.flush();
    expect(chunks.map((chunk) => decoded([chunk]))).toEqual(["one\n", "two\n"]);
  });

  it("takes a text larger than a chunk, of characters that take three bytes", () => {
    const { lines, chunks } = gathered(true);
    const text = `${"東".repeat(70_000)}\n`;
    for (const each of ["a\n", text, "b\n"]) lines.text(each);
    lines.flush();
    expect(decoded(chunks)).toBe(`a\n${text}b\n`);
  });
});

const addresses4 = fc.ipV4();
const addresses6 = fc.constantFrom("::1", "fe80::1", "2001:db8::8:800:200c:417a", "2001:db8:1:2:3:4:5:6", "::");
const ports = fc.integer({ min: 0, max: 65_535 });

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
    ipId: uint32s,
    length: fc.nat(2 ** 31 - 1),
  });
  return fc.record({
    inside: side,
    outside: side,
    proto: fc.constantFrom(TCP, UDP, isIpv6 ? ICMPV6 : ICMP, 47),
    seq: uint32s,
    ack: uint32s,
    tcpFlags: fc.nat(255),
    payloadLength: fc.nat(2 ** 31 - 1),
    isHeadless: fc.constantFrom(false, false, false, true),
    isEcho: fc.boolean(),
    isError: fc.boolean(),
    by: fc.nat(BY.length - 1),
    evidence: fc.nat(2 ** EVIDENCE.length - 1),
    isOutbound: fc.boolean(),
    latencyNs: fc.oneof(fc.constantFrom(-0, 0, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 53) + 1), fc.maxSafeInteger()),
  });
});
type Pair = typeof pairs extends fc.Arbitrary<infer T> ? T : never;

/** What belongs into the tables of such a pair's packets. */
function packetsOf(pair: Pair): [Packet, Packet] {
  const { proto, isHeadless, isEcho, isError, seq, ack, tcpFlags, payloadLength, by, evidence } = pair;
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const hasPorts = proto === TCP || proto === UDP;
  const packet = (side: typeof INSIDE | typeof OUTSIDE): Packet => {
    const { srcPort, dstPort, icmpId, frames, ...fields } = side === INSIDE ? pair.inside : pair.outside;
    const { src, dst, ipId, length } = fields;
    const quoted: Quoted = { proto: "udp", src: dst, dst: src, srcPort, dstPort, ipId, length: length };
    return {
      ...fields,
      ...(frames && { frames }),
      ...(hasPorts && { srcPort, dstPort }),
      ...(isIcmp && isEcho && !isError && { icmpId }),
      ...(isIcmp && isError && { quoted }),
      ...{ side, proto, isHeadless, seq, ack, tcpFlags, payloadLength, by, evidence },
    };
  };
  return [packet(INSIDE), packet(OUTSIDE)];
}

/** The line that the design asks for, by JSON.stringify. `rewriteBits` are those of `Flow`. */
function expected(tables: HandFilled, pair: Pair, rows: [number, number], packets: [Packet, Packet], nat: string): object {
  const { proto, seq, ack, tcpFlags, payloadLength, by, evidence, isOutbound, latencyNs, isHeadless } = pair;
  const [inside, outside] = packets;
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const ends = rows.map((row) => endsOf(tables, row)) as [Ends, Ends];
  const isEcho = inside.icmpId !== undefined && !isHeadless;
  const isOther = (key: keyof Ends): boolean => ends[0][key] !== ends[1][key];
  const rewrite = (isEcho ? (["src", "dst", "icmpId"] as const) : (["src", "srcPort", "dst", "dstPort"] as const)).filter(
    isOther,
  );
  const icmp = { type: seq >>> 24, code: (seq >>> 16) & 255, ...(isEcho && { seq: seq & 0xffff }) };
  const facts =
    proto === TCP ? { tcp: { seq, ack, flags: tcpFlagsText(tcpFlags), payload: payloadLength } } : isIcmp ? { icmp } : {};
  const side = (at: 0 | 1): object => {
    const { src, srcPort, dst, dstPort, icmpId } = ends[at];
    const { frame, frames, stampNs, ipId, ttl, length, quoted } = packets[at];
    const time = epochText(tables.epochsNs[at] + BigInt(stampNs ?? 0));
    const quotes = quoted && {
      ...{ proto: quoted.proto, src: quoted.src, srcPort: quoted.srcPort, dst: quoted.dst, dstPort: quoted.dstPort },
      ...{ ipId: quoted.ipId, length: quoted.length },
    };
    return { frames: frames ?? [frame], time, src, srcPort, dst, dstPort, icmpId, ipId, ttl, length, quotes };
  };
  const names = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6" } as Record<number, string>;
  return {
    ...{ type: "pair", flow: 7, proto: names[proto] ?? `ip-${proto}`, direction: isOutbound ? "outbound" : "inbound", nat },
    ...{ rewrite, by: BY[by], evidence: EVIDENCE.filter((_, bit) => (evidence >> bit) & 1), latencyNs },
    ...(isHeadless ? {} : facts),
    inside: side(0),
    outside: side(1),
  };
}
