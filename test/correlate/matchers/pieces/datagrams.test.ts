import * as fc from "fast-check";
import { runs } from "../../../support/runs.js";
import { describe, expect, it } from "vitest";
import { filler, fragmentHeader, fragments, ipv4, ipv6, transport, udp } from "../../../support/packets.js";
import { type Outcome, outcomeOf, type Stamped, us } from "../../outcome.js";
import { conversation, HOST, merged, SERVER } from "../../traffic.js";

/** A datagram of a container, as it is seen on both sides. */
interface Sent {
  readonly atUs: number;
  /** How much later it is seen outside. */
  readonly afterUs: number;
  readonly container: number;
  readonly ipId: number;
  readonly isIpv6: boolean;
  readonly payload: Uint8Array;
  /** Whether the host forwards fragments as they are: one that puts IPv6 datagrams together gives them an identification of its own. */
  readonly isKept?: boolean;
  /** Bytes of a fragment on each side, headers included; 0 for whole. */
  readonly mtu: readonly [number, number];
}

const MTU = 1500;

/** The fragments that a datagram is in on a side, or the datagram. */
function cut(of: Sent, isInside: boolean): Uint8Array[] {
  const { container, ipId, isIpv6, payload } = of;
  const mtu = of.mtu[isInside ? 0 : 1];
  // other containers have other ports: a NAT keeps those
  const carried = udp({ srcPort: 5000 + container, dstPort: 5000, payload });
  if (!isIpv6) {
    const src = isInside ? `172.17.0.${2 + container}` : HOST;
    const whole = ipv4({ src, dst: SERVER, id: ipId, ttl: isInside ? 64 : 63 }, carried);
    return mtu === 0 ? [whole] : fragments(whole, mtu);
  }
  const ends = { src: isInside ? `fd00:17::${2 + container}` : "fd00:2::15", dst: "2001:db8::11" };
  const whole = ipv6({ ...ends, hopLimit: isInside ? 64 : 63 }, carried);
  if (mtu === 0) return [whole];
  const bytes = whole.subarray(40);
  const room = Math.floor((mtu - 48) / 8) * 8;
  return Array.from({ length: Math.ceil(bytes.length / room) }, (_, n) => {
    const offset = n * room;
    const id = isInside || of.isKept === true ? ipId : ipId + 70_000;
    const header = fragmentHeader({ offset, more: offset + room < bytes.length, id });
    const hopLimit = isInside ? 64 : 63;
    return ipv6({ ...ends, hopLimit, extensions: [header] }, transport(17, bytes.subarray(offset, offset + room)));
  });
}

/** Enough that is ordinary for the captures to be known as related. */
const known = conversation(60);
const KNOWN_FRAMES = 60;

interface Seen {
  readonly outcome: Outcome;
  /** Which datagram each frame is of, by frame number. */
  readonly inside: readonly number[];
  readonly outside: readonly number[];
}

async function correlated(
  sent: readonly Sent[],
  kept = Infinity,
  isLost = (_of: Sent, _n: number) => false,
): Promise<Seen> {
  const sides = [true, false].map((isInside) =>
    sent
      .flatMap((of, n) =>
        cut(of, isInside)
          .map((packet, k) => ({ n, k, packet, atUs: of.atUs + (isInside ? 0 : of.afterUs) + k }))
          .filter(({ k }) => isInside || !isLost(of, k)),
      )
      .sort((a, b) => a.atUs - b.atUs),
  );
  const stamped = (side: (typeof sides)[0]): Stamped[] =>
    side.map(({ atUs, packet }) => ({ ns: 1000 * atUs, packet, kept }));
  const outcome = await outcomeOf(merged(known.inside, stamped(sides[0])), merged(known.outside, stamped(sides[1])));
  const before: number[] = Array(KNOWN_FRAMES + 1).fill(-1);
  const [inside, outside] = sides.map((side) => before.concat(side.map(({ n }) => n)));
  return { outcome, inside, outside };
}

/** Pairs by fragments, as the datagrams that the frames of both sides are of. */
function paired({ outcome, inside, outside }: Seen): [readonly number[], readonly number[]][] {
  return outcome.pairs
    .filter(({ by }) => by === "fragments")
    .map(({ frames }) => [frames[0].map((frame) => inside[frame]), frames[1].map((frame) => outside[frame])]);
}

function expectNoneWrong(seen: Seen): void {
  for (const [of, twins] of paired(seen)) expect(new Set([...of, ...twins]).size).toBe(1);
}

const START_US = 100_000;
const usual = { afterUs: 20, container: 0, ipId: 707, isIpv6: false, mtu: [0, MTU] } as const;

/** A datagram that is whole inside and in fragments outside, at so many microseconds, of a content of its own. */
function one(atUs: number, seed: number, size = 2000): Sent {
  return { ...usual, atUs: START_US + atUs, payload: filler(size, seed) };
}

/** A datagram that has its IP ID, and what all but its first fragment carries, in common with another container's. */
function clashing(n: number, container: number): Sent {
  const payload = filler(2000, n);
  payload[0] = container;
  return { ...one(5000 * n + container, n), container, ipId: 707 + n, mtu: [MTU, MTU], payload };
}

/** An IPv6 datagram in fragments that the host forwards as they are; the third one and those behind it carry the same. */
function forwarded(n: number): Sent {
  const cuts = { isIpv6: true, isKept: true, mtu: [MTU, MTU] } as const;
  return { ...usual, ...cuts, ipId: 707 + n, atUs: START_US + 300 * n, payload: filler(2000, Math.min(n, 2)) };
}

/** Of four of those, what a side shows: of the last two, one was missed inside and the other outside. */
function forwardedTo(isInside: boolean): Stamped[] {
  return [0, 1, isInside ? 2 : 3].map(forwarded).flatMap((sent) => {
    const atUs = sent.atUs + (isInside ? 0 : sent.afterUs);
    return cut(sent, isInside).map((packet) => us(atUs, packet));
  });
}

describe("datagrams cut differently", () => {
  it("over IPv6 are told apart by content, however they overtake each other", async () => {
    const sent = Array.from({ length: 100 }, (_, n) => ({
      ...usual,
      atUs: START_US + 10 * n,
      afterUs: 20 + ((n * 37) % 60),
      isIpv6: true,
      payload: filler(2000, n),
    }));
    const seen = await correlated(sent);
    expectNoneWrong(seen);
    expect(paired(seen)).toHaveLength(100);
  });

  it("over IPv6 have no identification in common that is another one", async () => {
    const mtu = [MTU, MTU] as const;
    const { outcome } = await correlated([{ ...usual, mtu, atUs: START_US, isIpv6: true, payload: filler(2000, 1) }]);
    expect(outcome.pairs.find(({ by }) => by === "fragments")?.evidence).toEqual(["length", "payload"]);
  });

  it("over IPv6 are no twins by other identifications where the host forwards fragments as they are", async () => {
    const outcome = await outcomeOf(merged(known.inside, forwardedTo(true)), merged(known.outside, forwardedTo(false)));
    expect(outcome.pairs.filter(({ by }) => by === "fragments")).toHaveLength(2);
  });

  it("over IPv4 are told apart by content where their identifications are the same", async () => {
    const sent = Array.from({ length: 200 }, (_, n) => ({
      ...usual,
      atUs: START_US + 50 * n,
      afterUs: 10 + ((n * 37) % 30),
      container: n % 3,
      ipId: 701 + (n % 2),
      payload: filler(2000, n),
    }));
    const seen = await correlated(sent);
    expectNoneWrong(seen);
    expect(paired(seen)).toHaveLength(200);
    expect(seen.outcome.pairs.find(({ by }) => by === "fragments")?.evidence).toContain("payload");
  });

  it("of which one is lost on either side are none the other's twins", async () => {
    const [of, other] = [one(0, 1), one(0, 2)];
    const { outcome } = await correlated([of], Infinity, () => true);
    expect(outcome.pairs).toHaveLength(KNOWN_FRAMES);
    const lost = { inside: cut(of, true), outside: cut(other, false) };
    const { pairs } = await outcomeOf(
      merged(
        known.inside,
        lost.inside.map((packet) => us(START_US, packet)),
      ),
      merged(
        known.outside,
        lost.outside.map((packet, k) => us(START_US + 20 + k, packet)),
      ),
    );
    expect(pairs).toHaveLength(KNOWN_FRAMES);
  });

  it("keep fragments apart that alternate under one identification", async () => {
    // outside they come from one address: first, first, last, last
    const seen = await correlated([one(0, 0), { ...one(1, 1), container: 1, afterUs: 19.5 }]);
    expectNoneWrong(seen);
    expect(paired(seen)).toHaveLength(2);
  });

  it("of one identification are no twins of fragments that may be another's, which are no copies either", async () => {
    const sent = Array.from({ length: 20 }, (_, n) => [clashing(n, 0), clashing(n, 1)]).flat();
    const all = await correlated(sent);
    expect(paired(all)).toEqual([]);
    expect([...new Set(all.outcome.alone.map(({ verdict }) => verdict))]).toEqual(["unknown"]);
    // the end of one and the beginning of the other are there
    const lossy = await correlated(sent, Infinity, ({ container }, k) => k !== container);
    expect(paired(lossy)).toEqual([]);
  });

  it("are not held up by an earlier one that lost a fragment", async () => {
    const sent = [0, 1, 2].map((n) => one(5000 * n, n, 4000));
    const seen = await correlated(sent, Infinity, (of, k) => of.atUs === START_US && k === 1);
    expectNoneWrong(seen);
    expect(paired(seen)).toEqual([
      [[1], [1, 1, 1]],
      [[2], [2, 2, 2]],
    ]);
  });
});

describe("datagrams of which a capture kept the beginning only", () => {
  it("are paired by identification and what there is of their content", async () => {
    const sent = Array.from({ length: 20 }, (_, n) => ({
      ...usual,
      atUs: START_US + 100 * n,
      ipId: 707 + (n % 2),
      payload: filler(2000, n),
    }));
    const seen = await correlated(sent, 80);
    expectNoneWrong(seen);
    expect(paired(seen)).toHaveLength(20);
    expect(seen.outcome.pairs.find(({ by }) => by === "fragments")?.evidence).not.toContain("payload");
  });

  it("are paired where there is but one, and not where there are two", async () => {
    const headersOnly = 28;
    expect(paired(await correlated([one(0, 1)], headersOnly))).toHaveLength(1);
    expect(paired(await correlated([one(0, 1), one(300, 2)], headersOnly))).toEqual([]);
  });
});

const sent = fc.record({
  atUs: fc.integer({ min: 0, max: 3000 }).map((at) => START_US + at),
  afterUs: fc.integer({ min: 5, max: 90 }),
  container: fc.nat(2),
  ipId: fc.integer({ min: 701, max: 703 }),
  isIpv6: fc.boolean(),
  payload: fc.record({ size: fc.constantFrom(2000, 2100), seed: fc.nat(100) }).map((of) => filler(of.size, of.seed)),
  mtu: fc.tuple(fc.constantFrom(0, 1500, 1400), fc.constantFrom(0, 1500, 1400)),
});

it("no datagram is paired with one of other content, whatever is lost and however they are cut", async () => {
  const some = fc.array(sent, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(some, fc.infiniteStream(fc.nat(9)), async (some, luck) => {
      const lost = new Map<string, boolean>();
      const isLost = (of: Sent, k: number): boolean => {
        const key = `${some.findIndex((each) => each === of)} ${k}`;
        const known = lost.get(key) ?? luck.next().value === 0;
        lost.set(key, known);
        return known;
      };
      const seen = await correlated(some, Infinity, isLost);
      for (const [of, twins] of paired(seen)) {
        const contents = new Set([...of, ...twins].map((n) => `${some[n].container} ${some[n].payload.join()}`));
        expect(contents.size).toBe(1);
      }
    }),
    { numRuns: runs(12) },
  );
});

const entered = (n: number, isIpv6: boolean, atUs = 10_000 + 400 * n): Sent => ({
  atUs,
  afterUs: 20,
  container: 0,
  ipId: isIpv6 ? 770 + n : 707,
  isIpv6,
  payload: filler(3000, n),
  mtu: [0, MTU],
});
const later: Sent = { ...entered(20, true), payload: filler(40), mtu: [0, 0] };

describe("a datagram that is whole where it enters is not said to be dropped", () => {
  it.each([true, false])("where a fragment of it is missing, IPv6 %s", async (isIpv6) => {
    const { outcome } = await correlated([entered(0, isIpv6), later], Infinity, (of, k) => of.ipId < 780 && k === 1);
    expect(outcome.verdicts("inside").map(([, verdict]) => verdict)).toEqual(["unknown"]);
    expect(outcome.alone.map(({ reason }) => reason)).toContain("may-be-fragments");
  });

  it.each([true, false])("where too little of several was kept to tell them apart, IPv6 %s", async (isIpv6) => {
    const all = [0, 1, 2].map((n) => entered(n, isIpv6, 10_000 + n));
    const { outcome } = await correlated([...all, later], 52);
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("dropped");
  });

  it("but where nothing of it came out", async () => {
    const { outcome } = await correlated([entered(0, false), later], Infinity, (of) => of.ipId === 707);
    expect(outcome.verdicts("inside").map(([, verdict]) => verdict)).toEqual(["dropped"]);
  });

  it.each([true, false])("but where nothing of it came out, in fragments as well, IPv6 %s", async (isIpv6) => {
    const inFragments: Sent = { ...entered(0, isIpv6), mtu: [MTU, MTU] };
    const said = async (lost: readonly number[]) => {
      const { outcome } = await correlated(
        [inFragments, later],
        Infinity,
        (of, k) => of.ipId < 780 && lost.includes(k),
      );
      return outcome.alone
        .filter(({ side }) => side === "inside")
        .map(({ verdict, reason, impact }) => `${verdict} ${reason} ${impact}`);
    };
    expect(await said([0, 1, 2])).toEqual(Array(3).fill("dropped no-twin unknown"));
    expect(await said([1])).toEqual(Array(3).fill("unknown may-be-fragments undefined"));
  });

  it("nor where what came out of it is stamped a little before it entered", async () => {
    const early: Sent = { ...entered(0, false), afterUs: -5, mtu: [MTU, MTU] };
    const { outcome } = await correlated([early, later], Infinity, (of, k) => of.ipId === 707 && k < 2);
    expect(outcome.alone.map(({ side, verdict }) => `${side} ${verdict}`)).toEqual([
      "outside unknown",
      ...Array(3).fill("inside unknown"),
    ]);
  });

  it("nor where one of its fragments is missing there", async () => {
    const pieces = cut({ ...entered(0, false), mtu: [MTU, MTU] }, true).slice(1);
    const inside = pieces.map((packet, k) => us(3000 + k, packet));
    const { alone } = await outcomeOf(merged(known.inside, inside), known.outside);
    expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(Array(2).fill("unknown fragment"));
  });
});

/** Datagrams of one container, whole inside, whose port is another one from the fifth on; each carries its own, and has its own ID. */
const flushed = Array.from({ length: 10 }, (_, n) => ({
  ...one(2000 * n, n, 3000),
  ipId: 700 + n,
  otherPort: n < 5 ? 5000 : 6000,
}));

/** Which of them are paired, and what is not. */
const seenOfFlushed = async (isLost: (n: number, k: number) => boolean) => {
  const inside = flushed.flatMap((of) => cut(of, true).map((packet) => us(of.atUs, packet)));
  const outside = flushed.flatMap((of, n) => {
    const carried = udp({ srcPort: of.otherPort, dstPort: 5000, payload: of.payload });
    const pieces = fragments(ipv4({ src: HOST, dst: SERVER, id: of.ipId, ttl: 63 }, carried), MTU);
    return pieces.map((packet, k) => us(of.atUs + 20 + k, packet)).filter((_, k) => !isLost(n, k));
  });
  const { pairs, alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  const frames = pairs.filter(({ by }) => by === "fragments").map(({ frames: [[frame]] }) => frame - KNOWN_FRAMES);
  return { frames, alone };
};

describe("datagrams whose flow has another translation by now", () => {
  it("are paired by what they carry, once several say so", async () => {
    const { frames, alone } = await seenOfFlushed(() => false);
    expect(frames).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(alone).toEqual([]);
  });

  it("are not where one alone says so, or fragments of all are missing", async () => {
    expect((await seenOfFlushed((n) => n > 5)).frames).toEqual([1, 2, 3, 4, 5]);
    expect((await seenOfFlushed((n, k) => n > 4 && k === 1)).frames).toEqual([1, 2, 3, 4, 5]);
  });
});

it("a datagram in fragments that left and was not seen to enter shows that the other capture misses packets, and one with a like there does not", async () => {
  const crossed: Sent = { ...entered(0, false), atUs: 500, payload: filler(40), mtu: [0, 0] };
  const missed = (atUs: number): Sent => ({ ...entered(1, false), atUs, mtu: [0, MTU] });
  const at = (sent: readonly Sent[], isInside: boolean): Stamped[] =>
    sent.flatMap((of) => cut(of, isInside).map((packet, k) => us(of.atUs + (isInside ? k : of.afterUs + k), packet)));
  // an answer that entered outside at 5.1 ms is not there
  const inside = known.inside.filter((_, n) => n !== 51);
  const said = async (entering: readonly Sent[], leaving: readonly Sent[]) => {
    const all = [
      merged(inside, at([crossed, ...entering], true)),
      merged(known.outside, at([crossed, ...leaving], false)),
    ];
    const { alone } = await outcomeOf(all[0], all[1]);
    return [...new Set(alone.map(({ side, verdict, reason }) => `${side} ${verdict} ${reason}`))];
  };
  expect(await said([], [missed(3000)])).toEqual(["outside unknown never-entered", "outside unknown capture-misses"]);
  const two = [missed(3000), missed(3002)];
  expect(await said(two, two)).toEqual([
    "inside unknown may-be-fragments",
    "outside unknown fragment",
    "outside dropped no-twin",
  ]);
});
