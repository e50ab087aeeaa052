import { SET_NS } from "../intake/disorder.js";
import type { Beginning } from "./beginning.js";
import { apart, isEnclosing, UNBOUNDED, wrongBy } from "./bounds.js";
import { MOST_RATE, MOST_SLACK_NS, PROCESSORS_NS, STILL, type Stretch, UNKNOWN_RATE } from "./clock.js";
import { doubtsOf } from "./doubts.js";
import { type Line, lineThrough, orStill } from "./line.js";
import { nearerBy } from "./near.js";
import type { Slice } from "./slice.js";
import { PATIENCE_NS, type Slices, SUPPORTING } from "./slices.js";
import { Summary } from "./summary.js";
import type { Exactness } from "./exactness.js";

/** How far ahead of the packets that are placed the clocks are looked at. */
const AHEAD_NS = 2_000_000_000;

/** How the clocks stand in a slice, wherever that begins. */
type StretchLine = Omit<Stretch, "untilNs" | "firstFrame" | "disorderNs" | "doubtNs" | "isUntold">;
/** What two stretches of no drift have to have in common to be one. */
const STEADY = [
  "correctionNs",
  "firstFrame",
  "slackNs",
  "disorderNs",
  "doubtNs",
  "unboundNs",
  "isTrusted",
  "isUntold",
] as const;

/** How the clocks stand, stretch after stretch: what is made of what a slice's packets and those of its neighbours say. What is said of a stretch stays. */
export class Course {
  /** What is taken for granted about the clocks, as long as nothing contradicts it. */
  assumed: "none" | "given" | null;
  readonly stretches: Stretch[];
  /** All is told of outside packets up to there. */
  toldNs = Number.NEGATIVE_INFINITY;
  readonly summary: Summary;
  readonly #windowNs: number;
  readonly #slices: Slices;
  readonly #exactness: Exactness;
  /** How many of those that were measured are told of. */
  #told = 0;
  /** Whether packets of both directions bounded the offset, now or before. */
  #isEnclosed: boolean;
  /** Whether what was taken for granted may still have been so: it is contradicted further on. */
  #mayStillBe = false;
  /** How often the clock was set before how it stands was told last by packets of both directions. */
  #followedSets = 0;

  constructor(slices: Slices, { assumed, nearNs, isEnclosed, slackNs, backNs, bounds }: Beginning, windowNs: number) {
    this.#slices = slices;
    this.#exactness = slices.exactness;
    this.#windowNs = windowNs;
    this.assumed = assumed;
    this.#isEnclosed = isEnclosed;
    this.summary = new Summary(assumed ?? (nearNs === null ? "none" : "estimated"));
    this.summary.holdOne(bounds);
    const isTrusted = nearNs !== null;
    const beginning = { untilNs: Number.NEGATIVE_INFINITY, firstFrame: 0, unboundNs: Number.POSITIVE_INFINITY };
    this.stretches = [{ ...STILL, ...beginning, slackNs, disorderNs: backNs, isTrusted }];
  }

  /** Goes on from where twins agree that the clocks are. `isOne`: whether they may be one. */
  goOnFrom(nearNs: number, isOne: boolean): void {
    this.#slices.nearNs = nearNs;
    if (isOne) this.assumed = "none";
    else if (this.assumed === null) this.summary.source = "estimated";
  }

  /** Tells what can be told of the slices that were measured; or all there is, where no slice follows. */
  tell(isToEnd: boolean): void {
    const { measured } = this.#slices;
    for (; this.#told < measured.length; this.#told++) {
      const slice = measured[this.#told];
      if (!isToEnd && !this.#isSupported(slice)) break;
      this.#tellOf(slice);
    }
    if (isToEnd) this.toldNs = Number.POSITIVE_INFINITY;
    else this.#told -= this.#slices.forget(this.#told);
  }

  /** Whether enough was measured behind a slice to tell how the clocks stand in it: where one was set before it, or may have been, that is what tells how it stands since. */
  #isSupported(slice: Slice): boolean {
    if (!this.#slices.isFollowed(slice, AHEAD_NS)) return false;
    const isNews = slice.sets > this.#followedSets;
    return !isNews || this.#slices.isFollowed(slice, PATIENCE_NS) || this.#lineBehind(slice) !== null;
  }

  /** What goes through the first slice that is bounded by both directions, of those behind one and of the same run; null where there is none. */
  #lineBehind({ place, sets }: Slice): Line | null {
    for (const one of this.#slices.bounded.slice(place)) {
      const line = one.sets < sets ? null : this.#lineThrough(one);
      if (line !== null && isEnclosing(line.bounds)) return line;
    }
    return null;
  }

  #lineThrough(slice: Slice): Line | null {
    return lineThrough(this.#slices.bounded, slice, this.#exactness.unitNs);
  }

  /** Tells how the clocks stand in the next slice. */
  #tellOf(slice: Slice): void {
    if (this.assumed !== null && this.#isContradicted) {
      if (this.assumed === "none") this.summary.source = "estimated";
      this.assumed = null;
      this.#mayStillBe = true;
    }
    const last = this.stretches[this.stretches.length - 1];
    const line = this.#standing(slice, last);
    // until a packet tells again, two clocks may part as fast as any does
    const doubts = doubtsOf(this.#slices, slice, line, this.assumed === null ? MOST_RATE : 0);
    const awayNs = line.isTrusted ? doubts.awayNs : 0;
    if (awayNs > 0 && (this.#isEnclosed || this.assumed === "none")) this.summary.mayBeWrongBy(awayNs);
    const { toNs, setFrame } = slice.extent;
    const stretch = {
      ...line,
      untilNs: toNs,
      firstFrame: setFrame > 0 ? setFrame : last.firstFrame,
      disorderNs: slice.disorderNs,
      doubtNs: doubts.doubtNs,
      unboundNs: Math.max(line.unboundNs, awayNs),
      isUntold: doubts.isUntold,
    };
    const isSteady = [stretch, last].every(({ rate, setFrame }) => rate === 0 && setFrame === 0);
    if (isSteady && STEADY.every((each) => stretch[each] === last[each])) last.untilNs = toNs;
    else if (this.stretches.length === 1 && last.untilNs === Number.NEGATIVE_INFINITY) this.stretches[0] = stretch;
    else this.stretches.push(stretch);
    this.toldNs = toNs;
    this.summary.tell(stretch, this.#isEnclosed, slice);
  }

  /** Whether certain packets contradict what is taken for granted, now or soon. */
  get #isContradicted(): boolean {
    return this.#slices.measured.slice(this.#told).some((one) => one.isOffset(this.#exactness.toleranceNs));
  }

  #standing(slice: Slice, last: Stretch): StretchLine {
    if (this.assumed === "none") return this.#holdOne(slice);
    if (this.assumed === "given") return this.#holdGiven(slice);
    return this.#slices.nearNs === null ? { ...last, isTrusted: false } : this.#follow(slice, last);
  }

  /** One clock is confirmed: then stamps are wrong by what is seen of that, around here. */
  #holdOne(slice: Slice): StretchLine {
    const around = this.#slices.measured.slice(Math.max(0, this.#told - SUPPORTING));
    const wrongNs = Math.max(PROCESSORS_NS, ...around.map(({ disorderNs, awayNs }) => disorderNs + awayNs));
    const slackNs = this.#exactness.oneUnitNs + wrongNs;
    return { ...STILL, slackNs, isTrusted: true, unboundNs: this.summary.holdOne(slice) };
  }

  /** An offset that was given holds as long as nothing contradicts it; but two clocks drift: it may be wrong by what the line through slices may. */
  #holdGiven(slice: Slice): StretchLine {
    const line = this.#lineThrough(slice);
    if (line !== null && isEnclosing(line.bounds)) {
      this.#isEnclosed = true;
      this.summary.mayBeWrongBy(wrongBy(line.bounds, 0) + line.movedNs + this.#exactness.unitNs);
    }
    return { ...STILL, slackNs: MOST_SLACK_NS, isTrusted: true, unboundNs: 0 };
  }

  /** How the clocks stand in a slice, by its packets and those around it. */
  #follow(slice: Slice, last: Stretch): StretchLine {
    const line = this.#lineAt(slice);
    if (line === null || (this.#isEnclosed && !isEnclosing(line.bounds))) {
      const behind = slice.sets > this.#followedSets && Number.isInteger(slice.sets) ? this.#lineBehind(slice) : null;
      return behind === null ? this.#goOn(slice, last, line) : this.#goBack(slice, behind);
    }
    this.#followedSets = Math.max(this.#followedSets, Math.floor(slice.sets));
    const halfNs = Math.max(0, wrongBy(line.bounds, line.offsetNs));
    this.summary.mayBeWrongBy(halfNs + line.movedNs + this.#exactness.unitNs);
    this.summary.follow(line);
    if (Number.isFinite(halfNs)) this.#isEnclosed = true;
    // what goes one way only bounds the offset on one side, and nothing that goes the other way could contradict it
    const boundNs = Number.isFinite(halfNs) ? halfNs : MOST_SLACK_NS;
    const slackNs = boundNs + slice.disorderNs + line.movedNs + this.#exactness.unitNs + PROCESSORS_NS;
    const { atNs, offsetNs, rate } = line;
    const byNs = Number.isFinite(halfNs) ? 0 : nearerBy(this.#slices, slice, { atNs, correctionNs: offsetNs, rate });
    return this.#stretch(slice, { atNs, offsetNs: offsetNs + byNs, rate }, slackNs);
  }

  /** What goes through a slice and its neighbours. A clock that was set, or began to drift, by little may as well stand still there yet. */
  #lineAt(slice: Slice): Line | null {
    const line = this.#lineThrough(slice);
    if (line === null) return null;
    const isLittle = Math.abs(line.offsetNs) <= MOST_SLACK_NS;
    this.#mayStillBe &&= isLittle && slice.contradicts(() => 0) <= this.#exactness.toleranceNs;
    return this.#mayStillBe ? orStill(line, slice.halfNs) : line;
  }

  /** Goes back from how the clock stands behind a slice, where it was set before that: it may run away meanwhile. */
  #goBack(slice: Slice, line: Line): StretchLine {
    const runNs = UNKNOWN_RATE * Math.abs(line.atNs - slice.middleNs);
    const slackNs = wrongBy(line.bounds, line.offsetNs) + line.movedNs + runNs + this.#exactness.unitNs + PROCESSORS_NS;
    this.summary.mayBeWrongBy(slackNs);
    return this.#stretch(slice, line, slackNs);
  }

  /** Goes on as before where too little is known: the clock may run away meanwhile, within what bounds it. */
  #goOn(slice: Slice, last: Stretch, line: Line | null): StretchLine {
    const { fromNs, toNs, leastNs } = slice.extent;
    const { atNs, bounds } = line ?? { atNs: toNs, bounds: UNBOUNDED };
    if (!last.isTrusted)
      return this.#stretch(slice, { atNs, offsetNs: this.#slices.nearNs ?? 0, rate: 0 }, this.#windowNs);
    const expectedNs = last.correctionNs + last.rate * (atNs - last.atNs);
    const boundNs = Math.max(bounds.atLeastNs, Math.min(bounds.atMostNs, expectedNs));
    // packets of one direction do not tell a clock that was set from twins of others like theirs
    const awayNs = Math.abs(boundNs - expectedNs);
    const isDoubted = this.#isEnclosed && awayNs > SET_NS;
    const offsetNs = isDoubted ? expectedNs : boundNs;
    const spanNs = toNs - (Number.isFinite(fromNs) ? fromNs : Math.min(leastNs, toNs));
    const slackNs = last.slackNs + spanNs * UNKNOWN_RATE;
    if (this.#isEnclosed) this.summary.mayBeWrongBy(slackNs + (isDoubted ? awayNs : 0));
    return this.#stretch(slice, { atNs, offsetNs, rate: last.rate }, slackNs);
  }

  /** A stretch of such a line, whose slack is as wide as what contradicts it. */
  #stretch(slice: Slice, line: Pick<Line, "atNs" | "offsetNs" | "rate">, leastSlackNs: number): StretchLine {
    const { atNs, offsetNs, rate } = line;
    const telling = [slice];
    // where its own packets do not tell which of its neighbours a slice belongs to, it may be either
    if (!isEnclosing(slice)) {
      const nearest = this.#slices.bounded.slice(Math.max(0, slice.place - 1), slice.place + 2);
      telling.push(...nearest.filter((other) => other.isOneRunWith(slice)));
    }
    const againstNs = Math.max(...telling.map((one) => one.contradicts((ns) => offsetNs + rate * (ns - atNs))));
    if (againstNs > leastSlackNs && this.#isEnclosed) this.summary.mayBeWrongBy(againstNs + leastSlackNs);
    const { eitherNs, setFrame, setNs } = this.#setBack(slice, atNs, offsetNs);
    return {
      atNs,
      correctionNs: Math.round(offsetNs),
      rate,
      setFrame,
      setNs,
      slackNs: Math.round(Math.max(leastSlackNs, eitherNs, againstNs > 0 ? againstNs + PROCESSORS_NS : 0)),
      isTrusted: true,
      unboundNs: this.#isEnclosed ? 0 : Number.POSITIVE_INFINITY,
    };
  }

  /**
   * Whether the clock is set back behind a slice, to before its end: packets from a frame on have stamps that it has, too, and are off
   * by `setNs`. Where no frame tells which they are, any packet may be: `eitherNs`.
   */
  #setBack(slice: Slice, atNs: number, offsetNs: number): Pick<Stretch, "setFrame" | "setNs"> & { eitherNs: number } {
    let setFrame = 0;
    let eitherNs = 0;
    for (const other of this.#slices.measured.slice(this.#told + 1)) {
      if (other.extent.leastNs >= slice.extent.toNs) continue;
      if (setFrame === 0) setFrame = other.extent.setFrame;
      const awayNs = apart(slice, other);
      const line = awayNs > 0 && setFrame > 0 ? this.#lineThrough(other) : null;
      if (line !== null)
        return { eitherNs, setFrame, setNs: Math.round(line.offsetNs + line.rate * (atNs - line.atNs) - offsetNs) };
      eitherNs = Math.max(eitherNs, awayNs);
    }
    return { eitherNs, setFrame: 0, setNs: 0 };
  }
}
