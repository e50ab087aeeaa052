import { expect, it } from "vitest";
import { dropped, found, QUERY, snapshot, TCP, told } from "./drops.js";

/** Two snapshots, between which so many packets could not be cut. */
function failing(count: number, mtus: readonly [number, number] = [1500, 1500]) {
  return ([0, 1] as const).map((at) =>
    snapshot(at === 0 ? 100 : 110, {
      interfaces: [{ ifname: "enp0s3", mtu: mtus[at] }],
      counters: { IpFragFails: at * count },
    }),
  );
}

const long = dropped(2, QUERY, { uncutLength: 1501 });

it("says of which interface the MTU is too small", () => {
  const [finding, ...others] = found([long], failing(3));
  expect(finding).toMatchObject({ code: "drop-too-long", count: 2, counter: "IpFragFails", counted: 3 });
  expect(finding.text).toBe(
    "they must not be cut, and are longer than the MTU of enp0s3, 1500; IpFragFails counted 3, 1 of them others",
  );
  expect(others).toEqual([]);
});

/** The route that QUERY takes, with an MTU of its own. */
const routes = (mtu: number) => [{ dst: QUERY.dst, dev: "enp0s3", gateway: "10.0.2.2", mtu }];

/** Two snapshots, of which the later one has this MTU there, between which three packets could not be cut. */
const routed = (mtu: number) =>
  [0, 3].map((count) =>
    snapshot(100 + 2 * count, { counters: { IpFragFails: count }, routes: routes(count === 0 ? 1000 : mtu) }),
  );

it("goes by the route's own MTU where it has one", () => {
  const [finding] = found([dropped(2, QUERY, { uncutLength: 1328 })], routed(1000));
  expect(finding).toMatchObject({ code: "drop-too-long", counter: "IpFragFails" });
  expect(finding.text).toContain("longer than the MTU of the route to 180.101.49.11, 1000;");
  expect(told(found([dropped(2, QUERY, { uncutLength: 1328 })], routed(1100)))).toEqual(["drop-unexplained 2"]);
});

it.each([
  ["they may be cut", dropped(2, QUERY), failing(3)],
  ["they are just as long", dropped(2, QUERY, { uncutLength: 1500 }), failing(3)],
  ["the counter moved by less", long, failing(1)],
  ["it did not move", long, failing(0)],
  ["the kernel's counters are not there", long, [snapshot(100), snapshot(110)]],
  ["the MTU changed in between", long, failing(3, [1400, 1500])],
])("says nothing where %s", (_, kind, snapshots) => {
  expect(told(found([kind], snapshots))).toEqual(["drop-unexplained 2"]);
});

it("leaves it open of TCP, of which a frame may be several segments", () => {
  const snapshots = [0, 2].map((drop) =>
    snapshot(100 + 5 * drop, { conntrack: { counters: { drop } }, counters: { IpFragFails: drop } }),
  );
  expect(told(found([long], snapshots))).toEqual(["drop-too-long 2 IpFragFails", "host-drops 2 drop"]);
  expect(told(found([{ ...long, proto: TCP }], snapshots))).toEqual([
    "drop-too-long 2 IpFragFails",
    "drop-conntrack 2 drop",
  ]);
});
