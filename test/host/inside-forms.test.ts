import { expect, it } from "vitest";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { InsideForms } from "../../src/host/inside-forms.js";
import type { Ends } from "../../src/packets/results/results.js";

/** A container pings, and another one's published port is called: as `conntrack -L` has both (Linux 6.18). */
const PING =
  "icmp     1 29 src=172.17.0.3 dst=180.101.49.11 type=8 code=0 id=7 src=180.101.49.11 dst=10.0.2.15 type=0 code=0 id=32999 mark=0 use=1";
const CALL =
  "tcp      6 119 TIME_WAIT src=198.51.100.7 dst=10.0.2.15 sport=50164 dport=88 src=172.17.0.2 dst=198.51.100.7 sport=80 dport=50164 [ASSURED] mark=0 use=1";
/** The same id outside, another time. */
const LATER_PING = PING.replace("172.17.0.3", "172.17.0.4");
const OWN =
  "icmp     1 29 src=10.0.2.15 dst=180.101.49.11 type=8 code=0 id=9 src=180.101.49.11 dst=10.0.2.15 type=0 code=0 id=9 mark=0 use=1";

const S = 1_000_000_000n;
const ECHO = { src: "10.0.2.15", dst: "180.101.49.11", icmpId: 32999 };
const REPLY = { src: "180.101.49.11", dst: "10.0.2.15", icmpId: 32999 };
const INSIDE_ECHO = { src: "172.17.0.3", dst: "180.101.49.11", icmpId: 7 };
const CALLING = { src: "198.51.100.7", srcPort: 50164, dst: "10.0.2.15", dstPort: 88 };
const ANSWERING = { src: "10.0.2.15", srcPort: 88, dst: "198.51.100.7", dstPort: 50164 };

const list = (seconds: bigint, ...lines: readonly string[]) => ({ timeNs: seconds * S, conntrack: lines.join("\n") });

/** Forms by what snapshots list. */
function listed(last: ReturnType<typeof list>, first?: ReturnType<typeof list>, timeout?: string): InsideForms {
  const setting = (name: string) => (name.endsWith("icmp_timeout") ? timeout : undefined);
  return new InsideForms({ facts: last, first: first ?? last, setting }, undefined, true);
}

/** From whom to whom a packet is inside, at a second, and which way it goes. */
function told(forms: InsideForms, proto: "icmp" | "tcp", ends: Ends, second: bigint): string | undefined {
  const form = forms.of(proto, ends, second * S);
  return form && `${form.ends.src} > ${form.ends.dst} ${form.isOutbound ? "outbound" : "inbound"}`;
}

it("a packet outside is inside what the entry's other tuple says, whichever end began it, and whichever way it goes", () => {
  const forms = listed(list(100n, PING, CALL));
  expect(forms.of("icmp", ECHO, 90n * S)).toEqual({ ends: INSIDE_ECHO, isOutbound: true });
  expect(told(forms, "icmp", REPLY, 90n)).toBe("180.101.49.11 > 172.17.0.3 inbound");
  expect(told(forms, "tcp", CALLING, 90n)).toBe("198.51.100.7 > 172.17.0.2 inbound");
  expect(told(forms, "tcp", ANSWERING, 90n)).toBe("172.17.0.2 > 198.51.100.7 outbound");
  expect(told(forms, "icmp", { ...ECHO, icmpId: 32998 }, 90n)).toBeUndefined();
});

it("a list tells of what came so shortly before that the entry was there, and of what came between two that have the same", () => {
  const last = list(100n, PING);
  const at = (forms: InsideForms, second: bigint) => told(forms, "icmp", ECHO, second) !== undefined;
  expect([69n, 71n, 100n, 101n].map((second) => at(listed(last), second))).toEqual([false, true, true, false]);
  expect([94n, 96n].map((second) => at(listed(last, undefined, "5"), second))).toEqual([false, true]);
  expect([9n, 11n].map((second) => at(listed(last, list(10n, PING)), second))).toEqual([false, true]);
  // the id was another one's
  expect(at(listed(last, list(10n, LATER_PING)), 11n)).toBe(false);
  expect(
    new InsideForms({ facts: last, first: last, setting: () => undefined }, undefined, false).of("icmp", ECHO, 90n * S),
  ).toBeUndefined();
});

it("nothing is told by two entries, by one of a zone, nor by one that translates nothing", () => {
  expect(told(listed(list(100n, PING, LATER_PING)), "icmp", ECHO, 90n)).toBeUndefined();
  expect(told(listed(list(100n, `${PING} zone=7`)), "icmp", ECHO, 90n)).toBeUndefined();
  expect(told(listed(list(100n, OWN)), "icmp", { ...ECHO, icmpId: 9 }, 90n)).toBeUndefined();
});

it("what conntrack tells as it happens counts while it lived, and as long as nothing was lost", () => {
  const table = new ConntrackTable({ isLive: true });
  const event = (second: number, what: string, line: string) =>
    table.read(`[${second}.000000]\t ${what} ${line.replace(/ 1 29 /, " 1 30 ")}`);
  event(10, "[NEW]", PING);
  event(50, "[DESTROY]", PING);
  event(55, "[NEW]", LATER_PING);
  const forms = new InsideForms({ facts: undefined, first: undefined, setting: () => undefined }, table, true);
  const from = [20n, 52n, 60n].map((second) => told(forms, "icmp", ECHO, second)?.split(" ")[0]);
  // an entry is told of once its first packet has passed, and that may be late
  expect(from).toEqual(["172.17.0.3", undefined, "172.17.0.4"]);
  table.hearing.lose();
  expect(told(forms, "icmp", ECHO, 60n)).toBeUndefined();
});
