import { expect, it } from "vitest";
import { ACK, RST, SYN } from "../../../../src/protocols/tcp.js";
import { icmp, ipv4 } from "../../../support/packets.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CLIENT, CONTAINER, datagram, HOST, merged, segment, SYN_ACK } from "../../traffic.js";
import { known } from "../beside.js";

const RST_ACK = RST | ACK;

/** A segment between a client and the container's published port, at so many microseconds: whether it is the client's, its flags and its numbers. */
type Said = readonly [atUs: number, isClients: boolean, flags: number, seq: number, ack: number];

/** What crosses, as both sides show it. */
function crossing(said: readonly Said[]): [inside: Stamped[], outside: Stamped[]] {
  const seen = (isInside: boolean): Stamped[] =>
    said.map(([atUs, isClients, flags, seq, ack], n) => {
      const server = isInside ? { address: CONTAINER, port: 81 } : { address: HOST, port: 89 };
      const client = { address: CLIENT, port: 40_000 };
      const [from, to] = isClients ? [client, server] : [server, client];
      const isLater = isClients === isInside;
      const ends = { src: from.address, srcPort: from.port, dst: to.address, dstPort: to.port };
      const ttl = isLater ? 63 : 64;
      return us(atUs + (isLater ? 20 : 0), segment({ ...ends, seq, ack, flags, ttl, ipId: 100 + n }));
    });
  return [seen(true), seen(false)];
}

async function isRefused(...said: readonly Said[]): Promise<boolean[]> {
  const [inside, outside] = crossing(said);
  const { flows, alone } = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  expect(alone).toEqual([]);
  return flows.filter(({ nat }) => nat === "dnat").map(({ isRefused: is = false }) => is);
}

const SYN_AT = (atUs: number, seq = 500): Said => [atUs, true, SYN, seq, 0];
const REFUSAL_AT = (atUs: number, ack = 501): Said => [atUs, false, RST_ACK, 0, ack];

it("a connection is refused where all that its other end says is a reset to each SYN", async () => {
  expect(await isRefused(SYN_AT(3000), REFUSAL_AT(3100))).toEqual([true]);
  expect(await isRefused(SYN_AT(3000), REFUSAL_AT(3100), SYN_AT(9000, 900), REFUSAL_AT(9100, 901))).toEqual([true]);
});

it.each<[what: string, ...said: Said[]]>([
  [
    "was accepted, and reset by who opened it",
    SYN_AT(3000),
    [3100, false, SYN_ACK, 70, 501],
    [3200, true, RST, 501, 0],
  ],
  [
    "was accepted at the second SYN",
    SYN_AT(3000),
    REFUSAL_AT(3100),
    SYN_AT(9000, 900),
    [9100, false, SYN_ACK, 70, 901],
  ],
  [
    "went on",
    SYN_AT(3000),
    [3100, false, SYN_ACK, 70, 501],
    [3200, true, ACK, 501, 71],
    [3300, false, RST_ACK, 71, 501],
  ],
  ["was never answered", SYN_AT(3000)],
  ["was met in the middle", [3000, true, RST, 500, 0], [3100, false, ACK, 70, 500]],
  [
    "has one reset too few: an answer may be of an older connection, and the initiator's the reset",
    SYN_AT(3000),
    [3100, false, ACK, 70, 9],
    [3200, true, RST, 9, 0],
  ],
])("a connection is not refused that %s", async (_, ...said) => {
  expect(await isRefused(...said)).toEqual([false]);
});

/** A client's datagram to a published port, as it comes and as it is translated. */
const sent = (address: string, ttl: number) => {
  const dstPort = address === CONTAINER ? 82 : 90;
  return datagram({ src: CLIENT, dst: address, srcPort: 40_000, dstPort, ipId: 7007, ttl, text: "is anybody there?" });
};

/** What the container says of it. */
const error = (code: number, address: string, ttl: number) =>
  ipv4({ src: address, dst: CLIENT, id: 9009, ttl }, icmp({ type: 3, code, payload: sent(address, 63) }));

/** Of the flow that there is of it, with errors of these codes. */
const refused = async (...codes: readonly number[]) => {
  const inside = codes.map((code, n) => us(3100 + 50 * n, error(code, CONTAINER, 64)));
  const outside = codes.map((code, n) => us(3120 + 50 * n, error(code, HOST, 63)));
  const { flows } = await outcomeOf(
    merged(known.inside, [us(3020, sent(CONTAINER, 63))], inside),
    merged(known.outside, [us(3000, sent(HOST, 64))], outside),
  );
  const found = flows.filter(({ proto, nat }) => proto === "udp" && nat === "dnat");
  return found.map(({ isRefused: is = false }) => is);
};

it("what is not TCP is refused where all that came back are errors that nobody gets it", async () => {
  expect(await refused(3)).toEqual([true]);
  // nothing came back, or that it is too long for a link
  expect([await refused(), await refused(4)]).toEqual([[false], [false]]);
});
