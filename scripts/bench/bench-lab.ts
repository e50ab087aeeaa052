import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** What natcorr stands between. */
export const INTERFACES = ["docker0", "enp0s3"] as const;
/** On the far side of the uplink. */
export const PUBLIC = "180.101.49.11";

const LAB = fileURLToPath(new URL("../../../scripts/lab/lab", import.meta.url));

/** A lab under a name of its own, so that it meets no other; takes root. See scripts/lab/README.md. */
export class BenchLab {
  /** Of Docker, in the lab that has it. */
  readonly socket: string;
  readonly #kind: "plain" | "docker";
  readonly #environment: NodeJS.ProcessEnv;

  constructor(name: string, kind: "plain" | "docker" = "plain") {
    this.#kind = kind;
    this.#environment = { ...process.env, LAB_NAME: name };
    this.socket = `/run/natcorr-lab/${name}-${kind}/docker.sock`;
  }

  /** Throws Error where it cannot be brought up. If this process is ended by a signal, the lab goes first. */
  up(): void {
    for (const [signal, number] of [["SIGINT", 2] as const, ["SIGTERM", 15] as const]) {
      process.once(signal, () => {
        this.down();
        // as a shell tells it
        process.exit(128 + number);
      });
    }
    this.#lab("up", this.#kind);
  }

  /** Takes it down, with everything that runs in it. */
  down(): void {
    this.#lab("down", this.#kind);
  }

  /** Runs a command in one of its places to its end. Gives what it prints. */
  run(place: string, ...command: readonly string[]): string {
    return this.#lab("exec", place, ...command);
  }

  /** Starts a command in one of its places. `onOutput` is given what it prints, which else goes to /dev/null. */
  start(place: string, command: readonly string[], onOutput?: (text: Buffer) => void): InLab {
    const child = spawn("bash", [LAB, "exec", place, ...command], {
      stdio: ["ignore", onOutput ? "pipe" : "ignore", "pipe"],
      env: this.#environment,
    });
    if (onOutput) child.stdout?.on("data", onOutput);
    return new InLab(child, command);
  }

  /** Starts one of this benchmark's own commands, as a process of its own. */
  startOwn(place: string, ...args: readonly (string | number)[]): InLab {
    return this.start(place, [process.execPath, process.argv[1], ...args.map(String)]);
  }

  /** Frames that the two interfaces have sent and received so far. */
  framesPassed(): number {
    const counts = INTERFACES.map((name) => {
      const json = this.run("dhost", "ip", "-json", "-stats", "link", "show", name);
      const [{ stats64 }]: [{ stats64: { rx: { packets: number }; tx: { packets: number } } }] = JSON.parse(json);
      return stats64.rx.packets + stats64.tx.packets;
    });
    return sum(counts);
  }

  #lab(...args: readonly string[]): string {
    return execFileSync("bash", [LAB, ...args], { encoding: "utf8", env: this.#environment });
  }
}

/** A process in one of the lab's places. */
export class InLab {
  /** What it said to standard error, once it has ended. Rejects where it failed. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  #said = "";

  constructor(child: ChildProcess, command: readonly string[]) {
    this.#process = child;
    child.stderr?.on("data", (text: Buffer) => {
      this.#said += text.toString();
    });
    this.ended = once(child, "close").then(([code, signal]) => {
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

  /** Its memory now, bytes: proc(5), status. */
  memory(): Memory {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "latin1");
    const bytes = (field: string): number =>
      1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
    return { resident: bytes("VmRSS"), anonymous: bytes("RssAnon") };
  }
}

export interface Memory {
  readonly resident: number;
  /** Without what is mapped from files: JavaScript's heap, its buffers and the C library's heap. */
  readonly anonymous: number;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
