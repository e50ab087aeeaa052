import type { Heap } from "../../packets/heap.js";
import { IS_MISTIMED, type PacketBatch } from "../../packets/packets.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { NEAR_NS, SET_NS } from "../intake/disorder.js";
import { Clock, type ClockFacts, type ClockOption, type Stretch } from "./clock.js";
import { Crossings, type Line, lineThrough, Slice } from "./envelope.js";
import { type Agreed, agreedOffset, type Bounds, gapOf, mayBeOneClock } from "./estimate.js";
import type { Lookahead, Rows } from "./lookahead.js";
import { IP_ID_ONLY, NUMBERS, type Twin, Twins } from "./twins.js";

/** How many packets of each side tell how the clocks stand at the beginning: from the first number to the last, doubling … */
const FIRST_LOOK = 256;
const LAST_LOOK = 32_768;
/** … until so many twins are found. */
const ENOUGH_TWINS = 256;
/** A slice has so many outside packets, or as many as come within this time, nanoseconds. */
const SLICE_PACKETS = 2048;
const SLICE_NS = 250_000_000;
/** Stamps that go back by more than SET_NS, behind so many that do not, may be those of a clock that was set. */
const LEAST_PACKETS = 8;
/** How far ahead of the packets that are placed the clocks are looked at: by time, or by packets where those are so many. */
const AHEAD_NS = 2_000_000_000;
const AHEAD_PACKETS = 16_384;
/** Slices behind one that tell whether its quickest packets are believable. */
const SUPPORTING = 2;
/** Twins that are not where the clocks should have them, before it is asked whether they agree among themselves. */
const STRAYS = 32;
/** Processors of one computer may disagree by this about the time, nanoseconds. */
export const PROCESSORS_NS = 10_000;
/** A given offset is not exact to the nanosecond, and no packet is that much quicker than the quickest one seen. */
export const MOST_SLACK_NS = 200_000;
/** Inside packets that are held at the most, for outside ones that are stamped later than all of them. */
const MOST_HELD = 2 ** 18;
/** Units that stamps may have, nanoseconds, and packets of each side that tell. */
const UNITS_NS = [1_000_000, 1000];
const UNIT_PACKETS = FIRST_LOOK;

/** How the clocks stand in a slice, wherever that begins. */
type StretchLine = Omit<Stretch, "firstFrame" | "disorderNs">;

/** A slice whose twins have not been found yet. */
interface Pending {
  readonly fromNs: number;
  readonly toNs: number;
  readonly leastNs: number;
  /** Its first frame, if the clock may have been set back before it, else 0. */
  readonly setFrame: number;
  /** How many packets there were up to its end. */
  readonly end: number;
  /** How much later inside packets may come that it waits for. */
  readonly afterNs: number;
}

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
  /** Twins that no slice has had yet, and those that are not where they should be. */
  #waiting: Twin[] = [];
  #strays: Twin[] = [];
  /** How far off the base may be at the beginning. */
  #firstSlackNs = 0;
  /** Where they should be: what the clocks differ by, beyond the base; null where nothing is known. */
  #nearNs: number | null = null;
  /** What is taken for granted about the clocks, as long as nothing contradicts it. */
  #assumed: "none" | "given" | null = null;
  #source: "none" | "given" | "estimated" = "none";
  /** How far stamps may be wrong, by the units of both captures: against each other on one clock, and on two. */
  #oneUnitNs = 0;
  #unitNs = 0;
  /** The most that stamps may have been wrong beside that so far, by how far both captures' go back. */
  #mostWrongNs = 0;

  /** The outside: the slice that is being filled, and those that are. */
  #fromNs = Number.NEGATIVE_INFINITY;
  #latestNs = Number.NEGATIVE_INFINITY;
  #beganNs = Number.NaN;
  #leastNs = Number.POSITIVE_INFINITY;
  #firstFrame = 0;
  /** Whether the stamp before was out of order by more than usual. */
  #isBack = false;
  #packets = 0;
  #outsideNoted = 0;
  #pending: Pending[] = [];
  #insideNs = Number.NEGATIVE_INFINITY;
  #insideNoted = 0;
  #insideHanded = 0;

  readonly #crossings: readonly [Crossings, Crossings] = [new Crossings(), new Crossings()];
  /** Those with their twins; how many packets came up to the end of each; how many of them are bounded, and told of. */
  readonly #slices: Slice[] = [];
  readonly #ends: number[] = [];
  #bounded = 0;
  #told = 0;
  /** Those that packets bound. */
  readonly #known: Slice[] = [];
  /** Whether packets of both directions bounded the offset, now or before. */
  #isEnclosed = false;
  readonly #stretches: Stretch[] = [];
  #toldNs = Number.NEGATIVE_INFINITY;
  #isCutOff = false;
  #isOver = false;

  /** By side: the earliest stamp seen at the beginning that leaps from those around it, nanoseconds; Infinity for none. */
  readonly strayNs: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

  /** What the summary says. */
  #firstNs: number | null = null;
  #hasNumbers = false;
  #uncertaintyNs: number | null = null;
  #atLeastNs = Number.NEGATIVE_INFINITY;
  #atMostNs = Number.POSITIVE_INFINITY;
  #grownNs = 0;
  #followedNs = 0;
  #certainty = 0;

  constructor(sides: readonly [Lookahead, Lookahead], option: ClockOption, windowNs: number, heap: Heap) {
    this.#sides = sides;
    this.#option = option;
    this.#windowNs = windowNs;
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
      const certain = this.#twins.found.filter((twin) => isCertain(twin) && isUnrepeated(twin, MAX, MAX));
      isEnough = certain.length >= ENOUGH_TWINS && agreedOffset(certain, this.#windowNs) !== null;
      if (packets === FIRST_LOOK) this.#findUnits(looked);
    }
    const { epochNs } = this.#sides[OUTSIDE].source;
    const epochGapNs = epochNs - this.#sides[INSIDE].source.epochNs;
    const disorderNs = (side: Side): number => {
      const rows = looked[side];
      if (rows.length === 0) return 0;
      return this.#sides[side].source.disorder.between(rows[0].batch.stampNs(0), Math.max(...rows.map(latestOf)));
    };
    this.#mostWrongNs = disorderNs(INSIDE) + disorderNs(OUTSIDE);
    const offsetNs = this.#decide(epochGapNs);
    this.#twins.isBeginning = false;
    this.#twins.found = this.#twins.found.filter(isCertain);
    for (const side of SIDES) {
      for (const rows of looked[side]) {
        this.strayNs[side] = Math.min(this.strayNs[side], this.#earliestLeap(side, rows));
        this.#pass(side, rows);
      }
    }
    this.#stretches.push({
      untilNs: Number.NEGATIVE_INFINITY,
      atNs: 0,
      correctionNs: 0,
      rate: 0,
      firstFrame: 0,
      setFrame: 0,
      setNs: 0,
      slackNs: this.#firstSlackNs,
      disorderNs: this.#mostWrongNs,
      isTrusted: this.#nearNs !== null,
      unboundNs: Number.POSITIVE_INFINITY,
    });
    return new Clock(offsetNs, this.#windowNs, () => this.#facts(offsetNs), this.#stretches);
  }

  #earliestLeap(side: Side, { batch, from, to }: Rows): number {
    let earliestNs = Number.POSITIVE_INFINITY;
    for (let row = from; row < to; row++) {
      if ((batch.flags(row) & IS_MISTIMED) === 0) continue;
      const leapNs = this.#sides[side].source.leapNs(batch.frame(row));
      earliestNs = Math.min(earliestNs, batch.stampNs(row) + leapNs);
    }
    return earliestNs;
  }

  /** The next batch of a side, or null at its end, once all is known of the clocks that has to be to place its packets. */
  async next(side: Side): Promise<PacketBatch | null> {
    const own = this.#sides[side];
    while (own.first === undefined && (await this.#lookOn(side)));
    if (side === INSIDE) this.#insideHanded += own.first?.count ?? 0;
    else if (own.first !== undefined)
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
    const twins = this.#twins.found.filter((twin) => isUnrepeated(twin, MAX, MAX));
    if (this.#option.kind === "given") {
      this.#assumed = "given";
      this.#source = "given";
      this.#nearNs = 0;
      this.#baseNs = Number(this.#option.offsetNs - epochGapNs);
      return this.#option.offsetNs;
    }
    this.#baseNs = this.#oneGapNs;
    this.#hasNumbers = twins.filter(({ by }) => by === NUMBERS).length >= ENOUGH_NUMBERED;
    const agreed = agreedOffset(twins.filter(isCertain), this.#windowNs);
    const isOne =
      agreed === null
        ? mayBeOneClock(twins, this.#windowNs, this.#oneGapNs, this.#toleranceNs)
        : this.#isOneClock(agreed);
    if (isOne) {
      this.#assumed = "none";
      this.#nearNs = 0;
      return 0n;
    }
    if (agreed === null) return 0n;
    this.#source = "estimated";
    this.#nearNs = 0;
    this.#baseNs = Math.round(middleOf(agreed.atLeastNs, agreed.atMostNs) ?? agreed.middleNs);
    this.#firstSlackNs = agreed.spreadNs + Math.abs(this.#baseNs - agreed.middleNs) + this.#unitNs + PROCESSORS_NS;
    this.#isEnclosed = Number.isFinite(agreed.atLeastNs) && Number.isFinite(agreed.atMostNs);
    return BigInt(this.#baseNs) + epochGapNs;
  }

  /** By how much the stamps of one clock may seem to contradict each other, nanoseconds. */
  get #toleranceNs(): number {
    return this.#oneUnitNs + PROCESSORS_NS + this.#mostWrongNs;
  }

  /** Whether one clock explains the first twins: their bounds, but for what their stamps may be wrong by. */
  #isOneClock({ middleNs, atLeastNs, atMostNs }: Agreed): boolean {
    const contradictionNs = Math.max(0, atLeastNs - atMostNs);
    const toleranceNs = this.#toleranceNs + Math.min(contradictionNs, SET_NS);
    return (
      Math.abs(middleNs - this.#oneGapNs) <= this.#windowNs &&
      atLeastNs - toleranceNs <= this.#oneGapNs &&
      this.#oneGapNs <= atMostNs + toleranceNs
    );
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
    while (this.#toldNs < timeNs && !this.#isOver) {
      const [inside, outside] = this.#sides;
      const isBehind = this.#pending.length > 0 && !this.#isPassed(this.#pending[0]);
      if (isBehind && !inside.hasEnded) await this.#lookOn(INSIDE);
      else if (!outside.hasEnded) await this.#lookOn(OUTSIDE);
      else if (!this.#isCutOff) this.#cutOff();
      else this.#end();
      this.#go();
    }
  }

  /** Tells all that can be told of what was looked at. */
  #end(): void {
    if (this.#isOver) return;
    if (!this.#isCutOff) this.#cutOff();
    this.#go(true);
    this.#bound(this.#slices.length);
    while (this.#told < this.#slices.length) this.#tell(this.#told++);
    this.#toldNs = Number.POSITIVE_INFINITY;
    this.#isOver = true;
  }

  /** Notes how far a side has come, and where the outside is cut into slices. */
  #pass(side: Side, rows: Rows): void {
    const { batch, from, to } = rows;
    if (side === INSIDE) {
      this.#insideNs = Math.max(this.#insideNs, latestOf(rows));
      this.#insideNoted += to - from;
      return;
    }
    for (let row = from; row < to; row++) {
      const stampNs = batch.stampNs(row);
      const latestNs = Math.max(stampNs, this.#latestNs);
      // what comes behind a clock that is set back is a slice of its own
      const isSetBack = latestNs - stampNs > SET_NS && !this.#isBack && this.#packets >= LEAST_PACKETS;
      if (isSetBack || this.#packets === SLICE_PACKETS || latestNs - this.#beganNs > SLICE_NS) this.#cut();
      this.#isBack = latestNs - stampNs > SET_NS;
      if (this.#packets === 0) {
        this.#beganNs = latestNs;
        this.#firstFrame = isSetBack ? batch.frame(row) : 0;
      }
      if (stampNs < this.#leastNs) this.#leastNs = stampNs;
      // of those behind it, in order, as many as belong to the slice only count
      const most = Math.min(to, row + SLICE_PACKETS - this.#packets);
      const end =
        batch.isInOrder && stampNs === latestNs ? batch.endOf(this.#beganNs + SLICE_NS, row + 1, most) : row + 1;
      this.#packets += end - row;
      this.#latestNs = end > row + 1 ? batch.stampNs(end - 1) : latestNs;
      row = end - 1;
    }
  }

  /** Ends the last slice. Behind it comes an empty one, for twins whose inside packets come within the window. */
  #cutOff(): void {
    this.#isCutOff = true;
    this.#cut();
    const toNs = this.#latestNs;
    const end = this.#outsideNoted;
    this.#pending.push({ fromNs: toNs, toNs, leastNs: toNs, setFrame: 0, end, afterNs: this.#windowNs });
  }

  #cut(): void {
    if (this.#packets === 0) return;
    this.#outsideNoted += this.#packets;
    this.#pending.push({
      fromNs: this.#fromNs,
      toNs: this.#latestNs,
      leastNs: this.#leastNs,
      setFrame: this.#firstFrame,
      end: this.#outsideNoted,
      afterNs: 0,
    });
    this.#fromNs = this.#latestNs;
    this.#leastNs = Number.POSITIVE_INFINITY;
    this.#packets = 0;
    this.#beganNs = Number.NaN;
  }

  /** Whether the inside has come as far as a slice does: all twins have been found that both sides have by then. */
  #isPassed({ toNs, afterNs }: Pending): boolean {
    if (this.#sides[INSIDE].hasEnded || this.#insideNs > toNs + afterNs - this.#gapNs) return true;
    return this.#insideNoted - this.#insideHanded > MOST_HELD;
  }

  /** What the stamps of one instant differ by, as far as it is known. */
  get #gapNs(): number {
    return this.#baseNs + (this.#nearNs ?? 0);
  }

  /** Goes as far as both sides were looked at; or to the end of what was. */
  #go(isToEnd = false): void {
    this.#waiting.push(...this.#twins.found);
    this.#twins.found = [];
    let count = 0;
    for (const pending of this.#pending) {
      if (!isToEnd && !this.#isPassed(pending)) break;
      count++;
      this.#close(pending);
      this.#bound(this.#slices.length - SUPPORTING);
      while (this.#isFarBehind(this.#told)) this.#tell(this.#told++);
    }
    if (count > 0) this.#pending = this.#pending.slice(count);
    this.#forget();
  }

  #isFarBehind(at: number): boolean {
    const last = this.#slices.length - 1;
    return (
      at < last &&
      (this.#slices[last].toNs - this.#slices[at].toNs >= AHEAD_NS ||
        this.#ends[last] - this.#ends[at] >= AHEAD_PACKETS)
    );
  }

  /** Takes the twins of a slice: those that both sides had by its end. */
  #close({ fromNs, toNs, leastNs, setFrame, end, afterNs }: Pending): void {
    const insideToNs = toNs + afterNs - this.#gapNs;
    const isBy = ({ seenAt }: Twin): boolean => seenAt[INSIDE] <= insideToNs && seenAt[OUTSIDE] <= end;
    const twins = this.#waiting
      .filter((twin) => isBy(twin) && isUnrepeated(twin, insideToNs, end) && (!this.#hasNumbers || twin.by === NUMBERS))
      .sort((a, b) => a.outsideNs - b.outsideNs || a.insideNs - b.insideNs);
    this.#waiting = this.#waiting.filter((twin) => !isBy(twin));
    for (const twin of twins) this.#cross(twin);
    const base = this.#baseNs;
    const ends = [this.#crossings[0].end, this.#crossings[1].end] as const;
    this.#slices.push(new Slice(fromNs - base, toNs - base, leastNs - base, setFrame, ends));
    this.#ends.push(end);
  }

  /** Files a twin with those of its direction, if it is where it should be. */
  #cross(twin: Twin): void {
    const gapNs = gapOf(twin) - this.#baseNs;
    if (this.#nearNs !== null && Math.abs(gapNs - this.#nearNs) <= 2 * this.#windowNs) {
      this.#strays = [];
      if (twin.direction !== 0)
        this.#crossings[twin.direction > 0 ? 1 : 0].add({ timeNs: twin.outsideNs - this.#baseNs, gapNs });
      return;
    }
    this.#strays.push(twin);
    if (this.#strays.length < STRAYS) return;
    const agreed = agreedOffset(this.#strays, this.#windowNs);
    this.#strays = [];
    if (agreed === null) return;
    if (this.#nearNs === null && this.#isOneClock(agreed)) {
      this.#assumed = "none";
      this.#nearNs = 0;
      return;
    }
    this.#nearNs = (middleOf(agreed.atLeastNs, agreed.atMostNs) ?? agreed.middleNs) - this.#baseNs;
    if (this.#assumed === null) this.#source = "estimated";
  }

  /** Bounds slices before this one, by what their packets say. */
  #bound(end: number): void {
    for (; this.#bounded < end; this.#bounded++) {
      const slice = this.#slices[this.#bounded];
      const before = this.#slices[this.#bounded - 1];
      slice.wrongNs = this.#disorderNs(slice);
      this.#mostWrongNs = Math.max(this.#mostWrongNs, slice.wrongNs);
      for (const isOutbound of [false, true]) {
        const way = isOutbound ? 1 : 0;
        const { own, around } = this.#crossings[way].between(before?.ends[way] ?? 0, slice.ends[way]);
        slice.bound(isOutbound, own, around);
      }
      slice.widen();
      const middleNs = middleOf(slice.atLeastNs, slice.atMostNs);
      if (middleNs !== null) this.#nearNs = middleNs;
      slice.place = this.#known.length;
      if (slice.isBounded) this.#known.push(slice);
    }
  }

  /** How far the stamps of both captures go back around a slice, as far as they were looked at. */
  #disorderNs({ leastNs, toNs }: Slice): number {
    const fromNs = leastNs - NEAR_NS;
    const untilNs = Math.min(toNs + NEAR_NS, this.#slices[this.#slices.length - 1].toNs);
    const of = (side: Side, shiftNs: number): number =>
      this.#sides[side].source.disorder.between(fromNs + shiftNs, untilNs + shiftNs);
    return of(INSIDE, -(this.#nearNs ?? 0)) + of(OUTSIDE, this.#baseNs);
  }

  /** Tells how the clocks stand in a slice. */
  #tell(at: number): void {
    const slice = this.#slices[at];
    if (this.#assumed !== null && this.#isContradicted(at)) {
      if (this.#assumed === "none") this.#source = "estimated";
      this.#assumed = null;
    }
    const last = this.#stretches[this.#stretches.length - 1];
    const line = this.#assumed === null ? this.#follow(at) : this.#assume(at, this.#assumed);
    const firstFrame = slice.setFrame > 0 ? slice.setFrame : last.firstFrame;
    const stretch = { ...line, firstFrame, disorderNs: slice.wrongNs };
    const isSteady = stretch.rate === 0 && last.rate === 0 && (stretch.setFrame | last.setFrame) === 0;
    const isSame = isSteady && stretch.correctionNs === last.correctionNs;
    const isBehindSet = stretch.firstFrame === last.firstFrame;
    const isAsSure = (["slackNs", "disorderNs", "unboundNs"] as const).every((each) => stretch[each] === last[each]);
    if (isSame && isBehindSet && isAsSure && stretch.isTrusted === last.isTrusted) last.untilNs = slice.toNs;
    else if (this.#stretches.length === 1 && last.untilNs === Number.NEGATIVE_INFINITY) this.#stretches[0] = stretch;
    else this.#stretches.push(stretch);
    this.#toldNs = slice.toNs;
    if (stretch.isTrusted) this.#firstNs ??= stretch.correctionNs;
  }

  /** Whether certain packets contradict what is taken for granted, now or soon. */
  #isContradicted(at: number): boolean {
    for (let next = at; next < this.#bounded; next++) if (this.#slices[next].isOffset(this.#toleranceNs)) return true;
    return false;
  }

  /** … is confirmed: then stamps are wrong by what is seen of that, around here. */
  #assume(at: number, assumed: "none" | "given"): StretchLine {
    const slice = this.#slices[at];
    let wrongNs = PROCESSORS_NS;
    for (let near = Math.max(0, at - SUPPORTING); near < this.#bounded; near++) {
      const slice = this.#slices[near];
      wrongNs = Math.max(wrongNs, slice.wrongNs + slice.awayNs);
    }
    this.#atLeastNs = Math.max(this.#atLeastNs, slice.atLeastNs);
    this.#atMostNs = Math.min(this.#atMostNs, slice.atMostNs);
    const slackNs = assumed === "given" ? MOST_SLACK_NS : this.#oneUnitNs + wrongNs;
    return {
      untilNs: slice.toNs,
      atNs: 0,
      correctionNs: 0,
      rate: 0,
      setFrame: 0,
      setNs: 0,
      slackNs,
      isTrusted: true,
      unboundNs: assumed === "given" ? 0 : Math.max(-this.#atLeastNs, this.#atMostNs),
    };
  }

  /** How the clocks stand in a slice, by its packets and those around it. */
  #follow(at: number): StretchLine {
    const slice = this.#slices[at];
    if (this.#nearNs === null)
      return { ...this.#stretches[this.#stretches.length - 1], untilNs: slice.toNs, isTrusted: false };
    const spanNs = slice.toNs - (Number.isFinite(slice.fromNs) ? slice.fromNs : Math.min(slice.leastNs, slice.toNs));
    const line = lineThrough(this.#known, slice, this.#unitNs);
    if (line === null || (this.#isEnclosed && !isEnclosing(line.bounds))) return this.#goOn(at, spanNs, line);
    const { atLeastNs, atMostNs } = line.bounds;
    const halfNs = Math.max(0, atMostNs - line.offsetNs, line.offsetNs - atLeastNs);
    const uncertaintyNs = halfNs + line.movedNs + this.#unitNs;
    this.#uncertaintyNs = Math.max(this.#uncertaintyNs ?? 0, uncertaintyNs);
    this.#grownNs += line.rate * line.certainty * spanNs;
    this.#followedNs += line.certainty ** 2 * spanNs;
    this.#certainty = Math.max(this.#certainty, line.certainty);
    if (Number.isFinite(halfNs)) this.#isEnclosed = true;
    // what goes one way only bounds the offset on one side, and nothing that goes the other way could contradict it
    const boundNs = Number.isFinite(halfNs) ? halfNs : MOST_SLACK_NS + slice.wrongNs;
    const slackNs = boundNs + line.movedNs + this.#unitNs + PROCESSORS_NS;
    return this.#stretch(at, line.atNs, line.offsetNs, line.rate, slackNs);
  }

  /** Goes on as before where too little is known: the clock may run away meanwhile, within what bounds it. */
  #goOn(at: number, spanNs: number, line: Line | null): StretchLine {
    const atNs = line?.atNs ?? this.#slices[at].toNs;
    const last = this.#stretches[this.#stretches.length - 1];
    if (!last.isTrusted) return this.#stretch(at, atNs, this.#nearNs ?? 0, 0, this.#windowNs);
    const expectedNs = last.correctionNs + last.rate * (atNs - last.atNs);
    const offsetNs = Math.max(
      line?.bounds.atLeastNs ?? -Infinity,
      Math.min(line?.bounds.atMostNs ?? Infinity, expectedNs),
    );
    const slackNs = last.slackNs + spanNs * UNKNOWN_RATE;
    if (this.#isEnclosed) this.#uncertaintyNs = Math.max(this.#uncertaintyNs ?? 0, slackNs);
    return this.#stretch(at, atNs, offsetNs, last.rate, slackNs);
  }

  /** A stretch of such a line, whose slack is as wide as what contradicts it. */
  #stretch(at: number, atNs: number, offsetNs: number, rate: number, leastSlackNs: number): StretchLine {
    const slice = this.#slices[at];
    const offsetAt = (timeNs: number): number => offsetNs + rate * (timeNs - atNs);
    const telling = [slice];
    // where its own packets do not tell which of its neighbours a slice belongs to, it may be either
    if (!isEnclosing(slice)) telling.push(...this.#known.slice(Math.max(0, slice.place - 1), slice.place + 2));
    const against = telling.map((one) => one.contradicts(offsetAt));
    const { doubtNs, frame, setNs } = this.#setBack(at, offsetNs);
    return {
      untilNs: slice.toNs,
      atNs,
      correctionNs: Math.round(offsetNs),
      rate,
      setFrame: frame,
      setNs,
      slackNs: Math.round(Math.max(leastSlackNs, doubtNs, ...against.map((ns) => (ns > 0 ? ns + PROCESSORS_NS : 0)))),
      isTrusted: true,
      unboundNs: this.#isEnclosed ? 0 : Number.POSITIVE_INFINITY,
    };
  }

  /**
   * Whether the clock is set back behind a slice, to before its end: packets from a frame on have stamps that it has, too, and are off
   * by `setNs`. Where no frame tells which they are, any packet may be: `doubtNs`.
   */
  #setBack(at: number, middleNs: number): { doubtNs: number; frame: number; setNs: number } {
    const slice = this.#slices[at];
    let frame = 0;
    let doubtNs = 0;
    for (let next = at + 1; next < this.#bounded; next++) {
      const { leastNs, atLeastNs, atMostNs, setFrame } = this.#slices[next];
      if (leastNs >= slice.toNs) continue;
      if (frame === 0) frame = setFrame;
      const awayNs = Math.max(slice.atLeastNs - atMostNs, atLeastNs - slice.atMostNs);
      const thereNs = middleOf(atLeastNs, atMostNs);
      if (awayNs > 0 && frame > 0 && thereNs !== null) return { doubtNs, frame, setNs: Math.round(thereNs - middleNs) };
      doubtNs = Math.max(doubtNs, awayNs);
    }
    return { doubtNs, frame: 0, setNs: 0 };
  }

  /** Lets slices go that no line needs any more. */
  #forget(): void {
    const count = this.#told - KEPT_SLICES;
    if (count < KEPT_SLICES) return;
    for (const way of [0, 1] as const) this.#crossings[way].forgetBefore(this.#slices[count - 1].ends[way]);
    this.#slices.splice(0, count);
    this.#ends.splice(0, count);
    this.#told -= count;
    this.#bounded -= count;
    const known = this.#slices[0].place - KEPT_SLICES;
    if (known <= 0) return;
    this.#known.splice(0, known);
    for (const slice of this.#slices) slice.place -= known;
  }

  #facts(offsetNs: bigint): ClockFacts {
    const driftPpm = this.#followedNs > 0 ? (1e6 * this.#certainty * this.#grownNs) / this.#followedNs : 0;
    const assumedNs = Math.max(-this.#atLeastNs, this.#atMostNs);
    const hasAssumed = this.#atLeastNs > -Infinity || this.#atMostNs < Infinity;
    const uncertaintyNs = Math.max(this.#uncertaintyNs ?? 0, hasAssumed ? assumedNs : 0);
    const isKnown = (this.#uncertaintyNs !== null || hasAssumed) && Number.isFinite(uncertaintyNs);
    return {
      source: this.#source,
      offsetNs: Number(offsetNs + BigInt(this.#firstNs ?? 0)),
      driftPpm,
      uncertaintyNs: isKnown ? Math.ceil(uncertaintyNs) : null,
    };
  }

  /** Finds the units that both captures' stamps have. */
  #findUnits(looked: readonly [readonly Rows[], readonly Rows[]]): void {
    const units = SIDES.map((side) => unitOf(looked[side], this.#sides[side].source.epochNs));
    const coarserNs = Math.max(...units);
    this.#oneUnitNs = units[INSIDE] === units[OUTSIDE] ? 0 : coarserNs;
    this.#unitNs = coarserNs === 1 ? 0 : coarserNs;
  }
}

/** From so many twins on that TCP numbers tell, payloads are not asked: one that was lost may be like one that was missed. */
const ENOUGH_NUMBERED = 16;
/** However far the sides have come. */
const MAX = Number.MAX_VALUE;
/** Slices that are kept behind those that were told of. */
const KEPT_SLICES = 64;
/** A clock of which nothing is known for a while may run away by this meanwhile. */
const UNKNOWN_RATE = 100e-6;

/** Whether a twin tells an offset. */
function isCertain({ by }: Twin): boolean {
  return by !== IP_ID_ONLY;
}

/** Whether nothing like a twin's two packets was seen until the sides had come so far. */
function isUnrepeated({ repeatedAt }: Twin, insideToNs: number, outsideEnd: number): boolean {
  return repeatedAt[INSIDE] > insideToNs && repeatedAt[OUTSIDE] > outsideEnd;
}

/** The greatest stamp of some packets. */
function latestOf({ batch, from, to }: Rows): number {
  if (batch.isInOrder && to > from) return batch.stampNs(to - 1);
  let latestNs = Number.NEGATIVE_INFINITY;
  for (let row = from; row < to; row++) latestNs = Math.max(latestNs, batch.stampNs(row));
  return latestNs;
}

/** The coarsest unit that all stamps are a multiple of. */
function unitOf(looked: readonly Rows[], epochNs: bigint): number {
  let left = UNIT_PACKETS;
  let units: readonly number[] = UNITS_NS;
  for (const { batch, from, to } of looked) {
    for (let row = from; row < to && left > 0; row++, left--) {
      const stampNs = batch.stampNs(row);
      units = units.filter((unitNs) => (stampNs + Number(epochNs % BigInt(unitNs))) % unitNs === 0);
    }
  }
  return left === UNIT_PACKETS ? 1 : (units[0] ?? 1);
}

/** Whether both directions bound the offset. */
function isEnclosing({ atLeastNs, atMostNs }: Bounds): boolean {
  return Number.isFinite(atLeastNs) && Number.isFinite(atMostNs);
}

/** What is between two bounds, or at the only one; null where there is none. */
function middleOf(atLeastNs: number, atMostNs: number): number | null {
  if (!Number.isFinite(atLeastNs)) return Number.isFinite(atMostNs) ? atMostNs : null;
  return Number.isFinite(atMostNs) ? (atLeastNs + atMostNs) / 2 : atLeastNs;
}
