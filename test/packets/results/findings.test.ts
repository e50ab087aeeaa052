import { expect, it } from "vitest";
import { type Finding, findingOf } from "../../../src/packets/results/findings.js";
import { Gathered, oneFlow } from "../../../src/packets/results/gathered.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";

function aboutFlow(firstFrames: readonly [number, number]): Finding {
  return findingOf("leak", 1, "", oneFlow({ id: 7, sides: [INSIDE, OUTSIDE], firstFrames }));
}

it("a finding about a flow names the frames that it was first seen in, each on its side; none of one that never had a pair", () => {
  expect(aboutFlow([12, 15])).toMatchObject({ flows: [7], frames: { inside: [12], outside: [15] }, more: 0 });
  expect(aboutFlow([0, 0])).toMatchObject({ flows: [7], frames: { inside: [], outside: [] }, more: 0 });
});

/** The hint of a finding about packets of these IP versions. */
const hintOf = (...versions: readonly boolean[]): string => {
  const gathered = new Gathered();
  for (const [at, isIpv6] of versions.entries()) gathered.add(INSIDE, at + 1, undefined, isIpv6);
  return findingOf("leak", 1, "", gathered).hint;
};

it("what to look at next is named for the IP versions of what it is about", () => {
  expect(hintOf(false)).toBe(
    "iptables -t nat -S POSTROUTING shows whom the NAT hides, conntrack -L whose entry is there",
  );
  expect(hintOf(true)).toBe(
    "ip6tables -t nat -S POSTROUTING shows whom the NAT hides, conntrack -f ipv6 -L whose entry is there",
  );
  expect(hintOf(true, false)).toMatch(/^iptables and ip6tables -t nat -S POSTROUTING/);
  expect(hintOf()).toBe(hintOf(false));
  const of = { id: 7, sides: [INSIDE, OUTSIDE], firstFrames: [1, 1] } as const;
  expect(findingOf("untranslated", 1, "", oneFlow({ ...of, inside: { src: "fd00:17::2" } })).hint).toMatch(
    /^ip6tables/,
  );
});

it("a flow that packets of two kinds are of is listed once", () => {
  const [all, more] = [new Gathered(), new Gathered()];
  all.add(INSIDE, 1, 7);
  more.add(INSIDE, 2, 7);
  more.add(OUTSIDE, 3, 8);
  all.addAll(more);
  expect(findingOf("leak", 3, "", all)).toMatchObject({ flows: [7, 8], frames: { inside: [1, 2], outside: [3] } });
});
