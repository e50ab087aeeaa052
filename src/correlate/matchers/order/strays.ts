import { directionKey } from "../../../packets/halves.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { NONE } from "../../../packets/tuples.js";
import type { About } from "../contract.js";

/** So many flows are remembered at the most by what went astray of them last. */
const MOST_FLOWS = 2 ** 14;
/** So many of a flow are remembered that may still come out, and as many are looked at of those that entered last before another one. */
const MOST_OPEN = 256;
const MOST_LOOKED_AT = 32;
/** Powers of two of nanoseconds, up to more than any window. */
const OCTAVES = 48;
/** From so many strays of a flow on, it is known how far apart they come. */
const TELLING = 4;
/** Packets are believed to be held up once the surplus is more than this, and so many times its usual variation … */
const LEAST_SURPLUS = 5;
const LIKELY = 2.5;
/** … and that is certain once it is so many times that. */
const SURE = 3;
/** How many times likelier, in bits, a twin in time must be than one that was held up while others overtook it. */
export const HELD_BITS = 18;

/** What went astray of a flow and direction. */
interface OfFlow {
  /** When the first one passed, and how many did. */
  readonly firstNs: number;
  count: number;
  /** When the last one passed, and whether it entered then, or left. */
  lastNs: number;
  hasEntered: boolean;
  /** When those entered that may still come out, oldest first. */
  readonly openNs: number[];
}

/**
 * Packets that are like others of their flow, and have no twin in time. One that entered may have been lost, and one that left may not have been seen to enter: then
 * the one comes as soon behind the other as that behind the one. What is held up, while its likes overtake it, is seen to enter first, and to leave soon. So the two
 * tell whether packets are held up; and what is left of those that left behind one that entered, once as many as come the other way round are taken away, for
 * how long, and how often.
 */
export class Strays {
  readonly #about: About;
  /** By flow and direction: those that went astray last come last. */
  readonly #of = new Map<number, OfFlow>();
  /** By direction, outbound last: how many left so long behind one that entered, in octaves, and how many entered so long behind one that left. */
  readonly #behind = [new Uint32Array(OCTAVES), new Uint32Array(OCTAVES)];
  readonly #ahead = [new Uint32Array(OCTAVES), new Uint32Array(OCTAVES)];
  /** By direction, outbound last: how much sooner than by chance those of the first kind came, less the same of the other kind (−ln of its chance), and how many of both did. */
  readonly #surplus: [number, number] = [0, 0];
  readonly #events: [number, number] = [0, 0];
  /** By direction, outbound last: for how long any are believed to have been held up, nanoseconds. */
  readonly #longestNs: [number, number] = [0, 0];

  constructor(about: About) {
    this.#about = about;
  }

  /**
   * Notes packets of a flow, by its slot, and direction that were left undecided together, or the only one that has no twin: when they entered and left,
   * oldest first. Those of them that may be twins in time are not astray.
   */
  note(slot: number, isOutbound: boolean, enteredNs: readonly number[], leftNs: readonly number[]): void {
    const { kernel } = this.#about;
    // where nothing vouches for the clocks, a step of one looks the same
    if (!Number.isFinite(kernel.time.slackNs)) return;
    const key = directionKey(slot, isOutbound);
    const limitNs = kernel.limitNs(isOutbound);
    let from = 0;
    for (const timeNs of leftNs) {
      for (; enteredNs[from] < timeNs - limitNs; from++) this.#add(key, isOutbound, enteredNs[from], true);
      if (enteredNs[from] <= timeNs) from++;
      else this.#add(key, isOutbound, timeNs, false);
    }
    for (; from < enteredNs.length; from++) this.#add(key, isOutbound, enteredNs[from], true);
  }

  /**
   * Whether of two that are twins in time, of a flow by its slot, the one that left may as well be one that entered before, was held up, and waits, or was left
   * undecided.
   */
  mayBeOneBefore(slot: number, entered: number, left: number, isOutbound: boolean): boolean {
    const t = this.#about.timeline;
    const longestNs = this.#longestNs[isOutbound ? 1 : 0];
    if (longestNs === 0) return false;
    const untilNs = t.timeNs(left) - this.#about.kernel.limitNs(isOutbound);
    const fromNs = t.timeNs(left) - Math.min(longestNs, this.#about.windowNs);
    const mayBe = (timeNs: number): boolean =>
      timeNs < untilNs && timeNs >= fromNs && this.#mayBeHeldUp(slot, timeNs, entered, left, isOutbound);
    const isCrowd = this.#about.buckets.isCrowd(t.bucket(entered));
    const before = (row: number): number => (isCrowd ? t.older(row) : t.previous(row));
    let row = before(entered);
    for (let looked = 0; looked < MOST_LOOKED_AT && row !== NONE; looked++, row = before(row))
      if (t.way(row) === t.way(entered) && mayBe(t.timeNs(row))) return true;
    const openNs = this.#of.get(directionKey(slot, isOutbound))?.openNs ?? [];
    let at = openNs.length - 1;
    while (at >= 0 && openNs[at] >= untilNs) at--;
    for (let looked = 0; looked < MOST_LOOKED_AT && at >= 0; looked++, at--) if (mayBe(openNs[at])) return true;
    return false;
  }

  /**
   * Whether what left may be one of its flow, by its slot, that entered at a time and was held up, although another one is its twin in time: as far as it is
   * that likely that packets are held up so long, and none that crossed meanwhile shows that order is kept: once it is certain that some are held up, none does.
   */
  #mayBeHeldUp(slot: number, enteredNs: number, inTime: number, left: number, isOutbound: boolean): boolean {
    const { kernel, timeline: t } = this.#about;
    const leftNs = t.timeNs(left);
    const octave = octaveOf(leftNs - enteredNs);
    const beyondChance = this.#beyondChance(octave, isOutbound);
    if (beyondChance <= 0) return false;
    const held = beyondChance / (2 ** (octave + 2) - 2 ** (octave - 1));
    const digest = kernel.latencies.of(isOutbound);
    const usual = digest.count * digest.density(leftNs - t.timeNs(inTime), kernel.limitNs(isOutbound));
    if (Math.log2(usual / held) >= HELD_BITS) return false;
    const way = isOutbound ? 1 : 0;
    const isSure = this.#surplus[way] > LEAST_SURPLUS + SURE * Math.sqrt(this.#events[way]);
    return isSure || !kernel.hasPassed(slot, enteredNs, left, isOutbound);
  }

  /** Takes one that went astray of a flow and direction. */
  #add(key: number, isOutbound: boolean, timeNs: number, hasEntered: boolean): void {
    const of = this.#of.get(key) ?? {
      firstNs: timeNs,
      count: 0,
      lastNs: timeNs,
      hasEntered,
      openNs: [],
    };
    this.#of.delete(key);
    this.#of.set(key, of);
    keepNewest(this.#of, MOST_FLOWS);
    if (timeNs >= of.lastNs) {
      of.count++;
      if (of.hasEntered !== hasEntered) this.#count(of, isOutbound, timeNs);
      of.lastNs = timeNs;
      of.hasEntered = hasEntered;
    }
    if (!hasEntered) return;
    let at = of.openNs.length;
    while (at > 0 && of.openNs[at - 1] > timeNs) at--;
    of.openNs.splice(at, 0, timeNs);
    if (of.openNs.length > 2 * MOST_OPEN) of.openNs.splice(0, MOST_OPEN);
  }

  /** Counts one that passed then behind one of the other kind. */
  #count({ firstNs, count, lastNs, hasEntered }: OfFlow, isOutbound: boolean, timeNs: number): void {
    const way = isOutbound ? 1 : 0;
    (hasEntered ? this.#behind : this.#ahead)[way][octaveOf(timeNs - lastNs)]++;
    if (count < TELLING) return;
    const apartNs = (timeNs - firstNs) / (count - 1);
    const chance = -Math.expm1(-Math.max(1, timeNs - lastNs) / apartNs);
    this.#surplus[way] -= hasEntered ? Math.log(chance) : -Math.log(chance);
    this.#events[way]++;
    let octave = OCTAVES - 1;
    while (octave >= 0 && this.#beyondChance(octave, isOutbound) <= 0) octave--;
    this.#longestNs[way] = octave < 0 ? 0 : 2 ** (octave + 1);
  }

  /** How many more of an octave, and of those beside it, left behind one that entered than the other way round; 0 where chance may be all that makes some come so soon. */
  #beyondChance(octave: number, isOutbound: boolean): number {
    const way = isOutbound ? 1 : 0;
    if (this.#surplus[way] <= LEAST_SURPLUS + LIKELY * Math.sqrt(this.#events[way])) return 0;
    const of = (counts: Uint32Array) => (counts[octave - 1] ?? 0) + counts[octave] + (counts[octave + 1] ?? 0);
    return of(this.#behind[way]) - of(this.#ahead[way]);
  }
}

function octaveOf(ns: number): number {
  return ns < 1 ? 0 : Math.min(OCTAVES - 1, Math.floor(Math.log2(ns)));
}
