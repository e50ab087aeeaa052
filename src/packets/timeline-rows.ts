import type * as timeline from "./assembly/timeline.js";
import code from "./assembly/timeline.wasm";
import { FATE_BITS, GONE } from "./fates.js";
import { NO_MAC } from "../protocols/mac.js";
import { BLOCK_BITS, FOLDS_BITS, PACKED, PACKED_BYTES, PIECE_BITS, SPAN_BITS } from "./fold-words.js";
import { asDoubles, type Heap } from "./memory/heap.js";
import type { Steps } from "./memory/steps.js";
import { RecordRows } from "./record-rows.js";
import { RECORD_BITS, TIME_NS, WAY } from "./records.js";
import {
  isOlder,
  restIn,
  ROW_MASK,
  SECTION_BITS,
  SECTION_MASK,
  SECTION_ROWS,
  sideIn,
  stateIn,
  withNote,
  withState,
} from "./row-words.js";
import { INSIDE, OUTSIDE, type Side } from "./sides.js";
import * as words from "./timeline-words.js";
import { NONE } from "./tuples.js";

const MOST_SECTIONS = (ROW_MASK + 1) >> SECTION_BITS;
/** Of these, memory that is not used yet is none. */
const FIRST_PLACES = 2 ** 14;
const ROOM_PLACES = 2 ** 20;
/** Blocks of pairs that wait to be shown, while one packet before them waits for its window to end: as many as a second may have of small packets. */
const FIRST_BLOCKS = 2 ** 8;
const ROOM_BLOCKS = 2 ** 14;

/** A block takes so many pieces at the most. */
const MOST_PIECES = Math.ceil(PACKED_BYTES / ((4 << PIECE_BITS) - 4 * PACKED));

const module = new WebAssembly.Module(code);

/**
 * Where the rows of a timeline are, which are as many as what has to be held, whatever the length of a capture.
 *
 * A packet is named by its row number, which says where it stands. Rows are appended at `end` and given back at
 * `first`. The methods that take a row are meant for rows in between.
 *
 * Of most packets here, nothing is needed any more but that they have a twin: one without holds them up there for the
 * length of the window, a million of them in a busy second. What a packet's record says, and what became of it, is
 * therefore kept elsewhere, at a place that `release` gives to the next packet: it is still in the cache then.
 */
export class TimelineRows extends RecordRows {
  /** Where its block is, which WebAssembly goes by: see `timeline-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  // plain fields, not #private ones: the methods below then are small enough for V8 to inline wherever they are called
  /** Where each section begins … */
  sections: Uint32Array;
  /** … in all memory of the heap, as far as sections are. */
  ints = new Int32Array(0);
  /** At each place, what its capture says of a packet: see `records.ts`. */
  records: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  fates: Int32Array;
  #free: Int32Array;
  #blocks: Int32Array;
  #spans: Int32Array;
  #pieces: Int32Array;
  /** The memory that it lies in. */
  readonly heap: Heap;
  /** @internal */
  protected readonly steps: Steps<typeof timeline>;
  /** A packet that comes from elsewhere than the heap. */
  readonly #packet: Int32Array;
  readonly #packetNs: Float64Array;
  /** The numbers of the oldest section that there is, and of the next one. */
  #oldest: number;
  #next: number;

  /** `places`: for how many rows at first that something is known of; `first`: the number of the first row. */
  constructor(heap: Heap, places: number = FIRST_PLACES, first = 0) {
    super();
    this.#oldest = first >> SECTION_BITS;
    this.#next = this.#oldest;
    this.heap = heap;
    this.steps = heap.load<typeof timeline>(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#packet = heap.take(Int32Array, 1 << RECORD_BITS);
    this.#packetNs = asDoubles(this.#packet);
    this.#words[words.FIRST] = first;
    this.#words[words.END] = first;
    this.sections = heap.take(Uint32Array, MOST_SECTIONS);
    this.records = heap.take(Int32Array, places << RECORD_BITS, ROOM_PLACES << RECORD_BITS);
    this.doubles = asDoubles(this.records);
    this.fates = heap.take(Int32Array, places << FATE_BITS, ROOM_PLACES << FATE_BITS);
    this.#free = heap.take(Int32Array, places, ROOM_PLACES);
    const blocks = (bits: number) => heap.take(Int32Array, FIRST_BLOCKS << bits, ROOM_BLOCKS << bits);
    this.#blocks = blocks(BLOCK_BITS);
    this.#spans = blocks(SPAN_BITS);
    this.#pieces = blocks(SPAN_BITS);
    for (const none of [words.FREE_BLOCK, words.FREE_SPAN, words.FREE_PIECE, words.LOOKED_AT]) this.#words[none] = NONE;
    this.#words[words.PACKING] = heap.take(Uint8Array, PACKED_BYTES + (4 << SPAN_BITS)).byteOffset;
    this.#locate();
  }

  /** Oldest row still held. */
  get first(): number {
    return this.#words[words.FIRST];
  }

  /** Row the next packet will get. */
  get end(): number {
    return this.#words[words.END];
  }

  get size(): number {
    return (this.end - this.first) & ROW_MASK;
  }

  /**
   * Appends a packet of a side, at `timeNs` on the timeline, and returns its row: WAITING, without a twin, not filed. Its record
   * begins at `from` in `rows`; `way` as `TupleTable.findWays` gives it, `macFrom` and `macTo` as its batch does.
   */
  append(
    side: Side,
    rows: Int32Array,
    from: number,
    timeNs: number,
    way: number,
    macFrom: number = NO_MAC,
    macTo: number = NO_MAC,
  ): number {
    this.reserve(1);
    for (let word = 0; word < 1 << RECORD_BITS; word++) this.#packet[word] = rows[from + word];
    this.#packet[WAY] = way;
    this.#packetNs[TIME_NS] = timeNs;
    return this.steps.append(this.block, side, this.#packet.byteOffset, macFrom, macTo);
  }

  /** Makes room for so many rows more: until they are appended, the arrays stay what they are. */
  reserve(rows: number): void {
    while (this.#room < rows) this.#addSection();
    while (this.#words[words.PLACES_END] + rows > this.#free.length) this.#growPlaces();
  }

  /** Makes room for so many pairs more that are FOLDED. */
  reserveFolds(pairs: number): void {
    const blocks = (pairs >> FOLDS_BITS) + 2;
    while (this.#words[words.BLOCKS_END] + blocks > this.#blocks.length >> BLOCK_BITS) {
      this.#blocks = this.heap.doubled(Int32Array, this.#blocks);
      this.#spans = this.heap.doubled(Int32Array, this.#spans);
      this.#locate();
    }
    while (this.#words[words.PIECES_END] + blocks * MOST_PIECES > this.#pieces.length >> PIECE_BITS) {
      this.#pieces = this.heap.doubled(Int32Array, this.#pieces);
      this.#locate();
    }
  }

  /** Gives back what is known of a packet but for its side and its twin: it is GONE. Precondition: it was not. */
  release(row: number): void {
    this.steps.release(this.block, row);
  }

  /** The first row from `from` on whose state is less than `least`; `end` where there is none before it. */
  firstBelow(from: number, end: number, least: number): number {
    if (from === end || this.state(from) < least) return from;
    return this.steps.firstBelow(this.block, from, end, least);
  }

  recordOf(row: number): number {
    return this.#place(row) << RECORD_BITS;
  }

  /** The first word of what becomes of a packet. */
  fateOf(row: number): number {
    return this.#place(row) << FATE_BITS;
  }

  side(row: number): number {
    return sideIn(this.ints[this.#at(row)]);
  }

  sideOf(row: number): Side {
    return this.side(row) === INSIDE ? INSIDE : OUTSIDE;
  }

  /** WAITING, AMBIGUOUS, PAIRED, MEMBER, TURNED, FOLDED, DONE, SHOWN or GONE. */
  state(row: number): number {
    return stateIn(this.ints[this.#at(row)]);
  }

  setState(row: number, state: number): void {
    const at = this.#at(row);
    this.ints[at] = withState(this.ints[at], state);
  }

  /** Notes that something is known of a packet elsewhere, which is to be forgotten as the packet is given back. */
  note(row: number): void {
    const at = this.#at(row);
    this.ints[at] = withNote(this.ints[at]);
  }

  #at(row: number): number {
    return (this.sections[row >> SECTION_BITS] >>> 2) + (row & SECTION_MASK);
  }

  #place(row: number): number {
    return restIn(this.ints[this.#at(row)]);
  }

  /** The row behind this one. */
  after(row: number): number {
    return (row + 1) & ROW_MASK;
  }

  /** The row that many rows before this one. */
  before(row: number, rows: number): number {
    return (row - rows) & ROW_MASK;
  }

  /** Whether this row, once appended, has not been given back yet. */
  isHeld(row: number): boolean {
    return isOlder(this.first, row, this.end);
  }

  /** Whether row `a` is older than row `b`; both must be held. */
  isBefore(a: number, b: number): boolean {
    return isOlder(this.first, a, b);
  }

  /** Gives back the oldest row. */
  drop(): void {
    const { first } = this;
    if (this.state(first) !== GONE) this.release(first);
    this.#words[words.FIRST] = (first + 1) & ROW_MASK;
  }

  /** Gives back the oldest rows, up to `end`, that nothing needs any more. `forget` is told of each that anything is noted of, before it goes. */
  dropDone(end: number, forget: (row: number) => void): void {
    while (this.steps.dropDone(this.block, end)) {
      forget(this.first);
      this.drop();
    }
  }

  /** How many rows there are sections for behind those that are held. */
  get #room(): number {
    const sections = (this.#next - (this.end >> SECTION_BITS)) & (MOST_SECTIONS - 1);
    return (sections << SECTION_BITS) - (this.end & SECTION_MASK);
  }

  /** Adds a section: the oldest one, once all its rows were given back. */
  #addSection(): void {
    const number = this.#next;
    this.#next = (number + 1) & (MOST_SECTIONS - 1);
    if (this.#oldest !== this.first >> SECTION_BITS) {
      this.sections[number] = this.sections[this.#oldest];
      this.#oldest = (this.#oldest + 1) & (MOST_SECTIONS - 1);
      return;
    }
    const { buffer, byteOffset } = this.heap.take(Int32Array, SECTION_ROWS);
    this.sections[number] = byteOffset;
    this.ints = new Int32Array(buffer);
  }

  #growPlaces(): void {
    this.records = this.heap.doubled(Int32Array, this.records);
    this.doubles = asDoubles(this.records);
    this.fates = this.heap.doubled(Int32Array, this.fates);
    this.#free = this.heap.doubled(Int32Array, this.#free);
    this.#locate();
  }

  /** Says in its block where the tables are. */
  #locate(): void {
    const w = this.#words;
    w[words.SECTIONS] = this.sections.byteOffset;
    w[words.RECORDS] = this.records.byteOffset;
    w[words.FATES] = this.fates.byteOffset;
    w[words.FREE] = this.#free.byteOffset;
    w[words.BLOCKS] = this.#blocks.byteOffset;
    w[words.SPANS] = this.#spans.byteOffset;
    w[words.PIECES] = this.#pieces.byteOffset;
  }
}
