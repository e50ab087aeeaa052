import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import { INSIDE, OUTSIDE, SIDES } from "../../src/packets/sides.js";
import { NO_MAC } from "../../src/protocols/mac.js";
import { ACK, SYN } from "../../src/protocols/tcp.js";
import { namesOf } from "../../src/report/row-names.js";
import { containerAt, farEndOfFlow, farEndOfPair } from "../../src/report/far-end.js";
import { HandFilled, type Packet, TCP, UDP } from "./tables.js";

const [web, db] = ["web", "db"].map((name) => ({ name, words: new Set([name]), ids: new Set<string>() }));
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
  const ends = { src: "172.17.0.2", dst: "172.17.0.2" };
  const at = (end: "src" | "dst", far: "src" | null, having = web) =>
    containerAt({ ...CONTAINERS, having: () => having }, ends, end, far, 0n);
  expect([at("src", "src"), at("src", "src", there)]).toEqual([undefined, there]);
  expect([at("dst", "src"), at("dst", null)]).toEqual([web, web]);
});

/** What an end with web's address is called, by who sent from there, web's own MAC address and the host's. */
function named(
  mac: number | undefined,
  webs: number | undefined,
  isOwnMac: (mac: number) => boolean | undefined,
): (string | undefined)[] {
  const containers = {
    ...CONTAINERS,
    having: () => ({ ...web, ...(webs !== undefined && { mac: webs }) }),
    isOwnMac,
  };
  const ends = { src: "172.17.0.2", dst: "172.17.0.2", srcMac: mac, dstMac: mac };
  return (["src", "dst"] as const).map((end) => containerAt(containers, ends, end, null, 0n)?.name);
}

it("who sends by another MAC address than a container's, and is not the host, has not its name", () => {
  const [its, forgers, hosts] = [1, 2, 3];
  const isHosts = (mac: number): boolean => mac === hosts;
  expect(named(forgers, its, isHosts)).toEqual([undefined, undefined]);
  for (const mac of [its, hosts, NO_MAC, undefined]) expect(named(mac, its, isHosts)).toEqual(["web", "web"]);
  // a snapshot without the container's, or without the host's
  for (const webs of [NO_MAC, undefined]) expect(named(forgers, webs, isHosts)).toEqual(["web", "web"]);
  expect(named(forgers, its, () => undefined)).toEqual(["web", "web"]);
});
