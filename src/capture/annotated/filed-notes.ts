import type { FrameNote, FrameNotes } from "../../packets/results/frame-notes.js";
import { type Side, SIDES } from "../../packets/sides.js";
import { PagedFile } from "./paged-file.js";

/** A frame's record: where its text is, how long it is in bytes, the frame's number in what is written, and the lead, NaN where it is not known. */
const AT = 0;
const BYTES = 8;
const NUMBER = 12;
const LEAD_NS = 16;
const RECORD_BYTES = 24;

/** Notes of as many frames as captures have: in files, as that may be any number. */
export class FiledNotes implements FrameNotes {
  readonly #texts = new PagedFile();
  /** By side, a record for each frame's number there, from 0 on. */
  readonly #records = SIDES.map(() => new PagedFile());
  readonly #record = Buffer.alloc(RECORD_BYTES);
  /** Up to where there are texts; at 0 none is. */
  #end = 1;
  /** By side: the lead that was noted first. */
  readonly #firstLeadNs: (number | undefined)[] = [];

  put(side: Side, frame: number, { text, leadNs }: FrameNote): void {
    const utf8 = Buffer.from(text);
    this.#texts.write(this.#end, utf8);
    this.#record.writeDoubleLE(this.#end, AT);
    this.#record.writeUInt32LE(utf8.length, BYTES);
    this.#record.writeUInt32LE(0, NUMBER);
    this.#record.writeDoubleLE(leadNs ?? Number.NaN, LEAD_NS);
    this.#records[side].write(frame * RECORD_BYTES, this.#record);
    this.#end += utf8.length;
    this.#firstLeadNs[side] ??= leadNs;
  }

  /** By how much a side's clock was ahead at first, as far as any note tells; nanoseconds. */
  firstLeadNs(side: Side): number {
    return this.#firstLeadNs[side] ?? 0;
  }

  get(side: Side, frame: number): FrameNote | undefined {
    const about = this.about(side, frame);
    if (about === undefined) return undefined;
    const utf8 = Buffer.alloc(this.#record.readUInt32LE(BYTES));
    this.#texts.read(this.#record.readDoubleLE(AT), utf8);
    return { text: utf8.toString(), ...about };
  }

  /** What is noted of a frame but for the text, which takes longer to read; undefined where nothing is. */
  about(side: Side, frame: number): Omit<FrameNote, "text"> | undefined {
    this.#read(side, frame);
    if (this.#record.readDoubleLE(AT) === 0) return undefined;
    const leadNs = this.#record.readDoubleLE(LEAD_NS);
    return { leadNs: Number.isNaN(leadNs) ? undefined : leadNs };
  }

  /** The number that a frame has in what is written of it; 0 where it is not in there. */
  numberOf(side: Side, frame: number): number {
    this.#read(side, frame);
    return this.#record.readUInt32LE(NUMBER);
  }

  setNumber(side: Side, frame: number, number: number): void {
    this.#read(side, frame);
    this.#record.writeUInt32LE(number, NUMBER);
    this.#records[side].write(frame * RECORD_BYTES, this.#record);
  }

  close(): void {
    for (const file of [this.#texts, ...this.#records]) file.close();
  }

  #read(side: Side, frame: number): void {
    this.#records[side].read(frame * RECORD_BYTES, this.#record);
  }
}
