import { expect, it } from "vitest";
import { interfacesOf, policyRulesOf, queuesOf, routesOf } from "../../../src/host/snapshot/ip.js";
import { countersOf } from "../../../src/host/snapshot/snapshot.js";

it("of ip -j, what concerns forwarding is kept as it is there", () => {
  const link = {
    ifindex: 3,
    ifname: "docker0",
    flags: ["UP"],
    mtu: 1500,
    linkinfo: { info_kind: "bridge", info_data: { priority: 32_768 } },
    addr_info: [
      { family: "inet", local: "172.17.0.1", prefixlen: 16, scope: "global", label: "docker0" },
      { family: "inet", local: "172.17.0.9", prefixlen: 16, scope: "global", secondary: true, label: "docker0" },
    ],
    stats64: { rx: { bytes: 1, packets: 2, errors: 3, dropped: 4, multicast: 5 }, tx: { bytes: 6 } },
  };
  expect(interfacesOf(JSON.stringify([link]))).toEqual([
    {
      ifindex: 3,
      ifname: "docker0",
      mtu: 1500,
      info_kind: "bridge",
      addr_info: [
        { family: "inet", local: "172.17.0.1", prefixlen: 16, scope: "global" },
        { family: "inet", local: "172.17.0.9", prefixlen: 16, scope: "global", secondary: true },
      ],
      stats64: { rx: { bytes: 1, packets: 2, errors: 3, dropped: 4 }, tx: { bytes: 6 } },
    },
  ]);
  const hops = [{ gateway: "10.0.2.2", dev: "eth0", weight: 1, flags: [] }];
  expect(routesOf(JSON.stringify([{ dst: "10.9.0.0/16", metrics: [{ advmss: 9 }, { mtu: 1000 }] }]))).toEqual([
    { dst: "10.9.0.0/16", mtu: 1000 },
  ]);
  expect(routesOf(JSON.stringify([{ dst: "default", flags: [], nexthops: hops }]))).toEqual([
    { dst: "default", nexthops: [{ gateway: "10.0.2.2", dev: "eth0", weight: 1 }] },
  ]);
  // ip says by null that a rule is for all others
  expect(policyRulesOf("inet")('[{"priority":7,"not":null,"src":"10.9.9.0","srclen":24}]')).toEqual([
    { family: "inet", priority: 7, not: null, src: "10.9.9.0", srclen: 24 },
  ]);
  expect(() => routesOf("Object is not JSON")).toThrow("no JSON");
});

it("of tc -j qdisc, the queue of each interface is kept, and what filters there", () => {
  const inner = { kind: "fq_codel", handle: "0:", dev: "eth0", parent: "1:1", drops: 7 };
  const queues = [
    { kind: "noqueue", handle: "0:", dev: "docker0", root: true, drops: 0 },
    { kind: "mq", handle: "0:", dev: "eth0", root: true, options: {}, bytes: 1, drops: 9 },
    inner,
    { kind: "clsact", handle: "ffff:", dev: "eth0", parent: "ffff:fff1", drops: 1 },
  ];
  expect(queuesOf(JSON.stringify(queues))).toEqual([
    { kind: "mq", handle: "0:", dev: "eth0", drops: 9 },
    { kind: "clsact", handle: "ffff:", dev: "eth0", drops: 1 },
  ]);
});

it("conntrack's counters are those of all processors", () => {
  const text = "cpu=0   \tfound=1 insert_failed=2 drop=0 \ncpu=1   \tfound=3 insert_failed=4 drop=5 \n";
  expect(countersOf(text)).toEqual({ found: 4, insert_failed: 6, drop: 5 });
  expect(countersOf("")).toEqual({});
});
