import { describe, expect, it } from "vitest";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { icmp, ipv4, ipv6, udp } from "../../../support/packets.js";
import { CONTAINER, conversation, datagram, HOST, merged, ping, segment, SERVER, SYN } from "../../traffic.js";
import { answer, query, sent } from "../beside.js";

/** So many conversations with one server that it is no chance that all are with it. */
const several = [1, 2, 3, 4].map((seed) => conversation(40, { srcPort: 40_000 + seed, seed }));
const known = {
  inside: merged(...several.map(({ inside }) => inside)),
  outside: merged(...several.map(({ outside }) => outside)),
};

const DNS = "192.168.7.1";
const asked = us(3050, query({ src: CONTAINER, dst: DNS, ipId: 31_000, ttl: 64 }));

/** What is said of the only packet inside that did not come out. */
async function saidOf(inside: readonly Stamped[], outside: readonly Stamped[]) {
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside), {
    mayBeFiltered: true,
  });
  const [{ verdict, reason, why }, ...others] = outcome.alone.filter(({ side }) => side === "inside");
  expect(others).toEqual([]);
  return [verdict, reason, why.replace(/^no \w+ like it came out on outside (within 1 s|before that ended)/, "")];
}

const filtered = (what: string) => [
  "unknown",
  "may-be-filtered",
  `outside lacks all of its kind, as ${what} there so far: a filter may have kept it out`,
];
const DROPPED = ["dropped", "no-twin", ""];

/** What the host sends in its own name, so that it has no twin. */
const own = (atUs: number, { dst, text = "time?" }: { dst: string; text?: string }) =>
  us(atUs, datagram({ src: HOST, srcPort: 700, dst, dstPort: 123, ipId: 77, ttl: 64, text }));

it("few conversations may have something in common by chance", async () => {
  const one = conversation(80);
  const { alone } = await outcomeOf(merged(one.inside, [asked]), one.outside, { mayBeFiltered: true });
  expect(alone.map(({ verdict }) => verdict)).toEqual(["dropped"]);
});

const six = (atUs: number, src: string, text = "?") =>
  us(atUs, ipv6({ src }, udp({ srcPort: 9999, dstPort: 53, payload: Buffer.from(text) })));

describe("a packet is not dropped where all that the other capture has is of another kind", () => {
  it("of another protocol", async () => {
    expect(await saidOf([asked], [])).toEqual(filtered("all is tcp"));
    const echo = ping({ src: CONTAINER, dst: SERVER, icmpId: 7, seq: 1, ipId: 9, ttl: 64 });
    const others = own(3300, { dst: SERVER, text: "x".repeat(99) });
    expect(await saidOf([us(3050, echo)], [others])).toEqual(filtered("all is TCP or UDP"));
    const ownPing = us(3400, ping({ src: HOST, dst: SERVER, icmpId: 9, seq: 5, ipId: 10, ttl: 64 }));
    expect(await saidOf([us(3050, echo)], [others, ownPing])).toEqual(DROPPED);
  });

  it("of another protocol, though an ICMP error about it is of a known conversation", async () => {
    const quoted = datagram({
      src: SERVER,
      dst: CONTAINER,
      srcPort: 53,
      dstPort: 9999,
      ipId: 3000,
      ttl: 9,
      text: "what?",
    });
    const error = ipv4({ src: CONTAINER, dst: SERVER, id: 8 }, icmp({ type: 3, code: 3, payload: quoted }));
    const asking = { srcPort: 9999, dstPort: 53, ipId: 2999, text: "who?" };
    const crossed = us(2000, datagram({ src: CONTAINER, dst: SERVER, ttl: 64, ...asking }));
    const left = us(2020, datagram({ src: HOST, dst: SERVER, ttl: 63, ...asking }));
    expect(await saidOf([crossed, us(3050, error)], [left])).toEqual(filtered("all is TCP or UDP"));
  });

  it("of another IP version", async () => {
    const lost = six(3050, "fd00::2");
    expect(await saidOf([lost], [own(3100, { dst: SERVER })])).toEqual(filtered("all is IPv4"));
    expect(await saidOf([lost], [own(3100, { dst: SERVER }), six(3200, "2001:db8::9", "another")])).toEqual(DROPPED);
  });

  it("with another address, or of another port", async () => {
    expect(await saidOf([asked], [own(3100, { dst: SERVER })])).toEqual(filtered(`all is with ${SERVER}`));
    const web = { srcPort: 700, dstPort: 80, ipId: 77, text: "web?" };
    const others = us(3100, datagram({ src: HOST, dst: "192.168.7.3", ttl: 64, ...web }));
    expect(await saidOf([asked], [others])).toEqual(filtered("all has port 80"));
    expect(await saidOf([asked], [others, own(3200, { dst: "192.168.7.2" })])).toEqual(DROPPED);
  });

  it("of TCP, what neither opens nor ends a connection", async () => {
    const of = { srcPort: 41_000, dstPort: 80, seq: 900, ack: 0, ipId: 5 };
    const opened = segment({ src: CONTAINER, dst: SERVER, ttl: 64, flags: SYN, ...of });
    const left = segment({ src: HOST, dst: SERVER, ttl: 63, flags: SYN, ...of });
    const data = segment({ ...of, src: CONTAINER, dst: SERVER, ttl: 64, seq: 901, ack: 7, ipId: 6 });
    const more = [0, 1].map((n) => own(100 + n, { dst: `192.168.7.${n}`, text: "x".repeat(99) }));
    const { alone } = await outcomeOf(
      merged([us(50, opened), us(80, data), us(900_000, opened)], [asked]),
      merged([us(70, left)], more, [us(900_020, left)]),
      { mayBeFiltered: true },
    );
    const [lacking, ...others] = alone.filter(({ why }) => why.includes("all segments open or end connections"));
    expect([lacking.side, lacking.frame]).toEqual(["inside", 2]);
    // of other protocols, it has some
    expect(others).toEqual([]);
  });
});

/** What a router has that keeps TTLs. */
const kept = (packets: readonly Stamped[]) =>
  packets.map(({ ns, packet }) => ({ ns, packet: packet.with(8, 64).with(10, 0).with(11, 0) }));

it("where the router keeps TTLs, what has the NAT's address may be of a kind that inside has none of", async () => {
  const [request, reply] = [sent(64), us(3070, answer({ src: SERVER, dst: HOST, ipId: 9, ttl: 64 }))];
  const verdicts = async (mayBeFiltered: boolean) => {
    const outside = merged(kept(known.outside), [request, reply]);
    const { alone } = await outcomeOf(kept(known.inside), outside, { mayBeFiltered });
    return alone.map(({ verdict, reason }) => `${verdict} ${reason}`);
  };
  expect(await verdicts(true)).toEqual(["unknown may-be-filtered", "unknown may-be-filtered"]);
  expect(await verdicts(false)).toEqual(["local from-host", "local to-host"]);
});

it("a conversation whose ends both speak is not proved to take another interface by a capture of one peer alone", async () => {
  const hosts = [CONTAINER, SERVER] as const;
  const back = [0, 1, 2].map((n) => us(3070 + 10 * n, answer({ src: DNS, dst: hosts[0], ipId: 9 + n, ttl: 60 })));
  const crossing = [
    us(2000, query({ src: hosts[0], dst: hosts[1], ipId: 5, ttl: 64, text: "another" })),
    us(2020, query({ src: HOST, dst: hosts[1], ipId: 5, ttl: 63, text: "another" })),
  ];
  const verdicts = async (mayBeFiltered: boolean) => {
    const inside = merged(known.inside, [crossing[0], asked, ...back]);
    const { alone } = await outcomeOf(inside, merged(known.outside, [crossing[1]]), { mayBeFiltered });
    return alone.map(({ verdict }) => verdict);
  };
  expect(await verdicts(true)).toEqual(Array(4).fill("unknown"));
  expect(await verdicts(false)).toEqual(Array(4).fill("elsewhere"));
});
