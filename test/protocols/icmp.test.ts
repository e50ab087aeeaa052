import { expect, it } from "vitest";
import { isEcho, isError } from "../../src/protocols/icmp.js";

const ALL = Array.from({ length: 256 }, (_, type) => type);

it.each([
  ["ICMP", false, [0, 8], [3, 4, 5, 11, 12]],
  ["ICMPv6", true, [128, 129], [1, 2, 3, 4]],
])("%s has echoes and errors", (_, isIpv6, echoes, errors) => {
  expect(ALL.filter((type) => isEcho(type, isIpv6))).toEqual(echoes);
  expect(ALL.filter((type) => isError(type, isIpv6))).toEqual(errors);
});
