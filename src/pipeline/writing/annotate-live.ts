import { Comment } from "../../capture/annotated/comment.js";
import type { LiveSource } from "../../capture/live/open.js";
import { type Frames, OWN_OS, type PcapngWriter } from "../../capture/pcapng-writer.js";
import type { FrameBatch } from "../../packets/batches/frames.js";
import { FramePlaces } from "../../packets/frame-places.js";
import type { FrameNote, FrameNotes } from "../../packets/results/frame-notes.js";
import { INSIDE, type Side, SIDES } from "../../packets/sides.js";

/** Frames wait for as long as a window. Where so many bytes of them do, the first are written before all is known: two seconds of a gigabit a second. */
const MOST_WAITING_BYTES = 256 << 20;
/** A frame takes so much beside its bytes. */
const ROW_BYTES = 32;
/** Of each interface, so many frames are remembered by their numbers, which is a power of two: notes name frames that passed shortly before, mostly. */
const REMEMBERED_FRAMES = 1 << 20;
/** So many texts are kept as UTF-8: those of live flows. */
const MOST_TEXTS = 4096;

/** So many places of frames that were written are kept among those of others, before these move up. */
const MOST_PASSED = 4096;

/** What is noted of a frame that waits. */
interface WaitingNote extends FrameNote {
  readonly twin: number;
  readonly latencyNs: number;
}

/** A batch's frames, as long as they wait. */
interface WaitingFrames extends Frames {
  readonly count: number;
  readonly bytes: number;
}

/** Where one is among the frames of an interface that wait. */
interface Place {
  /** Among its batches, and in that one. */
  batch: number;
  row: number;
}

/** An interface, and its frames that wait. */
interface Lane {
  readonly source: LiveSource;
  readonly side: Side;
  /** Its index among those of its side. */
  readonly onSide: number;
  /** What its stamps count from, counted from where the first interface's do. */
  readonly sinceNs: number;
  readonly waiting: WaitingFrames[];
  /** The next frame that is to be numbered, and the next one that is to be written. */
  readonly numbered: Place;
  readonly written: Place;
  /** How many were numbered, or are not to be, and how many were written, or left out. */
  numberedFrames: number;
  writtenFrames: number;
  /** Their numbers, each at its own modulo `REMEMBERED_FRAMES`; 0 for none. */
  readonly numbers: Uint32Array;
  /** All its frames stamped before are here. */
  reachedNs: number;
}

/**
 * Writes what is captured to a pcapng file, in order of time, each frame with what became of it: once that is known, and what else it names has its number. What becomes known of it later, it does not
 * say. Frames that notes name are called by their numbers in the file.
 */
export class LiveAnnotating implements FrameNotes {
  /** How many frames were written, or left out, before it was known what became of them. */
  hasty = 0;
  readonly #writer: PcapngWriter;
  readonly #isAll: boolean;
  #lanes: readonly Lane[] = [];
  #bySide: readonly (readonly Lane[])[] = [];
  #places: readonly FramePlaces[] = [];
  readonly #waitingNotes = SIDES.map(() => new Map<number, WaitingNote>());
  /** The interfaces of the frames that are numbered and wait to be written, in their order, from `#firstNumbered` on. */
  #order: Lane[] = [];
  #firstNumbered = 0;
  readonly #texts = new Map<string, Uint8Array>();
  readonly #comment: Comment;
  #epochNs = 0n;
  /** Bytes of all frames that wait. */
  #waitingBytes = 0;
  /** Frames that have a number. */
  #count = 0;
  /** Whether the comment names a frame that is still to get its number. */
  #isEarly = false;

  /** `isAll`: whether frames are written of which nothing is noted. */
  constructor(writer: PcapngWriter, isAll: boolean) {
    this.#writer = writer;
    this.#isAll = isAll;
    this.#comment = new Comment((side, frame) => this.#numberOf(side, frame));
  }

  /** Describes the interfaces of both sides in the file, before there are frames of them. Throws CaptureError as the writer does, as do all others here. */
  begin(sources: readonly [readonly LiveSource[], readonly LiveSource[]]): void {
    this.#epochNs = sources[INSIDE][0].epochNs;
    this.#bySide = SIDES.map((side) => sources[side].map((source, onSide) => this.#laneOf(source, side, onSide)));
    this.#lanes = this.#bySide.flat();
    this.#places = SIDES.map((side) => new FramePlaces(sources[side].map(({ name }) => [name])));
    for (const { source } of this.#lanes) this.#writer.describe({ ...source.interfaces[0], os: OWN_OS });
  }

  put(side: Side, frame: number, text: string, leadNs: number, twin = 0, latencyNs = 0): void {
    if (!this.#isWritten(side, frame)) this.#waitingNotes[side].set(frame, { text, leadNs, twin, latencyNs });
  }

  get(side: Side, frame: number): FrameNote | undefined {
    return this.#waitingNotes[side].get(frame);
  }

  /** Takes the frames of an interface, which may be none, by its index among those of both sides. `decidedNs`: up to when all is told of, epoch nanoseconds. */
  take(at: number, batch: FrameBatch, decidedNs: bigint): void {
    const lane = this.#lanes[at];
    lane.reachedNs = Math.max(lane.reachedNs, lane.sinceNs + batch.reachedNs);
    if (batch.count > 0) {
      const waiting = copyOf(batch);
      lane.waiting.push(waiting);
      this.#waitingBytes += waiting.bytes;
      lane.reachedNs = Math.max(lane.reachedNs, lane.sinceNs + batch.timeNs[batch.count - 1]);
    }
    this.#writeUntil(Number(decidedNs - this.#epochNs));
  }

  /** An interface gives no more frames. */
  end(at: number): void {
    this.#lanes[at].reachedNs = Number.POSITIVE_INFINITY;
  }

  /** Writes all that waits: nothing more is told of. */
  finish(): void {
    for (const at of this.#lanes.keys()) this.end(at);
    this.#writeUntil(Number.POSITIVE_INFINITY);
  }

  #laneOf(source: LiveSource, side: Side, onSide: number): Lane {
    return {
      source,
      side,
      onSide,
      sinceNs: Number(source.epochNs - this.#epochNs),
      waiting: [],
      numbered: { batch: 0, row: 0 },
      written: { batch: 0, row: 0 },
      numberedFrames: 0,
      writtenFrames: 0,
      numbers: new Uint32Array(REMEMBERED_FRAMES),
      reachedNs: Number.NEGATIVE_INFINITY,
    };
  }

  /** Writes frames in their order, as far as these are decided about. */
  #writeUntil(decidedNs: number): void {
    for (;;) {
      this.#numberUntil(decidedNs);
      if (this.#firstNumbered === this.#order.length) return;
      const lane = this.#order[this.#firstNumbered];
      const frame = this.#frameOf(lane, lane.writtenFrames);
      const note = this.#waitingNotes[lane.side].get(frame);
      const isDecided = note !== undefined || this.#timeOf(lane, lane.written) < decidedNs;
      if (!isDecided && !this.#isTooMuch) return;
      if (!isDecided) this.hasty++;
      if (this.#isAll || note !== undefined) {
        this.#spell(lane.side, note);
        if (this.#isEarly && !this.#isTooMuch) return;
        const { waiting, written } = lane;
        this.#writer.commented(
          this.#lanes.indexOf(lane),
          waiting[written.batch],
          written.row,
          lane.source.epochNs,
          this.#comment,
        );
      }
      this.#waitingNotes[lane.side].delete(frame);
      this.#passWritten(lane);
    }
  }

  /** Gives frames their numbers, in their order: where some are left out, once it is known which. */
  #numberUntil(decidedNs: number): void {
    for (;;) {
      const lane = this.#next;
      if (lane === undefined) return;
      const timeNs = this.#timeOf(lane, lane.numbered);
      if (!this.#isTooMuch && this.#lanes.some((each) => each !== lane && each.reachedNs < timeNs)) return;
      const isNoted = this.#waitingNotes[lane.side].has(this.#frameOf(lane, lane.numberedFrames));
      if (!this.#isAll && !isNoted && timeNs >= decidedNs && !this.#isTooMuch) return;
      lane.numberedFrames++;
      lane.numbers[lane.numberedFrames % REMEMBERED_FRAMES] = this.#isAll || isNoted ? ++this.#count : 0;
      pass(lane.waiting, lane.numbered);
      this.#order.push(lane);
    }
  }

  /** The interface of the frame that is to be numbered next, which passed first; undefined where all are. */
  get #next(): Lane | undefined {
    let first: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.numbered.batch === lane.waiting.length) continue;
      if (first === undefined || this.#timeOf(lane, lane.numbered) < this.#timeOf(first, first.numbered)) first = lane;
    }
    return first;
  }

  get #isTooMuch(): boolean {
    return this.#waitingBytes > MOST_WAITING_BYTES;
  }

  #timeOf({ waiting, sinceNs }: Lane, { batch, row }: Place): number {
    return sinceNs + waiting[batch].timeNs[row];
  }

  /** The number on its side of the frame that comes behind so many. */
  #frameOf({ side, onSide }: Lane, behind: number): number {
    return this.#places[side].onSide(onSide, behind + 1);
  }

  #isWritten(side: Side, frame: number): boolean {
    const places = this.#places[side];
    return places.inSource(frame) <= this.#bySide[side][places.sourceOf(frame)].writtenFrames;
  }

  #passWritten(lane: Lane): void {
    const { waiting, numbered, written } = lane;
    this.#firstNumbered++;
    if (this.#firstNumbered === MOST_PASSED) {
      this.#order = this.#order.slice(MOST_PASSED);
      this.#firstNumbered = 0;
    }
    lane.writtenFrames++;
    pass(waiting, written);
    if (written.batch === 0) return;
    const [done] = waiting.splice(0, 1);
    this.#waitingBytes -= done.bytes;
    written.batch--;
    numbered.batch--;
  }

  /** Makes the comment of a note, or none. Of each text, its UTF-8 is kept for a while. */
  #spell(side: Side, note: WaitingNote | undefined): void {
    this.#isEarly = false;
    if (note === undefined) return this.#comment.clear();
    const { text, twin, latencyNs } = note;
    const known = this.#texts.get(text);
    const utf8 = known ?? Buffer.from(text);
    if (known === undefined) {
      if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
      this.#texts.set(text, utf8);
    }
    this.#comment.spell(utf8, 0, utf8.length, side, twin, latencyNs);
  }

  /** The number in the file of a frame; 0 where it has none, or it is forgotten. */
  #numberOf(side: Side, number: number): number {
    const places = this.#places[side];
    const { numbers, numberedFrames } = this.#bySide[side][places.sourceOf(number)];
    const frame = places.inSource(number);
    if (frame > numberedFrames) this.#isEarly = true;
    return frame > numberedFrames || frame <= numberedFrames - REMEMBERED_FRAMES
      ? 0
      : numbers[frame % REMEMBERED_FRAMES];
  }
}

/** Goes on by a frame. */
function pass(waiting: readonly WaitingFrames[], place: Place): void {
  place.row++;
  if (place.row < waiting[place.batch].count) return;
  place.batch++;
  place.row = 0;
}

/** A batch's frames, to be kept. */
function copyOf(batch: FrameBatch): WaitingFrames {
  const { count, captured, original, timeNs } = batch;
  const bytes = batch.bytes();
  const before = bytes.byteOffset - batch.data.byteOffset;
  return {
    data: bytes.slice(),
    start: batch.start.slice(0, count).map((at) => at - before),
    captured: captured.slice(0, count),
    original: original.slice(0, count),
    timeNs: timeNs.slice(0, count),
    count,
    bytes: bytes.length + ROW_BYTES * count,
  };
}
