import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a command cost. */
export interface Cost {
  readonly wallS: number;
  /** User and system time, of the command and all it waited for. */
  readonly cpuS: number;
  /** Most memory resident, summed over the command's processes, MiB. */
  readonly peakMiB: number;
}

/** How often memory is looked at. The kernel keeps each process' high-water mark (VmHWM, proc(5)), so only the last 20 ms can hide. */
const POLL_MS = 20;

/** bash's `time` has the CPU time of children, which Node does not tell; its report goes to descriptor 3. */
const TIMED = `exec 4>&2 2>&3; TIMEFORMAT="%3R %3U %3S"; time "$@" >"$OUTPUT" 2>&4`;

/** What Node takes from its environment before it runs anything (node(1)): a bundle of certificates, say, takes 36 ms to parse. */
const NOTHING_FOR_NODE = { NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined };

/**
 * Runs a command to its end, without what the environment has for Node. Its standard output goes to a file, /dev/null unless
 * told otherwise.
 *
 * @throws Error with what it wrote to standard error where it fails.
 */
export async function measure(command: readonly string[], output = "/dev/null"): Promise<Cost> {
  const shell = spawn("bash", ["-c", TIMED, "bash", ...command], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, ...NOTHING_FOR_NODE, OUTPUT: output, LC_ALL: "C" },
  });
  let errors = "";
  let times = "";
  shell.stdio[2]?.on("data", (text: Buffer) => {
    errors = (errors + text.toString()).slice(-2000);
  });
  shell.stdio[3]?.on("data", (text: Buffer) => {
    times += text.toString();
  });
  let peakKiB = 0;
  const poll = setInterval(() => {
    if (shell.pid !== undefined) peakKiB = Math.max(peakKiB, treePeakKiB(shell.pid));
  }, POLL_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    shell.on("close", resolve);
    shell.on("error", reject);
  }).finally(() => clearInterval(poll));
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${errors}`);
  const [wallS, userS, systemS] = times.trim().split(" ").map(Number);
  return { wallS, cpuS: userS + systemS, peakMiB: peakKiB / 1024 };
}

/** High-water marks of a process' descendants, summed, KiB; processes that ended meanwhile count as 0. */
function treePeakKiB(pid: number): number {
  let sum = 0;
  for (const child of childrenOf(pid)) sum += peakKiB(child) + treePeakKiB(child);
  return sum;
}

function childrenOf(pid: number): number[] {
  try {
    // A child belongs to the thread that started it.
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function peakKiB(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Runs each command once, then each again: a slow moment of the machine hits all alike. @returns the fastest run of each. */
export async function inTurn(commands: readonly (() => Promise<Cost>)[], runs: number): Promise<Cost[]> {
  const best: Cost[] = [];
  for (let run = 0; run < runs; run++) {
    for (const [i, command] of commands.entries()) {
      const cost = await command();
      const before = best[i] ?? cost;
      // Memory is judged by its worst run, time by its best.
      best[i] = { ...(before.wallS < cost.wallS ? before : cost), peakMiB: Math.max(cost.peakMiB, before.peakMiB) };
    }
  }
  return best;
}

/** What reading two captures and writing them nowhere costs. */
export async function rawTwice(inside: string, outside: string): Promise<Cost> {
  return added(await raw(inside), await raw(outside));
}

function raw(path: string): Promise<Cost> {
  return measure(["tcpdump", "-r", path, "-w", "/dev/null"]);
}

function added(a: Cost, b: Cost): Cost {
  return { wallS: a.wallS + b.wallS, cpuS: a.cpuS + b.cpuS, peakMiB: Math.max(a.peakMiB, b.peakMiB) };
}
