import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinedContent } from "../../src/packets/joined-content.js";
import { HAS_PAYLOAD, IS_CUT, IS_ERROR, IS_HEADLESS } from "../../src/packets/packets.js";
import { SYN } from "../../src/protocols/tcp.js";
import {
  concat,
  echo,
  echo6,
  ethernet,
  filler,
  fragmentHeader,
  fragments,
  hex,
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
import type { Limits } from "../../src/wire/decode.js";
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
  readonly flowLabel: number;
  /** Of a SYN; undefined where it has no such option. */
  readonly mss: number | undefined;
  readonly link: keyof typeof LINKS;
}

/** What both leave alone. */
interface Packet {
  readonly id: number;
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
/** The options of a SYN, with the MSS in front of them where there is one. */
const synBody: Body = (packet, hop) => {
  const mss = hop.mss === undefined ? [] : [2, 4, hop.mss >>> 8, hop.mss & 0xff];
  const { window, options } = packet;
  const others = [...mss, 253, 2 + options.length, ...options, 1, 3, 3, window & 7, 4, 2];
  return tcpBody({ ...packet, flags: packet.flags | SYN, options: Uint8Array.from(others) }, hop);
};
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
  syn: synBody,
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
  sctp: ({ seq, payload }, { srcPort, dstPort, echoId }) =>
    transport(132, concat(ports(srcPort, dstPort), word(seq), word(echoId * 0x10001), payload)),
  dccp: ({ window, payload }, { srcPort, dstPort, echoId }) =>
    transport(33, concat(ports(srcPort, dstPort), ports(window, echoId), payload)),
  udplite: ({ window, payload }, { srcPort, dstPort, echoId }) =>
    transport(136, concat(ports(srcPort, dstPort), ports(window, echoId), payload)),
  pptp: ({ window, seq, payload }, { echoId }) =>
    transport(47, concat(hex("3001 880b"), ports(window, echoId), word(seq), payload)),
  gre: ({ payload }) => transport(47, concat(hex("2000 0800"), payload)),
  other: ({ payload }) => transport(50, payload),
};

const word = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const ports = (src: number, dst: number): Uint8Array => word(src * 0x10000 + dst);

const IPV6_BODIES: Readonly<Record<string, Body>> = {
  tcp: tcpBody,
  syn: synBody,
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
  tcp: ["seq", "ack", "flags", "window", "payload"],
  "tcp without numbers": ["flags", "window", "payload"],
  syn: ["seq", "ack", "window", "options", "payload"],
  udp: ["payload"],
  echo: ["seq", "payload"],
  timestamp: ["seq", "payload"],
  "error quoting tcp": ["code", "mtu", "quotedId", "quotedSeq", "quotedLength"],
  "error quoting echo": ["code", "mtu", "quotedId", "quotedSeq", "quotedLength"],
  "error quoting udp": ["code", "mtu", "quotedId", "quotedLength"],
  sctp: ["seq", "payload"],
  dccp: ["window", "payload"],
  udplite: ["window", "payload"],
  pptp: ["window", "seq", "payload"],
  gre: ["payload"],
  other: ["payload"],
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
  const { offset, more, id } = packet;
  const extensions = isFragment ? [fragmentHeader({ offset, more, id })] : [];
  const addresses = { src: `fd00::${hop.srcPort}`, dst: `fd00::${hop.dstPort}`, hopLimit: hop.ttl };
  return ipv6({ ...addresses, trafficClass: hop.tos, flowLabel: hop.flowLabel, extensions }, carried);
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
  flowLabel: fc.nat({ max: 0xfffff }),
  mss: fc.option(uint16, { nil: undefined }),
  link: fc.constantFrom("ethernet", "vlan", "sll", "sll2", "raw"),
});

const packets: fc.Arbitrary<Packet> = fc.record({
  id: uint32,
  seq: uint32,
  ack: uint32,
  flags: uint8,
  window: uint16,
  options: fc
    .integer({ min: 1, max: 6 })
    .chain((length) => fc.uint8Array({ minLength: length * 4, maxLength: length * 4 })),
  // of long ones, four words at once are taken into the key
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

/** Limits that are the same for headers as for all else. */
const upTo = (limit: number): Limits => ({ key: limit, headers: limit });

function keyOf(bytes: Uint8Array, link: Hop["link"], limit = Infinity): string {
  return decodeOne(linked(bytes, link), upTo(limit)).key;
}

/** Bits of each number that every kind of packet has room for. */
const WIDTHS = {
  id: 16,
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
    const ip: readonly (keyof Packet)[] = version === 4 ? ["id"] : [];
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
    const offsets = kind.startsWith("error") ? [8] : [8, 0];
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
        // without a TCP header, the length of the IP header is all there is, and that is another where a SYN has an MSS and where not
        fc.integer({ min: (version === 4 ? 20 : 40) + (kind === "syn" ? 28 : 0), max: 300 }),
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
            return decodeOne({ ...sample, captured: Math.min(sample.frame.length, kept) }, upTo(hashLimit));
          });
          expect(sides[0].key).toBe(sides[1].key);
          // A quote is read as far as its capture goes.
          expect(sides[0].flags & ~IS_ERROR).toBe(sides[1].flags & ~IS_ERROR);
          expect(sides[0].flags & IS_CUT).toBe(0);
          expect([sides[0].head, sides[0].content]).toEqual([sides[1].head, sides[1].content]);
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

test("the MSS of a SYN is not in the key, that of another segment is", () => {
  expect(keyWithMss(SYN, 1460)).toBe(keyWithMss(SYN, 1400));
  expect(keyWithMss(0x10, 1460)).not.toBe(keyWithMss(0x10, 1400));
});

function synKey(options: string): string {
  return keyOf(ipv4({}, tcp({ flags: SYN, options: hex(options) })), "raw");
}

test("a SYN's other options are in the key, in their order, whatever fills up between them", () => {
  const timestamps = "080a 01020304 00000000";
  const known = synKey(`0204 05b4 ${timestamps} 0402 030307`);
  expect(synKey(`${timestamps} 0402 030307`)).toBe(known);
  expect(synKey(`01 01 ${timestamps} 01 0402 01 030307 00`)).toBe(known);
  for (const other of [`0402 ${timestamps} 030307`, `${timestamps} 0402 030306`, `${timestamps} 0402`])
    expect(synKey(other)).not.toBe(known);
  // malformed ones are taken as they are
  expect(synKey("0200 0000")).not.toBe(synKey("0200 0001"));
  expect(synKey("01010803")).not.toBe(synKey("01010804"));
  expect(synKey("01010108")).not.toBe(synKey("01010109"));
});

const cutKey = (flags: number, options: string): string =>
  keyOf(ipv4({}, tcp({ flags, options: hex(options) })), "raw", 20 + 20 + 16);

test("of options that captures cut, what they kept is in the key", () => {
  expect(cutKey(0x10, "0101 080a 01020304 05060708 01010101 010101 00")).not.toBe(
    cutKey(0x10, "0101 080a 01020304 05060709 01010101 010101 00"),
  );
  expect(cutKey(SYN, "020405b4 0402 080a 01020304 00000000 01030307")).not.toBe(
    cutKey(SYN, "020405b4 0402 080a 01020305 00000000 01030307"),
  );
  expect(cutKey(SYN, "020405b4 0402 080a 01020304 00000000 01030307")).toBe(
    cutKey(SYN, "0402 080a 01020304 00000000 01030307"),
  );
});

/** Bytes of each protocol's header that a NAT rewrites. */
const REWRITTEN: readonly (readonly [name: string, proto: number, begin: string, rewritten: readonly number[]])[] = [
  ["UDP", 17, "", [0, 1, 2, 3, 6, 7]],
  ["UDP-Lite", 136, "", [0, 1, 2, 3, 6, 7]],
  ["DCCP", 33, "", [0, 1, 2, 3, 6, 7]],
  ["SCTP", 132, "", [0, 1, 2, 3, 8, 9, 10, 11]],
  ["PPTP's GRE", 47, "3081 880b", [6, 7]],
  ["GRE", 47, "2000 6558", []],
  ["ESP", 50, "", []],
  ["IPv6 in IPv4", 41, "", []],
];

describe.each(REWRITTEN)("%s", (name, proto, begin, rewritten) => {
  test("has a key that covers every bit but those that a NAT rewrites", () => {
    const carried = fc.uint8Array({ minLength: 16, maxLength: 100 });
    fc.assert(
      fc.property(carried, fc.nat(), (bytes, chosen) => {
        bytes.set(hex(begin));
        const other = bytes.slice();
        const bit = chosen % (8 * bytes.length);
        other[bit >> 3] ^= 1 << (bit & 7);
        // its length is the IP header's, or that of one of the datagrams that were put together
        const isCovered = !rewritten.includes(bit >> 3) && !(name === "UDP" && (bit >> 3 === 4 || bit >> 3 === 5));
        for (const key of [
          (of: Uint8Array) => keyOf(ipv4({ id: 0 }, transport(proto, of)), "raw"),
          (of: Uint8Array) => keyOf(ipv6({}, transport(proto, of)), "raw"),
        ]) {
          const [before, after] = [key(bytes), key(other)];
          expect(shared(after, before)).toEqual(isCovered ? [] : before.split(" "));
        }
      }),
    );
  });
});

function signedKey(spi: number, sequence: number, text: string): string {
  const bytes = concat(hex("04 0000"), word(spi), word(sequence), filler(12));
  return keyOf(ipv6({ extensions: [{ type: 51, bytes }] }, udp({ payload: Buffer.from(text) })), "raw");
}

test("IPv6 authentication headers are told apart, and what they sign", () => {
  const keys = [signedKey(1, 1, "a"), signedKey(2, 1, "a"), signedKey(1, 2, "a"), signedKey(1, 1, "b")];
  expect(new Set(keys).size).toBe(4);
});

function contentOf(packet: Uint8Array, limits?: Limits): number {
  return decodeOne({ linkType: samples.RAW, frame: packet }, limits).content;
}

describe("content", () => {
  test("of the fragments of a datagram adds up to that of the whole, however it is cut", () => {
    const kinds = fc.constantFrom(17, 50, 132);
    fc.assert(
      fc.property(
        kinds,
        fc.uint8Array({ minLength: 16, maxLength: 400 }),
        fc.integer({ min: 36, max: 200 }),
        (proto, bytes, mtu) => {
          const whole = ipv4({ id: 7 }, transport(proto, bytes));
          const all = fragments(whole, mtu).map((piece) => contentOf(piece));
          expect(all.reduce(joinedContent)).toBe(contentOf(whole));
        },
      ),
    );
  });

  test("is the same over either IP version, and of no packet of which not all is kept", () => {
    const payload = filler(60);
    expect(contentOf(ipv4({}, udp({ payload })))).toBe(contentOf(ipv6({}, udp({ payload }))));
    for (const packet of [ipv4({}, udp({ payload })), ipv6({}, udp({ payload }))]) {
      expect(contentOf(packet, upTo(108))).not.toBe(0);
      expect(contentOf(packet, upTo(107))).toBe(0);
    }
  });
});

describe("a frame that was cut", () => {
  const whole = ipv4({ id: 9 }, udp({ payload: filler(100) }));
  const sample = { linkType: samples.RAW, frame: whole };

  test("is marked, and has the key of one cut at the same byte, and of no other", () => {
    const cut = (captured: number) => decodeOne({ ...sample, captured });
    expect(decodeOne(sample).flags & IS_CUT).toBe(0);
    expect(cut(127).flags & IS_CUT).toBe(IS_CUT);
    const outside = ipv4({ id: 9, src: "10.0.2.15", ttl: 63 }, udp({ srcPort: 9, payload: filler(100) }));
    expect(decodeOne({ linkType: samples.RAW, frame: outside, captured: 90 }).key).toBe(cut(90).key);
    const keys = [decodeOne(sample).key, ...[28, 40, 90, 127].map((bytes) => cut(bytes).key)];
    expect(new Set(keys).size).toBe(5);
    // the first bytes of the payload are all there, or not
    expect(cut(60).head).toBe(decodeOne(sample).head);
    expect(cut(59).head).toBe(0);
  });

  test("is whole as far as its capture was to keep it", () => {
    const limited = decodeOne({ ...sample, captured: 90 }, upTo(90));
    expect(limited.flags & (IS_CUT | HAS_PAYLOAD)).toBe(HAS_PAYLOAD);
    expect(limited.key).toBe(decodeOne(sample, upTo(90)).key);
  });

  test("keeps its ports and numbers where others have more payload", () => {
    const segment = ipv4({ id: 9 }, tcp({ srcPort: 5, seq: 77, payload: filler(100) }));
    const cut = decodeOne({ linkType: samples.RAW, frame: segment, captured: 44 });
    expect(cut).toMatchObject({ srcPort: 5, seq: 77, payloadLength: 100 });
    expect(cut.flags & (IS_CUT | IS_HEADLESS)).toBe(IS_CUT);
  });

  test("has headers read beyond what the key takes of payload", () => {
    const segment = ipv4({ id: 9 }, tcp({ srcPort: 5, seq: 77, options: filler(12), payload: filler(100) }));
    const limits = { key: 28, headers: 40 };
    for (const captured of [40, 44, 152]) {
      const row = decodeOne({ linkType: samples.RAW, frame: segment, captured }, limits);
      expect(row).toMatchObject({ srcPort: 5, seq: 77 });
      expect(row.flags & (IS_CUT | IS_HEADLESS | HAS_PAYLOAD)).toBe(0);
      expect(row.key).toBe(decodeOne({ linkType: samples.RAW, frame: segment }, limits).key);
    }
    // one with a longer link header is the odd one
    const odd = decodeOne({ linkType: samples.RAW, frame: segment, captured: 36 }, limits);
    expect(odd.flags & (IS_CUT | IS_HEADLESS)).toBe(IS_CUT | IS_HEADLESS);
    // where no frame has them, those that do are like all
    const none = decodeOne({ linkType: samples.RAW, frame: segment }, { key: 24, headers: 33 });
    expect(none.flags & (IS_CUT | IS_HEADLESS)).toBe(IS_HEADLESS);
    // ports, numbers and flags are enough: a window behind them is of no packet where most lack it
    const limit = { key: 24, headers: 34 };
    const windowless = decodeOne({ linkType: samples.RAW, frame: segment }, limit);
    expect(windowless).toMatchObject({ srcPort: 5, seq: 77 });
    expect(windowless.flags & (IS_CUT | IS_HEADLESS)).toBe(0);
    const other = ipv4({ id: 9 }, tcp({ srcPort: 5, seq: 77, window: 9, options: filler(12), payload: filler(100) }));
    expect(decodeOne({ linkType: samples.RAW, frame: other, captured: 34 }, limit).key).toBe(windowless.key);
  });

  test("is none where what is missing of an ICMP error says nothing", () => {
    const error = icmp({ type: 3, code: 3, payload: whole });
    const packet = ipv4({ id: 10 }, error);
    const cut = (captured: number) => decodeOne({ linkType: samples.RAW, frame: packet, captured });
    expect(cut(56).flags & (IS_CUT | IS_ERROR)).toBe(IS_ERROR);
    expect(cut(56).key).toBe(decodeOne({ linkType: samples.RAW, frame: packet }).key);
    expect(cut(55).flags & (IS_CUT | IS_ERROR)).toBe(IS_CUT | IS_ERROR);
  });
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
