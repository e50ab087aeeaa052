import { expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "./outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, SERVER } from "./traffic.js";

const of = { dst: SERVER, dstPort: 6000, ipId: 0 };
const inside = (src: string, atUs: number, text: string): Stamped =>
  us(atUs, datagram({ ...of, src, srcPort: 4000, ttl: 64, text }));
const outside = (srcPort: number, atUs: number, text: string): Stamped =>
  us(atUs, datagram({ ...of, src: HOST, srcPort, ttl: 63, text }));

/**
 * Two containers say something of their own every ten milliseconds, in between the same as each other: that of the one is dropped, and inside misses
 * that of the other one just then. `isAlive`: whether what they say of their own crosses all the while.
 */
function sayTheSame(count: number, isAlive: (n: number) => boolean): readonly [Stamped[], Stamped[]] {
  const entered: Stamped[] = [];
  const left: Stamped[] = [];
  for (let n = 0; n < count; n++) {
    const atUs = 10_000 * n;
    for (const [sender, src] of [CONTAINER, OTHER].entries()) {
      if (!isAlive(n)) continue;
      entered.push(inside(src, atUs + 1000 * sender, `${sender}: ${n}`));
      left.push(outside(4000 + sender, atUs + 1000 * sender + 30, `${sender}: ${n}`));
    }
    entered.push(inside(CONTAINER, atUs + 5000, "heartbeat"));
    left.push(outside(4001, atUs + 5020, "heartbeat"));
  }
  const busy = conversation(count * 20, { everyUs: 500, srcPort: 50_000 });
  return [merged(entered, busy.inside), merged(left, busy.outside)];
}

const flowsOf = async (sides: readonly [Stamped[], Stamped[]]) =>
  (await outcomeOf(...sides)).flows
    .filter(({ proto }) => proto === "udp")
    .map(({ inside, outside }) => `${inside.src} ${outside.srcPort}`);

it("what two say at once by chance never adds up to a translation that speaks against a living one", async () => {
  expect(await flowsOf(sayTheSame(60, () => true))).toEqual([`${CONTAINER} 4000`, `${OTHER} 4001`]);
});

it("of a translation that is seen no more, it does", async () => {
  expect(await flowsOf(sayTheSame(60, (n) => n < 10))).toEqual([
    `${CONTAINER} 4000`,
    `${OTHER} 4001`,
    `${CONTAINER} 4001`,
  ]);
});

it("two that get each other's port are not taken for each other once packets of both would have left before they entered", async () => {
  const [entered, left]: [Stamped[], Stamped[]] = [[], []];
  for (let n = 0; n < 200; n++) {
    const atUs = 200_000 * n + 5000;
    const [ofFirst, ofSecond] = n < 100 ? [4000, 4001] : [4001, 4000];
    entered.push(inside(CONTAINER, atUs, "heartbeat"), inside(OTHER, atUs + 100, "heartbeat"));
    left.push(outside(ofFirst, atUs + 30, "heartbeat"), outside(ofSecond, atUs + 130, "heartbeat"));
  }
  const busy = conversation(4000, { everyUs: 10_000, srcPort: 50_000 });
  const { twins } = await outcomeOf(merged(entered, busy.inside), merged(left, busy.outside));
  // nothing is lost or overtaken: frames of one number are twins
  expect(twins.filter(([entry, exit]) => entry !== exit)).toEqual([]);
  expect(twins.length).toBeGreaterThan(4150);
});
