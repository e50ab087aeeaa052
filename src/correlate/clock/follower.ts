import type { Heap } from "../../packets/memory/heap.js";
import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { IS_MISTIMED } from "../../packets/packets.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { isBy, type Progress, SET_NS } from "../intake/disorder.js";
import { isEnclosing, isWithin, middleOf } from "./bounds.js";
import { Clock, type ClockOption, PROCESSORS_NS, UNKNOWN_RATE } from "./clock.js";
import { Course } from "./course.js";
import { Slice } from "./envelope.js";
import {
  type Agreed,
  agreedOffset,
  areTtlsSet,
  areOfOneClock,
  gapOf,
  LEAST_WITNESSES,
  mayBeOneClock,
} from "./estimate.js";
import { haveLikes, type Lookahead, type Rows } from "./lookahead.js";
import { type Pending, Slicer } from "./slicer.js";
import { AS_GIVEN_NS } from "./summary.js";
import { unitOf } from "./units.js";
import { IP_ID_ONLY, MARKED, NUMBERS, PAYLOAD, RESENDABLE, SEGMENT, type Twin, Twins } from "./twins.js";

/** How many packets of each side tell how the clocks stand at the beginning: from the first number to the last, doubling … */
const FIRST_LOOK = 256;
const LAST_LOOK = 32_768;
/** … until so many twins are found. */
const ENOUGH_TWINS = 256;
/** Twins that are not where the clocks should have them, before it is asked whether they agree among themselves. */
const STRAYS = 32;
/** A twin is so many windows from where the clocks should have it, at the most: else it is a stray. */
const MOST_WINDOWS = 2;
/** Packets in a part of the inside. */
const PART_PACKETS = 2 ** 17;
/**
 * Where the outside clock leaps ahead, a slice asks for so much of the inside at the most: so many parts beyond those that the slice before asked for, and so many
 * packets for each one that came outside since.
 */
const MOST_PARTS_AHEAD = 2;
const MOST_PER_OUTSIDE = 4;

/** What is known of a capture before anything is placed. */
export interface Seen {
  /** The earliest stamp that is not where those in front of it are, nanoseconds; Infinity for none. */
  readonly strayNs: number;
  /** Whether both were looked at to their ends, have packets that others can be told from, and none of one carries what one of the other does. */
  readonly sharesNothing: boolean;
}

/** That of a capture that is not looked at before. */
export const UNSEEN: Seen = { strayNs: Number.POSITIVE_INFINITY, sharesNothing: false };

/**
 * Finds out how the outside clock stands to the inside one, and follows it. It looks at what packets carry, and never at what was
 * paired, and it is ahead of the packets that are placed on the timeline: what is said of a stretch of time is said before the
 * first packet of it is placed, and is not changed afterwards. That depends on the captures alone, and not on how they are read.
 */
export class Follower {
  readonly #sides: readonly [Lookahead, Lookahead];
  readonly #windowNs: number;
  readonly #option: ClockOption;
  /** What outside minus inside stamp is at one instant, if the clocks are one. */
  readonly #oneGapNs: number;
  /** What is taken for it at the beginning: all that follows is in addition to it. */
  #baseNs = 0;
  readonly #twins: Twins;
  /** Twins that no slice has had yet, the last one of the outside first; and those that are not where they should be. */
  #waiting: Twin[] = [];
  #strays: Twin[] = [];
  /** Where twins are looked for: by what the latest one differs, beyond the base; null where nothing is known. */
  #nearNs: number | null = null;
  /** How far off the base may be at the beginning. */
  #firstSlackNs = 0;
  /** The outside, cut into slices; and the inside: how far it has come, and the greatest stamp of it by the end of each part behind `#seenAll`. */
  readonly #slicer = new Slicer();
  #inside: Progress = { reachedNs: Number.NEGATIVE_INFINITY, packets: 0 };
  readonly #parts: number[] = [];
  /** Where the inside had come with the last slice that all was seen of: that many parts, and outside packets. */
  #seenAll = { parts: 0, end: 0 };
  /** How far both had come by the end of the slice that was closed last. */
  #closedAt: readonly [Progress, Progress] = [UNLIMITED, UNLIMITED];
  /** Whether TCP numbers tell, so that payloads are not asked. */
  #hasNumbers = false;
  /** Whether what may have been sent again is asked, as nothing else tells one of the directions. */
  #asksResendable = false;
  /** By direction, -1 first: how many twins were that very segment. */
  readonly #segments = [0, 0, 0];
  /** By direction: the latest twins that were asked, or behind which nothing surer tells. */
  readonly #latest: readonly [Twin[], Twin[], Twin[]] = [[], [], []];
  /** Those of them that may be none, and were not asked yet. */
  readonly #doubtful = new Set<Twin>();
  #isOver = false;
  /** What the slices come to. */
  readonly #course: Course;
  /** By side: what was seen at the beginning. */
  readonly seen: [Seen, Seen] = [UNSEEN, UNSEEN];

  constructor(sides: readonly [Lookahead, Lookahead], option: ClockOption, windowNs: number, heap: Heap) {
    this.#sides = sides;
    this.#option = option;
    this.#windowNs = windowNs;
    this.#course = new Course(windowNs, (fromNs, untilNs, nearNs) => {
      const of = (side: Side, shiftNs: number) =>
        sides[side].source.disorder.between(fromNs + shiftNs, untilNs + shiftNs, this.#closedAt[side]);
      return of(INSIDE, -nearNs) + of(OUTSIDE, this.#baseNs);
    });
    this.#twins = new Twins(heap);
    this.#oneGapNs = Number(sides[INSIDE].source.epochNs - sides[OUTSIDE].source.epochNs);
  }

  /** Looks at the beginning of both captures, and says what is known of the clocks then. */
  async begin(): Promise<Clock> {
    const looked: [Rows[], Rows[]] = [[], []];
    let isEnough = false;
    for (let packets = FIRST_LOOK; packets <= LAST_LOOK && !isEnough; packets *= 2) {
      for (const side of SIDES) {
        for (const rows of await this.#sides[side].look(packets)) {
          looked[side].push(rows);
          this.#twins.note(side, rows);
        }
      }
      const certain = this.#twins.found.filter((twin) => isCertain(twin) && isUnrepeated(twin, [UNLIMITED, UNLIMITED]));
      isEnough = certain.length >= ENOUGH_TWINS && agreedOffset(certain, this.#windowNs) !== null;
      if (packets === FIRST_LOOK) this.#findUnits(looked);
    }
    const { epochNs } = this.#sides[OUTSIDE].source;
    const epochGapNs = epochNs - this.#sides[INSIDE].source.epochNs;
    const backNs = this.#disorderNs(INSIDE, looked[INSIDE]) + this.#disorderNs(OUTSIDE, looked[OUTSIDE]);
    this.#course.mostWrongNs = backNs;
    const offsetNs = this.#decide(epochGapNs);
    const haveAll = SIDES.every((side) => this.#sides[side].hasEnded && this.#twins.hasNoted(side));
    const sharesNothing = haveAll && this.#twins.found.length === 0 && !haveLikes(looked);
    this.#nearNs = this.#course.nearNs;
    this.#twins.isBeginning = false;
    this.#twins.found = this.#twins.found.filter(isCertain);
    for (const side of SIDES) {
      this.seen[side] = { strayNs: this.#earliestStray(side, looked[side]), sharesNothing };
      for (const rows of looked[side]) this.#pass(side, rows);
    }
    this.#course.begin(this.#firstSlackNs, backNs);
    return new Clock(
      offsetNs,
      this.#windowNs,
      (timeNs) => this.#course.summary.factsAt(timeNs, offsetNs),
      this.#course.stretches,
    );
  }

  /** How far the first packets of a side go back. */
  #disorderNs(side: Side, looked: readonly Rows[]): number {
    if (looked.length === 0) return 0;
    const packets = looked.reduce((sum, { from, to }) => sum + to - from, 0);
    const { disorder } = this.#sides[side].source;
    const toNs = Math.max(...looked.map(latestOf));
    return disorder.between(looked[0].batch.stampNs(0), toNs, { ...UNLIMITED, packets });
  }

  /** The earliest stamp of some packets that is more than a window before one in front of it, or leaps; Infinity for none. */
  #earliestStray(side: Side, looked: readonly Rows[]): number {
    let latestNs = Number.NEGATIVE_INFINITY;
    let earliestNs = Number.POSITIVE_INFINITY;
    for (const { batch, from, to } of looked)
      for (let row = from; row < to; row++) {
        const leapNs = (batch.flags(row) & IS_MISTIMED) === 0 ? 0 : this.#sides[side].source.leapNs(batch.frame(row));
        const stampNs = batch.stampNs(row) + leapNs;
        if (stampNs < latestNs - this.#windowNs || leapNs > 0) earliestNs = Math.min(earliestNs, stampNs);
        else latestNs = Math.max(latestNs, stampNs);
      }
    return earliestNs;
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

  /** Decides what is taken for the offset at the beginning, and whether that is taken for granted. */
  #decide(epochGapNs: bigint): bigint {
    const twins = this.#twins.found.filter((twin) => isUnrepeated(twin, [UNLIMITED, UNLIMITED]));
    if (areTtlsSet(twins.filter(({ by }) => by <= NUMBERS))) {
      this.#twins.areTtlsSet = true;
      for (const twin of this.#twins.found) if (twin.byEnds !== 0) twin.direction = twin.byEnds;
    }
    const agreed = agreedOffset(twins.filter(isCertain), this.#windowNs);
    if (this.#option.kind === "given") {
      const givenNs = Number(this.#option.offsetNs - epochGapNs);
      if (agreed === null || this.#mayBe(givenNs, agreed, AS_GIVEN_NS)) {
        this.#course.assumed = "given";
        this.#course.summary.source = "given";
        this.#course.nearNs = 0;
        this.#baseNs = givenNs;
        return this.#option.offsetNs;
      }
    }
    this.#baseNs = this.#oneGapNs;
    this.#hasNumbers = twins.filter(({ by }) => by <= NUMBERS).length >= ENOUGH;
    if (agreed !== null && this.#hasNumbers)
      this.#course.mostWrongNs = Math.min(this.#course.mostWrongNs, agreed.spreadNs);
    const { toleranceNs } = this.#course;
    const isOne =
      areOfOneClock(twins, this.#windowNs, this.#oneGapNs, toleranceNs) ||
      (agreed === null
        ? mayBeOneClock(twins, this.#windowNs, this.#oneGapNs, toleranceNs)
        : this.#mayBe(this.#oneGapNs, agreed, toleranceNs));
    this.#asksResendable = agreed === null ? isOne : agreed.asksResendable;
    if (isOne) {
      this.#course.assumed = "none";
      this.#course.nearNs = 0;
      return 0n;
    }
    if (agreed === null) return 0n;
    this.#course.summary.source = "estimated";
    this.#course.nearNs = 0;
    this.#baseNs = Math.round(middleOf(agreed) ?? agreed.middleNs);
    this.#firstSlackNs =
      agreed.spreadNs + Math.abs(this.#baseNs - agreed.middleNs) + this.#course.unitNs + PROCESSORS_NS;
    this.#course.isEnclosed = isEnclosing(agreed);
    return BigInt(this.#baseNs) + epochGapNs;
  }

  /** Whether an offset explains the first twins: their bounds, but for what it and their stamps may be wrong by. */
  #mayBe(offsetNs: number, { middleNs, witnessed }: Agreed, wrongNs: number): boolean {
    const contradictionNs = Math.max(0, witnessed.atLeastNs - witnessed.atMostNs);
    const toleranceNs = wrongNs + Math.min(contradictionNs, SET_NS);
    return Math.abs(middleNs - offsetNs) <= this.#windowNs && isWithin(offsetNs, witnessed, toleranceNs);
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
    this.#course.end();
    this.#isOver = true;
  }

  /** Notes how far a side has come, and where the outside is cut into slices. */
  #pass(side: Side, rows: Rows): void {
    if (side === OUTSIDE) this.#slicer.take(rows);
    else {
      const { packets } = this.#inside;
      const partTo = Math.min(rows.to, rows.from + PART_PACKETS - (packets % PART_PACKETS));
      const reachedNs = Math.max(this.#inside.reachedNs, latestOf({ ...rows, to: partTo }));
      this.#inside = { reachedNs, packets: packets + partTo - rows.from };
      if (this.#inside.packets % PART_PACKETS === 0) this.#parts.push(reachedNs);
      if (partTo < rows.to) this.#pass(side, { ...rows, from: partTo });
    }
  }

  /** Whether the inside has come as far as a slice does: all twins have been found that both sides have by then. */
  #isPassed(pending: Pending): boolean {
    return this.#sides[INSIDE].hasEnded || !isBy(this.#inside, this.#insideTo(pending));
  }

  /** How far the inside is looked at for the twins of a slice. */
  #insideTo(pending: Pending): Progress {
    const { parts, end } = this.#seenAll;
    const since = Math.floor((MOST_PER_OUTSIDE * (pending.end - end)) / PART_PACKETS);
    return {
      reachedNs: this.#insideToNs(pending),
      packets: (parts + MOST_PARTS_AHEAD + since) * PART_PACKETS - 1,
    };
  }

  /**
   * Up to which inside stamp there may be twins of a slice, and what shows that they are none: as far as the clocks are known. Those of an offset that was
   * given, and is wrong, may be behind where it has them.
   */
  #insideToNs({ toNs, afterNs }: Pending): number {
    const mostNs = MOST_WINDOWS * this.#windowNs;
    const wrongNs = this.#course.assumed === "given" ? mostNs : Math.min(mostNs, this.#course.aroundNs);
    return toNs + afterNs + wrongNs - this.#gapNs;
  }

  /** What the stamps of one instant differ by, as far as it is known. */
  get #gapNs(): number {
    return this.#baseNs + (this.#course.nearNs ?? 0);
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
    this.#course.forget();
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
    const twins = seen.filter((twin) => isUnrepeated(twin, this.#closedAt));
    this.#twins.forget(seen);
    this.#seeAll(insideTo, end);
    const marked = twins.filter(({ by }) => by === MARKED);
    const agreed = new Set(
      [-1, 0, 1].flatMap((direction) => agreeingOf(marked.filter((twin) => twin.direction === direction))),
    );
    const asked = new Set(twins.filter((twin) => this.#isAsked(twin) || agreed.has(twin)));
    // what is told up to somewhere in the slice says nothing of what is behind it
    const told = [-1, 0, 1].map((direction) =>
      twins.findLastIndex((twin) => twin.direction === direction && asked.has(twin)),
    );
    for (const twin of asked) this.#cross(twin);
    for (const [at, twin] of twins.entries())
      if (asked.has(twin) || (at > told[twin.direction + 1] && isDoubtful(twin))) this.#ask(twin, asked.has(twin));
    const base = this.#baseNs;
    this.#course.take(new Slice({ ...pending, fromNs: fromNs - base, toNs: toNs - base, leastNs: leastNs - base }));
  }

  /** Notes how far the inside came with a slice, unless it was not looked at as far as its stamps go. */
  #seeAll({ reachedNs, packets }: Progress, end: number): void {
    const later = this.#parts.findIndex((partNs) => partNs > reachedNs);
    const past = later < 0 ? this.#parts.length : later;
    const parts = this.#seenAll.parts + past;
    if (parts * PART_PACKETS > packets) return;
    this.#parts.splice(0, past);
    this.#seenAll = { parts, end };
  }

  /** Takes a twin that was asked, or may be none: those that may be are asked once the latest of both directions agree. */
  #ask(twin: Twin, wasAsked: boolean): void {
    const own = this.#latest[twin.direction + 1];
    own.push(twin);
    if (!wasAsked) this.#doubtful.add(twin);
    if (own.length > LEAST_WITNESSES) this.#doubtful.delete(own.shift() ?? twin);
    const [inbound, , outbound] = this.#latest;
    if (Math.min(inbound.length, outbound.length) < LEAST_WITNESSES) return;
    const sinceNs = twin.outsideNs - Math.min(inbound[0].outsideNs, outbound[0].outsideNs);
    const driftNs = UNKNOWN_RATE * Math.max(0, sinceNs);
    if (Math.max(...inbound.map(gapOf)) > Math.min(...outbound.map(gapOf)) + driftNs) return;
    for (const one of this.#doubtful) this.#cross(one);
    this.#doubtful.clear();
  }

  /** Whether a twin is to tell of the clocks, as nothing surer does; counts those that are that very segment. */
  #isAsked({ by, direction }: Twin): boolean {
    if (by === SEGMENT) {
      this.#segments[direction + 1]++;
      return true;
    }
    if (this.#segments[direction + 1] >= ENOUGH) return false;
    return by === RESENDABLE ? this.#asksResendable : by === NUMBERS || !this.#hasNumbers;
  }

  /** Files a twin with those of its direction, if it is where it should be. */
  #cross(twin: Twin): void {
    const gapNs = gapOf(twin) - this.#baseNs;
    if (this.#nearNs !== null && Math.abs(gapNs - this.#nearNs) <= MOST_WINDOWS * this.#windowNs) {
      this.#strays = [];
      this.#nearNs = gapNs;
      if (twin.direction !== 0)
        this.#course.cross({
          isOutbound: twin.direction > 0,
          timeNs: twin.outsideNs - this.#baseNs,
          gapNs,
          place: twin.seenAt[OUTSIDE].packets,
          frame: twin.outsideFrame,
          isSure: twin.by === SEGMENT,
        });
      return;
    }
    this.#strays.push(twin);
    if (this.#strays.length < STRAYS) return;
    const strays = this.#strays;
    this.#strays = [];
    const agreed = agreedOffset(strays, this.#windowNs);
    if (agreed === null) return;
    if (this.#nearNs === null && this.#mayBe(this.#oneGapNs, agreed, this.#course.toleranceNs)) {
      this.#course.assumed = "none";
      this.#course.nearNs = 0;
    } else {
      this.#course.nearNs = (middleOf(agreed) ?? agreed.middleNs) - this.#baseNs;
      if (this.#course.assumed === null) this.#course.summary.source = "estimated";
    }
    this.#nearNs = this.#course.nearNs;
    for (const stray of strays) if (Math.abs(gapOf(stray) - agreed.middleNs) <= this.#windowNs) this.#cross(stray);
  }

  /** Finds the units that both captures' stamps have. */
  #findUnits(looked: readonly [readonly Rows[], readonly Rows[]]): void {
    const units = SIDES.map((side) => unitOf(looked[side], this.#sides[side].source.epochNs));
    const coarserNs = Math.max(...units);
    this.#course.oneUnitNs = units[INSIDE] === units[OUTSIDE] ? 0 : coarserNs;
    this.#course.unitNs = coarserNs === 1 ? 0 : coarserNs;
  }
}

/**
 * From so many twins on that TCP numbers tell, payloads are not asked: one that was lost may be like one that was missed. And from so many of a
 * direction on that are that very segment, others of it are not: one that was lost may be one that was sent again.
 */
const ENOUGH = 16;
/** Twins that are as far apart agree: others, that are none, are so by chance. */
const AGREED_NS = 1_000_000;
/** However far a side has come. */
const UNLIMITED: Progress = { reachedNs: Number.MAX_VALUE, packets: Number.MAX_VALUE };
/** Whether a twin tells an offset. */
function isCertain({ by }: Twin): boolean {
  return by !== IP_ID_ONLY;
}

/** Of some twins of a direction, those that enough of them agree with. */
function agreeingOf(twins: readonly Twin[]): Twin[] {
  const byGap = twins.toSorted((a, b) => gapOf(a) - gapOf(b));
  return byGap.filter((_, at) => {
    for (let first = at - LEAST_WITNESSES + 1; first <= at; first++) {
      const last = first + LEAST_WITNESSES - 1;
      if (first >= 0 && last < byGap.length && gapOf(byGap[last]) - gapOf(byGap[first]) <= AGREED_NS) return true;
    }
    return false;
  });
}

/** Whether a twin may be none: one that was lost may be like one that was missed. */
function isDoubtful({ by }: Twin): boolean {
  return by === NUMBERS || by === MARKED || by === PAYLOAD;
}

/** Whether nothing like a twin's two packets was seen until the sides had come so far. */
function isUnrepeated({ repeatedAt }: Twin, until: readonly [Progress, Progress]): boolean {
  return SIDES.every((side) => !isBy(repeatedAt[side], until[side]));
}

/** The greatest stamp of some packets. */
function latestOf({ batch, from, to }: Rows): number {
  if (batch.isInOrder && to > from) return batch.stampNs(to - 1);
  let latestNs = Number.NEGATIVE_INFINITY;
  for (let row = from; row < to; row++) latestNs = Math.max(latestNs, batch.stampNs(row));
  return latestNs;
}
