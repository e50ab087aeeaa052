import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Two pages never part a record whose length divides this, and that begins at a multiple of its length. */
export const PAGE_BYTES = 1 << 16;
/** So many pages are in memory, 2 MiB: who reads or writes one mostly goes on behind it. */
export const MOST_PAGES = 32;

/** A part of the file, in memory. */
export interface Page {
  readonly bytes: Buffer;
  readonly view: DataView;
}

interface KeptPage extends Page {
  readonly number: number;
  isChanged: boolean;
}

/**
 * Holds the bytes of a run that are too many for memory, in a file that nobody else sees. The file loses its name as soon as it is open, so nothing of it is left,
 * however the run ends. It lies where the environment wants such files (`TMPDIR`). What was never written reads as zeros.
 */
export class PagedFile {
  readonly #fd: number;
  /** By their place in the file; the one that was used last is the last one. */
  readonly #pages = new Map<number, KeptPage>();
  /** The one that was used last: mostly, that is the next one, too. */
  #last: KeptPage | undefined;

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
    for (let start = 0; start < bytes.length; ) {
      const page = this.pageAt(at + start, true);
      const from = (at + start) % PAGE_BYTES;
      const end = Math.min(bytes.length, start + PAGE_BYTES - from);
      page.bytes.set(bytes.subarray(start, end), from);
      start = end;
    }
  }

  /** Fills some bytes. Throws as `write` does, as pages may have to make room. */
  read(at: number, into: Uint8Array): void {
    for (let start = 0; start < into.length; ) {
      const page = this.pageAt(at + start, false);
      const from = (at + start) % PAGE_BYTES;
      const end = Math.min(into.length, start + PAGE_BYTES - from);
      into.set(page.bytes.subarray(from, from + end - start), start);
      start = end;
    }
  }

  /**
   * The page that a place is in, `at % PAGE_BYTES` from its beginning on; valid until the next one is asked for. Throws as `write` does.
   *
   * @param isToChange whether it is going to be changed.
   */
  pageAt(at: number, isToChange: boolean): Page {
    const number = Math.floor(at / PAGE_BYTES);
    const page = this.#last?.number === number ? this.#last : this.#page(number);
    page.isChanged ||= isToChange;
    this.#last = page;
    return page;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #page(number: number): KeptPage {
    const known = this.#pages.get(number);
    if (known !== undefined) {
      this.#pages.delete(number);
      this.#pages.set(number, known);
      return known;
    }
    const bytes = this.#roomForPage();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const page = { number, bytes, view, isChanged: false };
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
