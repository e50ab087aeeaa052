import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { ACK, SYN } from "../../src/protocols/tcp.js";
import { namesOf } from "../../src/report/row-names.js";
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
