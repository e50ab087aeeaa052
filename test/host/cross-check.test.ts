import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { Crossing } from "../../src/host/crossing.js";
import { CrossCheck } from "../../src/host/cross-check.js";
import type { Setting } from "../../src/host/ended-entries.js";
import type { FlowSummary } from "../../src/packets/results/results.js";
import type { Finding } from "../../src/packets/results/findings.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { flow, START_NS } from "./flow.js";

const SERVER = "180.101.49.11";
const SNAT =
  "icmp     1 30 src=172.17.0.4 dst=180.101.49.11 type=8 code=0 id=783 src=180.101.49.11 dst=10.0.2.15 type=0 code=0 id=783";
const DNAT =
  "tcp      6 60 SYN_RECV src=10.0.2.2 dst=10.0.2.15 sport=38438 dport=88 src=172.17.0.2 dst=10.0.2.2 sport=80 dport=38438";
const LOCAL = "udp      17 30 src=10.0.2.15 dst=10.0.2.2 sport=5 dport=53 src=10.0.2.2 dst=10.0.2.15 sport=53 dport=5";

/** `[stamp] [EVENT] line`, so many milliseconds after the flows' start. */
function event(ms: number, kind: "NEW" | "UPDATE" | "DESTROY", line: string): string {
  const us = START_NS / 1000n + BigInt(ms) * 1000n;
  return `[${us / 1_000_000n}.${String(us % 1_000_000n).padStart(6, "0")}]\t [${kind}] ${line}`;
}

interface Found {
  readonly contradictions: Finding[];
  readonly findings: Finding[];
}

const check = (conntrack: string, ...flows: FlowSummary[]): Found => checked(conntrack, flows);

function checked(
  conntrack: string,
  flows: readonly FlowSummary[],
  sender?: string,
  refusedMs?: number,
  setting: Setting = () => undefined,
): Found {
  const table = new ConntrackTable();
  table.read(conntrack);
  const crossing = new Crossing();
  for (const each of flows) crossing.learn(each);
  const crossCheck = new CrossCheck(table, crossing, setting);
  crossCheck.begin(START_NS, START_NS);
  if (sender !== undefined) crossCheck.alone(flows[0].id, sender);
  if (refusedMs !== undefined)
    crossCheck.refused(flows[0].id, START_NS + BigInt(refusedMs) * 1_000_000n, OUTSIDE, [70, 71]);
  return { contradictions: flows.flatMap((each) => crossCheck.flow(each)), findings: crossCheck.end() };
}

const confirmed = (count: number, of: number): unknown =>
  expect.objectContaining({ code: "conntrack", count, text: `${count} of ${of} translations confirmed by conntrack` });

const pinged = flow("icmp", "inside", "172.17.0.4 > 180.101.49.11 id 783", "10.0.2.15 > 180.101.49.11 id 783");
const published = flow("tcp", "outside", "10.0.2.2.38438 > 172.17.0.2.80", "10.0.2.2.38438 > 10.0.2.15.88", { id: 2 });

describe("confirmed", () => {
  test.each([
    ["a masqueraded flow", SNAT, pinged],
    ["a published port", DNAT, published],
    ["nothing rewritten", LOCAL, flow("udp", "outside", "10.0.2.15.5 > 10.0.2.2.53", "10.0.2.15.5 > 10.0.2.2.53")],
    [
      "a flow met under way, taken for the other's",
      SNAT,
      flow("icmp", "outside", "180.101.49.11 > 172.17.0.4 id 783", "180.101.49.11 > 10.0.2.15 id 783"),
    ],
  ])("%s", (_, conntrack, seen) => {
    expect(check(conntrack, seen)).toEqual({ contradictions: [], findings: [confirmed(1, 1)] });
  });

  test("by name", () => {
    const [finding] = check(`${SNAT}\n${DNAT}\n`, pinged, published).findings;
    expect(finding).toMatchObject({ count: 2, flows: [pinged.id, 2], frames: { inside: [1, 1], outside: [1, 1] } });
  });

  test("by one of several entries with the same original tuple", () => {
    const other = SNAT.replace(/id=783$/, "id=9000");
    const { contradictions, findings } = check(`${other}\n${SNAT}\n`, pinged);
    expect(contradictions).toEqual([]);
    expect(findings[0]).toEqual(confirmed(1, 1));
  });

  // fixtures/dual-leg: 10.99.0.1 is rewritten to 180.101.49.11, and the source masqueraded. The bridge shows what comes from
  // inside with its destination rewritten already, the answers as the container gets them; and so for a port published behind
  // a masquerade on docker0.
  test.each([
    ["udp", "172.17.0.4.5353 > 180.101.49.11.5300", "10.0.2.15.48261 > 180.101.49.11.5300", "inside"],
    ["udp", "172.17.0.4.5353 > 10.99.0.1.53", "10.0.2.15.48261 > 180.101.49.11.5300", "inside"],
    ["tcp", "172.17.0.3.32838 > 180.101.49.11.80", "10.0.2.15.32838 > 180.101.49.11.80", "inside"],
    ["icmp", "172.17.0.4 > 180.101.49.11 id 8208", "10.0.2.15 > 180.101.49.11 id 8208", "inside"],
    ["tcp", "172.17.0.1.55382 > 172.17.0.2.80", "10.0.2.2.55382 > 10.0.2.15.8888", "outside"],
    ["tcp", "10.0.2.2.55382 > 172.17.0.2.80", "10.0.2.2.55382 > 10.0.2.15.8888", "outside"],
  ] as const)("%s %s as %s, seen through a bridge", (proto, inside, outside, initiator) => {
    const text = readFileSync(new URL("../../fixtures/dual-leg/conntrack.txt", import.meta.url), "utf8");
    const seen = flow(proto, initiator, inside, outside);
    expect(check(text, seen).contradictions).toEqual([]);
    expect(check(text, seen).findings[0]).toEqual(confirmed(1, 1));
  });
});

describe("contradicted", () => {
  const code = (conntrack: string) => check(conntrack, wrong).contradictions[0]?.code;
  const wrong = flow("icmp", "inside", "172.17.0.4 > 180.101.49.11 id 783", "10.0.2.15 > 180.101.49.11 id 9000", {
    id: 7,
  });

  test("another translation of the same original tuple", () => {
    expect(check(SNAT, wrong)).toEqual({
      contradictions: [
        expect.objectContaining({
          severity: "warning",
          code: "conntrack-contradicted",
          flows: [7],
          count: 1,
          text: "paired as icmp 172.17.0.4 > 180.101.49.11 id 783 → icmp 10.0.2.15 > 180.101.49.11 id 9000, but conntrack has icmp 172.17.0.4 > 180.101.49.11 id 783 → icmp 10.0.2.15 > 180.101.49.11 id 783",
        }),
      ],
      findings: [confirmed(0, 1)],
    });
  });

  test("another original of the same reply tuple", () => {
    const other = flow("tcp", "outside", "10.0.2.2.38438 > 172.17.0.3.80", "10.0.2.2.38438 > 10.0.2.15.88");
    expect(check(DNAT, other).contradictions[0]?.code).toBe("conntrack-contradicted");
  });

  test("no translation where natcorr saw one", () => {
    const rewritten = flow("udp", "inside", "10.0.2.15.5 > 10.0.2.2.53", "10.0.2.15.6 > 10.0.2.2.53");
    expect(check(LOCAL, rewritten).contradictions[0]?.code).toBe("conntrack-contradicted");
  });

  test("an entry of another time contradicts nothing", () => {
    const life = (born: number, died: number) => `${event(born, "NEW", SNAT)}\n${event(died, "DESTROY", SNAT)}\n`;
    expect(code(life(-5000, -10))).toBeUndefined();
    expect(code(life(1500, 9000))).toBeUndefined();
    expect(code(life(5, 1100))).toBe("conntrack-contradicted");
    expect(code(event(-5000, "NEW", SNAT))).toBe("conntrack-contradicted");
    expect(code(`${life(-5000, -10)}${event(3, "NEW", SNAT)}`)).toBe("conntrack-contradicted");
  });

  test("nor does one that ended, nobody knows when, nor one of a zone of its own", () => {
    expect(check(`[DESTROY] ${SNAT}`, wrong).contradictions).toEqual([]);
    expect(check(`${SNAT} zone=3`, wrong).contradictions).toEqual([]);
  });
});

/** What there is beside the flow's confirmation, by its codes. */
/** What is found about a flow, beside what is confirmed. `sender`: of a packet of it that was seen outside alone. */
const told = (conntrack: string, flow: FlowSummary, sender?: string, refusedMs?: number): string[] =>
  checked(conntrack, [flow], sender, refusedMs)
    .findings.filter(({ code }) => code !== "conntrack")
    .map(({ code, flows, count }) => `${code} ${count} ${flows.join()}`);

test("an entry that who was called begins, once that of who called has ended, is seen by the same flow", () => {
  const back =
    "tcp      6 60 SYN_SENT src=172.17.0.2 dst=10.0.2.2 sport=80 dport=38438 src=10.0.2.2 dst=10.0.2.15 sport=38438 dport=88";
  const lines = [event(0, "NEW", DNAT), event(5000, "DESTROY", DNAT), event(9000, "NEW", back)].join("\n");
  const gone = { ...published, lastNs: START_NS + 9_500_000_000n };
  expect(told(lines, gone).map((text) => text.split(" ")[0])).not.toContain("conntrack-unseen");
});

describe("what became of the entry of a flow that goes on", () => {
  const unanswered = SNAT.replace(" src=180", " [UNREPLIED] src=180");
  const stillLeft = SNAT.replace("1 30", "1 29");
  const over = SNAT.replace("1 30", "1");
  const byUser = `${stillLeft} [USERSPACE] portid=1 progname=conntrack`;
  const long = { ...pinged, lastNs: START_NS + 60_000_000_000n };

  test.each([
    ["it timed out", [event(0, "NEW", SNAT), event(40_000, "DESTROY", over)], "conntrack-timed-out"],
    ["and began again", [event(40_000, "DESTROY", over), event(50_000, "NEW", SNAT)], "conntrack-timed-out"],
    ["it was evicted", [event(0, "NEW", SNAT), event(20_000, "DESTROY", stillLeft)], "conntrack-evicted"],
    ["and at once", [event(0, "NEW", SNAT), event(500, "DESTROY", byUser)], "conntrack-deleted"],
    ["it was deleted", [event(0, "NEW", SNAT), event(20_000, "DESTROY", byUser)], "conntrack-deleted"],
  ])("%s", (_, lines, code) => {
    expect(told(lines.join("\n"), long)).toEqual([`${code} 1 1`]);
  });

  test("it was evicted, as a full table of Linux 6.18 told it", () => {
    const tuples =
      "src=172.17.0.3 dst=180.101.49.11 sport=6001 dport=4444 [UNREPLIED] src=180.101.49.11 dst=10.0.2.15 sport=4444 dport=6001";
    const lines = [
      event(0, "NEW", `udp      17 30 ${tuples} id=1`),
      event(2_200, "DESTROY", `udp      17 29 ${tuples} id=1`),
    ];
    const outside = "10.0.2.15.6001 > 180.101.49.11.4444";
    const sending = flow("udp", "inside", "172.17.0.3.6001 > 180.101.49.11.4444", outside, { lastNs: long.lastNs });
    const [, evicted] = check(lines.join("\n"), sending).findings;
    expect(evicted).toMatchObject({
      code: "conntrack-evicted",
      text: "the kernel ended conntrack's entry before its time while the conversation went on: udp 172.17.0.3.6001 > 180.101.49.11.4444",
    });
  });

  test("what is to be set where it was evicted, as far as the host says what there is", () => {
    const lines = [event(0, "NEW", SNAT), event(20_000, "DESTROY", stillLeft)].join("\n");
    const hint = (settings: Record<string, string>) => {
      const { findings } = checked(lines, [long], undefined, undefined, (name) => settings[name]);
      return findings.find(({ code }) => code === "conntrack-evicted")?.hint;
    };
    const most = { "net.netfilter.nf_conntrack_max": "4096" };
    const more = { ...most, "net.netfilter.nf_conntrack_buckets": "1024" };
    const kept = { "net.netfilter.nf_conntrack_tcp_timeout_established": "432000" };
    expect(hint({})).toContain("sysctl -w net.netfilter.nf_conntrack_max=<entries>");
    expect(hint(most)).toContain("net.netfilter.nf_conntrack_max is 4096: sysctl -w a higher one. Else");
    expect(hint({ ...more, ...kept })).toContain(
      "is 4096, in 1024 buckets (nf_conntrack_buckets): sysctl -w a higher one; or let silent connections go sooner: nf_conntrack_tcp_timeout_established is 432000 s. Else",
    );
  });

  test.each([
    ["an end behind its last packet", [event(0, "NEW", SNAT), event(61_000, "DESTROY", stillLeft)]],
    ["an end that may be another's before it", [event(900, "DESTROY", over), event(950, "NEW", SNAT)]],
    ["an end of which the time is not told", [event(0, "NEW", SNAT), `[DESTROY] ${stillLeft}`]],
  ])("nothing of %s", (_, lines) => {
    expect(told(lines.join("\n"), long)).toEqual([]);
  });

  test.each([
    ["it timed out", over, "conntrack-timed-out"],
    ["it was deleted", byUser, "conntrack-deleted"],
  ])("%s before a packet that the host took for its own, and refused", (_, line, code) => {
    const lines = [event(0, "NEW", SNAT), event(20_000, "DESTROY", line)].join("\n");
    const short = { ...pinged, lastNs: START_NS + 10_000_000_000n };
    expect(told(lines, short, undefined, 25_000)).toEqual([`${code} 1 1`]);
    expect(told(lines, short, undefined, 15_000)).toEqual([]);
    expect(told(lines, short)).toEqual([]);
  });

  test.each([
    ["no setting is known", {}, ""],
    ["it was longer when the host was asked", { "net.netfilter.nf_conntrack_icmp_timeout": "30" }, ""],
    ["it is known", { "net.netfilter.nf_conntrack_icmp_timeout": "10" }, " (10 s)"],
  ])("how long it was silent, and for how long conntrack waits: %s", (_, settings: Record<string, string>, value) => {
    const lines = [event(0, "NEW", SNAT), event(20_000, "DESTROY", over)].join("\n");
    const short = { ...pinged, lastNs: START_NS + 10_000_000_000n };
    const { findings } = checked(lines, [short], undefined, 25_000, (name) => settings[name]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        text: "conntrack's entry timed out while the conversation went on, of which nothing had crossed for 15 s: icmp 172.17.0.4 > 180.101.49.11 id 783",
        frames: { inside: [1], outside: [1, 70, 71] },
        hint: `it was silent for longer than net.netfilter.nf_conntrack_icmp_timeout${value}: let it send something sooner, or raise that (sysctl -w)`,
      }),
    );
  });

  test("it timed out before its answers, as the kernel finds out by these", () => {
    expect(told([event(0, "NEW", unanswered), event(60_050, "DESTROY", over)].join("\n"), long, SERVER)).toEqual([
      "conntrack-timed-out 1 1",
    ]);
  });

  test("conntrack took none of its answers for one", () => {
    const code = "conntrack-unreplied 1 1";
    const ended = `${event(0, "NEW", unanswered)}\n${event(30_000, "DESTROY", unanswered)}`;
    const [begun, answered] = [ended, { ...pinged, pairs: 2, pairsOutbound: 2 }];
    expect(told(begun, answered, SERVER)).toEqual([code]);
    // of an answer that is dropped behind conntrack, no event tells
    expect(told(event(0, "NEW", unanswered), answered, SERVER)).toEqual([]);
    expect(told(ended.replace(/ \[UNREPLIED\](?!.*\n)/, ""), answered, SERVER)).toEqual([]);
    // no answer came, or it crossed, or conntrack had none, or the container's was dropped
    expect(told(begun, answered, "10.0.2.15")).toEqual([]);
    expect(told(begun, { ...answered, pairsOutbound: 1 }, SERVER)).toEqual([]);
    expect(told(event(0, "NEW", SNAT), answered, SERVER)).toEqual([]);
    const called = DNAT.replace(" src=172", " [UNREPLIED] src=172");
    expect(told(event(0, "NEW", called), { ...published, pairs: 2, pairsOutbound: 0 }, "10.0.2.2")).toEqual([]);
    // what was listed before the answer may be read behind what tells of that
    expect(
      told([event(0, "NEW", unanswered), event(1, "UPDATE", SNAT), unanswered].join("\n"), answered, SERVER),
    ).toEqual([]);
  });

  test("conntrack took none of its answers for one, as a rule put it into a zone and not these", () => {
    const zoned = unanswered.replace(" [UNREPLIED]", " zone=5 [UNREPLIED]");
    const ended = `${event(0, "NEW", zoned)}\n${event(30_000, "DESTROY", zoned)}`;
    const { findings } = checked(ended, [{ ...pinged, pairs: 2, pairsOutbound: 2 }], SERVER);
    expect(findings.find(({ code }) => code === "conntrack-unreplied")?.text).toBe(
      "answers came from outside, none of which conntrack took for one ([UNREPLIED]); their entries are in a zone (CT --zone), where it looks for an answer only if a rule puts that there, too: icmp 172.17.0.4 > 180.101.49.11 id 783",
    );
  });

  test("packets leave as they came when it has ended", () => {
    const left = "172.17.0.4 > 180.101.49.11 id 783";
    const asItCame = flow("icmp", "inside", left, left, {
      id: 8,
      firstNs: START_NS + 20_000_000_000n,
      lastNs: START_NS + 25_000_000_000n,
    });
    const ended = (ms: number, line: string) =>
      told([event(0, "NEW", SNAT), event(ms, "DESTROY", line)].join("\n"), asItCame);
    expect(ended(19_000, byUser)).toEqual(["conntrack-deleted 1 8"]);
    expect(ended(19_000, stillLeft)).toEqual(["conntrack-evicted 1 8"]);
    // how long nothing had crossed is known where the flow before it is
    const silent = check([event(0, "NEW", SNAT), event(15_000, "DESTROY", over)].join("\n"), pinged, asItCame);
    expect(silent.findings.find(({ code }) => code === "conntrack-timed-out")?.text).toMatch(
      / crossed for 19 s: icmp /,
    );
    // its end may be told late
    expect(ended(20_300, byUser)).toEqual(["conntrack-deleted 1 8"]);
    expect(ended(24_000, byUser)).toEqual(["conntrack-bypassed 1 8"]);
    // … and it may begin again behind them
    const again = [event(0, "NEW", SNAT), event(19_000, "DESTROY", over)];
    expect(told([...again, event(30_000, "NEW", SNAT)].join("\n"), asItCame)).toEqual(["conntrack-timed-out 1 8"]);
    expect(told([...again, event(21_000, "NEW", SNAT)].join("\n"), asItCame)).toEqual(["conntrack-bypassed 1 8"]);
    expect(ended(9_000, byUser)).toEqual(["conntrack-missing 1 8"]);
  });
});

test("what leaks when its entry was deleted (fixtures/leak) is said to go on without it", () => {
  const text = readFileSync(new URL("../../fixtures/leak/conntrack.txt", import.meta.url), "utf8");
  const tuple = "172.17.0.3.33756 > 180.101.49.11.9000";
  const before = flow("tcp", "inside", tuple, "10.0.2.15.33756 > 180.101.49.11.9000", {
    firstNs: 1_795_473_977_804_836_651n,
    lastNs: 1_795_473_978_115_875_727n,
  });
  const after = flow("tcp", "inside", tuple, tuple, {
    id: 3,
    firstNs: 1_795_473_978_216_287_957n,
    lastNs: 1_795_473_979_327_081_232n,
  });
  const { contradictions, findings } = check(text, before, after);
  expect(contradictions).toEqual([]);
  expect(findings).toContainEqual(
    expect.objectContaining({
      severity: "info",
      code: "conntrack-deleted",
      count: 1,
      text: "a program deleted conntrack's entry while the conversation went on: tcp 172.17.0.3.33756 > 180.101.49.11.9000",
      flows: [3],
    }),
  );
});

test("what left as it came contradicts no entry: its packets may have been invalid, and others show the translation", () => {
  const left = "172.17.0.4 > 180.101.49.11 id 783";
  const asItCame = flow("icmp", "inside", left, left, { id: 8 });
  for (const flows of [
    [pinged, asItCame],
    [asItCame, pinged],
  ]) {
    const { contradictions, findings } = check(SNAT, ...flows);
    expect(contradictions).toEqual([]);
    expect(findings).toEqual([
      confirmed(1, 1),
      expect.objectContaining({
        severity: "warning",
        code: "conntrack-bypassed",
        count: 1,
        flows: [8],
        text: `packets left as they came, though conntrack has an entry that translates their flow: icmp ${left} → icmp 10.0.2.15 > 180.101.49.11 id 783`,
      }),
    ]);
  }
});

test("answers that a bridge shows with their translation undone bypass no entry", () => {
  const asItCame = "172.17.0.4 > 180.101.49.11 id 783";
  const answers = (more: Partial<FlowSummary>) => flow("icmp", "inside", asItCame, asItCame, { id: 8, ...more });
  const crossed = answers({ pairs: 2, pairsOutbound: 0 });
  // of what is turned round on a side, all pairs are outbound
  const turned = answers({ pairs: 2, pairsOutbound: 2, sides: [INSIDE, INSIDE] });
  for (const each of [crossed, turned])
    expect(check(SNAT, pinged, each)).toEqual({ contradictions: [], findings: [confirmed(1, 1)] });
});

test("what is turned round on the outside comes as its first form, and is the entry's", () => {
  const line =
    "tcp 6 120 SYN_SENT src=10.0.2.2 dst=10.0.2.15 sport=51001 dport=9999 src=203.0.113.50 dst=10.0.2.15 sport=9000 dport=51001";
  const turned = flow("tcp", "outside", "10.0.2.2.51001 > 10.0.2.15.9999", "10.0.2.15.51001 > 203.0.113.50.9000", {
    sides: [OUTSIDE, OUTSIDE],
  });
  expect(check(line, turned)).toEqual({ contradictions: [], findings: [confirmed(1, 1)] });
});

test("flows without an entry are listed", () => {
  const flows = Array.from({ length: 8 }, (_, at) => ({ ...pinged, id: at + 1 }));
  expect(check("", ...flows).findings).toEqual([
    confirmed(0, 8),
    expect.objectContaining({
      severity: "info",
      code: "conntrack-missing",
      count: 8,
      text: "conntrack has no entry for them",
      flows: [1, 2, 3, 4, 5, 6, 7, 8],
    }),
  ]);
});

const UNSEEN = SNAT.replaceAll("id=783", "id=784");
const unseen = (conntrack: string): unknown[] =>
  check(conntrack, pinged, published)
    .findings.filter(({ code }) => code === "conntrack-unseen")
    .map(({ severity, count, text }) => [severity, count, text]);

describe("translated, and no pair shows it", () => {
  test("what began while both captures ran, between hosts whose other conversations cross", () => {
    expect(unseen(event(500, "NEW", UNSEEN))).toEqual([
      [
        "info",
        1,
        "conntrack translated, but no pair shows it: icmp 172.17.0.4 > 180.101.49.11 id 784 → icmp 10.0.2.15 > 180.101.49.11 id 784",
      ],
    ]);
    const ended = `${event(500, "NEW", DNAT.replaceAll("38438", "38439"))}\n${event(600, "DESTROY", DNAT.replaceAll("38438", "38439"))}`;
    expect(unseen(ended)).toMatchObject([["info", 1, expect.stringContaining("tcp 10.0.2.2.38439 > 172.17.0.2.80")]]);
  });

  test.each([
    ["it was found", event(500, "NEW", SNAT)],
    ["it was there before", UNSEEN],
    ["only its end was told: it may have been idle all along", event(500, "DESTROY", UNSEEN)],
    ["it may have begun before the captures", event(50, "NEW", UNSEEN)],
    ["it began behind the last pair", event(1001, "NEW", UNSEEN)],
    ["nothing is translated", event(500, "NEW", LOCAL)],
    ["its host is of another bridge", event(500, "NEW", UNSEEN.replace("172.17.0.4", "172.18.0.4"))],
    ["it left from the address of another uplink", event(500, "NEW", UNSEEN.replace("10.0.2.15", "10.8.0.2"))],
    [
      "its other end has no conversation that crosses",
      event(500, "NEW", UNSEEN.replaceAll("180.101.49.11", "172.17.0.9")),
    ],
  ])("not where %s", (_, conntrack) => {
    expect(unseen(conntrack)).toEqual([]);
  });

  test("what is turned round on a side tells nothing of who crosses", () => {
    const crossing = new Crossing();
    crossing.learn({ ...pinged, sides: [OUTSIDE, OUTSIDE] });
    const table = new ConntrackTable();
    table.read(event(500, "NEW", UNSEEN));
    expect([...table.entries()].filter((entry) => crossing.has(entry))).toEqual([]);
    crossing.learn(pinged);
    expect([...table.entries()].filter((entry) => crossing.has(entry))).toHaveLength(1);
  });
});

const END_NS = START_NS + 1_000_000_000n;
const SECOND_NS = 1_000_000_000n;
/** A live table, what checks by it, and the findings of each code at its end. */
const live = () => {
  const table = new ConntrackTable({ isLive: true });
  const crossing = new Crossing();
  const crossCheck = new CrossCheck(table, crossing, () => undefined);
  crossCheck.begin(START_NS, START_NS);
  const learn = (...flows: FlowSummary[]): void => {
    for (const each of flows) {
      table.open(each);
      crossing.learn(each);
    }
  };
  const end = () => Object.fromEntries(crossCheck.end().map(({ code, count }) => [code, count]));
  return { table, crossCheck, learn, end };
};

describe("while packets are captured", () => {
  test("a flow has no entry only where the kernel has none either, asked since its last packet", () => {
    const { table, crossCheck, learn, end } = live();
    let questions = 0;
    table.hearing.onQuestion = () => questions++;
    learn(pinged, published);
    crossCheck.flow(pinged);
    crossCheck.flow(published);
    expect([questions, table.isInDoubt]).toEqual([2, true]);
    table.hearing.beginListing(END_NS + SECOND_NS);
    table.read(DNAT);
    table.endListing(END_NS + 2n * SECOND_NS);
    expect(table.isInDoubt).toBe(false);
    expect(end()).toEqual({ conntrack: 1, "conntrack-missing": 1 });
  });

  test("of a flow that the kernel was not asked of, nothing is said", () => {
    const { crossCheck, learn, end } = live();
    learn(pinged);
    crossCheck.flow(pinged);
    expect(end()).toEqual({ conntrack: 0, "conntrack-incomplete": 1 });
  });

  test("answers are none to conntrack where the kernel's list says so, asked since they came", () => {
    const unanswered = SNAT.replace(" src=180", " [UNREPLIED] src=180");
    const answered = (...listed: readonly string[]) => {
      const { table, crossCheck, learn, end } = live();
      learn(pinged);
      table.read(event(0, "NEW", unanswered));
      expect(table.isInDoubt).toBe(false);
      crossCheck.alone(pinged.id, SERVER);
      expect(table.isInDoubt).toBe(true);
      crossCheck.flow({ ...pinged, pairsOutbound: 2 });
      for (const line of listed) {
        table.hearing.beginListing(END_NS + SECOND_NS);
        table.read(line);
        table.endListing(END_NS + SECOND_NS);
      }
      return end();
    };
    expect(answered(unanswered)).toEqual({ conntrack: 1, "conntrack-unreplied": 1 });
    expect(answered(SNAT)).toEqual({ conntrack: 1 });
    expect(answered()).toEqual({ conntrack: 1 });
  });

  test("what the kernel answers can contradict what natcorr found", () => {
    const { table, crossCheck, learn } = live();
    const wrong = { ...pinged, outside: { ...pinged.outside, icmpId: 9000 } };
    learn(wrong, published);
    expect(crossCheck.flow(wrong)).toEqual([]);
    table.hearing.beginListing(END_NS + SECOND_NS);
    table.read(SNAT);
    table.endListing(END_NS + SECOND_NS);
    expect(crossCheck.flow(published)).toMatchObject([{ code: "conntrack-contradicted" }]);
  });

  test("more flows than the kernel is asked of may have had an entry, all of them", () => {
    const { table, crossCheck, learn, end } = live();
    for (let id = 1; id <= 1001; id++) {
      const each = flow("udp", "inside", `172.17.0.4.${id} > 10.0.2.2.53`, `10.0.2.15.${id} > 10.0.2.2.53`, { id });
      learn(each);
      crossCheck.flow(each);
    }
    table.hearing.beginListing(END_NS + SECOND_NS);
    table.endListing(END_NS + SECOND_NS);
    expect(end()).toEqual({ conntrack: 0, "conntrack-missing": 1000, "conntrack-incomplete": 1 });
  });

  test("once events were lost, nothing is claimed that rests on them, until the kernel has listed all", () => {
    const lossy = (...after: (readonly [beganNs: bigint, endedNs: bigint])[]) => {
      const { table, crossCheck, learn, end } = live();
      learn(pinged, published);
      table.read(`${event(200, "NEW", SNAT.replaceAll("id=783", "id=784"))}\n${event(300, "NEW", DNAT)}`);
      table.hearing.lose();
      for (const [beganNs, endedNs] of after) {
        table.hearing.beginListing(beganNs);
        table.endListing(endedNs);
      }
      // it began behind the listing, where there was one
      const later = { ...pinged, firstNs: END_NS, lastNs: END_NS };
      const [first, ...others] = [crossCheck.flow(published), crossCheck.flow(later)].flat();
      expect([first, others]).toEqual([undefined, []]);
      return end();
    };
    expect(lossy()).toEqual({ conntrack: 1, "conntrack-incomplete": 1 });
    const asked = [START_NS + 900_000_000n, START_NS + 950_000_000n] as const;
    expect(lossy(asked)).toEqual({ conntrack: 1, "conntrack-incomplete": 1 });
    expect(lossy(asked, [END_NS + 1n, END_NS + 2n])).toEqual({
      conntrack: 1,
      "conntrack-missing": 1,
      "conntrack-incomplete": 0,
    });
  });

  test("an entry whose end was lost contradicts nothing", () => {
    const { table, crossCheck, learn } = live();
    const leaked = { ...pinged, outside: { ...pinged.outside, icmpId: 9000 }, firstNs: END_NS, lastNs: END_NS };
    learn(leaked);
    table.read(event(-1000, "NEW", SNAT));
    table.hearing.lose();
    table.hearing.beginListing(START_NS);
    table.endListing(START_NS);
    expect(crossCheck.flow(leaked)).toEqual([]);
  });
});

test.each([
  ["tracked", { conntrack: 0, "conntrack-missing": 1 }],
  ["untold", { conntrack: 0, "conntrack-incomplete": 1 }],
  ["untracked", {}],
] as const)("of a flow without an entry that conntrack has %s, it is said what is known", (tracking, expected) => {
  const crossCheck = new CrossCheck(new ConntrackTable(), new Crossing(), () => undefined);
  expect(crossCheck.flow({ ...pinged, nat: "none" }, tracking)).toEqual([]);
  expect(Object.fromEntries(crossCheck.end().map(({ code, count }) => [code, count]))).toEqual(expected);
});

test("what was lost, and what there was no room for, is said once", () => {
  const table = new ConntrackTable({ isLive: true });
  table.hearing.lose();
  table.hearing.lose();
  table.hear({ event: "ended", timeNs: START_NS });
  expect(new CrossCheck(table, new Crossing(), () => undefined).end()).toMatchObject([
    {
      severity: "warning",
      code: "conntrack-incomplete",
      count: 0,
      text: "conntrack lost events 2 times; conntrack's events ended before the run",
    },
  ]);
});

test("docker-proxy's flows are not looked up, and lines that could not be read are said", () => {
  const proxied = flow("tcp", "outside", "172.17.0.1.1 > 172.17.0.2.80", "10.0.2.2.2 > 10.0.2.15.88", { nat: "proxy" });
  expect(check("\nhuh\n", proxied).findings).toEqual([
    expect.objectContaining({
      severity: "warning",
      code: "conntrack-unread",
      count: 1,
      text: "1 lines of conntrack's could not be read, the first is line 2",
    }),
  ]);
});

describe("a list of one moment", () => {
  const { firstNs, lastNs } = pinged;
  const other = SNAT.replace("dst=10.0.2.15", "dst=10.0.2.16");
  const listed = (atNs: bigint, conntrack: string): unknown => {
    const table = new ConntrackTable({ listedNs: atNs });
    table.read(conntrack);
    const crossCheck = new CrossCheck(table, new Crossing(), () => undefined);
    return [...crossCheck.flow(pinged), ...crossCheck.end()].map(({ code }) => code);
  };

  test.each([
    ["confirms whatever it has", lastNs + 1n, SNAT, ["conntrack"]],
    ["contradicts a flow that lived then", lastNs, other, ["conntrack-contradicted", "conntrack"]],
    ["lacks a flow that lived then", firstNs, LOCAL, ["conntrack", "conntrack-missing"]],
    ["says nothing of one that had ended", lastNs + 1n, other, []],
    ["says nothing of one that had not begun", firstNs - 1n, other, []],
  ])("%s", (_, atNs, conntrack, codes) => expect(listed(atNs, conntrack)).toEqual(codes));
});
