import { expect, it } from "vitest";
import type { Judgement } from "../../../../src/packets/results/results.js";
import { SIDE_NAMES } from "../../../../src/packets/sides.js";
import { ms, type Outcome, outcomeOf, type Stamped } from "../../outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, OTHER, SERVER, type Sides } from "../../traffic.js";
import { from, to, data, query, echo, reply, knock, sides, opened, known, type Sent } from "../sent.js";

it("what comes out after the window, and never came in, may be what was dropped, held up", async () => {
  const lost = query(1020, "who is it?", true);
  const late: Stamped = ms(4020, lost.packet(false));
  const { inside, outside } = sides([query(1000, "first"), lost]);
  const all = [merged(known.inside, inside), merged(known.outside, outside, [late])] as const;
  const { alone, updates, findings } = await outcomeOf(...all);
  expect(alone.map(({ side, verdict, reason }) => [side, verdict, reason])).toEqual([
    ["inside", "dropped", "no-twin"],
    ["outside", "unknown", "like-untimely"],
  ]);
  expect(updates).toMatchObject([{ verdict: "unknown", reason: "like-untimely" }]);
  expect(findings.map(({ code }) => code)).not.toContain("dropped");
});

const windowOf = (side: string, { reason, why }: Judgement) => `${side} ${reason} ${/--window/.test(why)}`;

/** What is said of those without a twin, and of what else came out late; and whether that names what would tell. */
async function saidWith(sent: readonly Sent[], late: Stamped, isInbound: boolean): Promise<string[]> {
  const { inside, outside } = sides(sent);
  const lateIn = merged(known.inside, inside, isInbound ? [late] : []);
  const lateOut = merged(known.outside, outside, isInbound ? [] : [late]);
  const { alone, updates } = await outcomeOf(lateIn, lateOut);
  return [
    ...alone.map(({ side, ...each }) => windowOf(side, each)),
    ...updates.map(({ side, ...each }) => windowOf(SIDE_NAMES[side], each)),
  ];
}

const nameless = (isInside: boolean) =>
  datagram({ ...to(isInside), srcPort: 6000, dstPort: 7004, ipId: 0, text: "hello" });

it("so may what was unknown, or answered meanwhile: both say so, and what would tell", async () => {
  const stranger = knock(1020, "hello");
  expect(await saidWith([stranger], ms(2540, stranger.packet(true)), true)).toEqual([
    "outside no-answer false",
    "inside like-untimely true",
    "outside like-untimely true",
  ]);
  const held = echo(2000, 2, true);
  expect(await saidWith([echo(1000, 1), held, reply(3110, 2)], ms(3100, held.packet(false)), false)).toEqual([
    "inside no-twin false",
    "outside like-untimely true",
    "inside like-untimely true",
  ]);
  // without an ID, what it carries tells it, but where the same was said before: another one that says that is as likely
  const once: Sent = { atMs: 1020, isLost: true, isInbound: true, packet: nameless };
  expect(await saidWith([once], ms(2540, nameless(true)), true)).toEqual([
    "outside no-answer false",
    "inside like-untimely true",
    "outside like-untimely true",
  ]);
  const again: Sent[] = [
    { ...once, isLost: false },
    { ...once, atMs: 2900 },
  ];
  expect(await saidWith(again, ms(8900, nameless(true)), true)).toEqual([
    "outside no-twin false",
    "inside never-entered false",
  ]);
});

/** What is said last of the frames of a side that have no twin, by frame. */
function lastSaid({ alone, updates }: Outcome, side: string): Map<number, string> {
  const late = updates.map((each) => ({ ...each, side: SIDE_NAMES[each.side] }));
  const all = [...alone, ...late].filter((each) => each.side === side);
  return new Map(all.map(({ frame, verdict, reason }) => [frame, `${verdict} ${reason}`]));
}

/** What a neighbour of the container sends from the same port, which has another one outside. */
const nextDoor = (isInside: boolean, text: string, ipId = 0) =>
  datagram({
    ...from(isInside),
    ...(isInside && { src: OTHER }),
    srcPort: isInside ? 7000 : 7001,
    dstPort: 53,
    ipId,
    text,
  });

/** What is said last of what the container sends, which does not come out, while `more` crosses and `late` comes out: both translations are known by then. */
async function saidBeside(text: string, ipId: number, late: readonly Stamped[], more: readonly Sent[] = []) {
  const lost: Sent = {
    atMs: 2000,
    isLost: true,
    packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId, text }),
  };
  const byNeighbour: Sent = { atMs: 1100, packet: (isInside) => nextDoor(isInside, "second", 8000) };
  const { inside, outside } = sides([query(1000, "first"), byNeighbour, lost, ...more]);
  const all = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside, late));
  return [...lastSaid(all, "inside").values(), ...lastSaid(all, "outside").values()];
}

it("so may what came out by another conversation's port: the host may have forgotten both", async () => {
  const isIt = ["unknown like-untimely", "unknown like-untimely"];
  expect(await saidBeside("third", 77, [ms(2300, nextDoor(false, "third", 77))])).toEqual(isIt);
  // behind the window as well, where nothing else says the same
  expect(await saidBeside("third", 77, [ms(3300, nextDoor(false, "third", 77))])).toEqual(isIt);
  // without an ID as well, where others said the same
  expect(await saidBeside("second", 0, [ms(2300, nextDoor(false, "second"))])).toEqual(isIt);
  // but not where that is the neighbour's own
  const own: Sent = { atMs: 2300, packet: (isInside) => nextDoor(isInside, "third") };
  expect(await saidBeside("third", 0, [], [own])).toEqual(["dropped no-twin"]);
});

const tick = (isInside: boolean) =>
  datagram({ ...from(isInside), srcPort: 7000, dstPort: 5001, ipId: 0, text: "beat" });
const isKept = ({ atMs }: Sent): boolean => atMs >= 12_000 && atMs < 14_800;
/** Those of some that pass while the link is not dead. */
const passed = (all: readonly Stamped[]) => all.filter(({ ns }) => ns < 11_900e6 || ns > 14_800e6);

it("so may equal ones without an ID that a router kept: more come out at once than entered just before", async () => {
  const sent = Array.from({ length: 40 }, (_, k): Sent => ({ atMs: 1000 + 500 * k, packet: tick }));
  const { inside, outside } = sides(sent.map((each) => ({ ...each, isLost: isKept(each) })));
  const released = sent.filter(isKept).map((_, k): Stamped => ms(14_801 + 0.01 * k, tick(false)));
  const { alone, updates } = await outcomeOf(
    merged(passed(known.inside), inside),
    merged(passed(known.outside), outside, released),
  );
  const entered = alone.filter(({ side }) => side === "inside");
  const said = new Map([...entered, ...updates].map(({ frame, reason }) => [frame, reason]));
  expect([...said.values()]).toEqual(["like-untimely", "like-untimely", "like-untimely", "like-untimely"]);
});

it("so may each of several equal ones of a flow that was not known yet, where fewer came out late", async () => {
  const sent = [1000, 2000, 3000].map((atMs): Sent => ({ atMs, isLost: true, packet: tick }));
  const { inside } = sides(sent);
  const next = sides([
    {
      ...query(4200, "another"),
      packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 5001, ipId: 9, text: "another" }),
    },
  ]);
  const late = [4500, 4510].map((atMs) => ms(atMs, tick(false)));
  const all = await outcomeOf(merged(known.inside, inside, next.inside), merged(known.outside, next.outside, late));
  expect(new Set(lastSaid(all, "inside").values())).toEqual(new Set(["unknown like-untimely"]));
  expect(lastSaid(all, "inside").size).toBe(3);
});

/** Segments of one flow that came out late: when each entered, and all that came out. */
function heldUp(heldMs: number): Sides {
  const sent = Array.from({ length: 10 }, (_, k) => data(2000 + 50 * k, 1005 + 8 * k, "01234567", { isLost: true }));
  const late = sent.map(({ atMs, packet }) => ms(atMs + heldMs, packet(false)));
  const { inside, outside } = sides([...opened, ...sent]);
  return { inside, outside: merged(outside, late) };
}

const piece = (atMs: number, seq: number, text: string, ack: number) =>
  ms(atMs, data(0, seq, text, { ack }).packet(false));

it("so may a segment that was cut behind the NAT, or of which a part came out; not one with other bytes, or of another time", async () => {
  const whole = data(2000, 1005, "0123456789abcdef", { isLost: true });
  const other = data(2010, 1021, "ghijklmn", { isLost: true });
  const { inside, outside } = sides([...opened, whole, other]);
  const saidOf = async (late: readonly Stamped[]) => [
    ...lastSaid(await outcomeOf(merged(known.inside, inside), merged(known.outside, outside, late)), "inside").values(),
  ];
  expect(await saidOf([piece(4000, 1005, "01234567", 5000), piece(4001, 1013, "89abcdef", 5000)])).toEqual([
    "unknown like-untimely",
    "dropped no-twin",
  ]);
  expect(await saidOf([piece(4000, 1013, "89abcdef", 5004)])).toEqual(["dropped no-twin", "dropped no-twin"]);
});

it("what entered just before the end may wait still where others did for as long, and none behind it came out", async () => {
  const short = conversation(60, { everyUs: 100_000, srcPort: 50_000, seed: 7 });
  const saidOf = async (held: Sides, last: readonly Sent[]) => {
    const { inside, outside } = sides(last);
    const all = await outcomeOf(
      merged(short.inside, held.inside, inside),
      merged(short.outside, held.outside, outside),
    );
    return [...lastSaid(all, "inside").values()].slice(-1);
  };
  const lost = query(4600, "who is it?", true);
  expect(await saidOf(heldUp(3000), [lost])).toEqual(["unknown may-be-held-up"]);
  expect(await saidOf(heldUp(3000), [lost, query(4650, "and who else?")])).toEqual(["dropped no-twin"]);
  // none of those waited for as long
  expect(await saidOf(heldUp(1100), [lost])).toEqual(["dropped no-twin"]);
});

it("so may what was resent or covered since, or entered just before its capture ended", async () => {
  const lost = data(1020, 1005, "0123456789", { isLost: true });
  const late: Stamped = ms(4020, lost.packet(false));
  for (const then of [data(1200, 1005, "0123456789"), data(3000, 1005, "0123456789")]) {
    const { inside, outside } = sides([...opened, lost, then]);
    const { updates } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside, [late]));
    expect(updates.at(-1)).toMatchObject({ verdict: "unknown", reason: "like-untimely", before: { impact: "resent" } });
  }
  const { inside, outside } = sides([...opened, lost]);
  const short = merged(known.inside, inside).filter(({ ns }) => ns <= 1.02e9);
  const { updates } = await outcomeOf(short, merged(known.outside, outside, [late]));
  expect(updates).toMatchObject([{ verdict: "unknown", reason: "like-untimely", before: { impact: "unknown" } }]);
});

it("nothing is known of a drop whose copy may have got through: held up, past the end of the other capture, or where that is silent", async () => {
  const lost = data(1050, 1005, "0123456789", { isLost: true });
  const again = data(1300, 1005, "0123456789", { isLost: true });
  const { inside, outside } = sides([...opened, lost, again]);
  const late: Stamped = ms(4250, again.packet(false));
  const held = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside, [late]));
  expect(held.updates.map(({ verdict, impact, reason }) => [verdict, impact, reason])).toEqual([
    ["unknown", undefined, "like-untimely"],
    ["dropped", "unknown", "no-twin"],
  ]);
  // the outside misses nothing that enters there
  const all = conversation(40, { srcPort: 51_000, seed: 9 });
  const ended = merged(known.outside, outside, all.outside).filter(({ ns }) => ns < 1.2e9);
  const last = data(1190, 900, "", { isLost: true });
  const behindIt = sides([query(1100, "what crosses behind it")]);
  const cut = await outcomeOf(
    merged(known.inside, inside, all.inside, behindIt.inside),
    merged(ended, behindIt.outside, [ms(1190, last.packet(false))]),
  );
  expect(cut.updates.map(({ verdict, impact }) => [verdict, impact])).toEqual([["dropped", "unknown"]]);
});

it("what entered more than the window after its like had left was not dropped, if a clock was set", async () => {
  const lost = query(4020, "who is it?", true);
  const { inside, outside } = sides([query(1000, "first"), lost]);
  const early = ms(2020, lost.packet(false));
  const { alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside, [early]));
  expect(alone.map(({ side, verdict, reason }) => [side, verdict, reason])).toEqual([
    ["outside", "unknown", "never-entered"],
    ["inside", "unknown", "like-untimely"],
  ]);
});

it.each([
  [1.05, "unknown"],
  [6.05, undefined],
])("what a router kept for its neighbour is not dropped, though it has no IP ID: %d s", async (heldS, verdict) => {
  const [entered, left] = [true, false].map((isInside) =>
    datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "what it says again and again" }),
  );
  const { inside, outside } = sides([query(1000, "first")]);
  const { updates } = await outcomeOf(
    merged(known.inside, inside, [ms(1050, entered), ms(3000, entered)]),
    merged(known.outside, outside, [ms(1050.02, left), ms(3000 + 1000 * heldS, left)]),
  );
  expect(updates.find(({ side }) => side === 0)?.verdict).toBe(verdict);
});

const behind = (packets: readonly Stamped[], byMs: number) =>
  packets.map(({ ns, packet }) => ({ ns: ns - byMs * 1e6, packet }));
const beats = (src: string, ttl: number) =>
  Array.from({ length: 10 }, (_, n) =>
    ms(
      15_000 + 20 * n + (64 - ttl) / 10,
      datagram({ src, dst: SERVER, srcPort: 7, dstPort: 7, ipId: 0, ttl, text: "beat" }),
    ),
  );

it("nor were those of a flow not known yet, where a clock was set while nothing else crossed", async () => {
  const [before, after] = [1, 2].map((seed) =>
    conversation(200, { startUs: (seed - 1) * 18e6, seed, everyUs: 10_000 }),
  );
  const { alone, undecided } = await outcomeOf(
    merged(before.inside, beats(CONTAINER, 64), after.inside),
    merged(before.outside, behind([...beats(HOST, 63), ...after.outside], 370)),
  );
  expect(alone).toEqual([]);
  expect(undecided.flatMap(({ inside }) => inside)).toHaveLength(10);
});
