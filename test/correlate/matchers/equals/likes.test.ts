import { expect, it } from "vitest";
import type { About } from "../../../../src/correlate/matchers/contract.js";
import { type Like, Likes } from "../../../../src/correlate/matchers/equals/likes.js";
import { INSIDE, OUTSIDE } from "../../../../src/packets/sides.js";
import { NONE } from "../../../../src/packets/tuples.js";
import { ms, outcomeOf, type Stamped } from "../../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, SERVER } from "../../traffic.js";

const LOST = 40;
const BEATS = 120;
const EVERY_MS = 3;

/** A heartbeat: always the same bytes, and no IP ID. */
function beat(src: string, ttl: number): Uint8Array {
  return datagram({ src, dst: SERVER, srcPort: 5000, dstPort: 5000, ipId: 0, ttl, text: "alive" });
}

/** Heartbeats of a container, each of which comes out after so long, in milliseconds, or never. */
function beats(takes: (n: number) => number | null, everyMs = EVERY_MS) {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (let n = 0; n < BEATS; n++) {
    const atMs = 100 + everyMs * n;
    const tookMs = takes(n);
    inside.push(ms(atMs, beat(CONTAINER, 64)));
    if (tookMs !== null) outside.push(ms(atMs + tookMs, beat(HOST, 63)));
  }
  return { inside, outside };
}

/** What a server tells a container, once more each time. */
function told(src: string, dst: string, ttl: number, n: number): Uint8Array {
  return datagram({ src, dst, srcPort: 5000, dstPort: 5000, ipId: 0, ttl, text: `what there is to tell, part ${n}` });
}

const tcp = conversation(200, { everyUs: 50, srcPort: 33_000, insideSrc: "172.17.0.9" });

/** The verdicts on packets of the inside, beside TCP that vouches for the clocks. */
async function verdicts({ inside, outside }: { inside: readonly Stamped[]; outside: readonly Stamped[] }) {
  const outcome = await outcomeOf(merged(tcp.inside, inside), merged(tcp.outside, outside));
  return outcome.alone.filter(({ side }) => side === "inside");
}

it("a heartbeat that never comes out was dropped, whatever else is like it", async () => {
  const alone = await verdicts(beats((n) => (n === LOST ? null : 0.02)));
  expect(alone.map(({ frame, verdict }) => [frame, verdict])).toEqual([[200 + LOST + 1, "dropped"]]);
});

it("one that may have come out late was not, where another like it came out then and has no twin", async () => {
  // both came out together: the first of the two was held up longer than packets are
  const all = beats((n) => (n === LOST ? EVERY_MS + 0.099 : n === LOST + 1 ? 0.1 : 0.02));
  expect(await verdicts(all)).toEqual([]);
});

/** Rows 1 and 2 are inside, rows 3 and 4 outside, all alike, so long apart; of a flow that is not known, or one by which those inside left. */
function likesOf(apartNs: number, isKnown: boolean): Likes {
  const timeline = {
    sideOf: (row: number) => (row < 3 ? INSIDE : OUTSIDE),
    bucket: () => 0,
    next: (row: number) => (row === 4 ? NONE : row + 1),
    isBefore: (a: number, b: number) => a < b,
    isOpen: () => true,
    frame: (row: number) => 10 * row,
    note: () => undefined,
    timeNs: (row: number) => apartNs * row,
  };
  const translations = { mayBecomeOneFlow: () => true, slotOf: () => (isKnown ? 7 : NONE), isLeaving: () => isKnown };
  const clock = { unboundNs: 0, slackNs: 100_000 };
  const others = { buckets: { oldest: () => 3 }, kernel: { sinceNs: () => 1 }, clock };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is asked of them
  return new Likes({ timeline, translations, ...others } as unknown as About);
}

it("so says the one that may have come out late, of the first that may be it", () => {
  const likes = likesOf(1e9, false);
  likes.note(1);
  likes.note(2);
  expect([1, 2, 3, 4].map((row) => likes.of(row)?.frame)).toEqual([30, 30, 10, undefined]);
});

/** What is said to be like a packet that entered so long after one had left, which was left undecided, or given up. */
function likeBehind(apartNs: number, isContended: boolean): Like | undefined {
  const likes = likesOf(apartNs, true);
  likes.note(2, isContended);
  return likes.of(3);
}

it("nor is one lost that entered where one like it was left undecided, by no more than the clocks may be wrong", () => {
  expect(likeBehind(150_000, true)).toMatchObject({ frame: 20, isSooner: true, isContended: true });
  expect(likeBehind(150_000, false)).toBeUndefined();
  expect(likeBehind(250_000, true)).toBeUndefined();
});

it("nor were those held up by as long as they are apart: none takes the twin of the one before it", async () => {
  const late: Record<number, number> = { [LOST]: 20.015, [LOST + 1]: 40.4, [LOST + 2]: 20.5, [LOST + 3]: 0.8 };
  const { inside, outside } = beats((n) => late[n] ?? 0.02 + 0.001 * (n % 7), 20);
  const { alone, pairs } = await outcomeOf(merged(tcp.inside, inside), merged(tcp.outside, outside));
  expect(alone).toEqual([]);
  const beating = pairs.map(({ frames: [i, o] }) => [i[0], o[0]]).filter(([frame]) => frame > 200);
  expect(beating.filter(([i, o]) => i !== o)).toEqual([]);
  expect(beating).toHaveLength(BEATS - 4);
});

it("nor was one that came out before it entered, as the clocks have it, where only packets of the other direction bind these", async () => {
  const answers = [0, 1];
  const { inside, outside } = beats(() => -0.28, 1500);
  const outcome = await outcomeOf(
    merged(
      answers.map((n) => ms(10 + n, told(SERVER, CONTAINER, 62, n))),
      inside,
    ),
    merged(
      answers.map((n) => ms(9.68 + n, told(SERVER, HOST, 63, n))),
      outside,
    ),
  );
  expect(outcome.pairs).toHaveLength(answers.length);
  // it is left open which they are
  expect(outcome.alone).toEqual([]);
  expect(outcome.undecided.map(({ inside, outside }) => [inside.length, outside.length])).toEqual(
    Array.from({ length: BEATS }, () => [1, 1]),
  );
});

it("nor was any of several that came out before they entered, as the clocks have it, be the others ambiguous or not", async () => {
  // two clocks that nothing vouches for, 1.6 ms apart: what leaves outbound seems to leave first
  const { inside, outside } = beats((n) => (n < 4 ? -1.07 : null), 1);
  const answers = Array.from({ length: 3 }, (_, n) => [
    ms(50 + 7 * n, told(SERVER, CONTAINER, 62, n)),
    ms(48 + 7 * n, told(SERVER, HOST, 63, n)),
  ]);
  const outcome = await outcomeOf(
    merged(
      answers.map(([there]) => there),
      inside.slice(0, 4),
      [ms(2000, told(SERVER, CONTAINER, 62, 9))],
    ),
    merged(
      answers.map(([, here]) => here),
      outside.slice(0, 4),
      [ms(1998, told(SERVER, HOST, 63, 9))],
    ),
  );
  expect(outcome.alone.filter(({ verdict }) => verdict === "dropped")).toEqual([]);
});
