import { describe, expect, test } from "vitest";
import { MasqueradeSources } from "../../../src/host/snapshot/masquerade-sources.js";
import { OwnAddresses } from "../../../src/host/snapshot/own-addresses.js";
import type { SideNames } from "../../../src/packets/sides.js";
import { snapshot } from "../drops/drops.js";
import { flow } from "../flow.js";

const NAMES: SideNames = [["docker0"], ["enp0s3"]];
const on = (ifname: string, ...local: readonly string[]) => ({
  ifname,
  addr_info: local.map((each) => ({ family: each.includes(":") ? "inet6" : "inet", local: each, scope: "global" })),
});
const INSIDE = on("docker0", "172.17.0.1");
const UPLINK = on("enp0s3", "10.0.2.15", "fd00:2::15");

const left = (src: string, dst = "198.51.100.7") =>
  flow("tcp", "inside", `172.17.0.3.5000 > ${dst}.80`, `${src}.5000 > ${dst}.80`);

function addresses(...states: readonly (readonly object[])[]): OwnAddresses {
  const own = new OwnAddresses();
  for (const [at, interfaces] of states.entries()) own.take(snapshot(100 + at, { interfaces }));
  return own;
}

/** By snapshots with these interfaces, one after the other. */
function known(...states: readonly (readonly object[])[]): MasqueradeSources {
  return new MasqueradeSources(addresses(...states));
}

describe("masquerading can have given", () => {
  test("any address, where no snapshot tells of them", () => {
    expect(known().canGive(left("10.0.2.30"), NAMES)).toBe(true);
    expect(known([]).canGive(left("10.0.2.30"), NAMES)).toBe(true);
    expect(known([on("enp0s3")]).canGive(left("10.0.2.30"), NAMES)).toBe(true);
  });

  test("an address of the interface that the flow left by, and hardly another one", () => {
    const sources = known([INSIDE, UPLINK], [INSIDE, UPLINK]);
    expect(sources.canGive(left("10.0.2.15"), NAMES)).toBe(true);
    expect(sources.canGive(left("10.0.2.30"), NAMES)).toBeUndefined();
    expect(sources.canGive(left("172.17.0.1"), NAMES)).toBeUndefined();
    const incoming = flow("tcp", "outside", "172.17.0.1.5000 > 172.17.0.2.80", "10.0.2.2.5000 > 10.0.2.15.88");
    expect(sources.canGive(incoming, NAMES)).toBe(true);
  });

  test("an address that it had at any known time", () => {
    const sources = known([on("enp0s3", "10.0.2.15")], [on("enp0s3", "10.0.2.16")], [on("enp0s3", "10.0.2.17")]);
    for (const address of ["10.0.2.15", "10.0.2.16", "10.0.2.17"])
      expect(sources.canGive(left(address), NAMES)).toBe(true);
    expect(sources.canGive(left("10.0.2.18"), NAMES)).toBeUndefined();
  });

  test("no address that a snapshot would have shown, which was taken soon after the flow began", () => {
    // at 100 s and at 101 s
    const sources = known([INSIDE, UPLINK], [INSIDE, UPLINK]);
    let questions = 0;
    sources.onUnknown = () => questions++;
    const atS = (seconds: number, src = "10.0.2.30") =>
      sources.canGive(left(src), NAMES, BigInt(seconds) * 1_000_000_000n);
    expect([97, 98, 100, 101, 102].map((seconds) => atS(seconds))).toEqual([undefined, false, false, false, undefined]);
    expect(questions).toBe(5);
    expect(atS(100, "10.0.2.15")).toBe(true);
    expect(questions).toBe(5);
  });

  test("an address that came or went before the next snapshot, as nobody knows which did", () => {
    // at 100 s and at 101 s
    const own = addresses([INSIDE, UPLINK]);
    own.change(100_500_000_000n);
    own.take(snapshot(101, { interfaces: [INSIDE, UPLINK] }));
    const sources = new MasqueradeSources(own);
    const atMs = (ms: number) => sources.canGive(left("10.0.2.30"), NAMES, BigInt(ms) * 1_000_000n);
    expect([99_900, 100_400, 100_600].map(atMs)).toEqual([false, undefined, false]);
  });

  test("no address that is a secondary one there", () => {
    const secondary = { family: "inet", local: "10.0.2.30", prefixlen: 24, scope: "global", secondary: true };
    const sources = known([INSIDE, { ...UPLINK, addr_info: [...UPLINK.addr_info, secondary] }]);
    expect(sources.canGive(left("10.0.2.30"), NAMES)).toBeUndefined();
  });

  test("another interface's address, where packets may have left by that, or where theirs has none", () => {
    const other = on("wg0", "10.9.0.1");
    expect(known([UPLINK, other]).canGive(left("10.9.0.1"), NAMES)).toBeUndefined();
    expect(known([UPLINK, other]).canGive(left("10.9.0.1"), [["docker0"], [""]])).toBe(true);
    // that is routed to docker0
    expect(known([UPLINK, other]).canGive(left("10.9.0.1", "172.17.9.9"), NAMES)).toBe(true);
    expect(known([on("enp0s3", "fd00:2::15"), other]).canGive(left("10.9.0.1"), NAMES)).toBe(true);
    const both: SideNames = [["docker0"], ["enp0s3", "wg0"]];
    expect(known([UPLINK, other]).canGive(left("10.9.0.1"), both)).toBe(true);
  });

  test("an address of the bridge that a captured interface is a part of", () => {
    const bridge = { ...on("br0", "10.0.2.15"), info_kind: "bridge" };
    const part = { ifname: "enp0s3", master: "br0", addr_info: [] };
    expect(known([bridge, part]).canGive(left("10.0.2.15"), NAMES)).toBe(true);
  });

  test("over IPv6, any address of the host", () => {
    const sources = known([UPLINK, on("wg0", "fd00:9::1")]);
    expect(sources.canGive(left("fd00:9::1", "2001:db8::1"), NAMES)).toBe(true);
    expect(sources.canGive(left("fd00:9::2", "2001:db8::1"), NAMES)).toBeUndefined();
  });
});
