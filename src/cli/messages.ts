import type { Finding } from "../packets/results/findings.js";
import { printable } from "../packets/printable.js";
import { folded } from "../report/text/fold.js";
import type { Console } from "./host.js";

/** A read shorter than this shows no progress. */
const FIRST_PROGRESS_MS = 1000;
const PROGRESS_EVERY_MS = 200;
/** So many lines are kept that were said. */
const MOST_KEPT = 100;
/** ECMA-48: so many lines up, and "erase in page" from the cursor to its end. */
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}A` : "");
const ERASE = "\r\u001B[J";
/** DEC private mode 7, off and on: lines longer than the terminal is wide are cut and take one line only. */
const CUT_LINES = "\u001B[?7l";
const WRAP_LINES = "\u001B[?7h";

/** Says on stderr as well what puts all the rest in doubt, whatever is shown. */
export function sayDoubt({ code, text, hint }: Finding, messages: Messages): void {
  if (code === "swapped-sides") messages.warn(`${text}; ${hint}`);
}

/** What is said beside the data: warnings that stay, and progress that goes. */
export class Messages {
  /** Whether a capture was used only in part. */
  isPartial = false;
  /** What was said, line by line, the first of it. */
  readonly said: string[] = [];
  readonly #console: Console;
  readonly #width: number;
  #timer: NodeJS.Timeout | undefined;
  /** Lines of progress that stand above the cursor's, or -1 where none is shown. */
  #linesAbove = -1;

  /** `width`: columns that a message may take. */
  constructor(console: Console, width: number) {
    this.#console = console;
    this.#width = width;
  }

  /** Says one line, whatever it holds, folded where it is too long. `isDamage`: it is that a capture was used only in part. */
  warn(text: string, isDamage = false): void {
    this.isPartial ||= isDamage;
    if (this.said.length < MOST_KEPT) this.said.push(printable(text));
    this.say(`${folded(`natcorr: ${printable(text)}`, this.#width)}\n`);
  }

  /** Says whole lines that stay. Precondition: they are safe on a terminal. */
  say(lines: string): void {
    this.#erase();
    this.#console.write(lines);
  }

  /**
   * Shows `text()`, one line or several that fit the terminal, again and again in the same place until `endProgress`; on a
   * terminal only, and not before a second has gone by.
   */
  showProgress(text: () => string): void {
    if (!this.#console.isTerminal) return;
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      if (performance.now() - startMs < FIRST_PROGRESS_MS) return;
      const shown = text();
      this.#erase();
      this.#console.write(`${CUT_LINES}${shown}${WRAP_LINES}`);
      this.#linesAbove = shown.split("\n").length - 1;
    }, PROGRESS_EVERY_MS).unref();
  }

  endProgress(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #erase(): void {
    if (this.#linesAbove >= 0) this.#console.write(`${up(this.#linesAbove)}${ERASE}`);
    this.#linesAbove = -1;
  }
}
