import { describe, expect, it } from "vitest";
import { InterfaceName, type Interfaces } from "../../../../src/host/interfaces.js";
import { RuleFacts } from "../../../../src/host/rules/rule-facts.js";
import { RuleHistory } from "../../../../src/host/rules/times/rule-history.js";
import { macHash } from "../../../../src/protocols/mac.js";
import { fragments, hex, icmp, ipv4 } from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
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
  SYN,
  SYN_ACK,
} from "../../traffic.js";
import { alone, answer, known, query, sent, unanswered } from "../beside.js";

const RST_ACK = 0x14;
const ACK = 0x10;
const RST = 0x04;

const UNANSWERED = "outside unknown: nothing answers it: the host took it, or dropped it before inside";

/** Docker's rules, with others before, or in place of, the one that publishes a port. */
const rulesOf =
  (...others: readonly string[]) =>
  () => {
    const rules = [
      "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
      "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
      ...others,
    ];
    const names: Interfaces = [new InterfaceName([""]), new InterfaceName([""])];
    return new RuleFacts(new RuleHistory(`*nat\n:DOCKER - [0:0]\n${rules.join("\n")}\nCOMMIT\n`), names);
  };
const publishing = (container: string) =>
  `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 88 -j DNAT --to-destination ${container}:80`;

/** A client's segment to the host, and what comes back from there. */
const call = (flags: number) =>
  us(3050, segment({ src: CLIENT, dst: HOST, srcPort: 5, dstPort: 88, seq: 1, ack: 7, flags, ttl: 60, ipId: 1 }));
const recall = (flags: number, seq: number, ttl: number) =>
  us(3060, segment({ src: HOST, dst: CLIENT, srcPort: 88, dstPort: 5, seq, ack: 2, flags, ttl, ipId: 0 }));

const heardAgain = (n: number) => us(3070 + 10 * n, answer({ src: SERVER, dst: HOST, ipId: 9 + n, ttl: 53 }));
const heard = heardAgain(0);
const later = ({ ns, packet }: Stamped, byNs: number): Stamped => ({ ns: ns + byNs, packet });

/** A query of another container's that crosses and has nothing in common with `known`. */
const asking = (src: string, ttl: number) =>
  us(1015 + 64 - ttl, query({ src, dst: "198.51.100.9", ipId: 31_005, ttl, text: "something else" }));

/** One of several queries that nothing tells apart. */
const like = (src: string, ttl: number, dst = "198.51.100.30") =>
  us(1600 + 64 - ttl, query({ src, dst, ipId: 0, ttl, text: "alike" }));

/** Such a conversation, a while later, its packets so far apart. */
const spread = (everyNs: number) =>
  [sent(63), heardAgain(0), heardAgain(1), heardAgain(2)].map((each, n) => later(each, 2e8 + everyNs * n));

/** What becomes of a conversation outside that the host forwards, where there are these packets inside, and such a query, or none. */
async function forwarded(
  inside: readonly Stamped[],
  { ttl = 63, answers = 3, hasOther = true, more = [] as readonly Stamped[], beyond = [] as readonly Stamped[] } = {},
): Promise<string[]> {
  const other = hasOther ? [[asking(OTHER, 64)], [asking(HOST, 63)]] : [[], []];
  const { alone, pairs } = await outcomeOf(
    merged(inside, other[0], more),
    merged(known.outside, other[1], beyond, [sent(ttl), ...Array.from({ length: answers }, (_, n) => heardAgain(n))]),
  );
  expect(pairs).toHaveLength(inside.length + other[0].length);
  return alone.filter(({ side }) => side === "outside").map(({ verdict, why }) => `${verdict}: ${why}`);
}

/** What is said of a forwarded conversation outside in fragments, the first of which are missing if it is not whole. */
const saidOfFragments = async (isWhole: boolean) => {
  const fragmentsOf = (atUs: number, packet: Uint8Array) =>
    fragments(packet, 1500)
      .slice(isWhole ? 0 : 1)
      .map((fragment, n) => us(atUs + n, fragment));
  const text = "x".repeat(2000);
  const there = fragmentsOf(3050, query({ src: HOST, dst: SERVER, ipId: 31_000, ttl: 63, text }));
  const back = [0, 1, 2].flatMap((n) =>
    fragmentsOf(3070 + 10 * n, answer({ src: SERVER, dst: HOST, ipId: 9 + n, ttl: 53, text })),
  );
  const { alone } = await outcomeOf(
    merged(known.inside, [asking(OTHER, 64)]),
    merged(known.outside, [asking(HOST, 63)], there, back),
  );
  return new Set(alone.map(({ verdict, reason }) => `${verdict} ${reason}`));
};

describe("what has the NAT's own address outside is local only if the host sent it", () => {
  it("what it sends has a full TTL, and what answers it is its own, too", async () => {
    expect(await alone([], [sent(64), heard])).toEqual([
      `outside local: from the host itself (${HOST})`,
      `outside local: to the host itself (${HOST})`,
    ]);
  });

  it("what a container sends in its name, by MAC address, is not the host's", async () => {
    const mac = hex("0242ac110003");
    const of = async (isContainers: boolean, byNs = 0): Promise<(string | undefined)[]> => {
      const forged = {
        ...later(us(3050, query({ src: HOST, dst: "198.51.100.30", ipId: 31_000, ttl: 64 })), byNs),
        mac,
      };
      const macs = { isContainersMac: (each: number) => isContainers && each === macHash(0x0242, 0xac110003) };
      const { alone: told } = await outcomeOf(merged(known.inside, [forged]), known.outside, { macs });
      return told.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await of(true)).toEqual(["unknown forged-host"]);
    // the other capture has nothing to say of it
    expect(await of(true, 2e9)).toEqual(["unknown forged-host"]);
    expect(await of(false)).toEqual(["local from-host"]);
  });

  it("what it opens is its own, though the other end refuses it, no router away", async () => {
    const ends = { srcPort: 5, dstPort: 81, ttl: 64 };
    const refused = (dst: string) => [
      us(3050, segment({ src: HOST, dst, ...ends, seq: 1, ack: 0, flags: SYN, ipId: 1 })),
      us(
        3060,
        segment({ src: dst, dst: HOST, srcPort: 81, dstPort: 5, ttl: 64, seq: 0, ack: 2, flags: RST_ACK, ipId: 0 }),
      ),
    ];
    expect(await alone([], refused(SERVER))).toEqual([
      `outside local: from the host itself (${HOST})`,
      `outside local: to the host itself (${HOST})`,
    ]);
    expect(await alone(refused(CONTAINER), [])).toEqual([
      `inside local: from the host itself (${HOST})`,
      `inside local: to the host itself (${HOST})`,
    ]);
  });

  it.each([
    { missed: 0, said: "local from-host" },
    { missed: 1, said: "unknown capture-misses" },
  ])(
    "where a router sets most TTLs, and inside lacks $missed of those that crossed, it is $said",
    async ({ missed, said }) => {
      const crossed = Array.from({ length: 240 }, (_, n) => {
        const of = { dst: SERVER, ipId: 500 + n, text: `query ${n}` };
        const ttl = n % 8 === 0 ? 63 : 64;
        return [
          us(100 * n, query({ src: CONTAINER, ttl: 64, ...of })),
          us(100 * n + 20, query({ src: HOST, ttl, ...of })),
        ];
      });
      const inside = crossed.map(([entered]) => entered).filter((_, n) => n !== 16 || missed === 0);
      const own = us(
        20_050,
        datagram({ src: HOST, dst: OTHER, srcPort: 7, dstPort: 7, ipId: 9, ttl: 64, text: "own" }),
      );
      const outside = [...crossed.map(([, left]) => left), own];
      const outcome = await outcomeOf(merged(inside), merged(outside));
      // behind the one that was missed
      const judged = outcome.alone.slice(missed);
      expect(judged.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([said]);
    },
  );

  const ELSEWHERE = "elsewhere: both ends speak, and inside has none of it: it takes another interface";
  const SHOWN =
    "unknown: its TTL is none that systems begin with (64, 128, 255): the host forwards it, by another interface or missed by inside, or that TTL was chosen";

  it("is told of what was said before that was proved, as nothing of its service had crossed", async () => {
    const long = conversation(400, { everyUs: 10_000 });
    const said = [0, 1].flatMap((n) =>
      [sent(63), heardAgain(0), heardAgain(1), heardAgain(2)].map((each) => later(each, 3e9 * n)),
    );
    const { alone, updates } = await outcomeOf(
      merged(long.inside, [later(asking(OTHER, 64), 2.5e9)]),
      merged(long.outside, [later(asking(HOST, 63), 2.5e9)], said),
      { mayBeFiltered: true },
    );
    const [before, after] = [alone.slice(0, 4), alone.slice(4)].map((some) => some.map(({ reason }) => reason));
    expect(before).toEqual(before.map(() => "may-be-filtered"));
    expect(after).toEqual(after.map(() => "answered-elsewhere"));
    expect(updates.map(({ side, verdict }) => [side, verdict])).toEqual(before.map(() => [1, "elsewhere"]));
  });

  it("is told that what took another interface may have crossed, once its conversation does", async () => {
    const long = conversation(800, { everyUs: 10_000 });
    const conversed = [sent(63), heardAgain(1), heardAgain(2), heardAgain(3)].map((each) => later(each, 3e9));
    const crossing = [CONTAINER, HOST].map((src, side) =>
      [1, 2, 3].map((n) =>
        us(6_000_000 + 100 * n + 20 * side, query({ src, dst: SERVER, ipId: 41_000 + n, ttl: 64 - side })),
      ),
    );
    const { alone, updates } = await outcomeOf(
      merged(long.inside, [asking(OTHER, 64)], crossing[0]),
      merged(long.outside, [asking(HOST, 63)], conversed, crossing[1]),
    );
    expect(alone.map(({ reason }) => reason)).toEqual(conversed.map(() => "answered-elsewhere"));
    expect(updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      conversed.map(() => "unknown forwarded-unseen"),
    );
  });

  it("is told that what nothing answered may have gone where the rest of its conversation goes", async () => {
    const long = conversation(400, { everyUs: 10_000 });
    const conversed = [sent(63), heardAgain(1), heardAgain(2), heardAgain(3)].map((each) => later(each, 3e9));
    const { alone, updates } = await outcomeOf(
      merged(long.inside, [asking(OTHER, 64)]),
      merged(long.outside, [asking(HOST, 63), heardAgain(0)], conversed),
    );
    expect(alone.map(({ reason }) => reason)).toEqual(["no-answer", ...conversed.map(() => "answered-elsewhere")]);
    expect(updates).toMatchObject([{ side: 1, verdict: "unknown", reason: "may-go-elsewhere" }]);
  });

  it("nothing is forwarded of a datagram of which a fragment is missing", async () => {
    expect(await saidOfFragments(true)).toEqual(new Set(["elsewhere answered-elsewhere"]));
    expect(await saidOfFragments(false)).toEqual(new Set(["unknown fragment"]));
  });

  it("what it forwards has a lowered one: it takes another interface, as the inside capture lacks all of it", async () => {
    expect(await forwarded(known.inside)).toEqual([ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE]);
  });

  it("what it forwards is not known to take another interface where nobody answers, or a route may be traced", async () => {
    expect(await forwarded(known.inside, { answers: 0 })).toEqual([SHOWN]);
    expect((await forwarded(known.inside, { ttl: 7 }))[0]).toBe(SHOWN);
  });

  it("what it forwards is not known to take another interface where the inside capture may leave it out", async () => {
    // a filter, losses, what nothing explains, a beginning, and so few packets that it may have missed them all
    expect((await forwarded(known.inside, { answers: 1 }))[0]).toBe(SHOWN);
    expect((await forwarded(known.inside, { hasOther: false }))[0]).toBe(SHOWN);
    const patchy = known.inside.filter((_, n) => n % 10 !== 4 || n > 60);
    expect(await forwarded(patchy)).toContain(SHOWN);
    expect((await forwarded(known.inside, { more: [unanswered(3100)] }))[0]).toBe(SHOWN);
    const alike = { more: [like(CONTAINER, 64), like(OTHER, 64)], beyond: [like(HOST, 63)] };
    expect((await forwarded(known.inside, alike))[0]).toBe(SHOWN);
    const late = known.inside.filter(({ ns }) => ns > 5_000_000);
    expect((await forwarded(late, { hasOther: false })).filter((text) => text.startsWith("elsewhere"))).toEqual([]);
  });

  it("what it forwards may be missed in a run of frames by a capture that misses any, before that or right then", async () => {
    const long = conversation(600, { everyUs: 1000 });
    const reasons = async (missed: (frame: number) => boolean, everyNs = 0, others: readonly Stamped[] = []) => {
      const inside = merged(
        long.inside.filter((_, n) => !missed(n)),
        [asking(OTHER, 64)],
      );
      const { alone } = await outcomeOf(inside, merged(long.outside, [asking(HOST, 63)], spread(everyNs), others));
      return new Set(alone.map(({ reason }) => reason).filter((reason) => reason !== "never-entered"));
    };
    const [proved, open] = [new Set(["answered-elsewhere"]), new Set(["forwarded-unseen"])];
    expect(await reasons(() => false)).toEqual(proved);
    for (const at of [40, 208]) expect(await reasons((n) => n === at)).toEqual(open);
    expect((await reasons((n) => n === 40, 1.2e8)).has("answered-elsewhere")).toBe(true);
    // however many others are not decided about
    const calling = { src: CLIENT, dst: HOST, ttl: 50 };
    const others = Array.from({ length: 80 }, (_, n) => us(204_000 + n, query({ ...calling, ipId: n, text: `${n}` })));
    expect((await reasons((n) => n === 208, 0, others)).has("answered-elsewhere")).toBe(false);
    expect((await reasons(() => false, 0, others)).has("answered-elsewhere")).toBe(true);
  });

  it("what it forwards is not known to take another interface where one packet of it may have crossed, long before", async () => {
    const long = conversation(400, { everyUs: 10_000 });
    const reasons = async (inside: readonly Stamped[], outside: readonly Stamped[]) => {
      const rest = spread(0).map((each) => later(each, 3e9));
      const { alone } = await outcomeOf(
        merged(long.inside, [asking(OTHER, 64)], inside),
        merged(long.outside, [asking(HOST, 63)], outside, rest),
      );
      return new Set(alone.slice(-4).map(({ reason }) => reason));
    };
    expect(await reasons([], [])).toEqual(new Set(["answered-elsewhere"]));
    const both = [like(CONTAINER, 64, SERVER), like(OTHER, 64, SERVER)];
    expect(await reasons(both, [like(HOST, 63, SERVER)])).toEqual(new Set(["forwarded-unseen"]));
  });

  it("what it forwards takes another interface however many others are not decided about", async () => {
    expect(new Set(await forwarded(known.inside, { answers: 200 }))).toEqual(new Set([ELSEWHERE]));
  });

  it("what it forwards takes another interface once that is proved of its conversation, whatever comes then", async () => {
    const later = [us(4_000_000, query({ src: HOST, dst: SERVER, ipId: 31_001, ttl: 63 }))];
    const said = await forwarded(known.inside, { more: [unanswered(4_000_100)], beyond: later });
    expect(said).toEqual(Array(5).fill(ELSEWHERE));
  });

  it("what it forwards is known to take another interface where a filter by what all inside has would have let it pass", async () => {
    const known = [conversation(40), conversation(40, { insideSrc: OTHER, srcPort: 50_000, seed: 2 })];
    const apart = { srcPort: 45_000, dstPort: 80, ipId: 5, ttl: 63, text: "x" };
    const there = [0, 1, 2].map((n) =>
      us(3000 + 100 * n, segment({ src: HOST, dst: SERVER, seq: 1 + n, ack: 9 + n, ...apart })),
    );
    const back = { srcPort: 80, dstPort: 45_000, ipId: 6, ttl: 53, text: "y" };
    const answers = [0, 1, 2].map((n) =>
      us(3050 + 100 * n, segment({ src: SERVER, dst: HOST, seq: 9 + n, ack: 2 + n, ...back })),
    );
    const saidOf = async (conversations: typeof known) => {
      const inside = merged(...conversations.map(({ inside }) => inside));
      const outcome = await outcomeOf(inside, merged(...conversations.map(({ outside }) => outside), there, answers));
      return new Set(outcome.alone.map(({ verdict }) => verdict));
    };
    expect(await saidOf(known)).toEqual(new Set(["elsewhere"]));
    expect(await saidOf(known.slice(1))).toEqual(new Set(["unknown"]));
  });

  it("what comes to it is local if it answers, and else it may have been meant for a container", async () => {
    expect(await alone([], [call(SYN)])).toEqual([
      `${UNANSWERED}; the host's rules would tell (--rules), and conntrack -S what it drops`,
    ]);
    expect(await alone([], [call(SYN), recall(SYN_ACK, 9, 64)])).toEqual([
      `outside local: to the host itself (${HOST})`,
      `outside local: from the host itself (${HOST})`,
    ]);
  });

  it("what opens a connection to it is refused if it resets that, and what goes on with one is its own", async () => {
    const why = "the host resets it (frame 33): a rule rejects it, or nobody listens there";
    expect(await alone([], [call(SYN), recall(RST_ACK, 0, 64)])).toEqual([
      `outside refused: ${why}`,
      `outside local: from the host itself (${HOST})`,
    ]);
    expect((await alone([], [call(ACK), recall(RST, 7, 64)]))[0]).toBe(`outside local: to the host itself (${HOST})`);
  });
});

describe("what calls the host's own address is judged by its rules, where they are known", () => {
  const RULES = rulesOf(publishing(CONTAINER));

  it("is dropped where they send it to a container, which is there", async () => {
    expect(await alone([], [call(SYN)], RULES)).toEqual([
      `outside dropped: no segment like it came out on inside before that ended, though a rule sends it there: ${publishing(CONTAINER)}`,
    ]);
  });

  it("is dropped where they send it to one of whom only a later flow of that address tells", async () => {
    const rules = rulesOf(publishing(OTHER));
    const [inside, outside] = [asking(OTHER, 64), asking(HOST, 63)];
    const outcome = await outcomeOf(merged(known.inside, [inside]), merged(known.outside, [outside, call(SYN)]), {
      rules,
    });
    expect(outcome.alone.map(({ verdict }) => verdict)).toEqual(["dropped"]);
  });

  it("is not known where they send it to another one, or it may meet another rule, or goes on with what was opened before", async () => {
    const stranger = publishing("172.18.0.2");
    expect(await alone([], [call(SYN)], rulesOf(stranger))).toEqual([
      `${UNANSWERED}; a rule may send it there, but nothing shows that 172.18.0.2 is inside: ${stranger}`,
    ]);
    const banned = rulesOf("-A DOCKER -m set --match-set banned src -j RETURN", publishing(CONTAINER));
    expect(await alone([], [call(SYN)], banned)).toEqual([
      `${UNANSWERED}; a rule may send it there, but it asks for more than is to be seen: ${publishing(CONTAINER)}`,
    ]);
    expect(await alone([], [call(ACK)], RULES)).toEqual([UNANSWERED]);
  });

  it("is not known where no rule sends it anywhere", async () => {
    expect(await alone([], [call(SYN)], rulesOf())).toEqual([`${UNANSWERED}; no rule sends it there`]);
  });

  it("is the host's own where the host answers, whatever they say", async () => {
    expect((await alone([], [call(SYN), recall(SYN_ACK, 9, 64)], RULES))[0]).toMatch(
      /^outside local: the host itself accepts the connection \(frame \d+\), though it forwards this port$/,
    );
    expect((await alone([], [call(SYN), recall(SYN_ACK, 9, 63)], RULES))[0]).toMatch(
      /^outside unknown: .* though it is answered$/,
    );
  });
});

const between = (src: string, dst: string, [srcPort, dstPort]: [number, number], flags: number, ttl: number) =>
  segment({ src, dst, srcPort, dstPort, seq: 0, ack: 1, flags, ttl, ipId: 0 });

it("what a container sends to the host is the host's where that answers by the address that it has on the bridge", async () => {
  const numbers = { srcPort: 80, dstPort: 38_562, seq: 500, ack: 900, flags: ACK, text: "a page" };
  const page = us(3050, segment({ ...numbers, src: OTHER, dst: HOST, ttl: 64, ipId: 1 }));
  const acked = (seq: number, ack: number) =>
    us(
      3090,
      segment({ src: "172.17.0.1", dst: OTHER, srcPort: 38_562, dstPort: 80, seq, ack, flags: ACK, ttl: 64, ipId: 2 }),
    );
  const [answered] = await alone([page, acked(900, 506)], []);
  expect(answered).toBe("inside local: the host answers it by another address (frame 33)");
  const [unanswered] = await alone([page, acked(901, 506)], []);
  expect(unanswered).toContain("inside unknown: nothing from where it goes answers it");
  // nothing answers the last one of that conversation
  const last = us(3120, segment({ ...numbers, seq: 506, text: "", src: OTHER, dst: HOST, ttl: 64, ipId: 3 }));
  expect((await alone([page, acked(900, 506), last], [])).at(-1)).toBe(
    "inside local: the host answers its conversation by another address, and nothing has to answer this packet",
  );
  expect((await alone([page, acked(901, 506), last], [])).at(-1)).toContain("inside unknown: nothing from where");
});

it("what a container opens to the host's own address, and the host resets, is refused", async () => {
  const calling = us(3050, between(CONTAINER, HOST, [5, 81], SYN, 64));
  expect(await alone([calling, us(3060, between(HOST, CONTAINER, [81, 5], RST_ACK, 64))], [])).toEqual([
    "inside refused: the host resets it (frame 33): a rule rejects it, or nobody listens there",
    `inside local: from the host itself (${HOST})`,
  ]);
  // that of whom it forwards the port to has a lower TTL
  const forwarded = await alone([calling, us(3060, between(HOST, CONTAINER, [81, 5], RST_ACK, 63))], []);
  expect(forwarded.map((said) => said.split(":")[0])).toEqual(["inside unknown", "inside unknown"]);
});

it("who calls from outside, and whom the host stands for towards who is called, is not the host", async () => {
  const peer = "172.18.0.2";
  const call = (n: number, isInside: boolean) => {
    const of = { src: isInside ? "172.17.0.1" : peer, dst: CONTAINER, srcPort: 40_000 + n, dstPort: 80, ack: 0 };
    return us(
      1000 * n + (isInside ? 20 : 0),
      segment({ ...of, seq: 7000 * n, ipId: 400 + n, ttl: isInside ? 63 : 64, flags: SYN }),
    );
  };
  const calls = (isInside: boolean) => [1, 2, 3].map((n) => call(n, isInside));
  const other = us(
    3500,
    datagram({ src: SERVER, dst: peer, srcPort: 443, dstPort: 5000, ipId: 9, ttl: 62, text: "?" }),
  );
  const { alone } = await outcomeOf(merged(known.inside, calls(true)), merged(known.outside, calls(false), [other]));
  expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(["unknown untranslated"]);
});

/** A call of the host's port by somebody whose packets have this TTL, and what comes back with that one. */
function called(src: string, ttl: number, answerTtl?: number): Stamped[] {
  const to = { src, dst: HOST, srcPort: 41_000, dstPort: 8070, seq: 100, ack: 0, flags: SYN, ipId: 1, ttl };
  const back = { src: HOST, dst: src, srcPort: 8070, dstPort: 41_000, seq: 500, ack: 101, flags: SYN_ACK, ipId: 0 };
  const sent = us(500_000, segment(to));
  return answerTtl === undefined ? [sent] : [sent, us(500_020, segment({ ...back, ttl: answerTtl }))];
}

/** What a capture has before and behind that, and the other one has not. */
function around(src: string, dst: string): Stamped[] {
  return [0, 2500].map((ms) => us(1000 * ms, query({ src, dst, ipId: ms, ttl: 64, text: `from ${src} at ${ms}` })));
}

/** The routes of a host that has an address, and of which nothing else is known. */
const owning = (own: string) => ({
  routes: {
    changes: 0,
    uncapturedTo: () => undefined,
    isCapturedTo: () => false,
    areNeighbours: () => undefined,
    isOwn: (address: string) => address === own,
  },
});

describe("before anything crossed, by the addresses that the host says are its own", () => {
  const by = owning(HOST);
  const reasonsOf = async (inside: Stamped[], outside: Stamped[], options: object = by) => {
    const { alone } = await outcomeOf(
      merged(around(OTHER, "198.51.100.60"), inside),
      merged(around("10.0.2.99", "10.0.2.98"), outside),
      options,
    );
    // the first and the last are what is around
    return alone
      .filter(({ side, frame }) => frame > 1 && frame < (side === "inside" ? inside : outside).length + 2)
      .map(({ side, verdict, reason }) => `${side} ${verdict} ${reason}`);
  };

  it("a conversation with the host is local where the host itself answers, by its full TTL", async () => {
    expect(await reasonsOf(called(CONTAINER, 64, 64), [])).toEqual(["inside local to-host", "inside local from-host"]);
    expect(await reasonsOf([], called(CLIENT, 63, 64))).toEqual(["outside local to-host", "outside local from-host"]);
  });

  it("is unknown where nothing answers, routers lowered the answer's TTL, or the host does not say so", async () => {
    const inside = "inside unknown nothing-paired";
    const outside = "outside unknown nothing-paired";
    expect(await reasonsOf(called(CONTAINER, 64), [])).toEqual([inside]);
    expect(await reasonsOf([], called(CLIENT, 63))).toEqual([outside]);
    expect(await reasonsOf(called(CONTAINER, 64, 63), [])).toEqual([inside, inside]);
    expect(await reasonsOf([], called(CLIENT, 63, 63))).toEqual([outside, outside]);
    expect(await reasonsOf(called(CONTAINER, 64, 64), [], {})).toEqual([inside, inside]);
  });

  it("what opens a connection is refused where the host itself resets it, once something crossed", async () => {
    const own = "10.0.2.99";
    const ports = { srcPort: 5, dstPort: 88 };
    const knock = us(3050, segment({ src: CLIENT, dst: own, ...ports, seq: 1, ack: 0, flags: SYN, ttl: 63, ipId: 1 }));
    const back = { src: own, dst: CLIENT, srcPort: 88, dstPort: 5, seq: 0, ack: 2, flags: RST_ACK, ipId: 0, ttl: 64 };
    const of = async (options: object) => {
      const { alone } = await outcomeOf(known.inside, merged(known.outside, [knock, us(3060, segment(back))]), options);
      return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await of(owning(own))).toEqual(["refused host-refuses", "local from-host"]);
    expect((await of({}))[0]).toBe("unknown untranslated");
  });

  it("an error from one is the host's, whatever crossed", async () => {
    const own = "10.0.2.99";
    const lost = us(3050, query({ src: CONTAINER, dst: "198.51.100.30", ipId: 31_000, ttl: 64 }));
    const error = ipv4(
      { src: own, dst: CONTAINER, id: 1, ttl: 64 },
      icmp({ type: 3, code: 1, payload: lost.packet.subarray(0, 28) }),
    );
    const of = async (options: object) => {
      const { alone } = await outcomeOf(merged(known.inside, [lost, us(3060, error)]), known.outside, options);
      return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
    };
    expect(await of(owning(own))).toEqual(["refused host-unreachable", "local host-error"]);
    expect((await of({}))[1]).toMatch(/^unknown/);
  });

  it("what a container sends to the host's address on its bridge is refused where an error from there says so", async () => {
    const bridge = "172.17.0.1";
    const call = segment({
      src: CONTAINER,
      dst: bridge,
      srcPort: 41_000,
      dstPort: 8070,
      seq: 100,
      ack: 0,
      flags: SYN,
      ipId: 1,
      ttl: 64,
    });
    const error = ipv4({ src: bridge, dst: CONTAINER, id: 1, ttl: 64 }, icmp({ type: 3, code: 3, payload: call }));
    const inside = [us(500_000, call), us(500_020, error)];
    expect(await reasonsOf(inside, [], owning(bridge))).toEqual([
      "inside refused port-unreachable",
      "inside local host-error",
    ]);
    expect(await reasonsOf(inside, [], {})).toEqual(["inside local same-link", "inside local same-link"]);
  });
});
