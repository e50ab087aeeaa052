import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isSkipped, root, tools } from "../support/needs.js";

const LAB = fileURLToPath(new URL("../../scripts/lab/lab", import.meta.url));
const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const LAB_NAME = `natcorr-test-${process.pid}`;
const TOOLS = ["ip", "iptables", "conntrack", "tshark", "busybox", "ping", "script", "head", "mount"];

/** An address on the far side of the uplink. */
export const PUBLIC = "180.101.49.11";
/** What natcorr captures on in a lab, unless a test says otherwise. */
export const BOTH = ["docker0", "enp0s3"] as const;
export const ONLY_ICMP = ["--inside-filter", "icmp", "--outside-filter", "icmp"];

/** They bring up the lab and capture in it. */
export const skips = isSkipped("natcorr live in the lab", root, tools(TOOLS, "scripts/lab/install"));
/** In CI the Docker lab is used as well. */
export const KINDS = process.env.CI === undefined ? (["plain"] as const) : (["plain", "docker"] as const);
if (process.env.CI === undefined) console.info("skipped: natcorr live in the Docker lab: needs CI=true");

/** A lab of these tests' own. */
export class Lab {
  /** What its namespaces' names begin with, and its folder's. */
  readonly name = LAB_NAME;
  readonly #kind: string;
  readonly #started: Running[] = [];

  constructor(kind: "plain" | "docker") {
    this.#kind = kind;
    lab("up", kind);
  }

  down(): void {
    lab("down", this.#kind);
  }

  /** Ends what a test that failed has left running: the next one counts what runs. */
  async endAll(): Promise<void> {
    for (const running of this.#started.splice(0)) await running.interrupt();
  }

  /** Runs a command in a place to its end; it must succeed. Gives what it prints. */
  async run(place: string, ...command: readonly string[]): Promise<string> {
    const running = this.start(place, ...command);
    const code = await running.ended;
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${running.stderr}`);
    return running.stdout;
  }

  /** The beginning of a command for a shell that runs a program in a place, from wherever it is started. */
  commandOf(place: string, program: string): string {
    return `nsenter --net=${this.#netns(place)} -- ${program}`;
  }

  /** Starts a command in a place. `lab exec` would read all of the lab's scripts first, each time. */
  start(place: string, ...command: readonly string[]): Running {
    const running = new Running("nsenter", [`--net=${this.#netns(place)}`, "--", ...command]);
    this.#started.push(running);
    return running;
  }

  /** How many processes of this name there are in a place. */
  running(place: string, name: string): number {
    const { ino } = statSync(this.#netns(place));
    return readdirSync("/proc").filter((id) => /^\d+$/.test(id) && isRunning(id, name, ino)).length;
  }

  /** The file that a place's network namespace is known by. */
  #netns(place: string): string {
    return `/run/netns/${LAB_NAME}-${this.#kind}-${place}`;
  }

  /** Starts natcorr on the host, and waits until it captures or has ended. A Docker engine of the machine that tests run on is not asked. */
  async live(...args: readonly string[]): Promise<Running> {
    const running = this.start("dhost", process.execPath, MAIN, "live", "--docker", "off", ...args);
    await running.hasSaid(/capturing on/);
    return running;
  }
}

/** Whether a process of that id has this name, in the network namespace of that inode; it may be gone by now. */
function isRunning(id: string, name: string, netns: number): boolean {
  try {
    return readFileSync(`/proc/${id}/comm`, "utf8") === `${name}\n` && statSync(`/proc/${id}/ns/net`).ino === netns;
  } catch {
    return false;
  }
}

function lab(...args: readonly string[]): void {
  execFileSync("bash", [LAB, ...args], { env: environment(), stdio: ["ignore", "ignore", "pipe"] });
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LAB_NAME, TZ: "UTC" };
}

/** A command that runs in the lab; what is started becomes the command, so a signal reaches it. */
export class Running {
  stdout = "";
  stderr = "";
  /** Its exit code, null where a signal ended it. */
  readonly ended: Promise<number | null>;
  #hasEnded = false;
  readonly #process: ChildProcess;

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stdout?.on("data", (text: Buffer) => (this.stdout += text.toString()));
    this.#process.stderr?.on("data", (text: Buffer) => (this.stderr += text.toString()));
    this.ended = once(this.#process, "close").then(([code]: (number | null)[]) => {
      this.#hasEnded = true;
      return code;
    });
  }

  /** Waits until standard error has this, or standard output, or the end has come. */
  async hasSaid(what: RegExp): Promise<void> {
    while (!this.#hasEnded && !what.test(this.stderr) && !what.test(this.stdout)) await sleep(10);
  }

  signal(name: "SIGINT" | "SIGHUP" | "SIGUSR1" | "SIGTERM" | "SIGKILL"): void {
    this.#process.kill(name);
  }

  /** Ends it as Ctrl-C does. Gives its exit code. */
  async interrupt(): Promise<number | null> {
    this.signal("SIGINT");
    return this.ended;
  }

  /** The lines it has printed, read as JSON. */
  get lines(): Line[] {
    return this.stdout
      .split("\n")
      .filter(Boolean)
      .map((line): Line => JSON.parse(line));
  }

  get pairs(): Line[] {
    return this.lines.filter(({ type }) => type === "pair");
  }

  get summary(): Line | undefined {
    return this.lines.find(({ type }) => type === "summary");
  }
}

/** A line of natcorr's NDJSON, as far as tests look at it. */
export interface Line {
  readonly type: string;
  readonly flow?: number;
  readonly code?: string;
  readonly text?: string;
  readonly count?: number;
  readonly rule?: string;
  readonly proto: string;
  readonly direction: string;
  readonly nat: string;
  readonly verdict: string;
  readonly reason: string;
  readonly side: string;
  readonly latencyNs: number;
  readonly inside: Side;
  readonly outside: Side;
  readonly totals: { readonly inside: Totals; readonly outside: Totals };
}

interface Side {
  readonly frames: readonly number[];
  readonly time: string;
}

interface Totals {
  readonly frames: number;
  readonly paired: number;
  readonly unmatched: number;
  readonly ambiguous: number;
  readonly notIp: number;
  readonly undecodable: number;
}
