import { expect, it } from "vitest";
import { isGroup } from "../../src/protocols/addresses.js";
import { words } from "../wire/decoded.js";

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
