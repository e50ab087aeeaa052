import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import { type CaptureError, notWritten } from "../capture/errors.js";
import type { PageFacts } from "../report/html/page-report.js";

/** Where a page has its records: `scripts/page.mjs` puts it there. */
const RECORDS_HERE = "<!--records-->";
/** So many bytes of records are compressed together, and as many as come at once beyond that. */
const CHUNK_BYTES = 1 << 19;
const ROOM_BYTES = CHUNK_BYTES + (1 << 17);
/** As they are compressed beside the run; where flows come faster than that, whoever brings them does it. */
const MOST_UNDER_WAY = 12;
/** zlib's 3 takes less than half the time of its 6, and a fifth more room. */
const GZIP = { level: 3 };

const compress = promisify(gzip);

/**
 * A page in a file, which is written while the run goes on: what shows it, then its records, then the rest of what it says. Records are NDJSON, compressed with gzip
 * in chunks and in base64: nothing of what is in them means anything to whoever reads HTML.
 */
export class HtmlPage {
  readonly #path: string;
  readonly #fd: number;
  readonly #behind: string;
  #chunk = Buffer.allocUnsafeSlow(ROOM_BYTES);
  #bytes = 0;
  #underWay = 0;
  /** Chunks are written in their order, each when it is compressed. */
  #written: Promise<void> = Promise.resolve();
  #failure: CaptureError | undefined;

  /**
   * Creates the file, or empties it.
   *
   * @param template the file that has what shows a page.
   * @throws CaptureError where the file cannot be created.
   */
  constructor(path: string, template: string) {
    this.#path = path;
    const [before, behind] = readFileSync(template, "utf8").split(RECORDS_HERE);
    this.#behind = behind;
    try {
      this.#fd = openSync(path, "w");
    } catch (error) {
      throw notWritten(path, error);
    }
    this.#put(before);
  }

  /** Takes records; the bytes are copied. */
  take(records: Uint8Array): void {
    if (this.#bytes + records.length > this.#chunk.length) this.#compress();
    if (records.length > this.#chunk.length) this.#chunk = Buffer.allocUnsafeSlow(records.length);
    this.#chunk.set(records, this.#bytes);
    this.#bytes += records.length;
    if (this.#bytes >= CHUNK_BYTES) this.#compress();
  }

  /**
   * Writes the rest, once results have ended. `said`: what was said of the captures meanwhile.
   *
   * @throws CaptureError where the disk refused any of it.
   */
  async finish(facts: PageFacts, said: readonly string[]): Promise<void> {
    this.#compress();
    await this.#written;
    // nothing in JSON that is to be read by a page may end its element
    const json = JSON.stringify({ ...facts, said }).replaceAll("<", String.raw`\u003c`);
    this.#put(`<script id="facts" type="application/json">${json}</script>\n${this.#behind}`);
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #compress(): void {
    if (this.#bytes === 0) return;
    const chunk = this.#chunk.subarray(0, this.#bytes);
    this.#bytes = 0;
    if (this.#underWay < MOST_UNDER_WAY) {
      this.#underWay++;
      this.#putRecords(compress(chunk, GZIP).finally(() => this.#underWay--));
      this.#chunk = Buffer.allocUnsafeSlow(ROOM_BYTES);
    } else this.#putRecords(gzipSync(chunk, GZIP));
  }

  #putRecords(compressed: Buffer | Promise<Buffer>): void {
    this.#written = this.#written.then(async () => {
      const base64 = (await compressed).toString("base64");
      this.#put(`<script class="records" type="application/gzip">${base64}</script>\n`);
    });
  }

  /** What the disk refuses ends the page, not the run. */
  #put(text: string): void {
    if (this.#failure !== undefined) return;
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#failure = notWritten(this.#path, error);
    }
  }
}
