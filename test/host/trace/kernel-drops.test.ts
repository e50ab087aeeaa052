import * as fc from "fast-check";
import { expect, it } from "vitest";
import { KernelDrops } from "../../../src/host/trace/kernel-drops.js";

// Lines as Linux 6.18 prints them.
const line = (timeUs: number, reason = "NETFILTER_DROP", place = "nf_hook_slow"): string =>
  `            bash-931     [001] b.s41 ${(timeUs / 1e6).toFixed(6)}: kfree_skb: skbaddr=00000000f1c1a9e5 rx_sk=0000000000000000 protocol=2048 location=${place}+0xd0/0x110 reason: ${reason}`;

/** Microseconds, as nanoseconds. */
const us = (time: number): bigint => BigInt(time) * 1000n;

function read(...lines: readonly string[]): KernelDrops {
  const drops = new KernelDrops();
  for (const each of lines) drops.read(each);
  return drops;
}

it("gives a packet the only drop that is near to it", () => {
  const drops = read(line(1000), line(5000, "IP_RPFILTER"), line(5400), line(9000));
  expect(drops.fitting(us(990))?.reason).toBe("NETFILTER_DROP");
  expect(drops.fitting(us(8100))?.timeUs).toBe(9000);
  expect(drops.fitting(us(4500))).toBeUndefined();
  expect(drops.fitting(us(5200))?.reason).toBe("NETFILTER_DROP");
  expect([1200, 7000, 20_000].map((seenUs) => drops.fitting(us(seenUs)))).toEqual([undefined, undefined, undefined]);
  expect([...drops.counts]).toEqual([
    ["NETFILTER_DROP", 3],
    ["IP_RPFILTER", 1],
  ]);
});

it("names the function where the kernel names no reason", () => {
  expect(read(line(1000, "NOT_SPECIFIED", "ip_error")).fitting(us(990))?.reason).toBe("NOT_SPECIFIED in ip_error");
});

it("only counts what sockets dropped, which no packet meets that is forwarded", () => {
  const sockets = ["NO_SOCKET", "SOCKET_RCVBUFF", "TCP_OLD_DATA", "UDP_CSUM", "PROTO_MEM"];
  const drops = read(...sockets.map((reason) => line(1000, reason)), line(1200), line(5000, "SOCKET_FILTER"));
  expect(drops.fitting(us(990))?.reason).toBe("NETFILTER_DROP");
  expect(drops.fitting(us(4990))).toBeUndefined();
  expect([...drops.counts.keys()]).toEqual([...sockets, "NETFILTER_DROP", "SOCKET_FILTER"]);
});

it("gives none about when some were lost", () => {
  const drops = read(line(1000), "CPU:1 [LOST 12 EVENTS]", line(5000), line(9000));
  expect(drops.lost).toBe(12);
  expect([990, 4990, 8990].map((seenUs) => drops.fitting(us(seenUs))?.timeUs)).toEqual([undefined, undefined, 9000]);
  drops.read("CPU:0 [LOST 1 EVENTS]");
  expect(drops.fitting(us(8990))).toBeUndefined();
});

it("holds the newest, however many there are", () => {
  const drops = new KernelDrops();
  for (let i = 1; i <= 200_000; i++) drops.read(line(10_000 * i));
  expect(drops.counts.get("NETFILTER_DROP")).toBe(200_000);
  expect(drops.fitting(us(10_000))).toBeUndefined();
  expect(drops.fitting(us(2_000_000_000 - 10))?.timeUs).toBe(2_000_000_000);
});

it("takes any line", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(read(text).counts.size).toBe(0);
    }),
  );
});
