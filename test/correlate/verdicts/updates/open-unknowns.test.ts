import { expect, it } from "vitest";
import { OpenUnknowns, type Unknown } from "../../../../src/correlate/verdicts/updates/open-unknowns.js";
import { INSIDE, type Side, SIDES } from "../../../../src/packets/sides.js";

const unknown = (side: Side, timeNs: number): Unknown => ({
  side,
  frame: timeNs,
  flow: undefined,
  isSelected: false,
  isIpv6: false,
  way: 0,
  timeNs,
  quotedAs: `packet of ${side} at ${timeNs}`,
  head: 0,
  traits: { key: `${side} ${timeNs}`, carried: 0, ipId: 0 },
  proto: 17,
  isUnique: true,
  isExplained: true,
  verdict: "no-overlap",
  reason: "not-begun",
  impact: "unknown",
});

it("packets of which something else is said are not told of any more", () => {
  const unknowns = new OpenUnknowns();
  for (const timeNs of [1, 2, 3])
    for (const side of SIDES) unknowns.add(unknown(side, timeNs), { isSighted: false, mayCross: false });
  unknowns.withdraw(({ side, timeNs }) => side === INSIDE && timeNs >= 2);
  const left = SIDES.map((side) =>
    [1, 2, 3].filter(
      (timeNs) => unknowns.named(`packet of ${side} at ${timeNs}`, { timeNs: 4, heads: [0], withinNs: 9 }).length > 0,
    ),
  );
  expect(left).toEqual([[1], [1, 2, 3]]);
  expect([...unknowns.beforeBegun()].map(({ timeNs }) => timeNs)).toEqual([1]);
});

it("those that passed before the other capture began are given once, but for what is told otherwise", () => {
  const unknowns = new OpenUnknowns();
  for (const timeNs of [1, 2, 3]) for (const side of SIDES) unknowns.addEarly(unknown(side, timeNs));
  unknowns.withdraw(({ side, timeNs }) => side === INSIDE && timeNs === 2);
  expect(unknowns.takeEarly(INSIDE).map(({ timeNs }) => timeNs)).toEqual([1, 3]);
  expect(unknowns.takeEarly(INSIDE)).toEqual([]);
});
