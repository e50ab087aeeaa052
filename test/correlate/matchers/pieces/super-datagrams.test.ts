import { expect, it } from "vitest";
import { filler, ipv4, udp } from "../../../support/packets.js";
import { ms, outcomeOf, type Stamped } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER } from "../../traffic.js";

const SIZE = 1200;

interface Shape {
  /** How many bytes the whole has. */
  readonly bytes?: number;
  readonly atMs?: number;
  readonly seed?: number;
  readonly id?: number;
  readonly isInside: boolean;
}

const sent = (payload: Uint8Array, id: number, { isInside }: Shape): Uint8Array => {
  const src = isInside ? CONTAINER : HOST;
  return ipv4({ src, dst: SERVER, id, ttl: isInside ? 64 : 63 }, udp({ srcPort: 4433, dstPort: 443, payload }));
};

/** A datagram of several pieces, as the host handles it … */
function whole(of: Shape): Stamped[] {
  const { bytes = 3 * SIZE + 500, atMs = 10, seed = 1, id = 700 } = of;
  return [ms(atMs + (of.isInside ? 0 : 0.03), sent(filler(bytes, seed), id, of))];
}

/** … and the pieces. */
function pieces(of: Shape): Stamped[] {
  const { bytes = 3 * SIZE + 500, atMs = 10, seed = 1, id = 700 } = of;
  const payload = filler(bytes, seed);
  return Array.from({ length: Math.ceil(bytes / SIZE) }, (_, n) => {
    const piece = sent(payload.subarray(n * SIZE, (n + 1) * SIZE), id === 0 ? 0 : id + n, of);
    return ms(atMs + (of.isInside ? 0 : 0.03) + 0.001 * n, piece);
  });
}

const known = (isInside: boolean): Stamped[] =>
  [0, 1, 2, 3].flatMap((n) => whole({ bytes: 200, atMs: n, seed: 50 + n, id: 600 + n, isInside }));

/** Single datagrams, which teach the flow and what it takes; then what is given. */
async function behindKnown(inside: readonly Stamped[], outside: readonly Stamped[]) {
  const outcome = await outcomeOf([...known(true), ...inside], [...known(false), ...outside], {
    clock: { kind: "none" },
  });
  return {
    outcome,
    pairs: outcome.pairs.slice(4).map(({ frames }) => frames.map((side) => side.map((frame) => frame - 4))),
  };
}

it.each([700, 0])("is paired with the single ones it is on the other side, either way, with IP ID %i", async (id) => {
  const cut = await behindKnown(whole({ id, isInside: true }), pieces({ id, isInside: false }));
  expect(cut.pairs).toEqual([[[1], [1, 2, 3, 4]]]);
  expect(cut.outcome.pairs[4]).toMatchObject({ by: "coverage", latencyNs: 30_000 });
  const merged = await behindKnown(pieces({ id, isInside: true }), whole({ id, isInside: false }));
  expect(merged.pairs).toEqual([[[1, 2, 3, 4], [1]]]);
});

const keeping = (all: readonly Stamped[], kept?: number): Stamped[] => all.map((each) => ({ ...each, kept }));

it("was not dropped where its pieces came out, though nothing else tells its flow, and too little of them was kept", async () => {
  const talk = conversation(200);
  const { alone } = await outcomeOf(
    merged(talk.inside, keeping(whole({ id: 0, isInside: true }), 200)),
    merged(talk.outside, keeping(pieces({ id: 0, isInside: false }), 200)),
    { clock: { kind: "none" } },
  );
  expect(alone.filter(({ side }) => side === "inside")).toMatchObject([
    { verdict: "unknown", reason: "may-be-pieces" },
  ]);
});

it.each([
  ["one of its pieces is missing", (all: Stamped[]) => all.toSpliced(1, 1)],
  ["the last piece is missing", (all: Stamped[]) => all.slice(0, -1)],
  ["its pieces have other IP IDs", () => pieces({ id: 800, isInside: false })],
  ["its pieces begin otherwise", () => pieces({ seed: 9, isInside: false })],
  ["its pieces come before it", () => pieces({ atMs: 9, isInside: false })],
])("is not paired where %s", async (_, change) => {
  const { pairs } = await behindKnown(whole({ isInside: true }), change(pieces({ isInside: false })));
  expect(pairs).toEqual([]);
});

it("is not paired where another one that begins alike may be the whole", async () => {
  const two = [...whole({ id: 0, isInside: true }), ...whole({ id: 0, atMs: 10.001, isInside: true })];
  const { outcome, pairs } = await behindKnown(two, pieces({ id: 0, atMs: 10.002, isInside: false }));
  expect(pairs).toEqual([]);
  expect(outcome.undecided).toMatchObject([{ inside: [5, 6], outside: [5, 6, 7, 8] }]);
});

/** Two datagrams of two pieces each, which left at one time, and who said something later. */
function mingled(kept?: number): [inside: Stamped[], outside: Stamped[]] {
  const bytes = 2 * SIZE;
  const [ones, others] = [1, 2].map((seed) => pieces({ bytes, seed, id: 0, isInside: false }));
  const left = [ones[0], others[0], ones[1], others[1]].map(({ packet }) => ms(10.03, packet));
  const wholes = [1, 2].flatMap((seed) => whole({ bytes, seed, id: 0, isInside: true }));
  const later = { bytes: 200, atMs: 3000, seed: 90, id: 800 };
  return [
    [...keeping(wholes, kept), ...whole({ ...later, isInside: true })],
    [...keeping(left, kept), ...whole({ ...later, isInside: false })],
  ];
}

it("is known by what the pieces carry where stamps do not tell whose they are", async () => {
  const { pairs } = await behindKnown(...mingled());
  expect(pairs).toEqual([
    [[1], [1, 3]],
    [[2], [2, 4]],
    [[3], [5]],
  ]);
});

it("is left where neither tells, as too little was kept", async () => {
  const { outcome, pairs } = await behindKnown(...mingled(200));
  expect(pairs).toEqual([[[3], [5]]]);
  const reasons = outcome.alone.filter(({ side }) => side === "inside").map(({ reason }) => reason);
  expect(reasons).toEqual(["may-be-pieces", "may-be-pieces"]);
});

/** Datagrams of one size that come in at once; what becomes of them there is one of all but those in these places. */
function mergedWithout(lost: readonly number[], count: number, id: number, seeds?: readonly number[]) {
  const payloads = Array.from({ length: count }, (_, n) => filler(SIZE, seeds?.[n] ?? n + 1));
  const inside = { isInside: true };
  const entered = payloads.map((payload, n) => ms(10 + 0.001 * n, sent(payload, id === 0 ? 0 : id + n, inside)));
  const left = Buffer.concat(payloads.filter((_, n) => !lost.includes(n)));
  return { entered, left: ms(10.03, sent(left, id, { isInside: false })) };
}

/** What becomes of those, where one of their flow crosses three seconds later. */
async function becoming(entered: readonly Stamped[], left: readonly Stamped[]) {
  const later = { bytes: 200, atMs: 3000, seed: 90, id: 1800 };
  const [inside, outside] = [true, false].map((isInside) => whole({ ...later, isInside }));
  const { outcome, pairs } = await behindKnown([...entered, ...inside], [...left, ...outside]);
  const alone = outcome.alone.map(({ side, frame, verdict }) => [side, frame - 4, verdict]);
  return { outcome, pairs: pairs.slice(0, -1), alone };
}

it.each([
  [[2], 700],
  [[2], 0],
  [[4], 0],
  [[1, 2], 0],
  [[1, 3], 700],
])("is of those that carry what it does, where %j of five were lost before they were merged", async (lost, id) => {
  const { entered, left } = mergedWithout(lost, 5, id);
  const { pairs, alone } = await becoming(entered, [left]);
  expect(pairs).toEqual([[[1, 2, 3, 4, 5].filter((n) => !lost.includes(n - 1)), [1]]]);
  expect(alone).toEqual(lost.map((n) => ["inside", n + 1, "dropped"]));
});

it("is ambiguous where one of two that carry the same was lost", async () => {
  const { entered, left } = mergedWithout([2], 4, 0, [1, 2, 2, 3]);
  const { outcome, pairs } = await becoming(entered, [left]);
  expect(pairs).toEqual([]);
  expect(outcome.undecided).toMatchObject([{ inside: [5, 6, 7, 8], outside: [5] }]);
});

it("does not show which was lost before they were merged, where too little of them was kept", async () => {
  const { entered, left } = mergedWithout([2], 5, 700);
  const cut = keeping([...entered, left], 200);
  const { pairs, alone } = await becoming(cut.slice(0, 5), cut.slice(5));
  expect(pairs).toEqual([]);
  expect(alone.filter(([, , verdict]) => verdict !== "unknown")).toEqual([]);
});

it.each([700, 0])(
  "is known by the numbers of its pieces, or as nothing else is near, where too little was kept: %i",
  async (id) => {
    const cut = await behindKnown(
      keeping(whole({ id, isInside: true }), 200),
      keeping(pieces({ id, isInside: false }), 200),
    );
    expect(cut.pairs).toEqual([[[1], [1, 2, 3, 4]]]);
  },
);

it.each([700, 0])("was not dropped where all but its first piece came out, with IP ID %i", async (id) => {
  const left = pieces({ id, isInside: false }).slice(1);
  const { pairs, alone } = await becoming(whole({ id, isInside: true }), left);
  expect(pairs).toEqual([]);
  expect(alone.filter(([side]) => side === "inside")).toEqual([["inside", 1, "unknown"]]);
});

it("may be what has the pieces that entered, of which the capture missed the first one", async () => {
  const { entered, left } = mergedWithout([], 4, 0);
  const { pairs, alone } = await becoming(entered.slice(1), [left]);
  expect(pairs).toEqual([]);
  expect(alone.filter(([side]) => side === "inside").map(([, , verdict]) => verdict)).toEqual(Array(3).fill("unknown"));
});

it.each([700, 0])("shows the translation by what it carries where nothing else does, with IP ID %i", async (id) => {
  const talk = conversation(200);
  const { pairs } = await outcomeOf(
    merged(talk.inside, whole({ id, isInside: true })),
    merged(talk.outside, pieces({ id, isInside: false })),
    { clock: { kind: "none" } },
  );
  expect(pairs.filter(({ by }) => by === "coverage")).toMatchObject([{ latencyNs: 30_000 }]);
});
