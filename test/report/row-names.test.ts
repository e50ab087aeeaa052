import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import { INSIDE, OUTSIDE, SIDES } from "../../src/packets/sides.js";
import { ACK, SYN } from "../../src/protocols/tcp.js";
import { namesOf } from "../../src/report/row-names.js";
import { containerAt, farEndOfFlow, farEndOfPair } from "../../src/report/far-end.js";
import { HandFilled, type Packet, TCP, UDP } from "./tables.js";

const [web, db] = ["web", "db"].map((name) => ({ name, words: new Set([name]) }));
const CONTAINERS = {
  ...NO_CONTAINERS,
  having: (address: string) => ({ "172.17.0.2": web, "172.17.0.3": db })[address],
  publishing: (proto: string, address: string, port: number) =>
    `${proto} ${address} ${port}` === "tcp 10.0.2.15 88" || proto === "udp" ? web : undefined,
};

const OPENING: Packet = {
  side: OUTSIDE,
  proto: TCP,
  src: "10.0.2.2",
  srcPort: 9,
  dst: "10.0.2.15",
  dstPort: 88,
  tcpFlags: SYN,
};

it.each<[string, Partial<Packet>, readonly (string | undefined)[]]>([
  ["its ends' addresses", { side: INSIDE, src: "172.17.0.3", dst: "172.17.0.2" }, ["db", "web"]],
  [
    "no address that it may have brought from beyond the outside",
    { src: "172.17.0.3", dst: "172.17.0.2" },
    [undefined, "web"],
  ],
  ["the published port that it opens", {}, [undefined, "web"]],
  ["a published port of a protocol without handshakes", { proto: UDP }, [undefined, "web"]],
  ["no port of another number", { dstPort: 89 }, []],
  ["no port that it answers from", { tcpFlags: SYN | ACK }, []],
  ["no port that a translation took for something else", { flow: 7 }, []],
])("a packet is named by %s", (_, packet, expected) => {
  const tables = new HandFilled();
  const [src, dst] = namesOf(tables, CONTAINERS, tables.add({ ...OPENING, ...packet }));
  expect([src?.name, dst?.name]).toEqual([expected[0], expected[1]]);
});

it("beyond the outside is where what leaves goes to, and what enters is from", () => {
  const tables = new HandFilled();
  const [inside, outside] = SIDES.map((side) => tables.add({ ...OPENING, side }));
  expect([true, false].map((isOutbound) => farEndOfPair(tables, inside, outside, isOutbound))).toEqual(["dst", "src"]);
  expect(farEndOfPair(tables, inside, inside, true)).toBeNull();
  const initiators = ["inside", "outside", "unknown"] as const;
  expect(initiators.map((initiator) => farEndOfFlow({ sides: SIDES, initiator }))).toEqual(["dst", "src", "dst"]);
  expect(farEndOfFlow({ sides: [INSIDE, INSIDE], initiator: "outside" })).toBeNull();
});

it("an end beyond the outside is a container where that has its address on an interface that is captured there", () => {
  const there = { ...web, isOutside: true };
  expect([containerAt("src", "src", web), containerAt("src", "src", there)]).toEqual([undefined, there]);
  expect([containerAt("dst", "src", web), containerAt("dst", null, web)]).toEqual([web, web]);
});
