/**
 * How the outside clock is to be brought to the inside clock. `none`: it is the same one, whose stamps may be wrong by
 * `slackNs` (0 if not given). `auto` finds out from the captures themselves, and follows a given offset that drifts.
 */
export type ClockOption = { kind: "none"; slackNs?: number } | { kind: "given"; offsetNs: bigint } | { kind: "auto" };

/** Processors of one computer may disagree by this about the time, nanoseconds. */
export const PROCESSORS_NS = 10_000;
/** A given offset is not exact to the nanosecond, and no packet is that much quicker than the quickest one seen. */
export const MOST_SLACK_NS = 200_000;
/** A clock may run away by this, beyond what is known of its rate. */
export const UNKNOWN_RATE = 100e-6;
/** Faster or slower than this, no computer's clock runs, not even one that is being brought to another (ntpd: 500 ppm). */
export const MOST_RATE = 0.001;

/** How the clocks stand to each other for some time. Times are those of outside stamps on the timeline, uncorrected. */
export interface Stretch {
  /** It is the last one where this is Infinity, as long as nothing follows it. */
  untilNs: number;
  /** What to subtract at `atNs`, nanoseconds, and by how much that grows by the nanosecond. */
  readonly atNs: number;
  readonly correctionNs: number;
  readonly rate: number;
  /** Frames before this one were stamped before the clock was set back, whatever their stamps: they are of a stretch before this one. */
  readonly firstFrame: number;
  /** From this frame on, if it is not 0, the clock was set back to within this stretch, and there is so much more to subtract. */
  readonly setFrame: number;
  readonly setNs: number;
  /** An effect may seem to precede its cause by this much. */
  readonly slackNs: number;
  /** Stamps of a capture that are nearer to each other do not tell the order, nanoseconds: theirs goes back by as much around there. */
  readonly disorderNs: number;
  /** Equal packets that are no farther apart are not told by their stamps, nanoseconds: the clock may have been set by as much, though too little shows it. */
  readonly doubtNs: number;
  readonly isTrusted: boolean;
  /** How far the clocks may stand from this although no packet shows it, nanoseconds; Infinity where packets of one direction alone bound them. */
  readonly unboundNs: number;
  /** Whether packets of both directions begin to tell how the clocks stand long behind it, or those of one told it for the last time long before. */
  readonly isUntold: boolean;
}

/** What a stretch is where there is nothing to correct. */
export const STILL = { atNs: 0, correctionNs: 0, rate: 0, setFrame: 0, setNs: 0, doubtNs: 0, isUntold: false } as const;

/** What is known of some stretches, of which the worst counts. */
type Known = Pick<Stretch, "slackNs" | "disorderNs" | "doubtNs" | "unboundNs">;
/** Between which times on the timeline no packet tells how the clocks stand. */
type Untold = readonly [afterNs: number, untilNs: number];
const NEVER: Untold = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** One of the clocks was set: about when, on the timeline, and by how much the outside clock is further ahead since. */
export interface ClockStep {
  readonly atNs: number;
  readonly byNs: number;
}

/** What is known of the clocks in all, for the summary. */
export interface ClockFacts {
  readonly source: "none" | "given" | "estimated";
  /** Outside clock minus inside clock at the beginning. */
  readonly offsetNs: number;
  readonly driftPpm: number;
  /** How far the offset in use may be wrong at any time; null where the packets bound it on one side alone, or not at all. */
  readonly uncertaintyNs: number | null;
  /** Where one was set in between: the first ones, and how many more. */
  readonly steps: readonly ClockStep[];
  readonly moreSteps: number;
}

/** What is known of the outside clock against the inside clock: stretch by stretch, each of which stays as it is once it is there. */
export class Clock {
  /** What is taken out of every outside stamp: outside clock minus inside clock, nanoseconds. The rest is `correctionNs`. */
  readonly offsetNs: bigint;
  readonly #windowNs: number;
  readonly #facts: (timeNs: number) => ClockFacts;
  readonly #stretches: Stretch[];
  readonly #beganApart: boolean;
  /** That of the latest packet. */
  #at = -1;
  /** The worst of what is known of the stretches that packets wait from. */
  #recent: Known | null = null;
  /** The first stretch that packets wait from. */
  #first = 0;
  /** The time of the latest packet that was taken. */
  #takenNs = Number.NEGATIVE_INFINITY;

  /** `beganApart`: whether the first packets say that there are two, though they may not tell how far these are apart. */
  constructor(
    offsetNs: bigint,
    windowNs: number,
    facts: (timeNs: number) => ClockFacts,
    stretches: Stretch[],
    beganApart = false,
  ) {
    this.offsetNs = offsetNs;
    this.#windowNs = windowNs;
    this.#facts = facts;
    this.#stretches = stretches;
    this.#beganApart = beganApart;
  }

  /** A clock that nothing is learnt of. `uncertaintyNs`: how far it may be wrong, where that is known all the same. */
  static fixed(offsetNs: bigint, source: "none" | "given", slackNs: number, uncertaintyNs: number | null): Clock {
    const stretch = {
      ...STILL,
      untilNs: Infinity,
      firstFrame: 0,
      slackNs,
      disorderNs: 0,
      isTrusted: true,
      unboundNs: 0,
    };
    const facts = { source, offsetNs: Number(offsetNs), driftPpm: 0, uncertaintyNs, steps: [], moreSteps: 0 };
    const clock = new Clock(offsetNs, 0, () => facts, [stretch]);
    clock.#goTo(0);
    return clock;
  }

  /** What is known of the clocks in all, or, where packets are left, up to the latest one that was taken. */
  facts(isAll: boolean): ClockFacts {
    return this.#facts(isAll ? Number.POSITIVE_INFINITY : this.#takenNs);
  }

  /** Whether packets have shown that there are two, as far as they were taken. */
  get areTwo(): boolean {
    return this.#beganApart || this.facts(false).source === "estimated";
  }

  /**
   * Whether cause and effect can be told by the stamps: the clocks are the same, or the offset was given or estimated. Where
   * nothing vouches for the clocks, a stamp rules out no candidate.
   */
  get isTrusted(): boolean {
    return this.#stretches[Math.max(0, this.#at)].isTrusted;
  }

  /** How far the clocks may stand from what is taken although no packet shows it, nanoseconds; Infinity for any distance. */
  get unboundNs(): number {
    return this.#known.unboundNs;
  }

  /** How far the stamps may be wrong, nanoseconds: an effect may seem to precede its cause by this much. */
  get slackNs(): number {
    return this.#known.slackNs;
  }

  /** Stamps of a capture that are nearer to each other do not tell which of two packets was first, nanoseconds. */
  get disorderNs(): number {
    return this.#known.disorderNs;
  }

  /** Equal packets that are no farther apart are not told by their stamps, nanoseconds: a clock may have been set by as much. */
  get doubtNs(): number {
    return this.#known.doubtNs;
  }

  /** Where no packet tells, of the stretches that packets wait from, and the next one: from the first one of these to the last. */
  get untold(): Untold {
    const untold = this.#stretches.slice(this.#first, this.#at + 2).filter(({ isUntold }) => isUntold);
    return untold.length === 0 ? NEVER : [this.#beginningOf(untold[0]), endOf(untold[untold.length - 1])];
  }

  get #known(): Known {
    return this.#recent ?? this.#stretches[0];
  }

  /** Whether there may be anything to correct. */
  get isMoving(): boolean {
    return this.#stretches.length > 1 || this.#stretches[0].correctionNs !== 0 || this.#stretches[0].rate !== 0;
  }

  /**
   * What to subtract from the stamp of an outside frame beyond `offsetNs`, nanoseconds, at this time on the timeline; `frame` is 0
   * where it is not one's. To be asked in about the order that frames come.
   */
  correctionNs(timeNs: number, frame: number): number {
    const stretch = this.#stretches[this.#stretchOf(timeNs, frame)];
    const isSet = stretch.setFrame > 0 && frame >= stretch.setFrame;
    return correctionOf(stretch, timeNs, isSet ? stretch.setNs : 0);
  }

  /**
   * Takes an outside packet, by the time and frame that were asked for: `slackNs` and `isTrusted` are those of the latest ones. Returns whether it begins
   * another stretch.
   */
  take(timeNs: number, frame: number): boolean {
    if (timeNs > this.#takenNs) this.#takenNs = timeNs;
    const at = this.#stretchOf(timeNs, frame);
    const isFurther = at > this.#at;
    if (isFurther) this.#goTo(at);
    return isFurther;
  }

  #stretchOf(timeNs: number, frame: number): number {
    const stretches = this.#stretches;
    let at = Math.max(0, this.#at);
    while (at > 0 && timeNs <= stretches[at - 1].untilNs) at--;
    while (at < stretches.length - 1 && timeNs > stretches[at].untilNs) at++;
    if (frame !== 0) while (at > 0 && frame < stretches[at].firstFrame) at--;
    return at;
  }

  /** Goes on to a stretch; those waiting for their twin were stamped within the last window. */
  #goTo(to: number): void {
    let at = to;
    const stretches = this.#stretches;
    let first = at;
    while (first > 0 && stretches[first - 1].untilNs >= stretches[at - 1].untilNs - this.#windowNs) first--;
    // stamps out of order reach back as far as what waits does
    if (first > KEPT_STRETCHES) {
      stretches.splice(0, first);
      at -= first;
      first = 0;
    }
    this.#at = at;
    const recent = stretches.slice(first, at + 1);
    this.#recent = {
      slackNs: Math.max(...recent.map(({ slackNs }) => slackNs)),
      disorderNs: Math.max(...recent.map(({ disorderNs }) => disorderNs)),
      doubtNs: Math.max(...recent.map(({ doubtNs }) => doubtNs)),
      unboundNs: Math.max(...recent.map(({ unboundNs }) => unboundNs)),
    };
    this.#first = first;
  }

  /** When a stretch begins, on the timeline. */
  #beginningOf(stretch: Stretch): number {
    const before = this.#stretches[this.#stretches.indexOf(stretch) - 1];
    return before === undefined ? Number.NEGATIVE_INFINITY : endOf(before);
  }
}

/** What to subtract from an outside stamp of a stretch, in which the clock may have been set by then. */
function correctionOf({ atNs, correctionNs, rate }: Stretch, timeNs: number, setNs = 0): number {
  return rate === 0 ? correctionNs + setNs : Math.round(correctionNs + setNs + rate * (timeNs - atNs));
}

/** When a stretch ends, on the timeline. */
function endOf(stretch: Stretch): number {
  const { untilNs } = stretch;
  return Number.isFinite(untilNs) ? untilNs - correctionOf(stretch, untilNs) : untilNs;
}

/** Stretches behind those that are needed, before they are forgotten, many at once. */
const KEPT_STRETCHES = 1024;
