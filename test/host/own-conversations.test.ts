import type { HostCall } from "../../src/packets/results/published.js";
import { expect, it } from "vitest";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { OwnConversations } from "../../src/host/own-conversations.js";

/** The host called its port 88, which is a container's, and went straight to the container: as `conntrack -L` has both (Linux 6.18). */
const CALLED =
  "tcp      6 118 TIME_WAIT src=10.0.2.15 dst=10.0.2.15 sport=47258 dport=88 src=172.17.0.2 dst=10.0.2.15 sport=80 dport=47258 [ASSURED] mark=0 use=1";
const STRAIGHT =
  "tcp      6 118 TIME_WAIT src=172.17.0.1 dst=172.17.0.2 sport=57950 dport=80 src=172.17.0.2 dst=172.17.0.1 sport=80 dport=57950 [ASSURED] mark=0 use=1";
const OTHERWISE = CALLED.replace("dport=88", "dport=89");

const facts = (...lines: readonly string[]) => ({
  facts: { addresses: ["10.0.2.15", "172.17.0.1", "127.0.0.1"], conntrack: lines.join("\n"), timeNs: 9n },
});
const seen = { src: "10.0.2.15", srcPort: 47258, dst: "172.17.0.2", dstPort: 80 };
const begun = { src: "10.0.2.15", srcPort: 47258, dst: "10.0.2.15", dstPort: 88 };

function tableOf(line: string, listedNs?: bigint): ConntrackTable {
  const table = new ConntrackTable({ listedNs });
  table.read(line);
  return table;
}

it("tells what the host called, by the entries of a snapshot or by what conntrack says beside", () => {
  const own = new OwnConversations(facts(CALLED, STRAIGHT), undefined, true);
  expect(own.begunAs("tcp", seen)).toEqual(begun);
  const straight = { src: "172.17.0.1", srcPort: 57950, dst: "172.17.0.2", dstPort: 80 };
  expect(own.begunAs("tcp", straight)).toEqual(straight);
  expect(own.begunAs("udp", seen)).toBeUndefined();
  expect(own.begunAs("tcp", { ...seen, srcPort: 47259 })).toBeUndefined();
  expect(new OwnConversations(facts(), tableOf(CALLED), true).begunAs("tcp", seen)).toEqual(begun);
});

it("tells nothing where entries contradict each other, are of a zone, or are not to be gone by", () => {
  expect(new OwnConversations(facts(CALLED), tableOf(CALLED), true).begunAs("tcp", seen)).toEqual(begun);
  expect(new OwnConversations(facts(OTHERWISE), tableOf(CALLED), true).begunAs("tcp", seen)).toBeUndefined();
  expect(new OwnConversations(facts(`${CALLED} zone=7`), undefined, true).begunAs("tcp", seen)).toBeUndefined();
  expect(new OwnConversations(facts(CALLED), undefined, false).begunAs("tcp", seen)).toBeUndefined();
  // a table that is the snapshot's list
  const isList = new OwnConversations(facts(OTHERWISE), tableOf(CALLED, 1n), true);
  expect(isList.begunAs("tcp", seen)).toEqual(begun);
});

it("knows what the host has said by now", () => {
  const known: { facts: ReturnType<typeof facts>["facts"] | undefined } = { facts: undefined };
  const own = new OwnConversations(known, undefined, true);
  expect([own.isOwn("10.0.2.15"), own.begunAs("tcp", seen)]).toEqual([false, undefined]);
  known.facts = facts(CALLED).facts;
  expect([own.isOwn("10.0.2.15"), own.isOwn("172.17.0.2"), own.begunAs("tcp", seen)]).toEqual([true, false, begun]);
});

/** A container called its own port by an address of the host's, and its source was rewritten, too: as `conntrack -L` has it (Linux 6.18). */
const TURNED =
  "tcp      6 115 TIME_WAIT src=172.17.0.2 dst=10.0.2.15 sport=51126 dport=88 src=172.17.0.2 dst=172.17.0.1 sport=80 dport=51126 [ASSURED] mark=0 use=1";

it("tells what was called by a packet whose destination alone is rewritten yet, among the ports that it may have called", () => {
  const own = new OwnConversations(facts(TURNED, CALLED), undefined, true);
  const halfway = { src: "172.17.0.2", srcPort: 51126, dst: "172.17.0.2", dstPort: 80 };
  const called = { ...halfway, dst: "10.0.2.15", dstPort: 88 };
  expect(own.begunAs("tcp", halfway, [87, 88])).toEqual(called);
  expect(own.begunAs("tcp", halfway)).toBeUndefined();
  expect(own.begunAs("tcp", halfway, [87])).toBeUndefined();
  expect(own.begunAs("tcp", { ...halfway, dst: "172.17.0.3" }, [88])).toBeUndefined();
  // one that is seen as it leaves is found once
  expect(own.begunAs("tcp", seen, [88])).toEqual(begun);
  // one that is straight, by the same port
  const both = new OwnConversations(
    facts(TURNED, STRAIGHT.replaceAll("172.17.0.1", "172.17.0.2").replaceAll("57950", "51126")),
    undefined,
    true,
  );
  expect(both.begunAs("tcp", halfway, [88])).toBeUndefined();
  const zoned = new OwnConversations(facts(`${TURNED} zone=7`), undefined, true);
  expect(zoned.begunAs("tcp", halfway, [88])).toBeUndefined();
});

/** The host called its port 88 by 127.0.0.1, which docker-proxy took. */
const PROXIED =
  "tcp      6 116 TIME_WAIT src=127.0.0.1 dst=127.0.0.1 sport=52280 dport=88 src=127.0.0.1 dst=127.0.0.1 sport=88 dport=52280 [ASSURED] mark=0 use=1";

it("tells what the host called since the first snapshot", () => {
  const since = (more: object, ...lines: readonly string[]) => {
    const first = { conntrack: "", conntrackMore: 0, timeNs: 7n, ...more };
    return new OwnConversations({ ...facts(...lines), first }, undefined, true).called();
  };
  const call = { proto: "tcp", address: "127.0.0.1", port: 88, answeredBy: undefined, epochNs: 9n };
  const ruled = { ...call, address: "10.0.2.15", answeredBy: { address: "172.17.0.2", port: 80 } };
  expect(since({}, CALLED, PROXIED, STRAIGHT)).toEqual([ruled, call]);
  expect(since({ conntrack: CALLED }, CALLED, PROXIED)).toEqual([call]);
  // a table that is the snapshot's list
  const known = { ...facts(PROXIED), first: { conntrack: "", conntrackMore: 0, timeNs: 7n } };
  expect(new OwnConversations(known, tableOf(PROXIED, 9n), true).called()).toEqual([call]);
  expect(new OwnConversations(known, tableOf(STRAIGHT), true).called()).toEqual([call]);
  expect(new OwnConversations(known, undefined, false).called()).toEqual([]);
  // what was not answered, is of a zone, or another host's
  const unreplied = PROXIED.replace("dport=88 src", "dport=88 [UNREPLIED] src").replace("[ASSURED] ", "");
  for (const other of [unreplied, `${PROXIED} zone=7`, CALLED.replace("src=10.0.2.15", "src=10.0.2.2")])
    expect(since({}, other)).toEqual([]);
  // nothing tells what began since then
  expect(since({ conntrack: undefined }, PROXIED)).toEqual([]);
  expect(since({ conntrackMore: 1 }, PROXIED)).toEqual([]);
  expect(since({ timeNs: 9n }, PROXIED)).toEqual([]);
  expect(new OwnConversations(facts(PROXIED), undefined, true).called()).toEqual([]);
});

/** An event of conntrack's, at a second. */
const event = (atS: number, what: "NEW" | "DESTROY", line: string): string => `[${atS}.0]\t [${what}] ${line}`;
const unreplied = (line: string): string =>
  line.replace(/src=\S+ dst=\S+ sport=\S+ dport=\S+ \[ASSURED\]/, "[UNREPLIED] $&");
const secondsNs = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;

it("tells what conntrack told of as it happened, once each, and what the last snapshot alone lists", () => {
  const table = new ConntrackTable({ isLive: true });
  const known = (listedFirst: object) => ({
    facts: { ...facts(CALLED, PROXIED).facts, timeNs: secondsNs(9) },
    first: { conntrack: undefined, conntrackMore: 0, timeNs: secondsNs(7), ...listedFirst },
  });
  const own = new OwnConversations(known({}), table, true);
  const called: HostCall[] = [];
  own.onCalled = (call) => called.push(call);
  // from before the first snapshot; from behind it; and one that goes on: no event tells whether it was answered
  const before = PROXIED.replaceAll("52280", "52281");
  table.read(event(6, "NEW", unreplied(before)));
  for (const line of [PROXIED, CALLED]) table.read(event(8, "NEW", unreplied(line)));
  for (const line of [before, PROXIED]) table.read(event(9, "DESTROY", line));
  const call = { proto: "tcp", address: "127.0.0.1", port: 88, answeredBy: undefined, epochNs: secondsNs(8) };
  expect([own.called(), called]).toEqual([[call], []]);
  const listing = new OwnConversations(known({ conntrack: "" }), table, true);
  const addresses = listing.called().map(({ address, epochNs }) => [address, epochNs]);
  // the list tells that it was answered, and the event when it began: the port may be nobody's by the time of the list
  expect(addresses).toEqual([
    ["127.0.0.1", secondsNs(8)],
    ["10.0.2.15", secondsNs(8)],
  ]);
  // let go, once it was over for a while
  table.read(event(99, "NEW", unreplied(STRAIGHT)));
  expect([own.called(), called]).toEqual([[], [call]]);
});
