import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import type { Ends } from "../../src/packets/results/results.js";
import { INSIDE, OUTSIDE, SIDES } from "../../src/packets/sides.js";
import { NO_MAC } from "../../src/protocols/mac.js";
import { ACK, SYN } from "../../src/protocols/tcp.js";
import { namesBehind, namesOf, namesOfLone } from "../../src/report/row-names.js";
import { containerAt, farEndOfFlow, farEndOfPair } from "../../src/report/far-end.js";
import { openTuple } from "../support/tuples.js";
import { HandFilled, ICMP, type Packet, TCP, UDP } from "./tables.js";

const [web, db] = ["web", "db"].map((name) => ({ name, words: new Set([name]), ids: new Set<string>() }));
const CONTAINERS = {
  ...NO_CONTAINERS,
  having: (address: string) => ({ "172.17.0.2": web, "172.17.0.3": db })[address],
  publishing: (proto: string, address: string, port: number) =>
    `${proto} ${address} ${port}` === "tcp 10.0.2.15 88" || proto === "udp" ? web : undefined,
  insideOf: (_: string, ends: Ends) => {
    if (ends.srcPort === 7) return { ends: { ...ends, src: "172.17.0.3" }, isOutbound: true };
    if (ends.srcPort === 8) return { ends: { ...ends, src: "172.17.0.3" }, isOutbound: false };
    return undefined;
  },
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

const ANSWERING = { src: "10.0.2.15", srcPort: 88, dst: "10.0.2.2", dstPort: 9 };

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
  ["what conntrack says that it is inside", { src: "10.0.2.15", srcPort: 7, dst: "10.0.2.2" }, ["db", undefined]],
  ["no container's address beyond the outside, whatever it is inside", { src: "10.0.2.15", srcPort: 8 }, []],
  ["no port that it answers from", { tcpFlags: SYN | ACK }, []],
  ["no port that a translation took for something else", { flow: 7 }, []],
])("a packet without a twin is named by %s", (_, packet, expected) => {
  const tables = new HandFilled();
  const [src, dst] = namesOfLone(tables, CONTAINERS, tables.add({ ...OPENING, ...packet }));
  expect([src?.name, dst?.name]).toEqual([expected[0], expected[1]]);
});

it("all packets of a conversation with a published port are its container's, once it is known who began that", () => {
  const tables = new HandFilled();
  const later = tables.add({ ...OPENING, tcpFlags: ACK });
  const answer = tables.add({ ...OPENING, ...ANSWERING, tcpFlags: ACK });
  const named = () => [later, answer].map((row) => namesOfLone(tables, CONTAINERS, row).map((name) => name?.name));
  expect(named()).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  const tuple = tables.timeline.tuple(later);
  openTuple(tables.tuples, tuple, true, true);
  expect(named()).toEqual([
    [undefined, "web"],
    ["web", undefined],
  ]);
  // the host's port is who began it
  openTuple(tables.tuples, tuple, false, true);
  expect(named()).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

it("what its flow says that a packet is inside counts before all else, and errors are named by their own ends", () => {
  const tables = new HandFilled();
  const inside = tables.add({ ...OPENING, side: INSIDE, dst: "172.17.0.3", dstPort: 80 });
  const way = tables.timeline.way(inside);
  tables.twinOf = () => ({ way, isOutbound: false });
  const row = tables.add({ ...OPENING, flow: 7 });
  expect(namesOfLone(tables, CONTAINERS, row).map((name) => name?.name)).toEqual([undefined, "db"]);
  expect(namesBehind(tables, CONTAINERS, row)).toEqual([db]);
  // whoever has the address by now, and had it not as the flow began
  const since = {
    ...CONTAINERS,
    having: (address: string, fromNs: bigint) => (address === "172.17.0.3" && fromNs >= 5n ? web : undefined),
  };
  tables.beganNs = () => 4n;
  expect(namesBehind(tables, since, row)).toEqual([]);
  tables.beganNs = () => 5n;
  expect(namesBehind(tables, since, row)).toEqual([web]);
  expect(namesBehind(tables, CONTAINERS, inside)).toEqual([]);
  expect(namesOf(tables, CONTAINERS, row)).toEqual([undefined, undefined]);
  const quoted = { proto: "tcp", src: "10.0.2.15", dst: "10.0.2.2", ipId: 1, length: 60 } as const;
  const error = tables.add({ ...OPENING, flow: 7, proto: ICMP, quoted });
  expect(namesOfLone(tables, CONTAINERS, error)).toEqual([undefined, undefined]);
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
