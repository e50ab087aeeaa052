import { bytes } from "../../packets/memory/layout.js";
import type { FrameNote, FrameNotes } from "../../packets/results/frame-notes.js";
import { type Side, SIDES } from "../../packets/sides.js";
import type { Comment } from "./comment.js";
import { MOST_PAGES, PAGE_BYTES, type Page, PagedFile } from "./paged-file.js";

/** A frame's record: where its text is, the lead, the latency, how long the text is in bytes, and the twin. */
const AT = bytes(8);
const LEAD_NS = bytes(8);
const LATENCY_NS = bytes(8);
const TEXT_BYTES = bytes(4);
const TWIN = bytes(4);
/** Pages are filled with whole ones. */
const RECORD_BYTES = bytes(0);
/** A frame's number in what is written. */
const NUMBER_BYTES = 4;
/** A text is filed again once so much lies behind it, as by then it may not be in memory any more with what is read beside it. */
const NEAR_BYTES = (MOST_PAGES / 2) * PAGE_BYTES;

/** Notes of as many frames as captures have: in files, as that may be any number. */
export class FiledNotes implements FrameNotes {
  readonly #texts = new PagedFile();
  /** By side, a record for each frame's number there, from 0 on. */
  readonly #records = SIDES.map(() => new PagedFile());
  readonly #numbers = SIDES.map(() => new PagedFile());
  /** Up to where there are texts; at 0 none is. */
  #end = 1;
  /** Where those are that were filed last, and how long, bytes. */
  readonly #filed = new Map<string, { readonly at: number; readonly bytes: number }>();
  /** Where the first of these is. */
  #filedFrom = 1;
  /** By side: the lead that was noted first. */
  readonly #firstLeadNs: number[] = SIDES.map(() => Number.NaN);
  /** The lead of the frame that `isNoted` was asked about last, nanoseconds; NaN where that is not known. */
  leadNs = Number.NaN;

  put(side: Side, frame: number, text: string, leadNs: number, twin = 0, latencyNs = 0): void {
    const { at, bytes } = this.#file(text);
    const place = frame * RECORD_BYTES;
    const { view } = this.#records[side].pageAt(place, true);
    const from = place % PAGE_BYTES;
    view.setFloat64(from + AT, at, true);
    view.setFloat64(from + LEAD_NS, leadNs, true);
    view.setFloat64(from + LATENCY_NS, latencyNs, true);
    view.setUint32(from + TEXT_BYTES, bytes, true);
    view.setUint32(from + TWIN, twin, true);
    if (Number.isNaN(this.#firstLeadNs[side])) this.#firstLeadNs[side] = leadNs;
  }

  /** By how much a side's clock was ahead at first, as far as any note tells; nanoseconds. */
  firstLeadNs(side: Side): number {
    return this.#firstLeadNs[side] || 0;
  }

  get(side: Side, frame: number): FrameNote | undefined {
    if (!this.isNoted(side, frame)) return undefined;
    const { leadNs } = this;
    const { view } = this.#record(side, frame);
    const from = (frame * RECORD_BYTES) % PAGE_BYTES;
    const utf8 = Buffer.alloc(view.getUint32(from + TEXT_BYTES, true));
    this.#texts.read(view.getFloat64(from + AT, true), utf8);
    return { text: utf8.toString(), leadNs };
  }

  /** Whether anything is noted of a frame; sets `leadNs`. */
  isNoted(side: Side, frame: number): boolean {
    const { view } = this.#record(side, frame);
    const from = (frame * RECORD_BYTES) % PAGE_BYTES;
    const isNoted = view.getFloat64(from + AT, true) !== 0;
    this.leadNs = isNoted ? view.getFloat64(from + LEAD_NS, true) : Number.NaN;
    return isNoted;
  }

  /** Makes a frame's comment of what is noted of it; an empty one where nothing is. */
  spell(side: Side, frame: number, comment: Comment): void {
    const { view } = this.#record(side, frame);
    const from = (frame * RECORD_BYTES) % PAGE_BYTES;
    const at = view.getFloat64(from + AT, true);
    if (at === 0) return comment.clear();
    const bytes = view.getUint32(from + TEXT_BYTES, true);
    const twin = view.getUint32(from + TWIN, true);
    const latencyNs = view.getFloat64(from + LATENCY_NS, true);
    const inPage = at % PAGE_BYTES;
    if (inPage + bytes <= PAGE_BYTES) {
      const page = this.#texts.pageAt(at, false);
      comment.spell(page.bytes, inPage, inPage + bytes, side, twin, latencyNs);
    } else {
      const utf8 = Buffer.alloc(bytes);
      this.#texts.read(at, utf8);
      comment.spell(utf8, 0, bytes, side, twin, latencyNs);
    }
  }

  /** The number that a frame has in what is written of it; 0 where it is not in there. */
  numberOf(side: Side, frame: number): number {
    const place = frame * NUMBER_BYTES;
    return this.#numbers[side].pageAt(place, false).view.getUint32(place % PAGE_BYTES, true);
  }

  setNumber(side: Side, frame: number, number: number): void {
    const place = frame * NUMBER_BYTES;
    this.#numbers[side].pageAt(place, true).view.setUint32(place % PAGE_BYTES, number, true);
  }

  close(): void {
    for (const file of [this.#texts, ...this.#records, ...this.#numbers]) file.close();
  }

  #record(side: Side, frame: number): Page {
    return this.#records[side].pageAt(frame * RECORD_BYTES, false);
  }

  /** Where a text is, which is filed if it was not lately. */
  #file(text: string): { readonly at: number; readonly bytes: number } {
    const known = this.#filed.get(text);
    if (known !== undefined) return known;
    const utf8 = Buffer.from(text);
    const at = this.#end;
    this.#texts.write(at, utf8);
    this.#end += utf8.length;
    if (this.#end - this.#filedFrom > NEAR_BYTES) {
      this.#filed.clear();
      this.#filedFrom = at;
    }
    const filed = { at, bytes: utf8.length };
    this.#filed.set(text, filed);
    return filed;
  }
}
