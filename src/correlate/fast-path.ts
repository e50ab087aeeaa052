import { BATCH_FRAMES } from "../packets/frames.js";
import { EXACT_SAMPLES } from "../packets/latency.js";
import { asDoubles, type Heap } from "../packets/heap.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";
import code from "./assembly/fast-path.wasm";
import type { Buckets } from "./buckets.js";
import type { Clock } from "./clock.js";
import type { Datagrams } from "./datagrams.js";
import * as words from "./fast-path-words.js";
import type { Feed } from "./feed.js";
import type { Proxies } from "./proxies.js";
import type { Segments } from "./segments.js";
import type { ShiftedSegments } from "./shifts.js";
import type { Translations } from "./translations.js";
import type { Verdicts } from "./verdicts.js";

/** What the fast path works on; the rooms it leaves packets to are asked whether they want one. */
export interface Grounds {
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly buckets: Buckets;
  readonly translations: Translations;
  readonly clock: Clock;
  readonly segments: Segments;
  readonly shifted: ShiftedSegments;
  readonly proxies: Proxies;
  /** Told of flows that were learnt and that anybody has to know of, by their slots. */
  readonly onFlow: (slot: number) => void;
  /** Told of packets whose window is over and that no other with their key waits for. Returns whether that decided about them. */
  readonly onOverdue: (row: number) => boolean;
  readonly datagrams: Datagrams;
  readonly verdicts: Verdicts;
  readonly windowNs: number;
  /** Whether pairs are to be shown. */
  readonly isShowing: boolean;
}

/** How many packets a stretch may take at the most. */
const MOST_PACKETS = 2 * BATCH_FRAMES;

const module = new WebAssembly.Module(code);

/**
 * Takes the packets that make up most of any capture: whole ones that come with a key nobody waits under, or are the twin of
 * the only one that does, by a known translation or as evidence enough for a new one. It does with them what `Run` and
 * `Matcher` would do, and nothing else, in one loop of WebAssembly over the tables' memory. It stops before any other packet,
 * and before any that something else has to be done for.
 */
export class FastPath {
  /** How many pairs there were in the last stretch. */
  pairs = 0;
  /** As they were given to `run`, and as they are behind that stretch. */
  nowNs = Number.NEGATIVE_INFINITY;
  due = 0;
  /** Whether it stopped before a packet that is not for it, and not because time has to go by or a side has no more. */
  isAtOther = false;
  readonly #grounds: Grounds;
  readonly #run: (words: number) => void;
  readonly #settle: (words: number, nowNs: number) => void;
  /** What it is told, and what it says: see `fast-path-words.ts`. */
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** The heap's `changes` when it was noted where the tables are. */
  #locatedAt = -1;
  readonly #latencies: Int32Array;
  readonly #latencyNs: Float64Array;
  readonly #strangers: Int32Array;
  readonly #leavers: Int32Array;

  constructor(grounds: Grounds) {
    const { heap, translations, clock, windowNs, isShowing } = grounds;
    this.#grounds = grounds;
    this.#words = heap.take(Int32Array, words.WORDS);
    this.#doubles = asDoubles(this.#words);
    this.#doubles[words.WINDOW_NS] = windowNs;
    this.#words[words.IS_SHOWING] = isShowing ? 1 : 0;
    this.#words[words.IS_ESTIMATED] = clock.source === "estimated" ? 1 : 0;
    this.#latencies = heap.take(Int32Array, words.MOST_LATENCIES << words.LATENCY_BITS);
    this.#latencyNs = asDoubles(this.#latencies);
    this.#strangers = heap.take(Int32Array, MOST_PACKETS);
    this.#leavers = heap.take(Int32Array, MOST_PACKETS);
    this.#words[words.LATENCIES] = this.#latencies.byteOffset;
    this.#words[words.STRANGERS] = this.#strangers.byteOffset;
    this.#words[words.LEAVERS] = this.#leavers.byteOffset;
    this.#words[words.INTACT] = translations.intact.byteOffset;
    this.#words[words.DIGESTS] = translations.inbound.address;
    this.#words[words.DIGESTS + 1] = translations.outbound.address;
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: heap.memory },
      "fast-path": {
        observe: (timeNs: number, gapNs: number, outbound: number) => clock.observe(timeNs, gapNs, outbound === 1),
        correctionNs: (timeNs: number) => clock.correctionNs(timeNs),
        learn: (slot: number) => this.#learn(slot),
      },
      "settling.js": { judge: (row: number) => this.#judge(row) },
      "learning.js": { log2: Math.log2 },
    });
    this.#run = exports["run"];
    this.#settle = exports["settle"];
  }

  /**
   * Goes as far as it can. `nextOutsideNs`: the next outside stamp on the timeline; `shiftNs` brings the others there, the
   * clock's correction aside. `nowNs`: the latest time of a packet so far. `due`: the first row that is to be decided about
   * once its window is over, or the timeline's end. `shown`: pairs of an inside row before this one are late. `room`: how many
   * conversations more there may be before idle ones are let go. Returns where the next outside stamp stands then.
   */
  run(
    inside: Feed,
    outside: Feed,
    nextOutsideNs: number,
    shiftNs: number,
    nowNs: number,
    due: number,
    shown: number,
    room: number,
  ): number {
    const { timeline, tuples, buckets, translations, segments, verdicts } = this.#grounds;
    const { accounts } = translations;
    const { samples } = accounts;
    // of each of these a packet may need one
    const packets = inside.end - inside.at + outside.end - outside.at;
    timeline.reserve(packets);
    buckets.index.reserve(packets);
    samples.reserve(packets);
    translations.reserve(packets);
    this.#beginSettling(due);
    const w = this.#words;
    const d = this.#doubles;
    d[words.NEXT_NS + INSIDE] = inside.nextNs;
    d[words.NEXT_NS + OUTSIDE] = nextOutsideNs;
    d[words.REACHED_NS + INSIDE] = inside.batch.reachedNs;
    d[words.REACHED_NS + OUTSIDE] = outside.batch.reachedNs;
    d[words.NOW_NS] = nowNs;
    d[words.SHIFT_NS] = shiftNs;
    d[words.SURELY_IN_TIME_NS] = translations.surelyInTimeNs;
    w[words.AT + INSIDE] = inside.at;
    w[words.AT + OUTSIDE] = outside.at;
    w[words.END + INSIDE] = inside.end;
    w[words.END + OUTSIDE] = outside.end;
    w[words.PACKETS + INSIDE] = inside.batch.records.byteOffset;
    w[words.PACKETS + OUTSIDE] = outside.batch.records.byteOffset;
    w[words.WAYS + INSIDE] = inside.ways.byteOffset;
    w[words.WAYS + OUTSIDE] = outside.ways.byteOffset;
    w[words.ROOM] = room;
    w[words.SHOWN] = shown;
    w[words.FIRST] = timeline.first;
    w[words.PLACES_END] = timeline.placesEnd;
    w[words.CHUNKS_END] = samples.end;
    w[words.DROPPED_COUNT] = samples.droppedCount;
    w[words.REST] = samples.rest;
    w[words.FLOWS_END] = accounts.end;
    w[words.FREE_SLOT_COUNT] = translations.freeCount;
    w[words.IS_UNCUT] = segments.isNeeded ? 0 : 1;
    w[words.NEWEST_NAT] = verdicts.newestIpv4;
    w[words.PAIRS_BEFORE] = translations.outbound.count + translations.inbound.count;
    this.#run(w.byteOffset);
    timeline.end = w[words.ROW];
    timeline.placesEnd = w[words.PLACES_END];
    tuples.size += w[words.FIRSTS];
    samples.droppedCount = w[words.DROPPED_COUNT];
    samples.rest = w[words.REST];
    translations.freeCount = w[words.FREE_SLOT_COUNT];
    accounts.end = w[words.FLOWS_END];
    samples.end = w[words.CHUNKS_END];
    if (w[words.AT + INSIDE] !== inside.at) inside.goTo(w[words.AT + INSIDE]);
    if (w[words.AT + OUTSIDE] !== outside.at) outside.goTo(w[words.AT + OUTSIDE]);
    this.#endSettling();
    this.pairs = w[words.PAIRS];
    this.nowNs = d[words.NOW_NS];
    this.isAtOther = w[words.IS_AT_OTHER] !== 0;
    // of most stretches there is none of these: V8 makes less of `run`, and once instead of twice
    if (w[words.LATENCY_COUNT] > 0) this.#digest(w[words.LATENCY_COUNT]);
    if ((w[words.STRANGER_COUNT] | w[words.LEAVER_COUNT]) > 0) this.#admit();
    return d[words.NEXT_NS + OUTSIDE];
  }

  /**
   * Decides about packets whose window is over by `nowNs`, from `due` on, up to the first that takes more than a verdict. Returns
   * that one, or the timeline's end.
   */
  settle(nowNs: number, due: number): number {
    this.#beginSettling(due);
    this.#settle(this.#words.byteOffset, nowNs);
    this.#endSettling();
    return this.due;
  }

  #beginSettling(due: number): void {
    const { heap, timeline, translations, datagrams, isShowing } = this.#grounds;
    if (heap.changes !== this.#locatedAt) this.#locate();
    const w = this.#words;
    w[words.ROW] = timeline.end;
    w[words.DUE] = due;
    w[words.FREE_PLACE_COUNT] = timeline.freeCount;
    w[words.FLOWS_LEARNT] = translations.learnt;
    w[words.FILED] = 0;
    w[words.MAY_JUDGE] = isShowing || datagrams.size > 0 ? 0 : 1;
  }

  #endSettling(): void {
    const { timeline, buckets, translations } = this.#grounds;
    const w = this.#words;
    timeline.freeCount = w[words.FREE_PLACE_COUNT];
    translations.learnt = w[words.FLOWS_LEARNT];
    buckets.index.counted(w[words.FILED]);
    this.due = w[words.DUE];
  }

  /** Notes where the tables are. */
  #locate(): void {
    const { heap, timeline, tuples, buckets, translations } = this.#grounds;
    const { accounts } = translations;
    const { samples } = accounts;
    const w = this.#words;
    this.#locatedAt = heap.changes;
    w[words.STATES] = timeline.states.byteOffset;
    w[words.SIDES] = timeline.sides.byteOffset;
    w[words.PLACES] = timeline.places.byteOffset;
    w[words.ROWS_MASK] = timeline.mask;
    w[words.RECORDS] = timeline.records.byteOffset;
    w[words.FATES] = timeline.fates.byteOffset;
    w[words.FREE_PLACES] = timeline.free.byteOffset;
    w[words.CELLS] = buckets.index.cells.byteOffset;
    w[words.CELLS_MASK] = buckets.index.mask;
    w[words.TUPLES] = tuples.records.byteOffset;
    w[words.FLOWS] = accounts.records.byteOffset;
    w[words.FREE_SLOTS] = translations.freeSlots.byteOffset;
    w[words.CHUNKS] = samples.chunks.byteOffset;
    w[words.DROPPED] = samples.dropped.byteOffset;
  }

  #learn(slot: number): void {
    this.#grounds.onFlow(slot);
    this.#words[words.NEWEST_NAT] = this.#grounds.verdicts.newestIpv4;
  }

  /** Has a packet judged in the middle of a stretch, by whoever then asks for what the stretch has told nobody by now. */
  #judge(row: number): boolean {
    const { timeline, translations, onOverdue } = this.#grounds;
    const w = this.#words;
    timeline.end = w[words.ROW];
    translations.learnt = w[words.FLOWS_LEARNT];
    this.#admit();
    const isJudged = onOverdue(row);
    w[words.FLOWS_LEARNT] = translations.learnt;
    return isJudged;
  }

  /** Has those of the stretch's TCP segments that wait and are wanted elsewhere looked at there, once. */
  #admit(): void {
    const { proxies, shifted } = this.#grounds;
    const w = this.#words;
    for (let at = 0; at < w[words.STRANGER_COUNT]; at++) proxies.admit(this.#strangers[at]);
    for (let at = 0; at < w[words.LEAVER_COUNT]; at++) shifted.admit(this.#leavers[at]);
    w[words.STRANGER_COUNT] = 0;
    w[words.LEAVER_COUNT] = 0;
  }

  /** Adds the latencies that no digest counted yet to those of all pairs, and to those of flows that have too many to keep one by one. */
  #digest(latencies: number): void {
    const { accounts, outbound, inbound } = this.#grounds.translations;
    for (let at = 0; at < latencies << words.LATENCY_BITS; at += 1 << words.LATENCY_BITS) {
      const latencyNs = this.#latencyNs[at >> 1];
      const facts = this.#latencies[at + words.OUTBOUND];
      const digest = this.#latencies[at + words.DIGEST];
      if ((facts & words.IS_COUNTED) === 0) ((facts & 1) === 1 ? outbound : inbound).add(latencyNs);
      if (digest >= 0) accounts.digest(digest >> 1, digest & 1, EXACT_SAMPLES).add(latencyNs);
    }
  }
}
