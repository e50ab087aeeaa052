import { expect, test } from "vitest";
import { FrameBatch } from "../../src/packets/frames.js";
import { Heap } from "../../src/packets/heap.js";
import { batchIn, Tally } from "../../src/packets/packets.js";
import { Decoder, linkHeaderBytes } from "../../src/wire/decode.js";
import { concat, ethernet, hex, ipv4, ipv6, sll, tcp } from "../support/packets.js";
import { decodeAll, decodeOne, reasonOf, words } from "./decoded.js";
import * as samples from "./samples.js";

const SRC = words("172.17.0.2");
const SRC6 = words("fd00::2");

test.each([
  ["802.1Q", samples.vlan, SRC],
  ["802.1ad", samples.qinq, SRC],
  ["0x9100", samples.oldQinq, SRC6],
  ["SLL", samples.cooked, SRC],
  ["SLL2", samples.cooked2, SRC6],
  ["raw IPv4", samples.raw4, SRC],
  ["raw IPv6", samples.raw6, SRC6],
  ["NULL, little endian", samples.nullLittleEndian, SRC],
  ["NULL, big endian", samples.nullBigEndian, SRC6],
  ["LOOP", samples.loop, SRC6],
])("%s leads to the IP header", (_, sample, src) => {
  expect(decodeOne(sample)).toMatchObject({ proto: 6, src, srcPort: 40000, dstPort: 80 });
});

test("a tag may follow a cooked header too", () => {
  const frame = sll(concat(hex("0005 0800"), ipv4({ id: 1 }, tcp())), 0x8100);
  // Out 02:42:ac:11:00:02 ethertype 802.1Q (0x8100), length 60: vlan 5, p 0, ethertype IPv4, 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], ack 2000, win 64240, length 0
  expect(decodeOne({ linkType: samples.SLL, frame })).toMatchObject({ src: SRC, srcPort: 40000 });
});

test("each system's AF_INET6, in either byte order", () => {
  for (const family of ["0a", "18", "1c", "1e"]) {
    for (const header of [`${family}000000`, `000000${family}`]) {
      const frame = concat(hex(header), ipv6({}, tcp()));
      expect(decodeOne({ linkType: samples.NULL, frame }).src).toEqual(SRC6);
    }
  }
});

test("raw IP under its other link types", () => {
  for (const linkType of [12, 14, 101, 228]) expect(decodeOne({ ...samples.raw4, linkType }).src).toEqual(SRC);
  for (const linkType of [12, 14, 101, 229]) expect(decodeOne({ ...samples.raw6, linkType }).src).toEqual(SRC6);
  expect(reasonOf({ ...samples.raw6, linkType: 228 })).toBe("IPv4: version field is not 4");
  expect(reasonOf({ ...samples.raw4, linkType: 229 })).toBe("IPv6: version field is not 6");
});

test.each([
  ["ARP", samples.arp],
  ["802.3 with LLC", samples.spanningTree],
  [
    "ARP under a tag",
    { linkType: samples.ETHERNET, frame: ethernet(hex("0001"), { tags: [[0x8100, 5]], type: 0x0806 }) },
  ],
  ["ARP, cooked", { linkType: samples.SLL, frame: sll(hex("0001"), 0x0806) }],
  ["OSI over NULL", { linkType: samples.NULL, frame: hex("07000000 83") }],
])("%s is not IP", (_, sample) => {
  expect(decodeAll([sample]).tally).toMatchObject({ frames: 1, notIp: 1, undecodable: 0 });
});

test.each([
  ["Ethernet: fewer than the 14 header bytes captured", { ...samples.tcpSyn, captured: 13 }],
  ["Linux SLL: fewer than the 16 header bytes captured", { ...samples.cooked, captured: 15 }],
  ["Linux SLL2: fewer than the 20 header bytes captured", { ...samples.cooked2, captured: 19 }],
  ["loopback: fewer than the 4 header bytes captured", { ...samples.loop, captured: 3 }],
  ["VLAN: fewer than the 4 bytes of a tag captured", { ...samples.vlan, captured: 17 }],
  ["link type 105 (IEEE 802.11) is not supported", { ...samples.tcpSyn, linkType: 105 }],
  ["link type 147 is not supported", { ...samples.tcpSyn, linkType: 147 }],
])("%s", (reason, sample) => {
  expect(reasonOf(sample)).toBe(reason);
});

function tagged(count: number): samples.Sample {
  const tags = Array.from({ length: count }, (_, at) => [0x8100, at] as const);
  return { linkType: samples.ETHERNET, frame: ethernet(ipv4({}, tcp()), { tags }) };
}

test("four tags are read, five are not", () => {
  expect(decodeOne(tagged(4)).src).toEqual(SRC);
  expect(reasonOf(tagged(5))).toBe("VLAN: more than 4 tags");
});

test("a frame of an interface that the capture does not describe", () => {
  const frames = new FrameBatch();
  frames.count = 1;
  const tally = new Tally();
  const heap = new Heap();
  new Decoder(heap).decode(frames, [], Infinity, batchIn(heap), tally);
  expect([...tally.reasons.keys()]).toEqual(["capture: the frame names an interface that is not described"]);
});

test("link header bytes", () => {
  expect([1, 113, 276, 101, 12, 14, 228, 229, 0, 108].map(linkHeaderBytes)).toEqual([14, 16, 20, 0, 0, 0, 0, 0, 4, 4]);
});
