import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { followNetwork } from "../../src/asking/follow-network.js";
import { scratch } from "../support/scratch.js";

afterEach(() => void vi.unstubAllEnvs());

/** The routes that were heard of last. */
const routes: string[] = [];

/** What is made of what `ip monitor` prints, until it ends. */
async function heard(name: string, ...lines: readonly string[]): Promise<string[]> {
  const folder = scratch(name);
  mkdirSync(folder, { recursive: true });
  const monitor = ["#!/bin/sh", ...lines.map((line) => `echo '${line}'`)];
  writeFileSync(join(folder, "ip"), `${monitor.join("\n")}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  const calls: string[] = [];
  routes.length = 0;
  await new Promise<void>((resolve) => {
    const close = followNetwork({
      onRoute: ({ dst, dev = "any", src, table, isGone }) =>
        routes.push(
          [
            dst,
            dev,
            ...(src ? [`from ${src}`] : []),
            ...(table ? [`table ${table}`] : []),
            ...(isGone ? ["gone"] : []),
          ].join(" "),
        ),
      onAddresses: () => calls.push("addresses"),
      onChange: () => calls.push("change"),
      onEnd: () => {
        calls.push("end");
        close();
        resolve();
      },
    });
  });
  return calls;
}

// as iproute2 6.1 prints them
it.each([
  "blackhole 203.0.113.0/24 ",
  "Deleted blackhole 203.0.113.0/24 ",
  "32765:\tfrom 1.2.3.4 lookup 100",
  "2: enp0s3@if3: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state LOWERLAYERDOWN group default ",
  "netlink receive error No buffer space available (105)",
  "inet docker0 rp_filter strict ",
  "inet all forwarding off ",
  "inet6 all forwarding off ",
])("hears of a change by %s", async (line) => {
  expect(await heard("change", line)).toEqual(["change", "end"]);
});

it("hears of a change of addresses", async () => {
  const line = "Deleted 2: enp0s3    inet 10.0.2.15/24 scope global enp0s3";
  expect(await heard("addresses", line)).toEqual(["change", "addresses", "end"]);
});

it.each([
  "inet v2 forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
  "inet6 v2 forwarding off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
  "Deleted inet6 v2 ",
  "multicast ff00::/8 dev v2 table local proto kernel metric 256 pref medium",
  "fe80::/64 dev v2 proto kernel metric 256 pref medium",
  "10: v2    inet6 fe80::84e3:7aff:febd:90e7/64 scope link \\       valid_lft forever preferred_lft forever",
  "Deleted local fe80::fc65:f5ff:fe0b:182a dev v1 table local proto kernel metric 0 pref medium",
  "2: enp0s3@if3: <BROADCAST,MULTICAST,PROMISC,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default ",
])("hears of none by %s", async (line) => {
  expect(await heard("none", line)).toEqual(["end"]);
});

/** A container that begins and ends, as `ip -o monitor` of iproute2 6.1 printed it on Linux 6.18, but for addresses of links. */
const CONTAINER = [
  "inet veth1 forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
  "17: veth1@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
  "inet veth2 forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
  "18: veth2@veth1: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN group default ",
  "18: veth2@veth1: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop master docker0 state DOWN group default ",
  "18: veth2@veth1: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1500 master docker0 state LOWERLAYERDOWN ",
  "Deleted inet veth1 ",
  "Deleted 17: veth1@veth2: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
  "fe80::/64 dev veth2 proto kernel metric 256 pref medium",
  "18: veth2@if17: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master docker0 state UP ",
];
const ENDS = [
  "18: veth2@veth1: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1500 master docker0 state LOWERLAYERDOWN ",
  "18: veth2@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue master docker0 state DOWN group default ",
  "Deleted inet veth2 ",
  "Deleted 18: veth2@NONE: <BROADCAST,MULTICAST> mtu 1500 master docker0 state DOWN ",
  "Deleted 18: veth2@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
];

it("hears of none by a container that begins and ends, nor by one that was there before", async () => {
  expect(await heard("container", ...CONTAINER, ...ENDS)).toEqual(["end"]);
  expect(await heard("container-before", ...ENDS)).toEqual(["end"]);
});

/** A network that Docker makes, and takes away, as it was printed likewise. */
const NETWORK = [
  "inet br-1 forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
  "10: br-1: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
  "10: br-1    inet 172.18.0.1/16 brd 172.18.255.255 scope global br-1\\       valid_lft forever preferred_lft forever",
  "local 172.18.0.1 dev br-1 table local proto kernel scope host src 172.18.0.1 ",
  "10: br-1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default ",
  "broadcast 172.18.255.255 dev br-1 table local proto kernel scope link src 172.18.0.1 linkdown ",
  "172.18.0.0/16 dev br-1 proto kernel scope link src 172.18.0.1 linkdown ",
];
const GOES = [
  "10: br-1: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN group default ",
  "Deleted 172.18.0.0/16 dev br-1 proto kernel scope link src 172.18.0.1 ",
  "Deleted 10: br-1: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default ",
];

it("hears of none by a network that begins, but of its addresses, and of a change by one that goes", async () => {
  expect(await heard("network", ...NETWORK)).toEqual(["addresses", "end"]);
  expect(await heard("network-goes", ...NETWORK, ...GOES)).toEqual(["addresses", "change", "change", "change", "end"]);
  expect(await heard("network-there", ...GOES)).toEqual(["change", "change", "change", "end"]);
  // what its interface is for beside its own network
  const more = [
    "default via 172.18.0.9 dev br-1 ",
    "default dev br-1 proto kernel scope link ",
    "10.8.0.0/16 dev br-1 scope link ",
  ];
  expect(await heard("network-more", ...NETWORK, ...more)).toEqual(["addresses", ...more.map(() => "change"), "end"]);
});

it("hears of a change by an interface that came up meanwhile, once it leads beyond its network, or goes down, and by one that was there", async () => {
  const [settings, down] = [
    "inet wg0 forwarding on rp_filter off mc_forwarding off proxy_neigh off ignore_routes_with_linkdown off ",
    "19: wg0: <POINTOPOINT,NOARP> mtu 1420 qdisc noop state DOWN group default ",
  ];
  const address = "19: wg0    inet 10.9.0.1/24 scope global wg0";
  expect(await heard("new", settings, down)).toEqual(["end"]);
  expect(await heard("addressed", settings, address, down)).toEqual(["addresses", "change", "end"]);
  expect(await heard("routed", settings, "10.8.0.0/16 dev wg0 scope link ", down)).toEqual(["change", "change", "end"]);
  expect(await heard("before", down)).toEqual(["change", "end"]);
});

it.each([
  ["198.51.100.55 via 10.77.0.2 dev vx0 ", "198.51.100.55 vx0"],
  ["Deleted default via 10.0.2.2 dev enp0s3 metric 100", "default enp0s3 gone"],
  ["10.77.0.0/24 dev vx0 proto kernel scope link src 10.77.0.1", "10.77.0.0/24 vx0"],
  ["fd00:77::/64 dev vx0 proto kernel metric 256 pref medium", "fd00:77::/64 vx0"],
  ["default \\\tnexthop via 10.0.2.2 dev a weight 1 \\\tnexthop via 10.0.3.2 dev b weight 1", "default a", "default b"],
  ["default via 10.97.0.2 dev w0 table 100", "default w0 table 100"],
  ["32765:\tfrom 1.2.3.4 lookup 100", "default any from 1.2.3.4"],
  ["Deleted 32765:\tfrom fd00:55::/64 lookup 100", "default any from fd00:55::/64 gone"],
  ["32764:\tfrom all fwmark 0x1 lookup 100", "default any"],
  ["32763:\tnot from 1.2.3.4 lookup 100", "default any"],
  ["local 10.77.0.1 dev vx0 table local proto kernel scope host src 10.77.0.1"],
  ["blackhole 203.0.113.0/24 "],
  ["2: enp0s3@if3: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state LOWERLAYERDOWN group default "],
])("hears of routes by %s", async (line, ...told) => {
  expect(await heard("routes", line)).toContain("change");
  expect(routes).toEqual(told);
});
