import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkAccounting } from "./truth/accounting.js";
import { readCapture, splitLive } from "./truth/capture.js";
import { readConntrack } from "./truth/conntrack.js";
import { checkFlows } from "./truth/flows.js";
import { findMissed } from "./truth/missed.js";
import { checkPairs } from "./truth/pairs.js";
import { type Recording, makeRecording } from "./truth/recording.js";
import { type Report, readReport, renumbered, SIDES } from "./truth/report.js";
import { readRuleLog } from "./truth/rule-log.js";
import { droppedPairs, type Judged, judgeVerdicts } from "./truth/verdicts.js";

/**
 * Judges natcorr on what `lab soak` captured: on each two interfaces between which packets are forwarded, every pair by conntrack, and every
 * verdict by what rules logged and other interfaces showed. Exits with 1 where anything is wrong.
 */
const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
const INTERFACES = ["docker0", "br-app", "enp0s3", "enp0s8"];
const VIEWS = [
  ["docker0", "enp0s3"],
  ["br-app", "enp0s3"],
  ["docker0", "br-app"],
] as const;
/** How many of a kind are listed. */
const LISTED = 10;

const dir = process.argv[2];
const captures = new Map(INTERFACES.map((name) => [name, readCapture(readFileSync(join(dir, `${name}.pcap`)))]));
const entries = readConntrack(readFileSync(join(dir, "conntrack.txt"), "utf8"));
const log = readRuleLog(readFileSync(join(dir, "rules.pcap")));
const frames = (name: string) => captures.get(name) ?? [];

let wrong = 0;
for (const view of VIEWS) {
  const files = view.map((name) => join(dir, `${name}.pcap`));
  const args = [MAIN, "file", ...files, "--format", "ndjson", "--clock-offset", "none"];
  const ndjson = execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 30 });
  const bridges = SIDES.filter((_, side) => !view[side].startsWith("enp"));
  wrong += judge(view, makeRecording(frames(view[0]), frames(view[1]), entries, bridges), readReport(ndjson));
}
if (existsSync(join(dir, "live.ndjson"))) {
  process.stdout.write("live: ");
  const { sides, places } = splitLive(readFileSync(join(dir, "live.pcapng")));
  const report = renumbered(readReport(readFileSync(join(dir, "live.ndjson"), "utf8")), places);
  wrong += judge(VIEWS[0], makeRecording(sides.inside, sides.outside, entries), report);
}
process.exitCode = wrong > 0 ? 1 : 0;

/** Holds a report against what the kernel did, tells what is wrong, and returns how much that is. */
function judge([inside, outside]: readonly [string, string], recording: Recording, report: Report): number {
  const elsewhere = INTERFACES.filter((name) => name !== inside && name !== outside).flatMap(frames);
  const all = [
    ...checkAccounting(recording, report),
    ...checkPairs(recording, report),
    ...checkFlows(recording, report),
    ...findMissed(recording, report),
    ...droppedPairs(recording, report, { log, elsewhere }),
  ];
  const judged = judgeVerdicts(recording, report, { log, elsewhere });
  const problems = all.filter((problem) => !isMissed(problem));
  const falseOnes = judged.filter(({ problem }) => problem !== undefined);
  const count = recording.inside.length + recording.outside.length;
  process.stdout.write(
    `${inside} and ${outside}: ${count} frames, ${report.pairs.length} pairs, ${report.flows.length} flows, ` +
      `${report.ambiguous.length} ambiguous\n`,
  );
  list("wrong", problems);
  list("false verdicts", falseOnes.map(described));
  list("missed", all.filter(isMissed));
  for (const [kind, number] of tally(judged)) process.stdout.write(`  ${String(number).padStart(6)} ${kind}\n`);
  return problems.length + falseOnes.length;
}

function isMissed(problem: string): boolean {
  return problem.startsWith("missed:");
}

function list(what: string, lines: readonly string[]): void {
  process.stdout.write(`  ${lines.length} ${what}\n`);
  for (const line of lines.slice(0, LISTED)) process.stdout.write(`    ${line}\n`);
}

function described({ line, fates, problem }: Judged): string {
  const ends = `${line.proto} ${line.src}.${line.srcPort ?? line.icmpId ?? ""} > ${line.dst}.${line.dstPort ?? ""}`;
  return `${line.side} ${line.frame} ${ends}: ${line.verdict} (${line.reason}), and ${problem}; it is ${fates.join(", ") || "nowhere"}`;
}

function tally(judged: readonly Judged[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { line, fates } of judged) {
    const kind = `${line.side} ${line.verdict} ${line.reason ?? ""}${line.impact ? `, ${line.impact}` : ""}: ${fates.join("+") || "-"}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a.localeCompare(b));
}
