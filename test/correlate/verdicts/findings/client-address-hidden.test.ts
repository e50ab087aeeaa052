import { expect, it } from "vitest";
import { segment, SYN, SYN_ACK } from "../../traffic.js";
import { Scene } from "./scene.js";

const CLIENT = ["198.51.100.9", 50_001] as const;
const PUBLISHED = ["10.0.2.15", 88] as const;
const WEB = ["172.17.0.2", 80] as const;
const BRIDGE = ["172.17.0.1", 50_001] as const;
type End = readonly [string, number];

/** A client's connection to a published port, and who it comes from for the container. */
function opened(from: End, [to, toPort]: End = WEB): Scene {
  const packet = ([src, srcPort]: End, [dst, dstPort]: End, ttl: number, ipId: number, flags: number) =>
    segment({ src, dst, srcPort, dstPort, ttl, ipId, seq: 900 + flags, ack: flags === SYN ? 0 : 903, flags });
  const web: End = [to, toPort];
  return new Scene()
    .alone(100, "outside", packet(CLIENT, PUBLISHED, 60, 4001, SYN))
    .alone(100.03, "inside", packet(from, web, 59, 4001, SYN))
    .alone(101, "inside", packet(web, from, 64, 4002, SYN_ACK))
    .alone(101.03, "outside", packet(PUBLISHED, CLIENT, 63, 4002, SYN_ACK))
    .until(1000);
}

it("client-address-hidden is a client from outside that has another address for the container", async () => {
  const [found, ...others] = await opened(BRIDGE).findings("client-address-hidden");
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: "info", count: 1, flows: [2] });
  expect(found?.text).toBe("containers see clients from outside as 172.17.0.1, by DNAT and SNAT");
});

it("client-address-hidden is not one that keeps its address, nor who is masqueraded on the way out", async () => {
  expect(await opened(CLIENT).findings("client-address-hidden")).toEqual([]);
  expect(await new Scene().until(1000).findings("client-address-hidden")).toEqual([]);
});
