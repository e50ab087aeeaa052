import { expect, it } from "vitest";
import { icmp, ipv4 } from "../../../support/packets.js";
import { CONTAINER, datagram, HOST, segment, SERVER, SYN } from "../../traffic.js";
import { Scene } from "./scene.js";

const BRIDGE = "172.17.0.1";
const text = "x".repeat(1400);
const query = datagram({ src: CONTAINER, dst: SERVER, ipId: 7, ttl: 64, srcPort: 40_000, dstPort: 443, text });

/** The ICMP error of somebody about the query. */
const error = (src: string, type: number, code: number, word = 0) =>
  ipv4({ src, dst: CONTAINER, id: 1, ttl: 64 }, icmp({ type, code, word, payload: query.slice(0, 28) }));

const asked = () => new Scene().alone(100, "inside", query);

/** The hint where the host sends these errors, each about a query of its own. */
async function hintOf(...errors: readonly [type: number, code: number][]): Promise<string | undefined> {
  const scene = new Scene();
  for (const [n, [type, code]] of errors.entries()) {
    const of = { src: CONTAINER, dst: SERVER, ttl: 64, srcPort: 40_000, dstPort: 443, text };
    const sent = datagram({ ...of, ipId: 7 + n });
    scene.alone(100 + n, "inside", sent);
    const quoting = icmp({ type, code, word: 0, payload: sent.slice(0, 28) });
    scene.alone(100.05 + n, "inside", ipv4({ src: BRIDGE, dst: CONTAINER, id: 1, ttl: 64 }, quoting));
  }
  return (await scene.until(2000).findings("refused"))[0]?.hint;
}

it("mtu is what is refused as too long, with its length and the MTU; refused has it, too", async () => {
  const scene = asked()
    .alone(100.05, "inside", error(BRIDGE, 3, 4, 1280))
    .until(2000);
  const [found] = await scene.findings("mtu");
  expect(found).toMatchObject({ severity: "warning", count: 1, flows: [], frames: { inside: [81], outside: [] } });
  expect(found?.text).toBe("too long for the next link, and refused: MTU 1280: inside #81 of 1428 bytes");
  const [refused] = await scene.findings("refused");
  expect(refused).toMatchObject({ severity: "warning", count: 1, frames: { inside: [81], outside: [] } });
  expect(refused?.text).toBe("entered, and refused by the host: too-big (inside #81)");
});

it("mtu is not what is refused for another reason, nor what is lost, nor what a router beyond refuses", async () => {
  const unreachable = asked()
    .alone(100.05, "inside", error(BRIDGE, 3, 1))
    .until(2000);
  expect(await unreachable.findings("mtu")).toEqual([]);
  expect(await unreachable.findings("refused")).toMatchObject([{ count: 1 }]);
  const lost = asked().until(2000);
  expect(await lost.findings("mtu")).toEqual([]);
  expect(await lost.findings("refused")).toEqual([]);
});

it("refused says what to look at next by the reason, each by its name where there are several", async () => {
  expect(await hintOf([3, 13])).toMatch(/^iptables -S .* which rule rejects, ip route get .* \(prohibit\)$/);
  const exceeded = await hintOf([11, 0]);
  expect(exceeded).toMatch(/^traceroute lets TTLs run out on purpose; else, ip route get/);
  const reassembly = await hintOf([11, 1]);
  expect(reassembly).toMatch(/nstat -az 'Ip\*Reasm\*'.*net\.ipv4\.ipfrag_time/);
  expect(await hintOf([11, 0], [11, 1])).toBe(`ttl-exceeded: ${exceeded}; reassembly-timeout: ${reassembly}`);
  expect(await hintOf([12, 0])).toMatch(/^on the host: iptables -S/);
  // of more, it is all that anybody reads
  expect(await hintOf([11, 0], [11, 1], [3, 1])).toBe(await hintOf([12, 0]));
});

/** That nobody listens on the port that a packet is for. */
const unreachable = (src: string, dst: string, about: Uint8Array) =>
  ipv4({ src, dst, id: 1, ttl: 64 }, icmp({ type: 3, code: 3, payload: about.slice(0, 28) }));

it("refused is one finding of both sides, so that what to look at next is said once", async () => {
  const called = datagram({ src: SERVER, dst: HOST, ipId: 8, ttl: 53, srcPort: 40_000, dstPort: 81, text });
  const found = await asked()
    .alone(100.05, "inside", unreachable(BRIDGE, CONTAINER, query))
    .alone(200, "outside", called)
    .alone(200.05, "outside", unreachable(HOST, SERVER, called))
    .until(2000)
    .findings("refused");
  expect(found).toMatchObject([{ count: 2, frames: { inside: [81], outside: [81] } }]);
  expect(found[0]?.text).toBe("entered, and refused by the host: port-unreachable (inside #81, outside #81)");
  expect(found[0]?.hint).toMatch(/^conntrack -L -p udp/);
});

it("refused looks for a rule alone where a port is unreachable over TCP", async () => {
  const called = segment({
    src: SERVER,
    dst: HOST,
    ipId: 8,
    ttl: 53,
    srcPort: 40_000,
    dstPort: 81,
    seq: 1,
    ack: 0,
    flags: SYN,
  });
  const scene = asked()
    .alone(200, "outside", called)
    .alone(200.05, "outside", unreachable(HOST, SERVER, called))
    .until(2000);
  const [found] = await scene.findings("refused");
  expect(found?.text).toBe("entered, and refused by the host: port-unreachable (outside #81)");
  expect(found?.hint).toMatch(/^iptables -S and nft list ruleset show which rule rejects: over TCP/);
});

it("refused has what the host says after the packet's window as well", async () => {
  const found = await asked()
    .alone(3100, "inside", error(BRIDGE, 3, 1))
    .until(6000)
    .findings("refused");
  expect(found).toMatchObject([{ count: 1, frames: { inside: [81], outside: [] } }]);
});
