import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitCapture } from "../../src/pipeline/split.js";
import { Prefix, isPrefix } from "../../src/pipeline/split/prefix.js";
import { concat, echo, ethernet, hex, ipv4, ipv6, sll, sll2, tcp, transport } from "../support/packets.js";
import { MemorySource, type Taken, drained } from "./split-source.js";

const NO_NEXT_HEADER = transport(59, new Uint8Array(0));

/** The address with these bytes. */
function text(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const hex = Buffer.from(bytes).toString("hex");
  return Array.from({ length: 8 }, (_, group) => hex.slice(4 * group, 4 * group + 4)).join(":");
}

/** The first bits of an address, as text. */
function beginning(bytes: Uint8Array, bits: number): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, bits);
}

test("a prefix has the addresses that begin with it, and no other", () => {
  const addresses = fc
    .constantFrom(4, 16)
    .chain((length) =>
      fc.array(fc.uint8Array({ minLength: length, maxLength: length }), { minLength: 2, maxLength: 2 }),
    );
  fc.assert(
    fc.property(addresses, fc.nat(16), fc.nat(128), ([network, other], equalBytes, length) => {
      const address = Uint8Array.from(other);
      address.set(network.subarray(0, equalBytes));
      const bits = Math.min(length, 8 * network.length);
      const prefix = new Prefix(`${text(network)}/${bits}`);
      const packet =
        network.length === 16
          ? ipv6({ src: text(address) }, NO_NEXT_HEADER)
          : ipv4({ src: text(address) }, NO_NEXT_HEADER);
      const isIn = beginning(address, bits) === beginning(network, bits);
      expect(prefix.hasSource(new DataView(packet.buffer), 0)).toBe(isIn);
    }),
  );
});

test("prefixes as they may be written", () => {
  for (const text of ["172.17.0.0/16", "172.17.0.2", "::/0", "fd00:17::/64", "::ffff:10.0.2.15/128", "0.0.0.0/0"])
    expect(isPrefix(text)).toBe(true);
  for (const text of [
    "172.17.0.0/33",
    "172.17/16",
    "docker0",
    "4",
    "::1/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "010.0.0.1",
  ])
    expect(isPrefix(text)).toBe(false);
  const packet = new DataView(ipv6({ src: "0:0:0:0:0:ffff:a00:20f", dst: "fe80::1" }, NO_NEXT_HEADER).buffer);
  expect(new Prefix("::ffff:10.0.2.15").hasSource(packet, 0)).toBe(true);
  expect(new Prefix("10.0.2.15").hasSource(packet, 0)).toBe(false);
  expect(new Prefix("fe80::/10").hasDestination(packet, 0)).toBe(true);
});

const [IN, MULTICAST, PORT_IN, OUT] = [0, 2, 3, 4];

/** A frame of `tcpdump -i any -y LINUX_SLL`. */
function seen(atUs: number, packetType: number, packet: Uint8Array): Taken {
  const data = Uint8Array.from(sll(packet));
  data[1] = packetType;
  return { iface: 0, timeNs: atUs * 1000, data };
}

async function sidesOf(linkType: number, frames: readonly Taken[], outside?: string) {
  const warnings: string[] = [];
  const source = new MemorySource([{ name: "", linkType, snaplen: 0 }], frames);
  const selectors = { inside: "172.17.0.0/16,fd00:17::/64", outside };
  const sides = await splitCapture(source, selectors, { onWarning: (text) => warnings.push(text) });
  const given = await Promise.all(sides.map(([part]) => drained(part)));
  return {
    names: sides.map(([{ name }]) => name),
    inside: given[0].map(({ frame }) => frame),
    outside: given[1].map(({ frame }) => frame),
    warnings,
  };
}

const ping = (src: string, dst: string, ttl: number, reply = false) =>
  ipv4({ src, dst, ttl, id: reply ? 0xdca6 : 0xb165, df: !reply }, echo({ id: 32401, reply }));

test("a ping through docker0 in a capture of all interfaces: its bridge port's copies are left out", async () => {
  // times, ways and addresses as recorded with tcpdump -i any -y LINUX_SLL in the lab
  const given = await sidesOf(113, [
    // 15.827990   P 172.17.0.4 > 180.101.49.11: ICMP echo request, id 32401, seq 1 (veth-c2)
    seen(0, PORT_IN, ping("172.17.0.4", "180.101.49.11", 64)),
    // 15.828007  In 172.17.0.4 > 180.101.49.11: ICMP echo request (docker0)
    seen(17, IN, ping("172.17.0.4", "180.101.49.11", 64)),
    // 15.828044 Out 10.0.2.15 > 180.101.49.11: ICMP echo request (enp0s3)
    seen(54, OUT, ping("10.0.2.15", "180.101.49.11", 63)),
    // 15.828218  In 180.101.49.11 > 10.0.2.15: ICMP echo reply (enp0s3)
    seen(228, IN, ping("180.101.49.11", "10.0.2.15", 64, true)),
    // 15.828225 Out 180.101.49.11 > 172.17.0.4: ICMP echo reply (docker0)
    seen(235, OUT, ping("180.101.49.11", "172.17.0.4", 63, true)),
    // 15.828228 Out 180.101.49.11 > 172.17.0.4: ICMP echo reply (veth-c2)
    seen(238, OUT, ping("180.101.49.11", "172.17.0.4", 63, true)),
  ]);
  expect(given).toEqual({
    names: ["172.17.0.0/16,fd00:17::/64", "not 172.17.0.0/16,fd00:17::/64"],
    inside: [2, 5],
    outside: [3, 4],
    warnings: ["any: 2 frames left out that repeat another one: a bridge's port shows what the bridge shows"],
  });
});

test("a packet sent twice stays twice, and one sent again later is no copy", async () => {
  const sent = ping("180.101.49.11", "172.17.0.4", 63, true);
  // a bridge and its port, twice within a millisecond; then once more, of which only the bridge is there
  const times = [0, 3, 10, 13, 1500, 2501];
  const given = await sidesOf(
    113,
    times.map((atUs) => seen(atUs, OUT, sent)),
  );
  expect(given.inside).toEqual([1, 3, 5, 6]);
});

test("a way tells what leaks from what is inside", async () => {
  const cooked = [
    seen(0, IN, ping("172.17.0.4", "8.8.8.8", 64)),
    // the same on the uplink, not translated
    seen(1, OUT, ping("172.17.0.4", "8.8.8.8", 63)),
    // an answer that comes in on the uplink for the container, and goes to it
    seen(2, IN, ping("8.8.8.8", "172.17.0.4", 64, true)),
    seen(3, OUT, ping("8.8.8.8", "172.17.0.4", 63, true)),
    // docker0 to a container, container to all, sent on by the bridge
    seen(4, OUT, ping("172.17.0.1", "172.17.0.4", 64)),
    seen(5, MULTICAST, ping("172.17.0.4", "224.0.0.251", 1)),
    seen(6, OUT, ping("172.17.0.5", "224.0.0.251", 1)),
    seen(7, OUT, ipv6({ src: "fd00:17::4", dst: "2001:db8::1" }, tcp())),
    seen(8, IN, ipv6({ src: "fd00:17::4", dst: "2001:db8::1" }, tcp())),
  ];
  const given = await sidesOf(113, cooked);
  expect(given).toMatchObject({ inside: [1, 4, 5, 6, 7, 9], outside: [2, 3, 8], warnings: [] });
});

test("Ethernet tells no way: what has an inside address is inside, tagged or not; an outside prefix leaves out the rest", async () => {
  const packets = [
    ethernet(ping("172.17.0.4", "8.8.8.8", 64)),
    ethernet(ping("8.8.8.8", "172.17.0.4", 64), { tags: [[0x8100, 5]] }),
    ethernet(ping("10.0.2.15", "8.8.8.8", 63)),
    ethernet(ping("192.168.0.1", "8.8.8.8", 63)),
    // ARP; an 802.3 frame that looks like IPv4 behind its length
    ethernet(new Uint8Array(46), { type: 0x0806 }),
    ethernet(concat(Uint8Array.of(0x42, 0x42, 3), new Uint8Array(40)), { type: 43 }),
    // an IP header without its addresses
    ethernet(ping("172.17.0.4", "8.8.8.8", 64)).subarray(0, 33),
    ethernet(ping("172.17.0.4", "8.8.8.8", 64)),
  ];
  const frames = taken(...packets);
  expect(await sidesOf(1, frames)).toMatchObject({ inside: [1, 2, 8], outside: [3, 4, 5, 6, 7], warnings: [] });
  expect(await sidesOf(1, frames, "10.0.2.0/24")).toMatchObject({
    inside: [1, 2, 8],
    outside: [3],
    warnings: ["any: 4 frames that are of neither side left out: interface 0 (4)"],
  });
});

function taken(...frames: Uint8Array[]): Taken[] {
  return frames.map((data) => ({ iface: 0, timeNs: 0, data }));
}

/** Link headers that hold no ethertype, by link type; the family of NULL is in the capturing host's byte order. */
const HEADERS = [
  [0, hex("0200 0000")],
  [108, hex("0000 0002")],
  [9, hex("ff03 0021")],
  [51, hex("1100 0007 0000 0021")],
] as const;

test("other link types, and an outside that is one interface", async () => {
  const inside = ping("172.17.0.4", "8.8.8.8", 64);
  const other = ping("10.0.2.15", "8.8.8.8", 63);
  for (const linkType of [101, 12, 14, 228])
    expect(await sidesOf(linkType, taken(inside, other))).toMatchObject({ inside: [1], outside: [2] });
  for (const [linkType, header] of HEADERS)
    expect(await sidesOf(linkType, taken(concat(header, inside), concat(header, other)))).toMatchObject({
      inside: [1],
    });
  expect(await sidesOf(127, taken(inside))).toMatchObject({ inside: [], outside: [1] });
  // sll2() makes frames that leave from interface 2: what has an inside address there leaks
  expect(await sidesOf(276, taken(sll2(inside), sll2(other)), "2")).toMatchObject({ inside: [], outside: [1, 2] });
});
