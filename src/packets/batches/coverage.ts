import { IN_TIME, MassTime } from "./mass-time.js";

/** A stamp farther than this from the others is not believed by itself, nanoseconds. */
const LEAP_NS = 1_000_000_000;
/** A pause that is worth a look, nanoseconds; one shorter than a quarter of it does not even tell what is usual. */
const LEAST_SILENCE_NS = 100_000_000;
const LEAST_GAP_NS = LEAST_SILENCE_NS / 4;
/** So many times as long as what is usual, a pause is out of the ordinary. */
const UNUSUAL = 4;
/** What is usual is the longest pause; after so many frames without another like it, half of that. */
const HALF_LIFE_FRAMES = 512;

/** A time in which a capture has no frame at all, far longer than is usual for it: nothing shows that it was running. */
export interface Silence {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What a capture covers by the stamps of its frames, whatever these are: it goes by most of them, not by single ones. */
export class Coverage {
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  /** Those found so far; for whoever reads them to take out. */
  readonly silences: Silence[] = [];
  readonly #mass = new MassTime(LEAP_NS, (stampNs, timeNs) => this.#settle(stampNs, timeNs));
  #frames = 0;
  #longestNs = 0;
  /** How many frames there had been at the end of the longest pause. */
  #longestAt = 0;
  readonly #hasSilences: boolean;

  /** `hasSilences`: whether nothing but its frames shows that the capture goes on. */
  constructor(hasSilences: boolean) {
    this.#hasSilences = hasSilences;
  }

  /** Takes the next frames of the capture; with the earliest and the latest of their stamps, that takes less time. */
  take(
    stampsNs: Float64Array,
    count: number,
    leastNs = Number.NEGATIVE_INFINITY,
    mostNs = Number.POSITIVE_INFINITY,
  ): void {
    const mass = this.#mass;
    if (this.#isOrdinary(mostNs) && leastNs >= Math.max(mostNs, this.lastNs) - LEAP_NS) {
      this.#frames += count;
      this.#goOn(mostNs);
      return;
    }
    for (let row = 0; row < count; row++) {
      const stampNs = stampsNs[row];
      this.#frames++;
      if (this.#isOrdinary(stampNs)) this.#goOn(stampNs);
      else if (mass.take(stampNs, stampNs) === IN_TIME) this.#cover(stampNs);
    }
  }

  /**
   * Notes that all frames stamped before this have been taken, by who knows it whether there are frames or not. It covers its silence,
   * too, from its epoch on: the moment it was opened, or its first frame.
   */
  reach(reachedNs: number): void {
    this.#mass.reach(reachedNs);
    this.firstNs = Math.min(this.firstNs, 0);
    this.lastNs = Math.max(this.lastNs, reachedNs);
  }

  /** No frame comes any more. `endedNs`: up to when the capture says that it went on. */
  end(endedNs = Number.NEGATIVE_INFINITY): void {
    this.#mass.end();
    this.lastNs = Math.max(this.lastNs, endedNs);
  }

  /** Whether a stamp is so close to those before that nothing is to be told of it. */
  #isOrdinary(stampNs: number): boolean {
    return stampNs >= this.lastNs - LEAP_NS && stampNs < this.lastNs + LEAST_GAP_NS && this.#mass.isClear;
  }

  #goOn(stampNs: number): void {
    if (stampNs <= this.lastNs) return;
    this.lastNs = stampNs;
    this.#mass.nowNs = stampNs;
  }

  #settle(stampNs: number, timeNs: number): void {
    if (timeNs === stampNs) this.#cover(stampNs);
  }

  #cover(stampNs: number): void {
    if (this.firstNs === Number.POSITIVE_INFINITY) this.firstNs = stampNs;
    else if (stampNs - this.lastNs >= LEAST_GAP_NS && this.#hasSilences) this.#pause(this.lastNs, stampNs);
    this.lastNs = Math.max(this.lastNs, stampNs);
  }

  #pause(fromNs: number, toNs: number): void {
    const usualNs = this.#longestNs * 2 ** ((this.#longestAt - this.#frames) / HALF_LIFE_FRAMES);
    const pauseNs = toNs - fromNs;
    if (pauseNs >= LEAST_SILENCE_NS && pauseNs > UNUSUAL * usualNs) this.silences.push({ fromNs, toNs });
    if (pauseNs < usualNs) return;
    this.#longestNs = pauseNs;
    this.#longestAt = this.#frames;
  }
}
