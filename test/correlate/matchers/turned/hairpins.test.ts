import { describe, expect, it } from "vitest";
import { ACK, RST } from "../../../../src/protocols/tcp.js";
import { filler, icmp, ipv4, tcp, transport, udp } from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import {
  CONTAINER,
  conversation,
  datagram,
  HOST,
  merged,
  OTHER,
  SERVER,
  segment,
  SYN,
  SYN_ACK,
} from "../../traffic.js";

const SERVICE = "10.96.0.10";
const GATEWAY = "172.17.0.1";

interface Numbers {
  readonly seq: number;
  readonly ack: number;
  readonly ipId: number;
  readonly flags?: number;
  readonly text?: string;
}

/** Both forms of a client's segment to the service's address, the second one so much later, and of the answer's. */
const there = (atUs: number, of: Numbers, tookUs = 5): Stamped[] => [
  us(atUs, segment({ src: OTHER, srcPort: 4000, dst: SERVICE, dstPort: 88, ttl: 64, ...of })),
  us(atUs + tookUs, segment({ src: GATEWAY, srcPort: 4000, dst: CONTAINER, dstPort: 80, ttl: 63, ...of })),
];
const back = (atUs: number, of: Numbers, tookUs = 5): Stamped[] => [
  us(atUs, segment({ src: CONTAINER, srcPort: 80, dst: GATEWAY, dstPort: 4000, ttl: 64, ...of })),
  us(atUs + tookUs, segment({ src: SERVICE, srcPort: 88, dst: OTHER, dstPort: 4000, ttl: 63, ...of })),
];

/** A handshake, a request, an answer: 12 frames. */
const opened = [
  ...there(1000, { seq: 500, ack: 0, ipId: 11, flags: SYN }),
  ...back(1020, { seq: 900, ack: 501, ipId: 0, flags: SYN_ACK }),
  ...there(1040, { seq: 501, ack: 901, ipId: 12 }),
  ...there(1060, { seq: 501, ack: 901, ipId: 13, text: "GET /" }),
  ...back(1080, { seq: 901, ack: 506, ipId: 21 }),
  ...back(1100, { seq: 901, ack: 506, ipId: 22, text: "200 OK" }),
];

/** A second request. */
const unseen = { seq: 506, ack: 907, ipId: 14, text: "GET /two" };

/** What both forms of a segment have in common where the TTL is kept. */
const sameOf = { srcPort: 4000, seq: 501, ack: 901, ttl: 64, text: "GET /" };

/** Frames 1 and 2, 3 and 4 … of a side. */
const inTwos = (count: number) => Array.from({ length: count }, (_, n) => [2 * n + 1, 2 * n + 2]);

/** What a client sends a container now and then, without an IP ID. */
const sent = (src: string, srcPort: number, ttl: number, n: number) =>
  us(
    1000 + 500 * n + (ttl === 49 ? 40 : 0),
    datagram({ src, dst: CONTAINER, srcPort, dstPort: 27_015, ipId: 0, ttl, text: `state ${n} of the game` }),
  );

/** A segment without IP ID, with timestamps that tell it from another one of the same numbers. */
const stamped = (src: string, dst: string, ports: readonly [number, number], ttl: number, ticks: number) =>
  ipv4(
    { src, dst, id: 0, ttl, df: true },
    tcp({
      srcPort: ports[0],
      dstPort: ports[1],
      seq: 900,
      ack: 501,
      flags: SYN_ACK,
      options: Uint8Array.of(1, 1, 8, 10, 0, 0, ticks >> 8, ticks & 0xff, 0, 0, 0, 1),
    }),
  );

it("an answer that was sent again is turned round with the timestamps that it has", async () => {
  const request = there(1000, { seq: 500, ack: 0, ipId: 11, flags: SYN });
  const first = us(1020, stamped(CONTAINER, GATEWAY, [80, 4000], 64, 100));
  const again = us(1400, stamped(CONTAINER, GATEWAY, [80, 4000], 64, 777));
  const after = us(1405, stamped(SERVICE, OTHER, [88, 4000], 63, 777));
  const { twins } = await outcomeOf([...opened, ...request, first, again, after], []);
  expect(twins.slice(-1)).toEqual([[16, 17]]);
});

describe("a connection that is turned round on its own side", () => {
  it("is one flow, each packet with the form it comes out in", async () => {
    const outcome = await outcomeOf(opened, []);
    expect(outcome.twins).toEqual(inTwos(6));
    expect(outcome.pairs.map(({ by, side, latencyNs }) => [by, side, latencyNs])).toEqual(
      Array.from({ length: 6 }, () => ["hairpin", "inside", 5000]),
    );
    expect(outcome.pairs.map(({ rewrite }) => rewrite).slice(0, 2)).toEqual(["src dst dstPort", "src srcPort dst"]);
    expect(outcome.flows).toMatchObject([
      {
        nat: "snat+dnat",
        initiator: "inside",
        inside: { src: OTHER, dst: SERVICE, srcPort: 4000, dstPort: 88 },
        outside: { src: GATEWAY, dst: CONTAINER, srcPort: 4000, dstPort: 80 },
        sides: [0, 0],
        pairs: 6,
      },
    ]);
  });

  it.each([
    ["came out unseen where it was acknowledged", 1_500_000, 514, false, "unknown forwarded-unseen"],
    ["… before the connection was known", 1_150, 514, false, "unknown forwarded-unseen"],
    ["was dropped where it was not", 1_500_000, 506, false, "dropped no-twin"],
    ["was dropped where it was sent again, and that came out", 1_500_000, 514, true, "dropped no-twin"],
  ])("a segment that was not seen to come out %s", async (_, atUs, ack, isSentAgain, said) => {
    const behind = (atUs: number) => [
      ...(isSentAgain ? there(atUs + 20, { ...unseen, ipId: 15 }) : []),
      ...back(atUs + 50, { seq: 907, ack, ipId: 23, text: "200 OK" }),
      ...there(atUs + 400_000, { seq: 514, ack: 913, ipId: 16 }),
    ];
    const { alone } = await outcomeOf([...opened, there(atUs, unseen)[0], ...behind(atUs)], []);
    expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([said]);
  });

  it("on the outside", async () => {
    const outcome = await outcomeOf([], opened);
    expect(outcome.twins).toEqual(inTwos(6));
    expect(outcome.pairs.every(({ side, latencyNs }) => side === "outside" && latencyNs === 5000)).toBe(true);
    expect(outcome.flows).toMatchObject([{ initiator: "outside", sides: [1, 1] }]);
  });

  it("that was met in the middle of an answer", async () => {
    const outcome = await outcomeOf(opened.slice(3), []);
    expect(outcome.twins).toEqual(inTwos(4).map(([a, b]) => [a + 1, b + 1]));
    // decided about before anything is known of the connection
    expect(outcome.verdicts("inside")).toEqual([[1, "unknown"]]);
    expect(outcome.flows).toMatchObject([{ inside: { src: OTHER }, outside: { src: GATEWAY } }]);
  });

  it("beside connections that cross", async () => {
    const crossing = conversation(40, { srcPort: 50_000 });
    const outcome = await outcomeOf(merged(opened, crossing.inside), crossing.outside);
    expect(outcome.pairs.filter(({ by }) => by === "hairpin")).toHaveLength(6);
    expect(outcome.nats).toEqual(["snat", "snat+dnat"]);
    expect(outcome.findings).toEqual([]);
  });

  it("is dropped where one does not come out, of which no other form is in the capture", async () => {
    const lost = there(1300, { seq: 506, ack: 907, ipId: 14, text: "more" })[0];
    const later = there(20_000, { seq: 510, ack: 907, ipId: 15, text: "yet more" });
    const outcome = await outcomeOf([...opened, lost, ...later], []);
    expect(outcome.alone).toEqual([
      {
        side: "inside",
        frame: 13,
        verdict: "dropped",
        reason: "no-twin",
        impact: "unknown",
        why: "no segment like it came out on inside before that ended, where its conversation is turned round",
      },
    ]);
  });

  it("may be what a packet to the host's address was meant to be, as long as the host does not answer", async () => {
    const crossing = conversation(80, { srcPort: 50_000 });
    const asked = us(
      2000,
      segment({ src: OTHER, srcPort: 4001, dst: HOST, dstPort: 88, ttl: 64, seq: 7000, ack: 0, ipId: 77, flags: SYN }),
    );
    const answered = us(
      2050,
      segment({
        src: HOST,
        srcPort: 88,
        dst: OTHER,
        dstPort: 4001,
        ttl: 64,
        seq: 1,
        ack: 7001,
        ipId: 0,
        flags: SYN_ACK,
      }),
    );
    const alone = async (...packets: Stamped[]) =>
      (await outcomeOf(merged(crossing.inside, packets), crossing.outside)).alone;
    expect(await alone(asked)).toMatchObject([{ verdict: "unknown", reason: "no-answer" }]);
    expect(await alone(asked, answered)).toMatchObject([
      { verdict: "local", reason: "to-host" },
      { verdict: "local", reason: "from-host" },
    ]);
  });

  it("is not paired with what came out far later and may have been sent again", async () => {
    // a keep-alive without an ID that does not come out, and the next one, which was not seen to come in
    const [lost] = there(2000, { seq: 506, ack: 907, ipId: 0 });
    const [, again] = there(302_000, { seq: 506, ack: 907, ipId: 0 });
    const outcome = await outcomeOf([...opened, lost, again], []);
    expect(outcome.twins).toEqual(inTwos(6));
  });

  it("is none where the TTL is not one lower: two clients that send the same to one container", async () => {
    const clients = Array.from({ length: 30 }, (_, n) => [
      sent("203.0.113.5", 5000, 239, n),
      sent("203.0.113.9", 6000, 49, n),
    ]);
    const outcome = await outcomeOf(clients.flat(), []);
    expect(outcome.pairs).toEqual([]);
  });

  it("is no proxy", async () => {
    const outcome = await outcomeOf(
      opened.filter((_, n) => n !== 1),
      [],
    );
    expect(outcome.nats).toEqual(["snat+dnat"]);
    expect(outcome.verdicts("inside")).toEqual([[1, "unknown"]]);
  });
});

/** A question to the service, turned round to a neighbour of who asks … */
const question = (n: number): Stamped[] => {
  const ask = { src: OTHER, srcPort: 7778, ipId: 100 + n, text: `question ${n}` };
  return [
    us(20_000 * n, datagram({ ...ask, dst: SERVICE, dstPort: 8053, ttl: 64 })),
    us(20_000 * n + 5, datagram({ ...ask, dst: CONTAINER, dstPort: 53, ttl: 63 })),
  ];
};
/** … the neighbour's answer, and what br_netfilter makes of it on the bridge. */
const reply = (n: number): Stamped[] => {
  const answer = { dst: OTHER, dstPort: 7778, ipId: 200 + n, text: `answer ${n}` };
  return [
    us(20_000 * n + 100, datagram({ ...answer, src: CONTAINER, srcPort: 53, ttl: 64 })),
    us(20_000 * n + 105, datagram({ ...answer, src: SERVICE, srcPort: 8053, ttl: 63 })),
  ];
};

describe("what answers a conversation of which the host replaces one end alone", () => {
  const numbers = Array.from({ length: 6 }, (_, n) => n + 1);

  it("goes straight to its neighbour", async () => {
    const outcome = await outcomeOf(
      merged(
        numbers.flatMap(question),
        numbers.map((n) => reply(n)[0]),
      ),
      [],
    );
    expect(outcome.pairs).toHaveLength(6);
    expect(new Set(outcome.alone.map(({ verdict, reason }) => `${verdict} ${reason}`))).toEqual(
      new Set(["local same-link"]),
    );
    expect(outcome.findings).toEqual([]);
  });

  it("is dropped where others were turned round, by br_netfilter", async () => {
    const turned = numbers.flatMap((n) => (n === 3 ? reply(n).slice(0, 1) : reply(n)));
    const outcome = await outcomeOf(merged(numbers.flatMap(question), turned), []);
    expect(outcome.pairs).toHaveLength(11);
    expect(outcome.alone).toMatchObject([{ verdict: "dropped", reason: "no-twin" }]);
  });
});

const beat = (atUs: number, src: string, dst: string, ttl: number, ipId = 0): Stamped =>
  us(atUs, datagram({ src, dst, srcPort: 7, dstPort: 7, ipId, ttl, text: "alive" }));

describe("packets that look alike on one side are no hairpin", () => {
  it("sent to two addresses", async () => {
    const outcome = await outcomeOf(
      [beat(1000, OTHER, SERVER, 64, 9), beat(1003, OTHER, SERVICE, 64, 9), ...opened],
      [],
    );
    expect(outcome.pairs).toHaveLength(6);
  });

  it("that a flood is made of, of a router that lowers TTLs: it was dropped", async () => {
    const flood = Array.from({ length: 20 }, (_, n) => {
      const src = n % 2 === 0 ? CONTAINER : OTHER;
      const numbers = { seq: 777, ack: 0, ipId: 54_321, flags: SYN };
      return us(1000 + 37 * n, segment({ src, srcPort: 2000 + 7 * n, dst: SERVER, dstPort: 80, ttl: 64, ...numbers }));
    });
    const others = conversation(60);
    const { alone } = await outcomeOf(merged(others.inside, flood), others.outside);
    expect(alone.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(flood.map(() => "dropped no-twin"));
  });

  it("with nothing rewritten", async () => {
    const between = [1000, 1100, 1200].flatMap((atUs) => [
      beat(atUs, OTHER, CONTAINER, 64, atUs),
      beat(atUs + 4, OTHER, CONTAINER, 63, atUs),
    ]);
    expect((await outcomeOf(between, [])).pairs).toEqual([]);
  });

  it("with too little to tell them by", async () => {
    expect((await outcomeOf([beat(1000, OTHER, SERVICE, 64), beat(1004, GATEWAY, CONTAINER, 63)], [])).pairs).toEqual(
      [],
    );
  });

  it("where a third one is like them", async () => {
    const alike = { srcPort: 1, dstPort: 2, seq: 7, ack: 8, ipId: 9 };
    const frames = [
      us(1000, segment({ src: OTHER, dst: SERVICE, ttl: 64, ...alike })),
      us(1004, segment({ src: GATEWAY, dst: CONTAINER, ttl: 63, ...alike })),
      us(1008, segment({ src: GATEWAY, dst: HOST, ttl: 63, ...alike })),
    ];
    expect((await outcomeOf(frames, [])).pairs).toEqual([]);
  });
});

describe("identical packets of a connection that is turned round", () => {
  const same = { seq: 907, ack: 506, ipId: 0 };
  const known = opened.concat(
    Array.from({ length: 8 }, (_, n) => there(1200 + 20 * n, { seq: 506, ack: 907 + n, ipId: 30 + n })).flat(),
  );

  it("are told by their order where each comes out before the next comes in", async () => {
    const outcome = await outcomeOf([...known, ...back(2000, same), ...back(2020, same), ...back(2040, same)], []);
    expect(outcome.twins).toEqual(inTwos(17));
  });

  it("are told by that however many there are, once the connection is known", async () => {
    const later = Array.from({ length: 100 }, (_, n) => back(3_000_000 + 200 * n, same)).flat();
    const outcome = await outcomeOf([...known, ...later], []);
    expect(outcome.twins).toEqual(inTwos(114));
  });

  it("are ambiguous where two come in before one comes out", async () => {
    const [first, out] = back(2000, same, 9);
    const [second, outAgain] = back(2004, same, 9);
    const outcome = await outcomeOf([...known, first, second, out, outAgain], []);
    expect(outcome.undecided).toMatchObject([{ inside: [29, 30, 31, 32], outside: [] }]);
  });

  it("are told by the time that others took where one was lost long before", async () => {
    const [lost] = back(2000, same);
    const outcome = await outcomeOf([...known, lost, ...back(300_000, same)], []);
    expect(outcome.twins.at(-1)).toEqual([30, 31]);
    expect(outcome.verdicts("inside")).toEqual([[29, "dropped"]]);
  });
});

const MSS = 1448;
type Direction = "there" | "back";
const LINKS = {
  there: [
    { src: OTHER, srcPort: 4000, dst: SERVICE, dstPort: 88, ttl: 64 },
    { src: GATEWAY, srcPort: 4000, dst: CONTAINER, dstPort: 80, ttl: 63 },
  ],
  back: [
    { src: CONTAINER, srcPort: 80, dst: GATEWAY, dstPort: 4000, ttl: 64 },
    { src: SERVICE, srcPort: 88, dst: OTHER, dstPort: 4000, ttl: 63 },
  ],
} as const;

/** One form of some data, from the `from`-th piece on. */
function form(direction: Direction, after: 0 | 1, atUs: number, from: number, count: number, ipId: number): Stamped {
  const of = LINKS[direction][after];
  const numbers = direction === "there" ? { seq: 506, ack: 907 } : { seq: 907, ack: 506 };
  const text = "x".repeat(count * MSS);
  return us(atUs, segment({ ...of, ...numbers, seq: numbers.seq + from * MSS, ipId, text }));
}

const ids = (ipId: number, k: number) => (ipId === 0 ? 0 : ipId + k);

/** What some frames of that connection come to, and their pairs. */
async function grouped(frames: readonly Stamped[]) {
  const outcome = await outcomeOf(merged(opened, frames), []);
  return { outcome, pairs: outcome.pairs.slice(6).map(({ by, frames: [befores, afters] }) => [by, befores, afters]) };
}

describe.each([
  ["with IP IDs", 40],
  ["without", 0],
])("a segment that is cut differently in its two forms, %s", (_, ipId) => {
  it("is paired with its pieces", async () => {
    const after = [0, 1, 2].map((k) => form("there", 1, 1305 + k, k, 1, ids(ipId, k)));
    const { outcome, pairs } = await grouped([form("there", 0, 1300, 0, 3, ipId), ...after]);
    expect(pairs).toEqual([["hairpin", [13], [14, 15, 16]]]);
    expect(outcome.alone).toEqual([]);
  });

  it("is paired with what it was merged from", async () => {
    const before = [0, 1, 2].map((k) => form("back", 0, 1300 + k, k, 1, ids(ipId, k)));
    const { outcome, pairs } = await grouped([...before, form("back", 1, 1308, 0, 3, ipId)]);
    expect(pairs).toEqual([["hairpin", [13, 14, 15], [16]]]);
    expect(outcome.pairs.at(-1)?.latencyNs).toBe(6000);
    expect(outcome.alone).toEqual([]);
  });

  it("is not said to be dropped where only some of its pieces are there", async () => {
    const after = [0, 2].map((k) => form("there", 1, 1305 + k, k, 1, ids(ipId, k)));
    const behind = there(20_000, { seq: 1, ack: 1, ipId: 99 });
    const { outcome, pairs } = await grouped([form("there", 0, 1300, 0, 3, ipId), ...after, ...behind]);
    expect(pairs).toEqual([["hairpin", [16], [17]]]);
    expect(outcome.alone.map(({ reason }) => reason)).toEqual(["pieces-missing", "never-entered", "never-entered"]);
  });

  it("is dropped where nothing of it is there", async () => {
    const { outcome } = await grouped([
      form("there", 0, 1300, 0, 3, ipId),
      ...there(20_000, { seq: 1, ack: 1, ipId: 99 }),
    ]);
    expect(outcome.verdicts("inside")).toEqual([[13, "dropped"]]);
  });
});

describe("a datagram that is turned round in fragments", () => {
  const payload = filler(2000, 7);
  const known = { ports: { srcPort: 4000, dstPort: 88 }, after: { srcPort: 4000, dstPort: 53 } };
  const asked = (n: number) => {
    const text = `question ${n} of many`;
    return [
      us(500 * n, datagram({ src: OTHER, dst: SERVICE, ttl: 64, ipId: 70 + n, text, ...known.ports })),
      us(500 * n + 5, datagram({ src: GATEWAY, dst: CONTAINER, ttl: 63, ipId: 70 + n, text, ...known.after })),
    ];
  };
  const cut = (atUs: number, isAfter: boolean, sizes: readonly number[], id = 90) => {
    const of = isAfter ? { src: GATEWAY, dst: CONTAINER, ttl: 63 } : { src: OTHER, dst: SERVICE, ttl: 64 };
    const bytes = udp({ ...(isAfter ? known.after : known.ports), payload }).bytes;
    let offset = 0;
    return sizes.map((size, k) => {
      const fragment = bytes.subarray(offset, offset + size);
      const packet = ipv4({ ...of, id, offset, mf: k < sizes.length - 1 }, transport(17, fragment));
      offset += size;
      return us(atUs + k, packet);
    });
  };

  it("is paired, whether it is cut alike or not", async () => {
    for (const [before, after] of [
      [
        [1480, 528],
        [1480, 528],
      ],
      [[1480, 528], [2008]],
      [[2008], [800, 800, 408]],
    ]) {
      const outcome = await outcomeOf(
        [...asked(1), ...asked(2), ...asked(3), ...cut(3000, false, before), ...cut(3010, true, after)],
        [],
      );
      const frames = outcome.pairs.at(-1)?.frames;
      expect(frames?.map((of) => of.length)).toEqual([before.length, after.length]);
      expect(outcome.alone).toEqual([]);
    }
  });

  const twice = (count: number): Stamped[] =>
    Array.from({ length: count }, (_, n) => [
      ...cut(1000 * n, false, [2008], 90 + n),
      ...cut(1000 * n + 10, true, [1480, 528], 90 + n),
    ]).flat();

  it("tells how its conversation is turned round, where others behind it say so as well", async () => {
    const outcome = await outcomeOf(twice(3), []);
    expect(outcome.pairs.map(({ by, frames }) => `${by} ${frames?.map((of) => of.length).join()}`)).toEqual(
      Array(3).fill("hairpin 1,2"),
    );
    const one = await outcomeOf(twice(1), []);
    expect([one.pairs, one.alone.map(({ verdict }) => verdict)]).toEqual([[], Array(3).fill("unknown")]);
  });

  it("is not said to be dropped where a fragment of it is missing", async () => {
    const after = cut(3010, true, [1480, 528]).slice(1);
    const outcome = await outcomeOf(
      [...asked(1), ...asked(2), ...asked(3), ...cut(3000, false, [1480, 528]), ...after, ...asked(9)],
      [],
    );
    expect(outcome.alone).toHaveLength(3);
    expect(outcome.alone.map(({ verdict }) => verdict)).not.toContain("dropped");
  });
});

it("two packets that may be two forms of one, where too little speaks for it, are unknown", async () => {
  const crossing = conversation(40, { srcPort: 50_000 });
  const forms = [beat(2000, OTHER, SERVICE, 64), beat(2005, GATEWAY, CONTAINER, 63)];
  const outcome = await outcomeOf(merged(forms, crossing.inside), crossing.outside);
  const verdicts = outcome.alone.map(({ verdict, why }) => [verdict, why]);
  expect(verdicts).toEqual([
    ["unknown", expect.stringContaining("may have turned it round")],
    ["unknown", expect.stringContaining("may have turned it round")],
  ]);
});

const keptAfter = (ipId: number) => us(2005, segment({ ...sameOf, src: GATEWAY, dst: CONTAINER, dstPort: 80, ipId }));

it("so are those that a router turned round whose TTLs it kept, if they have an IP ID in common", async () => {
  const crossing = conversation(40, { srcPort: 50_000 });
  const kept = crossing.outside.map(({ ns, packet }, n) => {
    const copy = packet.slice();
    copy[8] = crossing.inside[n].packet[8];
    return { ns, packet: copy };
  });
  const [before, , ...rest] = there(2000, { seq: 501, ack: 901, ipId: 12, text: "GET /" });
  const verdicts = async (forms: readonly Stamped[]) => {
    const { alone } = await outcomeOf(merged(forms, crossing.inside), kept);
    return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
  };
  expect(rest).toEqual([]);
  expect(await verdicts([before, keptAfter(12)])).toEqual(["unknown may-be-hairpin", "unknown may-be-hairpin"]);
  expect(await verdicts([before, keptAfter(13)])).toEqual(["dropped no-twin", "local same-link"]);
});

it("what came out later than others is not said to be dropped", async () => {
  const late = there(2000, { seq: 506, ack: 907, ipId: 0 }, 90_000);
  const { alone } = await outcomeOf([...opened, ...late], []);
  expect(alone.map(({ frame, verdict }) => [frame, verdict])).toEqual([
    [13, "unknown"],
    [14, "unknown"],
  ]);
});

const anew = (atUs: number, port: number, of: Numbers): Stamped[] => [
  us(atUs, segment({ src: OTHER, srcPort: 4000, dst: SERVICE, dstPort: 88, ttl: 64, ...of })),
  us(atUs + 5, segment({ src: GATEWAY, srcPort: port, dst: CONTAINER, dstPort: 80, ttl: 63, ...of })),
];

const answerTo = (atUs: number, port: number, of: Numbers): Stamped =>
  us(atUs, segment({ src: CONTAINER, srcPort: 80, dst: GATEWAY, dstPort: port, ttl: 64, ...of }));

describe("a conversation that is translated anew", () => {
  it("is turned round by both translations", async () => {
    const rest = [
      ...anew(2000, 61_000, { seq: 506, ack: 907, ipId: 31, text: "more" }),
      ...anew(2020, 61_000, { seq: 510, ack: 907, ipId: 32, text: "yet more" }),
    ];
    const outcome = await outcomeOf([...opened, ...rest], []);
    expect(outcome.twins).toEqual(inTwos(8));
    expect(outcome.flows.map(({ outside, pairs }) => [outside.srcPort, pairs])).toEqual([
      [4000, 6],
      [61_000, 2],
    ]);
  });

  it("takes two packets, unless the first one opens it: a flipped bit looks like that", async () => {
    const one = anew(2000, 61_000, { seq: 506, ack: 907, ipId: 31, text: "more" });
    const outcome = await outcomeOf([...opened, ...one], []);
    expect(outcome.alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["unknown", "may-be-hairpin"],
      ["unknown", "may-be-hairpin"],
    ]);
    const syn = anew(2000, 61_000, { seq: 9506, ack: 0, ipId: 31, flags: SYN });
    expect((await outcomeOf([...opened, ...syn], [])).twins).toEqual(inTwos(7));
  });

  it("leaves open what became of answers that go by the old one: the host may have taken them", async () => {
    const rest = [
      ...anew(2000, 61_000, { seq: 506, ack: 907, ipId: 31, text: "more" }),
      ...anew(2020, 61_000, { seq: 510, ack: 907, ipId: 32, text: "yet more" }),
    ];
    const late = answerTo(2040, 4000, { seq: 907, ack: 518, ipId: 40, text: "late" });
    const lost = answerTo(2060, 61_000, { seq: 911, ack: 518, ipId: 41, text: "lost" });
    const later = anew(90_000, 61_000, { seq: 518, ack: 907, ipId: 33, text: "and more" });
    const outcome = await outcomeOf([...opened, ...rest, late, lost, ...later], []);
    expect(outcome.alone.map(({ frame, verdict, reason }) => [frame, verdict, reason])).toEqual([
      [17, "unknown", "translation-gone"],
      [18, "dropped", "no-twin"],
    ]);
  });
});

it("what is stamped as if it came out before it came in is not said to be dropped", async () => {
  const [before, after] = there(2000, { seq: 506, ack: 907, ipId: 0 });
  const later = there(90_000, { seq: 506, ack: 908, ipId: 33 });
  const { alone } = await outcomeOf([...opened, { ...after, ns: before.ns - 60_000 }, before, ...later], []);
  expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["unknown", "may-be-hairpin"],
    ["unknown", "may-be-hairpin"],
  ]);
});

it("where nothing is turned round behind it, the host may have forgotten how, and taken it", async () => {
  const [lost] = back(3000, { seq: 907, ack: 506, ipId: 50, text: "last" });
  const crossing = conversation(40, { srcPort: 50_000, startUs: 20_000 });
  const outcome = await outcomeOf(merged([...opened, lost], crossing.inside), crossing.outside);
  expect(outcome.alone).toMatchObject([{ frame: 13, verdict: "unknown", reason: "translation-gone" }]);
});

/** Whether a conversation that is turned round is refused, by what its packets are. */
const refusals = async (...packets: readonly Stamped[][]): Promise<boolean[]> =>
  (await outcomeOf(packets.flat(), [])).flows.map(({ isRefused = false }) => isRefused);
const SYN_AT = (atUs: number, seq: number) => there(atUs, { seq, ack: 0, ipId: 11 + atUs, flags: SYN });
const RESET_AT = (atUs: number, ack: number) => back(atUs, { seq: 0, ack, ipId: 0, flags: RST | ACK });

it("a connection that is turned round is refused where all that came back is a reset to each SYN", async () => {
  expect(await refusals(SYN_AT(1000, 500), RESET_AT(1020, 501))).toEqual([true]);
  expect(await refusals(SYN_AT(1000, 500), RESET_AT(1020, 501), SYN_AT(3000, 700), RESET_AT(3020, 701))).toEqual([
    true,
  ]);
  expect(await refusals(opened, RESET_AT(1200, 506))).toEqual([false]);
  expect(await refusals(SYN_AT(1000, 500), SYN_AT(3000, 500), RESET_AT(3020, 501))).toEqual([false]);
});

/** A query to the service's address, and the form of it that the container gets. */
const query = (n: number): [before: Uint8Array, after: Uint8Array] => {
  const of = { srcPort: 4000, ipId: 31 + n, ttl: 64, text: `is anybody there? ${n}` };
  return [
    datagram({ src: OTHER, dst: SERVICE, dstPort: 53, ...of }),
    datagram({ src: GATEWAY, dst: CONTAINER, dstPort: 82, ...of, ttl: 63 }),
  ];
};

/** Both forms of queries, and of the errors with a code by which the container answers. */
const queries = [0, 1, 2].flatMap((n) => query(n).map((packet, at) => us(2000 + 1000 * n + 5 * at, packet)));
const errors = (code: number): Stamped[] =>
  [0, 1, 2].flatMap((n) => {
    const [before, after] = query(n);
    const of = { id: 41 + n };
    return [
      us(2020 + 1000 * n, ipv4({ src: CONTAINER, dst: GATEWAY, ...of }, icmp({ type: 3, code, payload: after }))),
      us(2025 + 1000 * n, ipv4({ src: SERVICE, dst: OTHER, ttl: 63, ...of }, icmp({ type: 3, code, payload: before }))),
    ];
  });

it("queries that are turned round are refused where all that came back are errors that nobody gets them", async () => {
  expect(await refusals(merged(opened, queries))).toEqual([false, false]);
  expect(await refusals(merged(opened, queries, errors(3)))).toEqual([false, true]);
  // too long for the next link: they may get there in pieces
  expect(await refusals(merged(opened, queries, errors(4)))).toEqual([false, false]);
});
