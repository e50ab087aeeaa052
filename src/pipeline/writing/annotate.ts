import { Comment } from "../../capture/annotated/comment.js";
import type { FiledNotes } from "../../capture/annotated/filed-notes.js";
import type { PcapngWriter } from "../../capture/pcapng-writer.js";
import type { FrameBatch, FrameSource } from "../../packets/batches/frames.js";
import { FramePlaces } from "../../packets/frame-places.js";
import { Heap } from "../../packets/memory/heap.js";
import { type Side, SIDES } from "../../packets/sides.js";
import type { Captures } from "../captures.js";
import { openCaptures } from "../open-captures.js";

/**
 * Reads captures again, and writes the frames of both sides, each with what is noted of it as its comment: in order of time on the inside's clock, and each capture's
 * in its own order, with their own stamps. Frames that comments name are called by their numbers in what is written; for that, the captures are read twice.
 *
 * @param isAll whether frames are written of which nothing is noted.
 * @throws CaptureError where a capture cannot be read any more, or the file not be written.
 */
export async function annotate(from: Captures, writer: PcapngWriter, notes: FiledNotes, isAll: boolean): Promise<void> {
  const each = (see: (cursor: Cursor) => void): Promise<readonly Cursor[]> =>
    eachFrame(from, notes, (cursor) => {
      if (isAll || cursor.isNoted) see(cursor);
    });
  let count = 0;
  await each(({ side, frame }) => notes.setNumber(side, frame, ++count));
  const comment = new Comment((side, frame) => notes.numberOf(side, frame));
  const cursors = await each((cursor) => {
    notes.spell(cursor.side, cursor.frame, comment);
    cursor.write(writer, comment);
  });
  // as they are described
  const interfaces = cursors.flatMap((cursor) => cursor.written).toSorted((one, other) => one.index - other.index);
  for (const { index, lost, lastNs } of interfaces) writer.statistics(index, lost, lastNs);
}

/** Opens the captures, has all their frames seen, in the order of time, each by the cursor that is at it; and closes them. Gives the cursors, which are past their ends. */
async function eachFrame(from: Captures, notes: FiledNotes, see: (cursor: Cursor) => void): Promise<readonly Cursor[]> {
  // what there is to say of them was said when they were read first
  const sides = await openCaptures(from, { onWarning: () => {}, onBytes: () => {} }, new Heap());
  const sources = sides.flat();
  try {
    const epoch = new Epoch();
    const cursors = SIDES.flatMap((side) => {
      const places = new FramePlaces(sides[side].map(({ captures, name }) => captures ?? [name]));
      return sides[side].map(
        (source, at) => new Cursor(source, side, (frame) => places.onSide(at, frame), notes, epoch),
      );
    });
    for (let next = earliest(cursors); next !== undefined; next = earliest(cursors)) {
      if (next.hasFrame) {
        see(next);
        next.pass();
      } else await next.read();
    }
    return cursors;
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** The one whose next frame passed first, or may have, as it is not read yet; undefined where all have ended. */
function earliest(cursors: readonly Cursor[]): Cursor | undefined {
  let first: Cursor | undefined;
  for (const one of cursors) if (!one.hasEnded && (first === undefined || one.timeNs < first.timeNs)) first = one;
  return first;
}

/** What times are counted from, so that doubles hold them to the nanosecond: the first one that there is. */
class Epoch {
  #ns: bigint | undefined;

  sinceNs(epochNs: bigint): number {
    this.#ns ??= epochNs;
    return Number(epochNs - this.#ns);
  }
}

/** What was written of an interface: its number in the file, and when its last frame passed, by its capture's epoch. */
interface WrittenOf {
  readonly index: number;
  lastNs: number;
}

/** Goes through the frames of a capture. */
class Cursor {
  readonly side: Side;
  hasEnded = false;
  /** When its next frame passed, or before when none comes: nanoseconds on the inside's clock, counted from the epoch of all. */
  timeNs = Number.NEGATIVE_INFINITY;
  /** The number on its side of the next frame. */
  frame = 0;
  /** Whether anything is noted of that. */
  isNoted = false;
  readonly #source: FrameSource;
  readonly #onSide: (frame: number) => number;
  readonly #notes: FiledNotes;
  readonly #epoch: Epoch;
  #batch: FrameBatch | undefined;
  #row = 0;
  /** By how much its clock is ahead, as the last note says that tells. */
  #leadNs: number;
  /** From where its source's stamps count, from the epoch of all. */
  #sinceNs = 0;
  /** By an interface's number in its capture. */
  readonly #written = new Map<number, WrittenOf>();
  /** The interface of the frame that was written last, and what was written of it. */
  #lastIface = -1;
  #last: WrittenOf = { index: 0, lastNs: 0 };

  constructor(source: FrameSource, side: Side, onSide: (frame: number) => number, notes: FiledNotes, epoch: Epoch) {
    this.#source = source;
    this.side = side;
    this.#onSide = onSide;
    this.#notes = notes;
    this.#leadNs = notes.firstLeadNs(side);
    this.#epoch = epoch;
  }

  /** Whether its next frame is known. */
  get hasFrame(): boolean {
    return this.#batch !== undefined && this.#row < this.#batch.count;
  }

  /** Reads on; there may be no frame all the same. */
  async read(): Promise<void> {
    const batch = await this.#source.next();
    this.hasEnded = batch === null;
    if (batch === null) return;
    this.#sinceNs = this.#epoch.sinceNs(this.#source.epochNs);
    this.#batch = batch;
    this.#row = 0;
    if (this.hasFrame) this.#look(batch);
    else this.timeNs = Math.max(this.timeNs, this.#onInside(batch.reachedNs));
  }

  /** Passes over the next frame. Precondition: there is one. */
  pass(): void {
    this.#row++;
    if (this.#batch !== undefined && this.hasFrame) this.#look(this.#batch);
  }

  /** Writes the next frame. Precondition: there is one. */
  write(writer: PcapngWriter, comment: Comment): void {
    const batch = this.#batch;
    if (batch === undefined) throw new Error("no frame was read");
    const iface = batch.iface[this.#row];
    if (iface !== this.#lastIface) {
      this.#last = this.#written.get(iface) ?? { index: this.#describe(writer, iface), lastNs: 0 };
      this.#written.set(iface, this.#last);
      this.#lastIface = iface;
    }
    this.#last.lastNs = batch.timeNs[this.#row];
    writer.commented(this.#last.index, batch, this.#row, this.#source.epochNs, comment);
  }

  /** What was written of its interfaces, each with when its last frame passed, epoch nanoseconds, and what its capture lost, as far as that says. */
  get written(): { readonly index: number; readonly lastNs: bigint; readonly lost: { readonly dropped?: number } }[] {
    const source = this.#source;
    return Array.from(this.#written, ([iface, { index, lastNs }]) => ({
      index,
      lastNs: source.epochNs + BigInt(Math.round(lastNs)),
      lost: source.hasCounters ? { dropped: source.droppedOn?.(iface) ?? 0 } : {},
    }));
  }

  /** Where the format has no names of interfaces, a capture's own is as good. */
  #describe(writer: PcapngWriter, iface: number): number {
    const { interfaces, name } = this.#source;
    const described = interfaces[iface];
    return writer.describe({ ...described, name: described.name || name.slice(name.lastIndexOf("/") + 1) });
  }

  #look(batch: FrameBatch): void {
    this.frame = this.#onSide(batch.frame[this.#row]);
    this.isNoted = this.#notes.isNoted(this.side, this.frame);
    if (!Number.isNaN(this.#notes.leadNs)) this.#leadNs = this.#notes.leadNs;
    this.timeNs = this.#onInside(batch.timeNs[this.#row]);
  }

  #onInside(timeNs: number): number {
    return this.#sinceNs + timeNs - this.#leadNs;
  }
}
