import { expect, test } from "vitest";
import { FrameBatch } from "../../src/packets/batches/frames.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { batchIn } from "../../src/packets/batches/packet-batch.js";
import { Tally } from "../../src/packets/batches/source.js";
import { linkHeaderBytes } from "../../src/protocols/link-types.js";
import { macHashOf, NO_MAC } from "../../src/protocols/mac.js";
import { Decoder, NO_LIMITS } from "../../src/wire/decode.js";
import { concat, ethernet, hex, ipv4, ipv6, sll, tcp } from "../support/packets.js";
import { decodeAll, decodeOne, reasonOf, words } from "./decoded.js";
import * as samples from "./samples.js";
import { inVxlan } from "./tunnel-samples.js";

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

function macsOf(opensTunnels: boolean, ...taken: Parameters<typeof decodeAll>[0]): number[] {
  return [...decodeAll(taken, NO_LIMITS, opensTunnels).out.macFrom];
}

test("a frame of Ethernet says who sent it; what came in a tunnel does not, nor does any other link", () => {
  const its = macHashOf("02:42:ac:11:00:02");
  expect(macsOf(false, samples.vlan, samples.raw4, samples.cooked, inVxlan)).toEqual([its, NO_MAC, NO_MAC, its]);
  expect(macsOf(true, samples.vlan, inVxlan)).toEqual([its, NO_MAC]);
  const toGroup = { ...samples.vlan, frame: ethernet(ipv4({}, tcp()), { dst: hex("01005e000001") }) };
  const { out } = decodeAll([samples.vlan, samples.raw4, toGroup]);
  expect([...out.macTo]).toEqual([macHashOf("02:42:ac:11:00:01"), NO_MAC, NO_MAC]);
  expect(["02:42:AC:11:00:02", "02:42:ac:11:00:03"].map((text) => macHashOf(text) === its)).toEqual([true, false]);
  expect(["", "10.8.0.1", "02:42:ac:11:00", "00:00:00:00:00:00"].map(macHashOf)).toEqual(Array(4).fill(NO_MAC));
});

test("a tag may follow a cooked header too", () => {
  const frame = sll(concat(hex("0005 0800"), ipv4({ id: 1 }, tcp())), 0x8100);
  // Out 02:42:ac:11:00:02 ethertype 802.1Q (0x8100), length 60: vlan 5, p 0, ethertype IPv4, 172.17.0.2.40000 > 180.101.49.11.80: Flags [.], ack 2000, win 64240, length 0
  expect(decodeOne({ linkType: samples.SLL, frame })).toMatchObject({ src: SRC, srcPort: 40000 });
});

const pppoe = (protocol: string, packet: Uint8Array, code = "00"): Uint8Array =>
  concat(hex(`11 ${code} 0007`), Uint8Array.of((packet.length + 2) >>> 8, packet.length + 2), hex(protocol), packet);

test("PPPoE leads to the IP header, in a VLAN or not", () => {
  for (const tags of [[], [[0x8100, 7] as const]]) {
    const session = (protocol: string, packet: Uint8Array, code?: string) => ({
      linkType: samples.ETHERNET,
      frame: ethernet(pppoe(protocol, packet, code), { type: 0x8864, tags }),
    });
    expect(decodeOne(session("0021", ipv4({}, tcp()))).src).toEqual(SRC);
    expect(decodeOne(session("0057", ipv6({}, tcp()))).src).toEqual(SRC6);
    // LCP, and a code that no session's packet has
    expect(decodeAll([session("c021", hex("0101 0004"))]).tally.notIp).toBe(1);
    expect(decodeAll([session("0021", ipv4({}, tcp()), "a7")]).tally.notIp).toBe(1);
  }
  expect(decodeOne({ linkType: 51, frame: pppoe("0021", ipv4({}, tcp())) }).src).toEqual(SRC);
  // PADI
  const discovery = { linkType: samples.ETHERNET, frame: ethernet(hex("1109 0000 0000"), { type: 0x8863 }) };
  expect(decodeAll([discovery]).tally.notIp).toBe(1);
});

test("PPP leads to the IP header, with address and control or without", () => {
  for (const begin of ["", "ff03"]) {
    expect(decodeOne({ linkType: 9, frame: concat(hex(`${begin} 0021`), ipv4({}, tcp())) }).src).toEqual(SRC);
    expect(decodeOne({ linkType: 9, frame: concat(hex(`${begin} 0057`), ipv6({}, tcp())) }).src).toEqual(SRC6);
    expect(decodeAll([{ linkType: 9, frame: hex(`${begin} 8021 01010004`) }]).tally.notIp).toBe(1);
  }
});

const labelled = (labels: string, packet: Uint8Array) => ({
  linkType: samples.ETHERNET,
  frame: ethernet(concat(hex(labels), packet), { type: 0x8847 }),
});

test("MPLS leads to the IP header behind the last label", () => {
  expect(decodeOne(labelled("00064140", ipv4({}, tcp()))).src).toEqual(SRC);
  expect(decodeOne(labelled("00064040 00065140", ipv6({}, tcp()))).src).toEqual(SRC6);
  // a pseudowire's control word
  expect(decodeAll([labelled("00064140", hex("00000000 0242ac11"))]).tally.notIp).toBe(1);
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
  ["PPPoE: fewer than the 6 header bytes captured", { linkType: 51, frame: hex("1100 0007 00") }],
  ["PPP: fewer than the 2 bytes of the protocol field captured", { linkType: 9, frame: hex("ff03 00") }],
  [
    "MPLS: fewer than the 4 bytes of a label captured",
    { linkType: samples.ETHERNET, frame: ethernet(hex("00064040 000651"), { type: 0x8847 }) },
  ],
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
  new Decoder(heap).decode(frames, [], NO_LIMITS, batchIn(heap), tally);
  expect([...tally.reasons.keys()]).toEqual(["capture: the frame names an interface that is not described"]);
});

/** One frame in the heap, as a capture reads one after the other to the same place. */
class Place {
  readonly #heap = new Heap();
  readonly frames = new FrameBatch(this.#heap);
  readonly #decoder = new Decoder(this.#heap);
  readonly #out = batchIn(this.#heap);

  constructor() {
    this.frames.data = this.#heap.take(Uint8Array, 1024);
    this.frames.count = 1;
  }

  /** The reasons why what is put there does not come out, on an interface among those of these link types. */
  reasons(frame: Uint8Array, iface: number, linkTypes: readonly number[], frames = this.frames): string[] {
    const tally = new Tally();
    frames.data.set(frame);
    frames.captured[0] = frame.length;
    frames.original[0] = frame.length;
    frames.iface[0] = iface;
    const interfaces = linkTypes.map((linkType) => ({ name: "", linkType, snaplen: 0 }));
    this.#out.clear();
    this.#decoder.decode(frames, interfaces, NO_LIMITS, this.#out, tally);
    return [...tally.reasons.keys()];
  }
}

test("frames of interfaces that a capture describes one after the other", () => {
  const place = new Place();
  const raw = ipv4({}, tcp());
  expect(place.reasons(ethernet(raw), 0, [samples.ETHERNET])).toEqual([]);
  expect(place.reasons(raw, 1, [samples.ETHERNET])).toHaveLength(1);
  expect(place.reasons(raw, 1, [samples.ETHERNET, samples.RAW])).toEqual([]);
  expect(place.reasons(ethernet(raw), 0, [samples.ETHERNET, samples.RAW])).toEqual([]);
});

test("frames that lie in the heap, and others that do not", () => {
  const place = new Place();
  const elsewhere = new FrameBatch();
  elsewhere.data = new Uint8Array(1024);
  elsewhere.count = 1;
  const [short, whole] = [ipv4({}, tcp()).subarray(0, 10), ipv4({}, tcp())];
  for (const frames of [place.frames, elsewhere, elsewhere, place.frames, place.frames]) {
    expect(place.reasons(short, 0, [samples.RAW], frames)).toHaveLength(1);
    expect(place.reasons(whole, 0, [samples.RAW], frames)).toEqual([]);
  }
});

test("link header bytes", () => {
  const linkTypes = [1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 51];
  expect(linkTypes.map(linkHeaderBytes)).toEqual([14, 16, 20, 0, 0, 0, 0, 0, 4, 4, 4, 8]);
});
