import { type Finding, findingOf } from "../../../src/packets/results/findings.js";
import { Gathered, oneFlow } from "../../../src/packets/results/gathered.js";
import { type FindingCode, FINDINGS } from "../../../src/packets/results/finding-codes.js";
import { join } from "node:path";
import stringWidth from "fast-string-width";
import { describe, expect, it } from "vitest";
import { type Containers, NO_CONTAINERS } from "../../../src/packets/results/containers.js";
import type { Ends, FlowSummary, Summary } from "../../../src/packets/results/results.js";
import type { Impact } from "../../../src/packets/results/verdicts.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { ICMP } from "../../../src/protocols/ip-protocols.js";
import { Asked } from "../../../src/report/asked.js";
import type { Reporter } from "../../../src/report/reporter.js";
import { Selected } from "../../../src/report/selection.js";
import { SORT_KEYS, type SortKey } from "../../../src/report/text/sort-keys.js";
import { TextReporter } from "../../../src/report/text/text.js";
import { natcorr } from "../../support/natcorr.js";
import {
  ACK,
  articlePing,
  HandFilled,
  PSH,
  publishedPort,
  FLOW,
  SUMMARY,
  TCP,
  UDP,
  UPDATE,
  written,
} from "../tables.js";

interface Look {
  width?: number;
  color?: boolean;
  quiet?: boolean;
  top?: number;
  sort?: SortKey;
  isVerbose?: boolean;
  asksFor?: Asked;
  containers?: Containers;
}

function text(tables: HandFilled, look: Look, tell: (reporter: Reporter) => void): string {
  const options = { width: 100, color: false, quiet: false, utcOffset: () => 3600, ...look };
  return written(
    (write) => new TextReporter(write, options),
    (reporter) => {
      reporter.begin(tables);
      tell(reporter);
    },
  );
}

/** Lines as they are, for reading next to each other in a test. */
function lines(output: string): string[] {
  return output.split("\n").slice(0, -1);
}

const BOLD_YELLOW = "\u001B[1m\u001B[33m";
const END = "\u001B[39m\u001B[22m";

function everyKind(tables: HandFilled): (reporter: Reporter) => void {
  const ping = articlePing(tables);
  const web = publishedPort(tables);
  const segment = {
    proto: TCP,
    tcpFlags: ACK | PSH,
    seq: 4_294_967_290,
    ack: 9,
    payloadLength: 10,
    dst: "203.0.113.5",
    dstPort: 40000,
  };
  const lost = tables.add({ ...segment, side: INSIDE, src: "172.17.0.2", srcPort: 80 });
  const local = tables.add({
    side: OUTSIDE,
    proto: UDP,
    src: "10.0.2.15",
    srcPort: 68,
    dst: "10.0.2.2",
    dstPort: 67,
    payloadLength: 300,
  });
  return (reporter) => {
    // as a run does
    if (reporter.wantsPairs) {
      reporter.pair(ping.inside, ping.outside, ping.flow, true, 29_000);
      reporter.pair(web.inside, web.outside, web.flow, false, -1234);
    }
    reporter.unmatched(lost, {
      verdict: "dropped",
      reason: "no-twin",
      why: "no segment like it came out on enp0s3 within 1s",
    });
    reporter.unmatched(local, { verdict: "local", reason: "from-host", why: "from the host" });
    reporter.ambiguous([lost], [local], "identical payloads");
  };
}

/** The column a text stands in, whatever colours come before it. */
function column(line: string, what: string): number {
  return stringWidth(line.slice(0, line.indexOf(what)));
}

/** What is said of drop counters where frames have these verdicts. */
function ofCounters(verdicts: Summary["verdicts"]): string[] {
  const output = text(new HandFilled(), { quiet: true }, (reporter) => reporter.end({ ...SUMMARY, verdicts }));
  return lines(output).filter((line) => line.includes("drop counters"));
}

describe("packet lines", () => {
  it("fit 100 columns, with what is other outside", () => {
    const tables = new HandFilled();
    const output = lines(text(tables, { width: 100 }, everyKind(tables)));
    expect(output).toEqual([
      "time            latency inside → outside  (→ outbound, ← inbound)",
      "22:11:03.123457  29.0µs 172.17.0.2 > 180.101.49.11 id 4096 → src 10.0.2.15 id 10496",
      "                        echo request 3  flow 1 #1→#1",
      "22:11:03.123456 -1.23µs 203.0.113.5.40000 > 172.17.0.2.80  ← dst 10.0.2.15.88  [S] length 0",
      "                        flow 2 #5←#7",
      "22:11:03.123456  inside 172.17.0.2.80 > 203.0.113.5.40000 [P.] length 10  #1",
      "                        ✗ dropped: no segment like it came out on enp0s3 within 1s",
      "22:11:04.123456 outside 10.0.2.15.68 > 10.0.2.2.67 UDP length 300  #1  · local: from the host",
      "22:11:03.123456       ? 172.17.0.2.80 > 203.0.113.5.40000 [P.] length 10",
      "                        ? ambiguous: inside #1, outside #1: identical payloads",
    ]);
    for (const line of output) expect(stringWidth(line)).toBeLessThanOrEqual(100);
  });

  it("show both sides in full at 220 columns, rewritten fields marked", () => {
    const tables = new HandFilled();
    const output = lines(text(tables, { width: 220 }, everyKind(tables)));
    expect(output).toEqual([
      "time               latency inside → outside  (→ outbound, ← inbound, * rewritten)",
      "22:11:03.123457000  29.0µs IP *172.17.0.2 > 180.101.49.11 id *4096 → *10.0.2.15 > 180.101.49.11 id *10496  ICMP echo request, seq 3, length 64, ttl 64│63  flow 1 #1→#1",
      "22:11:03.123456000 -1.23µs IP 203.0.113.5.40000 > *172.17.0.2.*80  ← 203.0.113.5.40000 > *10.0.2.15.*88    Flags [S], seq 4000000000, length 0, ttl 59│60  flow 2 #5←#7",
      "22:11:03.123456000  inside IP 172.17.0.2.80 > 203.0.113.5.40000: Flags [P.], seq 4294967290:4, ack 9, length 10  #1  ✗ dropped: no segment like it came out on enp0s3 within 1s",
      "22:11:04.123456000 outside IP 10.0.2.15.68 > 10.0.2.2.67: UDP, length 300  #1  · local: from the host",
      "22:11:03.123456000       ? IP 172.17.0.2.80 > 203.0.113.5.40000: Flags [P.], seq 4294967290:4, ack 9, length 10  ? ambiguous: inside #1, outside #1: identical payloads",
    ]);
    for (const line of output) expect(stringWidth(line)).toBeLessThanOrEqual(220);
  });

  it("have the details and the changes between the two", () => {
    const tables = new HandFilled();
    expect(lines(text(tables, { width: 180 }, everyKind(tables)))[2]).toBe(
      "22:11:03.123456000 -1.23µs 203.0.113.5.40000 > 172.17.0.2.80  ← dst 10.0.2.15.88  Flags [S], seq 4000000000, length 0, ttl 59│60  flow 2 #5←#7",
    );
  });

  it("show rewritten fields in bold yellow where there is colour, and stay aligned", () => {
    const tables = new HandFilled();
    const [, ping, web] = lines(text(tables, { width: 220, color: true }, everyKind(tables)));
    expect(ping).toContain(`IP ${BOLD_YELLOW}172.17.0.2${END} > 180.101.49.11 id ${BOLD_YELLOW}4096${END} `);
    expect(ping).toContain(` ${BOLD_YELLOW}10.0.2.15${END} > 180.101.49.11 id ${BOLD_YELLOW}10496${END} `);
    expect(ping).not.toContain("*");
    expect(column(ping, "→")).toBe(column(web, "←"));
  });

  it("say what decided them where that is wanted", () => {
    const tables = new HandFilled();
    const [, ping] = lines(text(tables, { width: 300, isVerbose: true }, everyKind(tables)));
    expect(ping).toMatch(/ttl 64│63 {2}flow 1 #1→#1 {2}IP length \d+│\d+, by exact: ip-id, length, icmp-seq, payload$/);
    const output = text(tables, { width: 150, isVerbose: true }, everyKind(tables));
    expect(output).toMatch(/\[P\.\] length 10, ttl \d+, IP length \d+ {2}#1/);
  });

  it("tell the TTL in 100 columns only where it did not fall by one", () => {
    const tables = new HandFilled();
    const udp = { proto: UDP, dst: "8.8.8.8", dstPort: 53, srcPort: 5 };
    const inside = tables.add({ ...udp, side: INSIDE, src: "172.17.0.2", ttl: 64 });
    const outside = tables.add({ ...udp, side: OUTSIDE, src: "10.0.2.15", ttl: 61, frames: [1, 2, 3] });
    const flow = tables.flow(1, inside, outside);
    const output = text(tables, {}, (reporter) => reporter.pair(inside, outside, flow, true, 1));
    expect(output).toContain("UDP length 0, ttl 64│61, 1│3 frames");
  });

  it("are left out when quiet, and their frames are counted all the same", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true }, (reporter) => {
      everyKind(tables)(reporter);
      const verdicts = [
        new Map([["dropped", 1]] as const),
        new Map([
          ["unknown", 2],
          ["refused", 2],
          ["local", 7],
        ] as const),
      ] as const;
      reporter.end({ ...SUMMARY, verdicts });
    });
    expect(output).not.toContain("22:11");
    // the most first; of equals, by name
    expect(output).toContain("unmatched: inside 1 dropped; outside 7 local, 2 refused, 2 unknown\n");
  });
});

const FIXTURES = join(import.meta.dirname, "../../../fixtures");

const lost = (tables: HandFilled, srcPort: number, frame: number, flow?: number, dstPort = 53) =>
  tables.add({
    side: INSIDE,
    proto: UDP,
    src: "172.17.0.2",
    srcPort,
    dst: "203.0.113.5",
    dstPort,
    frame,
    ...(flow !== undefined && { flow }),
  });

/** Of a run that dropped packets which came to that, and refused others. */
const dropped = (impacts: readonly (readonly [Impact, number])[], refused = 0): Summary => ({
  ...SUMMARY,
  verdicts: [new Map(refused === 0 ? [] : [["refused", refused]]), new Map()],
  impacts: [new Map(impacts), new Map()],
});

/** The first line of a run that has packets without a twin of all kinds that are no loss. */
const counted = (captureDropped: number): string =>
  text(new HandFilled(), { quiet: true, width: 400 }, (reporter) =>
    reporter.end({
      ...SUMMARY,
      inside: { ...SUMMARY.inside, ambiguous: 1 },
      outside: { ...SUMMARY.outside, ambiguous: 2, captureDropped },
      verdicts: [new Map([["capture-loss", 3]]), new Map([["no-overlap", 4]])],
    }),
  ).split("\n")[1];

/** A finding about inside frames of flow 7. */
const warning = (code: FindingCode, ...frames: number[]): Finding => {
  const gathered = new Gathered();
  for (const frame of frames) gathered.add(INSIDE, frame, 7);
  return findingOf(code, 1, "told", gathered);
};

/** What is said of it. */
const warned = (code: FindingCode, frames: string) => [
  `! ${code}: told`,
  `  flow 7  inside ${frames}`,
  `  next: ${FINDINGS[code].hint}`,
];

const whoSent = (port: number): string => `udp 172.17.0.2.${port} > 203.0.113.5.53  inside`;

describe("the problems at the head of a summary", () => {
  it("name who, which flow, which frames and why, a line each", () => {
    const tables = new HandFilled();
    const rows = [...Array.from({ length: 12 }, (_, n) => lost(tables, 5000, n + 1, 3)), lost(tables, 5001, 40)];
    const output = text(tables, { quiet: true, width: 95 }, (reporter) => {
      for (const row of rows)
        reporter.unmatched(row, { verdict: "dropped", reason: "no-twin", impact: "lost", why: "never\u001B[2J left" });
      reporter.unmatched(lost(tables, 5002, 41), { verdict: "local", reason: "from-host", why: "from the host" });
      reporter.end(dropped([["lost", 13]]));
    });
    expect(lines(output).slice(0, 4)).toEqual([
      "Packets that never arrived: 13 lost (no later copy got through).",
      "! LOST    udp 172.17.0.2.5000 > 203.0.113.5.53  flow 3  inside #1 #2 #3 #4 #5 and 7 more",
      String.raw`          never\x1b[2J left`,
      "! LOST    udp 172.17.0.2.5001 > 203.0.113.5.53  inside #40",
    ]);
  });

  it("name the containers whose addresses packets do not show, and none whose name may be taken for something else", () => {
    const tables = new HandFilled();
    const ends = { side: OUTSIDE, proto: UDP, src: "10.0.2.15", dst: "10.0.2.2", dstPort: 53 } as const;
    const rows = [5000, 5001, 5002].map((srcPort, at) => tables.add({ ...ends, srcPort, frame: at + 1 }));
    const called = new Map([
      [5000, "web"],
      [5001, "db"],
      [5002, "10.0.0.9"],
    ]);
    const containers = {
      ...NO_CONTAINERS,
      having: (name: string) =>
        [...called.values()].includes(name) ? { name, words: new Set<string>(), ids: new Set<string>() } : undefined,
      insideOf: (_: string, inside: Ends) => ({
        ends: { ...inside, src: called.get(inside.srcPort ?? 0) ?? "" },
        isOutbound: true,
      }),
    };
    const output = text(tables, { width: 200, containers }, (reporter) => {
      for (const row of rows)
        reporter.unmatched(row, { verdict: "unknown", reason: "no-answer", why: "nothing answers it" });
      reporter.end(SUMMARY);
    });
    const shown = lines(output).filter((line) => line.includes("outside"));
    expect(shown.map((line) => / {2}(container .*)?#\d/.exec(line)?.[1])).toEqual(
      expect.arrayContaining(["container web ", "container db ", undefined]),
    );
    expect(output).toContain("udp 10.0.2.15 > 10.0.2.2.53  container web and another  3 conversations");
  });

  it("name the finding that tells why, on each line", () => {
    const tables = new HandFilled();
    const rows = [lost(tables, 5000, 1, 3), lost(tables, 5001, 2)];
    const output = text(tables, { quiet: true, width: 120 }, (reporter) => {
      for (const row of rows)
        reporter.unmatched(row, { verdict: "dropped", reason: "no-twin", impact: "lost", why: "never left" });
      reporter.finding(warning("drop-rule", 1, 2));
      reporter.end(dropped([["lost", 2]]));
    });
    expect(lines(output).slice(1, 3)).toEqual([
      "! LOST    udp 172.17.0.2.5000 > 203.0.113.5.53  flow 3  inside #1  see drop-rule",
      "! LOST    udp 172.17.0.2.5001 > 203.0.113.5.53  inside #2  see drop-rule",
    ]);
  });

  it("say of ICMP errors what they say, and about which packet", () => {
    const quoted = {
      proto: "udp",
      src: "10.0.2.15",
      srcPort: 5000,
      dst: "203.0.113.5",
      dstPort: 53,
      ipId: 1,
      length: 60,
    } as const;
    const told = (...ports: readonly number[]): string | undefined => {
      const tables = new HandFilled();
      const ends = { side: OUTSIDE, proto: ICMP, src: "203.0.113.1", dst: "10.0.2.15", seq: 11 << 24 } as const;
      const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
        for (const [at, srcPort] of ports.entries())
          reporter.unmatched(tables.add({ ...ends, frame: at + 1, quoted: { ...quoted, srcPort } }), {
            verdict: "unknown",
            reason: "no-answer",
            why: "no answer",
          });
        reporter.end({ ...SUMMARY, verdicts: [new Map(), new Map([["unknown", ports.length]])] });
      });
      return lines(output)[2];
    };
    expect(told(5000)).toBe(
      "? unknown icmp 203.0.113.1 > 10.0.2.15 time exceeded in-transit for udp 10.0.2.15.5000 > 203.0.113.5.53  outside #1  no answer",
    );
    expect(told(5000, 5001, 5002)).toBe(
      "? unknown icmp error 203.0.113.1 > 10.0.2.15  3 conversations  outside #1 #2 #3  no answer",
    );
  });

  it("tell of packets that nothing is known of, by their reasons where those are too many conversations", () => {
    const tables = new HandFilled();
    const why = "nothing answers it: the host took it, or dropped it before inside";
    const output = text(tables, { quiet: true, width: 100 }, (reporter) => {
      for (let n = 0; n < 20; n++)
        reporter.unmatched(lost(tables, 5000, n + 1, undefined, n % 4), {
          verdict: "unknown",
          reason: "no-answer",
          why,
        });
      reporter.unmatched(lost(tables, 6001, 31), { verdict: "unknown", reason: "no-answer", why });
      reporter.update({ ...UPDATE, frame: 31, verdict: "refused", before: { verdict: "unknown" } });
      reporter.end({
        ...dropped([], 1),
        verdicts: [
          new Map([
            ["unknown", 20],
            ["refused", 1],
            ["elsewhere", 2],
          ]),
          new Map(),
        ],
      });
    });
    expect(lines(output).slice(0, 7)).toEqual([
      "Packets that never arrived: 1 refused.",
      "Also: 2 elsewhere (by an interface that is not captured);",
      "    20 unknown (the captures do not tell what happened).  --only elsewhere,unknown shows them.",
      `  refused udp 172.17.0.2.6001 > 203.0.113.5.53  inside #31  answer #31  host unreachable`,
      `? unknown udp 172.17.0.2 > 203.0.113.5  4 conversations  inside #1 #2 #3 #4 #5 and 15 more`,
      `          ${why}`,
      "",
    ]);
  });

  it("tell of both ways in one line where the reason is one, but not of both sides, where hosts have other addresses", async () => {
    const captures = ["inside", "outside"].map((side) => join(FIXTURES, "local", `${side}.pcap`));
    const { stdout } = await natcorr("file", "-q", "--width", "140", ...captures);
    const told = stdout.split("\n").filter((line) => line.startsWith("? unknown"));
    expect(told.slice(0, 2)).toEqual([
      "? unknown icmp, tcp 10.0.2.2 and another <> 10.0.2.15 and another  6 conversations  outside #1 #4 #5 #6 #7 and 15 more",
      "? unknown icmp, tcp 172.17.0.4 and another <> 10.0.2.15 and another  4 conversations  inside #9 #12 #17 #18 #19 and 9 more",
    ]);
  });

  it("do not say that they go both ways where they only seem to come from openers and from those who answer", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
      for (let frame = 1; frame <= 6; frame++) {
        const [from, to] = [
          { src: `203.0.113.${frame}`, srcPort: 53, dst: "172.17.0.2", dstPort: 5000 },
          { src: "172.17.0.2", srcPort: 5000, dst: `203.0.113.${frame}`, dstPort: 53 },
        ];
        if (frame > 3) tables.add({ side: INSIDE, proto: UDP, ...to });
        const row = tables.add({ side: INSIDE, proto: UDP, frame, ...from });
        reporter.unmatched(row, { verdict: "unknown", reason: "no-answer", why: "nothing answers it" });
      }
      reporter.end({ ...SUMMARY, verdicts: [new Map([["unknown", 6]]), new Map()] });
    });
    expect(lines(output)[2]).toMatch(/^\? unknown udp 203\.0\.113\.1 and 5 others > 172\.17\.0\.2 /);
  });

  it("put packets together of which the reason is the same, whatever its words", () => {
    const tables = new HandFilled();
    const say = (reporter: Reporter, frame: number, srcPort: number, ms: number): void =>
      reporter.unmatched(lost(tables, srcPort, frame), {
        verdict: "unknown",
        reason: "not-begun",
        why: `the first frame of outside is ${ms} ms later, ${ms === 8 ? "as it seems" : "and nothing shows whether it was captured then"}`,
      });
    const told = (...late: readonly [number, number]): string[] =>
      lines(
        text(tables, { quiet: true, width: 200 }, (reporter) => {
          for (const [at, ms] of late.entries()) say(reporter, at + 1, 5000, ms);
          say(reporter, 9, 5001, 7);
          reporter.end({ ...SUMMARY, verdicts: [new Map([["unknown", 3]]), new Map()] });
        }),
      ).slice(2, 5);
    const who = "? unknown udp 172.17.0.2.5000 > 203.0.113.5.53  inside #1 #2";
    const other = "? unknown udp 172.17.0.2.5001 > 203.0.113.5.53  inside #9";
    expect(told(7.5, 8)).toEqual([`${who}  the first frame of the other capture is later`, other, ""]);
    const why = "the first frame of outside is 7 ms later, and nothing shows whether it was captured then";
    expect(told(7, 7)).toEqual([`${who}  ${why}`, other, ""]);
  });

  it("name the interface that all of one line left by", () => {
    const tables = new HandFilled();
    const told = (...names: readonly string[]): string =>
      lines(
        text(tables, { quiet: true, width: 250 }, (reporter) => {
          for (const [at, leavesBy] of names.entries())
            reporter.unmatched(lost(tables, 5000, at + 1), {
              verdict: "elsewhere",
              reason: "forwarded-elsewhere",
              leavesBy,
              why: `frame ${at + 1} answers it, and its route leaves by ${leavesBy}`,
            });
          reporter.end({ ...SUMMARY, verdicts: [new Map([["elsewhere", names.length]]), new Map()] });
        }),
      )[2];
    expect(told("wg0", "wg0")).toMatch(
      /inside #1 #2 .* the route to its destination leaves by wg0, which is not captured$/,
    );
    expect(told("wg0", "wg1")).toMatch(/ leaves by an interface that is not captured$/);
  });

  it("say at once where a finding tells what may have dropped those that were not seen to be", () => {
    const tables = new HandFilled();
    const told = (impacts: Summary["impacts"], isOfOthers: boolean): string =>
      lines(
        text(tables, { quiet: true, width: 200 }, (reporter) => {
          reporter.unmatched(lost(tables, 5000, 1), {
            verdict: "unknown",
            reason: "no-answer",
            why: "nothing answers",
          });
          const gathered = new Gathered();
          gathered.add(INSIDE, 1, undefined, false);
          reporter.finding({ ...findingOf("drop-rule", 1, "a rule", gathered), isOfOthers });
          reporter.end({ ...SUMMARY, impacts });
        }),
      )[0];
    const see = "see drop-rule for what may have dropped others.";
    expect(told(SUMMARY.impacts, true)).toBe(
      "No packet was seen to be dropped or refused, but see drop-rule for what may have dropped some.",
    );
    expect(told(SUMMARY.impacts, false)).toBe("No packet was seen to be dropped or refused.");
    expect(told([new Map([["lost", 2]]), new Map()], true)).toBe(
      `Packets that never arrived: 2 lost (no later copy got through); and ${see}`,
    );
  });

  it("name the flows of a conversation that had several", () => {
    const why = { verdict: "refused", reason: "prohibited", why: "a rule" } as const;
    const told = (...flows: readonly number[]): string | undefined => {
      const tables = new HandFilled();
      const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
        for (const [at, flow] of flows.entries()) reporter.unmatched(lost(tables, 5000, at + 1, flow), why);
        reporter.end(dropped([], flows.length));
      });
      return /flow.*(?=  inside)/.exec(output)?.[0];
    };
    expect([told(3, 3), told(3, 19), told(3, 4, 19)]).toEqual(["flow 3", "flow 3 and another", "flow 3 and 2 others"]);
  });

  it("are those of containers before those from outside", () => {
    const tables = new HandFilled();
    const scan = {
      side: OUTSIDE,
      proto: TCP,
      src: "203.0.113.5",
      srcPort: 40_000,
      dst: "10.0.2.15",
      frame: 1,
    } as const;
    const refused = { verdict: "refused", reason: "prohibited", why: "a rule" } as const;
    const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
      reporter.unmatched(tables.add({ ...scan, dstPort: 23 }), refused);
      reporter.unmatched(lost(tables, 5000, 2), refused);
      reporter.end(dropped([], 2));
    });
    expect(lines(output).slice(1, 3)).toEqual([
      "  refused udp 172.17.0.2.5000 > 203.0.113.5.53  inside #2  a rule",
      "  refused tcp 203.0.113.5.40000 > 10.0.2.15.23  outside #1",
    ]);
  });

  it("do not say again why, where that stands above them", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
      for (const [at, reason] of (["nothing-paired", "no-answer"] as const).entries())
        reporter.unmatched(lost(tables, 5000 + at, at + 1), { verdict: "unknown", reason, why: reason });
      reporter.finding(findingOf("nothing-paired", 1, "natcorr found none"));
      reporter.end({ ...SUMMARY, verdicts: [new Map([["unknown", 2]]), new Map()] });
    });
    expect(lines(output).filter((line) => line.startsWith("? "))).toEqual([
      "? unknown udp 172.17.0.2.5000 > 203.0.113.5.53  inside #1",
      "? unknown udp 172.17.0.2.5001 > 203.0.113.5.53  inside #2  no-answer",
    ]);
  });

  it("leave what is no loss to a word and a count, and say how many a capture can have lost", () => {
    const also = "Also: 4 no-overlap (before the other capture begins, or behind its end);  3";
    const rest =
      ";  3 ambiguous (which of them are twins is not certain).  --only no-overlap,capture-loss,ambiguous shows them.";
    expect(counted(3)).toBe(`${also} capture-loss (the other capture lost frames then)${rest}`);
    expect(counted(2)).toBe(`${also} capture-loss (the other capture lost frames then, at most 2 of these)${rest}`);
  });

  it("say what each came to, as far as is known at the end, the worst first", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 160 }, (reporter) => {
      const is = (frame: number, impact: Impact, more: object = {}): void =>
        reporter.unmatched(lost(tables, 5000, frame), {
          verdict: "dropped",
          reason: "no-twin",
          impact,
          why: "never left",
          ...more,
        });
      is(1, "covered");
      is(2, "resent", { byFrame: 12 });
      for (const frame of [3, 4, 9]) is(frame, "lost");
      is(5, "unknown");
      reporter.update({ ...UPDATE, frame: 4, verdict: "dropped", impact: "resent", byFrame: 14 });
      reporter.update(UPDATE);
      reporter.end(
        dropped(
          [
            ["lost", 1],
            ["resent", 2],
            ["covered", 1],
            ["unknown", 1],
          ],
          1,
        ),
      );
    });
    const who = "udp 172.17.0.2.5000 > 203.0.113.5.53  inside";
    expect(lines(output).slice(0, 7)).toEqual([
      "Packets that never arrived: 1 lost (no later copy got through); 1 dropped, maybe sent again; " +
        "3 dropped and made up for; 1 refused.",
      `! LOST    ${who} #3  never left`,
      `! dropped ${who} #5  never left`,
      `  refused ${who} #9  answer #31  host unreachable`,
      `  resent  ${who} #2 #4  again #12 #14`,
      `  covered ${who} #1  a later acknowledgement covers it`,
      "",
    ]);
  });

  it("are left to the findings that tell why, where those name them", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 200 }, (reporter) => {
      const judgement = { verdict: "dropped", reason: "no-twin", why: "never left" } as const;
      reporter.unmatched(lost(tables, 5000, 1), { ...judgement, impact: "lost" });
      reporter.unmatched(lost(tables, 5000, 2), { ...judgement, impact: "resent", byFrame: 3 });
      reporter.unmatched(lost(tables, 5000, 4), { ...judgement, impact: "resent", byFrame: 5 });
      reporter.unmatched(lost(tables, 5000, 9), {
        verdict: "refused",
        reason: "too-big",
        why: "too big (frame 31)",
        byFrame: 31,
      });
      reporter.finding(warning("dropped", 1, 2));
      reporter.finding(warning("nat-clash-drop", 1, 4));
      reporter.finding(warning("slow-retry", 3, 2));
      reporter.finding(warning("mtu", 9));
      reporter.end(SUMMARY);
    });
    const who = "udp 172.17.0.2.5000 > 203.0.113.5.53  inside";
    expect(lines(output).slice(1, 12)).toEqual([
      `! LOST    ${who} #1  see nat-clash-drop`,
      `  refused ${who} #9  answer #31  too big`,
      `  resent  ${who} #4  again #5`,
      `  next: ${FINDINGS.mtu.hint}`,
      ...warned("nat-clash-drop", "#1 #4"),
      ...warned("slow-retry", "#2 #3"),
      "",
    ]);
  });

  it("say what to do next once, where another finding says that and more", () => {
    const output = text(new HandFilled(), { quiet: true }, (reporter) => {
      const longer = `host-reset: ${FINDINGS["host-reset"].hint}; host-refuses: ss -ltn`;
      reporter.finding(warning("host-reset", 1));
      reporter.finding(findingOf("refused", 1, "told", {}, longer));
      reporter.end(SUMMARY);
    });
    const told = output.replaceAll(/\s+/g, " ").split(" next: ").slice(1);
    expect(told).toEqual([expect.stringMatching(/^host-reset: .*; host-refuses: ss -ltn/)]);
  });

  it("are followed by examples of what nothing tells apart, and of what went elsewhere", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 100 }, (reporter) => {
      const [one, other] = [lost(tables, 5000, 1), lost(tables, 5000, 2)];
      reporter.ambiguous([one, other], [], "identical payloads");
      reporter.ambiguous(
        [lost(tables, 5001, 4)],
        [
          tables.add({
            side: OUTSIDE,
            proto: UDP,
            src: "10.0.2.15",
            srcPort: 5001,
            dst: "203.0.113.5",
            dstPort: 53,
            frame: 7,
          }),
        ],
        "one candidate",
      );
      reporter.unmatched(lost(tables, 5003, 5), {
        verdict: "elsewhere",
        reason: "answered-elsewhere",
        why: "both speak",
      });
      const inside = { ...SUMMARY.inside, ambiguous: 1 };
      const outside = { ...SUMMARY.outside, ambiguous: 4 };
      reporter.end({ ...SUMMARY, inside, outside, verdicts: [new Map([["elsewhere", 1]]), new Map()] });
    });
    expect(lines(output).slice(1, 8)).toEqual([
      "Also: 1 elsewhere (by an interface that is not captured);",
      "    5 ambiguous (which of them are twins is not certain).  --only elsewhere,ambiguous shows them.",
      `? ambiguous ${whoSent(5000)} #1 #2  identical payloads`,
      `? ambiguous ${whoSent(5001)} #4  outside #7  one candidate`,
      "… and 1 more that is ambiguous",
      `  elsewhere ${whoSent(5003)} #5  both speak`,
      "",
    ]);
  });

  it("of more than two conversations with one service have a line together", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 100 }, (reporter) => {
      const judgement = { verdict: "dropped", reason: "no-twin", impact: "lost", why: "never left" } as const;
      for (let n = 0; n < 4; n++) {
        reporter.unmatched(lost(tables, 5000 + (n % 3), n + 1, (n % 3) + 1), judgement);
        reporter.unmatched(lost(tables, 6000 + (n % 3), n + 11, undefined, 54), judgement);
      }
      for (const port of [7000, 7001]) reporter.unmatched(lost(tables, port, port, undefined, 55), judgement);
      reporter.end(dropped([["lost", 10]]));
    });
    expect(lines(output).slice(1, 5)).toEqual([
      "! LOST    udp 172.17.0.2 > 203.0.113.5.53  flow 1 and 2 others  inside #1 #2 #3 #4  never left",
      "! LOST    udp 172.17.0.2 > 203.0.113.5.54  3 conversations  inside #11 #12 #13 #14",
      "! LOST    udp 172.17.0.2.7000 > 203.0.113.5.55  inside #7000",
      "! LOST    udp 172.17.0.2.7001 > 203.0.113.5.55  inside #7001",
    ]);
  });

  it("of more than eight services of one host have a line together, with one reason whatever frames say so", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true, width: 140 }, (reporter) => {
      for (let n = 0; n < 9; n++) {
        const why = `the host resets it (frame ${n + 101}): nobody listens there`;
        reporter.unmatched(lost(tables, 5000, n + 1, undefined, n), {
          verdict: "refused",
          reason: "host-refuses",
          why,
          byFrame: n + 101,
        });
      }
      reporter.end(dropped([]));
    });
    expect(lines(output).slice(1, 4)).toEqual([
      "  refused udp 172.17.0.2 > 203.0.113.5  9 conversations  inside #1 #2 #3 #4 #5 and 4 more  answer #101 #102 #103 #104 #105 and 4 more",
      "          the host resets it: nobody listens there",
      "",
    ]);
  });

  it("of one reason in different words have a line together, and what is said of one is not said again of the next", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true }, (reporter) => {
      const judgement = { verdict: "dropped", reason: "no-twin", impact: "lost" } as const;
      for (const [n, why] of ["within 1 s", "before that ended"].entries())
        for (const port of [5000, 5001])
          reporter.unmatched(lost(tables, port, 10 * n + port - 4999, port - 4999), { ...judgement, why });
      reporter.end(dropped([["lost", 4]]));
    });
    expect(output.match(/^! LOST .*$/gm)?.map((line) => line.match(/#.*/)?.[0].slice(0, 7))).toEqual([
      "#1 #11",
      "#2 #12",
    ]);
    expect(output.replaceAll(/\s+/g, " ").match(/nothing like it came out/g)).toHaveLength(1);
  });

  it("are none where the host counted drops of whomever: the first line says where that stands", () => {
    const output = text(new HandFilled(), { quiet: true }, (reporter) => {
      reporter.finding({ ...findingOf("host-drops", 6, "drop counted 6"), isOfOthers: true });
      reporter.end(SUMMARY);
    });
    expect(output).toMatch(/^No packet was .*, but see host-drops for what may have dropped some\.\n/);
    expect(output).toContain("- host-drops (6 times): drop counted 6\n");
  });

  it("are no more than can be read, and the others are counted", () => {
    const tables = new HandFilled();
    const output = text(tables, { quiet: true }, (reporter) => {
      const judgement = { verdict: "refused", reason: "host-unreachable" } as const;
      for (let n = 0; n < 130; n++)
        reporter.unmatched(lost(tables, 5000, n + 1, undefined, n), { ...judgement, why: `says router ${n}` });
      reporter.end(dropped([["lost", 130]]));
    });
    expect(output.match(/^ {2}refused/gm)).toHaveLength(100);
    expect(output).toContain("… and 30 more packets (--only problem --format ndjson lists them all)\n");
  });

  it.each([
    ["refused", "  refused udp 172.17.0.2.5000 > 203.0.113.5.53  inside #1  answer #31  host unreachable\n"],
    ["problem", "  refused udp 172.17.0.2.5000 > 203.0.113.5.53  inside #1  answer #31  host unreachable\n"],
    ["dropped", "! LOST    udp 172.17.0.2.5000 > 203.0.113.5.53  inside #2  as it was\n"],
    ["lost", "! LOST    udp 172.17.0.2.5000 > 203.0.113.5.53  inside #2  as it was\n"],
    ["unknown", "? unknown udp 172.17.0.2.5000 > 203.0.113.5.53  inside #3  as it was\n"],
  ])("are those that %s asks for by what is known at the end", (only, line) => {
    const tables = new HandFilled();
    const asksFor = new Asked(new Set([only]), new Set());
    const output = text(tables, { quiet: true, asksFor }, (reporter) => {
      const told = new Selected(reporter, { asked: asksFor, isFiltered: false, isSummedUp: true });
      told.begin(tables);
      const as = { reason: "no-twin", why: "as it was" } as const;
      told.unmatched(lost(tables, 5000, 1), { ...as, verdict: "unknown" });
      told.update({ ...UPDATE, frame: 1, before: { verdict: "unknown" }, ...as, verdict: "dropped", impact: "lost" });
      told.update({ ...UPDATE, frame: 1 });
      told.unmatched(lost(tables, 5000, 2), { ...as, verdict: "unknown" });
      told.update({ ...UPDATE, frame: 2, before: { verdict: "unknown" }, ...as, verdict: "dropped", impact: "lost" });
      told.unmatched(lost(tables, 5000, 3), { ...as, verdict: "unknown" });
      told.end(dropped([["lost", 1]], 1));
    });
    expect(output).toContain(line);
    expect(output).not.toContain("more packets");
    expect(output.match(/^.*udp .*$/gm)?.length).toBe(only === "problem" ? 2 : 1);
  });

  it("are remembered of so many packets only, whatever becomes known of them", () => {
    const tables = new HandFilled();
    const why = "why";
    const before = { verdict: "unknown" } as const;
    const output = text(tables, { quiet: true }, (reporter) => {
      for (let frame = 1; frame <= 1500; frame++) {
        reporter.unmatched(lost(tables, 5000, frame), { verdict: "dropped", reason: "no-twin", impact: "lost", why });
        reporter.update({ ...UPDATE, frame, verdict: "unknown", reason: "forwarded-unseen", why });
      }
      for (let n = 0; n < 20; n++) {
        for (let frame = 1; frame <= 1000; frame++) reporter.update({ ...UPDATE, frame, before });
        for (let frame = 1; frame <= 1000; frame++)
          reporter.unmatched(lost(tables, 5000, 2000 + 1000 * n + frame), { ...before, reason: "no-answer", why });
        for (let frame = 1; frame <= 1000; frame++)
          reporter.update({ ...UPDATE, frame: 2000 + 1000 * n + frame, before });
      }
      for (let frame = 1001; frame <= 1500; frame++) reporter.update({ ...UPDATE, frame, before });
      reporter.end({ ...dropped([], 21_500), verdicts: [new Map([["refused", 21_500]]), new Map()] });
    });
    expect(output).toContain("#5 and 9995 more");
    expect(output).toContain("… and 11500 more packets");
  });
});

/** Latencies one way alone, of which this is the 99th percentile. */
const latency = (p99Ns: number): FlowSummary["latency"] => ({
  outbound: null,
  inbound: { minNs: 1, p50Ns: 2, p99Ns, maxNs: p99Ns },
});

/** A table of three flows in this order: their ids, and all of the report. */
function sorted(sort: SortKey): { ids: string[]; output: string } {
  const tables = new HandFilled();
  const flows = [
    { pairs: 5, bytes: 900, firstNs: 30n, lastNs: 40n, latency: latency(7) },
    { pairs: 9, bytes: 100, firstNs: 10n, lastNs: 90n, latency: latency(5) },
    { pairs: 9, bytes: 500, firstNs: 20n, lastNs: 30n, latency: latency(9) },
  ];
  const output = text(tables, { quiet: true, sort, width: 120 }, (reporter) => {
    reporter.unmatched(lost(tables, 5000, 1, 1), { verdict: "refused", reason: "ttl-exceeded", why: "why" });
    reporter.unmatched(lost(tables, 5000, 2, 1), { verdict: "refused", reason: "ttl-exceeded", why: "why" });
    reporter.unmatched(lost(tables, 5001, 3, 3), { verdict: "dropped", reason: "no-twin", why: "why" });
    reporter.unmatched(lost(tables, 5002, 4, 2), { verdict: "local", reason: "from-host", why: "why" });
    for (const [at, flow] of flows.entries()) reporter.flow({ ...FLOW, ...flow, id: at + 1 });
    reporter.end({ ...SUMMARY, flows: 3 });
  });
  return { ids: [...output.matchAll(/^ *(\d+) +icmp/gm)].map(([, id]) => id), output };
}

describe("the end of a report", () => {
  it("has translations, findings and totals that add up", () => {
    const output = text(new HandFilled(), { quiet: true }, (reporter) => {
      reporter.flow(FLOW);
      reporter.finding(findingOf("leak", 3, "172.17.0.2 left\u001B[2J untranslated", oneFlow({ ...FLOW, id: 7 })));
      reporter.finding(findingOf("leak", 1, "172.17.0.3 left untranslated", oneFlow({ ...FLOW, id: 8 })));
      // told of by each of its packets already
      reporter.finding(findingOf("dropped", 1, "entered on inside, never left on outside: 1 lost"));
      // what to do next is said once, where it is the same
      reporter.finding(findingOf("refused", 1, "entered, and refused by the host", {}, FINDINGS.leak.hint));
      reporter.finding(findingOf("asymmetric", 1, "estimated"));
      reporter.end(SUMMARY);
    });
    expect(lines(output)).toEqual([
      "No packet was seen to be dropped or refused.",
      `  next: ${FINDINGS.dropped.hint}`,
      String.raw`! leak (3 times): 172.17.0.2 left\x1b[2J untranslated`,
      "  flow 7  inside #1  outside #1",
      "! leak: 172.17.0.3 left untranslated",
      "  flow 8  inside #1  outside #1",
      `  next: ${FINDINGS.leak.hint}`,
      "",
      "1 translation, busiest first",
      "flow  proto  nat   side     as seen there                           pairs  only     p50     p99",
      "   1  icmp   snat  inside   *172.17.0.2 > 180.101.49.11 id *4096  →     5     1  29.0µs  1.20ms",
      "                   outside  *10.0.2.15 > 180.101.49.11 id *10496  ←     3     0       -       -",
      "",
      "Also seen",
      "- asymmetric: estimated",
      "",
      "Totals: inside docker0, outside enp0s3",
      "         frames     paired  unmatched  ambiguous  not IP  undecodable",
      "inside       10  =       8        + 1        + 0     + 1          + 0",
      "outside       9  =       8        + 1        + 0     + 0          + 0",
      "lost by the captures themselves: inside 0, outside 3",
      "clocks: outside is 1.50µs behind inside (estimated, drifting by 0.2 ppm, to within 800ns)",
    ]);
  });

  it("begins with what puts in doubt all that is said of packets", () => {
    const shown = text(new HandFilled(), { width: 200 }, (reporter) => {
      reporter.finding(findingOf("leak", 1, "172.17.0.3 left untranslated"));
      reporter.finding(findingOf("swapped-sides", 1, "inside and outside seem to be swapped"));
      reporter.end(SUMMARY);
    });
    const at = ["! swapped-sides", FINDINGS["swapped-sides"].hint, "No packet was seen", "! leak"].map((words) =>
      shown.indexOf(words),
    );
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at[0]).toBeGreaterThanOrEqual(0);
  });

  it("says where nothing tells how exactly the clocks agree", () => {
    const clock = { ...SUMMARY.clock, source: "none", uncertaintyNs: null } as const;
    const shown = text(new HandFilled(), {}, (reporter) => reporter.end({ ...SUMMARY, clock }));
    expect(shown).toContain("clocks: taken as one, nothing tells how exactly\n");
  });

  it("says when a clock was set, and by how much; of many times, the first ones", () => {
    const steps = [
      { timeNs: 3_600_000_000_000n, byNs: 2_500_000_000 },
      { timeNs: 7_205_000_000_000n, byNs: -40_000_000 },
      { timeNs: 7_206_000_000_000n, byNs: 1e9 },
      { timeNs: 7_207_000_000_000n, byNs: 1e9 },
    ];
    const clock = { ...SUMMARY.clock, driftPpm: 0, steps, moreSteps: 0 };
    const shown = text(new HandFilled(), { width: 400 }, (reporter) => reporter.end({ ...SUMMARY, clock }));
    expect(shown).toContain(
      "clocks: outside is 1.50µs behind inside at first (estimated, to within 800ns); one was set about 02:00:00: since then, outside is 2.50s further ahead" +
        "; one was set about 03:00:05: since then, outside is 40.0ms further behind; one was set about 03:00:06: since then, outside is 1.00s further ahead; and once more",
    );
  });

  it("says where what was missed looks like what was dropped", () => {
    // outside has counters
    expect(ofCounters([new Map([["dropped", 1]]), new Map([["local", 1]])])).toEqual([]);
    expect(ofCounters([new Map(), new Map([["dropped", 1]])])).toEqual([
      "inside has no drop counters: a packet that the capture missed looks like one that was dropped",
    ]);
  });

  it("shows where the frames do not add up", () => {
    const output = text(new HandFilled(), { quiet: true }, (reporter) => {
      reporter.end({ ...SUMMARY, flows: 0, inside: { ...SUMMARY.inside, frames: 11 } });
    });
    expect(output).toMatch(/inside +11 +≠/);
    expect(output).toMatch(/outside +9 +=/);
    expect(output).toContain("No translation was seen.\n");
  });

  it("shows the busiest 200 translations of many, and how many more there are", () => {
    const output = text(new HandFilled(), { quiet: true }, (reporter) => {
      for (let id = 1; id <= 1000; id++) reporter.flow({ ...FLOW, id, pairs: id });
      reporter.end({ ...SUMMARY, flows: 1000 });
    });
    expect(output).toContain("1000 translations, busiest first\n");
    expect(output).toContain("… and 800 more (--top shows more)");
    const ids = [...output.matchAll(/^ *(\d+) +icmp/gm)].map(([, id]) => Number(id));
    expect(ids).toEqual(Array.from({ length: 200 }, (_, at) => 1000 - at));
  });

  it("shows as many as are wanted", () => {
    const output = text(new HandFilled(), { quiet: true, top: 2 }, (reporter) => {
      for (let id = 1; id <= 5; id++) reporter.flow({ ...FLOW, id, pairs: id });
      reporter.end({ ...SUMMARY, flows: 5 });
    });
    expect([...output.matchAll(/^ *(\d+) +icmp/gm)].map(([, id]) => id)).toEqual(["5", "4"]);
    expect(output).toContain("… and 3 more (--top shows more)");
  });

  it.each([
    ["problems", ["1", "3", "2"], /, problems first.*\n.*p99 {2}!\n.* {2}2\n/],
    ["pairs", ["2", "3", "1"], /, busiest first\n.*p99\n/],
    ["bytes", ["1", "3", "2"], /, most bytes first\n.*p99 {2}bytes\n.* 900\n/],
    ["lost", ["3", "2", "1"], /, most lost packets first\n.*p99 {2}lost\n.* 1\n/],
    ["p99", ["3", "1", "2"], /, slowest first.*\n.*p99\n/],
    ["first", ["2", "3", "1"], /, as they began\n.*first\n.* 01:00:00.000000\n/],
    ["last", ["2", "1", "3"], /, latest first\n.*last\n/],
  ] as const)("is sorted by %s where that is wanted", (sort, ids, shown) => {
    expect(SORT_KEYS).toContain(sort);
    expect(sorted(sort).ids).toEqual(ids);
    expect(sorted(sort).output).toMatch(shown);
  });

  it("names the rule behind a translation where that is wanted", () => {
    const shown = [true, false].map((isVerbose) =>
      text(new HandFilled(), { quiet: true, isVerbose }, (reporter) => {
        reporter.flow({ ...FLOW, rule: "-A POSTROUTING -j MASQUERADE\n-A X" });
        reporter.end({ ...SUMMARY, flows: 1 });
      }),
    );
    expect(shown[0]).toMatch(/outside .*\n {6}rule -A POSTROUTING -j MASQUERADE\n {6}rule -A X\n/);
    expect(shown[1]).not.toContain("MASQUERADE");
  });

  it("stands one above the other where there are few columns", () => {
    const output = text(new HandFilled(), { quiet: true, width: 80, sort: "bytes" }, (reporter) => {
      reporter.flow(FLOW);
      reporter.end({ ...SUMMARY, flows: 1 });
    });
    expect(lines(output).slice(2, 7)).toEqual([
      "1 translation, most bytes first (→ pairs outbound, ← inbound)",
      "flow 1  icmp snat  bytes 1234",
      "  inside  *172.17.0.2 > 180.101.49.11 id *4096  → 5  only 1  p50 29.0µs",
      "    p99 1.20ms",
      "  outside *10.0.2.15 > 180.101.49.11 id *10496  ← 3",
    ]);
    const proxied = text(new HandFilled(), { quiet: true, width: 80 }, (reporter) => {
      reporter.flow({ ...FLOW, nat: "proxy" });
      reporter.end({ ...SUMMARY, flows: 1 });
    });
    expect(proxied).toMatch(/inside .* id \*4096 {2}1 proxied {2}p50/);
    const hairpin = text(new HandFilled(), { quiet: true, width: 100 }, (reporter) => {
      reporter.flow({ ...FLOW, sides: [INSIDE, INSIDE], pairsOutbound: FLOW.pairs });
      reporter.end({ ...SUMMARY, flows: 1 });
    });
    expect(hairpin).toMatch(/inside .* id \*4096 +8 hairpins +1 .*\n *inside .* id \*10496 +0 +- +-\n/);
  });

  it("says of answers that are none that they are errors, or resets", () => {
    const rows = text(new HandFilled(), { quiet: true, width: 100 }, (reporter) => {
      reporter.flow({ ...FLOW, isRefused: true });
      reporter.flow({ ...FLOW, id: 8, proto: "tcp", pairs: 2, pairsOutbound: 1, isRefused: true });
      reporter.end({ ...SUMMARY, flows: 2 });
    });
    expect(rows).toMatch(/→ +5 [^]*← 3 errors [^]*→ +1 [^]*← 1 reset /);
  });

  it("is the same where it is told of no more flows than it wants", () => {
    const [some, all] = [801, 1].map((least) =>
      text(new HandFilled(), { quiet: true, sort: "pairs" }, (reporter) => {
        for (let id = least; id <= 1000; id++) reporter.flow({ ...FLOW, id, pairs: id });
        expect(reporter.mostFlows).toBe(200);
        reporter.end({ ...SUMMARY, flows: 1000 });
      }),
    );
    expect(some).toBe(all);
  });

  it("escapes control characters in names", () => {
    const output = text(new HandFilled(["eth\u001B]0;x\u0007", "e\u202Ep"]), {}, (reporter) => reporter.end(SUMMARY));
    expect(output).toContain(String.raw`eth\x1b]0;x\x07`);
    expect(output).toContain(String.raw`e\u{202e}p`);
    expect(output).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
