import type { Heap } from "../../packets/memory/heap.js";
import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { isBy, type Progress, UNLIMITED } from "../intake/disorder.js";
import { begin, type Beginning, type Seen } from "./beginning.js";
import { Clock, type ClockOption } from "./clock.js";
import { Course } from "./course.js";
import { Doubles } from "./doubles.js";
import { latestOf, type Lookahead, type Rows } from "./lookahead.js";
import { Reach } from "./reach.js";
import { MOST_WINDOWS, Sifter } from "./sifter.js";
import { Slice } from "./slice.js";
import { type Pending, Slicer } from "./slicer.js";
import { Slices } from "./slices.js";
import { type Twin, Twins } from "./twins.js";

/**
 * Finds out how the outside clock stands to the inside one, and follows it. It looks at what packets carry, and never at what was
 * paired, and it is ahead of the packets that are placed on the timeline: what is said of a stretch of time is said before the
 * first packet of it is placed, and is not changed afterwards. That depends on the captures alone, and not on how they are read.
 */
export class Follower {
  readonly clock: Clock;
  /** By side: what was seen at the beginning. */
  readonly seen: readonly [Seen, Seen];
  readonly #sides: readonly [Lookahead, Lookahead];
  readonly #windowNs: number;
  readonly #baseNs: number;
  readonly #twins: Twins;
  /** Twins that no slice has had yet, the last one of the outside first. */
  #waiting: Twin[] = [];
  readonly #doubles = new Doubles();
  readonly #sifter: Sifter;
  readonly #slicer = new Slicer();
  readonly #inside = new Reach();
  readonly #slices: Slices;
  readonly #course: Course;
  /** How far both had come by the end of the slice that was closed last. */
  #closedAt: readonly [Progress, Progress] = [UNLIMITED, UNLIMITED];
  #isOver = false;

  private constructor(sides: readonly [Lookahead, Lookahead], twins: Twins, beginning: Beginning, windowNs: number) {
    const { looked, seen, offsetNs, baseNs, nearNs, exactness, areApart } = beginning;
    this.#sides = sides;
    this.#twins = twins;
    this.#windowNs = windowNs;
    this.#baseNs = baseNs;
    this.seen = seen;
    this.#slices = new Slices(exactness, nearNs, (fromNs, untilNs, nearNs) => {
      const of = (side: Side, shiftNs: number) =>
        sides[side].source.disorderBetween(fromNs + shiftNs, untilNs + shiftNs, this.#closedAt[side]);
      return of(INSIDE, -nearNs) + of(OUTSIDE, baseNs);
    });
    const course = new Course(this.#slices, beginning, windowNs);
    this.#course = course;
    this.#sifter = new Sifter(this.#slices, course, beginning, windowNs);
    const facts = (timeNs: number) => course.summary.factsAt(timeNs, offsetNs);
    this.clock = new Clock(offsetNs, windowNs, facts, course.stretches, areApart);
    for (const side of SIDES) for (const rows of looked[side]) this.#pass(side, rows);
  }

  /** One that has looked at the beginning of both captures. */
  static async begin(
    sides: readonly [Lookahead, Lookahead],
    option: ClockOption,
    windowNs: number,
    heap: Heap,
  ): Promise<Follower> {
    const twins = new Twins(heap);
    return new Follower(sides, twins, await begin(sides, twins, option, windowNs), windowNs);
  }

  /** The next batch of a side, or null at its end, once all is known of the clocks that has to be to place its packets. */
  async next(side: Side): Promise<PacketBatch | null> {
    const own = this.#sides[side];
    while (own.first === undefined && (await this.#lookOn(side)));
    if (side === OUTSIDE && own.first !== undefined)
      await this.#reach(latestOf({ batch: own.first, from: 0, to: own.first.count }) - this.#baseNs);
    return own.next();
  }

  /** Looks no further: what was looked at is what there is. */
  stop(): void {
    for (const side of this.#sides) side.hasEnded = true;
    this.#end();
  }

  /** Looks at the next packets of a side. Returns whether there were any. */
  async #lookOn(side: Side): Promise<boolean> {
    const rows = await this.#sides[side].lookOn();
    if (rows !== null) {
      this.#twins.note(side, rows);
      this.#pass(side, rows);
    }
    return rows !== null;
  }

  #pass(side: Side, rows: Rows): void {
    if (side === OUTSIDE) this.#slicer.take(rows);
    else this.#inside.take(rows);
  }

  /** Looks ahead until all is told of outside packets up to this stamp, brought to the inside clock by the base. */
  async #reach(timeNs: number): Promise<void> {
    this.#go();
    while (this.#course.toldNs < timeNs && !this.#isOver) {
      const [inside, outside] = this.#sides;
      const isBehind = this.#slicer.pending.length > 0 && !this.#isPassed(this.#slicer.pending[0]);
      if (isBehind && !inside.hasEnded) await this.#lookOn(INSIDE);
      else if (!outside.hasEnded) await this.#lookOn(OUTSIDE);
      else if (!this.#slicer.isCutOff) this.#slicer.cutOff(this.#windowNs);
      else this.#end();
      this.#go();
    }
  }

  /** Tells all that can be told of what was looked at. */
  #end(): void {
    if (this.#isOver) return;
    if (!this.#slicer.isCutOff) this.#slicer.cutOff(this.#windowNs);
    this.#go(true);
    this.#sifter.end();
    this.#slices.end();
    this.#course.tell(true);
    this.#isOver = true;
  }

  /** Goes as far as both sides were looked at; or to the end of what was. */
  #go(isToEnd = false): void {
    if (this.#twins.found.length > 0) {
      this.#waiting.push(...this.#twins.found);
      this.#waiting.sort((a, b) => b.seenAt[OUTSIDE].packets - a.seenAt[OUTSIDE].packets);
      this.#twins.found = [];
    }
    let count = 0;
    for (const pending of this.#slicer.pending) {
      if (!isToEnd && !this.#isPassed(pending)) break;
      count++;
      this.#close(pending);
    }
    if (count > 0) this.#slicer.pending = this.#slicer.pending.slice(count);
  }

  /** Whether the inside has come as far as a slice does: all twins have been found that both sides have by then. */
  #isPassed(pending: Pending): boolean {
    return this.#sides[INSIDE].hasEnded || this.#inside.isBeyond(this.#insideTo(pending));
  }

  /**
   * How far the inside is looked at for the twins of a slice, and for what shows that they are none: as far as the clocks are known. Those of an offset that was
   * given, and is wrong, may be behind where it has them.
   */
  #insideTo({ toNs, afterNs, end }: Pending): Progress {
    const mostNs = MOST_WINDOWS * this.#windowNs;
    const wrongNs = this.#course.assumed === "given" ? mostNs : Math.min(mostNs, this.#slices.aroundNs);
    return this.#inside.to(toNs + afterNs + wrongNs - (this.#baseNs + (this.#slices.nearNs ?? 0)), end);
  }

  /** Takes the twins of a slice: those that both sides had by its end. */
  #close(pending: Pending): void {
    const { fromNs, toNs, leastNs, end } = pending;
    const insideTo = this.#insideTo(pending);
    this.#closedAt = [insideTo, { ...UNLIMITED, packets: end }];
    const later = this.#waiting.findLastIndex(({ seenAt }) => seenAt[OUTSIDE].packets > end);
    const passed = this.#waiting.splice(later + 1);
    const isSeen = ({ seenAt }: Twin): boolean => isBy(seenAt[INSIDE], insideTo);
    this.#waiting.push(...passed.filter((twin) => !isSeen(twin)));
    const seen = passed.filter(isSeen).reverse();
    this.#twins.forget(seen);
    this.#inside.close(insideTo, end);
    this.#sifter.take(this.#doubles.proving(seen, this.#closedAt));
    const base = this.#baseNs;
    const extent = { ...pending, fromNs: fromNs - base, toNs: toNs - base, leastNs: leastNs - base };
    this.#slices.take(new Slice(extent, this.#doubles.mayDeceive));
    this.#course.tell(false);
  }
}
