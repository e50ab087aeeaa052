import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseConntrackLine } from "../../src/host/conntrack.js";
import { ConntrackTable } from "../../src/host/conntrack-table.js";

// Each line was printed by conntrack 1.4.7 or by the kernel, unless it says otherwise.

test("an ICMP event: the entry's own id is none of ICMP's", () => {
  expect(
    parseConntrackLine(
      "[1795473994.196040]\t    [NEW] icmp     1 30 src=172.17.0.3 dst=180.101.49.11 type=8 code=0 id=783 [UNREPLIED] src=180.101.49.11 dst=10.0.2.15 type=0 code=0 id=25872 id=2791476198",
    ),
  ).toEqual({
    event: "new",
    proto: "icmp",
    original: { src: "172.17.0.3", dst: "180.101.49.11", icmpId: 783 },
    reply: { src: "180.101.49.11", dst: "10.0.2.15", icmpId: 25872 },
    timeNs: 1_795_473_994_196_040_000n,
    isZoned: false,
    isUnreplied: true,
    ending: undefined,
  });
});

test("a TCP event without stamp, with counters of both tuples", () => {
  expect(
    parseConntrackLine(
      "[DESTROY] tcp      6 120 CLOSE src=172.17.0.2 dst=10.0.2.2 sport=39446 dport=9 packets=1 bytes=60 [UNREPLIED] src=10.0.2.2 dst=10.0.2.15 sport=9 dport=26687 packets=1 bytes=40",
    ),
  ).toEqual({
    event: "destroy",
    proto: "tcp",
    original: { src: "172.17.0.2", dst: "10.0.2.2", srcPort: 39446, dstPort: 9 },
    reply: { src: "10.0.2.2", dst: "10.0.2.15", srcPort: 9, dstPort: 26687 },
    timeNs: undefined,
    isZoned: false,
    isUnreplied: true,
    ending: "over",
  });
});

const PINGED =
  "src=172.17.0.2 dst=180.101.49.11 type=8 code=0 id=1 src=180.101.49.11 dst=10.0.2.15 type=0 code=0 id=1 id=4274122227";
const TALKED = "src=172.17.0.3 dst=10.0.2.2 sport=4 dport=9 src=10.0.2.2 dst=10.0.2.15 sport=9 dport=4";

test.each([
  ["time over", `[DESTROY] icmp     1 ${PINGED}`, "timeout"],
  ["time left", `[DESTROY] icmp     1 29 ${PINGED}`, "kernel"],
  ["a program's doing", `[DESTROY] icmp     1 29 ${PINGED} [USERSPACE] portid=13653 progname=conntrack`, "program"],
  ["a connection's time over", `[DESTROY] tcp      6 ESTABLISHED ${TALKED} [ASSURED] id=1`, "timeout"],
  ["a connection under way", `[DESTROY] tcp      6 431999 ESTABLISHED ${TALKED} [ASSURED] id=1`, "kernel"],
  ["a connection over", `[DESTROY] tcp      6 119 TIME_WAIT ${TALKED} [ASSURED] id=1`, "over"],
  ["a connection of which the kernel tells no state", `[DESTROY] tcp      6 ${TALKED} [ASSURED] id=1`, "over"],
  ["an update", `[UPDATE] tcp      6 432000 ESTABLISHED ${TALKED} [ASSURED] id=1`, undefined],
])("why an entry ended: %s", (_, line, ending) => {
  expect(parseConntrackLine(line)).toMatchObject({ ending, isUnreplied: false });
});

test.each([
  [
    "extended and with a user's name",
    "[DESTROY] ipv4     2 udp      17 29 src=172.17.0.2 dst=10.0.2.2 sport=49883 dport=53 packets=1 bytes=31 [UNREPLIED] src=10.0.2.2 dst=10.0.2.15 sport=53 dport=42583 packets=0 bytes=0 [USERSPACE] portid=12319 progname=conntrack",
  ],
  [
    "listed",
    "udp      17 29 src=172.17.0.2 dst=10.0.2.2 sport=49883 dport=53 packets=1 bytes=31 [UNREPLIED] src=10.0.2.2 dst=10.0.2.15 sport=53 dport=42583 packets=0 bytes=0 mark=0 use=1",
  ],
  [
    "of /proc/net/nf_conntrack",
    "ipv4     2 udp      17 29 src=172.17.0.2 dst=10.0.2.2 sport=49883 dport=53 packets=1 bytes=31 [UNREPLIED] src=10.0.2.2 dst=10.0.2.15 sport=53 dport=42583 packets=0 bytes=0 mark=0 zone=0 use=2",
  ],
  [
    "with everything a kernel may add (made up)",
    "ipv4     2 udp      17 src=172.17.0.2 dst=10.0.2.2 sport=49883 dport=53 src=10.0.2.2 dst=10.0.2.15 sport=53 dport=42583 [ASSURED] [OFFLOAD] mark=1 secctx=system_u:object_r:unlabeled_t:s0 helper=tftp delta-time=3 use=2",
  ],
])("a line %s", (_, line) => {
  expect(parseConntrackLine(line)).toMatchObject({
    proto: "udp",
    original: { src: "172.17.0.2", dst: "10.0.2.2", srcPort: 49883, dstPort: 53 },
    reply: { src: "10.0.2.2", dst: "10.0.2.15", srcPort: 53, dstPort: 42583 },
    isZoned: false,
  });
});

test("IPv6 with all its zeros", () => {
  expect(
    parseConntrackLine(
      "ipv6     10 icmpv6   58 29 src=fd00:0017:0000:0000:0000:0000:0000:0002 dst=fd00:0002:0000:0000:0000:0000:0000:0002 type=128 code=0 id=12295 packets=1 bytes=104 src=fd00:0002:0000:0000:0000:0000:0000:0002 dst=fd00:0002:0000:0000:0000:0000:0000:0015 type=129 code=0 id=12295 packets=1 bytes=104 mark=0 zone=0 use=2",
    ),
  ).toMatchObject({
    proto: "icmpv6",
    original: { src: "fd00:17::2", dst: "fd00:2::2", icmpId: 12295 },
    reply: { src: "fd00:2::2", dst: "fd00:2::15", icmpId: 12295 },
  });
});

test("a protocol that conntrack has no name for, and an ICMP message that is no echo (made up)", () => {
  expect(
    parseConntrackLine("    [NEW] unknown  89 600 src=172.17.0.2 dst=10.0.2.2 [UNREPLIED] src=10.0.2.2 dst=10.0.2.15"),
  ).toMatchObject({ proto: "ip-89", original: { src: "172.17.0.2", dst: "10.0.2.2" } });
  const timestamp = parseConntrackLine(
    "icmp     1 29 src=172.17.0.2 dst=10.0.2.2 type=13 code=0 id=7 src=10.0.2.2 dst=10.0.2.15 type=14 code=0 id=7",
  );
  expect(timestamp?.original).toEqual({ src: "172.17.0.2", dst: "10.0.2.2" });
});

test("zones, and stamps that older versions did not pad (made up)", () => {
  const line = parseConntrackLine(
    "[1262304000.5012  ]\t    [NEW] tcp      6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 zone-orig=4 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1",
  );
  expect(line).toMatchObject({ isZoned: true, timeNs: 1_262_304_000_005_012_000n });
});

test.each([
  "tcp      6 120 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2",
  "tcp      6 120 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=70000 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1",
  "tcp      6 120 src=10.0.0.1 dst=10.0.0 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1",
  "tcp src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1",
  '<flow type="new"><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>172.17.0.2</src>',
])("no entry: %s", (line) => {
  expect(parseConntrackLine(line)).toBeNull();
});

test("a recording is as many entries as it has ids", () => {
  const text = readFileSync(new URL("../../fixtures/mixed/conntrack.txt", import.meta.url), "utf8");
  const table = new ConntrackTable();
  table.read(text);
  expect(table.unread).toBe(0);
  expect(table.size).toBe(new Set(text.match(/(?<= id=)\d{6,}(?=\s|$)/gm)).size);
});

test("lines that are none are counted, and where the first of them is; conntrack's own sum is not", () => {
  const table = new ConntrackTable();
  table.read("conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n\n");
  table.read("tcp      6 120 what?\nwell\n");
  expect(table).toMatchObject({ unread: 2, firstUnread: 3 });
});

test("whatever the text is, it is read to its end", () => {
  const word = fc.constantFrom(
    "src=1.2.3.4",
    "dst=::1",
    "sport=1",
    "dport=2",
    "id=3",
    "type=8",
    "tcp",
    "6",
    "[NEW]",
    "[",
    "=",
  );
  const line = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 14 }).map((words) => words.join(" ")),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const table = new ConntrackTable();
      table.read(lines.join("\n"));
      expect(table.unread + table.size).toBeLessThanOrEqual(lines.join("\n").split("\n").length);
    }),
  );
});
