import type { FiledNotes } from "../capture/annotated/filed-notes.js";
import type { PcapngWriter } from "../capture/pcapng-writer.js";
import type { FrameBatch, FrameSource } from "../packets/batches/frames.js";
import { FramePlaces } from "../packets/frame-places.js";
import { Heap } from "../packets/memory/heap.js";
import { unmarked } from "../packets/results/frame-notes.js";
import { type Side, SIDES } from "../packets/sides.js";
import type { Captures } from "./captures.js";
import { openCaptures } from "./open-captures.js";

/**
 * Reads captures again, and writes the frames of both sides, each with what is noted of it as its comment: in order of time on the inside's clock, and each capture's
 * in its own order, with their own stamps. Frames that comments name are called by their numbers in what is written; for that, the captures are read twice.
 *
 * @param isAll whether frames are written of which nothing is noted.
 * @throws CaptureError where a capture cannot be read any more, or the file not be written.
 */
export async function annotate(from: Captures, writer: PcapngWriter, notes: FiledNotes, isAll: boolean): Promise<void> {
  const each = (see: (seen: Seen) => void): Promise<void> =>
    eachFrame(from, notes, (seen) => {
      if (isAll || seen.isNoted) see(seen);
    });
  let count = 0;
  await each(({ side, frame }) => notes.setNumber(side, frame, ++count));
  const interfaces = new Interfaces(writer);
  await each(({ source, side, frame, batch, row, stampNs }) => {
    const comment = unmarked(notes.get(side, frame)?.text ?? "", (of, named) => {
      const number = notes.numberOf(of, named);
      return number === 0 ? `${named} of the capture` : String(number);
    });
    const bytes = batch.data.subarray(batch.start[row], batch.start[row] + batch.captured[row]);
    const iface = interfaces.indexOf(source, batch.iface[row], stampNs);
    writer.commented(iface, bytes, stampNs, batch.original[row], comment);
  });
  interfaces.sumUp();
}

/** What was written of an interface: its number in the file, and when its last frame passed, by its capture. */
interface WrittenOf {
  readonly index: number;
  lastNs: bigint;
}

/** The interfaces of all captures, as they are in the file. */
class Interfaces {
  readonly #writer: PcapngWriter;
  /** By capture, and by an interface's number there. */
  readonly #known = new Map<FrameSource, Map<number, WrittenOf>>();

  constructor(writer: PcapngWriter) {
    this.#writer = writer;
  }

  /** The number of an interface that a frame was captured on, at a time. */
  indexOf(source: FrameSource, iface: number, stampNs: bigint): number {
    const ofSource = this.#known.get(source) ?? new Map<number, WrittenOf>();
    this.#known.set(source, ofSource);
    const known = ofSource.get(iface) ?? { index: this.#describe(source, iface), lastNs: stampNs };
    ofSource.set(iface, known);
    known.lastNs = stampNs;
    return known.index;
  }

  /** Writes what their captures lost, as far as these say. */
  sumUp(): void {
    for (const [source, interfaces] of this.#known)
      for (const [iface, { index, lastNs }] of interfaces)
        this.#writer.statistics(index, source.hasCounters ? { dropped: source.droppedOn?.(iface) ?? 0 } : {}, lastNs);
  }

  /** Where the format has no names of interfaces, a capture's own is as good. */
  #describe({ interfaces, name }: FrameSource, iface: number): number {
    const described = interfaces[iface];
    return this.#writer.describe({ ...described, name: described.name || name.slice(name.lastIndexOf("/") + 1) });
  }
}

/** A frame of the captures, valid during the call only. */
interface Seen {
  readonly source: FrameSource;
  readonly side: Side;
  /** Its number on its side. */
  readonly frame: number;
  readonly batch: FrameBatch;
  readonly row: number;
  /** Epoch nanoseconds by its own capture. */
  readonly stampNs: bigint;
  readonly isNoted: boolean;
}

/** Opens the captures, tells of all their frames, in the order of time, and closes them. */
async function eachFrame(from: Captures, notes: FiledNotes, see: (seen: Seen) => void): Promise<void> {
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
      if (!next.hasFrame) await next.read();
      else see(next.take());
    }
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

/** The one whose next frame passed first, or may have, as it is not read yet; undefined where all have ended. */
function earliest(cursors: readonly Cursor[]): Cursor | undefined {
  return cursors.reduce<Cursor | undefined>(
    (first, one) => (one.hasEnded || (first !== undefined && first.timeNs <= one.timeNs) ? first : one),
    undefined,
  );
}

/** What times are counted from, so that doubles hold them to the nanosecond: the first one that there is. */
class Epoch {
  #ns: bigint | undefined;

  sinceNs(epochNs: bigint): number {
    this.#ns ??= epochNs;
    return Number(epochNs - this.#ns);
  }
}

/** Goes through the frames of a capture. */
class Cursor {
  hasEnded = false;
  /** When its next frame passed, or before when none comes: nanoseconds on the inside's clock, counted from the epoch of all. */
  timeNs = Number.NEGATIVE_INFINITY;
  readonly #source: FrameSource;
  readonly #side: Side;
  readonly #onSide: (frame: number) => number;
  readonly #notes: FiledNotes;
  readonly #epoch: Epoch;
  #batch: FrameBatch | undefined;
  #row = 0;
  #isNoted = false;
  /** By how much its clock is ahead, as the last note says that tells. */
  #leadNs: number;

  constructor(source: FrameSource, side: Side, onSide: (frame: number) => number, notes: FiledNotes, epoch: Epoch) {
    this.#source = source;
    this.#side = side;
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
    this.#batch = batch;
    this.#row = 0;
    if (this.hasFrame) this.#look(batch);
    else this.timeNs = Math.max(this.timeNs, this.#onInside(batch.reachedNs));
  }

  /** The next frame; it is passed over. Precondition: there is one. */
  take(): Seen {
    const batch = this.#batch;
    if (batch === undefined) throw new Error("no frame was read");
    const row = this.#row++;
    const { epochNs } = this.#source;
    const seen = {
      source: this.#source,
      side: this.#side,
      frame: this.#onSide(batch.frame[row]),
      batch,
      row,
      stampNs: epochNs + BigInt(Math.round(batch.timeNs[row])),
      isNoted: this.#isNoted,
    };
    if (this.hasFrame) this.#look(batch);
    return seen;
  }

  #look(batch: FrameBatch): void {
    const about = this.#notes.about(this.#side, this.#onSide(batch.frame[this.#row]));
    this.#isNoted = about !== undefined;
    this.#leadNs = about?.leadNs ?? this.#leadNs;
    this.timeNs = this.#onInside(batch.timeNs[this.#row]);
  }

  #onInside(timeNs: number): number {
    return this.#epoch.sinceNs(this.#source.epochNs) + timeNs - this.#leadNs;
  }
}
