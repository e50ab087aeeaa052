import { expect, it } from "vitest";
import { isGroup, isLinkScoped, isSameLink } from "../../src/protocols/addresses.js";
import { words } from "../wire/decoded.js";

const at = (text: string) => Uint32Array.from([7, 7, 7, 7, ...words(text)]);
const of = (text: string) => [text.includes(":"), at(text), 4] as const;

it.each(["224.0.0.1", "232.1.2.3", "239.255.255.255", "255.255.255.255", "ff02::1", "ff0e::1"])(
  "%s is a group",
  (text) => {
    expect(isGroup(words(text)[0], text.includes(":"))).toBe(true);
  },
);

it.each(["223.255.255.255", "240.0.0.1", "172.17.255.255", "fe80::1", "fd00::ff", "2001:db8::1"])(
  "%s is one host",
  (text) => {
    expect(isGroup(words(text)[0], text.includes(":"))).toBe(false);
  },
);

it.each([
  "224.0.0.0",
  "224.0.0.251",
  "255.255.255.255",
  "169.254.0.1",
  "169.254.169.254",
  "127.0.0.1",
  "127.255.255.255",
  "0.0.0.0",
  "ff01::1",
  "ff02::1:ff00:1",
  "ff12::1",
  "fe80::1",
  "febf::1",
  "::1",
  "::",
])("no router forwards %s", (text) => {
  expect(isLinkScoped(...of(text))).toBe(true);
});

it.each([
  "224.0.1.1",
  "239.255.255.250",
  "172.17.0.2",
  "10.0.2.15",
  "8.8.8.8",
  "128.0.0.1",
  "169.253.255.255",
  "255.255.255.254",
  "ff05::2",
  "ff0e::1",
  "fd00::1",
  "fec0::1",
  "::2",
  "::1:0:0:1",
  "2001:db8::1",
])("a router may forward %s", (text) => {
  expect(isLinkScoped(...of(text))).toBe(false);
});

it.each([
  ["172.17.0.2", "172.17.255.9", true],
  ["172.17.0.2", "172.18.0.2", false],
  ["172.32.0.2", "172.32.0.3", false],
  ["10.0.2.15", "10.0.3.2", true],
  ["10.0.2.15", "10.1.2.15", false],
  ["192.168.1.7", "192.168.1.8", true],
  ["192.168.1.7", "192.168.2.7", false],
  ["180.101.49.11", "180.101.49.12", false],
  ["100.64.0.1", "100.64.0.2", false],
  ["fd00::2", "fd00::ffff:1", true],
  ["fd00::2", "fd00:0:0:1::2", false],
])("%s and %s are neighbours on a private link: %s", (a, b, expected) => {
  expect(isSameLink(a.includes(":"), at(a), 4, at(b), 4)).toBe(expected);
});
