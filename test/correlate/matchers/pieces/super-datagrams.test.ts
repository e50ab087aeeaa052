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

it("was not dropped where its pieces came out, though nothing else tells its flow", async () => {
  const talk = conversation(200);
  const { alone } = await outcomeOf(
    merged(talk.inside, whole({ id: 0, isInside: true })),
    merged(talk.outside, pieces({ id: 0, isInside: false })),
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

it("is left where stamps do not tell whose a piece is", async () => {
  const bytes = 2 * SIZE;
  const [ones, others] = [1, 2].map((seed) => pieces({ bytes, seed, id: 0, isInside: false }));
  const mingled = [ones[0], others[0], ones[1], others[1]].map(({ packet }) => ms(10.03, packet));
  const wholes = [1, 2].flatMap((seed) => whole({ bytes, seed, id: 0, isInside: true }));
  const later = { bytes: 200, atMs: 3000, seed: 90, id: 800 };
  const inside = [...wholes, ...whole({ ...later, isInside: true })];
  const { outcome, pairs } = await behindKnown(inside, [...mingled, ...whole({ ...later, isInside: false })]);
  expect(pairs).toEqual([[[3], [5]]]);
  const reasons = outcome.alone.filter(({ side }) => side === "inside").map(({ reason }) => reason);
  expect(reasons).toEqual(["may-be-pieces", "may-be-pieces"]);
});
