import { expect, it } from "vitest";
import { ms, outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, segment, SERVER, SYN } from "../../traffic.js";
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

const hidden = (address: string): string => (address === CONTAINER ? HOST : address);

/** The n-th datagram that crosses, as both sides have it. */
function crossing(atMs: number, n: number, isOut: boolean): readonly [inside: Stamped, outside: Stamped] {
  const [src, dst] = isOut ? [CONTAINER, SERVER] : [SERVER, CONTAINER];
  const of = { srcPort: isOut ? 9 : 4000, dstPort: isOut ? 4000 : 9, ipId: 500 + n, text: `word ${n}` };
  const near = datagram({ ...of, src, dst, ttl: isOut ? 64 : 52 });
  const far = datagram({ ...of, src: hidden(src), dst: hidden(dst), ttl: isOut ? 63 : 53 });
  return [ms(atMs + (isOut ? 0 : 0.02), near), ms(atMs + (isOut ? 0.02 : 0), far)];
}

const KNOCK = {
  src: OTHER,
  dst: "198.51.100.7",
  srcPort: 40_000,
  dstPort: 443,
  seq: 1000,
  ack: 0,
  flags: SYN,
  ttl: 64,
};

/** What becomes of two SYNs of another container's that never come out, before anything outbound does: beside them, datagrams come in, and then leave from so many milliseconds on. */
async function knocking(leavingMs: number) {
  const lost = [ms(100, segment({ ...KNOCK, ipId: 70 })), ms(1100, segment({ ...KNOCK, ipId: 71 }))];
  const crossed = Array.from({ length: 60 }, (_, n) => crossing(10 + 50 * n, n, 10 + 50 * n >= leavingMs));
  crossed.push(crossing(6000, 99, false));
  const inside = merged(
    crossed.map(([near]) => near),
    lost,
  );
  const { alone, updates, findings } = await outcomeOf(
    inside,
    crossed.map(([, far]) => far),
  );
  return {
    reasons: alone.map(({ verdict, reason }) => `${verdict} ${reason}`),
    updates: updates.map(({ verdict, reason, impact }) => `${verdict} ${reason} ${impact}`),
    late: updates.map(({ frame }) => frame),
    dropped: findings.find(({ code }) => code === "dropped")?.frames.inside,
  };
}

it("what was lost before anything left is dropped once something does", async () => {
  const { reasons, updates, late, dropped } = await knocking(2500);
  expect(reasons).toEqual(["unknown one-way", "unknown one-way"]);
  expect(updates).toEqual(["dropped no-twin lost", "dropped no-twin lost"]);
  expect(dropped).toEqual(late);
});

it("what was lost stays unknown where nothing ever leaves", async () => {
  const { reasons, updates, dropped } = await knocking(Number.POSITIVE_INFINITY);
  expect([reasons.length, updates, dropped]).toEqual([2, [], undefined]);
});
