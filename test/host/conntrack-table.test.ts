import { expect, test } from "vitest";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { flow, START_NS } from "./flow.js";

/** A translated UDP conversation by this port. */
const query = (port: number): string =>
  `udp      17 30 src=172.17.0.3 dst=10.0.2.2 sport=${port} dport=53 src=10.0.2.2 dst=10.0.2.15 sport=53 dport=${port}`;

/** A line of conntrack's, so many milliseconds after the flows' start. */
function event(ms: number, kind: "NEW" | "DESTROY", port: number): string {
  const us = START_NS / 1000n + BigInt(ms) * 1000n;
  return `[${us / 1_000_000n}.${String(us % 1_000_000n).padStart(6, "0")}]\t [${kind}] ${query(port)}`;
}

const asked = (port: number) =>
  flow("udp", "inside", `172.17.0.3.${port} > 10.0.2.2.53`, `10.0.2.15.${port} > 10.0.2.2.53`);

/** A conversation each 5 ms, each of which ends 100 ms later. Gives the most entries that were held. */
function busy(table: ConntrackTable, fromMs: number, toMs: number): number {
  let most = 0;
  for (let ms = fromMs; ms < toMs; ms += 5) {
    table.read(event(ms, "NEW", ms % 60_000));
    table.read(event(ms, "DESTROY", (ms - 100) % 60_000));
    most = Math.max(most, table.size);
  }
  return most;
}

test("what is held depends on what lives, not on how much there was", () => {
  const table = new ConntrackTable({ isLive: true });
  let letGo = 0;
  table.onLetGo(() => letGo++);
  const soon = busy(table, 1000, 15_000);
  expect(soon).toBeLessThan(11_500 / 5);
  expect(busy(table, 15_000, 50_000)).toBe(soon);
  // those of the first 100 ms ended without a beginning
  expect(letGo + table.size).toBe((49_000 + 100) / 5);
  expect([...table.entries()]).toHaveLength(table.size);
});

test("an entry is held as long as its flow may be told, whichever way that is known by then", () => {
  const table = new ConntrackTable({ isLive: true });
  const open = asked(100);
  table.open(open);
  table.open(open);
  table.read(
    `${event(0, "NEW", 100)}\n${event(0, "NEW", 200)}\n${event(10, "DESTROY", 100)}\n${event(10, "DESTROY", 200)}`,
  );
  table.read(event(30_000, "NEW", 300));
  const held = () => [...table.entries()].map(({ originalText }) => originalText.slice(15));
  expect(held()).toEqual(["100 > 10.0.2.2.53", "300 > 10.0.2.2.53"]);
  const { src, srcPort, dst, dstPort } = open.outside;
  table.close({ ...open, outside: { src: dst, srcPort: dstPort, dst: src, dstPort: srcPort } });
  expect(table.size).toBe(2);
  table.close(open);
  expect(held()).toEqual(["300 > 10.0.2.2.53"]);
});

test("it may have had an entry of what was learnt too late, and not of what was learnt in time", () => {
  const table = new ConntrackTable({ isLive: true });
  table.open(asked(200));
  table.read(`${event(0, "NEW", 100)}\n${event(1000, "DESTROY", 100)}\n${event(30_000, "NEW", 300)}`);
  table.open(asked(100));
  expect([asked(200), asked(100)].map((each) => table.hasAllOf(each))).toEqual([true, false]);
  expect(table.hasAllOf({ ...asked(100), firstNs: START_NS + 1_000_000_001n })).toBe(true);
});

test("an entry is held as long as packets of its time may not have been read", () => {
  const table = new ConntrackTable({ isLive: true });
  table.reach(START_NS + 5_000_000_000n);
  table.read(`${event(0, "NEW", 100)}\n${event(1000, "DESTROY", 100)}\n${event(30_000, "NEW", 200)}`);
  expect(table.size).toBe(2);
  table.reach(START_NS + 11_000_000_000n);
  table.read(event(32_000, "NEW", 300));
  expect(table.size).toBe(2);
});

test("a clock that is set back keeps nothing", () => {
  const table = new ConntrackTable({ isLive: true });
  busy(table, 100_000, 101_000);
  busy(table, 1000, 15_000);
  expect(table.size).toBeLessThan(11_500 / 5);
});

test("what ended unheard goes with the next listing, though more is lost meanwhile", () => {
  const table = new ConntrackTable({ isLive: true });
  const held = [1, 2, 3, 4].map((round) => {
    for (let port = 1; port <= 100; port++) table.read(event(1000 * round, "NEW", 1000 * round + port));
    table.hearing.lose();
    table.hearing.beginListing(START_NS);
    table.read(query(1000 * round + 1));
    table.hearing.lose();
    table.endListing(START_NS);
    return table.size;
  });
  expect(held).toEqual([1, 1, 1, 1]);
  expect(table.hearing.isCompleteSince(START_NS + 1n)).toBe(false);
});

test("of a recording, all is held: its flows come later", () => {
  const table = new ConntrackTable();
  busy(table, 1000, 31_000);
  expect(table.size).toBe((30_000 + 100) / 5);
});
