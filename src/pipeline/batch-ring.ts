import { BATCH_FRAMES } from "../packets/batches/frames.js";
import type { Silence } from "../packets/batches/coverage.js";
import type { Heap } from "../packets/memory/heap.js";
import { BATCH_BYTES, PacketBatch } from "../packets/batches/packet-batch.js";
import type { Tally } from "../packets/batches/source.js";
import * as words from "./batch-ring-words.js";

/**
 * Batches that are filled, waiting, or being used: enough for the filler to go on while the user has something else to do for a
 * millisecond or two. Each takes 0.3 MiB a side. Eight take as much processor time; with sixteen, large frames took 2 to 3 % less time than with eight.
 */
export const BATCHES = 4;

/**
 * How many are worth a call to a user who waits, as soon as there were so many: to be called for each takes the two of them longer, and
 * meanwhile the filler fills the others (2 % of large frames; half and twice as many gain less).
 */
export const WORTH_A_CALL = BATCHES / 2;

/** Doubles, for each batch. */
const DOUBLES = words.WORDS / 2;

/** What a source says of itself that changes from batch to batch; see `PacketSource`. */
export interface SourceState {
  captureDropped: number;
  firstNs: number;
  lastNs: number;
  readonly silences: Silence[];
  readonly tally: Pick<Tally, "frames" | "notIp" | "undecodable" | "cut">;
}

/** Where a ring is in a heap's memory: the addresses of its words, of its doubles and of its batches. */
export interface RingPlace {
  readonly words: number;
  readonly doubles: number;
  readonly batches: readonly number[];
}

/**
 * The batches of a side, filled on one thread and used on another, in the order they were filled, again and again. All of it is in
 * memory that both share: as long as neither has to wait, neither tells the other anything.
 */
export class BatchRing {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #batches: readonly PacketBatch[];

  /** One of its own, or the one that is at `place`. */
  constructor(heap: Heap, place?: RingPlace) {
    const at = (address: number | undefined, bytes: number): Uint8Array =>
      address === undefined ? heap.take(Uint8Array, bytes) : heap.at(address, bytes);
    const shared = at(place?.words, 4 * words.SHARED_WORDS);
    const doubles = at(place?.doubles, 8 * DOUBLES * BATCHES);
    this.#words = new Int32Array(shared.buffer, shared.byteOffset, words.SHARED_WORDS);
    this.#doubles = new Float64Array(doubles.buffer, doubles.byteOffset, DOUBLES * BATCHES);
    this.#batches = Array.from(
      { length: BATCHES },
      (_, batch) => new PacketBatch(BATCH_FRAMES, at(place?.batches[batch], BATCH_BYTES)),
    );
  }

  get place(): RingPlace {
    return {
      words: this.#words.byteOffset,
      doubles: this.#doubles.byteOffset,
      batches: this.#batches.map(({ records }) => records.byteOffset),
    };
  }

  /** How many were filled and not given back yet. */
  get #inUse(): number {
    return (Atomics.load(this.#words, words.FILLED) - Atomics.load(this.#words, words.USED)) | 0;
  }

  /** The filler's: whether it has to wait for a call; at the latest it comes once half of the batches are free. */
  mustWaitToFill(): boolean {
    return this.#mustWait(words.FILLER_WAITS, () => this.#inUse === BATCHES);
  }

  /** The filler's: the batch to be filled next. Precondition: it need not wait. */
  get next(): PacketBatch {
    return this.#batches[this.#batchAt(words.FILLED)];
  }

  /**
   * The filler's: that one was filled, and whether there are DNS answers among its packets. Returns whether the user waits for that and is to be called; who waits for fewer than are worth
   * it has to be told that no more come.
   */
  fill({ captureDropped, firstNs, lastNs, silences, tally }: Readonly<SourceState>, hasAnswers: boolean): boolean {
    const { count, isInOrder, reachedNs, quotes, outers, rowless, marks } = this.next;
    const d = this.#doubles;
    const at = DOUBLES * this.#batchAt(words.FILLED);
    d[at + words.COUNT] = count;
    d[at + words.IS_IN_ORDER] = isInOrder ? 1 : 0;
    d[at + words.REACHED_NS] = reachedNs;
    d[at + words.QUOTES] = quotes.count;
    d[at + words.MARKS] = marks.length;
    d[at + words.HAS_ANSWERS] = hasAnswers ? 1 : 0;
    d[at + words.OUTERS] = outers.count;
    d[at + words.ROWLESS] = rowless.count;
    d[at + words.FIRST_NS] = firstNs;
    d[at + words.LAST_NS] = lastNs;
    d[at + words.CAPTURE_DROPPED] = captureDropped;
    d[at + words.FRAMES] = tally.frames;
    d[at + words.NOT_IP] = tally.notIp;
    d[at + words.UNDECODABLE] = tally.undecodable;
    d[at + words.CUT] = tally.cut;
    const told = silences.splice(0).slice(0, words.MOST_SILENCES);
    d[at + words.SILENCES] = told.length;
    for (const [n, { fromNs, toNs }] of told.entries()) {
      d[at + words.SILENCE_FROM_NS + n] = fromNs;
      d[at + words.SILENCE_TO_NS + n] = toNs;
    }
    const filled = Atomics.add(this.#words, words.FILLED, 1) + 1;
    return this.#inUse >= Math.min(WORTH_A_CALL, filled) && Atomics.exchange(this.#words, words.USER_WAITS, 0) === 1;
  }

  /** The user's: whether it has to wait for a call. */
  mustWaitToUse(): boolean {
    return this.#mustWait(words.USER_WAITS, () => this.#inUse === 0);
  }

  /** The user's: whether the batch filled first had marks. Precondition: it need not wait. */
  get hasMarks(): boolean {
    return this.#doubles[DOUBLES * this.#batchAt(words.USED) + words.MARKS] > 0;
  }

  /** … and whether there were DNS answers among its packets. */
  get hasAnswers(): boolean {
    return this.#doubles[DOUBLES * this.#batchAt(words.USED) + words.HAS_ANSWERS] > 0;
  }

  /** The user's: the batch filled first, without its marks; what its source said as of then goes into `state`. Precondition: it need not wait. */
  use(state: SourceState): PacketBatch {
    const batch = this.#batches[this.#batchAt(words.USED)];
    const d = this.#doubles;
    const at = DOUBLES * this.#batchAt(words.USED);
    batch.count = d[at + words.COUNT];
    batch.isInOrder = d[at + words.IS_IN_ORDER] === 1;
    batch.reachedNs = d[at + words.REACHED_NS];
    batch.quotes.count = d[at + words.QUOTES];
    batch.marks.length = 0;
    batch.outers.count = d[at + words.OUTERS];
    batch.rowless.count = d[at + words.ROWLESS];
    state.captureDropped = d[at + words.CAPTURE_DROPPED];
    state.firstNs = d[at + words.FIRST_NS];
    state.lastNs = d[at + words.LAST_NS];
    state.tally.frames = d[at + words.FRAMES];
    state.tally.notIp = d[at + words.NOT_IP];
    state.tally.undecodable = d[at + words.UNDECODABLE];
    state.tally.cut = d[at + words.CUT];
    for (let n = 0; n < d[at + words.SILENCES]; n++)
      state.silences.push({ fromNs: d[at + words.SILENCE_FROM_NS + n], toNs: d[at + words.SILENCE_TO_NS + n] });
    return batch;
  }

  /** The user's: gives back what `use` gave. Returns whether the filler waits for that and is to be called. */
  give(): boolean {
    Atomics.add(this.#words, words.USED, 1);
    return this.#inUse <= BATCHES / 2 && Atomics.exchange(this.#words, words.FILLER_WAITS, 0) === 1;
  }

  /** Says so before it looks: who changes it meanwhile will call. */
  #mustWait(word: number, isWaiting: () => boolean): boolean {
    if (!isWaiting()) return false;
    Atomics.store(this.#words, word, 1);
    // whoever took that back is about to call; a call that nobody waits for does no harm
    if (!isWaiting()) {
      Atomics.store(this.#words, word, 0);
      return false;
    }
    return true;
  }

  /** Which batch is the next one to be filled, or to be used. */
  #batchAt(counter: number): number {
    return (Atomics.load(this.#words, counter) >>> 0) % BATCHES;
  }
}
