import { expect, it } from "vitest";
import { KernelDrops } from "../../src/host/trace/kernel-drops.js";
import type { Finding } from "../../src/packets/results/findings.js";
import type { Judgement, Sink } from "../../src/packets/results/results.js";
import { INSIDE } from "../../src/packets/sides.js";
import { KernelReasons } from "../../src/report/kernel-reasons.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { HandFilled, type Packet, SUMMARY, UDP } from "./tables.js";

const DROPPED: Judgement = { verdict: "dropped", reason: "no-twin", why: "" };
const QUERY: Packet = { side: INSIDE, proto: UDP, src: "172.17.0.3", srcPort: 5353, dst: "180.101.49.11", dstPort: 53 };
const US = 1000;
/** The drops' clock begins with the captures. */
const aheadUs = (): number => Number(new HandFilled().epochsNs[INSIDE] / 1000n);

/** What is said of drops of the kernel's at these microseconds behind the captures' beginning, and of what a sink is told. */
function said(
  drops: readonly [us: number, reason: string][],
  tell: (sink: Sink, tables: HandFilled) => void,
): string[] {
  const kernel = new KernelDrops(aheadUs);
  for (const [us, reason] of drops)
    kernel.read(` [000] ..s1. ${(us / 1e6).toFixed(6)}: kfree_skb: location=nf_hook_slow+0x1/0x2 reason: ${reason}`);
  return saidOf(kernel, tell);
}

function saidOf(kernel: KernelDrops, tell: (sink: Sink, tables: HandFilled) => void): string[] {
  const findings: Finding[] = [];
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.finding = (finding) => void findings.push(finding);
  const tables = new HandFilled();
  const sink = new KernelReasons(reporter, kernel);
  sink.begin(tables);
  tell(sink, tables);
  sink.end(SUMMARY);
  return findings.map(({ code, count, frames, text }) => `${code} ${count} [${frames.inside.join()}] ${text}`);
}

const dropped = (frame: number, us: number) => (sink: Sink, tables: HandFilled) =>
  sink.unmatched(tables.add({ ...QUERY, frame, stampNs: us * US }), DROPPED);

it("tells why the kernel dropped what was dropped, and counts the rest", () => {
  const drops: [number, string][] = [
    [10_010, "NETFILTER_DROP"],
    [20_010, "NETFILTER_DROP"],
    [30_000, "NO_SOCKET"],
  ];
  expect(
    said(drops, (sink, tables) => {
      dropped(1, 10_000)(sink, tables);
      dropped(2, 20_000)(sink, tables);
      dropped(3, 50_000)(sink, tables);
    }),
  ).toEqual([
    "drop-reason 2 [1,2] one drop of the kernel's alone is near each in time: NETFILTER_DROP (2 in all)",
    "kernel-drops 1 [] the kernel let go of other packets meanwhile, of this host or any other on it: NO_SOCKET 1",
  ]);
});

function two(sink: Sink, tables: HandFilled): void {
  dropped(1, 10_000)(sink, tables);
  dropped(2, 10_005)(sink, tables);
}

it("gives none to two packets that one drop fits, unless one of them arrived after all", () => {
  const drops: [number, string][] = [[10_010, "IP_RPFILTER"]];
  expect(said(drops, two)).toEqual([
    "kernel-drops 1 [] the kernel let go of packets meanwhile, and does not say whose, of this host or any other on it: IP_RPFILTER 1; 2 dropped here that have no drop-reason may be among them",
  ]);
  const taken = said(drops, (sink, tables) => {
    two(sink, tables);
    const of = { side: INSIDE, frame: 1, flow: undefined, isSelected: true } as const;
    sink.update({ ...of, verdict: "refused", reason: "no-twin", why: "", before: { verdict: "dropped" } });
  });
  expect(taken).toEqual([expect.stringMatching(/^drop-reason 1 \[2\] .*IP_RPFILTER/)]);
});

it("says nothing where nothing was dropped, and that the kernel does not tell where it does not", () => {
  expect(said([[10_010, "NETFILTER_DROP"]], () => {})).toEqual([]);
  const kernel = new KernelDrops(aheadUs);
  kernel.failure = "not permitted";
  expect(saidOf(kernel, dropped(1, 10_000))).toEqual([
    "trace-unread 0 [] the kernel does not tell why it drops packets: not permitted",
  ]);
});
