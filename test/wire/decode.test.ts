import { describe, expect, test } from "vitest";
import {
  HAS_IP_ID,
  HAS_MORE_FRAGMENTS,
  HAS_PAYLOAD,
  HAS_SENDING_TIME,
  HAS_TCP_NUMBERS,
  IS_CUT,
  IS_DF,
  IS_ECHO,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
} from "../../src/packets/packets.js";
import { ACK, PSH, SYN } from "../../src/protocols/tcp.js";
import { DNS_QUERY, DNS_RESPONSE } from "../../src/packets/records.js";
import { concat, echo, ethernet, filler, hex, icmp, ipv4, ipv6, tcp, transport, udp } from "../support/packets.js";
import { decodeAll, decodeOne, reasonOf, words } from "./decoded.js";
import * as samples from "./samples.js";

const CONTAINER = words("172.17.0.2");
const SERVER = words("180.101.49.11");
const CONTAINER6 = words("fd00::2");
const SERVER6 = words("2001:db8::11");

function flagsOfEcho(payload: Uint8Array): number {
  const frame = ethernet(ipv4({ src: "172.17.0.2", dst: "180.101.49.11" }, echo({ payload })));
  return decodeOne({ linkType: samples.ETHERNET, frame }).flags;
}

describe("protocols", () => {
  test("ICMP echo", () => {
    expect(decodeOne(samples.echoRequest)).toMatchObject({
      frame: 101,
      flags: IS_ECHO | HAS_IP_ID | HAS_PAYLOAD | IS_DF,
      proto: 1,
      ttl: 64,
      ipId: 5572,
      length: 84,
      payloadLength: 56,
      src: CONTAINER,
      dst: SERVER,
      srcPort: 4096,
      dstPort: 4096,
      seq: (8 << 24) | 3,
      tcpFlags: 0,
      quote: -1,
    });
    expect(decodeOne(samples.echoReply)).toMatchObject({
      flags: IS_ECHO | HAS_IP_ID | HAS_PAYLOAD,
      src: SERVER,
      dst: CONTAINER,
      seq: 3,
    });
  });

  test("an ICMP echo that carries when it was sent", () => {
    // 2015-02-28 00:29:00.969237, as ping writes it
    const time = hex("cc0bf154 00000000 15ca0e00 00000000");
    expect(flagsOfEcho(concat(time, filler(40))) & HAS_SENDING_TIME).not.toBe(0);
    expect(flagsOfEcho(time) & HAS_SENDING_TIME).not.toBe(0);
    for (const other of [time.subarray(0, 15), filler(56), new Uint8Array(56), concat(filler(1), time)])
      expect(flagsOfEcho(other) & HAS_SENDING_TIME).toBe(0);
  });

  test("an ICMP query that is no echo has no ports", () => {
    expect(decodeOne(samples.timestampRequest)).toMatchObject({
      flags: HAS_IP_ID | HAS_PAYLOAD,
      srcPort: 0,
      dstPort: 0,
      seq: 13 << 24,
      payloadLength: 12,
    });
  });

  test("TCP", () => {
    expect(decodeOne(samples.tcpSyn)).toMatchObject({
      flags: HAS_TCP_NUMBERS | IS_DF,
      proto: 6,
      ipId: 0,
      length: 48,
      payloadLength: 0,
      srcPort: 40000,
      dstPort: 80,
      seq: 4000000000,
      ack: 0,
      tcpFlags: SYN,
    });
    expect(decodeOne(samples.tcpData)).toMatchObject({
      flags: HAS_TCP_NUMBERS | HAS_IP_ID | HAS_PAYLOAD,
      length: 152,
      payloadLength: 100,
      seq: 4000000001,
      ack: 17,
      tcpFlags: PSH | ACK,
    });
  });

  test("TCP without numbers goes by its payload", () => {
    const frame = ethernet(ipv4({}, tcp({ seq: 0, ack: 0, flags: 0, payload: filler(4) })));
    // IP (tos 0x0, ttl 64, id 0, offset 0, flags [none], proto TCP (6), length 44)
    // 172.17.0.2.40000 > 180.101.49.11.80: Flags [none], cksum 0x76bd (correct), seq 0:4, win 64240, length 4: HTTP
    expect(decodeOne({ linkType: samples.ETHERNET, frame }).flags).toBe(HAS_PAYLOAD);
  });

  test("UDP, without the padding of Ethernet", () => {
    expect(decodeOne(samples.udpPadded)).toMatchObject({
      flags: HAS_IP_ID | HAS_PAYLOAD,
      proto: 17,
      length: 33,
      payloadLength: 5,
      srcPort: 5000,
      dstPort: 9,
      seq: 0,
    });
  });

  test("a DNS message tells its transaction, where so much was captured of it", () => {
    const [asking, answering] = [
      { srcPort: 7000, dstPort: 53 },
      { srcPort: 53, dstPort: 7000 },
    ];
    // 172.17.0.2.7000 > 180.101.49.11.53: 4660+ [|domain]
    const query = dnsFrame(asking, 0x01);
    expect(decodeOne(query).seq).toBe(DNS_QUERY | 0x1234);
    // 172.17.0.2.53 > 180.101.49.11.7000: 4660 [|domain]
    expect(decodeOne(dnsFrame(answering, 0x81)).seq).toBe(DNS_RESPONSE | 0x1234);
    expect(decodeOne(dnsFrame(asking, 0x01, 0)).seq).toBe(0);
    expect(decodeOne(dnsFrame({ srcPort: 7000, dstPort: 54 }, 0x01)).seq).toBe(0);
    expect(decodeOne({ ...query, captured: 14 + 28 + 11 }).seq).toBe(0);
  });

  test("IPv4 options move the transport header", () => {
    expect(decodeOne(samples.ipOptions)).toMatchObject({ length: 37, payloadLength: 5, srcPort: 5000, dstPort: 9 });
  });

  test("another protocol goes by its bytes", () => {
    expect(decodeOne(samples.gre)).toMatchObject({
      flags: HAS_IP_ID | HAS_PAYLOAD,
      proto: 47,
      length: 44,
      payloadLength: 24,
      srcPort: 0,
      dstPort: 0,
      seq: 0,
    });
  });

  test("SCTP, DCCP and UDP-Lite have ports", () => {
    for (const proto of [132, 33, 136]) {
      const carried = transport(proto, concat(hex("9c40 0050"), filler(20)));
      for (const frame of [ipv4({ id: 1 }, carried), ipv6({}, carried)])
        expect(decodeOne({ linkType: samples.RAW, frame })).toMatchObject({ proto, srcPort: 40000, dstPort: 80 });
      expect(decodeOne({ linkType: samples.RAW, frame: ipv4({}, carried), captured: 23 }).flags & IS_HEADLESS).toBe(
        IS_HEADLESS,
      );
    }
  });

  test("IPv6", () => {
    expect(decodeOne(samples.echo6Request)).toMatchObject({
      flags: IS_IPV6 | IS_ECHO | HAS_PAYLOAD,
      proto: 58,
      ttl: 64,
      ipId: 0,
      length: 104,
      payloadLength: 56,
      src: CONTAINER6,
      dst: SERVER6,
      srcPort: 11,
      dstPort: 11,
      seq: ((128 << 24) | 2) >>> 0,
    });
    expect(decodeOne(samples.extensions6)).toMatchObject({
      flags: IS_IPV6 | HAS_PAYLOAD,
      proto: 17,
      length: 91,
      payloadLength: 3,
      srcPort: 40000,
      dstPort: 53,
    });
  });

  test("fragments", () => {
    const piece = IS_FRAGMENT | HAS_IP_ID | HAS_PAYLOAD;
    expect(decodeOne(samples.firstFragment)).toMatchObject({
      flags: piece | HAS_MORE_FRAGMENTS,
      ipId: 900,
      length: 1500,
      payloadLength: 1472,
      srcPort: 40000,
      dstPort: 53,
      seq: 0,
    });
    expect(decodeOne(samples.laterFragment)).toMatchObject({
      flags: piece | IS_LATER_FRAGMENT,
      proto: 17,
      payloadLength: 48,
      srcPort: 0,
      dstPort: 0,
      seq: 2960,
    });
    expect(decodeOne(samples.firstFragment6)).toMatchObject({
      flags: piece | IS_IPV6 | HAS_MORE_FRAGMENTS,
      ipId: 0xdeadbeef,
      payloadLength: 40,
      srcPort: 40000,
      dstPort: 53,
      seq: 0,
    });
    expect(decodeOne(samples.laterFragment6)).toMatchObject({
      flags: piece | IS_IPV6 | IS_LATER_FRAGMENT,
      ipId: 0xdeadbeef,
      payloadLength: 16,
      srcPort: 0,
      seq: 48,
    });
  });

  test("a length of 0 is told by the frame's own", () => {
    expect(decodeOne(samples.offloaded4)).toMatchObject({ length: 3040, payloadLength: 3000, srcPort: 40000 });
    expect(decodeOne(samples.jumbo6)).toMatchObject({ length: 3060, payloadLength: 3000, srcPort: 40000 });
    expect(decodeOne({ ...samples.offloaded4, captured: 80 })).toMatchObject({ length: 3040, payloadLength: 3000 });
  });

  test("a jumbogram's length is the frame's, with the option that says so or without", () => {
    // RFC 2675 section 2: option 0xc2 in a hop-by-hop header, whose next header is the transport's
    const jumbo = { type: 0, bytes: hex("00 c204 00011178") };
    const carried = tcp({ payload: filler(70_000) });
    for (const extensions of [[jumbo], []]) {
      const frame = ethernet(ipv6({ extensions, payloadLength: 0 }, carried));
      expect(decodeOne({ linkType: samples.ETHERNET, frame })).toMatchObject({
        length: 70_060 + 8 * extensions.length,
        payloadLength: 70_000,
        srcPort: 40000,
      });
    }
    // Linux 6.3 and later: IPv4 beyond 64 KiB
    const frame = ethernet(ipv4({ totalLength: 0 }, carried));
    expect(decodeOne({ linkType: samples.ETHERNET, frame })).toMatchObject({ length: 70_040, payloadLength: 70_000 });
  });

  test("UDP datagrams that were put together are as long as the IP packet says", () => {
    const frame = ipv4({}, udp({ payload: filler(3000) }));
    new DataView(frame.buffer).setUint16(20 + 4, 8 + 1000);
    expect(decodeOne({ linkType: samples.RAW, frame })).toMatchObject({ length: 3028, payloadLength: 3000 });
  });

  test("nothing follows 'no next header', whatever pads the frame", () => {
    const empty = ipv6({}, { proto: 59, bytes: new Uint8Array(0), checksumAt: -1, overPseudoHeader: false });
    // IP6 (hlim 64, next-header unknown (59) payload length: 0) fd00::2 > 2001:db8::11: no next header
    const row = decodeOne({ linkType: samples.ETHERNET, frame: ethernet(empty, { padTo: 60 }) });
    expect(row).toMatchObject({ proto: 59, length: 40, payloadLength: 0 });
  });
});

/** The header of a DNS message, with the first byte of its flags. */
function dnsFrame(ports: { srcPort: number; dstPort: number }, flags: number, questions = 1): samples.Sample {
  const payload = Uint8Array.from([0x12, 0x34, flags, 0, 0, questions, 0, 0, 0, 0, 0, 0]);
  return { linkType: samples.ETHERNET, frame: ethernet(ipv4({}, udp({ ...ports, payload }))) };
}

/** What is read of the quote that a sample ends with, where so many of its last 8 bytes were captured. */
const portsAt = (sample: samples.Sample, kept: number) => {
  const { quotes } = decodeAll([{ ...sample, captured: sample.frame.length - 8 + kept }]).out;
  return [quotes.count, quotes.srcPort[0], quotes.dstPort[0], quotes.seq[0]];
};

describe("quotes", () => {
  test.each([
    ["UDP", samples.timeExceeded, { proto: 17, srcPort: 33000, dstPort: 33434, ipId: 31, length: 40, seq: 0 }],
    [
      "TCP cut to 8 bytes",
      samples.fragmentationNeeded,
      { proto: 6, srcPort: 40000, dstPort: 80, ipId: 32, length: 1480, seq: 3000000000 },
    ],
    ["echo", samples.quotedEcho, { proto: 1, srcPort: 4096, dstPort: 4096, ipId: 33, length: 84, seq: 7 }],
  ])("%s", (_, sample, expected) => {
    const { out } = decodeAll([samples.echoRequest, sample]);
    const { quotes } = out;
    expect(out.flags(1) & IS_ERROR).toBe(IS_ERROR);
    expect([out.quote(0), out.quote(1), quotes.count]).toEqual([-1, 0, 1]);
    expect({
      proto: quotes.proto[0],
      srcPort: quotes.srcPort[0],
      dstPort: quotes.dstPort[0],
      ipId: quotes.ipId[0],
      length: quotes.length[0],
      seq: quotes.seq[0],
    }).toEqual(expected);
    expect([...quotes.src.subarray(0, 4)]).toEqual(CONTAINER);
    expect([...quotes.dst.subarray(0, 4)]).toEqual(SERVER);
  });

  test("tell how the quoted payload begins, as the packet itself does", () => {
    const header = { src: "172.17.0.2", id: 0 };
    const carried = {
      UDP: udp({ payload: filler(40) }),
      short: udp({ payload: filler(9) }),
      echo: echo({ id: 1, seq: 2 }),
    };
    for (const of of Object.values(carried)) {
      const packet = ipv4(header, of);
      const error = ipv4({}, icmp({ type: 11, payload: packet }));
      const cut = ipv4({}, icmp({ type: 11, payload: packet.subarray(0, 28 + 8) }));
      const { out } = decodeAll(
        [packet, error, cut].map((each) => ({ linkType: samples.ETHERNET, frame: ethernet(each) })),
      );
      expect(out.head(0)).not.toBe(0);
      expect([...out.quotes.head.subarray(0, 2)]).toEqual([out.head(0), 0]);
    }
  });

  test("IPv6", () => {
    const { out } = decodeAll([samples.packetTooBig]);
    const { quotes } = out;
    expect(out.flags(0)).toBe(IS_IPV6 | IS_ERROR);
    expect(out.seq(0)).toBe((2 << 24) | 1280);
    expect([quotes.proto[0], quotes.srcPort[0], quotes.dstPort[0], quotes.length[0], quotes.seq[0]]).toEqual([
      6, 40000, 80, 120, 5,
    ]);
    expect([...quotes.src.subarray(0, 4)]).toEqual(CONTAINER6);
    expect([...quotes.dst.subarray(0, 4)]).toEqual(SERVER6);
  });

  test("a quote without its transport header keeps the rest", () => {
    const { out } = decodeAll([{ ...samples.timeExceeded, captured: 14 + 28 + 23 }]);
    const { quotes } = out;
    expect(out.quote(0)).toBe(0);
    expect([quotes.proto[0], quotes.ipId[0], quotes.srcPort[0], quotes.dstPort[0]]).toEqual([17, 31, 0, 0]);
  });

  test("an error whose quote cannot be read is not marked as one", () => {
    for (const bad of [
      { ...samples.timeExceeded, captured: 14 + 28 + 19 },
      error(hex("44"), 40),
      error(hex("65"), 40),
    ]) {
      const { out } = decodeAll([bad]);
      expect([out.count, out.quotes.count, out.quote(0), out.flags(0) & IS_ERROR]).toEqual([1, 0, -1, 0]);
    }
  });

  test("has ports where 4 bytes of the transport header were captured, and an echo's id where 6 were", () => {
    const [ofUdp, ofEcho] = [
      udp({ srcPort: 9999, dstPort: 53 }),
      echo({ id: 4096, seq: 7, payload: new Uint8Array(0) }),
    ].map((carried) => error(ipv4({ src: "172.17.0.2" }, carried).subarray(0, 28), 28));
    expect([3, 4].map((kept) => portsAt(ofUdp, kept))).toEqual([
      [1, 0, 0, 0],
      [1, 9999, 53, 0],
    ]);
    expect([5, 6, 8].map((kept) => portsAt(ofEcho, kept))).toEqual([
      [1, 0, 0, 0],
      [1, 4096, 4096, 0],
      [1, 4096, 4096, 7],
    ]);
  });

  test("tell a conversation as far as both captures kept them", () => {
    const sample = error(ipv4({ src: "172.17.0.2" }, udp({ srcPort: 9999, dstPort: 53 })), 28);
    const read = (limit: number) => {
      const { out } = decodeAll([sample], { key: limit, headers: limit });
      return [out.quotes.count, out.quotes.srcPort[0], out.flags(0) & IS_ERROR];
    };
    expect([28 + 19, 28 + 20, 28 + 24].map(read)).toEqual([
      [0, 0, 0],
      [1, 0, IS_ERROR],
      [1, 9999, IS_ERROR],
    ]);
  });

  test("the quote of a later fragment has no ports", () => {
    const later = ipv4({ id: 3, offset: 1480 }, udp({ payload: filler(30) }));
    // IP (tos 0x0, ttl 64, id 3, offset 1480, flags [none], proto UDP (17), length 58)
    const { quotes } = decodeAll([error(later, 0)]).out;
    expect([quotes.count, quotes.srcPort[0], quotes.dstPort[0], quotes.ipId[0]]).toEqual([1, 0, 0, 3]);
  });
});

/** A time-exceeded error with this in place of a quote, filled up with zeros to `length`. */
function error(quoted: Uint8Array, length: number): samples.Sample {
  const payload = concat(quoted, new Uint8Array(Math.max(0, length - quoted.length)));
  return { linkType: samples.ETHERNET, frame: ethernet(ipv4({ id: 1 }, icmp({ type: 11, payload }))) };
}

describe("what is cut or malformed above IP keeps addresses and IP ID", () => {
  const headless = { proto: 6, srcPort: 0, dstPort: 0, seq: 0, ack: 0, tcpFlags: 0 };

  test("a transport header cut by the snaplen", () => {
    expect(decodeOne({ ...samples.tcpData, captured: 14 + 20 + 19 })).toMatchObject({
      ...headless,
      flags: IS_HEADLESS | HAS_IP_ID | IS_CUT,
      ipId: 77,
      length: 152,
      payloadLength: 132,
      src: CONTAINER,
      dst: SERVER,
    });
    expect(decodeOne({ ...samples.udpPadded, captured: 14 + 20 + 7 }).flags & IS_HEADLESS).toBe(IS_HEADLESS);
    expect(decodeOne({ ...samples.echoRequest, captured: 14 + 20 + 7 }).flags & IS_HEADLESS).toBe(IS_HEADLESS);
    expect(decodeOne({ ...samples.echo6Request, captured: 14 + 40 + 7 }).flags).toBe(IS_HEADLESS | IS_IPV6 | IS_CUT);
  });

  test("IPv4 options cut", () => {
    expect(decodeOne({ ...samples.ipOptions, captured: 14 + 20 }).flags).toBe(IS_HEADLESS | HAS_IP_ID | IS_CUT);
  });

  test("IPv6 extension headers cut", () => {
    expect(decodeOne({ ...samples.extensions6, captured: 14 + 40 + 9 })).toMatchObject({
      flags: IS_HEADLESS | IS_IPV6 | IS_CUT,
      proto: 43,
      length: 91,
      src: CONTAINER6,
    });
  });

  test("TCP options cut leave the rest of TCP whole", () => {
    expect(decodeOne({ ...samples.tcpData, captured: 14 + 20 + 20 })).toMatchObject({
      flags: HAS_TCP_NUMBERS | HAS_IP_ID | IS_CUT,
      seq: 4000000001,
      payloadLength: 100,
    });
  });

  test("a data offset below 5 words, or beyond the datagram", () => {
    for (const offset of [0x40, 0xf0]) {
      const frame = samples.tcpSyn.frame.slice();
      frame[14 + 20 + 12] = offset;
      expect(decodeOne({ linkType: samples.ETHERNET, frame })).toMatchObject({
        ...headless,
        flags: IS_HEADLESS | IS_DF,
      });
    }
  });

  test("a total length that ends within the transport header", () => {
    const frame = ethernet(ipv4({ id: 2, totalLength: 39 }, tcp()));
    // IP (tos 0x0, ttl 64, id 2, offset 0, flags [none], proto TCP (6), length 39)
    expect(decodeOne({ linkType: samples.ETHERNET, frame })).toMatchObject({
      ...headless,
      flags: IS_HEADLESS | HAS_IP_ID,
      length: 39,
    });
  });

  test("a total length beyond the frame is taken at its word", () => {
    const frame = ethernet(ipv4({ id: 2, totalLength: 1000 }, tcp()));
    // IP (tos 0x0, ttl 64, id 2, offset 0, flags [none], proto TCP (6), length 1000)
    expect(decodeOne({ linkType: samples.ETHERNET, frame })).toMatchObject({ length: 1000, payloadLength: 960 });
  });
});

/** The sample with one byte of its frame replaced. */
function damaged(sample: samples.Sample, at: number, byte: number): samples.Sample {
  const frame = sample.frame.slice();
  frame[at] = byte;
  return { ...sample, frame };
}

describe("what is malformed in IP is counted by its reason", () => {
  test.each([
    ["IPv4: fewer than the 20 header bytes captured", { ...samples.tcpSyn, captured: 14 + 19 }],
    ["IPv4: header length field below 20 bytes", damaged(samples.tcpSyn, 14, 0x44)],
    ["IPv4: total length field below the header length field", damaged(samples.tcpSyn, 14 + 3, 19)],
    ["IPv4: version field is not 4", damaged(samples.tcpSyn, 14, 0x65)],
    ["IPv6: version field is not 6", damaged(samples.echo6Request, 14, 0x45)],
    ["IP: version field is neither 4 nor 6", damaged(samples.raw4, 0, 0x55)],
    ["IP: version field is neither 4 nor 6", damaged(samples.raw4, 0, 0x05)],
    ["IP: no byte of the header captured", { ...samples.tcpSyn, captured: 14 }],
    ["IP: no byte of the header captured", { ...samples.raw4, captured: 0 }],
    ["IPv6: fewer than the 40 header bytes captured", { ...samples.echo6Request, captured: 14 + 39 }],
    ["IPv6: extension header ends beyond the payload length", damaged(samples.extensions6, 14 + 41, 6)],
    ["IPv6: extension header ends beyond the payload length", damaged(samples.laterFragment6, 14 + 5, 7)],
  ])("%s", (reason, sample) => {
    expect(reasonOf(sample)).toBe(reason);
  });

  test("a chain of extension headers without end", () => {
    const option = { type: 60, bytes: hex("00 0104 00000000") };
    const chained = (length: number) => {
      const extensions = Array.from({ length }, () => option);
      return { linkType: samples.RAW, frame: ipv6({ extensions }, udp()) };
    };
    expect(decodeOne(chained(8)).srcPort).toBe(40000);
    expect(reasonOf(chained(9))).toBe("IPv6: more than 8 extension headers");
  });
});

test("every frame is a row, not IP, or undecodable, in the order it was captured", () => {
  const { out, tally } = decodeAll([
    samples.echoRequest,
    samples.arp,
    { ...samples.tcpSyn, captured: 20 },
    { ...samples.tcpData, captured: 60 },
    { ...samples.tcpData, captured: 30 },
  ]);
  expect(out.count).toBe(2);
  expect([out.frame(0), out.frame(1)]).toEqual([101, 104]);
  expect([out.stampNs(0), out.stampNs(1)]).toEqual([0, 3000]);
  expect(tally).toMatchObject({ frames: 5, notIp: 1, undecodable: 2, cut: 1 });
  expect([...tally.reasons]).toEqual([
    ["IPv4: fewer than the 20 header bytes captured", { count: 2, firstFrame: 103 }],
  ]);
});
