import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PAGE_BYTES = 1 << 16;
/** So many pages are in memory, 2 MiB: who reads or writes one mostly goes on behind it. */
const MOST_PAGES = 32;

interface Page {
  readonly bytes: Buffer;
  isChanged: boolean;
}

/**
 * Holds the bytes of a run that are too many for memory, in a file that nobody else sees. The file loses its name as soon as it is open, so nothing of it is left,
 * however the run ends. It lies where the environment wants such files (`TMPDIR`). What was never written reads as zeros.
 */
export class PagedFile {
  readonly #fd: number;
  /** By their place in the file; the one that was used last is the last one. */
  readonly #pages = new Map<number, Page>();

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "natcorr-"));
    try {
      this.#fd = openSync(join(folder, "run"), "wx+", 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Throws as `writeSync` does where the disk refuses. */
  write(at: number, bytes: Uint8Array): void {
    this.#each(at, bytes.length, (page, from, start, end) => {
      page.bytes.set(bytes.subarray(start, end), from);
      page.isChanged = true;
    });
  }

  /** Fills some bytes. Throws as `write` does, as pages may have to make room. */
  read(at: number, into: Uint8Array): void {
    this.#each(at, into.length, (page, from, start, end) => {
      into.set(page.bytes.subarray(from, from + end - start), start);
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Goes through the pages that some bytes are in: where in the page they are, and which of them. */
  #each(at: number, length: number, use: (page: Page, from: number, start: number, end: number) => void): void {
    for (let start = 0; start < length; ) {
      const number = Math.floor((at + start) / PAGE_BYTES);
      const from = at + start - number * PAGE_BYTES;
      const end = Math.min(length, start + PAGE_BYTES - from);
      use(this.#page(number), from, start, end);
      start = end;
    }
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known !== undefined) {
      this.#pages.delete(number);
      this.#pages.set(number, known);
      return known;
    }
    const page = { bytes: this.#roomForPage(), isChanged: false };
    const read = readSync(this.#fd, page.bytes, 0, PAGE_BYTES, number * PAGE_BYTES);
    page.bytes.fill(0, read);
    this.#pages.set(number, page);
    return page;
  }

  /** A page's bytes: of the one that was not used for longest, once there are enough. */
  #roomForPage(): Buffer {
    if (this.#pages.size < MOST_PAGES) return Buffer.alloc(PAGE_BYTES);
    const [[number, { bytes, isChanged }]] = this.#pages;
    this.#pages.delete(number);
    if (isChanged)
      for (let done = 0; done < PAGE_BYTES; )
        done += writeSync(this.#fd, bytes, done, PAGE_BYTES - done, number * PAGE_BYTES + done);
    return bytes;
  }
}
