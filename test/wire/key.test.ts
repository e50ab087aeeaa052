import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IS_ERROR, SYN } from "../../src/packets/packets.js";
import {
  concat,
  echo,
  echo6,
  ethernet,
  filler,
  fragmentHeader,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  sll,
  sll2,
  tcp,
  type Transport,
  transport,
  udp,
} from "../support/packets.js";
import { runs } from "../support/runs.js";
import { decodeAll, decodeOne } from "./decoded.js";
import * as samples from "./samples.js";

/** What a NAT or a router may change on the way, and what differs from one capture to another. */
interface Hop {
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly echoId: number;
  readonly ttl: number;
  readonly tos: number;
  readonly link: keyof typeof LINKS;
}

/** What both leave alone. */
interface Packet {
  readonly id: number;
  readonly flowLabel: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
  readonly offset: number;
  readonly more: boolean;
  readonly code: number;
  readonly mtu: number;
  readonly quotedId: number;
  readonly quotedSeq: number;
  readonly quotedLength: number;
}

/** What goes into the IP packet, of each kind of packet. */
type Body = (packet: Packet, hop: Hop) => Transport;

const tcpBody: Body = ({ seq, ack, flags, window, options, payload }, { srcPort, dstPort }) =>
  tcp({ srcPort, dstPort, seq, ack, flags, window, options, payload });
const udpBody: Body = ({ payload }, { srcPort, dstPort }) => udp({ srcPort, dstPort, payload });
/** As a sender without numbers would: the payload decides. */
const bareTcpBody: Body = (packet, hop) => tcpBody({ ...packet, seq: 0, ack: 0 }, hop);

/** The packet an error quotes travelled the other way: the hop's addresses and ports the other way round. */
function quoted4(packet: Packet, hop: Hop, body: Transport): Uint8Array {
  const addresses = { src: hop.dst, dst: hop.src, ttl: hop.ttl, tos: hop.tos };
  return ipv4({ ...addresses, id: packet.quotedId, totalLength: packet.quotedLength }, body);
}

const IPV4_BODIES: Readonly<Record<string, Body>> = {
  tcp: tcpBody,
  "tcp without numbers": bareTcpBody,
  udp: udpBody,
  echo: ({ seq, payload }, { echoId }) => echo({ id: echoId, seq: seq & 0xffff, payload }),
  timestamp: ({ seq, payload }, { echoId }) => icmp({ type: 13, word: echoId * 0x10000 + (seq & 0xffff), payload }),
  "error quoting tcp": (packet, hop) => {
    const quote = tcp({ srcPort: hop.dstPort, dstPort: hop.srcPort, seq: packet.quotedSeq, payload: packet.payload });
    return icmp({ type: 3, code: packet.code, word: packet.mtu, payload: quoted4(packet, hop, quote) });
  },
  "error quoting echo": (packet, hop) => {
    const quote = echo({ id: hop.echoId, seq: packet.quotedSeq & 0xffff, payload: packet.payload });
    return icmp({ type: 11, code: packet.code, word: packet.mtu, payload: quoted4(packet, hop, quote) });
  },
  other: ({ payload }) => transport(132, payload),
};

const IPV6_BODIES: Readonly<Record<string, Body>> = {
  tcp: tcpBody,
  udp: udpBody,
  echo: ({ seq, payload }, { echoId }) => echo6({ id: echoId, seq: seq & 0xffff, payload }),
  "error quoting udp": (packet, hop) => {
    const quote = udp({ srcPort: hop.dstPort, dstPort: hop.srcPort, payload: packet.payload });
    const extensions = [fragmentHeader({ offset: 0, more: true, id: packet.quotedId })];
    const addresses = { src: `fd00::${hop.dstPort}`, dst: `fd00::${hop.srcPort}`, hopLimit: hop.ttl };
    const payload = ipv6({ ...addresses, extensions, payloadLength: packet.quotedLength }, quote);
    return icmpv6({ type: 1, code: packet.code, word: packet.mtu, payload });
  },
};

/** The columns of `Packet` that each kind's key must cover. */
const COVERED: Readonly<Record<string, readonly (keyof Packet)[]>> = {
  tcp: ["seq", "ack", "flags", "window"],
  "tcp without numbers": ["flags", "window", "payload"],
  udp: ["payload"],
  echo: ["seq", "payload"],
  timestamp: ["seq", "payload"],
  "error quoting tcp": ["code", "mtu", "quotedId", "quotedSeq", "quotedLength"],
  "error quoting echo": ["code", "mtu", "quotedId", "quotedSeq", "quotedLength"],
  "error quoting udp": ["code", "mtu", "quotedId", "quotedLength"],
  other: [],
};

type Version = 4 | 6;

function datagram(version: Version, body: Body, packet: Packet, hop: Hop, isFragment: boolean): Uint8Array {
  const whole = body(packet, hop);
  // A later fragment has no transport header for a NAT to rewrite.
  const carried = isFragment && packet.offset > 0 ? transport(whole.proto, packet.payload) : whole;
  if (version === 4) {
    const place = isFragment ? { mf: packet.more, offset: packet.offset } : {};
    return ipv4({ src: hop.src, dst: hop.dst, ttl: hop.ttl, tos: hop.tos, id: packet.id & 0xffff, ...place }, carried);
  }
  const { offset, more, id, flowLabel } = packet;
  const extensions = isFragment ? [fragmentHeader({ offset, more, id })] : [];
  const addresses = { src: `fd00::${hop.srcPort}`, dst: `fd00::${hop.dstPort}`, hopLimit: hop.ttl };
  return ipv6({ ...addresses, trafficClass: hop.tos, flowLabel, extensions }, carried);
}

/** How each link frames a datagram, and how many bytes it puts in front. */
const LINKS = {
  ethernet: { linkType: samples.ETHERNET, header: 14, wrap: (bytes: Uint8Array) => ethernet(bytes, { padTo: 60 }) },
  vlan: {
    linkType: samples.ETHERNET,
    header: 18,
    wrap: (bytes: Uint8Array) => ethernet(bytes, { tags: [[0x8100, 9]], padTo: 64 }),
  },
  sll: { linkType: samples.SLL, header: 16, wrap: (bytes: Uint8Array) => sll(bytes) },
  sll2: { linkType: samples.SLL2, header: 20, wrap: (bytes: Uint8Array) => sll2(bytes) },
  raw: { linkType: samples.RAW, header: 0, wrap: (bytes: Uint8Array) => bytes },
};

function linked(bytes: Uint8Array, link: Hop["link"]): samples.Sample {
  const { linkType, wrap } = LINKS[link];
  return { linkType, frame: wrap(bytes) };
}

const uint32 = fc.nat({ max: 0xffffffff });
const uint16 = fc.nat({ max: 0xffff });
const uint8 = fc.nat({ max: 0xff });
const dotted = fc.tuple(uint8, uint8, uint8, uint8).map((bytes) => bytes.join("."));

const hops: fc.Arbitrary<Hop> = fc.record({
  src: dotted,
  dst: dotted,
  srcPort: fc.nat({ max: 9999 }),
  dstPort: fc.nat({ max: 9999 }),
  echoId: uint16,
  ttl: uint8,
  tos: uint8,
  link: fc.constantFrom("ethernet", "vlan", "sll", "sll2", "raw"),
});

const packets: fc.Arbitrary<Packet> = fc.record({
  id: uint32,
  flowLabel: fc.nat({ max: 0xfffff }),
  seq: uint32,
  ack: uint32,
  flags: uint8,
  window: uint16,
  options: fc.nat({ max: 10 }).chain((length) => fc.uint8Array({ minLength: length * 4, maxLength: length * 4 })),
  // long ones are taken into the key in another way
  payload: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.uint8Array({ minLength: 61, maxLength: 200 })),
  offset: fc.nat({ max: 0x1fff }).map((units) => units * 8),
  more: fc.boolean(),
  code: fc.nat({ max: 15 }),
  mtu: uint32,
  quotedId: uint16,
  quotedSeq: uint32,
  quotedLength: uint16,
});

const bits = fc.nat({ max: 255 });

const KINDS = [
  ...Object.entries(IPV4_BODIES).map(([kind, body]) => [4, kind, body] as const),
  ...Object.entries(IPV6_BODIES).map(([kind, body]) => [6, kind, body] as const),
];

function keyOf(bytes: Uint8Array, link: Hop["link"], hashLimit = Infinity): string {
  return decodeOne(linked(bytes, link), hashLimit).key;
}

/** Bits of each number that every kind of packet has room for. */
const WIDTHS = {
  id: 16,
  flowLabel: 20,
  seq: 16,
  ack: 32,
  flags: 8,
  window: 16,
  code: 4,
  mtu: 32,
  quotedId: 16,
  quotedSeq: 16,
  quotedLength: 16,
};

/** The same packet with one bit of one field turned over, its length unchanged; `bit` chooses. */
function changed(packet: Packet, field: keyof Packet, bit: number): Packet {
  if (field === "more") return { ...packet, more: !packet.more };
  if (field === "payload" || field === "options") {
    const bytes = packet[field].slice();
    bytes[bit % bytes.length] ^= 1 << (bit % 8);
    return { ...packet, [field]: bytes };
  }
  const turned = field === "offset" ? 3 + (bit % 13) : bit % WIDTHS[field];
  return { ...packet, [field]: (packet[field] ^ (1 << turned)) >>> 0 };
}

/** Which halves two keys share: none, as either alone should tell two packets apart. */
function shared(key: string, other: string): string[] {
  const halves = other.split(" ");
  return key.split(" ").filter((half, at) => half === halves[at]);
}

describe.each(KINDS)("IPv%i %s", (version, kind, body) => {
  test("has the same key on both sides of a NAT, on any link", () => {
    fc.assert(
      fc.property(packets, hops, hops, fc.boolean(), (packet, inside, outside, isFragment) => {
        const before = keyOf(datagram(version, body, packet, inside, isFragment), inside.link);
        expect(keyOf(datagram(version, body, packet, outside, isFragment), outside.link)).toBe(before);
      }),
    );
  });

  test("has another key when anything else changes", () => {
    const ip: readonly (keyof Packet)[] = version === 4 ? ["id"] : ["flowLabel"];
    fc.assert(
      fc.property(packets, hops, hops, bits, (packet, inside, outside, bit) => {
        const before = keyOf(datagram(version, body, packet, inside, false), inside.link);
        for (const field of [...ip, ...COVERED[kind]]) {
          const after = keyOf(datagram(version, body, changed(packet, field, bit), outside, false), outside.link);
          expect([field, shared(after, before)]).toEqual([field, []]);
        }
        const longer = { ...packet, payload: concat(packet.payload, new Uint8Array(1)) };
        expect(shared(keyOf(datagram(version, body, longer, outside, false), outside.link), before)).toEqual([]);
      }),
    );
  });

  test("a fragment has another key at another place, with more to come or not, of another datagram", () => {
    fc.assert(
      fc.property(packets, hops, bits, (packet, hop, bit) => {
        const key = (of: Packet) => keyOf(datagram(version, body, of, hop, true), hop.link);
        for (const field of ["id", "offset", "more"] as const) {
          expect([field, shared(key(changed(packet, field, bit)), key(packet))]).toEqual([field, []]);
        }
      }),
    );
  });

  test("a later fragment's payload is in its key, and so is a first one's but where it holds what a NAT rewrites", () => {
    const offsets = kind === "other" || kind.startsWith("error") ? [8] : [8, 0];
    fc.assert(
      fc.property(packets, hops, bits, fc.constantFrom(...offsets), (packet, hop, bit, offset) => {
        const piece = { ...packet, offset, more: true };
        const key = (of: Packet) => keyOf(datagram(version, body, of, hop, true), hop.link);
        expect(shared(key(changed(piece, "payload", bit)), key(piece))).toEqual([]);
      }),
    );
  });

  test("has the same key in captures of different length that both keep what the limit says", () => {
    fc.assert(
      fc.property(
        packets,
        hops,
        hops,
        fc.boolean(),
        fc.integer({ min: version === 4 ? 20 : 40, max: 260 }),
        fc.nat({ max: 120 }),
        fc.nat({ max: 120 }),
        (packet, inside, outside, isFragment, hashLimit, insideMore, outsideMore) => {
          const sides = [
            { hop: inside, more: insideMore },
            { hop: outside, more: outsideMore },
          ].map(({ hop, more }) => {
            const bytes = datagram(version, body, packet, hop, isFragment);
            const sample = linked(bytes, hop.link);
            const kept = LINKS[hop.link].header + Math.min(bytes.length, hashLimit) + more;
            return decodeOne({ ...sample, captured: Math.min(sample.frame.length, kept) }, hashLimit);
          });
          expect(sides[0].key).toBe(sides[1].key);
          // A quote is read as far as its capture goes.
          expect(sides[0].flags & ~IS_ERROR).toBe(sides[1].flags & ~IS_ERROR);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

test("checksums are not in the key: on the inside they are left to the card", () => {
  const checksumAt = [
    [samples.tcpData, 16],
    [samples.udpPadded, 6],
    [samples.echoRequest, 2],
  ] as const;
  for (const [sample, at] of checksumAt) {
    const frame = sample.frame.slice();
    for (const byte of [14 + 10, 14 + 11, 34 + at, 34 + at + 1]) frame[byte] ^= 0x5a;
    expect(decodeOne({ ...sample, frame }).key).toBe(decodeOne(sample).key);
  }
});

function keyWithMss(flags: number, mss: number): string {
  return keyOf(ipv4({}, tcp({ flags, options: Uint8Array.of(2, 4, mss >>> 8, mss & 0xff) })), "raw");
}

test("the options of a SYN are not in the key, those of another segment are", () => {
  expect(keyWithMss(SYN, 1460)).toBe(keyWithMss(SYN, 1400));
  expect(keyWithMss(0x10, 1460)).not.toBe(keyWithMss(0x10, 1400));
});

test("TCP with numbers goes without its payload, an unknown protocol without any", () => {
  for (const body of [tcpBody, IPV4_BODIES["other"]]) {
    fc.assert(
      fc.property(packets, hops, (packet, hop) => {
        fc.pre((packet.seq | packet.ack) !== 0);
        const key = (of: Packet) => keyOf(datagram(4, body, of, hop, false), hop.link);
        expect(key(changed(packet, "payload", 0))).toBe(key(packet));
      }),
    );
  }
});

function udpKey(payload: Uint8Array, hashLimit: number): string {
  return keyOf(ipv4({}, udp({ payload })), "raw", hashLimit);
}

test("UDP beyond the limit is not in the key", () => {
  const other = filler(40);
  other[39] ^= 1;
  expect(udpKey(other, 67)).toBe(udpKey(filler(40), 67));
  expect(udpKey(other, 68)).not.toBe(udpKey(filler(40), 68));
});

test("either half of the key tells 4096 successive packets apart", () => {
  const many = Array.from({ length: 4096 }, (_, seq) => ({
    linkType: samples.RAW,
    frame: ipv4({ id: 0 }, echo({ seq })),
  }));
  const { out } = decodeAll(many);
  expect(new Set(many.map((_, row) => out.key(row))).size).toBe(4096);
  expect(new Set(many.map((_, row) => out.key2(row))).size).toBe(4096);
});

test("no two bits of a payload cancel out, in one word or in two", () => {
  const bits = Array.from({ length: 8 * 21 }, (_, bit) => bit);
  const payloads = bits.flatMap((one) =>
    bits.slice(one).map((other) => {
      const payload = filler(21);
      payload[one >> 3] ^= 1 << (one & 7);
      payload[other >> 3] ^= one === other ? 0 : 1 << (other & 7);
      return payload;
    }),
  );
  const keys = new Set<string>();
  for (let from = 0; from < payloads.length; from += 4096) {
    const some = payloads.slice(from, from + 4096);
    const { out } = decodeAll(some.map((payload) => ({ linkType: samples.RAW, frame: ipv4({}, udp({ payload })) })));
    for (const row of some.keys()) keys.add(`${out.key(row)} ${out.key2(row)}`);
  }
  expect(keys.size).toBe(payloads.length);
});

function udpTupleHash(src: string, srcPort: number, dst: string, dstPort: number): number {
  return decodeOne({ linkType: samples.RAW, frame: ipv4({ src, dst }, udp({ srcPort, dstPort })) }).tupleHash;
}

describe("the tuple hash", () => {
  test("is the same for both directions, and another for another tuple", () => {
    fc.assert(
      fc.property(packets, hops, (packet, hop) => {
        const back = { ...hop, src: hop.dst, dst: hop.src, srcPort: hop.dstPort, dstPort: hop.srcPort };
        for (const [version, , body] of KINDS) {
          const hash = (of: Hop) => decodeOne(linked(datagram(version, body, packet, of, false), of.link)).tupleHash;
          expect(hash(back)).toBe(hash(hop));
        }
        const hash = (of: Hop) => decodeOne(linked(datagram(4, udpBody, packet, of, false), of.link)).tupleHash;
        expect(hash({ ...hop, srcPort: hop.srcPort ^ 1 })).not.toBe(hash(hop));
        expect(hash({ ...hop, dst: hop.dst === "1.2.3.4" ? "1.2.3.5" : "1.2.3.4" })).not.toBe(
          hash({ ...hop, dst: "9.9.9.9" }),
        );
      }),
      { numRuns: runs(30) },
    );
  });

  test("tells ports that change sides apart", () => {
    expect(udpTupleHash("10.0.0.1", 1, "10.0.0.2", 2)).not.toBe(udpTupleHash("10.0.0.1", 2, "10.0.0.2", 1));
    expect(udpTupleHash("10.0.0.1", 1, "10.0.0.1", 1)).not.toBe(udpTupleHash("10.0.0.2", 2, "10.0.0.2", 2));
  });
});
