import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError } from "../../capture/errors.js";
import { RuleHistory } from "../../host/rules/rule-history.js";
import { epochNs } from "./clocks.js";
import { linesOf } from "./lines.js";
import { failureText, MOST_MS, printed } from "./tools.js";

/** What tools print, and how they were called for it. */
interface Printed {
  readonly commands: readonly string[];
  readonly text: string;
}

/**
 * The rules of the host natcorr runs on: those of iptables and ip6tables, with counters, and nft's own.
 *
 * @throws CaptureError where there is no tool, or no permission.
 */
export async function readRules(): Promise<Printed> {
  const problems: string[] = [];
  const questions = {
    "iptables-save": savedRules("iptables"),
    "ip6tables-save": savedRules("ip6tables"),
    nft: said("nft", "list", "ruleset"),
  };
  const asked = await Promise.all(
    Object.entries(questions).map(([name, question]) =>
      question.catch((error: unknown) => void problems.push(`${name}: ${failureText(error)}`)),
    ),
  );
  const answered = asked.filter((each) => each !== undefined);
  if (answered.length === 0)
    throw new CaptureError(
      `the firewall's rules cannot be read (${problems.join("; ")}): run as root, or save them and give the file to --rules`,
    );
  return together(answered);
}

/**
 * What iptables-save prints, or ip6tables-save, with counters. Where it keeps its rules in nft's tables, others may be in those that it had
 * before: both are in force.
 */
export async function savedRules(tool: "iptables" | "ip6tables"): Promise<Printed> {
  const saved = await said(`${tool}-save`, "-c");
  const version = await printed(`${tool}-save`, "-V").catch(() => "");
  if (!version.includes("nf_tables")) return saved;
  const legacy = await said(`${tool}-legacy-save`, "-c").catch(() => undefined);
  return legacy === undefined ? saved : together([saved, legacy]);
}

async function said(tool: string, ...args: readonly string[]): Promise<Printed> {
  return { commands: [[tool, ...args].join(" ")], text: await printed(tool, ...args) };
}

function together(answers: readonly Printed[]): Printed {
  return { commands: answers.flatMap(({ commands }) => commands), text: answers.map(({ text }) => text).join("") };
}

/** How often they are read again where nothing asks for it: tens of thousands take some tenths of a second. */
const EVERY_MS = 10_000;
/** How long the next question waits behind the last, milliseconds: it doubles with each that finds no change, and begins again with one that does. */
const FIRST_PAUSE_MS = 500;
/** What is printed behind all rules, and what is printed where some could not be read. */
const READ = "# natcorr has read them";
const UNREAD = "# natcorr could not read them";

/** Reads the rules of the host, and reads them again from then on, when they may have changed. Throws as `readRules` does. */
export async function followRules(): Promise<RulesFollower> {
  const askedNs = epochNs();
  const { commands, text } = await readRules();
  return new RulesFollower(new RuleHistory(text, askedNs), commands);
}

/** Reads the rules of the host one time after the other. */
export class RulesFollower {
  readonly history: RuleHistory;
  /** Another user, as natcorr is with -Z, may not read them: this process may, and does nothing else, until its input ends. */
  readonly #teller: ChildProcess;
  #lines: string[] = [];
  #askedNs = 0n;
  #isOver = false;
  #end: () => void = () => {};
  /** Resolves when what was asked for last was read. */
  #read = Promise.resolve();
  #pauseMs = FIRST_PAUSE_MS;
  #nextMs = 0;
  #dueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `commands`: what prints the rules, one after the other. */
  constructor(history: RuleHistory, commands: readonly string[]) {
    this.history = history;
    history.onQuestion = () => this.ask();
    const script = `while read -r _; do { ${commands.join(" && ")}; } </dev/null && echo '${READ}' || echo '${UNREAD}'; done`;
    // in a session of its own: Ctrl-C is natcorr's, which still wants to read them
    this.#teller = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"], detached: true });
    for (const each of [this.#teller, this.#teller.stdin]) each?.on("error", () => {});
    linesOf(
      this.#teller.stdout,
      (line) => this.#take(line),
      () => {
        this.#isOver = true;
        this.#end();
      },
    );
    this.#askIn(EVERY_MS);
  }

  /** Has them read again soon: they may have changed. */
  ask(): void {
    this.#askIn(Math.max(0, this.#nextMs - Date.now()));
  }

  /** Has them read for the last time. Waits for it no longer than for any tool. */
  async readAtEnd(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.race([this.#readNow(), sleep(MOST_MS, undefined, { ref: false })]);
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#teller.stdin?.end();
  }

  /** Reads them then, unless that is done sooner. */
  #askIn(ms: number): void {
    const dueMs = Date.now() + ms;
    if (this.#isOver || (this.#timer !== undefined && this.#dueMs <= dueMs)) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#readNow().then(() => this.#askIn(EVERY_MS));
    }, ms);
    this.#timer.unref();
  }

  #readNow(): Promise<void> {
    this.#read = this.#read.then(() => {
      if (this.#isOver) return undefined;
      this.#askedNs = epochNs();
      this.#teller.stdin?.write("\n");
      return new Promise((resolve) => (this.#end = resolve));
    });
    return this.#read;
  }

  #take(line: string): void {
    if (line !== READ && line !== UNREAD) {
      this.#lines.push(line);
      return;
    }
    const text = this.#lines.map((each) => `${each}\n`).join("");
    this.#lines = [];
    const hasChanged = line === READ && this.history.take(text, this.#askedNs, epochNs());
    this.#pauseMs = hasChanged ? FIRST_PAUSE_MS : Math.min(2 * this.#pauseMs, EVERY_MS);
    this.#nextMs = Date.now() + this.#pauseMs;
    this.#end();
  }
}
