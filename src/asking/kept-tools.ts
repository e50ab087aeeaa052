import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linesOf } from "./lines.js";
import { type FirstLines, MOST_MS, OWN_TOOLS, type Tools } from "./tools.js";

/** What a snapshot has that only root may read. */
const KEPT = [
  ...["iptables", "ip6tables"].flatMap((tool) => [`${tool}-save -c`, `${tool}-save -V`, `${tool}-legacy-save -c`]),
  "nft list ruleset",
  "ipset save",
  "conntrack -S",
  "conntrack -C",
  "conntrack -L -f ipv4",
  "conntrack -L -f ipv6",
];
/** How sh(1) ends what it does not find. */
const NOT_FOUND = 127;
const OVER = "the process that may ask for it has ended";

/** A question that waits for its answer. */
interface Asked {
  /** So many lines are wanted. */
  readonly most: number;
  readonly lines: string[];
  more: number;
  readonly answer: (code: number) => void;
  readonly fail: (why: string) => void;
}

/**
 * Asks some tools by a process that keeps the rights which natcorr had when it was made: it runs these when it is told to, and nothing else, until its input ends. Asks all others as
 * the user that natcorr is.
 */
export class KeptTools implements Tools {
  readonly #kept: readonly string[];
  readonly #teller: ChildProcess;
  /** Stands behind each answer, before how the tool ended: no tool prints it. */
  readonly #end = `# ${randomUUID()} `;
  #asked: Asked | undefined;
  #isOver = false;
  /** Settles when all that was asked so far is answered. */
  #answered: Promise<unknown> = Promise.resolve();

  constructor(kept: readonly string[] = KEPT) {
    this.#kept = kept;
    const cases = kept.map((command, at) => `${at}) ${command};;`).join(" ");
    const answer = `case $asked in ${cases} esac </dev/null 2>/dev/null`;
    const script = `while read -r asked; do ${answer}; printf '\\n%s%s\\n' '${this.#end}' $?; done`;
    // in a session of its own: Ctrl-C is natcorr's, which asks once more
    this.#teller = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"], detached: true });
    for (const each of [this.#teller, this.#teller.stdin]) each?.on("error", () => {});
    linesOf(
      this.#teller.stdout,
      (line) => this.#take(line),
      () => this.#stop(OVER),
    );
  }

  readonly printed = async (tool: string, ...args: readonly string[]): Promise<string> => {
    const { lines } = await this.printedLines(Number.POSITIVE_INFINITY, tool, ...args);
    return lines.map((line) => `${line}\n`).join("");
  };

  readonly printedLines = (most: number, tool: string, ...args: readonly string[]): Promise<FirstLines> => {
    const at = this.#kept.indexOf([tool, ...args].join(" "));
    if (at < 0) return OWN_TOOLS.printedLines(most, tool, ...args);
    const answer = this.#answered.then(() => this.#ask(at, most));
    this.#answered = answer.catch(() => {});
    return answer;
  };

  /** Ends that process. */
  close(): void {
    this.#isOver = true;
    this.#teller.stdin?.end();
  }

  #ask(at: number, most: number): Promise<FirstLines> {
    if (this.#isOver) return Promise.reject(new Error(OVER));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#stop(`did not end within ${MOST_MS / 1000} s`), MOST_MS);
      late.unref();
      const fail = (why: string): void => {
        clearTimeout(late);
        reject(new Error(why));
      };
      const asked: Asked = {
        most,
        lines: [],
        more: 0,
        fail,
        answer: (code) => {
          if (code !== 0) return fail(code === NOT_FOUND ? "not found" : `ended with ${code}`);
          clearTimeout(late);
          resolve(asked);
        },
      };
      this.#asked = asked;
      this.#teller.stdin?.write(`${at}\n`);
    });
  }

  #take(line: string): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    if (line.startsWith(this.#end)) {
      this.#asked = undefined;
      asked.answer(Number(line.slice(this.#end.length)));
    } else if (line === "") return;
    else if (asked.lines.length < asked.most) asked.lines.push(line);
    else asked.more++;
  }

  /** Answers nothing from now on: once an answer is late, nobody knows whose the next one is. */
  #stop(why: string): void {
    this.close();
    this.#asked?.fail(why);
    this.#asked = undefined;
  }
}
