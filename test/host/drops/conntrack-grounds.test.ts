import { expect, it } from "vitest";
import { OUTSIDE } from "../../../src/packets/sides.js";
import { dropped, filter, found, QUERY, snapshot, told } from "./drops.js";

/** Two snapshots, between which conntrack counted this. */
function counting(counters: Readonly<Record<string, number>>, more: object = {}) {
  const none = Object.fromEntries(Object.keys(counters).map((name) => [name, 0]));
  return [
    snapshot(100, { ...more, conntrack: { counters: none } }),
    snapshot(110, { ...more, conntrack: { counters } }),
  ];
}

const FULL = { sysctls: { "net.netfilter.nf_conntrack_count": "400", "net.netfilter.nf_conntrack_max": "400" } };
const ANSWER = { src: "180.101.49.11", srcPort: 53, dst: "10.0.2.15", dstPort: 5353 };

it("says that the table is full, where it dropped as many", () => {
  const [finding, ...others] = found([dropped(3, QUERY)], counting({ drop: 4 }, FULL));
  expect(finding).toMatchObject({ code: "drop-conntrack-full", count: 3, counter: "drop", counted: 4 });
  expect(finding.text).toBe("conntrack's table is full: nf_conntrack_max is 400; drop counted 4, 1 of them others");
  expect(others).toEqual([]);
});

it.each([
  [{ drop: 3 }, "drop-conntrack 3 drop"],
  [{ insert_failed: 3 }, "drop-conntrack 3 insert_failed"],
  [{ early_drop: 3 }, "drop-unexplained 3"],
  [{ drop: 2 }, "drop-unexplained 3"],
  // what has another entry's ports is counted twice
  [{ drop: 3, insert_failed: 3 }, "drop-conntrack 3 insert_failed"],
  [{ drop: 5, insert_failed: 2 }, "drop-conntrack 3 drop"],
  [{ drop: 3, insert_failed: 2 }, "drop-conntrack 3 drop"],
  [{ drop: 2, insert_failed: 2 }, "drop-unexplained 3"],
  [{ drop: 0, insert_failed: 0 }, "drop-unexplained 3"],
])("goes by what conntrack counted: %j", (counters, line) => {
  expect(told(found([dropped(3, QUERY)], counting(counters)))).toEqual([line]);
});

it("says what to do about either", () => {
  const [saidOfTaken, saidOfNoRoom, saidOfEither] = [
    { drop: 3, insert_failed: 3 },
    { drop: 3, insert_failed: 0 },
    { drop: 3, insert_failed: 1 },
  ].map((counters) => {
    const [{ text, hint }] = found([dropped(3, QUERY)], counting(counters));
    return [
      /room|could not make/.test(text),
      /had their ports/.test(text),
      /max/.test(hint),
      /random-fully/.test(hint),
    ];
  });
  expect(saidOfTaken).toEqual([false, true, false, true]);
  expect(saidOfNoRoom).toEqual([true, false, true, false]);
  expect(saidOfEither).toEqual([true, true, true, true]);
});

it("takes answers for those of entries that were thrown out, and nothing that is of a known flow for what began", () => {
  const answers = dropped(2, ANSWER, { side: OUTSIDE, mayOpen: false });
  expect(told(found([answers], counting({ early_drop: 2 })))).toEqual(["drop-conntrack 2 early_drop"]);
  expect(told(found([{ ...answers, side: 0 }], counting({ early_drop: 2, drop: 2 })))).toEqual(["drop-unexplained 2"]);
});

/** The same, and a rule that counted three. */
function ruling(rule: string) {
  const rules = (packets: number) => snapshot(0, { rules: { iptables: filter(`[${packets}:1] ${rule}`) } }).rules;
  const [before, after] = counting({ drop: 3 });
  return [
    { ...before, rules: rules(0) },
    { ...after, rules: rules(3) },
  ];
}

it("leaves to a rule what that certainly dropped, and says both of what either may have", () => {
  const certain = "-A FORWARD -i docker0 -p udp -j DROP";
  expect(told(found([dropped(3, QUERY)], ruling(certain)))).toEqual([`drop-rule 3 ${certain}`, "host-drops 3 drop"]);
  const possible = "-A FORWARD -m string --string x --algo bm -j DROP";
  expect(told(found([dropped(3, QUERY)], ruling(possible)))).toEqual([
    `drop-rule 3 possibly ${possible}`,
    "drop-conntrack 3 drop",
  ]);
});
