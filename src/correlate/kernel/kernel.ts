import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import type { FlowAccounts } from "../../packets/flows/flow-accounts.js";
import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import { onBlock, type OnBlock } from "../../packets/memory/steps.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import type { Clock } from "../clock/clock.js";
import type * as kernel from "./assembly/kernel.js";
import code from "./assembly/kernel.wasm";
import type { Buckets } from "./buckets.js";
import type { Feed } from "../intake/feed.js";
import * as entries from "./entries.js";
import * as words from "./kernel-words.js";
import { Crossed } from "./crossed.js";
import { Latencies } from "./latencies.js";
import { Marks } from "./marks.js";
import { Tally } from "./tally.js";
import { Time, type TimeOptions } from "./time.js";

/** What the kernel works on. */
export interface Ground {
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly buckets: Buckets;
  readonly accounts: FlowAccounts;
  readonly clock: Clock;
  readonly windowNs: number;
}

interface KernelOptions extends Ground, TimeOptions {
  /** Whether pairs are to be shown. */
  readonly isShowing: boolean;
}

/** Who has to know of what the loop finds. */
interface Listener {
  /** A flow was learnt that others may have to know of, in this slot. */
  onFlow(slot: number): void;
  /** A packet waits that matchers want to see for this: WANTS_… bits. */
  onWanted(row: number, wants: number): void;
  /** A packet's window is over, and no other with its key waits. Returns whether that decided about it. */
  onOverdue(row: number): boolean;
}

/** How many packets a stretch may take at the most. */
const MOST_PACKETS = 2 * BATCH_FRAMES;
/** … and how many pairs become of them at the most, and of those that wait. */
const MOST_PAIRS = MOST_PACKETS + entries.PENDING_ENTRIES;

const module = new WebAssembly.Module(code);

/** Steps that need something done around them: these are methods of the class. */
type Wrapped =
  | "accountForRows"
  | "believe"
  | "confirm"
  | "findShown"
  | "fold"
  | "outsideNs"
  | "relateRows"
  | "slotRelated"
  | "takeOrdinary";

/** @internal Its steps are methods of it as well: see `assembly/kernel.ts`. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the constructor gives it these
export interface Kernel extends Omit<OnBlock<typeof kernel>, Wrapped> {}

/**
 * What happens to every packet, in WebAssembly over the tables' memory: how two packets stand to each other, what speaks for a
 * translation, how it is learnt, and what a pair adds to its flow. Its loop (`run`) takes the packets that make up most of any capture:
 * whole ones that come with a key nobody waits under, or are the twin of the only one that does, by a known translation or as evidence
 * enough for a new one. It stops before any other packet, and before any that something else has to be done for; `Equals` and `Run`
 * take those, by the same steps.
 */
export class Kernel extends Marks {
  /** How many pairs there were in the last stretch, or by the last `ripe` … */
  pairs = 0;
  /** … and how many of them were counted instead of shown. */
  counted = 0;
  /** Whether it stopped before a packet that is not for it, and not because time has to go by or a side has no more. */
  isAtOther = false;
  readonly time: Time;
  readonly tally: Tally;
  readonly latencies: Latencies;
  readonly crossed: Crossed;
  readonly #tables: Ground;
  #listener!: Listener;
  readonly #steps: OnBlock<typeof kernel>;
  readonly #wanted: Int32Array;
  /** The pairs that wait, by their doubles. */
  readonly #pendingNs: Float64Array;

  constructor(tables: KernelOptions) {
    const { heap, timeline, tuples, buckets, accounts, clock } = tables;
    super(heap);
    this.#tables = tables;
    this.time = new Time(this.words, tables);
    this.tally = new Tally(this.words, heap);
    this.latencies = new Latencies(this.words, heap, accounts);
    this.crossed = new Crossed(this.words, heap);
    this.words[words.LINE] = timeline.block;
    this.words[words.BUCKETS] = buckets.block;
    this.words[words.INDEX] = buckets.index.block;
    this.words[words.TUPLES] = tuples.block;
    this.words[words.ACCOUNTS] = accounts.block;
    this.words[words.IS_SHOWING] = tables.isShowing ? 1 : 0;
    this.#wanted = heap.take(Int32Array, MOST_PACKETS << entries.WANTED_BITS);
    this.words[words.WANTED] = this.#wanted.byteOffset;
    const pending = heap.take(Int32Array, entries.PENDING_ENTRIES << entries.PENDING_BITS);
    this.#pendingNs = asDoubles(pending);
    this.words[words.PENDING_PAIRS] = pending.byteOffset;
    const place = (count: number, bits: number) => heap.take(Int32Array, count << bits).byteOffset;
    this.words[words.HELD] = place(2 * entries.HELD_ENTRIES, entries.PASSAGE_BITS);
    this.words[words.PASSED] = place(2 * entries.PASSED_ENTRIES, entries.PASSAGE_BITS);
    this.words[words.OWN_PASSED] = place(entries.OWN_PASSED_ENTRIES, entries.OWN_PASSED_BITS);
    this.words[words.ALIKE] = place(entries.ALIKE_ENTRIES, entries.ALIKE_BITS);
    this.words[words.HOLDERS] = place(entries.HOLDER_LINES, entries.HOLDER_LINE_BITS);
    const shown = heap.take(Int32Array, entries.SHOWN_ENTRIES << entries.SHOWN_BITS);
    asDoubles(shown).fill(Number.NEGATIVE_INFINITY);
    this.words[words.SHOWN_SEGMENTS] = shown.byteOffset;
    const exports = heap.load<typeof kernel>(module, {
      "outside.js": {
        correctionNs: (timeNs: number, frame: number) => clock.correctionNs(timeNs, frame),
        taken: (stampNs: number, frame: number) => this.time.takeOutside(stampNs, frame),
      },
      "pairing.js": { learnt: (slot: number) => this.#listener.onFlow(slot) },
      "settling.js": { judge: (row: number) => this.#judge(row) },
      "learning.js": { log2: Math.log2 },
    });
    this.#steps = onBlock(module, exports, this.words.byteOffset);
    // what Object.assign adds to an object, V8 (Node 20) searches for each time
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(this.#steps));
  }

  /** Takes who has to know of what the loop finds; to be called once, before any packet comes. */
  meet(listener: Listener): void {
    this.#listener = listener;
  }

  /**
   * The relation of two rows with equal keys, with the bits of relations.ts that are so of them: of both sides, in either order; or of one side, as
   * a packet before it is turned round there, and after it. The steps below that speak of the rows related last mean these.
   * `mayBeAltered`: of rows whose keys may differ, as a router may have changed what is in them.
   */
  relate(a: number, b: number, mayBeAltered = false): number {
    const { timeline } = this.#tables;
    // of many that are alike, each is asked about with each: an array of both for each time is what the collector has most work with
    const isInsideFirst = timeline.side(a) <= timeline.side(b);
    return isInsideFirst ? this.#steps.relateRows(a, b, mayBeAltered) : this.#steps.relateRows(b, a, mayBeAltered);
  }

  /** The flow by which the rows related last are KNOWN, by its slot; or NONE. */
  get knownSlot(): number {
    return this.#steps.slotRelated();
  }

  /** A stamp of a side, of this frame or of none (0), as nanoseconds on the timeline. */
  timeOf(side: Side, stampNs: number, frame: number): number {
    if (side === INSIDE) return stampNs;
    return this.#steps.outsideNs(stampNs, frame);
  }

  /** Goes on to the first row that something may have to be told of, or to the timeline's end. Returns how many pairs on the way were counted instead of shown. */
  passShown(): number {
    this.#steps.findShown();
    return this.words[words.COUNTED_FOLDS];
  }

  /** What a packet takes at the most, whatever its direction, nanoseconds. */
  get mostLimitNs(): number {
    return Math.max(this.limitNs(true), this.limitNs(false));
  }

  /**
   * Pairs those for which no equal packet came by `nowNs`, up to the first that takes more than that. Returns that row, which no longer waits, or
   * NONE.
   */
  ripe(nowNs: number): number {
    const w = this.words;
    const pending = w[words.PENDING_COUNT] - w[words.PENDING_OVER];
    this.pairs = 0;
    this.counted = 0;
    const oldest = (w[words.PENDING_OVER] & (entries.PENDING_ENTRIES - 1)) << (entries.PENDING_BITS - 1);
    if (pending === 0 || nowNs <= this.#pendingNs[oldest + entries.PENDING_UNTIL_NS]) return NONE;
    const { accounts, timeline } = this.#tables;
    accounts.reserve(pending);
    timeline.reserveFolds(MOST_PAIRS);
    let row = NONE;
    do {
      w[words.PAIRS] = 0;
      w[words.COUNTED] = 0;
      w[words.LATENCY_COUNT] = 0;
      row = this.#steps.confirm(nowNs);
      this.pairs += w[words.PAIRS];
      this.counted += w[words.COUNTED];
      if (w[words.LATENCY_COUNT] > 0) this.latencies.count(w[words.LATENCY_COUNT]);
    } while (w[words.LATENCY_COUNT] === entries.MOST_LATENCIES);
    if (row !== NONE) w[words.PENDING_OVER]++;
    return row;
  }

  /** Believes in the translation of the rows related last. Returns the slot of its flow. */
  learn(inside: number, outside: number): number {
    this.#tables.accounts.reserve(1);
    return this.#steps.believe(inside, outside);
  }

  /**
   * Accounts for a pair of rows of the flow in this slot, and proves its translation in their direction. `crossed`: the row of the bytes that
   * did. Returns whether it is a TCP retransmission, for `noteAgain`.
   */
  account(
    inside: number,
    outside: number,
    slot: number,
    isOutbound: boolean,
    latencyNs: number,
    crossed: number,
  ): boolean {
    this.#tables.accounts.reserve(1);
    this.words[words.LATENCY_COUNT] = 0;
    const isAgain = this.#steps.accountForRows(inside, outside, slot, isOutbound, latencyNs, crossed);
    if (this.words[words.LATENCY_COUNT] > 0) this.latencies.count(this.words[words.LATENCY_COUNT]);
    return isAgain;
  }

  /** Is done with two rows that were paired: their pair need not be shown, or not yet. */
  putAway(inside: number, outside: number): void {
    this.#tables.timeline.reserveFolds(MOST_PAIRS);
    this.#steps.fold(inside, outside);
  }

  /**
   * Goes as far as it can. `nextOutsideNs`: the next outside stamp on the timeline. `room`: how many conversations more there may be before idle
   * ones are let go. `most`: how many packets it may take. Returns where the next outside stamp stands then.
   */
  run(inside: Feed, outside: Feed, nextOutsideNs: number, room: number, most: number): number {
    const { timeline, tuples, buckets, accounts } = this.#tables;
    // of each of these a packet may need one
    const packets = inside.stop - inside.at + outside.stop - outside.at;
    const w = this.words;
    const pending = w[words.PENDING_COUNT] - w[words.PENDING_OVER];
    timeline.reserve(packets);
    timeline.reserveFolds(MOST_PAIRS);
    buckets.index.reserve(packets);
    accounts.reserve(packets + pending);
    const d = this.doubles;
    w[words.STOP_ROW] = timeline.before(timeline.end, -Math.min(most, packets + 1));
    d[words.NEXT_NS + INSIDE] = inside.nextNs;
    d[words.NEXT_NS + OUTSIDE] = nextOutsideNs;
    d[words.REACHED_NS + INSIDE] = reachedNs(inside);
    d[words.REACHED_NS + OUTSIDE] = reachedNs(outside);
    w[words.AT + INSIDE] = inside.at;
    w[words.AT + OUTSIDE] = outside.at;
    w[words.END + INSIDE] = inside.stop;
    w[words.END + OUTSIDE] = outside.stop;
    w[words.PACKETS + INSIDE] = inside.batch.records.byteOffset;
    w[words.PACKETS + OUTSIDE] = outside.batch.records.byteOffset;
    w[words.WAYS + INSIDE] = inside.ways.byteOffset;
    w[words.WAYS + OUTSIDE] = outside.ways.byteOffset;
    w[words.TIDY_AT] = tuples.size + room;
    this.#steps.takeOrdinary();
    if (w[words.AT + INSIDE] !== inside.at) inside.goTo(w[words.AT + INSIDE]);
    if (w[words.AT + OUTSIDE] !== outside.at) outside.goTo(w[words.AT + OUTSIDE]);
    this.pairs = w[words.PAIRS];
    this.counted = w[words.COUNTED];
    this.isAtOther = w[words.IS_AT_OTHER] !== 0;
    // of most stretches there is none of these: V8 makes less of `run`, and once instead of twice
    if (w[words.LATENCY_COUNT] > 0) this.latencies.count(w[words.LATENCY_COUNT]);
    if (w[words.WANTED_COUNT] > 0) this.#handOver();
    return d[words.NEXT_NS + OUTSIDE];
  }

  /** Has a packet judged in the middle of a stretch, by whoever then asks for what the stretch has told nobody by now. */
  #judge(row: number): boolean {
    this.#handOver();
    return this.#listener.onOverdue(row);
  }

  /** Hands over the packets of the stretch that wait and are wanted, once. */
  #handOver(): void {
    const w = this.words;
    for (let at = 0; at < w[words.WANTED_COUNT] << entries.WANTED_BITS; at += 1 << entries.WANTED_BITS)
      this.#listener.onWanted(this.#wanted[at + entries.WANTED_ROW], this.#wanted[at + entries.WANTED_FOR]);
    w[words.WANTED_COUNT] = 0;
  }
}

/** How far it is known behind the packets that may be taken that there is none. */
function reachedNs({ batch, stop, end }: Feed): number {
  return stop < end ? Number.NEGATIVE_INFINITY : batch.reachedNs;
}
