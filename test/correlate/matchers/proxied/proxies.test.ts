import { expect, it } from "vitest";
import type { About } from "../../../../src/correlate/matchers/contract.js";
import { Proxies } from "../../../../src/correlate/matchers/proxied/proxies.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { RECORD_BITS, TCP_FLAGS_QUOTE } from "../../../../src/packets/records.js";
import { INSIDE, OUTSIDE, type Side } from "../../../../src/packets/sides.js";
import { Timeline } from "../../../../src/packets/timeline.js";
import { IS_STREAM } from "../../../../src/packets/tuples.js";
import { TupleTable } from "../../../../src/packets/tuple-table.js";
import { FilledAccounts } from "../../../support/accounts.js";
import { outcomeOf, type Stamped, us } from "../../outcome.js";
import { CONTAINER, conversation, HOST, merged, SERVER, SYN, SYN_ACK, segment } from "../../traffic.js";

const known = conversation(40);
const REQUEST = "GET /health HTTP/1.1, and more of it";
const ANSWER = "200 OK, all is well with this service";

/** A connection to the server, from this address; what it sends, in these segments, and gets has these TTLs. */
function connection(
  src: string,
  atUs: number,
  seq: number,
  ttls: readonly [number, number],
  requests: readonly string[] = [REQUEST],
): Stamped[] {
  const there = { src, dst: SERVER, srcPort: 4000, dstPort: 80, ttl: ttls[0], ipId: 0 };
  const back = { src: SERVER, dst: src, srcPort: 80, dstPort: 4000, ttl: ttls[1], ipId: 0 };
  const numbers = { seq: seq + 1, ack: seq + 501 };
  return [
    us(atUs, segment({ ...there, seq, ack: 0, flags: SYN })),
    us(atUs + 10, segment({ ...back, seq: seq + 500, ack: seq + 1, flags: SYN_ACK })),
    ...requests.map((text, n) => {
      const sent = requests.slice(0, n).join("").length;
      return us(atUs + 100 + n, segment({ ...there, ...numbers, seq: numbers.seq + sent, text }));
    }),
    us(atUs + 300, segment({ ...back, seq: numbers.ack, ack: numbers.seq + requests.join("").length, text: ANSWER })),
  ];
}

/** The client's connection is open before the other one is, and gets what that got. Requests: as they enter, and as they leave. */
async function verdicts(
  client: readonly [number, number],
  server: readonly [number, number],
  requests: readonly [(readonly string[])?, (readonly string[])?] = [],
): Promise<string[]> {
  const entered = connection(CONTAINER, 5000, 1000, client, requests[0]);
  const answer = entered[entered.length - 1];
  const inside = [...entered.slice(0, -1), { ...answer, ns: answer.ns + 200_000 }];
  const outside = connection(HOST, 5030, 70_000, server, requests[1]);
  const outcome = await outcomeOf(merged(known.inside, inside), merged(known.outside, outside));
  expect(outcome.pairs).toHaveLength(40);
  return outcome.alone.map(({ verdict }) => verdict);
}

it("a connection that the host answers, and another one that it opens, are a proxy's", async () => {
  expect(new Set(await verdicts([64, 64], [64, 53]))).toEqual(new Set(["proxied"]));
});

it("short requests tell as well, and where the first is cut otherwise, the next one does", async () => {
  const alike = ["GET /1", "GET /2"];
  for (const requests of [
    [["GET /1"], ["GET /1"]],
    [alike, alike],
    [
      ["GET /1", "GET /2"],
      ["GET", " /1", "GET /2"],
    ],
  ] as const)
    expect(new Set(await verdicts([64, 64], [64, 53], requests))).toEqual(new Set(["proxied"]));
  for (const requests of [
    [["GET /1"], ["GET /2"]],
    [["GET /1"], ["GET", " /1"]],
  ] as const)
    expect(await verdicts([64, 64], [64, 53], requests)).not.toContain("proxied");
});

it("two clients that say the same to one server are none, each missed on one side: the host forwards what they send", async () => {
  for (const [client, server] of [
    [
      [64, 52],
      [63, 53],
    ],
    [
      [64, 52],
      [64, 53],
    ],
    [
      [64, 64],
      [63, 53],
    ],
  ] as const)
    expect(await verdicts(client, server)).not.toContain("proxied");
});

/** Connections without a translation, by their tuples, that are remembered once all of them have opened: these, each with its side and second. */
function remembered(opened: readonly (readonly [side: Side, atS: number])[]): number[] {
  const heap = new Heap();
  const timeline = new Timeline(heap, 64);
  const tuples = new TupleTable(heap, 64);
  const rest = { translations: { accounts: new FilledAccounts(heap) }, isNat: () => false, link: () => undefined };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that it asks for
  const proxies = new Proxies({ timeline, tuples, ...rest } as unknown as About);
  const syn = new Int32Array(1 << RECORD_BITS);
  syn[TCP_FLAGS_QUOTE] = SYN;
  for (const [tuple, [side, atS]] of opened.entries())
    proxies.admit(timeline.append(side, syn, 0, atS * 1e9, 2 * tuple + 1));
  return [...opened.keys()].filter((tuple) => tuples.has(tuple, IS_STREAM));
}

it("connections outside are forgotten that none inside opened within a second of, before them or behind", () => {
  expect(
    remembered([
      [OUTSIDE, 0],
      [OUTSIDE, 2],
      [INSIDE, 2.9],
      [OUTSIDE, 3.8],
      [OUTSIDE, 4],
      [OUTSIDE, 9],
      [INSIDE, 10.1],
      [OUTSIDE, 10.2],
    ]),
  ).toEqual([1, 2, 3, 6, 7]);
});
