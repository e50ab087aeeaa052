import { describe, expect, it } from "vitest";
import type { Judgement } from "../../../../src/packets/results/results.js";
import { SIDE_NAMES } from "../../../../src/packets/sides.js";
import { concat, icmp, ipv4, udp } from "../../../support/packets.js";
import { ms, type Outcome, outcomeOf, type Stamped } from "../../outcome.js";
import {
  CONTAINER,
  conversation,
  datagram,
  HOST,
  merged,
  ping,
  segment,
  SERVER,
  SYN,
  SYN_ACK,
  type Sides,
} from "../../traffic.js";

const [FIN_ACK, RST] = [0x11, 0x04];
const GATEWAY = "172.17.0.1";

/** A packet each way every 100 ms for 40 s, all of them on both sides, so that the captures can be believed. */
const known = conversation(400, { everyUs: 100_000, srcPort: 50_000, seed: 7 });

/** What the container sends, or is sent: at a millisecond, and whether it gets through. */
interface Sent {
  readonly atMs: number;
  readonly isLost?: boolean;
  readonly packet: (isInside: boolean) => Uint8Array;
  readonly isInbound?: boolean;
}

let ipId = 100;

const from = (isInside: boolean) => ({ src: isInside ? CONTAINER : HOST, dst: SERVER, ttl: isInside ? 64 : 63 });
const to = (isInside: boolean) => ({ src: SERVER, dst: isInside ? CONTAINER : HOST, ttl: isInside ? 52 : 53 });

/** A segment of the container's, with a new IP ID. */
function data(atMs: number, seq: number, text: string, { isLost = false, flags = 0x18, ack = 5000 } = {}): Sent {
  const id = ++ipId;
  const numbers = { srcPort: 40_000, dstPort: 80, ipId: id, seq, ack, flags, text };
  return { atMs, isLost, packet: (isInside) => segment({ ...from(isInside), ...numbers }) };
}

const syn = (atMs: number, isLost = false) => data(atMs, 999, "", { flags: SYN, ack: 0, isLost });
const fin = (atMs: number, isLost = false) => data(atMs, 1005, "", { flags: FIN_ACK, isLost });
const reset = (atMs: number, isLost = false) => data(atMs, 1005, "", { flags: RST, ack: 0, isLost });

/** An acknowledgement of the server's. */
function acked(
  atMs: number,
  ack: number,
  { isLost = false, seq = 5000, text = "", flags = 0x18, id = ++ipId } = {},
): Sent {
  const numbers = { srcPort: 80, dstPort: 40_000, ipId: id, seq, ack, text, flags };
  return { atMs, isLost, isInbound: true, packet: (isInside) => segment({ ...to(isInside), ...numbers }) };
}

/** The server's answer to the container's SYN. */
const accepted = (atMs: number, isLost = false) => acked(atMs, 1000, { seq: 4999, flags: SYN_ACK, isLost });

function query(atMs: number, text: string, isLost = false): Sent {
  const id = ++ipId;
  return {
    atMs,
    isLost,
    packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: id, text }),
  };
}

function echo(atMs: number, seq: number, isLost = false): Sent {
  const id = ++ipId;
  return { atMs, isLost, packet: (isInside) => ping({ ...from(isInside), icmpId: 77, seq, ipId: id }) };
}

function reply(atMs: number, seq: number): Sent {
  const id = ++ipId;
  return {
    atMs,
    isInbound: true,
    packet: (isInside) => ping({ ...to(isInside), icmpId: 77, seq, ipId: id, reply: true }),
  };
}

/** A DNS query of the container's, or the answer to one: what of it tells that, and a name in its question. */
function dns(atMs: number, id: number, { isAnswer = false, isLost = false, questions = 1, name = "name" } = {}): Sent {
  const ip = ++ipId;
  const header = [id >>> 8, id & 0xff, isAnswer ? 0x81 : 0x01, 0, 0, questions, 0, isAnswer ? 1 : 0, 0, 0, 0, 0];
  const payload = concat(Uint8Array.from(header), Buffer.from(name));
  const ports = isAnswer ? { srcPort: 53, dstPort: 7000 } : { srcPort: 7000, dstPort: 53 };
  const ends = isAnswer ? to : from;
  return {
    atMs,
    isLost,
    isInbound: isAnswer,
    packet: (isInside) => ipv4({ ...ends(isInside), id: ip }, udp({ ...ports, payload })),
  };
}

/** One of many equal datagrams, 100 ms apart, of which two get through. */
const equal = (n: number): Sent => ({
  atMs: 1000 + 100 * n,
  isLost: n !== 15 && n !== 20,
  packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "x" }),
});

/** The host says that a packet cannot be delivered, to whoever sent it. */
const unreachable = (atMs: number, { packet, isInbound = false }: Sent): Sent => ({
  atMs,
  isLost: true,
  isInbound,
  packet: () =>
    ipv4(
      { ...(isInbound ? { src: HOST, dst: SERVER } : { src: GATEWAY, dst: CONTAINER }), id: 3, ttl: 64 },
      icmp({ type: 3, code: 1, payload: packet(!isInbound).subarray(0, 28) }),
    ),
});

/** The error of somebody else about what came from outside. */
const ipv4Of = (src: string, { packet }: Sent): Uint8Array =>
  ipv4({ src, dst: SERVER, id: 3, ttl: 64 }, icmp({ type: 3, code: 1, payload: packet(false).subarray(0, 28) }));

/** What the server sends to a port of the host's, and never gets inside; `port`: that which it comes from. */
function knock(atMs: number, text: string, port = 6000): Sent {
  const id = ++ipId;
  const ports = { srcPort: port, dstPort: 7004 };
  return {
    atMs,
    isLost: true,
    isInbound: true,
    packet: (isInside) => datagram({ ...to(isInside), ...ports, ipId: id, text }),
  };
}

/** The same packets without their payload but for a few bytes. */
function cut(packets: readonly Stamped[]): Stamped[] {
  return packets.map((each) => ({ ...each, kept: 32 }));
}

/** What both sides see of it. */
function sides(sent: readonly Sent[]): Sides {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  for (const { atMs, isLost = false, packet, isInbound = false } of sent) {
    const [entered, left] = isInbound ? [outside, inside] : [inside, outside];
    entered.push(ms(atMs, packet(!isInbound)));
    if (!isLost) left.push(ms(atMs + 0.02, packet(isInbound)));
  }
  return { inside, outside };
}

/** A handshake and some data, so that the flow is known, and the other direction's numbers. */
const opened = [
  data(1000, 999, "", { flags: SYN, ack: 0 }),
  data(1010, 1000, "GET /"),
  acked(1011, 1005, { text: "HTTP" }),
];

async function outcome(sent: readonly Sent[], background: Sides = known): Promise<Outcome> {
  const { inside, outside } = sides(sent);
  return outcomeOf(merged(background.inside, inside), merged(background.outside, outside));
}

/** What else a drop turned out to be, by its verdict. */
const TOLD: Record<string, string> = { refused: "refused", unknown: "arrived" };

/** What each drop came to as it was judged, and each update, by the millisecond that the frame shown was sent. */
async function told(sent: readonly Sent[], background: Sides = known): Promise<string[]> {
  const { inside, outside } = sides(sent);
  const all = [merged(background.inside, inside), merged(background.outside, outside)] as const;
  const { alone, updates, summary } = await outcomeOf(...all);
  const at = (side: number, frame: number | undefined): string =>
    frame === undefined ? "" : ` by ${Math.round(all[side][frame - 1].ns / 1e6)}`;
  const judged = alone.flatMap(({ side, frame, verdict, impact, byFrame }) =>
    verdict === "dropped"
      ? [`${at(side === "inside" ? 0 : 1, frame)} ${impact}${at(side === "inside" ? 0 : 1, byFrame)}`]
      : [],
  );
  const later = updates.map(
    ({ side, frame, verdict, impact, byFrame }) =>
      `${at(side, frame)} update ${verdict === "dropped" ? impact : TOLD[verdict]}${at(side, byFrame)}`,
  );
  // the summary counts what is known at the end
  const last = new Map(judged.map((text) => [text.split(" ")[2], text.split(" ")[3]]));
  for (const text of later) last.set(text.split(" ")[2], text.split(" ")[4]);
  const counted = summary.impacts.flatMap((counts) =>
    [...counts].flatMap(([impact, count]) => Array<string>(count).fill(impact)),
  );
  expect(counted.sort()).toEqual([...last.values()].filter((impact) => !Object.values(TOLD).includes(impact)).sort());
  return [...judged, ...later].map((text) => text.slice(" by ".length));
}

/** A datagram without an IP ID, the same each time. */
const beat = (atMs: number, isLost = false): Sent => ({
  atMs,
  isLost,
  packet: (isInside) => datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "beat" }),
});

it("of what may have got through later, as nothing tells it from its like, nothing is known", async () => {
  const first = [query(900, "first"), beat(1000, true)];
  expect(await told([...first, beat(3000)])).toEqual(["1000 lost", "1000 update resent by 3000"]);
  expect(await told([...first, beat(3000, true), beat(3000.004)])).toEqual(["1000 lost", "1000 update unknown"]);
});

/** An acknowledgement of the container's alone, without an IP ID. */
const bare = (atMs: number, ack: number, isLost = false): Sent => ({
  atMs,
  isLost,
  packet: (isInside) => segment({ ...from(isInside), srcPort: 40_000, dstPort: 80, ipId: 0, seq: 1020, ack }),
});

it("an acknowledgement that nothing tells from its like may say what one did that was lost", async () => {
  const more = [acked(1030, 1020, { text: "0123456789" }), acked(1040, 1020, { seq: 5010, text: "0123456789" })];
  const lost = [...opened, ...more, bare(1050, 5010, true)];
  expect(await told(lost)).toEqual(["1050 lost"]);
  expect(await told([...lost, bare(1300, 5020, true), bare(1300.004, 5020)])).toEqual([
    "1050 lost",
    "1050 update unknown",
  ]);
  expect(await told([...lost, bare(3000, 5020, true), bare(3000.004, 5020)])).toEqual([
    "1050 lost",
    "1050 update unknown",
  ]);
});

describe("of TCP", () => {
  it("a copy makes up for what was lost, within the window or after it", async () => {
    const rest = data(1021, 1015, "later");
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    expect(await told([...opened, lost, rest, data(1200, 1005, "0123456789")])).toEqual(["1020 resent by 1200"]);
    // the last one before a pause, which nothing shows to be missing before the copy
    expect(await told([...opened, lost, data(1220, 1005, "0123456789")])).toEqual(["1020 resent by 1220"]);
    expect(await told([...opened, lost, data(3000, 1005, "0123456789")])).toEqual([
      "1020 lost",
      "1020 update resent by 3000",
    ]);
  });

  it("a copy makes up for what was lost before anything was known of the flow", async () => {
    expect(await told([syn(1000, true), syn(1200), acked(1201, 1000, { flags: SYN_ACK, seq: 4999 })])).toEqual([
      "1000 resent by 1200",
    ]);
    const lost = data(1000, 1000, "GET /", { isLost: true });
    expect(await told([lost, data(1210, 1000, "GET /"), acked(1211, 1005, { text: "HTTP" })])).toEqual([
      "1000 resent by 1210",
    ]);
  });

  it("a copy that is lost as well does not, and the next one makes up for both", async () => {
    const lost = [1020, 1500, 3500].map((atMs) => data(atMs, 1005, "0123456789", { isLost: true }));
    expect(await told([...opened, ...lost])).toEqual(["1020 lost", "1500 lost", "3500 lost"]);
    expect(await told([...opened, ...lost, data(7500, 1005, "0123456789")])).toEqual([
      "1020 lost",
      "1500 lost",
      "3500 lost",
      "1020 update resent by 7500",
      "1500 update resent by 7500",
      "3500 update resent by 7500",
    ]);
  });

  it("what is sent again in pieces is so once all of it got through", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    const pieces = [data(1030, 1005, "01234"), data(1040, 1012, "789-and-more"), data(3000, 1010, "56")];
    expect(await told([...opened, lost, ...pieces])).toEqual(["1020 lost", "1020 update resent by 3000"]);
    expect(await told([...opened, lost, ...pieces.slice(0, 2)])).toEqual(["1020 lost"]);
  });

  it("an acknowledgement of the other end shows that all arrived unseen, and one of less does not", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    expect(await told([...opened, lost, acked(1100, 1015)])).toEqual([]);
    expect(await told([...opened, lost, acked(1100, 1014), acked(5000, 1015)])).toEqual([
      "1020 lost",
      "1020 update arrived",
    ]);
    // what arrived before is sent again in vain
    const again = data(1020, 1000, "GET /", { isLost: true });
    expect(await told([...opened.slice(0, 2), again, acked(1100, 1005, { text: "HTTP" })])).toEqual(["1020 covered"]);
    expect(await told([...opened, lost, acked(1100, 1014)])).toEqual(["1020 lost"]);
    // one that is lost on its way tells nobody
    expect(await told([...opened, lost, acked(1100, 1015, { isLost: true })])).toEqual(["1020 lost", "1100 lost"]);
  });

  it("a later acknowledgement says what an earlier one did", async () => {
    const lost = acked(1020, 1005, { isLost: true, seq: 5004 });
    expect(await told([...opened, lost, acked(1030, 1005, { seq: 5004, text: "more" })])).toEqual(["1020 covered"]);
    const further = [data(1012, 1005, "0123456789"), acked(1020, 1015, { isLost: true, seq: 5004 })];
    expect(await told([...opened, ...further])).toEqual(["1020 lost"]);
    expect(await told([...opened, ...further, acked(4000, 1015, { seq: 5004 })])).toEqual([
      "1020 lost",
      "1020 update covered",
    ]);
  });

  it("an acknowledgement says so that crossed before the pair of an earlier SYN was decided", async () => {
    // the answer to the SYN is lost, and comes again: without an IP ID, nothing tells until the window of the first is over
    const accept = (atMs: number, isLost = false) => acked(atMs, 1000, { seq: 4999, flags: SYN_ACK, isLost, id: 0 });
    const asked = [syn(1000), accept(1001, true), accept(1150), data(1200, 1000, "GET /")];
    const lost = acked(1210, 1005, { isLost: true });
    expect(await told([...asked, lost, acked(1220, 1005)])).toEqual(["1001 resent by 1150", "1210 covered"]);
    expect(await told([...asked, lost])).toEqual(["1001 resent by 1150", "1210 lost"]);
  });

  it("a SYN is sent again before anything is known of its flow", async () => {
    expect(await told([syn(1000, true), syn(2050)])).toEqual(["1000 lost", "1000 update resent by 2050"]);
    expect(await told([syn(1000, true), syn(2050, true), syn(4100)])).toEqual([
      "1000 lost",
      "2050 lost",
      "1000 update resent by 4100",
      "2050 update resent by 4100",
    ]);
  });

  it("an answer to a SYN is sent again, as the SYN is", async () => {
    const tries = [syn(1000), accepted(1010, true), syn(2050), accepted(2060, true), syn(4100), accepted(4110)];
    expect(await told(tries)).toEqual([
      "1010 lost",
      "2060 lost",
      "1010 update resent by 4110",
      "2060 update resent by 4110",
    ]);
  });

  it("a FIN counts as a byte, and a reset is made up for by another one", async () => {
    expect(await told([...opened, fin(1020, true), acked(1100, 1005)])).toEqual(["1020 lost"]);
    expect(await told([...opened, fin(1020, true), fin(1300)])).toEqual(["1020 resent by 1300"]);
    expect(await told([...opened, reset(1020, true)])).toEqual(["1020 lost"]);
    expect(await told([...opened, reset(1020, true), reset(3000)])).toEqual([
      "1020 lost",
      "1020 update resent by 3000",
    ]);
    // also behind many, before it is judged
    const acks = Array.from({ length: 10 }, (_, n) => data(1011 + n / 2, 1005, ""));
    expect(await told([...opened, ...acks, reset(1020, true), reset(1220)])).toEqual(["1020 resent by 1220"]);
  });

  it("a connection that uses the ports again says nothing of the one before", async () => {
    const lost = data(1020, 1005, "0123456789", { isLost: true });
    const again = [data(5000, 1_000, "", { flags: SYN, ack: 0 }), data(5010, 1001, "0123456789-and-more-than-that")];
    expect(await told([...opened, lost, ...again, acked(5020, 1030)])).toEqual(["1020 lost"]);
  });
});

describe("of what has no acknowledgements", () => {
  const first = query(1000, "first");

  it("a query is lost, unless the same is asked again", async () => {
    const lost = query(1020, "who is it?", true);
    expect(await told([first, lost, query(1500, "who else?")])).toEqual(["1020 lost"]);
    expect(await told([first, lost, query(1500, "who is it?")])).toEqual(["1020 resent by 1500"]);
    expect(await told([first, lost, query(6020, "who is it?")])).toEqual(["1020 lost", "1020 update resent by 6020"]);
  });

  it("many equal ones come one after the other, whether one of them was lost or not", async () => {
    const unlike: Sent = {
      atMs: 500,
      packet: (isInside) =>
        datagram({ ...from(isInside), srcPort: 7000, dstPort: 53, ipId: 0, text: "one that tells whose flow it is" }),
    };
    const all = await told([unlike, ...Array.from({ length: 40 }, (_, n) => equal(n))]);
    const toldOf = (n: number) => all.findLast((text) => text.startsWith(`${1000 + 100 * n} `));
    expect([21, 22, 25].map(toldOf)).toEqual([21, 22, 25].map((n) => `${1000 + 100 * n} unknown`));
  });

  it("who has said the same within the last minute says it again, be it as a copy or not", async () => {
    expect(await told([query(1000, "tick"), query(11_000, "tick", true), query(21_000, "tick")])).toEqual([
      "11000 unknown",
    ]);
    expect(await told([query(1000, "tick"), query(11_000, "tack", true), query(21_000, "tack")])).toEqual([
      "11000 lost",
      "11000 update resent by 21000",
    ]);
  });

  it("the first query of a flow is as good as any", async () => {
    expect(await told([query(1020, "who is it?", true), query(6020, "who is it?")])).toEqual([
      "1020 lost",
      "1020 update resent by 6020",
    ]);
  });

  it("another one that long after is no copy", async () => {
    expect(await told([first, query(1020, "who is it?", true), query(32_000, "who is it?")])).toEqual(["1020 lost"]);
  });

  it("an echo is known by its number", async () => {
    const pings = [echo(1000, 1), echo(2000, 2, true), echo(3000, 3)];
    expect(await told(pings)).toEqual(["2000 lost"]);
    expect(await told([...pings, echo(3500, 2)])).toEqual(["2000 lost", "2000 update resent by 3500"]);
  });

  it("nothing tells where the payload was not kept", async () => {
    const { inside, outside } = sides([first, query(1020, "who is it?", true)]);
    const { alone } = await outcomeOf(merged(known.inside, cut(inside)), merged(known.outside, cut(outside)));
    expect(alone).toMatchObject([{ verdict: "dropped", impact: "unknown" }]);
  });
});

it("nothing follows of a capture that ends too early", async () => {
  const short = conversation(60, { everyUs: 20_000, srcPort: 50_000, seed: 7 });
  expect(await told([...opened, data(1050, 1005, "0123456789", { isLost: true })], short)).toEqual(["1050 unknown"]);
  expect(await told([query(100, "first"), query(900, "who is it?", true)], short)).toEqual(["900 lost"]);
});

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

/** What is said last of the frames of a side that have no twin, by frame. */
function lastSaid({ alone, updates }: Outcome, side: string): Map<number, string> {
  const late = updates.map((each) => ({ ...each, side: SIDE_NAMES[each.side] }));
  const all = [...alone, ...late].filter((each) => each.side === side);
  return new Map(all.map(({ frame, verdict, reason }) => [frame, `${verdict} ${reason}`]));
}

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

it("so may a segment that was cut behind the NAT, or of which a part came out; not one with other bytes, or of another time", async () => {
  const whole = data(2000, 1005, "0123456789abcdef", { isLost: true });
  const other = data(2010, 1021, "ghijklmn", { isLost: true });
  const { inside, outside } = sides([...opened, whole, other]);
  const piece = (atMs: number, seq: number, text: string, ack: number) =>
    ms(atMs, data(0, seq, text, { ack }).packet(false));
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

it("an answer shows that what it answers arrived unseen, wherever that answer was missed", async () => {
  const lost = data(1020, 1005, "0123456789", { isLost: true });
  const missed: Stamped = ms(1100, acked(1100, 1015).packet(true));
  const { inside, outside } = sides([...opened, lost]);
  const { updates } = await outcomeOf(merged(known.inside, inside, [missed]), merged(known.outside, outside));
  expect(updates).toMatchObject([{ verdict: "unknown", reason: "forwarded-unseen", before: { impact: "lost" } }]);
  const others = [echo(1000, 1), echo(2000, 2, true)];
  expect(await told([...others, reply(2010, 3)])).toEqual(["2000 lost"]);
  expect(await told([...others, reply(2010, 2)])).toEqual([]);
  expect(await told([...others, reply(4000, 2)])).toEqual(["2000 lost", "2000 update arrived"]);
});

it("so does an answer of a flow of which much has crossed, whichever it answers", async () => {
  const before = Array.from({ length: 20 }, (_, n) => [echo(1000 + 100 * n, n), reply(1010 + 100 * n, n)]).flat();
  expect(await told([...before, echo(3000, 20, true), reply(3010, 20)])).toEqual([]);
  expect(await told([...before, echo(3000, 20, true), reply(3010, 21)])).toEqual(["3000 lost"]);
});

it("an answer to a DNS query shows that the query arrived, and none to another one", async () => {
  const before = Array.from({ length: 20 }, (_, n) => [
    dns(1000 + 100 * n, n),
    dns(1010 + 100 * n, n, { isAnswer: true }),
  ]);
  const lost = [...before.flat(), dns(4000, 100, { isLost: true })];
  const answer = (atMs: number, id: number) => dns(atMs, id, { isAnswer: true });
  expect(await told([...lost, answer(4010, 100)])).toEqual([]);
  expect(await told([...lost, answer(6000, 100)])).toEqual(["4000 lost", "4000 update arrived"]);
  expect(await told([...lost, answer(4010, 99)])).toEqual(["4000 lost"]);
  // another one of this number was seen to cross: that is answered
  expect(await told([...lost, dns(4005, 100, { name: "other" }), answer(4010, 100)])).toEqual(["4000 lost"]);
  expect(await told([...lost, dns(4005, 100), answer(4010, 100)])).toEqual(["4000 resent by 4005"]);
  // what is no DNS has no number
  expect(await told([...lost, dns(4010, 100, { isAnswer: true, questions: 0 })])).toEqual(["4000 lost"]);
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
  const ended = merged(known.outside, outside).filter(({ ns }) => ns < 1.2e9);
  const last = data(1190, 900, "", { isLost: true });
  const behindIt = sides([query(1100, "what crosses behind it")]);
  const cut = await outcomeOf(
    merged(known.inside, inside, behindIt.inside),
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

describe("an ICMP error after the window", () => {
  it("makes a drop refused, and the findings and the summary know", async () => {
    const lost = query(1020, "who is it?", true);
    const also = query(1100, "who else?", true);
    const all = [query(1000, "first"), lost, also, unreachable(4020, lost)];
    expect(await told(all)).toEqual(["1020 lost", "1100 lost", "1020 update refused by 4020"]);
    const { summary, findings, updates } = await outcome(all);
    expect(summary.verdicts[0]).toEqual(
      new Map([
        ["dropped", 1],
        ["refused", 1],
        ["local", 1],
      ]),
    );
    expect(findings.find(({ code }) => code === "dropped")).toMatchObject({
      count: 1,
      frames: { inside: [expect.any(Number)], outside: [] },
      text: "entered on inside, never left on outside: 1 lost",
    });
    expect(updates[0].why).toMatch(/^host unreachable, says 172\.17\.0\.1 \(frame \d+\)$/);
  });

  it("of which there are as many as packets that are quoted alike is about one of them each; of fewer, about any", async () => {
    const again = [1020, 2040, 3060].map((atMs) => beat(atMs, true));
    const errors = [4062, 4063, 4064].map((atMs) => unreachable(atMs, again[0]));
    expect((await told([query(1000, "first"), ...again, ...errors])).slice(-3)).toEqual([
      "1020 update refused by 4062",
      "2040 update refused by 4063",
      "3060 update refused by 4064",
    ]);
    const { updates } = await outcome([query(1000, "first"), ...again, ...errors.slice(1)]);
    expect(updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      Array(3).fill("unknown may-be-refused"),
    );
  });

  it("of which a short snaplen left out the ports, or the number, may be about any drop between the same addresses", async () => {
    const lost = data(1050, 1005, "lost", { isLost: true });
    const { inside, outside } = sides([...opened, lost]);
    for (const kept of [2, 6]) {
      const error = { ...ms(4062, unreachable(4062, lost).packet(true)), kept: 20 + 8 + 20 + kept };
      const { updates } = await outcomeOf(merged(known.inside, inside, [error]), merged(known.outside, outside));
      expect(updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(["unknown cut-short"]);
    }
  });

  it("makes what was unknown refused, where it can be about nothing else", async () => {
    const asked = query(1020, "who is it?");
    const outside = [ms(900, ping({ src: HOST, dst: SERVER, ttl: 64, icmpId: 5, seq: 1, ipId: 8 }))];
    const saidOf = async (...sent: readonly Sent[]) => {
      const inside = sent.map(({ atMs, packet }) => ms(atMs, packet(true)));
      const { alone, updates, summary, findings } = await outcomeOf(inside, [...outside, ms(9000, outside[0].packet)]);
      expect(summary.verdicts[0].get("refused") ?? 0).toBe(updates.length);
      expect(findings.filter(({ code }) => code === "refused")).toHaveLength(updates.length);
      return [alone.find(({ side }) => side === "inside")!, ...updates].map(
        ({ verdict, reason }) => `${verdict} ${reason}`,
      );
    };
    const unknown = "unknown nothing-paired";
    expect(await saidOf(asked, unreachable(4020, asked))).toEqual([unknown, "refused host-unreachable"]);
    expect(await saidOf(asked, unreachable(4020, query(1020, "who is it?")))).toEqual([unknown]);
    const again = { ...asked, atMs: 1090 };
    expect(await saidOf(asked, again, unreachable(4020, asked))).toEqual([unknown]);
    for (const count of [4, 20]) {
      const alike = Array.from({ length: count }, (_, n) => ({ ...asked, atMs: 1020 + n }));
      const errors = [4020, 4021, 4022].map((atMs) => unreachable(atMs, asked));
      expect(await saidOf(...alike, ...errors)).toHaveLength(1);
    }
    expect(await saidOf(asked, unreachable(40_000, asked))).toEqual([unknown]);
  });

  it("says so of what came from outside by no known translation, if it is the host's own", async () => {
    const knocks = [knock(1020, "a"), knock(1120, "b")];
    const errors = [unreachable(4100, knocks[0]), unreachable(4100.01, knocks[1])];
    const both = await outcome([...knocks, ...errors]);
    expect(both.alone.map(({ reason }) => reason)).toEqual(["no-answer", "no-answer", "host-error", "host-error"]);
    expect(both.updates.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual(
      Array(2).fill("refused host-unreachable"),
    );
    // a router beside the host says so of what it was sent itself, or the host has that address as well
    const router = { ...errors[0], packet: () => ipv4Of("10.0.2.2", knocks[0]) };
    expect((await outcome([knocks[0], router])).updates).toEqual([]);
  });

  it("says so of what says the same all the time, of which no copy tells anything", async () => {
    const lost = knock(1500, "beat");
    const beats = [{ ...knock(1000, "beat"), isLost: false }, lost];
    expect(await told([...beats, unreachable(4540, lost)])).toEqual(["1500 unknown", "1500 update refused by 4540"]);
  });

  it("is about the packet it quotes, and no other", async () => {
    const lost = query(1020, "who is it?", true);
    const other = query(1020, "who is it?");
    expect(await told([query(1000, "first"), lost, unreachable(4020, other)])).toEqual(["1020 lost"]);
  });
});
