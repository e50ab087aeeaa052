import { expect, it } from "vitest";
import type { Dropped } from "../../../src/packets/results/drops.js";
import { dropped, found, QUERY, snapshot, told } from "./drops.js";

/** Two snapshots, between which the host counted so many packets without a route. */
const counting = (IpExtInNoRoutes: number) => [
  snapshot(100, { counters: { IpExtInNoRoutes: 0, Ip6InNoRoutes: 0 } }),
  snapshot(110, { counters: { IpExtInNoRoutes, Ip6InNoRoutes: 0 } }),
];

const MS = 1_000_000n;
const REFUSED = dropped(4, QUERY, { fate: "refused", refusal: "no-route" });
const SILENT = dropped(3, { ...QUERY, srcPort: 5354 }, { lastNs: REFUSED.lastNs + 900n * MS });

it("takes what the host dropped without a word for what it had no route for, as it said of others then", () => {
  const [finding, ...others] = found([REFUSED, SILENT], counting(7));
  expect(finding).toMatchObject({ code: "drop-no-route", count: 3, counter: "IpExtInNoRoutes", counted: 7 });
  expect(finding.text).toBe(
    "the host says of others to 180.101.49.11, at the same time, that it has no route: it says so of some only, once a second; " +
      "IpExtInNoRoutes counted 7, 4 of them others",
  );
  expect(others).toEqual([]);
});

it.each<[string, Partial<Dropped>, number]>([
  ["the host counted fewer than both", {}, 6],
  ["they were dropped before", { firstNs: REFUSED.firstNs - MS }, 7],
  ["they were dropped long after", { lastNs: REFUSED.lastNs + 1100n * MS }, 7],
  ["they went elsewhere", { ends: { ...QUERY, dst: "180.101.49.12" } }, 7],
  ["they came from the other side", { side: 1 }, 7],
])("says nothing of that where %s", (_, more, moved) => {
  expect(told(found([REFUSED, { ...SILENT, ...more }], counting(moved)))).toEqual(["drop-unexplained 3"]);
});

it("says nothing of that where others were refused for something else", () => {
  expect(told(found([{ ...REFUSED, refusal: "prohibited" }, SILENT], counting(7)))).toEqual(["drop-unexplained 3"]);
});

it("counts what has no route by both snapshots, too", () => {
  const gone = dropped(2, { ...QUERY, dst: "203.0.113.9" });
  const routes = [{ dst: "180.101.49.0/24", dev: "enp0s3" }];
  const snapshots = [0, 9].map((IpExtInNoRoutes) =>
    snapshot(100 + IpExtInNoRoutes, { routes, counters: { IpExtInNoRoutes } }),
  );
  expect(told(found([REFUSED, SILENT, gone], snapshots))).toEqual([
    "drop-no-route 2 IpExtInNoRoutes",
    "drop-no-route 3 IpExtInNoRoutes",
  ]);
  expect(told(found([REFUSED, SILENT, gone, dropped(1, gone.ends)], snapshots))).toEqual([
    "drop-no-route 3 IpExtInNoRoutes",
    "drop-unexplained 3",
  ]);
});
