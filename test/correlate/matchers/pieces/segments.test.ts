import { describe, expect, it } from "vitest";
import { ipv4, tcp } from "../../../support/packets.js";
import { type Outcome, outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER } from "../../traffic.js";

const MSS = 1448;
const KNOWN_FRAMES = 40;
/** Teaches the translation, and that packets take 20 µs. */
const known = conversation(KNOWN_FRAMES);
const FROM = 7_000_000;

interface Segment {
  readonly from: number;
  readonly count?: number;
  /** Bytes of the last piece. */
  readonly last?: number;
  readonly id?: number;
}

/** Outbound: `count` full pieces from the `from`-th on, in one segment, as it enters or leaves. */
function segment(side: "inside" | "outside", atUs: number, { from, count = 1, last = MSS, id = 0 }: Segment): Stamped {
  const header = side === "inside" ? { src: CONTAINER, dst: SERVER, ttl: 64 } : { src: HOST, dst: SERVER, ttl: 63 };
  const payload = new Uint8Array((count - 1) * MSS + last);
  const numbers = { srcPort: 40_000, dstPort: 80, seq: FROM + from * MSS, ack: 9_000_000 };
  return us(atUs, ipv4({ ...header, id, df: true }, tcp({ ...numbers, payload })));
}

/** An acknowledgement of the server's, as it enters and as it leaves. */
function acknowledged(atUs: number, pieces: number): readonly [inside: Stamped, outside: Stamped] {
  const numbers = { srcPort: 80, dstPort: 40_000, seq: 9_000_000, ack: FROM + pieces * MSS };
  const packet = (dst: string, ttl: number) =>
    ipv4({ src: SERVER, dst, ttl, id: 5000 + pieces, df: true }, tcp({ ...numbers, payload: new Uint8Array() }));
  return [us(atUs + 10, packet(CONTAINER, 52)), us(atUs, packet(HOST, 53))];
}

/** Some pieces of a segment that enters at a time, as they leave, with IP IDs that count from its own. */
const pieces = (atUs: number, which: readonly number[], id = 0): Stamped[] =>
  which.map((k) => segment("outside", atUs + 20 + k, { from: k, id: id === 0 ? 0 : id + k }));

/** Coverage's pairs behind the known conversation: their frames, and what is missing. */
const covered = ({ pairs }: Outcome) =>
  pairs
    .filter(({ by }) => by === "coverage")
    .map(({ frames, missing = [] }) => ({
      frames: frames.map((of) => of.map((frame) => frame - KNOWN_FRAMES)),
      missing: missing.map(({ seq, ...rest }) => ({ piece: (seq - FROM) / MSS, ...rest })),
    }));

const outcome = (inside: readonly Stamped[], outside: readonly Stamped[]) =>
  outcomeOf(merged(known.inside, inside), merged(known.outside, outside));

describe.each([
  ["with IP IDs", 300],
  ["without", 0],
])("a segment that loses pieces behind the cut, %s", (_, id) => {
  const whole = segment("inside", 10_000, { from: 0, count: 5, id });

  it("is paired with those that left", async () => {
    const found = await outcome([whole], pieces(10_000, [0, 1, 4], id));
    expect(covered(found)).toEqual([{ frames: [[1], [1, 2, 3]], missing: [{ piece: 2, length: 2 * MSS }] }]);
    expect(found.alone).toEqual([]);
    expect(found.findings).toContainEqual(
      expect.objectContaining({
        code: "missing-pieces",
        count: 1,
        frames: { inside: [KNOWN_FRAMES + 1], outside: [] },
      }),
    );
  });

  it("at its beginning and its end", async () => {
    const found = await outcome([whole], pieces(10_000, [1, 2, 3], id));
    expect(covered(found)[0].missing).toEqual([
      { piece: 0, length: MSS },
      { piece: 4, length: MSS },
    ]);
  });

  it("leaves what is sent again to a pair of its own, and says that it got through", async () => {
    const again = { from: 2, id: id === 0 ? 0 : 900 };
    const found = await outcome(
      [whole, segment("inside", 60_000, again)],
      [...pieces(10_000, [0, 1, 3, 4], id), segment("outside", 60_020, again)],
    );
    expect(covered(found)).toEqual([
      {
        frames: [[1], [1, 2, 3, 4]],
        missing: [{ piece: 2, length: MSS, impact: "resent", byFrame: KNOWN_FRAMES + 2 }],
      },
    ]);
    expect(found.twins).toContainEqual([KNOWN_FRAMES + 2, KNOWN_FRAMES + 5]);
    expect(found.findings.map(({ code }) => code)).not.toContain("retransmissions");
  });

  it("says that a later acknowledgement covers it", async () => {
    const [inside, outside] = acknowledged(50_000, 5);
    const found = await outcome([whole, inside], [...pieces(10_000, [0, 1, 2, 4], id), outside]);
    expect(covered(found)[0].missing).toEqual([{ piece: 3, length: MSS, impact: "covered" }]);
  });

  it("does not take the pieces of what is sent again later, and inside has missed", async () => {
    const found = await outcome([whole], pieces(55_000, [0, 1, 3], id === 0 ? 0 : 900));
    expect(covered(found)).toEqual([]);
    expect(found.verdicts("inside")).toEqual([[KNOWN_FRAMES + 1, expect.stringMatching(/dropped|unknown/)]]);
  });

  it("does not take pieces of different sizes", async () => {
    const odd = segment("outside", 10_023, { from: 3, last: 700, id: id === 0 ? 0 : id + 3 });
    expect(covered(await outcome([whole], [...pieces(10_000, [0, 1], id), odd]))).not.toContainEqual(
      expect.objectContaining({ frames: [[1], [1, 2, 3]] }),
    );
  });

  it("does not take pieces that another like it may have become", async () => {
    const other = segment("inside", 10_004, { from: 0, count: 5, id });
    expect(covered(await outcome([whole, other], pieces(10_004, [0, 1, 3, 4], id)))).toEqual([]);
  });
});

it("a segment lost no pieces that may come out behind its window", async () => {
  const growing = [1, 2, 3, 4].map((n) => ({ from: 20 + n, id: 600 + n, tookUs: 150_000 * n }));
  const entered = growing.map((each, n) => segment("inside", 10_000 + n, each));
  const left = growing.map((each, n) => segment("outside", 10_000 + n + each.tookUs, each));
  const late = segment("inside", 10_010, { from: 0, count: 5, id: 300 });
  const some = (which: readonly number[]) => outcome([...entered, late], [...left, ...pieces(650_000, which, 300)]);
  const found = await some([0, 1]);
  expect(found.pairs).toHaveLength(KNOWN_FRAMES + 4);
  expect(found.findings.map(({ code }) => code)).not.toContain("missing-pieces");
  // a queue does not reorder
  expect(covered(await some([0, 1, 4]))).toMatchObject([{ missing: [{ piece: 2, length: 2 * MSS }] }]);
});

it("a segment that a helper changed on its way lost nothing", async () => {
  const enters = segment("inside", 10_000, { from: 0, count: 3, id: 300 });
  const long = segment("inside", 9000, { from: 20, count: 5, id: 200 });
  const cut = [0, 1, 2, 3, 4].map((k) => segment("outside", 9020 + k, { from: 20 + k, id: 200 + k }));
  // ten bytes shorter, as it is or cut
  const whole = segment("outside", 10_020, { from: 0, count: 3, last: MSS - 10, id: 300 });
  const inPieces = [...pieces(10_000, [0, 1], 300), segment("outside", 10_022, { from: 2, last: MSS - 10, id: 302 })];
  for (const leaves of [[whole], inPieces]) {
    const found = await outcome([long, enters], [...cut, ...leaves]);
    expect(covered(found).map(({ missing }) => missing)).toEqual([[]]);
  }
});

describe("a segment's only piece that left", () => {
  it("is told by its IP ID", async () => {
    const whole = segment("inside", 10_000, { from: 0, count: 3, last: 500, id: 300 });
    const last = segment("outside", 10_022, { from: 2, last: 500, id: 302 });
    const found = await outcome([whole], [last]);
    expect(covered(found)).toEqual([{ frames: [[1], [1]], missing: [{ piece: 0, length: 2 * MSS }] }]);
  });

  it("is not where its IP ID tells of no even cut", async () => {
    const whole = segment("inside", 10_000, { from: 0, count: 3, last: 500, id: 300 });
    const last = segment("outside", 10_022, { from: 2, last: 500, id: 303 });
    expect(covered(await outcome([whole], [last]))).toEqual([]);
  });

  it("is not without one: one that is sent again would look the same", async () => {
    const found = await outcome([segment("inside", 10_000, { from: 0, count: 3 })], pieces(10_000, [1]));
    expect(covered(found)).toEqual([]);
    const verdicts = found.alone.map(({ side, verdict }) => [side, verdict]);
    expect(verdicts).toEqual([
      ["inside", "unknown"],
      ["outside", "unknown"],
    ]);
  });
});

it("a piece that is there, and may be another segment's twin, is not missing", async () => {
  // two segments that are the same as the piece: nothing tells which of them became it, if not a piece of the first
  const whole = segment("inside", 10_000, { from: 0, count: 4 });
  const same = [10_030, 10_031].map((atUs) => segment("inside", atUs, { from: 2 }));
  const found = await outcome(
    [whole, ...same],
    [...pieces(10_000, [0, 1, 3]), segment("outside", 10_040, { from: 2 })],
  );
  expect(covered(found)).toEqual([]);
});

it("a segment is found by its pieces however much passed in between, where others before it left as they entered", async () => {
  const between = conversation(3000, { startUs: 30_000, everyUs: 10, srcPort: 50_000, seed: 3 });
  const long = { from: 0, count: 3, id: 300 };
  const whole = { from: 3, count: 5, id: 310 };
  const found = await outcome(
    merged([segment("inside", 10_000, long), segment("inside", 29_000, whole)], between.inside),
    merged(
      [
        segment("outside", 10_020, long),
        ...[3, 4, 5, 6, 7].map((k) => segment("outside", 69_000 + k, { from: k, id: 307 + k })),
      ],
      between.outside,
    ),
  );
  expect(covered(found)).toEqual([{ frames: [[2], [3002, 3003, 3004, 3005, 3006]], missing: [] }]);
  expect(found.alone).toEqual([]);
});

it("segments are those of a new connection that has the ports of one before, by another outside port", async () => {
  const port = 5990;
  /** A packet of the new connection, which takes 20 µs outbound and 10 µs inbound. */
  const both = (atUs: number, isOutbound: boolean, numbers: object, bytes = 0): [Stamped, Stamped] => {
    const seen = (isInside: boolean) => {
      const near = isInside ? CONTAINER : HOST;
      const nearPort = isInside ? 40_000 : port;
      const [ends, ports] = isOutbound
        ? [
            { src: near, dst: SERVER },
            { srcPort: nearPort, dstPort: 80 },
          ]
        : [
            { src: SERVER, dst: near },
            { srcPort: 80, dstPort: nearPort },
          ];
      const ttl = (isOutbound ? 64 : 53) - (isInside === isOutbound ? 0 : 1);
      return ipv4({ ...ends, ttl, id: 0, df: true }, tcp({ ...ports, ...numbers, payload: new Uint8Array(bytes) }));
    };
    return [us(atUs + (isOutbound ? 0 : 10), seen(true)), us(atUs + (isOutbound ? 20 : 0), seen(false))];
  };
  const [SEQ, ACK] = [50_000_000, 60_000_000];
  const [syn] = both(1_200_000, true, { seq: SEQ - 1, ack: 0, flags: 0x02 });
  // it takes so long that the answer to it tells more of the translation
  const [, synLeft] = both(1_200_180, true, { seq: SEQ - 1, ack: 0, flags: 0x02 });
  const accepted = both(1_210_000, false, { seq: ACK - 1, ack: SEQ, flags: 0x12 });
  const begun = both(1_210_100, true, { seq: SEQ, ack: ACK });
  const sent = [0, 1, 2].map((n) => {
    const [atUs, seq] = [1_210_200 + 10_000 * n, SEQ + 3 * n * MSS];
    const [whole] = both(atUs, true, { seq, ack: ACK }, 3 * MSS);
    const cut = [0, 1, 2].map((k) => both(atUs + k, true, { seq: seq + k * MSS, ack: ACK }, MSS)[1]);
    const answer = both(atUs + 5000, false, { seq: ACK, ack: seq + 3 * MSS });
    return { inside: [whole, answer[0]], outside: [...cut, answer[1]] };
  });
  const found = await outcome(
    [syn, accepted[0], begun[0], ...sent.flatMap(({ inside }) => inside)],
    [synLeft, accepted[1], begun[1], ...sent.flatMap(({ outside }) => outside)],
  );
  expect(covered(found)).toHaveLength(3);
  expect(found.alone).toEqual([]);
});

it("a segment that waited in a queue for longer than its sender is paired with its pieces, not one of them with what that sent again", async () => {
  const count = 64;
  const waited = Array.from({ length: count }, (_, n) => ({ from: n - count, id: 700 + n }));
  // the second time, the queue ends as soon as that is sent
  for (const leftUs of [290_000, 230_020]) {
    const found = await outcome(
      [
        ...waited.map((each, n) => segment("inside", 29_900 + n, each)),
        segment("inside", 30_000, { from: 0, count: 5 }),
        segment("inside", 230_000, { from: 0 }),
      ],
      [
        ...waited.map((each, n) => segment("outside", leftUs + n, each)),
        ...[0, 1, 2, 3, 4].map((k) => segment("outside", leftUs + 100 + k, { from: k })),
        segment("outside", leftUs + 20_000, { from: 0 }),
      ],
    );
    const [whole, first] = [count + 1, count + 1];
    expect(covered(found)).toEqual([
      { frames: [[whole], [first, first + 1, first + 2, first + 3, first + 4]], missing: [] },
    ]);
    expect(found.alone).toEqual([]);
  }
});
