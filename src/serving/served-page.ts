import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Look } from "../packets/results/results.js";
import type { PageFacts, PageReport } from "../report/html/page-report.js";
import { RecordLog } from "./record-log.js";

/** A run is looked at no more often than that, and only while somebody waits for it. */
const EVERY_MS = 1000;
/** So many may wait at once: a browser has six connections to a server, and needs some for the rest. */
const MOST_WAITING = 4;
/** What the policy of a page in a file begins with, and of one that may ask whoever served it. */
const ASKS_NOBODY = "default-src 'none';";
const ASKS_ITS_ORIGIN = "default-src 'none'; connect-src 'self';";
const POLICY = /http-equiv="Content-Security-Policy" content="([^"]*)"/;
/** Where a page has its records, and what one has there that asks for them. */
const RECORDS_HERE = "<!--records-->";
const ASKS_FOR_RECORDS = '<template id="served"></template>';

const compress = promisify(gzip);

/** How a run stands: NDJSON, compressed with gzip. */
export interface Standing {
  readonly version: number;
  readonly body: Buffer;
}

type Reported = Pick<PageReport, "soFar">;

interface Waiting {
  readonly isForEnd: boolean;
  readonly answer: (standing: Standing | undefined) => void;
}

/**
 * A page of a run that goes on. It has three parts: what shows it, the records of packets, which are only added to, and how the run stands. That is a line of facts
 * (PageFacts, `said`, `version`, `upTo`: how many bytes of records belong to it, and `isOver`), and the records of flows and totals by now: once the run is over, those are
 * among the others, and there are none. Memory is that of the records a page keeps, compressed, and of one standing.
 */
export class ServedPage {
  readonly html: Buffer;
  /** Its Content-Security-Policy. */
  readonly policy: string;
  readonly records = new RecordLog();
  readonly #waiting = new Set<Waiting>();
  #run: { readonly report: Reported; readonly look: Look } | undefined;
  #said: readonly string[] = [];
  #standing: Standing | undefined;
  #madeMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param template the file that has what shows a page. */
  constructor(template: string) {
    const page = readFileSync(template, "utf8")
      .replace(ASKS_NOBODY, ASKS_ITS_ORIGIN)
      .replace(RECORDS_HERE, ASKS_FOR_RECORDS);
    this.html = Buffer.from(page);
    this.policy = POLICY.exec(page)?.[1] ?? ASKS_NOBODY;
  }

  /** How many wait for something. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Results have begun, and can be looked at. `said`: what is said of the captures, more and more. */
  begin(report: Reported, look: Look, said: readonly string[]): void {
    this.#run = { report, look };
    this.#said = said;
  }

  /** All is known: whoever waits is told. */
  async end(facts: PageFacts): Promise<void> {
    clearTimeout(this.#timer);
    this.#isOver = true;
    await this.#make(facts, []);
    for (const waiting of this.#waiting) waiting.answer(this.#standing);
  }

  /**
   * How the run stands, once that is newer than `after`; by "end", how it ended. Undefined, or what is not newer, where others wait that came later, and where `gone` says that nobody
   * waits any more.
   */
  next(after: number | "end", gone: AbortSignal): Promise<Standing | undefined> {
    const isFresh = this.#isOver || performance.now() - this.#madeMs < EVERY_MS;
    const isNewer = this.#isOver || (after !== "end" && this.#standing !== undefined && this.#standing.version > after);
    if (isFresh && isNewer) return Promise.resolve(this.#standing);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        isForEnd: after === "end",
        answer: (standing) => {
          this.#waiting.delete(waiting);
          resolve(standing);
        },
      };
      gone.addEventListener("abort", () => waiting.answer(undefined), { once: true });
      this.#waiting.add(waiting);
      for (const first of this.#waiting) if (this.#waiting.size > MOST_WAITING) first.answer(undefined);
      this.#lookSoon();
    });
  }

  #lookSoon(): void {
    if (this.#timer !== undefined || this.#isOver) return;
    const isAwaited = [...this.#waiting].some(({ isForEnd }) => !isForEnd);
    if (!isAwaited) return;
    const dueMs = this.#run === undefined ? EVERY_MS : this.#madeMs + EVERY_MS - performance.now();
    this.#timer = setTimeout(() => void this.#lookNow(), Math.max(0, dueMs));
  }

  async #lookNow(): Promise<void> {
    const { report, look } = this.#run ?? {};
    if (report !== undefined && look !== undefined) {
      const { facts, records } = report.soFar(look);
      await this.#make(facts, records);
      for (const waiting of this.#waiting) if (!waiting.isForEnd) waiting.answer(this.#standing);
    }
    this.#timer = undefined;
    this.#lookSoon();
  }

  async #make(facts: PageFacts, records: readonly Uint8Array[]): Promise<void> {
    const isOver = this.#isOver;
    const version = (this.#standing?.version ?? 0) + 1;
    const line = { type: "facts", version, upTo: this.records.length, isOver, ...facts, said: this.#said };
    const text = Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), ...records]);
    const body = await compress(text, { level: 1 });
    // the end does not wait for a look that was under way
    if (this.#isOver && !isOver) return;
    this.#standing = { version, body };
    this.#madeMs = performance.now();
  }
}
