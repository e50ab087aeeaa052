import { OUTSIDE } from "../../packets/sides.js";
import type { Beginning } from "./beginning.js";
import { isEnclosing, middleOf } from "./bounds.js";
import { UNKNOWN_RATE } from "./clock.js";
import type { Course } from "./course.js";
import { agreedOffset, ENOUGH, explains, gapOf } from "./estimate.js";
import type { Slices } from "./slices.js";
import { MARKED, NUMBERS, PAYLOAD, RESENDABLE, SEGMENT, type Twin } from "./twins.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** Twins that are as far apart agree: others, that are none, are so by chance. */
const AGREED_NS = 1_000_000;
/** Twins that are not where the clocks should have them, before it is asked whether they agree among themselves. */
const STRAYS = 32;
/** A twin is so many windows from where the clocks should have it, at the most: else it is a stray. */
export const MOST_WINDOWS = 2;

/** Sifts twins: those that are to tell of the clocks, and are where they should be, cross. */
export class Sifter {
  readonly #slices: Slices;
  readonly #course: Course;
  readonly #windowNs: number;
  readonly #baseNs: number;
  /** Whether TCP numbers tell, so that payloads are not asked. */
  readonly #hasNumbers: boolean;
  /** Whether what may have been sent again is asked, as nothing else tells one of the directions. */
  readonly #asksResendable: boolean;
  /** By direction, -1 first: how many twins were that very segment. */
  readonly #segments = [0, 0, 0];
  /** By direction: the latest twins that were asked, or behind which nothing surer tells. */
  readonly #latest: readonly [Twin[], Twin[], Twin[]] = [[], [], []];
  /** Those of them that may be none, and were not asked yet. */
  readonly #doubtful = new Set<Twin>();
  /** Where twins are looked for: by what the latest one differs, beyond the base; null where nothing is known. */
  #nearNs: number | null;
  /** Those that are not there. */
  #strays: Twin[] = [];

  constructor(slices: Slices, course: Course, beginning: Beginning, windowNs: number) {
    this.#slices = slices;
    this.#course = course;
    this.#windowNs = windowNs;
    this.#baseNs = beginning.baseNs;
    this.#nearNs = beginning.nearNs;
    this.#hasNumbers = beginning.hasNumbers;
    this.#asksResendable = beginning.asksResendable;
  }

  /** Takes the twins of a slice, in the order of the outside. */
  take(twins: readonly Twin[]): void {
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
    for (const [at, twin] of twins.entries()) {
      const isDoubted = !asked.has(twin) && isDoubtful(twin);
      if (isDoubted && this.#isNear(twin)) this.#file(twin, this.#slices.doubtful);
      if (asked.has(twin) || (isDoubted && at > told[twin.direction + 1])) this.#ask(twin, !isDoubted);
    }
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

  /** Whether a twin is where it should be. */
  #isNear(twin: Twin): boolean {
    const gapNs = gapOf(twin) - this.#baseNs;
    return this.#nearNs !== null && Math.abs(gapNs - this.#nearNs) <= MOST_WINDOWS * this.#windowNs;
  }

  /** Has a twin tell of the clocks, if it is where it should be. */
  #cross(twin: Twin): void {
    if (!this.#isNear(twin)) {
      this.#strays.push(twin);
      if (this.#strays.length === STRAYS) this.#lookAgain();
      return;
    }
    this.#strays = [];
    this.#nearNs = gapOf(twin) - this.#baseNs;
    this.#file(twin, this.#slices.crossings);
  }

  /** Files a twin with others of its direction, if that is known. */
  #file(twin: Twin, ways: Slices["crossings"]): void {
    if (twin.direction === 0) return;
    ways[twin.direction > 0 ? 1 : 0].add({
      isOutbound: twin.direction > 0,
      timeNs: twin.outsideNs - this.#baseNs,
      gapNs: gapOf(twin) - this.#baseNs,
      place: twin.seenAt[OUTSIDE].packets,
      frame: twin.outsideFrame,
      isSure: twin.by === SEGMENT,
    });
  }

  /** Takes it that no more twins come: fewer strays tell then, if packets of both directions agree. What was sent again keeps another distance in each. */
  end(): void {
    const agreed = agreedOffset(this.#strays, this.#windowNs);
    if (agreed !== null && isEnclosing(agreed) && agreed.atLeastNs <= agreed.atMostNs) this.#lookAgain();
  }

  /** Looks for twins where the strays agree that they are. */
  #lookAgain(): void {
    const strays = this.#strays;
    this.#strays = [];
    const agreed = agreedOffset(strays, this.#windowNs);
    if (agreed === null) return;
    // the base is that of one clock as long as nothing is known
    const isOne =
      this.#nearNs === null && explains(this.#baseNs, agreed, this.#windowNs, this.#slices.exactness.toleranceNs);
    this.#nearNs = isOne ? 0 : (middleOf(agreed) ?? agreed.middleNs) - this.#baseNs;
    this.#course.goOnFrom(this.#nearNs, isOne);
    for (const stray of strays) if (Math.abs(gapOf(stray) - agreed.middleNs) <= this.#windowNs) this.#cross(stray);
  }
}

/** Whether a twin may be none: one that was lost may be like one that was missed. */
function isDoubtful({ by }: Twin): boolean {
  return by === NUMBERS || by === MARKED || by === PAYLOAD;
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
