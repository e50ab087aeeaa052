import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../support/runs.js";
import type { ClockOption } from "../../src/correlate/correlate.js";
import { ms, outcomeOf, type Stamped, us } from "./outcome.js";
import {
  CONTAINER,
  conversation,
  datagram,
  HOST,
  inStep,
  merged,
  OTHER,
  ping,
  segment,
  SERVER,
  type Sides,
  SYN,
} from "./traffic.js";

const known = conversation(20);

const between = (src: string, dst: string, ipId: number, ttl = 64, text = "x") =>
  datagram({ src, dst, srcPort: 7, dstPort: 7, ipId, ttl, text });

/** What a host says and is told, the same again and again, from so many milliseconds on. */
const said = (host: string, isInside: boolean, startMs: number, firstId = 0, text = "x"): Stamped[] =>
  Array.from({ length: 8 }, (_, n) => [
    us(1000 * (startMs + 500 * n), between(host, SERVER, firstId + 100 + n, isInside ? 64 : 63, text)),
    us(1000 * (startMs + 500 * n + 10), between(SERVER, host, firstId + 200 + n, isInside ? 60 : 61, text)),
  ]).flat();

const own = (src: string, dst: string, ipId: number) =>
  datagram({ src, dst, srcPort: 123, dstPort: 123, ipId, ttl: 64, text: "time" });

const mdns = (src: string) =>
  datagram({ src, dst: "224.0.0.251", srcPort: 5353, dstPort: 5353, ipId: 4711, ttl: 255, text: "who is there?" });

const ssdp = (src: string) =>
  datagram({ src, dst: "239.255.255.250", srcPort: 1900, dstPort: 1900, ipId: 4712, ttl: 2, text: "M-SEARCH" });

/** A query that nobody answers. */
const lost = (atUs: number, ipId: number): Stamped =>
  us(atUs, datagram({ src: CONTAINER, dst: SERVER, srcPort: 5000, dstPort: 53, ipId, ttl: 64, text: `lost ${ipId}` }));

/** Questions of a container's, half a second apart, to somebody whom another interface leads to, and the answers. */
const asked = (count: number): Stamped[] =>
  Array.from({ length: count }, (_, n) => {
    const [near, far] = [CONTAINER, "198.51.100.9"];
    const query = { src: near, srcPort: 7000, dst: far, dstPort: 5000, ttl: 64, ipId: 1000 + n, text: `query ${n}` };
    const answer = { src: far, srcPort: 5000, dst: near, dstPort: 7000, ttl: 52, ipId: 3000 + n, text: `answer ${n}` };
    return [us(500_000 * n, datagram(query)), us(500_000 * n + 20_000, datagram(answer))];
  }).flat();

/** One that looks like a neighbour of the containers. */
const BEYOND = "172.17.9.9";

const metric = (src: string, dst: string, n: number) =>
  datagram({ src, dst, srcPort: 8125, dstPort: 8125, ipId: 0, ttl: 64, text: `metric ${n}` });

/** What is said of packets inside, beside what is known. */
async function saidInside(inside: readonly Stamped[], outside: readonly Stamped[]): Promise<string[]> {
  const { alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  return alone.filter(({ side }) => side === "inside").map(({ verdict, reason }) => `${verdict} ${reason}`);
}

/** What a host sends every 10 ms. */
const sent = (ttl: number, src: string, srcPort = 5000): Stamped[] =>
  Array.from({ length: 40 }, (_, n) => {
    const text = `${n} of ${srcPort}`;
    return us(10_000 * n, datagram({ src, dst: SERVER, srcPort, dstPort: 9999, ipId: srcPort + n, ttl, text }));
  });

/** Whether one of those leaves of which the last ones are held up, but for one of them. */
const isButOneHeld = (n: number): boolean => n < 35 || n === 38;

/** What is said of packets without a twin, once each. */
async function saidBy(inside: readonly Stamped[], outside: readonly Stamped[], clock: ClockOption): Promise<string[]> {
  const { alone } = await outcomeOf(inside, outside, { clock });
  return [...new Set(alone.map(({ verdict, reason }) => `${verdict} ${reason}`))];
}

/** The verdicts about two captures nine seconds apart, in whose IP IDs this is the difference, by what is said outside; inside it is "x". */
async function ofNineSecondsApart(ids: number, text: string): Promise<Set<string>> {
  const { alone } = await outcomeOf(said(CONTAINER, true, 0), said(HOST, false, 9000, ids, text), {
    clock: { kind: "auto" },
  });
  return new Set(alone.map(({ verdict }) => verdict));
}

/** The packets of a conversation that went inbound. */
const inbound = (all: readonly Stamped[]): Stamped[] => all.filter((_, n) => n % 2 === 1);

describe("verdicts", () => {
  it("a packet of a known flow that does not come out was dropped, whichever side it should have come out on", async () => {
    const { inside, outside } = conversation(40);
    // frames 7 (outbound) and 10 (inbound) get no further
    const outcome = await outcomeOf(
      inside.filter((_, at) => at !== 9),
      outside.filter((_, at) => at !== 6),
    );
    expect(outcome.pairs).toHaveLength(38);
    expect(outcome.verdicts("inside")).toEqual([[7, "dropped"]]);
    expect(outcome.verdicts("outside")).toEqual([[9, "dropped"]]);
    expect(outcome.alone.map(({ why }) => why)).toEqual(expect.arrayContaining([expect.stringContaining("outside")]));
    expect(outcome.flows).toEqual([expect.objectContaining({ pairs: 38, insideOnly: 1, outsideOnly: 1 })]);
  });

  it("a container's first packet that never comes out was dropped, too", async () => {
    const lost = datagram({ src: OTHER, dst: SERVER, srcPort: 9999, dstPort: 53, ipId: 31_000, ttl: 64, text: "?" });
    const outcome = await outcomeOf(merged(known.inside, [us(777, lost)]), known.outside);
    expect(outcome.alone).toEqual([expect.objectContaining({ side: "inside", frame: 9, verdict: "dropped" })]);
  });

  it("container to container is local", async () => {
    const outcome = await outcomeOf(
      merged(known.inside, [us(775, between(CONTAINER, OTHER, 1)), us(776, between(OTHER, CONTAINER, 2))]),
      known.outside,
    );
    expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["local", "local"]);
  });

  it("but not where packets between the two pass outside, nor where one like it left there", async () => {
    const both = [us(775, metric(CONTAINER, BEYOND, 1)), us(900, metric(BEYOND, CONTAINER, 2))];
    expect(await saidInside(both, [])).toEqual(Array(2).fill("local same-link"));
    expect(await saidInside(both, [us(780, metric(CONTAINER, BEYOND, 3))])).toEqual(
      Array(2).fill("unknown forwarded-unseen"),
    );
    // however many others wait between
    const others = Array.from({ length: 100 }, (_, n) => us(776 + n / 100, own(HOST, "10.0.2.3", n)));
    expect(await saidInside(both, [...others, us(780, metric(CONTAINER, BEYOND, 3))])).toEqual(
      Array(2).fill("unknown forwarded-unseen"),
    );
    expect(await saidInside([both[1]], [us(890, metric(BEYOND, CONTAINER, 4))])).toEqual(["unknown forwarded-unseen"]);
    // an answer to whom the host stands for with its own address inside
    const answer = us(775, metric(CONTAINER, "172.17.0.1", 5));
    expect(await saidInside([answer], [])).toEqual(["local same-link"]);
    expect(await saidInside([answer], [us(800, metric(HOST, SERVER, 5))])).toEqual(["unknown like-untimely"]);
  });

  it("what is like a packet within its window is told with it, and by no update", async () => {
    const inside = [us(775, metric(CONTAINER, BEYOND, 1))];
    const outside = [us(780, metric(CONTAINER, BEYOND, 3)), us(825, metric("10.0.2.77", SERVER, 1))];
    const { alone, updates } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
    const like = alone.filter(({ reason }) => reason === "like-untimely");
    expect(like.map(({ side, why }) => `${side}: ${why}`)).toEqual([
      "inside: frame 11 of outside is like it and has no twin: it may be this one, by a translation that nothing else shows",
      "outside: it may be frame 9 of inside, which is like it, 50 µs sooner",
    ]);
    expect(updates).toEqual([]);
  });

  it("the host's own traffic on the uplink is local", async () => {
    const outcome = await outcomeOf(
      known.inside,
      merged(known.outside, [us(775, own(HOST, "10.0.2.3", 1)), us(777, own("10.0.2.3", HOST, 2))]),
    );
    expect(outcome.alone.map(({ side, verdict }) => [side, verdict])).toEqual([
      ["outside", "local"],
      ["outside", "local"],
    ]);
  });

  it("multicast that a host sends on both interfaces is local on each, and no pair", async () => {
    const outcome = await outcomeOf(
      merged(known.inside, [us(775, mdns("172.17.0.1")), us(776, ssdp("172.17.0.1"))]),
      merged(known.outside, [us(775, mdns(HOST)), us(776, ssdp(HOST))]),
    );
    expect(outcome.pairs).toHaveLength(20);
    expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["local", "local", "local", "local"]);
  });

  it("what goes to the broadcast address of the NAT's network is local, unless somebody answers from there", async () => {
    const all = "10.0.2.255";
    const beside = (...outside: readonly Stamped[]) =>
      outcomeOf(merged(known.inside, [us(775, between(CONTAINER, all, 1))]), merged(known.outside, outside));
    const { alone } = await beside(us(776, between("10.0.2.2", all, 2)), us(777, between(HOST, all, 3)));
    expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(Array(3).fill("local broadcast"));
    const answered = await beside(us(776, between("10.0.2.2", all, 2)), us(777, between(all, "10.0.2.2", 4)));
    expect(answered.alone.filter(({ side }) => side === "outside").map(({ verdict }) => verdict)).toEqual([
      "unknown",
      "unknown",
    ]);
  });

  it("what the other capture was not yet, or no longer, running for has no overlap", async () => {
    const { inside, outside } = conversation(40, { everyUs: 1_100_000 });
    const outcome = await outcomeOf(inside, outside.slice(10, 30));
    expect(outcome.twins).toEqual(inStep(20).map(([i, o]) => [i + 10, o]));
    // the answers prove that outside was not captured then, but one alone it may have missed; they come too late to tell of the first behind its end
    const unproved = outcome.alone.filter(({ verdict }) => verdict === "unknown");
    expect(unproved.map(({ frame, reason }) => [frame, reason])).toEqual([
      [1, "not-begun"],
      [31, "ended"],
      [32, "ended"],
      [33, "ended"],
    ]);
    expect(outcome.alone.filter(({ verdict }) => verdict === "no-overlap")).toHaveLength(16);
  });

  it("has none, as is told later, where what proves that crosses later", async () => {
    const before = conversation(10, { everyUs: 20_000 });
    const other = conversation(300, { startUs: 500_000, everyUs: 5000, srcPort: 41_000, seed: 3 });
    const behind = conversation(40, { startUs: 3_000_000, everyUs: 20_000, seed: 5 });
    const inside = merged(merged(before.inside, other.inside), behind.inside);
    const { alone, updates } = await outcomeOf(inside, merged(other.outside, behind.outside));
    const early = before.inside.map((_, at) => at + 1);
    expect(alone.map(({ frame, verdict, reason }) => [frame, verdict, reason])).toEqual(
      early.map((frame) => [frame, "unknown", "not-begun"]),
    );
    expect(updates.map(({ frame, verdict, reason }) => [frame, verdict, reason])).toEqual(
      early.map((frame) => [frame, "no-overlap", "not-begun"]),
    );
  });

  it("but one packet that crossed it may have missed, and clocks that only one direction binds may stand anywhere", async () => {
    const { inside, outside } = conversation(400, { everyUs: 20_000 });
    const one = { kind: "none" } as const;
    expect(await saidBy(inside.slice(1), outside, one)).toEqual(["unknown not-begun"]);
    expect(await saidBy(inside.slice(3), outside, one)).toContain("no-overlap not-begun");
    const cut = inbound(outside).slice(0, 150);
    expect(await saidBy(inbound(inside), cut, one)).toContain("no-overlap ended");
    expect(await saidBy(inbound(inside), cut, { kind: "auto" })).toEqual(["unknown ended"]);
  });

  it("what takes an interface that is not captured may have done so before the other capture's first frame as well", async () => {
    const { inside, outside } = conversation(40, { everyUs: 100_000, startUs: 6_000_000 });
    const before = async (theirs: Stamped[]) => {
      const { alone, updates, summary } = await outcomeOf(merged(inside, theirs), outside);
      const said = alone.filter(({ verdict }) => verdict === "no-overlap").map(({ frame }) => frame);
      const told = updates.map(({ frame, verdict, reason, before }) => [frame, before.verdict, verdict, reason]);
      return { said, told, left: summary.verdicts[0].get("no-overlap") ?? 0 };
    };
    // those a window and more before the first frame outside
    const early = Array.from({ length: 21 }, (_, n) => n + 1);
    expect(await before(asked(20))).toEqual({
      said: early,
      told: early.map((frame) => [frame, "no-overlap", "unknown", "not-begun"]),
      left: 0,
    });
    // what simply passed before that stays what it is
    expect(await before(asked(8))).toMatchObject({ told: [], left: 16 });
  });

  it("what nothing proves to have crossed before the other capture's first frame, or behind its last one, may have been dropped", async () => {
    const { inside, outside } = conversation(40, { everyUs: 20_000, startUs: 3_000_000 });
    const tried = [1, 2, 3].map((n) => lost(900_000 * n, n));
    const outage = Array.from({ length: 40 }, (_, n) => lost(5_000_000 + 200_000 * n, 100 + n));
    const { alone } = await outcomeOf(merged(merged(tried, inside), outage), outside);
    expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([
      ...Array(3).fill("unknown not-begun"),
      ...Array(40).fill("unknown ended"),
    ]);
  });

  it("has overlap, as far as is known, where captures overlap by their stamps and nothing crossed: clocks may be apart", async () => {
    const { alone, pairs } = await outcomeOf(said(CONTAINER, true, 0), said(HOST, false, 2300), {
      clock: { kind: "auto" },
    });
    expect(pairs).toEqual([]);
    expect(alone.filter(({ verdict }) => verdict === "no-overlap")).toEqual([]);
  });

  it("has none where captures are apart by their stamps, unless packets of one may be those of the other: then clocks may be apart", async () => {
    expect(await ofNineSecondsApart(1000, "y")).toContain("no-overlap");
    expect(await ofNineSecondsApart(0, "x")).toEqual(new Set(["unknown"]));
    // a router may give packets IDs of its own
    expect(await ofNineSecondsApart(1000, "x")).toEqual(new Set(["unknown"]));
  });

  it("what entered before the other capture began may have come out later, as long as it is not known what packets take", async () => {
    const { inside, outside } = conversation(40, { everyUs: 150_000 });
    const { alone } = await outcomeOf(inside, outside.slice(10));
    // the outbound ones entered inside, within a second before the outside began; the others had entered outside before that
    expect(alone.map(({ frame, verdict }) => [frame, verdict])).toEqual(
      Array.from({ length: 10 }, (_, n) => [n + 1, n % 2 === 0 && n > 3 ? "unknown" : "no-overlap"]),
    );
    expect(new Set(alone.map(({ reason }) => reason))).toEqual(new Set(["not-begun", "capture-edge"]));
  });

  it("what a capture's end finds waiting may still come out: it was only dropped where one that entered behind it came out", async () => {
    const { inside, outside } = conversation(80, { everyUs: 5000 });
    const answers = { inside: inbound(inside), outside: inbound(outside) };
    const first = us(375_000, between(OTHER, SERVER, 31_000));
    const entered = merged(sent(64, CONTAINER), answers.inside, [first]);
    const ofThose = async (hasLeft: (n: number) => boolean, beside: Sides = { inside: [], outside: [] }) => {
      const left = sent(63, HOST).filter((_, n) => hasLeft(n));
      const { alone } = await outcomeOf(merged(entered, beside.inside), merged(left, answers.outside, beside.outside));
      return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await ofThose((n) => n < 35)).toEqual(Array(6).fill("unknown capture-edge"));
    expect(await ofThose(isButOneHeld)).toEqual([...Array(4).fill("dropped no-twin"), "unknown capture-edge"]);
    // where others are overtaken, these may be as well
    const overtaken = {
      inside: sent(64, CONTAINER, 6000).slice(0, 20),
      outside: sent(63, HOST, 6000)
        .slice(0, 20)
        .map(({ ns, packet }) => ({ ns: ns + 60_000_000, packet })),
    };
    expect(await ofThose(isButOneHeld, overtaken)).toEqual(Array(5).fill("unknown capture-edge"));
  });

  it("an empty capture tells nothing", async () => {
    const outcome = await outcomeOf(known.inside, []);
    expect(outcome.alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      Array(20).fill("unknown no-frames"),
    );
    expect(await outcomeOf([], [])).toMatchObject({ pairs: [], alone: [], flows: [] });
  });

  it("twins further apart than the window are none", async () => {
    const late = known.outside.map(({ ns, packet }) => ({ ns: ns + 30_000_000, packet }));
    const narrow = await outcomeOf(known.inside, late, { windowNs: 20_000_000, clock: { kind: "none" } });
    expect(narrow.pairs).toEqual([]);
    expect(narrow.alone).toHaveLength(40);
    const outbound = known.inside.filter((_, at) => at % 2 === 0);
    const lateOutbound = late.filter((_, at) => at % 2 === 0);
    const wide = await outcomeOf(outbound, lateOutbound, { windowNs: 40_000_000, clock: { kind: "none" } });
    expect(wide.twins).toEqual(inStep(10));
  });
});

const syn = (src: string, seq: number, ttl: number, ipId: number) =>
  segment({ src, dst: SERVER, srcPort: 40_000, dstPort: 80, seq, ack: 0, flags: SYN, ttl, ipId });

describe("captures that have nothing to do with each other give no pair", () => {
  const seqs = fc.integer({ min: 1, max: 5 });
  const ipIds = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff }));
  const gaps = fc.integer({ min: 1, max: 1_500_000 });

  it("pings of the same server with the same seqs, once a second", async () => {
    const starts = fc.integer({ min: -400_000, max: 400_000 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        starts,
        async (a, b, start) => {
          // IP IDs of one sender count up; those of two senders are in step by chance only
          fc.pre(a !== b && Math.abs(start) > 1000);
          const inside: Stamped[] = [];
          const outside: Stamped[] = [];
          for (let seq = 1; seq <= 8; seq++) {
            const of = { dst: SERVER, seq, icmpId: 1 };
            inside.push(us(1_000_000 * seq, ping({ ...of, src: CONTAINER, ipId: a + 40 * seq, ttl: 64 })));
            outside.push(us(1_000_000 * seq + start, ping({ ...of, src: "192.168.1.7", ipId: b + 40 * seq, ttl: 63 })));
          }
          const { pairs } = await outcomeOf(inside, outside);
          expect(pairs).toEqual([]);
        },
      ),
      { numRuns: runs(15) },
    );
  });

  it("pings without IP IDs, a hop further away and a little later", async () => {
    const pings = fc.array(seqs, { minLength: 1, maxLength: 20, size: "max" });
    const lateMs = fc.integer({ min: 40, max: 200 });
    const clock = fc.constantFrom({ kind: "none" } as const, { kind: "auto" } as const);
    await fc.assert(
      fc.asyncProperty(pings, lateMs, clock, async (list, late, clock) => {
        const capture = (src: string, ttl: number, startMs: number) =>
          list.map((seq, n) => ms(500 * n + startMs, ping({ src, dst: SERVER, icmpId: 77, seq, ipId: 0, ttl })));
        const { pairs } = await outcomeOf(capture(CONTAINER, 64, 0), capture("192.168.1.7", 63, late), { clock });
        expect(pairs).toEqual([]);
      }),
      { numRuns: runs(25) },
    );
  });

  it("heartbeats and lookups of the same bytes from elsewhere", async () => {
    const beats = fc.array(fc.record({ ipId: ipIds, gap: gaps }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(beats, beats, async (a, b) => {
        const capture = (list: typeof a, src: string, isOdd: boolean) => {
          let at = 0;
          return list.map(({ ipId, gap }) => {
            at += gap;
            // the two senders' IDs never meet
            const ownId = ipId === 0 ? 0 : isOdd ? ipId | 1 : Math.max(2, ipId & ~1);
            return us(
              at,
              datagram({ src, dst: "8.8.8.8", srcPort: 5000, dstPort: 53, ipId: ownId, ttl: 64, text: "same" }),
            );
          });
        };
        const { pairs } = await outcomeOf(capture(a, CONTAINER, true), capture(b, "192.168.1.7", false));
        expect(pairs).toEqual([]);
      }),
      { numRuns: runs(40) },
    );
  });

  it("connections of the same client software to the same server", async () => {
    const inside = Array.from({ length: 50 }, (_, n) => ms(20 * n, syn(CONTAINER, 1000 + 2 * n, 64, n + 1)));
    const outside = Array.from({ length: 50 }, (_, n) => ms(20 * n + 0.02, syn(HOST, 1001 + 2 * n, 63, n + 1)));
    expect((await outcomeOf(inside, outside)).pairs).toEqual([]);
  });
});
