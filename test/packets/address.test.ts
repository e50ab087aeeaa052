import { isIP, SocketAddress } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressText } from "../../src/packets/address.js";

function ipv4(text: string): Uint32Array {
  return Uint32Array.of(
    text.split(".").reduce((word, byte) => word * 256 + Number(byte), 0),
    0,
    0,
    0,
  );
}

/** Words from eight groups. */
function ipv6(groups: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: 4 }, (_, word) => groups[2 * word] * 65_536 + groups[2 * word + 1]);
}

it.each(["0.0.0.0", "10.0.2.15", "127.0.0.1", "172.17.0.2", "180.101.49.11", "255.255.255.255"])("IPv4 %s", (text) => {
  expect(addressText(false, ipv4(text), 0)).toBe(text);
});

it("reads its words where they stand in a column", () => {
  const column = Uint32Array.of(1, 2, 3, 4, ...ipv4("172.17.0.2"), ...ipv6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]));
  expect(addressText(false, column, 4)).toBe("172.17.0.2");
  expect(addressText(true, column, 8)).toBe("2001:db8::1");
});

/** RFC 5952: section 4.1 leading zeros, 4.2.1 shorten as much as possible, 4.2.2 not one group, 4.2.3 the first of equals, 4.3 lower case. */
describe.each<[string, number[]]>([
  ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
  ["::1", [0, 0, 0, 0, 0, 0, 0, 1]],
  ["1::", [1, 0, 0, 0, 0, 0, 0, 0]],
  ["2001:db8::1", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
  ["2001:db8::2:1", [0x2001, 0xdb8, 0, 0, 0, 0, 2, 1]],
  ["2001:db8:0:1:1:1:1:1", [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]],
  ["2001:0:0:1::1", [0x2001, 0, 0, 1, 0, 0, 0, 1]],
  ["2001:db8::1:0:0:1", [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
  ["2001:db8:a::abcd:ef", [0x2001, 0xdb8, 0xa, 0, 0, 0, 0xabcd, 0xef]],
  ["fe80::42:acff:fe11:2", [0xfe80, 0, 0, 0, 0x42, 0xacff, 0xfe11, 2]],
  ["1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]],
  ["0:1:2:3:4:5:6:0", [0, 1, 2, 3, 4, 5, 6, 0]],
])("IPv6 %s", (text, groups) => {
  it("is written as RFC 5952 recommends", () => {
    expect(addressText(true, ipv6(groups), 0)).toBe(text);
  });
});

it("writes every IPv6 address as another program reads it, and as short as that one does", () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const groups = fc.array(group, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, (groups) => {
      // an IPv4 tail would be written with dots by the C library
      fc.pre(groups.slice(0, 5).some((group) => group !== 0));
      const text = addressText(true, ipv6(groups), 0);
      expect(isIP(text)).toBe(6);
      const full = groups.map((group) => group.toString(16)).join(":");
      expect(text).toBe(new SocketAddress({ address: full, family: "ipv6" }).address);
    }),
  );
});

it("tells addresses apart of which it remembers one, however many there are", () => {
  const groups = Array.from({ length: 3000 }, (_, n) => [0x2001, 0xdb8, n, 0, 7 * n, 0, 0, n % 5]);
  const nets = Array.from({ length: 3000 }, (_, n) => `10.${n % 7}.${n >>> 8}.${n & 255}`);
  for (const at of [...groups.keys(), ...groups.keys()]) {
    const full = groups[at].map((group) => group.toString(16)).join(":");
    expect(addressText(true, ipv6(groups[at]), 0)).toBe(new SocketAddress({ address: full, family: "ipv6" }).address);
    expect(addressText(false, ipv4(nets[at]), 0)).toBe(nets[at]);
  }
});
