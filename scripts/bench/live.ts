import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchLab, INTERFACES, PUBLIC, sum } from "./bench-lab.js";
import { percent, table } from "./table.js";

export interface LiveBenchOptions {
  /** Packets a flood sends. */
  readonly packets: number;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

const LAB_NAME = "natcorr-bench";
const SINK_PORT = 9999;
const PAYLOAD_BYTES = 64;
/** Of tcpdump and natcorr alike; natcorr's default. */
const BUFFER_KIB = "32768";
/** By then every capturer has read what a flood has left in its ring. */
const SETTLE_MS = 1500;
/** What tcpdump and natcorr say in the end, once for each interface. */
const CAPTURED = /(\d+) packets? captured/g;

/** Something that captures on both interfaces, as one process or one for each. */
interface Capturer {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  /** What standard error says once it captures. */
  readonly ready: RegExp;
}

interface Flood {
  /** Frames that passed the two interfaces. */
  readonly passed: number;
  readonly captured: number;
  readonly cpuNs: number;
  readonly seconds: number;
}

/**
 * Floods a NAT between docker0 and enp0s3 in a lab of its own, once for each capturer, and prints loss and CPU time as
 * Markdown. Takes root. The packets stay in the lab's namespaces.
 *
 * @throws Error where the lab cannot be brought up, or a capturer fails.
 */
export async function live({ packets, natcorr }: LiveBenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "natcorr-live-"));
  const lab = new BenchLab(LAB_NAME);
  lab.up();
  try {
    const sink = lab.startOwn("wan", "sink", SINK_PORT);
    await sink.hasSaid(/listening/);
    const rows: string[][] = [];
    for (const capturer of capturers(natcorr, folder)) {
      const cost = await measured(lab, capturer, packets);
      rows.push([
        capturer.name,
        (cost.passed / cost.seconds / 1000).toFixed(0),
        String(cost.passed),
        percent(1 - cost.captured / cost.passed),
        (cost.cpuNs / cost.passed / 1000).toFixed(2),
      ]);
    }
    const headings = ["", "kpps, both", "frames passed", "lost", "CPU µs a frame"];
    process.stdout.write(table(headings, rows));
    sink.end("SIGTERM");
    await sink.ended;
  } finally {
    lab.down();
    rmSync(folder, { recursive: true });
  }
}

function capturers(natcorr: string, folder: string): Capturer[] {
  const live = (...options: string[]): Capturer => ({
    name: `\`natcorr live ${options.join(" ").replace(folder, "…")}\``,
    commands: [[process.execPath, natcorr, "live", ...INTERFACES, ...options]],
    ready: /capturing on/,
  });
  return [
    {
      name: `two \`tcpdump -B ${BUFFER_KIB} -w …\``,
      commands: INTERFACES.map((name) => {
        const file = join(folder, `${name}.pcap`);
        return ["tcpdump", "-i", name, "-B", BUFFER_KIB, "--time-stamp-precision=nano", "-Z", "root", "-w", file];
      }),
      ready: /listening on/,
    },
    live("-q"),
    live("-q", "-w", join(folder, "both.pcapng")),
    live("--format", "ndjson"),
    live("-q", "--engine", "cap"),
  ];
}

async function measured(lab: BenchLab, { commands, ready }: Capturer, packets: number): Promise<Flood> {
  const capturers = commands.map((command) => lab.start("dhost", command));
  for (const one of capturers) await one.hasSaid(ready);
  await sleep(SETTLE_MS);
  const passedBefore = lab.framesPassed();
  const cpuBefore = sum(capturers.map((one) => one.cpuNs()));
  const startMs = performance.now();
  await lab.startOwn("c1", "flood", PUBLIC, SINK_PORT, packets, PAYLOAD_BYTES).ended;
  const seconds = (performance.now() - startMs) / 1000;
  await sleep(SETTLE_MS);
  const cpuNs = sum(capturers.map((one) => one.cpuNs())) - cpuBefore;
  const passed = lab.framesPassed() - passedBefore;
  for (const one of capturers) one.end("SIGINT");
  const texts = await Promise.all(capturers.map((one) => one.ended));
  const counts = [...texts.join("").matchAll(CAPTURED)].map(([, count]) => Number(count));
  if (counts.length !== INTERFACES.length) throw new Error(`no counts: ${texts.join("")}`);
  // a frame that is not of the flood (ARP) may be captured beside it
  return { passed, captured: Math.min(passed, sum(counts)), cpuNs, seconds };
}
