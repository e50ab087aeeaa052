import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  concat,
  echo,
  echo6,
  ethernet,
  filler,
  fragmentHeader,
  ipv4,
  ipv6,
  transport,
  type Transport,
  udp,
} from "../support/packets.js";
import { joinedContent, timesWeight, weightOf } from "../../src/packets/joined-content.js";
import { BEGINNING_SHIFT, RECORD_BITS, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";
import { decodeAll } from "./decoded.js";

const ETHERNET = 1;

/** The content hashes of IP packets, of whose frames a capture kept all but the last `cutBytes`. */
function contentsOf(packets: readonly Uint8Array[], cutBytes = 0): number[] {
  const taken = packets.map((packet) => {
    const frame = ethernet(packet);
    return { frame, linkType: ETHERNET, captured: frame.length - cutBytes, original: frame.length };
  });
  const { out } = decodeAll(taken);
  return packets.map((_, row) => out.content(row));
}

const sum = (contents: readonly number[]) => contents.reduce(joinedContent);

/** What a datagram carries in pieces, cut at these places, in units of eight bytes. */
function pieces(of: Uint8Array, cuts: readonly number[]): readonly (readonly [offset: number, bytes: Uint8Array])[] {
  const bounds = [...new Set([0, ...cuts.map((cut) => 8 * cut)])].filter((at) => at < of.length).sort((a, b) => a - b);
  return bounds.map((at, n) => [at, of.subarray(at, bounds[n + 1])]);
}

interface Rewritten {
  readonly src4: string;
  readonly src6: string;
  readonly port: number;
}

const INSIDE: Rewritten = { src4: "172.17.0.2", src6: "fd00::2", port: 4096 };
const OUTSIDE: Rewritten = { src4: "10.0.2.15", src6: "fd00:2::15", port: 50_001 };

const carriers: Record<string, (payload: Uint8Array, of: Rewritten) => Transport> = {
  udp: (payload, { port }) => udp({ srcPort: port, dstPort: 53, payload }),
  ping: (payload, { port }) => echo({ id: port, seq: 7, payload }),
  esp: (payload) => transport(50, payload),
};

/** An IPv4 datagram, or its fragments, as one that carries them makes them. */
function over4(carried: Transport, of: Rewritten, cuts?: readonly number[]): Uint8Array[] {
  const whole = ipv4({ src: of.src4, id: 77 }, carried);
  if (cuts === undefined) return [whole];
  const parts = pieces(whole.subarray(20), cuts);
  return parts.map(([offset, bytes], n) =>
    ipv4({ src: of.src4, id: 77, offset, mf: n < parts.length - 1 }, transport(carried.proto, bytes)),
  );
}

function over6(carried: Transport, of: Rewritten, cuts?: readonly number[]): Uint8Array[] {
  const whole = ipv6({ src: of.src6 }, carried);
  if (cuts === undefined) return [whole];
  const parts = pieces(whole.subarray(40), cuts);
  return parts.map(([offset, bytes], n) =>
    ipv6(
      { src: of.src6, extensions: [fragmentHeader({ offset, more: n < parts.length - 1, id: 5 })] },
      transport(carried.proto, bytes),
    ),
  );
}

const payload = fc.uint8Array({ minLength: 1300, maxLength: 3000 });
const cuts = fc.array(fc.integer({ min: 1, max: 370 }), { minLength: 1, maxLength: 8 });

describe("the hash of what a datagram carries", () => {
  for (const [name, carrier] of Object.entries(carriers)) {
    it(`is the sum of its fragments', however it is cut and the NAT rewrites it: ${name}`, () => {
      fc.assert(
        fc.property(payload, cuts, cuts, (payload, some, others) => {
          const [whole] = contentsOf(over4(carrier(payload, INSIDE), INSIDE));
          expect(whole).not.toBe(0);
          for (const cut of [some, others])
            expect(sum(contentsOf(over4(carrier(payload, OUTSIDE), OUTSIDE, cut)))).toBe(whole);
        }),
        { numRuns: 30 },
      );
    });
  }

  it("is so over IPv6", () => {
    fc.assert(
      fc.property(payload, cuts, fc.boolean(), (payload, cut, isPing) => {
        const carrier = isPing
          ? ({ port }: Rewritten) => echo6({ id: port, seq: 7, payload })
          : ({ port }: Rewritten) => udp({ srcPort: port, payload });
        const [whole] = contentsOf(over6(carrier(INSIDE), INSIDE));
        expect(whole).not.toBe(0);
        expect(sum(contentsOf(over6(carrier(OUTSIDE), OUTSIDE, cut)))).toBe(whole);
      }),
      { numRuns: 30 },
    );
  });

  it("tells one byte from another, and where bytes stand", () => {
    fc.assert(
      fc.property(payload, fc.nat(1299), fc.integer({ min: 1, max: 255 }), (payload, at, change) => {
        const other = payload.slice();
        other[at] ^= change;
        const [one, two] = [payload, other].map((each) => contentsOf(over4(carriers["udp"](each, INSIDE), INSIDE))[0]);
        expect(one).not.toBe(two);
      }),
      { numRuns: 50 },
    );
    const [first, second] = [filler(800, 1), filler(800, 2)];
    const swapped = [concat(first, second), concat(second, first)];
    const [one, two] = swapped.map((each) => contentsOf(over4(transport(50, each), INSIDE))[0]);
    expect(one).not.toBe(two);
  });

  it("is that of its parts at their places, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 3000 }), fc.nat(2998), (payload, at) => {
        const cut = 1 + (at % (payload.length - 1));
        const parts = [payload, payload.subarray(0, cut), payload.subarray(cut)];
        const [whole, first, second] = contentsOf(parts.map((part) => over4(carriers["udp"](part, INSIDE), INSIDE)[0]));
        expect(joinedContent(first, timesWeight(second, weightOf(cut)))).toBe(whole);
      }),
    );
  });

  it("is the remainder of what the bytes come to as a number, 1 more each", () => {
    fc.assert(
      fc.property(fc.oneof(payload, fc.uint8Array({ minLength: 1, maxLength: 40 })), (payload) => {
        const number = payload.reduceRight((sum, byte) => sum * 256n + BigInt(byte) + 1n, 0n) << 64n;
        const [content] = contentsOf(over4(carriers["udp"](payload, INSIDE), INSIDE));
        expect(BigInt(content >>> 0)).toBe(number % (2n ** 32n - 929n));
      }),
    );
    const most = new Uint8Array(64).fill(255);
    expect(contentsOf(over4(carriers["udp"](most, INSIDE), INSIDE))[0] >>> 0).toBe(
      Number((most.reduceRight((sum) => sum * 256n + 256n, 0n) << 64n) % (2n ** 32n - 929n)),
    );
  });

  it("is 0 where not all was kept", () => {
    const large = over4(carriers["udp"](filler(1400), INSIDE), INSIDE);
    expect(contentsOf(large, 1)).toEqual([0]);
    expect(contentsOf(over4(carriers["udp"](filler(1400), INSIDE), INSIDE, [100]), 1)).toEqual([0, 0]);
  });
});

it.each([
  [16, "told from one that has fewer"],
  [15, "too short for that"],
])("whatever %i bytes a payload begins with, it is %s", (bytes) => {
  for (let first = 0; first < 256; first++) {
    const payloads = Array.from({ length: 40 }, (_, n) => filler(bytes).fill(first, 0, 1).fill(n, 1, 2));
    const frames = payloads.map((payload) => ethernet(ipv4({}, udp({ srcPort: 4096, dstPort: 4097, payload }))));
    const { out } = decodeAll(frames.map((frame) => ({ frame, linkType: ETHERNET })));
    for (const row of frames.keys()) {
      const beginning = out.records[(row << RECORD_BITS) + TCP_FLAGS_QUOTE] >>> BEGINNING_SHIFT;
      expect(beginning > 0).toBe(bytes === 16);
    }
  }
});
