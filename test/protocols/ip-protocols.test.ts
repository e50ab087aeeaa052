import { expect, it } from "vitest";
import { hasPorts, protocolName } from "../../src/protocols/ip-protocols.js";

const ALL = Array.from({ length: 256 }, (_, proto) => proto);

it("knows the protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite", () => {
  expect(ALL.filter(hasPorts)).toEqual([6, 17, 33, 132, 136]);
});

it("names four protocols, and numbers the others", () => {
  expect([1, 6, 17, 58, 47].map(protocolName)).toEqual(["icmp", "tcp", "udp", "icmpv6", "ip-47"]);
  expect(ALL.filter((proto) => protocolName(proto) !== `ip-${proto}`)).toEqual([1, 6, 17, 58]);
});
