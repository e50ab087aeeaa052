import { expect, it } from "vitest";
import { outcomeOf, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER } from "../../traffic.js";
import { answer, known, query } from "../beside.js";

const { inside, outside } = conversation(80, { everyUs: 1000 });
/** Even ones are outbound. */
const ofDirection = <T>(packets: readonly T[], remainder: number) => packets.filter((_, n) => n % 2 === remainder);

it.each([
  ["inside", "outside", ofDirection(inside, 0), outside],
  ["outside", "inside", inside, ofDirection(outside, 1)],
] as const)("where %s shows one direction alone, what %s has of the other one is not dropped", async (...of) => {
  const [, other, insides, outsides] = of;
  const { alone, findings } = await outcomeOf(insides, outsides);
  expect(findings.map(({ code }) => code)).not.toContain("dropped");
  const covered = alone.filter(({ reason }) => reason !== "capture-edge");
  expect(covered.length).toBeGreaterThan(30);
  // who speaks there is answered, or acknowledged
  for (const { side, verdict, reason } of covered)
    expect([side, verdict, reason]).toEqual([other, "unknown", "forwarded-unseen"]);
});

it("queries that are answered, none of which was ever seen to leave, leave unseen", async () => {
  const asked = [0, 1].map((n) => us(3050 + 100 * n, query({ src: CONTAINER, dst: SERVER, ipId: 500 + n, ttl: 64 })));
  const [entered, passedOn] = [
    { dst: HOST, ttl: 53, atUs: 3080 },
    { dst: CONTAINER, ttl: 52, atUs: 3090 },
  ].map(({ dst, ttl, atUs }) =>
    [0, 1].map((n) => us(atUs + 100 * n, answer({ src: SERVER, dst, ipId: 900 + n, ttl, text: `answer ${n}` }))),
  );
  const { alone, pairs } = await outcomeOf(merged(known.inside, asked, passedOn), merged(known.outside, entered));
  expect(pairs).toHaveLength(82);
  expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["unknown", "forwarded-unseen"],
    ["unknown", "forwarded-unseen"],
  ]);
});
