import { expect, it } from "vitest";
import { UncapturedRoutes } from "../../../src/host/drops/uncaptured-routes.js";
import type { HostFacts } from "../../../src/host/snapshot/host-facts.js";
import { snapshot } from "./drops.js";

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

function uncaptured(address: string, captured = BOTH, snapshots = [said(100), said(110)]): string | undefined {
  return new UncapturedRoutes({ snapshots }, captured).uncapturedTo(address);
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

it("is known to be captured where all snapshots lead there by a captured interface", () => {
  const isCaptured = (address: string, snapshots = [said(100), said(110)]): boolean =>
    new UncapturedRoutes({ snapshots }, BOTH).isCapturedTo(address);
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
    const routes = new UncapturedRoutes({ snapshots }, BOTH);
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
  const of = (snapshots: HostFacts[]) => new UncapturedRoutes({ snapshots }, BOTH).areNeighbours(one, other);
  expect(of([said(100), said(110)])).toBe(answer);
  expect(of([said(100), said(110, { routes: [] })])).toBeUndefined();
  expect(of([])).toBeUndefined();
});

it("what goes to an interface that is gone is captured no more", () => {
  const gone = new Set<string>();
  const routes = new UncapturedRoutes({ snapshots: [said(100)] }, ["br-app", ...BOTH], gone);
  expect(routes.uncapturedTo("172.30.0.2")).toBeUndefined();
  gone.add("br-app");
  expect(routes.uncapturedTo("172.30.0.2")).toBe("br-app");
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
  ["the route changed", BOTH, [said(100), said(110, { routes: ROUTES.slice(0, 5) })]],
  [
    "more than the destination chooses",
    BOTH,
    [said(100, { policyRules: [{ priority: 9, src: "all", table: "vpn" }] })],
  ],
] as const)("nothing is told where %s", (_, captured, snapshots) => {
  expect(uncaptured("198.51.100.7", [...captured], [...snapshots])).toBeUndefined();
});

it("goes by what the host says by then", () => {
  const host = { snapshots: [] as HostFacts[] };
  const routes = new UncapturedRoutes(host, BOTH);
  const told = (): string | undefined => routes.uncapturedTo("198.51.100.7");
  expect(told()).toBeUndefined();
  host.snapshots = [said(100)];
  expect(told()).toBe("enp0s8");
  host.snapshots = [said(100), said(110, { routes: ROUTES.slice(0, 5) })];
  expect(told()).toBeUndefined();
});
