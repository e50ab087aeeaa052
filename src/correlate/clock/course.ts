import { NEAR_NS, SET_NS } from "../intake/disorder.js";
import { apart, isEnclosing, middleOf, wrongBy } from "./bounds.js";
import { MOST_RATE, PROCESSORS_NS, STILL, type Stretch, UNKNOWN_RATE } from "./clock.js";
import { type Crossing, Crossings, SUPPORTERS, tookBy } from "./crossings.js";
import { LEAST_WITNESSES } from "./estimate.js";
import { type Extent, type Line, lineThrough, orStill, Slice } from "./envelope.js";
import { partingOf, partsOf } from "./parting.js";
import { Summary } from "./summary.js";

/**
 * How far ahead of the packets that are placed the clocks are looked at: by time, or by packets where those are so many; and for how long it is waited for
 * packets that tell, where they are few.
 */
const AHEAD_NS = 2_000_000_000;
const AHEAD_PACKETS = 16_384;
const PATIENCE_NS = 10_000_000_000;
/** Slices behind one that tell whether its quickest packets are believable. */
const SUPPORTING = 2;
/** A given offset is not exact to the nanosecond, and no packet is that much quicker than the quickest one seen. */
export const MOST_SLACK_NS = 200_000;
/** Equal packets that are about as far apart as the clock was set by are as near to each other by it, but for what they take, nanoseconds. */
const AROUND_NS = 1_000_000;
/** Witnesses of each direction before and behind a slice that tell whether a clock was set in it. */
const PARTING = 8;
/** Slices that are kept behind those that were told of. */
const KEPT_SLICES = 64;

/** What the clocks differ by, at a time and from there on. */
type At = Pick<Stretch, "atNs" | "correctionNs" | "rate">;
/** How the clocks stand in a slice, wherever that begins. */
type StretchLine = Omit<Stretch, "untilNs" | "firstFrame" | "disorderNs" | "doubtNs">;
/** What two stretches of no drift have to have in common to be one. */
const STEADY = ["correctionNs", "firstFrame", "slackNs", "disorderNs", "doubtNs", "unboundNs", "isTrusted"] as const;

/** How far stamps of both captures go back between two times on the timeline, where they differ by that beyond the base, nanoseconds. */
type DisorderNs = (fromNs: number, untilNs: number, nearNs: number) => number;

/**
 * How the clocks stand, slice after slice: what the packets of each and of those around it say of the offset, and what is made of that for the
 * stretch of time. What is said of a stretch stays.
 */
export class Course {
  /** Where the gaps of twins should be: what the clocks differ by, beyond the base; null where nothing is known. */
  nearNs: number | null = null;
  /** How far from there they may be, as far as both directions tell. */
  aroundNs = 0;
  /** What is taken for granted about the clocks, as long as nothing contradicts it. */
  assumed: "none" | "given" | null = null;
  /** How far stamps may be wrong, by the units of both captures: against each other on one clock, and on two. */
  oneUnitNs = 0;
  unitNs = 0;
  /** The most that stamps of twins may have been wrong beside that so far. */
  mostWrongNs = 0;
  /** Whether packets of both directions bounded the offset, now or before. */
  isEnclosed = false;
  /** Whether what was taken for granted may still have been so: it is contradicted further on. */
  #mayStillBe = false;
  readonly stretches: Stretch[] = [];
  /** All is told of outside packets up to there. */
  toldNs = Number.NEGATIVE_INFINITY;
  readonly summary = new Summary();
  readonly #windowNs: number;
  readonly #disorderNs: DisorderNs;
  /** How often the clock was set before how it stands was told last by packets of both directions. */
  #followedSets = 0;
  readonly #crossings: readonly [Crossings, Crossings] = [new Crossings(), new Crossings()];
  /** Slices; how many of them are bounded, and told of. */
  readonly #slices: Slice[] = [];
  #bounded = 0;
  #told = 0;
  /** The packets between which the clock was set last, the places of the outside's packets where that may have been, and how often it was set by then. */
  #set: { last: Crossing | null; first: Crossing | null; from: number; to: number; count: number } = {
    last: null,
    first: null,
    from: 0,
    to: 0,
    count: 0,
  };
  /** Where stamps were seen to go back as a clock was set back, and by how much. */
  #mingled = { atNs: Number.NEGATIVE_INFINITY, backNs: 0 };
  /** Those that packets bound. */
  readonly #known: Slice[] = [];

  constructor(windowNs: number, disorderNs: DisorderNs) {
    this.#windowNs = windowNs;
    this.#disorderNs = disorderNs;
  }

  /** Says how the clocks stand before the first slice, and how far stamps went back by then. */
  begin(slackNs: number, disorderNs: number): void {
    this.stretches.push({
      ...STILL,
      untilNs: Number.NEGATIVE_INFINITY,
      firstFrame: 0,
      slackNs,
      disorderNs,
      isTrusted: this.nearNs !== null,
      unboundNs: Number.POSITIVE_INFINITY,
    });
  }

  /** By how much the stamps of one clock may seem to contradict each other, nanoseconds. */
  get toleranceNs(): number {
    return this.oneUnitNs + PROCESSORS_NS + this.mostWrongNs;
  }

  /** Takes a packet of a direction that was seen on both sides. */
  cross(crossing: Crossing): void {
    this.#crossings[crossing.isOutbound ? 1 : 0].add(crossing);
  }

  /** Takes a slice whose packets it has. Tells what can be told by then. */
  take(slice: Slice): void {
    this.#slices.push(slice);
    while (this.#isSupported(this.#bounded)) this.#boundNext();
    while (this.#isBehind(this.#told, this.#bounded - 1, AHEAD_NS) && !this.#isUntold(this.#told))
      this.#tell(this.#told++);
  }

  /** Tells all there is: no slice follows. */
  end(): void {
    while (this.#bounded < this.#slices.length) this.#boundNext();
    while (this.#told < this.#slices.length) this.#tell(this.#told++);
    this.toldNs = Number.POSITIVE_INFINITY;
  }

  /** Whether enough follows a slice to tell whether its packets are believable, and whether the clock was set in it; or as much as is waited for. */
  #isSupported(at: number): boolean {
    if (at >= this.#slices.length - SUPPORTING) return false;
    const { end } = this.#slices[at].extent;
    return (
      this.#isBehind(at, this.#slices.length - 1, PATIENCE_NS) ||
      this.#crossings.every((each) => each.isFollowed(end, PARTING))
    );
  }

  /** Whether a slice is that long before another one, or AHEAD_PACKETS. */
  #isBehind(at: number, other: number, leastNs: number): boolean {
    if (at >= other) return false;
    const [own, later] = [this.#slices[at].extent, this.#slices[other].extent];
    return later.toNs - own.toNs >= leastNs || later.end - own.end >= AHEAD_PACKETS;
  }

  /** Whether the clock was set before a slice, or may have been, and nothing behind that tells how it stands since: that is waited for as well. */
  #isUntold(at: number): boolean {
    const isNews = this.#slices[at].sets > this.#followedSets;
    return isNews && !this.#isBehind(at, this.#bounded - 1, PATIENCE_NS) && this.#lineBehind(this.#slices[at]) === null;
  }

  /** What goes through the first slice that is bounded by both directions, of those behind one and of the same run; null where there is none. */
  #lineBehind({ place, sets }: Slice): Line | null {
    for (let at = place; at < this.#known.length; at++) {
      const line = this.#known[at].sets < sets ? null : lineThrough(this.#known, this.#known[at], this.unitNs);
      if (line !== null && isEnclosing(line.bounds)) return line;
    }
    return null;
  }

  /** Bounds the next slice by what its packets say; or what it begins with, where the clock was set in it. */
  #boundNext(): void {
    let slice: Slice;
    do {
      slice = this.#slices[this.#bounded];
      slice.disorderNs = this.#disorderAt(slice.extent);
    } while (this.#part(this.#bounded, slice));
    const { from, end } = slice.extent;
    const found = this.#crossings.map((each) => each.between(from, end));
    slice.wrongNs = Math.min(slice.disorderNs, scatterOf(found.map(({ around }) => around)));
    this.mostWrongNs = Math.max(this.mostWrongNs, slice.wrongNs);
    for (const [way, nearby] of found.entries())
      slice.bound(way === 1, { ...nearby, own: nearby.own.filter((one) => slice.has(one)) });
    slice.widen();
    this.nearNs = middleOf(slice) ?? this.nearNs;
    if (isEnclosing(slice)) this.aroundNs = Math.max(0, wrongBy(slice, this.nearNs ?? 0));
    slice.place = this.#known.length;
    slice.sets = this.#setsBefore(slice.extent);
    const { last, first } = this.#set;
    if (last !== null && first !== null) slice.setWithinNs = [last.timeNs - last.gapNs, first.timeNs - first.gapNs];
    if (slice.isBounded) this.#known.push(slice);
    this.#bounded++;
  }

  /** Cuts a slice in two where a clock was set in it, or in three, if there are packets in between that may be of either. Returns whether it did. */
  #part(at: number, slice: Slice): boolean {
    const { extent } = slice;
    if (extent.from >= this.#set.to) this.#findSet(slice);
    const { last, first } = this.#set;
    if (last === null || first === null) return false;
    const parts = partsOf(extent, last, first);
    if (parts.length > 1) this.#slices.splice(at, 1, ...parts.map((part) => new Slice(part)));
    return parts.length > 1;
  }

  /** Notes it where a clock was set in a slice, or between it and the one before. */
  #findSet(slice: Slice): void {
    const { from, end } = slice.extent;
    const crossings = this.#crossings
      .flatMap((each) => {
        const { around } = each.between(from, end, PARTING);
        // in a queue that grew since, earlier ones say more
        return [...each.telling(this.#set.to, around[0]?.place ?? from), ...around];
      })
      .filter((one) => one.place <= from || one.place > end || slice.has(one))
      .sort((a, b) => a.frame - b.frame);
    if (crossings.length < 2) return;
    const parting = partingOf(crossings, this.unitNs + PROCESSORS_NS, slice.disorderNs);
    if (parting === undefined) return;
    const [last, first] = parting.map((index) => crossings[index]);
    if (last.place > end || !slice.has(last) || !slice.has(first)) return;
    const isBack = first.timeNs <= last.timeNs;
    const isKnown = this.#set.first !== null && last.frame < this.#set.first.frame;
    if (isKnown || first.place <= from || (isBack && first.place > end)) return;
    if (parting[1] > parting[0] + 1) this.#mingled = { atNs: last.timeNs, backNs: slice.disorderNs };
    const count = this.#set.count + 1;
    this.#set = { last, first, from, to: from, count };
    if (isBack) return;
    this.#set = { last, first, from: last.place, to: first.place - 1, count };
    // too little was known of those before that are in between
    for (const one of this.#slices.slice(0, this.#bounded)) if (one.extent.from >= last.place) one.sets = count - 0.5;
  }

  /** How often the clock was set before some packets; and a half, where it may have been once more. */
  #setsBefore({ from, end, untilFrame }: Extent): number {
    const { from: last, to, count } = this.#set;
    if (end <= last || Number.isFinite(untilFrame)) return count - 1;
    return from < to ? count - 0.5 : count;
  }

  /** How far the stamps of both captures go back around a slice, as far as they were looked at, but for what a clock does that was set back. */
  #disorderAt({ leastNs, toNs }: Extent): number {
    const fromNs = leastNs - NEAR_NS;
    const untilNs = Math.min(toNs + NEAR_NS, this.#slices[this.#slices.length - 1].extent.toNs);
    const disorderNs = this.#disorderNs(fromNs, untilNs, this.nearNs ?? 0);
    const { atNs, backNs } = this.#mingled;
    return disorderNs <= backNs && fromNs - NEAR_NS <= atNs && atNs <= untilNs + NEAR_NS ? 0 : disorderNs;
  }

  /** Tells how the clocks stand in a slice. */
  #tell(at: number): void {
    const slice = this.#slices[at];
    if (this.assumed !== null && this.#isContradicted(at)) {
      if (this.assumed === "none") this.summary.source = "estimated";
      this.assumed = null;
      this.#mayStillBe = true;
    }
    const last = this.stretches[this.stretches.length - 1];
    const line = this.#standing(at);
    const { toNs, setFrame } = slice.extent;
    const firstFrame = setFrame > 0 ? setFrame : last.firstFrame;
    const setByNs = this.#setByNs(slice, line);
    const doubtNs = this.#doubtNs(slice, line, setByNs);
    const awayNs = line.isTrusted ? Math.max(setByNs, this.#awayNs(slice, line)) : 0;
    if (awayNs > 0 && (this.isEnclosed || this.assumed === "none")) this.summary.mayBeWrongBy(awayNs);
    const unboundNs = Math.max(line.unboundNs, awayNs);
    const stretch = { ...line, untilNs: toNs, firstFrame, disorderNs: slice.disorderNs, doubtNs, unboundNs };
    const isSteady = [stretch, last].every(({ rate, setFrame }) => rate === 0 && setFrame === 0);
    if (isSteady && STEADY.every((each) => stretch[each] === last[each])) last.untilNs = toNs;
    else if (this.stretches.length === 1 && last.untilNs === Number.NEGATIVE_INFINITY) this.stretches[0] = stretch;
    else this.stretches.push(stretch);
    this.toldNs = toNs;
    this.summary.tell(stretch, this.isEnclosed, slice);
  }

  /** Whether certain packets contradict what is taken for granted, now or soon. */
  #isContradicted(at: number): boolean {
    for (let next = at; next < this.#bounded; next++) if (this.#slices[next].isOffset(this.toleranceNs)) return true;
    return false;
  }

  #standing(at: number): StretchLine {
    if (this.assumed === "none") return this.#holdOne(at);
    return this.assumed === "given" ? this.#holdGiven(at) : this.#follow(at);
  }

  /** One clock is confirmed: then stamps are wrong by what is seen of that, around here. */
  #holdOne(at: number): StretchLine {
    const slice = this.#slices[at];
    let wrongNs = PROCESSORS_NS;
    for (let near = Math.max(0, at - SUPPORTING); near < this.#bounded; near++) {
      const slice = this.#slices[near];
      wrongNs = Math.max(wrongNs, slice.disorderNs + slice.awayNs);
    }
    return {
      ...STILL,
      slackNs: this.oneUnitNs + wrongNs,
      isTrusted: true,
      unboundNs: this.summary.holdOne(slice),
    };
  }

  /** An offset that was given holds as long as nothing contradicts it; but two clocks drift: it may be wrong by what the line through slices may. */
  #holdGiven(at: number): StretchLine {
    const slice = this.#slices[at];
    const line = lineThrough(this.#known, slice, this.unitNs);
    if (line !== null && isEnclosing(line.bounds)) {
      this.isEnclosed = true;
      this.summary.mayBeWrongBy(wrongBy(line.bounds, 0) + line.movedNs + this.unitNs);
    }
    return { ...STILL, slackNs: MOST_SLACK_NS, isTrusted: true, unboundNs: 0 };
  }

  /** How the clocks stand in a slice, by its packets and those around it. */
  #follow(at: number): StretchLine {
    const slice = this.#slices[at];
    if (this.nearNs === null) return { ...this.stretches[this.stretches.length - 1], isTrusted: false };
    const { fromNs, toNs, leastNs } = slice.extent;
    const spanNs = toNs - (Number.isFinite(fromNs) ? fromNs : Math.min(leastNs, toNs));
    const line = this.#lineAt(slice);
    if (line === null || (this.isEnclosed && !isEnclosing(line.bounds))) {
      const behind = slice.sets > this.#followedSets && Number.isInteger(slice.sets) ? this.#lineBehind(slice) : null;
      return behind === null ? this.#goOn(at, spanNs, line) : this.#goBack(at, behind);
    }
    this.#followedSets = Math.max(this.#followedSets, Math.floor(slice.sets));
    const halfNs = Math.max(0, wrongBy(line.bounds, line.offsetNs));
    this.summary.mayBeWrongBy(halfNs + line.movedNs + this.unitNs);
    this.summary.follow(line);
    if (Number.isFinite(halfNs)) this.isEnclosed = true;
    // what goes one way only bounds the offset on one side, and nothing that goes the other way could contradict it
    const boundNs = Number.isFinite(halfNs) ? halfNs : MOST_SLACK_NS;
    const slackNs = boundNs + slice.disorderNs + line.movedNs + this.unitNs + PROCESSORS_NS;
    return this.#stretch(at, line.atNs, line.offsetNs, line.rate, slackNs);
  }

  /** What goes through a slice and its neighbours. A clock that was set, or began to drift, by little may as well stand still there yet. */
  #lineAt(slice: Slice): Line | null {
    const line = lineThrough(this.#known, slice, this.unitNs);
    if (line === null) return null;
    const isLittle = Math.abs(line.offsetNs) <= MOST_SLACK_NS;
    this.#mayStillBe &&= isLittle && slice.contradicts(() => 0) <= this.toleranceNs;
    return this.#mayStillBe ? orStill(line, slice.halfNs) : line;
  }

  /** Goes back from how the clock stands behind a slice, where it was set before that: it may run away meanwhile. */
  #goBack(at: number, { atNs, offsetNs, rate, bounds, movedNs }: Line): StretchLine {
    const runNs = UNKNOWN_RATE * Math.abs(atNs - this.#slices[at].middleNs);
    const slackNs = wrongBy(bounds, offsetNs) + movedNs + runNs + this.unitNs + PROCESSORS_NS;
    this.summary.mayBeWrongBy(slackNs);
    return this.#stretch(at, atNs, offsetNs, rate, slackNs);
  }

  /** Goes on as before where too little is known: the clock may run away meanwhile, within what bounds it. */
  #goOn(at: number, spanNs: number, line: Line | null): StretchLine {
    const atNs = line?.atNs ?? this.#slices[at].extent.toNs;
    const last = this.stretches[this.stretches.length - 1];
    if (!last.isTrusted) return this.#stretch(at, atNs, this.nearNs ?? 0, 0, this.#windowNs);
    const expectedNs = last.correctionNs + last.rate * (atNs - last.atNs);
    const boundNs = Math.max(
      line?.bounds.atLeastNs ?? -Infinity,
      Math.min(line?.bounds.atMostNs ?? Infinity, expectedNs),
    );
    // packets of one direction do not tell a clock that was set from twins of others like theirs
    const awayNs = Math.abs(boundNs - expectedNs);
    const isDoubted = this.isEnclosed && awayNs > SET_NS;
    const offsetNs = isDoubted ? expectedNs : boundNs;
    const slackNs = last.slackNs + spanNs * UNKNOWN_RATE;
    if (this.isEnclosed) this.summary.mayBeWrongBy(slackNs + (isDoubted ? awayNs : 0));
    return this.#stretch(at, atNs, offsetNs, last.rate, slackNs);
  }

  /** A stretch of such a line, whose slack is as wide as what contradicts it. */
  #stretch(at: number, atNs: number, offsetNs: number, rate: number, leastSlackNs: number): StretchLine {
    const slice = this.#slices[at];
    const offsetAt = (timeNs: number): number => offsetNs + rate * (timeNs - atNs);
    const telling = [slice];
    // where its own packets do not tell which of its neighbours a slice belongs to, it may be either
    if (!isEnclosing(slice)) {
      const nearest = this.#known.slice(Math.max(0, slice.place - 1), slice.place + 2);
      telling.push(...nearest.filter((other) => other.isOneRunWith(slice)));
    }
    const againstNs = Math.max(...telling.map((one) => one.contradicts(offsetAt)));
    if (againstNs > leastSlackNs && this.isEnclosed) this.summary.mayBeWrongBy(againstNs + leastSlackNs);
    const { eitherNs, frame, setNs } = this.#setBack(at, atNs, offsetNs);
    return {
      atNs,
      correctionNs: Math.round(offsetNs),
      rate,
      setFrame: frame,
      setNs,
      slackNs: Math.round(Math.max(leastSlackNs, eitherNs, againstNs > 0 ? againstNs + PROCESSORS_NS : 0)),
      isTrusted: true,
      unboundNs: this.isEnclosed ? 0 : Number.POSITIVE_INFINITY,
    };
  }

  /**
   * How far apart equal packets have to be in a slice to be told by their stamps, as the clock may have been set by then: by how much packets of it, or the ones
   * before it or behind it, contradict how it stands. One alone does not tell that it was set, but that it may have been: until the next one that agrees.
   */
  #doubtNs({ extent }: Slice, line: At, setByNs: number): number {
    const nearby = this.#crossings.flatMap((each) => each.between(extent.from, extent.end, 1).around);
    const byNs = Math.max(setByNs, ...nearby.map((one) => -tookNs(one, line)));
    return byNs > SET_NS ? byNs + AROUND_NS : 0;
  }

  /**
   * How far the clocks may stand in a slice from what is taken, although too little says so. A packet contradicts what is taken, and none of the other
   * direction contradicts that packet. Or all of one direction took that long, and none of the other comes any more. Or none comes of either.
   */
  #awayNs(slice: Slice, line: At): number {
    const { from, end, fromNs, toNs } = slice.extent;
    const tookByLine = (one: Crossing): number => tookNs(one, line);
    const isOfRun = ({ place }: Crossing): boolean =>
      this.#slices.slice(0, this.#bounded).every((other) => !other.holds(place) || other.isOneRunWith(slice));
    // two clocks may part until the next packet that tells, at any rate that one may have
    const mostRate = this.assumed === null ? MOST_RATE : 0;
    const ranNs = (timeNs: number): number => mostRate * Math.max(0, fromNs - timeNs, timeNs - toNs);
    const mostNs = this.unitNs + this.toleranceNs;
    let awayNs = 0;
    for (const [way, own] of this.#crossings.entries()) {
      const others = this.#crossings[1 - way];
      for (const one of own.between(from, end, 1).around) {
        if (tookByLine(one) >= -mostNs - ranNs(one.timeNs) || !isOfRun(one)) continue;
        const againstNs = Math.min(...others.since(one.place, from, 1).map(tookByLine));
        if (againstNs + tookByLine(one) >= -mostNs) awayNs = Math.max(awayNs, againstNs);
      }
      if (others.last.place > from) continue;
      const since = own.since(others.last.place, from, LEAST_WITNESSES);
      if (since.length >= LEAST_WITNESSES) awayNs = Math.max(awayNs, Math.min(...since.map(tookByLine)));
    }
    return Math.max(awayNs, mostRate * (toNs - Math.max(...this.#crossings.map(({ last }) => last.timeNs))));
  }

  /** How far the clock stood from there before it was set, or does behind that, where packets do not tell to which of them a slice belongs. */
  #setByNs({ sets, place }: Slice, { atNs, correctionNs, rate }: At): number {
    if (Number.isInteger(sets)) return 0;
    const before = this.#known.slice(0, place).findLast((one) => one.sets < sets);
    const behind = this.#known.slice(place).find((one) => one.sets > sets);
    const lines = [before, behind].map((one) =>
      one === undefined ? null : lineThrough(this.#known, one, this.unitNs),
    );
    const awayNs = (line: Line): number => Math.abs(line.offsetNs - correctionNs - rate * (line.atNs - atNs));
    return Math.max(...lines.map((line) => (line === null ? 0 : awayNs(line))));
  }

  /**
   * Whether the clock is set back behind a slice, to before its end: packets from a frame on have stamps that it has, too, and are off
   * by `setNs`. Where no frame tells which they are, any packet may be: `eitherNs`.
   */
  #setBack(at: number, atNs: number, offsetNs: number): { eitherNs: number; frame: number; setNs: number } {
    const slice = this.#slices[at];
    let frame = 0;
    let eitherNs = 0;
    for (let next = at + 1; next < this.#bounded; next++) {
      const other = this.#slices[next];
      if (other.extent.leastNs >= slice.extent.toNs) continue;
      if (frame === 0) frame = other.extent.setFrame;
      const awayNs = apart(slice, other);
      const line = awayNs > 0 && frame > 0 ? lineThrough(this.#known, other, this.unitNs) : null;
      if (line !== null)
        return { eitherNs, frame, setNs: Math.round(line.offsetNs + line.rate * (atNs - line.atNs) - offsetNs) };
      eitherNs = Math.max(eitherNs, awayNs);
    }
    return { eitherNs, frame: 0, setNs: 0 };
  }

  /** Lets slices go that no line needs any more. */
  forget(): void {
    const count = this.#told - KEPT_SLICES;
    if (count < KEPT_SLICES) return;
    for (const crossings of this.#crossings) crossings.forgetBefore(this.#slices[count - 1].extent.end);
    this.#slices.splice(0, count);
    this.#told -= count;
    this.#bounded -= count;
    const known = this.#slices[0].place - KEPT_SLICES;
    if (known <= 0) return;
    this.#known.splice(0, known);
    for (const slice of this.#slices) slice.place -= known;
  }
}

/** What a packet took if the clocks stood as a line says, nanoseconds: see `tookBy`. */
function tookNs(one: Crossing, { atNs, correctionNs, rate }: At): number {
  return tookBy(one, correctionNs + rate * (one.timeNs - atNs));
}

/** How far the gaps of twins differ that go the same way, nanoseconds, as far as there are enough of them to tell; else Infinity. */
function scatterOf(ways: readonly (readonly Crossing[])[]): number {
  const told = ways.filter(({ length }) => length >= SUPPORTERS).map((way) => way.map(({ gapNs }) => gapNs));
  if (told.length === 0) return Number.POSITIVE_INFINITY;
  return Math.max(...told.map((gaps) => Math.max(...gaps) - Math.min(...gaps)));
}
