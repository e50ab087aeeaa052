import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import { type Bounds, isBounded, isEnclosing, narrowed, UNBOUNDED, wrongBy } from "./bounds.js";
import { type ClockFacts, MOST_RATE, PROCESSORS_NS, type Stretch } from "./clock.js";
import type { Line } from "./line.js";
import type { Slice } from "./slice.js";
import { Steps } from "./steps.js";

/** Nobody gives an offset more exactly: nanoseconds. */
export const AS_GIVEN_NS = 1e6;
/** Slices that are told of ahead of the packets that are taken, at the most: all packets of a batch are told of at once, and each may be a slice. */
const MOST_SAID = BATCH_FRAMES;

/** What is known of the clocks in all, by the slices that were told of: what the summary says. */
export class Summary {
  source: ClockFacts["source"];
  /** What it says where a run ends there, of the latest slices; the offset is that beyond the base. */
  readonly #said: { readonly untilNs: number; readonly facts: ClockFacts }[] = [];
  readonly #steps = new Steps();
  #firstNs: number | null = null;
  #uncertaintyNs = Number.NEGATIVE_INFINITY;
  /** What bounds the offset by the slices that are taken for those of one clock. */
  #ofOne = UNBOUNDED;
  /** The first and the last stretch that packets of both directions bound. */
  #first: Stretch | null = null;
  #last: Stretch | null = null;
  /** How far the rate may have been wrong where it was known best … */
  #doubtRate = Number.POSITIVE_INFINITY;
  /** … and how far it may be in the stretch that is told of next. */
  #nextDoubtRate = MOST_RATE;
  /** What the outside clock gained from the first to the last of these stretches by the rates of all of them, and how far that may be wrong. */
  #ranNs = 0;
  #ranDoubtNs = 0;

  constructor(source: ClockFacts["source"]) {
    this.source = source;
  }

  /** Takes a slice of one clock. Returns how far the clocks may stand from that although no packet shows it. */
  holdOne(slice: Bounds): number {
    this.#nextDoubtRate = 0;
    this.#ofOne = narrowed(this.#ofOne, slice);
    if (this.#isAgainstOne && isEnclosing(slice)) this.mayBeWrongBy(wrongBy(slice, 0));
    return wrongBy(this.#ofOne, 0);
  }

  /** Whether some of the packets taken so far contradict that there is one clock, by too little to give that up. */
  get #isAgainstOne(): boolean {
    return Math.max(this.#ofOne.atLeastNs, -this.#ofOne.atMostNs) > 0;
  }

  /** Takes the line that is followed. */
  follow({ doubtRate }: Line): void {
    this.#doubtRate = Math.min(this.#doubtRate, doubtRate);
    this.#nextDoubtRate = doubtRate;
  }

  mayBeWrongBy(uncertaintyNs: number): void {
    this.#uncertaintyNs = Math.max(0, this.#uncertaintyNs, uncertaintyNs);
  }

  /**
   * Takes the next stretch that is told of. `isEnclosed`: whether packets of both directions bound the offset, now or before; `slice`: what
   * packets of its own say.
   */
  tell(stretch: Stretch, isEnclosed: boolean, slice: Slice): void {
    if (stretch.isTrusted) {
      this.#firstNs ??= stretch.correctionNs;
      if (isEnclosed || isEnclosing(this.#ofOne)) {
        this.#steps.take(stretch, slice);
        this.#run(this.#last ?? stretch, stretch);
        this.#first ??= stretch;
        this.#last = stretch;
      }
    }
    this.#nextDoubtRate = MOST_RATE;
    if (this.source === "given" && Math.abs(this.#firstNs ?? 0) > AS_GIVEN_NS) this.source = "estimated";
    this.#said.push({ untilNs: stretch.untilNs, facts: this.#facts() });
    if (this.#said.length > MOST_SAID) this.#said.shift();
  }

  /** Takes what the clock gained from one stretch to the next one by the rates of both. */
  #run(last: Stretch, { atNs, rate }: Stretch): void {
    const forNs = Math.max(0, atNs - last.atNs);
    this.#ranNs += (forNs * (last.rate + rate)) / 2;
    this.#ranDoubtNs += forNs * (this.#nextDoubtRate + Math.abs(rate - last.rate) / 2);
  }

  /** What is known of the clocks up to this time of the outside, as if nothing had been looked at behind it. `offsetNs`: the base. */
  factsAt(timeNs: number, offsetNs: bigint): ClockFacts {
    const said = this.#said.find(({ untilNs }) => untilNs >= timeNs);
    const facts = said?.facts ?? this.#facts();
    return { ...facts, offsetNs: Number(offsetNs + BigInt(facts.offsetNs)) };
  }

  /** How fast the outside clock gained in all, but for where it was set. */
  get #rate(): number {
    const [first, last] = [this.#first, this.#last];
    if (first === null || last === null) return 0;
    const { setNs } = this.#steps;
    const ranNs = last.atNs - first.atNs - setNs;
    const partedNs = last.correctionNs - first.correctionNs - setNs;
    const wrongNs = first.slackNs + last.slackNs;
    // what clocks parted by without running so fast anywhere is a step, which was too small to be told of
    const hasRun = Math.abs(partedNs - this.#ranNs) <= this.#ranDoubtNs + wrongNs;
    const gainedNs = hasRun ? partedNs : this.#ranNs;
    // what both ends may be wrong by is no drift, and what is little more than that may be little drift
    const doubt = Math.min(1, wrongNs / Math.abs(gainedNs));
    return ranNs <= 0 || gainedNs === 0 ? 0 : ((1 - doubt ** 2) * gainedNs) / ranNs;
  }

  #facts(): ClockFacts {
    const rate = this.#rate;
    // a drift smaller than what no packet contradicts may as well be none
    const driftPpm = Math.abs(rate) > this.#doubtRate ? 1e6 * rate : 0;
    // stamps of one clock that seem to contradict each other are wrong by what two processors may be
    const leastNs = this.#isAgainstOne ? PROCESSORS_NS : 0;
    const ofOneNs = isBounded(this.#ofOne) ? Math.max(leastNs, wrongBy(this.#ofOne, 0)) : Number.NEGATIVE_INFINITY;
    const uncertaintyNs = Math.max(this.#uncertaintyNs, ofOneNs);
    return {
      source: this.source,
      offsetNs: this.#firstNs ?? 0,
      driftPpm,
      uncertaintyNs: Number.isFinite(uncertaintyNs) ? Math.ceil(uncertaintyNs) : null,
      steps: [...this.#steps.found.listed],
      moreSteps: this.#steps.found.more,
    };
  }
}
