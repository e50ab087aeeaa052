import { describe, expect, it } from "vitest";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { Few } from "../../../src/packets/results/few.js";
import { findingOf } from "../../../src/packets/results/findings.js";
import { oneFlow } from "../../../src/packets/results/gathered.js";
import { FINDINGS } from "../../../src/packets/results/finding-codes.js";
import type { Summary } from "../../../src/packets/results/results.js";
import type { Reporter } from "../../../src/report/reporter.js";
import {
  ACK,
  articlePing,
  FLOW,
  HandFilled,
  ICMP,
  PSH,
  publishedPort,
  SUMMARY,
  TCP,
  UDP,
  UPDATE,
  written,
} from "../tables.js";

function ndjson(tables: HandFilled, tell: (reporter: Reporter) => void, quiet = false): string[] {
  const text = written(
    (write) => new NdjsonReporter((utf8) => write(Buffer.from(utf8).toString()), { quiet, program: "0.0.0" }),
    (reporter) => {
      reporter.begin(tables);
      tell(reporter);
    },
  );
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n").slice(1);
}

describe("NDJSON", () => {
  it("opens with a header, names escaped", () => {
    const tables = new HandFilled(['docker0"\n', "enp0s3"]);
    const text = written(
      (write) => new NdjsonReporter((utf8) => write(Buffer.from(utf8).toString()), { quiet: false, program: "0.0.0" }),
      (reporter) => reporter.begin(tables),
    );
    expect(text).toBe(
      String.raw`{"type":"header","format":"natcorr","version":2,"program":"0.0.0","captures":{"inside":[{"name":"docker0\"\n","counters":false}],"outside":[{"name":"enp0s3","counters":true}]}}` +
        "\n",
    );
  });

  it("writes a pair as the design has it, byte by byte", () => {
    const tables = new HandFilled();
    const { inside, outside, flow } = articlePing(tables);
    expect(ndjson(tables, (reporter) => reporter.pair(inside, outside, flow, true, 29000))).toEqual([
      '{"type":"pair","flow":1,"proto":"icmp","direction":"outbound","nat":"snat","rewrite":["src","icmpId"],"by":"exact",' +
        '"evidence":["ip-id","length","icmp-seq","payload"],"latencyNs":29000,"icmp":{"type":8,"code":0,"seq":3},' +
        '"inside":{"frames":[1],"time":"1700687463.123457000","src":"172.17.0.2","dst":"180.101.49.11","icmpId":4096,"ipId":5572,"ttl":64,"length":84},' +
        '"outside":{"frames":[1],"time":"1700687463.123486000","src":"10.0.2.15","dst":"180.101.49.11","icmpId":10496,"ipId":5572,"ttl":63,"length":84}}',
    ]);
  });

  it("tells an inbound pair of a published port, and the other direction of its flow", () => {
    const tables = new HandFilled();
    const { inside, outside, flow } = publishedPort(tables);
    const reply = {
      proto: TCP,
      dst: "203.0.113.5",
      dstPort: 40000,
      tcpFlags: ACK | PSH,
      seq: 5,
      ack: 6,
      payloadLength: 7,
    };
    const replyInside = tables.add({ ...reply, side: INSIDE, src: "172.17.0.2", srcPort: 80, by: 1, evidence: 128 });
    const replyOutside = tables.add({ ...reply, side: OUTSIDE, src: "10.0.2.15", srcPort: 88, frames: [3, 4] });
    const [first, second] = ndjson(tables, (reporter) => {
      reporter.pair(inside, outside, flow, false, -5);
      reporter.pair(replyInside, replyOutside, flow, true, 6);
    }).map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      direction: "inbound",
      nat: "dnat",
      rewrite: ["dst", "dstPort"],
      latencyNs: -5,
      tcp: { seq: 4_000_000_000, ack: 0, flags: "S", payload: 0 },
      inside: { frames: [5], src: "203.0.113.5", srcPort: 40000, dst: "172.17.0.2", dstPort: 80 },
      outside: { frames: [7], src: "203.0.113.5", srcPort: 40000, dst: "10.0.2.15", dstPort: 88 },
    });
    expect(second).toMatchObject({
      direction: "outbound",
      nat: "dnat",
      rewrite: ["src", "srcPort"],
      by: "flow",
      evidence: ["flow"],
      tcp: { flags: "P.", payload: 7 },
      inside: { src: "172.17.0.2", srcPort: 80, dst: "203.0.113.5", dstPort: 40000 },
      outside: { frames: [3, 4], src: "10.0.2.15", srcPort: 88 },
    });
  });

  it("gives an ICMP error its own ends and the quote of each side", () => {
    const tables = new HandFilled();
    const { inside, outside, flow } = articlePing(tables);
    const quoted = { proto: "icmp" as const, dst: "180.101.49.11", icmpId: 4096, ipId: 5572, length: 84 };
    const error = { proto: ICMP, src: "10.0.2.2", seq: (11 << 24) | 0 };
    const errorInside = tables.add({
      ...error,
      side: INSIDE,
      dst: "172.17.0.2",
      quoted: { ...quoted, src: "172.17.0.2" },
    });
    const errorOutside = tables.add({
      ...error,
      side: OUTSIDE,
      dst: "10.0.2.15",
      quoted: { ...quoted, src: "10.0.2.15" },
    });
    const lines = ndjson(tables, (reporter) => {
      reporter.pair(inside, outside, flow, true, 1);
      reporter.pair(errorInside, errorOutside, flow, false, 2);
    });
    const pair = JSON.parse(lines[1]);
    expect(pair).toMatchObject({
      proto: "icmp",
      direction: "inbound",
      rewrite: ["dst"],
      icmp: { type: 11, code: 0 },
      inside: { src: "10.0.2.2", dst: "172.17.0.2", quotes: { proto: "icmp", src: "172.17.0.2", icmpId: 4096 } },
      outside: { src: "10.0.2.2", dst: "10.0.2.15", quotes: { proto: "icmp", src: "10.0.2.15", ipId: 5572 } },
    });
    expect(pair.icmp).not.toHaveProperty("seq");
    expect(pair.inside).not.toHaveProperty("icmpId");
  });

  it("writes unmatched frames one a line, ports only where they are known", () => {
    const tables = new HandFilled();
    const udp = { proto: UDP, src: "172.17.0.2", dst: "8.8.8.8" };
    const whole = tables.add({ ...udp, side: INSIDE, srcPort: 1, dstPort: 53, frame: 9, flow: 7, length: 60 });
    const pieces = tables.add({ ...udp, side: OUTSIDE, frames: [4, 5], isHeadless: true });
    const other = tables.add({ side: INSIDE, proto: 47, src: "fe80::1", dst: "ff02::2" });
    expect(
      ndjson(tables, (reporter) => {
        reporter.unmatched(whole, {
          verdict: "dropped",
          reason: "no-twin",
          impact: "resent",
          byFrame: 31,
          why: 'no "twin"',
        });
        reporter.unmatched(pieces, { verdict: "unknown", reason: "untranslated", why: "?" });
        reporter.unmatched(other, { verdict: "local", reason: "from-host", why: "never forwarded" });
      }),
    ).toEqual([
      String.raw`{"type":"unmatched","side":"inside","frame":9,"flow":7,"time":"1700687463.123456000","proto":"udp","src":"172.17.0.2","srcPort":1,"dst":"8.8.8.8","dstPort":53,"length":60,"verdict":"dropped","reason":"no-twin","impact":"resent","byFrame":31,"why":"no \"twin\""}`,
      '{"type":"unmatched","side":"outside","frame":4,"time":"1700687464.123456000","proto":"udp","src":"172.17.0.2","dst":"8.8.8.8","length":84,"verdict":"unknown","reason":"untranslated","why":"?"}',
      '{"type":"unmatched","side":"outside","frame":5,"time":"1700687464.123456000","proto":"udp","src":"172.17.0.2","dst":"8.8.8.8","length":84,"verdict":"unknown","reason":"untranslated","why":"?"}',
      '{"type":"unmatched","side":"inside","frame":1,"time":"1700687463.123456000","proto":"ip-47","src":"fe80::1","dst":"ff02::2","length":84,"verdict":"local","reason":"from-host","why":"never forwarded"}',
    ]);
  });

  it("writes the lines about everything in their order of keys", () => {
    const tables = new HandFilled();
    const udp = { side: INSIDE as Side, proto: UDP, dst: "2.2.2.2", dstPort: 53 };
    const row = tables.add({ ...udp, src: "1.1.1.1", srcPort: 7, frames: [4, 5] });
    const other = tables.add({ ...udp, src: "1.1.1.3", srcPort: 7, frame: 6 });
    const ends = { dst: "2.2.2.2", dstPort: 443, src: "1.1.1.1", srcPort: 1 };
    const lines = ndjson(tables, (reporter) => {
      reporter.ambiguous([row], [], "identical");
      reporter.ambiguous([row, other], [row], "no end in common that is not shown");
      reporter.flow({
        id: 1,
        proto: "tcp",
        nat: "none",
        initiator: "inside",
        inside: ends,
        outside: ends,
        sides: [INSIDE, OUTSIDE],
        firstFrames: [4, 6],
        pairs: 3,
        pairsOutbound: 3,
        insideOnly: 1,
        outsideOnly: 0,
        firstNs: 5n,
        lastNs: 1_000_000_000n,
        bytes: 2 ** 40,
        latency: { outbound: { maxNs: 4, minNs: 1, p50Ns: 2, p99Ns: 3 }, inbound: null },
        rule: "-A POSTROUTING -j MASQUERADE",
      });
      const frames = new Few<number>();
      for (let frame = 1; frame <= 102; frame++) frames.add(frame);
      reporter.finding(
        findingOf("leak", 3, "a leak", {
          flows: oneFlow({ ...FLOW, id: 7 }).flows,
          frames: [new Few<number>(), frames],
        }),
      );
      reporter.finding(findingOf("rule", 1, "no flow"));
      const verdicts: Summary["verdicts"] = [new Map([["dropped", 1]]), new Map()];
      reporter.end({ ...SUMMARY, verdicts, impacts: [new Map([["lost", 1]]), new Map()] });
    });
    const firstHundred = Array.from({ length: 100 }, (_, at) => at + 1).join();
    expect(lines).toEqual([
      '{"type":"ambiguous","proto":"udp","inside":{"frames":[4,5],"time":"1700687463.123456000","src":"1.1.1.1","srcPort":7,"dst":"2.2.2.2","dstPort":53},"outside":{"frames":[]},"why":"identical"}',
      '{"type":"ambiguous","proto":"udp","inside":{"frames":[4,5,6],"time":"1700687463.123456000","srcPort":7,"dst":"2.2.2.2","dstPort":53},"outside":{"frames":[4,5],"time":"1700687463.123456000","src":"1.1.1.1","srcPort":7,"dst":"2.2.2.2","dstPort":53},"why":"no end in common that is not shown"}',
      '{"type":"flow","flow":1,"proto":"tcp","nat":"none","initiator":"inside","inside":{"src":"1.1.1.1","srcPort":1,"dst":"2.2.2.2","dstPort":443},"outside":{"src":"1.1.1.1","srcPort":1,"dst":"2.2.2.2","dstPort":443},"pairs":3,"bytes":1099511627776,"insideOnly":1,"outsideOnly":0,"first":"0.000000005","last":"1.000000000","latency":{"outbound":{"minNs":1,"p50Ns":2,"p99Ns":3,"maxNs":4},"inbound":null},"rule":"-A POSTROUTING -j MASQUERADE"}',
      `{"type":"finding","severity":"warning","code":"leak","count":3,"flows":[7],"frames":{"inside":[],"outside":[${firstHundred}]},"more":2,"text":"a leak","hint":"${FINDINGS.leak.hint}"}`,
      '{"type":"finding","severity":"info","code":"rule","count":1,"flows":[],"frames":{"inside":[],"outside":[]},"more":0,"text":"no flow","hint":"-v names below each translation the rules behind it"}',
      '{"type":"summary","totals":{"inside":{"frames":10,"paired":8,"unmatched":1,"ambiguous":0,"notIp":1,"undecodable":0,"captureDropped":0,"counters":false,"verdicts":{"dropped":1},"impacts":{"lost":1}},"outside":{"frames":9,"paired":8,"unmatched":1,"ambiguous":0,"notIp":0,"undecodable":0,"captureDropped":3,"counters":true,"verdicts":{},"impacts":{}}},"flowCount":1,"clock":{"offsetNs":-1500,"driftPpm":0.2,"uncertaintyNs":800,"source":"estimated"}}',
    ]);
  });

  it("writes what became known of a frame later", () => {
    const { byFrame: _, ...covered } = {
      ...UPDATE,
      side: OUTSIDE,
      verdict: "dropped",
      reason: "no-twin",
      impact: "covered",
    } as const;
    const lines = ndjson(new HandFilled(), (reporter) => {
      reporter.update(UPDATE);
      reporter.update(covered);
    });
    expect(lines).toEqual([
      '{"type":"update","side":"inside","frame":9,"flow":7,"verdict":"refused","reason":"host-unreachable","impact":"lost","byFrame":31,"why":"host unreachable"}',
      '{"type":"update","side":"outside","frame":9,"flow":7,"verdict":"dropped","reason":"no-twin","impact":"covered","why":"host unreachable"}',
    ]);
  });

  it("leaves out what is about frames when quiet", () => {
    const tables = new HandFilled();
    const { inside, outside, flow } = articlePing(tables);
    const lines = ndjson(
      tables,
      (reporter) => {
        // as a run does
        if (reporter.wantsPairs) reporter.pair(inside, outside, flow, true, 1);
        reporter.unmatched(inside, { verdict: "dropped", reason: "no-twin", why: "" });
        reporter.update(UPDATE);
        reporter.ambiguous([inside], [outside], "");
        reporter.end(SUMMARY);
      },
      true,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"summary"');
  });
});
