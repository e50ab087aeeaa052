import { expect, it } from "vitest";
import { kernelCountersOf } from "../../../src/host/snapshot/kernel-counters.js";

it("picks counters from what the kernel prints, by nstat's names", () => {
  const text = [
    "Ip: Forwarding InAddrErrors FragFails",
    "Ip: 1 7 2",
    "Tcp: InAddrErrors",
    "Tcp: 9",
    "TcpExt: ArpFilter IPReversePathFilter",
    "TcpExt: 0 5",
    "IpExt: InNoRoutes",
    "IpExt: 3",
    "Ip6InNoRoutes                   \t4",
    "Ip6InReceives                   \t8",
  ].join("\n");
  expect(kernelCountersOf(text)).toEqual({
    IpInAddrErrors: 7,
    IpFragFails: 2,
    TcpExtIPReversePathFilter: 5,
    IpExtInNoRoutes: 3,
    Ip6InNoRoutes: 4,
  });
});

it.each(["", "Ip: InAddrErrors\nIp: many\n", "Ip:\n\nIp6InNoRoutes\n", "Ip: InAddrErrors"])(
  "takes what it cannot read for not there: %j",
  (text) => expect(kernelCountersOf(text)).toEqual({}),
);
