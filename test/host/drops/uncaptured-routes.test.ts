import { expect, it } from "vitest";
import { UncapturedRoutes } from "../../../src/host/drops/uncaptured-routes.js";
import type { HostFacts } from "../../../src/host/snapshot/host-facts.js";
import { NetworkTimes } from "../../../src/host/snapshot/network-times.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { POLICY, snapshot } from "./drops.js";

const BOTH = ["docker0", "enp0s3"];
const LINKS = [
  { ifname: "enp0s3" },
  { ifname: "enp0s8", info_kind: "veth" },
  { ifname: "docker0", info_kind: "bridge" },
  { ifname: "veth1", info_kind: "veth", master: "docker0" },
  { ifname: "br-app", info_kind: "bridge" },
  { ifname: "veth2", info_kind: "veth", master: "br-app" },
  { ifname: "br-lan", info_kind: "bridge" },
  { ifname: "enp0s3.5", info_kind: "vlan", master: "br-lan" },
  { ifname: "enp0s3.6", info_kind: "vlan" },
];
const ROUTES = [
  { dst: "default", gateway: "10.0.2.2", dev: "enp0s3" },
  { dst: "172.17.0.0/16", dev: "docker0" },
  { dst: "172.30.0.0/16", dev: "br-app" },
  { dst: "192.168.5.0/24", dev: "br-lan" },
  { dst: "192.168.6.0/24", dev: "enp0s3.6" },
  { dst: "198.51.100.7", gateway: "10.0.3.2", dev: "enp0s8" },
  { type: "blackhole", dst: "198.51.100.8" },
  { dst: "198.51.100.9", nexthops: [{ dev: "enp0s3" }, { dev: "enp0s8" }] },
];
const said = (seconds: number, more: object = {}): HostFacts =>
  snapshot(seconds, { interfaces: LINKS, routes: ROUTES, ...more });

/** What says that a rule chooses a table of which the default route leaves by another uplink, before those of the kernel. */
const byPolicy = (rule: object, routes: readonly object[] = []) => ({
  policyRules: [...POLICY, { family: "inet", priority: 9, table: "vpn", ...rule }],
  routes: [...ROUTES, ...routes, { dst: "default", gateway: "10.0.3.2", dev: "enp0s8", table: "vpn" }],
});

/** What these snapshots, one after the other, tell of how the host forwarded. */
function timesOf(snapshots: readonly HostFacts[]): NetworkTimes {
  const times = new NetworkTimes();
  for (const each of snapshots) times.take(each);
  return times;
}

function uncaptured(address: string, captured = BOTH, snapshots = [said(100), said(110)]): string | undefined {
  return new UncapturedRoutes(timesOf(snapshots), captured).uncapturedTo(address)?.name;
}

it.each([
  ["198.51.100.7", "enp0s8"],
  ["172.30.0.2", "br-app"],
  ["180.101.49.11", undefined],
  ["172.17.0.3", undefined],
  ["198.51.100.8", undefined],
  ["198.51.100.9", undefined],
  // of VLANs, the interface below has all
  ["192.168.6.1", undefined],
  ["192.168.5.1", undefined],
  ["2001:db8::1", undefined],
  ["nonsense", undefined],
] as const)("what goes to %s leaves by an interface that is not captured: %s", (address, name) => {
  expect(uncaptured(address)).toBe(name);
});

/** What c1 sends to others, as docker0 shows it. */
const ofC1 = { src: "172.17.0.3", side: INSIDE, source: 0, timeNs: 105_000_000_000n } as const;
const [CERTAIN, MAYBE] = [true, false].map((isCertain) => ({ name: "enp0s8", isCertain, isByPolicy: true }));
const NONE = undefined;

it.each([
  ["from its own address", { src: "172.17.0.3" }, CERTAIN],
  ["from its network", { src: "172.17.0.0", srclen: 16 }, CERTAIN],
  ["from another one", { src: "172.30.0.0", srclen: 16 }, NONE],
  ["from all but its network", { not: null, src: "172.17.0.0", srclen: 16 }, NONE],
  ["from all but another one", { not: null, src: "172.30.0.0", srclen: 16 }, CERTAIN],
  ["to that network", { src: "all", dst: "180.101.0.0", dstlen: 16 }, CERTAIN],
  ["to another one", { src: "all", dst: "198.51.100.0", dstlen: 24 }, NONE],
  ["by its interface", { src: "all", iif: "docker0" }, CERTAIN],
  ["by another interface", { src: "all", iif: "br-app" }, NONE],
  ["by what is the host's own", { src: "all", iif: "lo" }, NONE],
  ["for sockets", { src: "all", oif: "enp0s8" }, NONE],
  ["over IPv6", { src: "all", family: "inet6" }, NONE],
  ["for a mark", { src: "all", fwmark: "0x1" }, MAYBE],
  ["for all but a mark", { not: null, src: "all", fwmark: "0xca6c" }, MAYBE],
  ["from another one, for a mark", { src: "172.30.0.0", srclen: 16, fwmark: "0x1" }, NONE],
  ["for a port", { src: "172.17.0.3", ipproto: "tcp", dport: 25 }, MAYBE],
  ["without its default route", { src: "172.17.0.3", suppress_prefixlen: 0 }, NONE],
  ["with a prefix that cannot be read", { src: "somewhere" }, MAYBE],
  ["behind the kernel's own", { src: "172.17.0.3", priority: 32_767 }, NONE],
] as const)("policy rules choose the uplink: %s", (_, rule, expected) => {
  const snapshots = [100, 110].map((seconds) => said(seconds, byPolicy(rule)));
  const routes = new UncapturedRoutes(timesOf(snapshots), BOTH, new Set(), [["docker0"], ["enp0s3"]]);
  expect(routes.uncapturedTo("180.101.49.11", ofC1)).toEqual(expected);
  expect(routes.isCapturedTo("180.101.49.11", ofC1)).toBe(expected === NONE);
});

const routesBy = (rule: object, routes?: readonly object[]) =>
  new UncapturedRoutes(timesOf([said(100, byPolicy(rule, routes))]), BOTH, new Set(), [["docker0"], []]);

it("a policy rule whose table has no way leaves it to the next, and one without a table ends it", () => {
  const from = { src: "172.17.0.3" };
  expect(routesBy({ ...from, table: "empty" }).isCapturedTo("180.101.49.11", ofC1)).toBe(true);
  const thrown = [{ type: "throw", dst: "180.101.0.0/16", table: "vpn" }];
  expect(routesBy(from, thrown).isCapturedTo("180.101.49.11", ofC1)).toBe(true);
  expect(routesBy(from, thrown).uncapturedTo("198.51.100.77", ofC1)).toEqual(CERTAIN);
  expect(routesBy({ ...from, table: undefined, action: "blackhole" }).isCapturedTo("180.101.49.11", ofC1)).toBe(false);
  // what is not told of a packet may be what the rule asks for
  expect(routesBy(from).uncapturedTo("180.101.49.11")).toEqual(MAYBE);
  const seenOutside = { ...ofC1, side: OUTSIDE } as const;
  expect(routesBy({ src: "all", iif: "docker0" }).uncapturedTo("180.101.49.11", seenOutside)).toEqual(MAYBE);
});

it("is known to be captured where all snapshots lead there by a captured interface", () => {
  const isCaptured = (address: string, snapshots = [said(100), said(110)]): boolean =>
    new UncapturedRoutes(timesOf(snapshots), BOTH).isCapturedTo(address);
  expect(["172.17.0.3", "172.30.0.2", "198.51.100.9"].map((address) => isCaptured(address))).toEqual([
    true,
    false,
    false,
  ]);
  expect(isCaptured("172.17.0.3", [said(100), said(110, { routes: [] })])).toBe(false);
  expect(isCaptured("172.17.0.3", [])).toBe(false);
});

it("an address is the host's own where all snapshots say so", () => {
  const local = { type: "local", dst: "10.0.2.15", dev: "enp0s3", table: "local" };
  const owning = (seconds: number): HostFacts => said(seconds, { routes: [...ROUTES, local] });
  const cases = [[owning(100), owning(110)], [said(100), owning(110)], []].map((snapshots) => {
    const routes = new UncapturedRoutes(timesOf(snapshots), BOTH);
    return ["10.0.2.15", "10.0.2.15", "10.0.2.2", "nonsense"].map((address) => routes.isOwn(address));
  });
  const none = [false, false, false, false];
  expect(cases).toEqual([[true, true, false, false], none, none]);
});

it.each([
  ["172.17.0.3", "172.17.9.9", true],
  ["172.17.0.3", "172.30.0.2", false],
  ["172.30.0.2", "180.101.49.11", false],
  // behind one gateway, they may be
  ["180.101.49.11", "180.101.49.12", undefined],
  ["198.51.100.9", "172.17.0.3", undefined],
  ["172.17.0.3", "nonsense", undefined],
] as const)("%s and %s are neighbours on one link: %s", (one, other, answer) => {
  const of = (snapshots: HostFacts[]) => new UncapturedRoutes(timesOf(snapshots), BOTH).areNeighbours(one, other);
  expect(of([said(100), said(110)])).toBe(answer);
  expect(of([said(100), said(110, { routes: [] })])).toBeUndefined();
  expect(of([])).toBeUndefined();
});

it("what goes to an interface that is gone is captured no more", () => {
  const gone = new Set<string>();
  const routes = new UncapturedRoutes(timesOf([said(100)]), ["br-app", ...BOTH], gone);
  expect(routes.uncapturedTo("172.30.0.2")).toBeUndefined();
  gone.add("br-app");
  expect(routes.uncapturedTo("172.30.0.2")).toEqual({ name: "br-app", isCertain: true, isByPolicy: false });
  expect(routes.uncapturedTo("172.17.0.3")).toBeUndefined();
});

it("a part of a bridge is captured for the bridge", () => {
  expect(uncaptured("172.17.0.3", ["veth1", "enp0s3"])).toBeUndefined();
  expect(uncaptured("172.17.0.3", ["veth2", "enp0s3"])).toBe("docker0");
});

it.each([
  ["the interfaces of the captures are not known", [], [said(100), said(110)]],
  ["they are none of this host", ["docker0", "eth0"], [said(100), said(110)]],
  ["no snapshot tells", BOTH, []],
  ["a policy rule leads on in a way that is not followed", BOTH, [said(100, byPolicy({ src: "all", goto: 99 }))]],
  ["nobody tells of policy rules", BOTH, [said(100, { policyRules: [] })]],
] as const)("nothing is told where %s", (_, captured, snapshots) => {
  expect(uncaptured("198.51.100.7", [...captured], [...snapshots])).toBeUndefined();
});

/** Snapshots of a route that leads elsewhere from some time on, and back again. */
const BEFORE = ROUTES.slice(0, 5);
const CHANGING = [
  said(100, { routes: BEFORE }),
  said(110, { routes: BEFORE }),
  { ...said(120), changedFromNs: 118_000_000_000n },
  said(130),
  said(140, { routes: BEFORE }),
];

it("a route that changes is gone by from when on it may have changed", () => {
  const routes = new UncapturedRoutes(timesOf(CHANGING), BOTH);
  const toldAt = (seconds: number) =>
    routes.uncapturedTo("198.51.100.7", { ...ofC1, timeNs: BigInt(seconds) * 1_000_000_000n })?.isCertain;
  const at = [90, 105, 112, 116, 117, 119, 120, 125, 131, 139, 140, 150];
  const [no, maybe, yes] = [undefined, false, true];
  expect(at.map((seconds) => toldAt(seconds))).toEqual([no, no, no, no, maybe, maybe, yes, yes, maybe, maybe, no, no]);
  const other = new UncapturedRoutes(timesOf(CHANGING), BOTH).isCapturedTo("198.51.100.9");
  expect([routes.changes, other]).toEqual([2, false]);
});

it("a route that came and went between two snapshots may have been taken then", () => {
  const to = { dst: "180.101.49.0/24", dev: "tun7" };
  const changed = (seconds: number, from: string, heardRoutes: readonly object[]) =>
    said(seconds, { changedFrom: `${from}.000000000`, heardRoutes });
  const routes = new UncapturedRoutes(
    timesOf([said(100), changed(120, "112", [to]), said(130), changed(140, "135", [{ dst: "default" }, to])]),
    BOTH,
  );
  const toldAt = (seconds: number, address = "180.101.49.11") =>
    routes.uncapturedTo(address, { ...ofC1, timeNs: BigInt(seconds) * 1_000_000_000n });
  const maybe = { name: "tun7", isCertain: false, isByPolicy: false };
  expect([110, 111, 119, 120, 133, 134, 140].map((seconds) => toldAt(seconds)?.isCertain)).toEqual([
    undefined,
    false,
    false,
    undefined,
    undefined,
    false,
    undefined,
  ]);
  expect(toldAt(115)).toEqual(maybe);
  expect(toldAt(115, "180.101.50.11")).toBeUndefined();
  expect(toldAt(138)).toEqual({ ...maybe, name: undefined });
  expect(toldAt(138, "180.101.50.11")).toEqual({ ...maybe, name: undefined });
  // what certainly left by another one may have left by this one
  expect(toldAt(138, "198.51.100.7")).toEqual({ ...maybe, name: "enp0s8" });
  const capturedAt = (seconds: number) =>
    routes.isCapturedTo("180.101.49.11", { ...ofC1, timeNs: BigInt(seconds) * 1_000_000_000n });
  expect([110, 115, 125].map((seconds) => capturedAt(seconds))).toEqual([true, false, true]);
  // what was said of packets before may be otherwise
  expect(routes.changes).toBe(2);
  // by what is captured
  const own = new UncapturedRoutes(timesOf([said(100), changed(120, "112", [{ ...to, dev: "enp0s3" }])]), BOTH);
  expect(own.uncapturedTo("180.101.49.11", { ...ofC1, timeNs: 115_000_000_000n })).toBeUndefined();
});

/** A route that was heard to come, or to go, in a second. */
const heard = (seconds: number, route: object, isGone = false) => ({
  ...route,
  time: `${seconds}.000000000`,
  ...(isGone && { isGone }),
});

it("a route that was heard to come and go may have been taken in between, by those alone that it was for", () => {
  const [to, rule] = [
    { dst: "180.101.49.0/24", dev: "tun7" },
    { dst: "default", src: "10.55.0.0/16" },
  ];
  const other = { dst: "default", dev: "tun9", table: "100" };
  const heardRoutes = [
    heard(103, to),
    heard(105, to, true),
    heard(110, rule),
    heard(110, other),
    heard(112, rule, true),
    heard(115, to),
    heard(118, other, true),
  ];
  const routes = new UncapturedRoutes(
    timesOf([said(100), said(120, { changedFrom: "103.000000000", heardRoutes })]),
    BOTH,
  );
  const nameAt = (tenths: number, src: string = ofC1.src) => {
    const told = routes.uncapturedTo("180.101.49.11", { ...ofC1, src, timeNs: BigInt(tenths) * 100_000_000n });
    return told && (told.name ?? "any");
  };
  const at = [1019, 1020, 1049, 1050, 1100, 1139, 1140, 1199, 1200];
  const [no, yes] = [undefined, "tun7"];
  expect(at.map((tenths) => nameAt(tenths))).toEqual([no, yes, yes, no, no, no, yes, yes, no]);
  expect([1089, 1090, 1119, 1120].map((tenths) => nameAt(tenths, "10.55.1.2"))).toEqual([no, "any", "any", no]);
});

it("containers that begin and end change no route", () => {
  const local = { type: "local", dst: "fe80::1", dev: "veth9", table: "local" };
  const group = { type: "multicast", dst: "ff00::/8", dev: "veth9", table: "local" };
  const times = timesOf([said(100), said(110, { routes: [local, ...ROUTES, group] }), said(120)]);
  expect([times.changes, times.at().length]).toEqual([0, 1]);
});

it("forgets how the host forwarded long ago", () => {
  const changing = Array.from({ length: 100 }, (_, n) => {
    return said(100 + n, { routes: [...BEFORE, { dst: `203.0.113.${n}`, dev: "docker0" }] });
  });
  const times = timesOf(changing);
  expect([times.changes, times.at().length, times.at(150_500_000_000n).length]).toEqual([99, 64, 2]);
  // the oldest that is remembered was seen at second 136: before, the one before it may have been
  const routes = new UncapturedRoutes(times, BOTH);
  const first = { ...ofC1, timeNs: 50_000_000_000n };
  const last = { ...ofC1, timeNs: 135_999_999_999n };
  const since = { ...ofC1, timeNs: 136_000_000_000n };
  for (const seen of [first, last]) {
    const told = routes.uncapturedTo("198.51.100.9", seen);
    expect(told).toEqual({ name: undefined, isCertain: false, isByPolicy: false });
    expect(routes.isCapturedTo("172.17.0.3", seen)).toBe(false);
  }
  expect(routes.uncapturedTo("198.51.100.9", since)).toBeUndefined();
  expect(routes.isCapturedTo("172.17.0.3", since)).toBe(true);
  // where it is not known what is captured, nothing is told
  expect(new UncapturedRoutes(times, []).uncapturedTo("198.51.100.9", first)).toBeUndefined();
});

it("goes by what the host says by then", () => {
  const times = new NetworkTimes();
  const routes = new UncapturedRoutes(times, BOTH);
  const told = () => routes.uncapturedTo("198.51.100.7");
  expect(told()).toBeUndefined();
  times.take(said(100));
  expect(told()).toEqual({ name: "enp0s8", isCertain: true, isByPolicy: false });
  times.take(said(110, { routes: ROUTES.slice(0, 5) }));
  expect(told()).toEqual({ name: "enp0s8", isCertain: false, isByPolicy: false });
});
