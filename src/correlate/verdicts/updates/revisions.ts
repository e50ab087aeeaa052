import { halfOf, whichOf, wholeOf } from "../../../packets/halves.js";
import { Chains } from "../../../packets/memory/chains.js";
import type { Heap } from "../../../packets/memory/heap.js";
import { field, fields, flag } from "../../../packets/memory/layout.js";
import type { Judgement, Update } from "../../../packets/results/results.js";
import { type Impact, IMPACTS, type Verdict, VERDICTS } from "../../../packets/results/verdicts.js";
import { frameKey, INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";

/** So many packets are remembered one by one, in 42 bytes each; of older ones, only how many there were. */
const REMEMBERED = 2 ** 14;
/** Chains that these are found in, as bits. */
const CHAIN_BITS = 12;
/** Those are counted by the time they passed, at first in cells of this length, nanoseconds … */
const CELL_NS = 1_000_000_000;
/** … and in cells twice as long where that takes more than so many. */
const MOST_CELLS = 64;

/** What is remembered of a packet in 16 bits: its side, whether the filter selects it, and what was said of it. */
fields();
const [, SIDE] = field(1);
const IS_SELECTED = flag();
const [SAID_SHIFT, SAID_MASK] = field(14);
/** Nothing is left to be revised: as much is never said. */
const GONE = (SAID_MASK << SAID_SHIFT) | SIDE;

/** What was said of a packet, as a number; the impact of none is IMPACTS.length. */
const SAID = VERDICTS.length * (IMPACTS.length + 1);

/** A packet of which something else was said before, as far as it is told of. */
export type Revised = Pick<Update, "side" | "frame" | "flow" | "isSelected" | "before">;

/** Packets that are only counted, and of which the same was said. */
export interface Counted {
  readonly side: Side;
  readonly before: Update["before"];
  readonly count: number;
}

/**
 * What was said of packets that a capture lacks, as long as it may turn out to have lost them: its counters may tell of losses long after. The
 * packets that were judged last are remembered one by one.
 */
export class Revisions {
  readonly #timesNs: Float64Array;
  /** The latest time of all that were judged by then: it never goes back. */
  readonly #latestNs: Float64Array;
  readonly #frames: Float64Array;
  readonly #flows: Int32Array;
  readonly #facts: Uint16Array;
  /** Which captures may have lost it, as `SideCover.mask` has it. */
  readonly #captures: Uint32Array;
  /** Where they are, by side and frame: more may become known of them. */
  readonly #places: Chains;
  #count = 0;
  /** How many packets of each side were said to be what, by the number of their cell, whichever captures may have lost them. */
  #cells = new Map<number, Uint32Array>();
  #cellNs = CELL_NS;

  constructor(heap: Heap) {
    this.#timesNs = heap.take(Float64Array, REMEMBERED);
    this.#latestNs = heap.take(Float64Array, REMEMBERED);
    this.#frames = heap.take(Float64Array, REMEMBERED);
    this.#flows = heap.take(Int32Array, REMEMBERED);
    this.#facts = heap.take(Uint16Array, REMEMBERED);
    this.#captures = heap.take(Uint32Array, REMEMBERED);
    this.#places = new Chains(heap, CHAIN_BITS, REMEMBERED);
  }

  /** Takes a packet that was judged, and which captures may have lost it. */
  note(
    { side, frame, flow, isSelected }: Omit<Revised, "before">,
    timeNs: number,
    { verdict, impact }: Judgement,
    captures: number,
  ): void {
    const place = this.#count % REMEMBERED;
    if (this.#count >= REMEMBERED && this.#facts[place] !== GONE) this.#forget(place);
    const before = this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#latestNs[(this.#count - 1) % REMEMBERED];
    this.#count++;
    this.#timesNs[place] = timeNs;
    this.#latestNs[place] = Math.max(before, timeNs);
    this.#frames[place] = frame;
    this.#flows[place] = flow ?? NONE;
    this.#facts[place] = (saidOf(verdict, impact) << SAID_SHIFT) | (isSelected ? IS_SELECTED : 0) | (side & SIDE);
    this.#captures[place] = captures;
    this.#places.add(frameKey(side, frame), place);
  }

  /** Takes what became known of a packet that passed at this time: one that is not called dropped now is not to be revised any more. */
  update({ side, frame, verdict, impact, before }: Update, timeNs: number): void {
    const place = this.#placeOf(side, frame);
    if (place === NONE) {
      const counts = this.#cells.get(Math.floor(timeNs / this.#cellNs));
      const from = halfOf(saidOf(before.verdict, before.impact), side);
      // it may have been revised before
      if (counts === undefined || counts[from] === 0) return;
      counts[from]--;
      if (verdict === "dropped") counts[halfOf(saidOf(verdict, impact), side)]++;
    } else if (verdict === "dropped") {
      const rest = this.#facts[place] & (SIDE | IS_SELECTED);
      this.#facts[place] = (saidOf(verdict, impact) << SAID_SHIFT) | rest;
    } else this.#drop(place);
  }

  /**
   * Gives those that are remembered, passed between two times and may have been lost by one of these captures, in the order they were judged, and has
   * nothing more to do with them.
   */
  takeOut(fromNs: number, toNs: number, captures: number): Revised[] {
    const found: Revised[] = [];
    const oldest = Math.max(0, this.#count - REMEMBERED);
    for (let n = this.#count - 1; n >= oldest; n--) {
      const place = n % REMEMBERED;
      // all that were judged before passed before
      if (this.#latestNs[place] < fromNs) break;
      const timeNs = this.#timesNs[place];
      if (this.#facts[place] === GONE || timeNs < fromNs || timeNs > toNs) continue;
      if ((this.#captures[place] & captures) === 0) continue;
      found.push(this.#at(place));
      this.#drop(place);
    }
    return found.toReversed();
  }

  /** The same of those that are only counted: of cells that reach into that time. */
  takeOutCounted(fromNs: number, toNs: number): Counted[] {
    const counts = new Uint32Array(halfOf(SAID, 0));
    for (const [cell, counted] of this.#cells) {
      if ((cell + 1) * this.#cellNs < fromNs || cell * this.#cellNs > toNs) continue;
      for (const [at, count] of counted.entries()) counts[at] += count;
      this.#cells.delete(cell);
    }
    const found: Counted[] = [];
    for (const [at, count] of counts.entries())
      if (count > 0)
        found.push({ side: whichOf(at) === INSIDE ? INSIDE : OUTSIDE, before: beforeOf(wholeOf(at)), count });
    return found;
  }

  #at(place: number): Revised {
    const facts = this.#facts[place];
    const flow = this.#flows[place];
    return {
      side: sideOf(facts),
      frame: this.#frames[place],
      flow: flow === NONE ? undefined : flow,
      isSelected: (facts & IS_SELECTED) !== 0,
      before: beforeOf(facts >> SAID_SHIFT),
    };
  }

  /** Where a packet is remembered, or NONE. */
  #placeOf(side: Side, frame: number): number {
    let place = this.#places.first(frameKey(side, frame));
    while (place !== NONE && (this.#frames[place] !== frame || sideOf(this.#facts[place]) !== side))
      place = this.#places.behind(place);
    return place;
  }

  #drop(place: number): void {
    this.#places.remove(frameKey(sideOf(this.#facts[place]), this.#frames[place]), place);
    this.#facts[place] = GONE;
  }

  /** Only counts one that was remembered. */
  #forget(place: number): void {
    const facts = this.#facts[place];
    const at = halfOf(facts >> SAID_SHIFT, facts & SIDE);
    this.#drop(place);
    const cell = Math.floor(this.#timesNs[place] / this.#cellNs);
    const counts = this.#cells.get(cell);
    if (counts !== undefined) {
      counts[at]++;
      return;
    }
    this.#cells.set(cell, new Uint32Array(halfOf(SAID, 0)).fill(1, at, at + 1));
    while (this.#cells.size > MOST_CELLS) this.#widen();
  }

  #widen(): void {
    this.#cellNs *= 2;
    const cells = this.#cells;
    this.#cells = new Map();
    for (const [cell, counts] of cells) {
      const wide = this.#cells.get(Math.floor(cell / 2));
      if (wide === undefined) this.#cells.set(Math.floor(cell / 2), counts);
      else for (const [at, count] of counts.entries()) wide[at] += count;
    }
  }
}

function sideOf(facts: number): Side {
  return (facts & SIDE) === INSIDE ? INSIDE : OUTSIDE;
}

function saidOf(verdict: Verdict, impact: Impact | undefined): number {
  const which = impact === undefined ? IMPACTS.length : IMPACTS.indexOf(impact);
  return VERDICTS.indexOf(verdict) * (IMPACTS.length + 1) + which;
}

function beforeOf(said: number): Update["before"] {
  const impact = IMPACTS[said % (IMPACTS.length + 1)];
  const verdict = VERDICTS[Math.floor(said / (IMPACTS.length + 1))];
  return impact === undefined ? { verdict } : { verdict, impact };
}
