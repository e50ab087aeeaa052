import { expect, it } from "vitest";
import { dropped, found, QUERY, snapshot, told } from "./drops.js";

/** Two snapshots, between which the host, and conntrack, counted this. */
function counting(counters: Readonly<Record<string, number>>, more: object = {}) {
  const none = Object.fromEntries(Object.keys(counters).map((name) => [name, 0]));
  return [none, counters].map((counted, at) =>
    snapshot(100 + 10 * at, { ...more, conntrack: { counters: counted }, counters: counted }),
  );
}

const ALL = [
  "IpInAddrErrors",
  "TcpExtIPReversePathFilter",
  "IpExtInNoRoutes",
  "Ip6InNoRoutes",
  "IpFragFails",
  "Ip6InTooBigErrors",
  "drop",
  "insert_failed",
  "early_drop",
];

it.each(ALL)("says by how many %s moved where no captured packet was dropped", (name) => {
  const [finding, ...others] = found([], counting({ [name]: 7, invalid: 9 }));
  expect(finding).toMatchObject({ severity: "info", code: "host-drops", count: 7, counter: name, counted: 7 });
  expect(finding).toMatchObject({ flows: [], frames: { inside: [], outside: [] }, isOfOthers: true });
  expect(finding.text).toContain(`: ${name} counted 7 between the snapshots, and does not tell whose they were`);
  expect(others).toEqual([]);
});

it("says that a bridge's capture does not show what conntrack drops, where br_netfilter asks it", () => {
  const [isOn, isOff] = ["1", "0"].map(
    (value) => found([], counting({ drop: 1 }, { sysctls: { "net.bridge.bridge-nf-call-iptables": value } }))[0].text,
  );
  expect(isOn).toContain("before a capture of its bridge shows it");
  expect(isOff).not.toContain("bridge");
});

it("says nothing of counters that stand, of one snapshot, or where another finding tells them", () => {
  const moved = counting({ drop: 3 });
  expect(found([], counting({ drop: 0 }))).toEqual([]);
  expect(found([], moved.slice(1))).toEqual([]);
  expect(found([], moved.toReversed())).toEqual([]);
  expect(told(found([dropped(3, QUERY)], moved))).toEqual(["drop-conntrack 3 drop"]);
  expect(told(found([dropped(4, QUERY)], moved))).toEqual(["drop-unexplained 4"]);
});

it("counts once what conntrack counts twice", () => {
  expect(told(found([], counting({ drop: 5, insert_failed: 5 })))).toEqual(["host-drops 5 insert_failed"]);
  const [room, taken] = found([], counting({ drop: 7, insert_failed: 5 }));
  expect(told([room, taken])).toEqual(["host-drops 2 drop", "host-drops 5 insert_failed"]);
  expect(room.text).toContain("drop counted 7 between the snapshots, of which 5 are those of insert_failed, and");
});

it("leaves out what may have been refused", () => {
  const [three, five] = [3, 5].map((packets) => dropped(packets, QUERY, { fate: "refused", refusal: "no-route" }));
  const moved = counting({ IpExtInNoRoutes: 5, IpFragFails: 1 });
  expect(told(found([five], moved))).toEqual(["host-drops 1 IpFragFails"]);
  const [finding] = found([three], moved);
  expect(finding).toMatchObject({ count: 2, counted: 5 });
  expect(finding.text).toContain(
    "IpExtInNoRoutes counted 5 between the snapshots, of which 3 may be those that were refused, and",
  );
});
