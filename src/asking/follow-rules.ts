import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CaptureError } from "../capture/errors.js";
import { type RuleEvent, RuleHistory } from "../host/rules/times/rule-history.js";
import { OWN_TABLES } from "../host/rules/rules-text.js";
import { epochNs } from "../capture/live/now.js";
import { linesOf } from "./lines.js";
import { MOST_SET_LINES } from "../host/rules/ipsets.js";
import { failureText, MOST_MS, OWN_TOOLS, type Tools } from "./tools.js";

/** What a rule of iptables has that asks for a set. */
const ASKING_FOR_SETS = " --match-set ";

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
    // with handles, by which a trace calls those that came meanwhile
    nft: said(OWN_TOOLS, "nft", "-a", "list", "ruleset"),
  };
  const asked = await Promise.all(
    Object.entries(questions).map(([name, question]) =>
      question.catch((error: unknown) => void problems.push(`${name}: ${failureText(error)}`)),
    ),
  );
  const answered = asked.filter((each) => each !== undefined);
  const sets = await savedSets(answered).catch((error: unknown) => void problems.push(`ipset: ${failureText(error)}`));
  if (answered.length === 0)
    throw new CaptureError(
      `the firewall's rules cannot be read (${problems.join("; ")}): run as root, or save them and give the file to --rules`,
    );
  const { commands, text } = together(answered);
  return { commands, text: text + (sets ?? []).map((line) => `${line}\n`).join("") };
}

/**
 * The sets that rules of iptables ask for (ipset(8)), by line; undefined where none does.
 *
 * @throws an Error that says in one line why there are none.
 */
export async function savedSets(
  rules: readonly { readonly text: string }[],
  { printedLines }: Tools = OWN_TOOLS,
): Promise<readonly string[] | undefined> {
  if (!rules.some(({ text }) => text.includes(ASKING_FOR_SETS))) return undefined;
  const { lines, more } = await printedLines(MOST_SET_LINES, "ipset", "save");
  if (more > 0) throw new Error(`the sets have more than ${MOST_SET_LINES} lines`);
  return lines;
}

/**
 * What iptables-save prints, or ip6tables-save, with counters. Where it keeps its rules in nft's tables, others may be in those that it had
 * before: both are in force.
 */
export async function savedRules(tool: "iptables" | "ip6tables", tools: Tools = OWN_TOOLS): Promise<Printed> {
  const saved = await said(tools, `${tool}-save`, "-c");
  const version = await tools.printed(`${tool}-save`, "-V").catch(() => "");
  if (!version.includes("nf_tables")) return saved;
  const legacy = await said(tools, `${tool}-legacy-save`, "-c").catch(() => undefined);
  return legacy === undefined ? saved : together([saved, legacy]);
}

async function said({ printed }: Tools, tool: string, ...args: readonly string[]): Promise<Printed> {
  return { commands: [[tool, ...args].join(" ")], text: await printed(tool, ...args) };
}

function together(answers: readonly Printed[]): Printed {
  return { commands: answers.flatMap(({ commands }) => commands), text: answers.map(({ text }) => text).join("") };
}

/** How often they are read again at least: tens of thousands take some tenths of a second. */
const EVERY_MS = 10_000;
/**
 * How long the next question waits behind the last, milliseconds: it doubles with each that finds no change, and begins again with one that does. So what rules
 * that stand for a moment count is read a few times …
 */
const FIRST_PAUSE_MS = 500;
/** … but a question waits this many times as long as the last one took: a host whose rules change all the time has other things to do. */
const PAUSES_A_READING = 4;
const NS_PER_MS = 1_000_000;
/** So much later it is heard of a change, at the most: a quarter of a second was too little where twenty processes wanted two processors. */
const LATE_NS = 1_000_000_000n;
/** What is printed behind all rules, and what is printed where some could not be read. */
const READ = "# natcorr has read them";
const UNREAD = "# natcorr could not read them";
/** Says on descriptor 3 as the kernel takes other rules, those of iptables where these are in nft's tables, until its input ends (nft(8), "Monitor"). */
const MONITOR = "nft monitor </dev/null >&3 3>&- &";
/** What it says that changes rules, and not only elements of sets; natcorr's own table is none of them. */
const CHANGE = new RegExp(`^(?:add|insert|replace|delete|destroy|flush) (?!element )(?!.* ${OWN_TABLES})`);
/** Of that, what adds alone, or takes away alone. */
const ADDS = /^(?:add|insert) /;
const REMOVES = /^(?:delete|destroy|flush) /;

/** Reads the rules of the host, and reads them again from then on, when they may have changed. Throws as `readRules` does. */
export async function followRules(): Promise<RulesFollower> {
  const askedNs = epochNs();
  const { commands, text } = await readRules();
  return new RulesFollower(new RuleHistory(text, askedNs, epochNs()), commands);
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
  #firstPauseMs = FIRST_PAUSE_MS;
  #pauseMs = FIRST_PAUSE_MS;
  /** When they were read last. */
  #lastMs = 0;
  #dueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `commands`: what prints the rules, one after the other. */
  constructor(history: RuleHistory, commands: readonly string[]) {
    this.history = history;
    history.onQuestion = () => this.ask();
    const sets = `case $rules in *'${ASKING_FOR_SETS}'*) ipset save </dev/null 3>&- | head -n ${MOST_SET_LINES + 1};; esac`;
    const read = `rules=$({ ${commands.join(" && ")}; } </dev/null 3>&-) && { printf '%s\\n' "$rules"; ${sets}; }`;
    const reading = `while read -r _; do ${read} && echo '${READ}' || echo '${UNREAD}'; done`;
    const script = commands.some((each) => each.startsWith("nft ")) ? `${MONITOR}\n${reading}\nkill $!` : reading;
    // in a session of its own: Ctrl-C is natcorr's, which still wants to read them
    this.#teller = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore", "pipe"], detached: true });
    for (const each of [this.#teller, this.#teller.stdin]) each?.on("error", () => {});
    linesOf(this.#teller.stdio[3], (line) => {
      if (CHANGE.test(line)) this.#hear(ADDS.test(line) ? "came" : REMOVES.test(line) ? "went" : "both");
    });
    linesOf(
      this.#teller.stdout,
      (line) => this.#take(line),
      () => {
        this.#isOver = true;
        this.#end();
      },
    );
    this.#askIn(this.#pauseMs);
  }

  /** Has them read again soon: they may have changed. */
  ask(): void {
    this.#askIn(Math.max(0, this.#lastMs + this.#pauseMs - Date.now()));
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

  /** They have changed: however long nothing was found before, there is something now. */
  #hear(event: RuleEvent): void {
    const nowNs = epochNs();
    this.history.hear(nowNs - LATE_NS, nowNs, event);
    this.#pauseMs = this.#firstPauseMs;
    this.ask();
  }

  /** Reads them then, unless that is done sooner. */
  #askIn(ms: number): void {
    const dueMs = Date.now() + ms;
    if (this.#isOver || (this.#timer !== undefined && this.#dueMs <= dueMs)) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#readNow().then(() => this.#askIn(this.#pauseMs));
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
    const nowNs = epochNs();
    const hasChanged = line === READ && this.history.take(text, this.#askedNs, nowNs);
    this.#firstPauseMs = Math.max(FIRST_PAUSE_MS, (PAUSES_A_READING * Number(nowNs - this.#askedNs)) / NS_PER_MS);
    this.#pauseMs = hasChanged ? this.#firstPauseMs : Math.min(2 * this.#pauseMs, EVERY_MS);
    this.#lastMs = Date.now();
    this.#end();
  }
}
