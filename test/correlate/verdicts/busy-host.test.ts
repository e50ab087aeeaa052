import { describe, expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../outcome.js";
import { icmp, ipv4 } from "../../support/packets.js";
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
} from "../traffic.js";
import { known, query } from "./beside.js";
import { Scene } from "./findings/scene.js";

const S = 1_000_000;
const idle = conversation(40);
/** Goes on all the while: both captures run. */
const other = conversation(600, { everyUs: 50_000, srcPort: 50_000, seed: 7 });

/** The server's next segment of the idle conversation, at some time. */
const answer = (atUs: number) => conversation(42, { startUs: atUs - 41 * 100 }).outside[41];

async function alone(outside: readonly Stamped[], again = conversation(0)) {
  const outcome = await outcomeOf(
    merged(idle.inside, other.inside, again.inside),
    merged(idle.outside, other.outside, outside, again.outside),
  );
  return outcome.alone.map(({ verdict, reason }) => [verdict, reason]);
}

describe("an answer from outside that does not come out", () => {
  it("is dropped where its conversation went on within ten seconds", async () => {
    expect(await alone([answer(9 * S)])).toEqual([["dropped", "no-twin"]]);
  });

  it("may be what the host has forgotten the translation of, behind a longer silence", async () => {
    expect(await alone([answer(12 * S)])).toEqual([["unknown", "translation-gone"]]);
  });

  it("is dropped all the same where others go by that translation behind it", async () => {
    const again = conversation(2, { startUs: 12 * S + 500_000, seed: 3 });
    expect(await alone([answer(12 * S)], again)).toEqual([["dropped", "no-twin"]]);
  });
});

/** What a router says of a packet that the container sent. */
const error = (atUs: number, to: string, quoted: Uint8Array, ttl: number, id = 700) =>
  us(atUs, ipv4({ src: "198.51.100.1", dst: to, id, ttl }, icmp({ type: 11, code: 1, payload: quoted })));

describe("an ICMP error from outside that does not come out", () => {
  const last = 38;
  const outside = error(14 * S, HOST, idle.outside[last].packet, 60, 701);
  const crossing = (atUs: number): Sides => ({
    inside: [error(atUs + 20, CONTAINER, idle.inside[last].packet, 59)],
    outside: [error(atUs, HOST, idle.outside[last].packet, 60)],
  });

  it("may be what the host has forgotten the translation of, behind a longer silence", async () => {
    expect(await alone([outside])).toEqual([["unknown", "translation-gone"]]);
  });

  it("may be that though another error crossed before it, which keeps no translation alive", async () => {
    expect(await alone([outside], crossing(9 * S))).toEqual([["unknown", "translation-gone"]]);
  });

  it("may be that whoever opened its conversation: no rule translates it anew", async () => {
    const ends = { server: CLIENT, port: 80, service: 50_001 };
    const scene = new Scene();
    for (const ms of [100, 200, 300])
      scene.down(ms, ends, { seq: ms, ack: ms, text: "?" }).up(ms + 1, ends, { seq: ms, ack: ms + 1, text: "!" });
    const quoted = scene.outside.at(-1)!.packet;
    scene
      .until(13_000)
      .alone(14_000, "outside", error(0, HOST, quoted, 60).packet)
      .until(20_000);
    const { alone } = await scene.outcome();
    expect(alone.map(({ verdict, reason }) => [verdict, reason])).toEqual([["unknown", "translation-gone"]]);
  });

  it("is dropped where its conversation went on", async () => {
    expect(await alone([outside], conversation(2, { startUs: 9 * S, seed: 3 }))).toEqual([["dropped", "no-twin"]]);
  });
});

it("an answer from outside may be what the host took where its conversation has another translation behind it", async () => {
  const query = (ms: number, text: string, outsidePort: number): Sides => {
    const of = { dst: SERVER, dstPort: 53, ipId: 300 + ms, text };
    return {
      inside: [us(S + 1000 * ms, datagram({ ...of, src: CONTAINER, srcPort: 7000, ttl: 64 }))],
      outside: [us(S + 1000 * ms + 20, datagram({ ...of, src: HOST, srcPort: outsidePort, ttl: 63 }))],
    };
  };
  const answers = { src: SERVER, srcPort: 53, ipId: 900, ttl: 53, text: "an answer that comes late" };
  const late = us(S + 5000, datagram({ ...answers, dst: HOST, dstPort: 7000 }));
  const first = query(1, "a question", 7000);
  const reasons = async (outsidePort: number) => {
    const more = [300, 400, 500].map((ms) => query(ms, `another question ${ms}`, outsidePort));
    const { alone, updates } = await outcomeOf(
      merged(other.inside, first.inside, ...more.map(({ inside }) => inside)),
      merged(other.outside, first.outside, [late], ...more.map(({ outside }) => outside)),
    );
    return [...alone, ...updates].map(({ verdict, reason }) => `${verdict} ${reason}`);
  };
  expect(await reasons(7000)).toEqual(["dropped no-twin"]);
  expect(await reasons(8000)).toEqual(["dropped no-twin", "unknown translation-gone"]);
});

it("what leaves from the NAT's own address is refused by whoever answers it there, not by the host", async () => {
  const query = datagram({ src: HOST, dst: CLIENT, ipId: 5, ttl: 64, srcPort: 9, dstPort: 9, text: "?" });
  const refusal = ipv4({ src: CLIENT, dst: HOST, id: 6 }, icmp({ type: 3, code: 3, payload: query }));
  expect(await alone([us(S, query), us(S + 200, refusal)])).toEqual([
    ["local", "from-host"],
    ["local", "to-host"],
  ]);
});

it("what the host forwards of its address stays so where it resets the connection itself", async () => {
  const of = { src: HOST, dst: CLIENT, srcPort: 9, dstPort: 80, ack: 0 };
  const syn = us(S, segment({ ...of, seq: 1, ipId: 5, ttl: 63, flags: SYN }));
  const reset = us(S + 200, segment({ ...of, seq: 2, ipId: 0, ttl: 64, flags: 4 }));
  expect(await alone([syn, reset])).toEqual([
    ["unknown", "forwarded-unseen"],
    ["local", "from-host"],
  ]);
});

it("what nobody answers may take another interface where others to its destination are answered and never seen outside", async () => {
  const of = { srcPort: 9999, dstPort: 53, text: "?" };
  const query = (atUs: number, src: string, ipId: number) =>
    us(atUs, datagram({ ...of, src, dst: "192.168.7.9", ipId, ttl: 64 }));
  const answered = datagram({
    src: "192.168.7.9",
    dst: CONTAINER,
    srcPort: 53,
    dstPort: 9999,
    ipId: 9,
    ttl: 63,
    text: "!",
  });
  const { inside, outside } = conversation(160);
  // all but the second query comes before the outside capture begins
  const said = [query(3050, CONTAINER, 1), us(3070, answered), query(6050, CONTAINER, 2)];
  const begunLate = outside.filter(({ ns }) => ns >= 4_000_000);
  const outcome = await outcomeOf(merged(inside, said, [query(6100, OTHER, 3)]), begunLate);
  expect(outcome.alone.slice(-2).map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["unknown", "forwarded-unseen"],
    ["unknown", "may-go-elsewhere"],
  ]);
});

describe("a datagram of a known flow that does not come out", () => {
  const of = { srcPort: 7100, dstPort: 5300 };
  const echo = (ms: number): Sides => {
    const sent = { ...of, dst: SERVER, ipId: 500 + ms, text: `echo ${ms}` };
    const back = { srcPort: 5300, dstPort: 7100, src: SERVER, ipId: 700 + ms, text: `echo ${ms}` };
    return {
      inside: [
        us(S + 1000 * ms, datagram({ ...sent, src: CONTAINER, ttl: 64 })),
        us(S + 1000 * ms + 300, datagram({ ...back, dst: CONTAINER, ttl: 53 })),
      ],
      outside: [
        us(S + 1000 * ms + 20, datagram({ ...sent, src: HOST, ttl: 63 })),
        us(S + 1000 * ms + 290, datagram({ ...back, dst: HOST, ttl: 54 })),
      ],
    };
  };
  const reasons = async (isBackSeen: boolean, hasBack: boolean) => {
    const [first, then] = [echo(0), echo(100)];
    const { alone } = await outcomeOf(
      merged(other.inside, first.inside, hasBack ? then.inside : then.inside.slice(0, 1)),
      merged(other.outside, first.outside, isBackSeen ? then.outside.slice(1) : []),
    );
    return alone.map(({ side, verdict, reason }) => `${side} ${verdict} ${reason}`);
  };

  it("is dropped where nothing comes back, or what does comes by the same interface", async () => {
    expect(await reasons(false, false)).toEqual(["inside dropped no-twin"]);
    expect(await reasons(true, true)).toEqual(["inside dropped no-twin"]);
  });

  it("may have taken another interface where what comes back did", async () => {
    expect(await reasons(false, true)).toEqual(["inside unknown may-go-elsewhere", "inside unknown never-entered"]);
  });
});

/** What becomes of a query that enters inside with a source that is not from there. */
const forging = async (dst: string, ttl: number) => {
  const forged = us(3050, query({ src: "192.0.2.7", dst, ipId: 31_000, ttl }));
  const { alone } = await outcomeOf(merged(known.inside, [forged]), known.outside);
  return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
};

it("what comes from no router away, to whom others crossed to, is dropped, whoever its source says that it is from", async () => {
  expect(await forging(SERVER, 64)).toEqual(["dropped no-twin"]);
  expect(await forging(SERVER, 63)).toEqual(["unknown untranslated"]);
  // nobody crossed to there
  expect(await forging("10.9.9.9", 64)).toEqual(["unknown untranslated"]);
  expect(await forging("10.9.9.9", 53)).toEqual(["unknown never-entered"]);
});
