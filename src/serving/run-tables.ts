import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { notWritten } from "../capture/errors.js";
import type { Sink } from "../packets/results/results.js";
import { TablesReport, type TablesOptions } from "../report/parquet/tables-report.js";

/** Digits of a part's number: so many parts are in their order wherever names are sorted. */
const PART_DIGITS = 6;

/**
 * A run's tables in a folder, each a folder of its own with its parts. A part gets its name once all of it is written, so that what has one is whole, however the run
 * ends: the footer of a Parquet file is its end, and one that grows has none.
 */
export class RunTables {
  readonly #path: string;
  readonly #onFailure: (text: string) => void;
  /** How many parts each table has. */
  readonly #parts = new Map<string, number>();
  #report: TablesReport | undefined;
  #hasFailed = false;

  /**
   * The folder is made once results begin, where there is none: by whoever natcorr is by then (-Z).
   *
   * @param onFailure is told where the disk refuses a part: the tables end there, and the run goes on.
   */
  constructor(path: string, onFailure: (text: string) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  /** What makes tables of results, and passes them on; its `begin` throws a CaptureError where the folder cannot be written to. */
  reportFor(options: TablesOptions): (next: Sink) => Sink {
    return (next) => {
      this.#report = new TablesReport(next, (table, parquet) => this.#put(table, parquet), options);
      return this.#report;
    };
  }

  /** Writes what has not been written yet. */
  close(): void {
    this.#report?.flush();
  }

  #put(table: string, parquet: Uint8Array): void {
    if (this.#hasFailed) return;
    const part = this.#parts.get(table) ?? 0;
    const name = `${String(part).padStart(PART_DIGITS, "0")}.parquet`;
    const path = join(this.#path, table, name);
    // readers of whole folders leave out what begins with a dot
    const unfinished = join(this.#path, table, `.${name}`);
    try {
      mkdirSync(join(this.#path, table), { recursive: true });
      writeFileSync(unfinished, parquet);
      renameSync(unfinished, path);
      this.#parts.set(table, part + 1);
    } catch (error) {
      this.#hasFailed = true;
      const failure = notWritten(path, error);
      if (existsSync(unfinished)) rmSync(unfinished);
      // nothing has been read so far
      if (part === 0) throw failure;
      this.#onFailure(`${failure.message}; the tables end there`);
    }
  }
}
