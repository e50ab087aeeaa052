import { describe, expect, it } from "vitest";
import { NO_RULES } from "../../../src/packets/results/host-rules.js";
import { icmp, ipv4 } from "../../support/packets.js";
import { correlate } from "../../../src/correlate/correlate.js";
import { Interface, looks } from "../interface.js";
import { Outcome, outcomeOf, type Stamped, told as toldOf, us } from "../outcome.js";
import {
  CLIENT,
  CONTAINER,
  conversation,
  datagram,
  HOST,
  merged,
  OTHER,
  segment,
  SERVER,
  type Sides,
  SYN,
  SYN_ACK,
} from "../traffic.js";
import { alone, answer, asked, known, query, sent, unanswered } from "./beside.js";

const ACK = 0x10;
const FIN_ACK = 0x11;
const RST_ACK = 0x14;
const OTHER_SERVER = "198.51.100.77";

const told = (src: string, ttl: number, n = 0) => us(3070 + 10 * n, answer({ src, dst: CONTAINER, ipId: 9 + n, ttl }));

/** A query and what somebody behind a router answers: more than a capture misses by chance. */
const talk = (far: string) => [asked(far), told(far, 63), told(far, 63, 1), told(far, 63, 2)];

/** All but every 20th packet, from that one on; a capture that becomes complete before the end. */
const lacking = (packets: readonly Stamped[], from: number) => packets.filter((_, n) => n % 20 !== from || n > 350);

/** 160 packets, of which the outside capture has those from 4 ms on. */
const begunLate = () => {
  const { inside, outside } = conversation(160);
  return { inside, outside: outside.filter(({ ns }) => ns >= 4_000_000) };
};

/** A query to what looks like a neighbour. */
const asking = (atUs: number, ipId: number, ttl: number) =>
  us(atUs, query({ src: CONTAINER, dst: "172.17.4.5", ipId, ttl, text: `query ${ipId}` }));

/** A query and its twin: the outside capture has others of its service. */
const otherQuery = [
  [us(7950, query({ src: OTHER, dst: "198.51.100.9", ipId: 31_005, ttl: 64, text: "something else" }))],
  [us(7970, query({ src: HOST, dst: "198.51.100.9", ipId: 31_005, ttl: 63, text: "something else" }))],
] as const;

/** As `alone`, beside such a query. */
const besideQuery = async (inside: readonly Stamped[], outside: readonly Stamped[] = []) => {
  const outcome = await outcomeOf(
    merged(known.inside, inside, otherQuery[0]),
    merged(known.outside, outside, otherQuery[1]),
  );
  expect(outcome.pairs).toHaveLength(81);
  return outcome.alone.map(({ side, verdict, why }) => `${side} ${verdict}: ${why}`);
};

/** What a live interface gives that has come two seconds far before. */
const seen = (...parts: readonly (readonly Stamped[])[]) =>
  looks(
    merged(...parts).map(({ ns, packet }) => ({ ns: ns + 2e9, packet })),
    1e7,
    5e9,
  );

const outbound = (packets: readonly Stamped[]) => packets.filter((_, n) => n % 2 === 0);

/** 20 queries of one flow, of which the eleventh reads so. */
const queries = (src: string, ttl: number, eleventh: string) =>
  Array.from({ length: 20 }, (_, n) => {
    const text = n === 10 ? eleventh : `query ${n}`;
    return us(
      30_050 + 100 * n + (64 - ttl) * 20,
      query({ src, dst: SERVER, ipId: n === 10 ? 900 + ttl : 500 + n, ttl, text }),
    );
  });

describe("an inside conversation between neighbours, by its addresses", () => {
  const GATEWAY = "172.17.0.1";
  const fromGateway = (ttl: number) => us(3050, query({ src: GATEWAY, dst: CONTAINER, ipId: 31_000, ttl }));
  const back = us(3070, answer({ src: CONTAINER, dst: GATEWAY, ipId: 9, ttl: 64 }));

  it("is local where no router lowered a TTL", async () => {
    const why = `between ${GATEWAY} and ${CONTAINER} on inside`;
    expect((await alone([fromGateway(64), back], []))[0]).toBe(`inside local: ${why}`);
  });

  it("is local where the host alone did, and what a neighbour sent is there, too", async () => {
    const turned = us(3055, query({ src: OTHER, dst: CONTAINER, ipId: 31_000, ttl: 63 }));
    const sentOn = us(3050, query({ src: OTHER, dst: CONTAINER, ipId: 31_000, ttl: 64 }));
    const verdicts = await alone([sentOn, turned], []);
    expect(verdicts.map((text) => text.slice(0, 12))).toEqual(["inside local", "inside local"]);
  });

  it("is local before the outside capture began, as the two look, until their conversation crosses", async () => {
    const { inside, outside } = conversation(400, { everyUs: 10_000 });
    const begun = outside.filter(({ ns }) => ns >= 1.5e9);
    const early = asking(1050, 31_000, 64);
    const stays = await outcomeOf(merged(inside, [early]), begun);
    expect(stays.alone.map(({ reason }) => reason)).toContain("same-link");
    expect(stays.updates).toEqual([]);
    const late = [64, 63].map((ttl) => [1, 2, 3].map((n) => asking(2_500_000 + 100 * n + 64 - ttl, 31_000 + n, ttl)));
    const crosses = await outcomeOf(merged(inside, [early], late[0]), merged(begun, late[1]));
    const { frame } = crosses.alone.find(({ reason }) => reason === "same-link")!;
    expect(crosses.updates).toMatchObject([{ frame, verdict: "unknown", before: { verdict: "local" } }]);
  });

  it("may be forwarded where others are, as the host stands there for somebody behind it", async () => {
    const crossing = conversation(80, { startUs: 10_000, insideDst: GATEWAY, srcPort: 41_000, seed: 3 });
    const verdictOf = async (src: string) => {
      const opening = segment({
        src,
        dst: GATEWAY,
        srcPort: 9,
        dstPort: 80,
        seq: 1,
        ack: 0,
        flags: SYN,
        ipId: 1,
        ttl: 64,
      });
      const inside = merged(known.inside, [us(3050, opening)], crossing.inside);
      const { alone } = await outcomeOf(inside, merged(known.outside, crossing.outside));
      return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await verdictOf(CONTAINER)).toEqual(["unknown forwarded-unseen"]);
    expect(await verdictOf(OTHER)).toEqual(["local same-link"]);
  });

  it("is forwarded where one did: the host stands for somebody behind it", async () => {
    const rewritten =
      "is none that systems begin with (64, 128, 255): the host forwards it, with an address rewritten, or that TTL was chosen";
    expect(await alone([fromGateway(49), back], [])).toEqual([
      `inside unknown: its TTL ${rewritten}`,
      `inside unknown: the TTL of what answers it ${rewritten}`,
    ]);
  });

  it.each([1, 5, 30])("is local with a TTL of %i, which no path leaves: its sender chose it", async (ttl) => {
    expect(await alone([fromGateway(ttl), back], [])).toEqual([
      expect.stringMatching(/^inside local: between /),
      expect.stringMatching(/^inside local: between /),
    ]);
  });
});

const FAR = "198.51.100.20";
const call = (src: string, dst: string, ttl: number) =>
  us(3050 + 53 - ttl, answer({ src, dst, ipId: 31_000, ttl, text: "knock" }));

describe("an inside conversation that nothing outside belongs to", () => {
  it("is dropped where nothing answers", async () => {
    expect(await alone([asked("192.168.7.1")], [])).toEqual([
      "inside dropped: no packet like it came out on outside before that ended",
    ]);
  });

  it("is forwarded elsewhere where somebody answers from behind a router", async () => {
    const why = "both ends speak, and outside has none of it: it takes another interface";
    expect(await besideQuery(talk("192.168.7.9"))).toEqual(Array(4).fill(`inside elsewhere: ${why}`));
  });

  it("may be kept out by a filter where outside has nothing else of its service, or others to its address", async () => {
    const why =
      "no packet like it came out on outside before that ended, though both ends speak: by another interface, or as a neighbour passes it on, or a filter kept it out of outside";
    const both = [`inside unknown: ${why}`, `inside unknown: ${why}`];
    expect(await alone([asked("192.168.7.9"), told("192.168.7.9", 63)], [])).toEqual(both);
    expect(await besideQuery([asked(SERVER), told(SERVER, 53)])).toEqual(both);
  });

  it.each([
    ["outside", (of: Sides) => of],
    ["inside", ({ inside, outside }: Sides) => ({ inside: outside, outside: inside })],
  ] as const)("may be kept out by a filter that an option made of %s", async (side, turned) => {
    const reasons = async (isUnfiltered: boolean, more: readonly Stamped[]) => {
      const lacking = turned({ inside: [...more], outside: [] });
      const sources = [
        new Interface("docker0", seen(known.inside, otherQuery[0], lacking.inside)),
        new Interface("enp0s3", seen(known.outside, otherQuery[1], lacking.outside)),
      ] as const;
      sources[side === "inside" ? 0 : 1].isUnfiltered = isUnfiltered;
      const outcome = new Outcome();
      const options = { windowNs: 1e9, patienceNs: 2e8, clock: { kind: "none" }, maxPairs: 1e9 } as const;
      await correlate([sources[0]], [sources[1]], options, outcome);
      return outcome.alone.map(({ verdict, reason, why }) => `${verdict} ${reason} ${/--\w+-filter/.exec(why)?.[0]}`);
    };
    const far = "192.168.7.9";
    const calls =
      side === "outside"
        ? talk(far)
        : [
            us(3050, query({ src: HOST, dst: far, ipId: 8, ttl: 63 })),
            ...[0, 1, 2].map((n) => us(3070 + 10 * n, answer({ src: far, dst: HOST, ipId: 9 + n, ttl: 63 }))),
          ];
    const kept = `unknown may-be-filtered --${side}-filter`;
    expect(await reasons(true, calls)).toEqual(Array(4).fill("elsewhere answered-elsewhere undefined"));
    expect(await reasons(false, calls)).toEqual(Array(4).fill(kept));
    if (side === "inside") return;
    // nobody answers: dropped, unless the filter may have kept it out, as that lets others of its address and service pass
    expect(await reasons(true, [asked(far)])).toEqual(["dropped no-twin undefined"]);
    expect(await reasons(false, [asked(far)])).toEqual([kept]);
    expect(await reasons(false, [asked("198.51.100.9")])).toEqual(["dropped no-twin undefined"]);
  });

  it("may be kept out by a filter where nobody answers, if others of its service are, and others to their address cross", async () => {
    const { alone, findings } = await outcomeOf(
      merged(known.inside, [asked(SERVER), told(SERVER, 53), unanswered(3500)]),
      known.outside,
    );
    expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["unknown", "forwarded-unseen"],
      ["unknown", "forwarded-unseen"],
      ["unknown", "may-be-filtered"],
    ]);
    expect(findings).toEqual([]);
  });

  it("is not proved to be forwarded elsewhere by what was said before the outside capture began", async () => {
    const late = us(6050, query({ src: CONTAINER, dst: "192.168.7.9", ipId: 31_001, ttl: 64 }));
    const late160 = begunLate();
    const [inside, outside] = [merged(late160.inside, otherQuery[0]), merged(late160.outside, otherQuery[1])];
    const before = [asked("192.168.7.9"), told("192.168.7.9", 63)];
    const outcome = await outcomeOf(merged(inside, before, [late]), outside);
    expect(outcome.alone.at(-1)).toMatchObject({ verdict: "unknown", reason: "forwarded-unseen" });
    const answers = [1, 2, 3].map((n) =>
      us(6060 + 10 * n, answer({ src: "192.168.7.9", dst: CONTAINER, ipId: 9 + n, ttl: 63 })),
    );
    const proved = await outcomeOf(merged(inside, before, [late, ...answers]), outside);
    expect(proved.alone.slice(-4).map(({ verdict }) => verdict)).toEqual(Array(4).fill("elsewhere"));
  });

  it("is told of what was said before that was proved", async () => {
    const long = conversation(400, { everyUs: 10_000 });
    const said = [0, 1].flatMap((n) => [
      us(3000 + 3e6 * n, query({ src: CONTAINER, dst: "192.168.7.9", ipId: 31_001 + n, ttl: 64 })),
      us(3020 + 3e6 * n, answer({ src: "192.168.7.9", dst: CONTAINER, ipId: 10 + n, ttl: 63 })),
    ]);
    // of its service, nothing crosses before
    const [inside, outside] = otherQuery.map((frames) => frames.map((each) => ({ ...each, ns: each.ns + 2.5e9 })));
    const { alone, updates } = await outcomeOf(merged(long.inside, said, inside), merged(long.outside, outside));
    expect(alone.map(({ verdict }) => verdict)).toEqual(["unknown", "unknown", "elsewhere", "elsewhere"]);
    const why = "both ends speak, and outside has none of it: it takes another interface";
    const now = { verdict: "elsewhere", reason: "answered-elsewhere", why, before: { verdict: "unknown" } };
    expect(updates).toMatchObject([now, now]);
  });

  it("is not proved to be so where a packet of it may have a twin, or another form on its own side", async () => {
    const replies = [0, 1, 2, 3].map((n) =>
      us(4_000_000 + n, query({ src: CONTAINER, dst: FAR, ipId: 9 + n, ttl: 64 })),
    );
    // who speaks is looked at where one is judged
    const before = us(1000, query({ src: CONTAINER, dst: "224.0.0.251", ipId: 8, ttl: 1 }));
    /** What is said of what answers a call, seconds later. */
    const reasons = async (calls: readonly Stamped[], came: readonly Stamped[] = []) => {
      const long = conversation(80, { everyUs: 100_000 });
      const other = { src: "198.51.100.9", ipId: 31_005, text: "something else" };
      const { alone } = await outcomeOf(
        merged(long.inside, [before], calls, replies, [us(7970, answer({ ...other, dst: OTHER, ttl: 52 }))]),
        merged(long.outside, came, [us(7950, answer({ ...other, dst: HOST, ttl: 53 }))]),
      );
      return alone.slice(-4).map(({ reason }) => reason);
    };
    const called = call(FAR, CONTAINER, 52);
    const unproved = Array(4).fill("forwarded-unseen");
    expect(await reasons([called])).toEqual(Array(4).fill("answered-elsewhere"));
    expect(await reasons([called, call("172.17.0.1", OTHER, 51)])).toEqual(unproved);
    const [ours, theirs] = ["172.17.0.4", HOST].map((dst, at) => call("198.51.100.21", dst, 52 + at));
    expect(await reasons([called, ours], [call(FAR, "10.0.2.16", 53), theirs])).toEqual(unproved);
  });

  it("may be so, too, where nobody answers, if others to that address are", async () => {
    const others = talk("192.168.7.9");
    const [inside, outside] = otherQuery;
    const after = await outcomeOf(
      merged(known.inside, others, [unanswered(3500)], inside),
      merged(known.outside, outside),
    );
    expect(after.alone.map(({ verdict }) => verdict)).toEqual([...Array(4).fill("elsewhere"), "unknown"]);
    expect(after.alone.at(-1)?.reason).toBe("may-go-elsewhere");
    const long = conversation(400, { everyUs: 1000 });
    const before = await outcomeOf(
      merged(long.inside, others, [unanswered(2500)], inside),
      merged(long.outside, outside),
    );
    expect(before.alone.map(({ verdict }) => verdict)).toEqual(["dropped", ...Array(4).fill("elsewhere")]);
    expect(before.updates).toMatchObject([{ verdict: "unknown", reason: "may-go-elsewhere" }]);
    expect(before.findings).toEqual([]);
  });

  it("is local where somebody answers who is no hop away", async () => {
    const why = "the other end is no hop away: the host itself, or on the same link";
    expect(await alone([asked("192.168.7.1"), told("192.168.7.1", 64)], [])).toEqual([
      `inside local: ${why}`,
      `inside local: ${why}`,
    ]);
  });
});

it("what may have been turned round on its own side is neither dropped nor elsewhere", async () => {
  const numbers = { srcPort: 40_000, dstPort: 80, seq: 9_000_000, ack: 7, ipId: 1 };
  const sentTo = (src: string, dst: string, ttl: number) => us(3050 + 64 - ttl, segment({ src, dst, ttl, ...numbers }));
  const [before, after] = [sentTo(CONTAINER, SERVER, 64), sentTo("172.17.0.1", OTHER, 63)];
  expect((await alone([before], []))[0]).toMatch(/^inside dropped/);
  for (const other of [sentTo("172.17.0.1", OTHER, 64), sentTo("172.17.0.4", SERVER, 63)])
    expect((await alone([before, other], []))[0]).toMatch(/^inside dropped/);
  expect((await alone([before, after], []))[0]).toMatch(/^inside unknown: frame \d+ of inside is like it/);
  const others = Array.from({ length: 80 }, (_, n) =>
    us(3050 + n / 100, query({ src: OTHER, dst: SERVER, ipId: 100 + n, ttl: 64, text: `lost ${n}` })),
  );
  expect((await alone([before, ...others, after], []))[0]).toMatch(/^inside unknown: frame \d+ of inside is like it/);
});

describe("a packet was dropped only if the other capture would have shown it", () => {
  const { inside, outside } = conversation(400);
  const lost = us(38_550, query({ src: OTHER, dst: SERVER, ipId: 31_000, ttl: 64 }));

  it("which it would where it has all that came in there", async () => {
    const outcome = await outcomeOf(merged(inside, [lost]), outside);
    expect(outcome.verdicts("inside")).toEqual([[387, "dropped"]]);
  });

  it("which is not certain where it lacks some of what came in there", async () => {
    const outcome = await outcomeOf(merged(inside, [lost]), lacking(outside, 9));
    const last = outcome.alone.at(-1);
    expect(last?.verdict).toBe("unknown");
    expect(last?.why).toMatch(/, but outside lacks 18 of 200 packets that must have entered there$/);
  });

  it("what the capture beside it lacks tells nothing of it", async () => {
    const outcome = await outcomeOf(merged(lacking(inside, 10), [lost]), outside);
    expect(outcome.alone.at(-1)?.verdict).toBe("dropped");
  });

  it("where nothing comes in there, the capture beside it is all there is to go by", async () => {
    const sampled = outbound(inside).filter((_, n) => n % 4 !== 1 || n > 180);
    const outcome = await outcomeOf(merged(sampled, [lost]), outbound(outside));
    const last = outcome.alone.at(-1);
    expect(last?.verdict).toBe("unknown");
    expect(last?.why).toMatch(/, but inside lacks 45 of 200 packets .* nothing shows that outside lacks fewer$/);
  });

  it("what left in its place, and never came in, may be the packet itself", async () => {
    const outcome = await outcomeOf(
      merged(inside, queries(CONTAINER, 64, "as it was")),
      merged(outside, queries(HOST, 63, "otherwise")),
    );
    expect(outcome.alone.map(({ side, verdict }) => [side, verdict])).toEqual([
      ["inside", "unknown"],
      ["outside", "unknown"],
    ]);
    expect(outcome.alone[0].why).toMatch(/of the same flow, never came in: it may be this one, changed on its way$/);
  });
});

const unreachable = (atUs: number, src: string, dst: string, ttl: number, quoted: Stamped) =>
  us(atUs, ipv4({ src, dst, id: 3, ttl }, icmp({ type: 3, code: 3, payload: quoted.packet.subarray(0, 28) })));

const to = (atUs: number, src: string, ttl: number, n: number) =>
  us(atUs, query({ src, dst: SERVER, ipId: 700 + n, ttl, text: `query ${n}` }));

/** Packets, those that left with other TTLs than one router makes, by so much. */
const raised = (packets: readonly Stamped[], by: number) =>
  packets.map(({ ns, packet }) => {
    const copy = packet.slice();
    if (copy[8] === 63 || copy[8] === 52) copy[8] += by;
    return { ns, packet: copy };
  });
/** What a router has that keeps TTLs. */
const kept = (packets: readonly Stamped[]) => raised(packets, 1);

describe("an ICMP error without a twin", () => {
  it("is the host's where nothing lowered its TTL: what it quotes is refused", async () => {
    const said = await alone([asked(SERVER), unreachable(3090, "172.17.0.1", CONTAINER, 64, asked(SERVER))], []);
    expect(said[0]).toMatch(/^inside refused: port unreachable, says 172\.17\.0\.1/);
  });

  it("is that of somebody behind the host where routers lowered it: what it quotes has crossed", async () => {
    const others = Array.from({ length: 20 }, (_, n) => 100 * n);
    const inside = others.map((us, n) => to(9000 + us, CONTAINER, 64, n));
    const outside = others.map((us, n) => to(9020 + us, HOST, 63, n)).filter((_, n) => n !== 10);
    const error = unreachable(10_400, SERVER, CONTAINER, 52, inside[10]);
    const outcome = await outcomeOf(
      merged(
        known.inside,
        [...inside, error].sort((a, b) => a.ns - b.ns),
      ),
      merged(known.outside, outside),
    );
    const asked = outcome.alone.filter(({ why }) => why.includes("answered from there"));
    expect(asked.map(({ verdict }) => verdict)).toEqual(["unknown"]);
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("refused");
  });

  it("is not the host's where it left with a lowered TTL: a container refuses the packet itself", async () => {
    const call = us(3050, query({ src: CLIENT, dst: HOST, ipId: 5, ttl: 60 }));
    const said = await alone([], [call, unreachable(3090, HOST, CLIENT, 63, call)]);
    expect(said[1]).toMatch(
      /^outside unknown: its TTL is none that systems begin with \(64, 128, 255\): the host forwards it/,
    );
    expect(said[0]).not.toContain("refused");
    const byHost = await alone([], [call, unreachable(3090, HOST, CLIENT, 64, call)]);
    expect(byHost).toEqual([
      `outside refused: port unreachable, says ${HOST} (frame 33)`,
      `outside local: the host itself (${HOST}) refuses a packet of ${CLIENT}`,
    ]);
  });

  it("is not the host's where a container sends it to whom it does not listen to", async () => {
    for (const [src, ttl] of [
      [CLIENT, 60],
      ["172.17.0.1", 64],
      ["172.17.0.1", 60],
    ] as const) {
      const call = us(3050, query({ src, dst: CONTAINER, ipId: 5, ttl }));
      const said = await alone([call, unreachable(3060, CONTAINER, src, 64, call)], []);
      expect(said.join()).not.toMatch(/refused|the host itself/);
    }
  });

  it("of who the packet is for shows that it arrived, unless that is the host: where the router keeps TTLs, nothing tells", async () => {
    const call = asked("192.168.7.1");
    const said = async (atUs: number, keep: (packets: readonly Stamped[]) => readonly Stamped[]) => {
      const error = unreachable(atUs, "192.168.7.1", CONTAINER, 64, call);
      const long = conversation(400, { everyUs: 10_000 });
      const { alone, updates } = await outcomeOf(merged(keep(long.inside), [call, error]), keep(long.outside));
      return [alone.find(({ frame }) => frame === 2)!, ...updates].map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await said(3090, kept)).toEqual(["unknown forwarded-unseen"]);
    expect(await said(3090, (packets) => packets)).toEqual(["refused port-unreachable"]);
    expect(await said(3_100_000, kept)).toEqual(["dropped no-twin", "unknown may-be-refused"]);
    expect(await said(3_100_000, (packets) => packets)).toEqual(["dropped no-twin", "refused port-unreachable"]);
  });

  it("may be a container's where the router keeps TTLs, and the inside has packets that nothing explains", async () => {
    const call = us(3050, query({ src: CLIENT, dst: HOST, ipId: 5, ttl: 60 }));
    const error = unreachable(3090, HOST, CLIENT, 64, call);
    const reasons = async (inside: readonly Stamped[]) => {
      const { alone } = await outcomeOf(merged(kept(known.inside), inside), merged(kept(known.outside), [call, error]));
      return alone.filter(({ side }) => side === "outside").map(({ reason }) => reason);
    };
    expect(await reasons([])).toEqual(["port-unreachable", "host-error"]);
    const other = us(3055, query({ src: "172.17.0.1", dst: CONTAINER, ipId: 6, ttl: 60, text: "other" }));
    const refusing = unreachable(3080, CONTAINER, "172.17.0.1", 64, other);
    expect(await reasons([other, refusing])).toEqual(["ttl-kept", "ttl-kept"]);
  });

  it("is not another one of the same packet that somebody else sent", async () => {
    const inside = asked(SERVER);
    const outside = us(3070, query({ src: HOST, dst: SERVER, ipId: 31_000, ttl: 63 }));
    const outcome = await outcomeOf(
      merged(known.inside, [inside, unreachable(3190, "172.17.0.1", CONTAINER, 64, inside)]),
      merged(known.outside, [outside, unreachable(3150, "198.51.100.1", HOST, 250, outside)]),
    );
    expect(outcome.pairs).toHaveLength(81);
  });
});

const ack = (src: string, ttl: number, ipId: number) =>
  segment({ src, dst: SERVER, srcPort: 40_000, dstPort: 80, ipId, ttl, seq: 5_000_000, ack: 6_000_000 });

it("a segment whose like left with another IP ID is not said to be dropped", async () => {
  const said = await alone([us(3050, ack(CONTAINER, 64, 13_701))], [us(3070, ack(HOST, 63, 40_137))]);
  expect(said[0]).toMatch(/^inside unknown: frame \d+ of outside, of the same flow, never came in/);
});

const toPort = (srcPort: number, atUs: number, ttl: number, dst: string, dstPort: number) =>
  us(atUs, segment({ src: CLIENT, dst, srcPort, dstPort, seq: 9, ack: 0, flags: SYN, ttl, ipId: 77 }));

const syn = (atUs: number, dst: string, ttl = 64, src = CONTAINER) =>
  us(atUs, segment({ src, dst, srcPort: 5, dstPort: 25, seq: 1, ack: 0, flags: SYN, ttl, ipId: 1 }));

const reset = (atUs: number, src: string, ttl: number, dst = CONTAINER) =>
  us(atUs, segment({ src, dst, srcPort: 25, dstPort: 5, seq: 0, ack: 2, flags: RST_ACK, ttl, ipId: 0 }));

/** What the host answers somebody who calls its port 88. */
const byHost = (ack: number, seq: number, flags: number) =>
  us(3060, segment({ src: HOST, dst: CLIENT, srcPort: 88, dstPort: 40_001, seq, ack, flags, ttl: 64, ipId: 0 }));
const sendingInside = () => ({ ...NO_RULES, arriving: () => ({ answer: true, rules: "-j DNAT", doubt: "" }) });

describe("a SYN that a reset answers from no router away", () => {
  it("is rejected by a rule, or reached the host itself: nothing tells which", async () => {
    expect(await alone([syn(3050, OTHER_SERVER), reset(3060, OTHER_SERVER, 64)], [])).toEqual([
      "inside unknown: frame 33 resets it from no router away: a rule rejects it, or the host has that address and nobody listens",
      "inside local: the other end is no hop away: the host itself, or on the same link",
    ]);
  });

  it("is not refused where it was accepted first: somebody listens, and gave up", async () => {
    const numbers = { srcPort: 25, dstPort: 5, seq: 90, ack: 2, ipId: 0, ttl: 64 };
    const accepting = us(3055, segment({ src: OTHER_SERVER, dst: CONTAINER, flags: SYN | ACK, ...numbers }));
    expect(await alone([syn(3050, OTHER_SERVER), accepting, reset(3060, OTHER_SERVER, 64)], [])).toEqual(
      Array.from(
        { length: 3 },
        () => "inside local: the other end is no hop away: the host itself, or on the same link",
      ),
    );
  });

  it("is refused where others to that address cross: it is behind the host", async () => {
    expect(await alone([syn(3050, SERVER), reset(3060, SERVER, 64)], [])).toEqual([
      "inside refused: the host itself reset the connection (frame 33)",
      "inside local: the host itself resets the connection: it did not pass frame 32 on",
    ]);
  });

  it("is refused where the host forwards that port, though nobody has come by it from there before", async () => {
    const inside = [toPort(40_000, 3040, 54, CONTAINER, 80)];
    const outside = [toPort(40_000, 3030, 55, HOST, 88), toPort(40_001, 3050, 55, HOST, 88), byHost(10, 0, RST_ACK)];
    const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
    expect(outcome.pairs).toHaveLength(81);
    expect(outcome.alone[0]).toMatchObject({ verdict: "refused", reason: "host-refuses", byFrame: 34 });
    // nothing of it was ever forwarded
    expect(outcome.findings.map(({ code }) => code)).toEqual(["refused"]);
  });

  it("is dropped where nobody answers it, and the rule that sends it inside is named", async () => {
    const later = conversation(2, { srcPort: 50_000, seed: 9, startUs: 3_000_000 });
    const inside = [toPort(40_000, 3040, 54, CONTAINER, 80)];
    const outside = [toPort(40_000, 3030, 55, HOST, 88), toPort(40_001, 3050, 55, HOST, 88)];
    const sides = [merged(known.inside, inside, later.inside), merged(known.outside, outside, later.outside)] as const;
    const [{ why: told }] = (await outcomeOf(...sides, { rules: sendingInside })).alone;
    expect(told).toBe("no segment like it came out on inside within 1 s, though a rule sends it there: -j DNAT");
    expect((await outcomeOf(...sides)).alone).toMatchObject([{ verdict: "dropped", reason: "no-twin" }]);
  });

  it("is no forwarded connection where a stray answer to that port is reset, either", async () => {
    const inside = [toPort(40_000, 3040, 54, CONTAINER, 80)];
    const ports = { srcPort: 40_001, dstPort: 88 };
    const stray = segment({ src: CLIENT, dst: HOST, ...ports, seq: 9, ack: 77, flags: SYN | ACK, ttl: 55, ipId: 3 });
    const outside = [toPort(40_000, 3030, 55, HOST, 88), us(3050, stray), byHost(0, 77, 0x04)];
    const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
    expect(outcome.alone[0]).toMatchObject({ verdict: "refused", reason: "host-reset", byFrame: 34 });
    expect(outcome.findings.map(({ code }) => code)).toEqual(["refused"]);
  });
});

const stranger = (atUs: number) => us(atUs, query({ src: HOST, dst: SERVER, ipId: 44, ttl: 63, text: "who?" }));

describe("nothing follows from what the other side lacks while it has packets that nothing explains", () => {
  it("behind a conversation, or before it", async () => {
    const said = [asked(OTHER_SERVER), ...[0, 1, 2].map((n) => told(OTHER_SERVER, 53, n))];
    expect(await besideQuery(said)).toContain(
      "inside elsewhere: both ends speak, and outside has none of it: it takes another interface",
    );
    for (const atUs of [2500, 3500]) {
      const verdicts = await besideQuery(said, [stranger(atUs)]);
      expect(verdicts.filter((verdict) => verdict.startsWith("inside elsewhere"))).toEqual([]);
    }
  });

  it("where the router keeps TTLs, what has the NAT's address may be anybody's", async () => {
    const keeping = { inside: kept(known.inside), outside: kept(known.outside) };
    const heard = us(3070, answer({ src: SERVER, dst: HOST, ipId: 9, ttl: 53 }));
    const verdicts = async (inside: readonly Stamped[]) => {
      const outcome = await outcomeOf(merged(keeping.inside, inside), merged(keeping.outside, [sent(64), heard]));
      return outcome.verdicts("outside").map(([, verdict]) => verdict);
    };
    expect(await verdicts([])).toEqual(["local", "local"]);
    expect(await verdicts([us(3060, query({ src: CONTAINER, dst: SERVER, ipId: 5, ttl: 64, text: "other" }))])).toEqual(
      ["unknown", "unknown"],
    );
  });
});

it("where two routers lie between the captures, what has the NAT's address is its host's with a full TTL alone", async () => {
  const [inside, outside] = [raised(known.inside, -1), raised(known.outside, -1)];
  const heard = us(3070, answer({ src: SERVER, dst: HOST, ipId: 9, ttl: 53 }));
  const verdicts = async (ttl: number) =>
    (await outcomeOf(inside, merged(outside, [sent(ttl), heard]))).verdicts("outside").map(([, verdict]) => verdict);
  expect(await verdicts(64)).toEqual(["local", "local"]);
  expect(await verdicts(62)).toEqual(["unknown", "unknown"]);
});

const fromAfar = (ttl: number) => us(3050, answer({ src: "10.99.0.5", dst: CONTAINER, ipId: 0, ttl }));

it("what comes from another private network with a lowered TTL has come in there, and is not lost on its way out", async () => {
  expect((await alone([fromAfar(61)], []))[0]).toMatch(
    /^inside unknown: it reached 172\.17\.0\.2 and was not seen to enter outside/,
  );
});

it("what came out much as it came in, of a flow not known, may be it: a router rewrote more", async () => {
  const asks = us(3050, query({ src: OTHER, dst: SERVER, ipId: 31_000, ttl: 64, text: "what is it?" }));
  const left = us(3080, query({ src: HOST, dst: SERVER, ipId: 9, ttl: 63, text: "what is it?" }));
  const other = us(3080, query({ src: HOST, dst: SERVER, ipId: 9, ttl: 63, text: "whose is it?" }));
  expect((await alone([asks], [left]))[0]).toMatch(/^inside unknown: frame 32 of outside, much like it, never came in/);
  expect((await alone([asks], [other]))[0]).toMatch(/^inside dropped/);
  const heldUp = us(150_000, query({ src: HOST, dst: SERVER, ipId: 9, ttl: 63, text: "what is it?" }));
  expect((await alone([asks], [heldUp]))[0]).toMatch(/^inside unknown: .*much like it, never came in/);
  // however many others wait between the two
  const own = Array.from({ length: 100 }, (_, n) =>
    us(3051 + n / 10, query({ src: HOST, dst: "10.0.2.3", ipId: n, ttl: 64, text: `own ${n}` })),
  );
  expect((await alone([asks], [...own, left]))[0]).toMatch(/^inside unknown: .*much like it, never came in/);
  expect((await alone([asks], [...own, other]))[0]).toMatch(/^inside dropped/);
});

/** What a container and a peer outside send each other from ports of their own. */
const punch = (atUs: number, isInside: boolean) => {
  const own = isInside ? { src: CONTAINER, ttl: 64 } : { src: HOST, ttl: 63 };
  return us(atUs, datagram({ ...own, dst: CLIENT, srcPort: 40_000, dstPort: 50_000, ipId: 900, text: "punch" }));
};
const peer = (atUs: number, ipId: number, isInside: boolean) => {
  const own = isInside ? { dst: CONTAINER, ttl: 59 } : { dst: HOST, ttl: 60 };
  return us(atUs, datagram({ ...own, src: CLIENT, srcPort: 50_000, dstPort: 40_000, ipId, text: `hello ${ipId}` }));
};

it("what an outside peer sent before its flow crossed for the first time, from inside, had no translation", async () => {
  const { alone, pairs } = await outcomeOf(
    merged(known.inside, [punch(5000, true), peer(6010, 3, true)]),
    merged(known.outside, [peer(3000, 1, false), peer(4000, 2, false), punch(5020, false), peer(6000, 3, false)]),
  );
  expect(pairs).toHaveLength(82);
  expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["unknown", "not-yet-translated"],
    ["unknown", "not-yet-translated"],
  ]);
});

const few = (tookUs: number) =>
  [0, 1, 2].map((n) => [
    us(1000 + 20_000 * n, query({ src: CONTAINER, dst: SERVER, ipId: 10 + n, ttl: 64, text: `query ${n}` })),
    us(1000 + 20_000 * n + tookUs, query({ src: HOST, dst: SERVER, ipId: 10 + n, ttl: 63, text: `query ${n}` })),
  ]);

describe("near the end of the other capture", () => {
  it("and behind it, what a router that keeps TTLs may have forwarded is not the host's", async () => {
    const late = [
      us(60_000, query({ src: HOST, dst: OTHER_SERVER, ipId: 7, ttl: 64 })),
      us(60_100, answer({ src: OTHER_SERVER, dst: HOST, ipId: 8, ttl: 53 })),
    ];
    const { alone } = await outcomeOf(kept(known.inside), merged(kept(known.outside), late));
    expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["unknown", "ended"],
      ["unknown", "ended"],
    ]);
  });

  it("what came in may be yet to come out, by what others took", async () => {
    const [inside, outside] = [0, 1].map((k) => few(4000).map((pair) => pair[k]));
    const last = us(38_000, query({ src: CONTAINER, dst: SERVER, ipId: 19, ttl: 64, text: "last" }));
    const outcome = await outcomeOf(merged(inside, [last]), outside);
    expect(outcome.alone).toMatchObject([{ side: "inside", verdict: "unknown", reason: "capture-edge" }]);
    const sooner = us(30_000, query({ src: CONTAINER, dst: SERVER, ipId: 19, ttl: 64, text: "last" }));
    expect((await outcomeOf(merged(inside, [sooner]), outside)).verdicts("inside")).toEqual([[3, "dropped"]]);
  });
});

it.each([
  [60, "silence"],
  [3, "no-twin"],
] as const)(
  "what was under way when both captures fell silent for %d s may be what came out behind that: %s",
  async (silentS, reason) => {
    const before = conversation(40, { everyUs: 500 });
    const behind = conversation(40, { startUs: 40_000 + silentS * 1_000_000, everyUs: 500, seed: 5 });
    const last = us(
      before.inside.at(-1)!.ns / 1000 + 100,
      query({ src: CONTAINER, dst: SERVER, ipId: 19, ttl: 64, text: "last" }),
    );
    const { alone } = await outcomeOf(
      merged(merged(before.inside, behind.inside), [last]),
      merged(before.outside, behind.outside),
    );
    expect(alone).toMatchObject([{ side: "inside", reason }]);
  },
);

it("what a silence tells does not depend on how captures are cut", async () => {
  const [before, behind] = [
    conversation(40, { everyUs: 500 }),
    conversation(40, { startUs: 300_000, everyUs: 500, seed: 5 }),
  ];
  // just before the inside falls silent
  const strangers = Array.from({ length: 30 }, (_, n) =>
    us(15_000 + 150 * n, query({ src: HOST, dst: SERVER, ipId: 900 + n, ttl: 63, text: `who? ${n}` })),
  );
  const inside = merged(before.inside, behind.inside);
  const outside = merged(merged(before.outside, strangers), behind.outside);
  const options = { windowNs: 1_000_000, clock: { kind: "none" } } as const;
  const whole = await outcomeOf(inside, outside, options);
  expect(toldOf(await outcomeOf(inside, outside, { ...options, batches: [1, 1] }))).toEqual(toldOf(whole));
});

const data = (atUs: number, seq: number, text: string, isInside: boolean) =>
  us(
    atUs,
    segment({
      ...(isInside ? { src: CONTAINER, ttl: 64 } : { src: HOST, ttl: 63 }),
      dst: SERVER,
      srcPort: 4000,
      dstPort: 80,
      seq,
      ack: 9,
      ipId: seq,
      text,
    }),
  );

const acked = (atUs: number, ack: number, isInside: boolean) =>
  us(
    atUs,
    segment({
      src: SERVER,
      ...(isInside ? { dst: CONTAINER, ttl: 52 } : { dst: HOST, ttl: 53 }),
      srcPort: 80,
      dstPort: 4000,
      seq: 9,
      ack,
      ipId: ack,
    }),
  );

it("what it carried was acknowledged, though nothing of it was seen to cross: it was not dropped", async () => {
  const inside = [data(3010, 100, "first", true), data(3050, 105, "unseen", true), acked(3110, 111, true)];
  const outside = [data(3030, 100, "first", false), acked(3090, 111, false)];
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  expect(outcome.alone).toMatchObject([{ side: "inside", verdict: "unknown", reason: "forwarded-unseen" }]);
});

/** The number of a SYN to a published port, and segments of its connection. */
const FIRST = 325_703_444;
const knocking = (atUs: number, isInside: boolean, flags: number, seq: number, ack = 0) => {
  const ends = isInside ? { dst: CONTAINER, ttl: 52 } : { dst: HOST, ttl: 53 };
  const ports = { srcPort: 54_321, dstPort: isInside ? 80 : 88 };
  return us(atUs, segment({ src: SERVER, ...ends, ...ports, flags, seq, ack, ipId: atUs - (isInside ? 20 : 0) }));
};
const answering = (atUs: number, isInside: boolean, flags: number, seq: number, ack: number, ttl: number) => {
  const ends = isInside ? { src: CONTAINER, srcPort: 80 } : { src: HOST, srcPort: 88 };
  const ipId = atUs + (isInside ? 20 : 0);
  return us(atUs, segment({ ...ends, dst: SERVER, dstPort: 54_321, ttl, flags, seq, ack, ipId }));
};
const saidOf = async (inside: readonly Stamped[], outside: readonly Stamped[]) => {
  const { alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  return alone.map(({ side, verdict, reason }) => `${side} ${verdict} ${reason}`);
};

/** A connection that the host accepts itself, up to the acknowledgement that completes it; and what is forwarded then. */
const completed = (ack: number) => [
  knocking(3000, false, SYN, FIRST),
  answering(3058, false, SYN_ACK, 9000, FIRST + 1, 64),
  knocking(3080, false, ACK, FIRST + 1, ack),
];
const forwardedThen = (isInside: boolean) => [
  knocking(isInside ? 3120 : 3100, isInside, 0x19, FIRST + 1, 9001),
  answering(isInside ? 3140 : 3160, isInside, ACK, 9001, FIRST + 2, isInside ? 64 : 63),
];

describe("a segment to a published port that gets no further", () => {
  it("is not acknowledged by what is of a later connection", async () => {
    const inside = [knocking(3220, true, SYN, FIRST), answering(3240, true, SYN_ACK, 7000, FIRST + 1, 64)];
    const outside = [knocking(3200, false, SYN, FIRST), answering(3260, false, SYN_ACK, 7000, FIRST + 1, 63)];
    const fin = knocking(3000, false, 0x01, 3_710_456_722);
    expect(await saidOf(inside, [fin, ...outside])).toEqual(["outside unknown not-yet-translated"]);
  });

  it("is the host's own where it completes a connection that the host accepted", async () => {
    const own = "outside local host-answers";
    expect(await saidOf(forwardedThen(true), [...completed(9001), ...forwardedThen(false)])).toEqual([own, own, own]);
    expect(await saidOf(forwardedThen(true), [...completed(9002), ...forwardedThen(false)])).not.toEqual([
      own,
      own,
      own,
    ]);
  });

  it("is the host's own where it accepts the connection itself", async () => {
    const inside = [knocking(3120, true, ACK, FIRST + 1, 9001), answering(3140, true, 0x04, 9001, 0, 64)];
    const outside = [knocking(3100, false, ACK, FIRST + 1, 9001), answering(3160, false, 0x04, 9001, 0, 63)];
    const syn = knocking(3000, false, SYN, FIRST);
    const accepted = (ack: number, ttl: number) => answering(3058, false, SYN_ACK, 9000, ack, ttl);
    expect(await saidOf(inside, [syn, accepted(FIRST + 1, 64), ...outside])).toEqual([
      "outside local host-answers",
      "outside local host-answers",
    ]);
    const other = "outside unknown never-entered";
    expect(await saidOf(inside, [syn, accepted(FIRST + 9, 64), ...outside])).toEqual([
      "outside dropped no-twin",
      other,
    ]);
    expect((await saidOf(inside, [syn, accepted(FIRST + 1, 63), ...outside]))[1]).toBe(other);
  });
});

it.each([
  [
    "comes out unseen where what it acknowledges with was acknowledged, and nothing of its direction was ever seen",
    7001,
  ],
  ["was dropped, as far as is known, where nothing of its direction was acknowledged", 0],
])("a bare acknowledgement of a published port %s", async (_, ack) => {
  const inside = [
    knocking(3120, true, SYN, FIRST),
    answering(3140, true, SYN_ACK, 7000, FIRST + 1, 64),
    knocking(3220, true, ack > 0 ? ACK : SYN, ack > 0 ? FIRST + 1 : FIRST, ack),
    answering(3240, true, ACK, 7001, FIRST + 1, 64),
    knocking(3320, true, ack > 0 ? ACK : SYN, ack > 0 ? FIRST + 1 : FIRST, ack),
  ];
  const outside = [
    knocking(3100, false, SYN, FIRST),
    knocking(3200, false, ack > 0 ? ACK : SYN, ack > 0 ? FIRST + 1 : FIRST, ack),
    knocking(3300, false, ack > 0 ? ACK : SYN, ack > 0 ? FIRST + 1 : FIRST, ack),
  ];
  const said = await saidOf(inside, outside);
  expect(said.at(-1)).toBe(ack > 0 ? "inside unknown forwarded-unseen" : "inside dropped no-twin");
});

it.each([
  ["comes out unseen, as others of its direction did, none of which was ever seen", false, "unknown forwarded-unseen"],
  ["was dropped where others of its direction are seen to cross", true, "dropped no-twin"],
] as const)("a last acknowledgement of a published port, which nothing answers, %s", async (_, isSeen, said) => {
  const [crossing, unseen] = [
    answering(3400, true, ACK, 7001, FIRST + 1, 64),
    answering(3140, true, SYN_ACK, 7000, FIRST + 1, 64),
  ];
  const fin = FIRST + 1;
  const inside = [
    knocking(3120, true, SYN, FIRST),
    unseen,
    knocking(3220, true, ACK, fin, 7001),
    knocking(3320, true, FIN_ACK, fin, 7001),
    ...(isSeen ? [crossing] : []),
    answering(3340, true, ACK, 7001, fin + 1, 64),
  ];
  const outside = [
    knocking(3100, false, SYN, FIRST),
    knocking(3200, false, ACK, fin, 7001),
    knocking(3300, false, FIN_ACK, fin, 7001),
    ...(isSeen ? [answering(3420, false, ACK, 7001, FIRST + 1, 63)] : []),
  ];
  expect(await saidOf(inside, outside)).toEqual(["inside unknown forwarded-unseen", `inside ${said}`]);
});

it("nobody answers an ICMP error: what crosses behind it says nothing of it", async () => {
  const ports = { srcPort: 53, dstPort: 40_000 };
  const answer = (dst: string, ipId: number) =>
    datagram({ src: SERVER, dst, ttl: dst === HOST ? 53 : 52, ...ports, ipId, text: `answer ${ipId}` });
  const times = [3000, 3200, 3400];
  const quoted = answer(CONTAINER, 70).subarray(0, 28);
  const refusal = ipv4({ src: CONTAINER, dst: SERVER, id: 9, ttl: 64 }, icmp({ type: 3, code: 3, payload: quoted }));
  const inside = [...times.map((at, i) => us(at + 20, answer(CONTAINER, 70 + i))), us(3050, refusal)];
  const outside = times.map((at, i) => us(at, answer(HOST, 70 + i)));
  const { alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(["dropped no-twin"]);
});

/** A query of the container's, and what it leaves as. */
const entered = (atUs: number, ipId: number, text: string) =>
  us(atUs, query({ src: CONTAINER, dst: SERVER, ttl: 64, ipId, text }));
const leftAs = (atUs: number, ipId: number, text: string) =>
  us(atUs, query({ src: HOST, dst: SERVER, ttl: 63, ipId, text }));

it("what was held up may have left with another IP ID, if it carries the same", async () => {
  const long = conversation(400, { everyUs: 10_000 });
  const crossing = [1, 2, 3].map((n) => [1000 * n, 500 + n, `question ${n}`] as const);
  const reasons = async (text: string) => {
    const inside = merged(long.inside, [...crossing.map((each) => entered(...each)), entered(10_000, 0, "one more")]);
    const outside = [...crossing.map(([atUs, ...rest]) => leftAs(atUs + 20, ...rest)), leftAs(500_000, 77, text)];
    const { alone } = await outcomeOf(inside, merged(long.outside, outside));
    return alone.filter(({ side }) => side === "inside").map(({ reason }) => reason);
  };
  expect(await reasons("one more")).toEqual(["may-be-changed"]);
  expect(await reasons("another")).toEqual(["no-twin"]);
});

it("however many others wait in between", async () => {
  const long = conversation(400, { everyUs: 10_000 });
  const others = Array.from({ length: 200 }, (_, n) =>
    us(20_000 + 1000 * n, query({ src: OTHER, dst: "172.17.0.1", ttl: 64, ipId: 900 + n, text: `of the host ${n}` })),
  );
  const inside = merged(long.inside, [entered(1000, 501, "a question"), entered(10_000, 0, "one more"), ...others]);
  const outside = merged(long.outside, [leftAs(1020, 501, "a question"), leftAs(500_000, 77, "one more")]);
  const { alone } = await outcomeOf(inside, outside);
  const reasons = alone.filter(({ side }) => side === "inside").map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === "may-be-changed" || reason === "no-twin")).toEqual(["may-be-changed"]);
});

/** Answers of another conversation, which keep coming in. */
const incoming = conversation(1800, { startUs: -2_000_000, everyUs: 5000 });
const incomingOnly = (packets: readonly Stamped[]) => packets.filter(({ ns }, n) => ns < 0 || n % 2 === 1);

const queryNumbered = (src: string, ttl: number, n: number) =>
  query({ src, dst: SERVER, ipId: 500 + n, ttl, text: `query ${n}` });

/** What is said of queries every 50 ms for 6 s, each of which comes out after so many milliseconds, or never; so many are seen to enter. */
async function reasonsOfQueries(takesMs: (n: number) => number | undefined, of = "inside", seen = 120) {
  const numbers = Array.from({ length: 120 }, (_, n) => n);
  const left = numbers.flatMap((n) => {
    const tookMs = takesMs(n);
    return tookMs === undefined ? [] : [us(50_000 * n + 1000 * tookMs + 20, queryNumbered(HOST, 63, n))];
  });
  const { alone } = await outcomeOf(
    merged(
      incomingOnly(incoming.inside),
      numbers.slice(0, seen).map((n) => us(50_000 * n, queryNumbered(CONTAINER, 64, n))),
    ),
    merged(incomingOnly(incoming.outside), left),
  );
  return new Set(alone.filter(({ side, frame }) => side === of && frame < 900).map(({ reason }) => reason));
}

it("a packet behind those that came to take most of the window is not said to be dropped, unless others overtook it", async () => {
  expect(await reasonsOfQueries((n) => (n < 60 ? 15 * n : undefined))).toEqual(new Set(["may-be-held-up"]));
  expect(await reasonsOfQueries((n) => (n === 55 ? undefined : Math.min(15 * n, 900)))).toEqual(new Set(["no-twin"]));
  expect(await reasonsOfQueries((n) => (n < 60 ? n / 10 : undefined))).toEqual(new Set(["no-twin"]));
});

const inboundOf = (packets: readonly Stamped[]) => packets.filter((_, n) => n % 2 === 1);
it.each([
  [300, "may-be-held-up"],
  [3, "no-twin"],
])("nor is one behind a few, if those took that long: %i ms more each is %s", async (eachMs, reason) => {
  const numbers = [1, 2, 3, 4, 5];
  const { alone } = await outcomeOf(
    merged(
      inboundOf(incoming.inside),
      numbers.map((n) => us(400_000 * n, queryNumbered(CONTAINER, 64, n))),
    ),
    merged(
      inboundOf(incoming.outside),
      numbers.slice(0, 3).map((n) => us(400_000 * n + 1000 * eachMs * n + 20, queryNumbered(HOST, 63, n))),
    ),
  );
  expect(alone.filter(({ side }) => side === "inside").map((each) => each.reason)).toEqual([reason, reason]);
});

it("what came out then may have entered before the window, whether its like is known or not", async () => {
  expect(await reasonsOfQueries((n) => 20 * n, "outside", 48)).toEqual(new Set(["may-be-held-up"]));
  expect(await reasonsOfQueries((n) => 20 * n, "outside")).toEqual(new Set(["like-untimely"]));
});
