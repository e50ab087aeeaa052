import type { Console } from "./host.js";

/** A read shorter than this shows no progress. */
const FIRST_PROGRESS_MS = 1000;
const PROGRESS_EVERY_MS = 200;
/** Carriage return, and ECMA-48 "erase in line" up to its end. */
const ERASE_LINE = "\r\u001B[K";

/** What is said beside the data: warnings that stay, and a line of progress that goes. */
export class Messages {
  readonly #console: Console;
  #timer: NodeJS.Timeout | undefined;
  #isProgressShown = false;

  constructor(console: Console) {
    this.#console = console;
  }

  warn(text: string): void {
    this.#erase();
    this.#console.write(`natcorr: ${text}\n`);
  }

  /** Shows `text()` again and again until `endProgress`; on a terminal only, and not before a second has gone by. */
  showProgress(text: () => string): void {
    if (!this.#console.isTerminal) return;
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      if (performance.now() - startMs < FIRST_PROGRESS_MS) return;
      this.#console.write(`${ERASE_LINE}natcorr: ${text()}`);
      this.#isProgressShown = true;
    }, PROGRESS_EVERY_MS).unref();
  }

  endProgress(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #erase(): void {
    if (this.#isProgressShown) this.#console.write(ERASE_LINE);
    this.#isProgressShown = false;
  }
}
