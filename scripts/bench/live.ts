import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { percent, table } from "./table.js";

export interface LiveBenchOptions {
  /** Packets a flood sends. */
  readonly packets: number;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

/** What stands at both ends of the flood, and a lab of its own for it. */
const INTERFACES = ["docker0", "enp0s3"] as const;
const SINK = { address: "180.101.49.11", port: 9999 };
const PAYLOAD_BYTES = 64;
const LAB_NAME = "natcorr-bench";
const LAB = fileURLToPath(new URL("../../../scripts/lab/lab", import.meta.url));
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
  lab("up", "plain");
  try {
    const sink = ownCommand("wan", "sink", SINK.port);
    await sink.hasSaid(/listening/);
    const rows: string[][] = [];
    for (const capturer of capturers(natcorr, folder)) {
      const cost = await measured(capturer, packets);
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
    lab("down", "plain");
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

async function measured({ commands, ready }: Capturer, packets: number): Promise<Flood> {
  const capturers = commands.map((command) => new InLab("dhost", command));
  for (const one of capturers) await one.hasSaid(ready);
  await sleep(SETTLE_MS);
  const passedBefore = framesPassed();
  const cpuBefore = sum(capturers.map((one) => one.cpuNs()));
  const startMs = performance.now();
  await ownCommand("c1", "flood", SINK.address, SINK.port, packets, PAYLOAD_BYTES).ended;
  const seconds = (performance.now() - startMs) / 1000;
  await sleep(SETTLE_MS);
  const cpuNs = sum(capturers.map((one) => one.cpuNs())) - cpuBefore;
  const passed = framesPassed() - passedBefore;
  for (const one of capturers) one.end("SIGINT");
  const texts = await Promise.all(capturers.map((one) => one.ended));
  const counts = [...texts.join("").matchAll(CAPTURED)].map(([, count]) => Number(count));
  if (counts.length !== INTERFACES.length) throw new Error(`no counts: ${texts.join("")}`);
  // a frame that is not of the flood (ARP) may be captured beside it
  return { passed, captured: Math.min(passed, sum(counts)), cpuNs, seconds };
}

/** A process in one of the lab's namespaces. What it prints goes to /dev/null. */
class InLab {
  /** What it said to standard error, once it has ended. Rejects where it failed. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  #said = "";

  constructor(place: string, command: readonly string[]) {
    this.#process = spawn("bash", [LAB, "exec", place, ...command], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, LAB_NAME },
    });
    this.#process.stderr?.on("data", (text: Buffer) => {
      this.#said += text.toString();
    });
    this.ended = once(this.#process, "close").then(([code, signal]) => {
      if (code !== 0 && signal !== "SIGTERM") throw new Error(`${command.join(" ")} failed: ${this.#said}`);
      return this.#said;
    });
  }

  async hasSaid(what: RegExp): Promise<void> {
    while (!what.test(this.#said)) await Promise.race([sleep(20), this.ended]);
  }

  end(signal: "SIGINT" | "SIGTERM"): void {
    this.#process.kill(signal);
  }

  /** CPU time of all its threads so far; proc(5), schedstat. `lab exec` becomes the command, so the process is the command. */
  cpuNs(): number {
    const tasks = `/proc/${this.#process.pid}/task`;
    return sum(
      readdirSync(tasks).map((thread) => Number.parseInt(readFileSync(`${tasks}/${thread}/schedstat`, "latin1"), 10)),
    );
  }
}

/** One of this benchmark's own commands, as a process of its own. */
function ownCommand(place: string, ...args: readonly (string | number)[]): InLab {
  return new InLab(place, [process.execPath, process.argv[1], ...args.map(String)]);
}

/** Frames that the interfaces have sent and received. */
function framesPassed(): number {
  const counts = INTERFACES.map((name) => {
    const json = lab("exec", "dhost", "ip", "-json", "-stats", "link", "show", name);
    const [{ stats64 }]: [{ stats64: { rx: { packets: number }; tx: { packets: number } } }] = JSON.parse(json);
    return stats64.rx.packets + stats64.tx.packets;
  });
  return sum(counts);
}

function lab(...args: readonly string[]): string {
  return execFileSync("bash", [LAB, ...args], { encoding: "utf8", env: { ...process.env, LAB_NAME } });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
