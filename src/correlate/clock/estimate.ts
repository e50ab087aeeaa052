import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import { NEVER, SET_NS } from "../intake/disorder.js";
import { type Bounds, isEnclosing, isWithin } from "./bounds.js";
import { NUMBERS, RESENDABLE, SEGMENT, type Twin } from "./twins.js";
import { LEAST_WITNESSES, quickest, witnessed } from "./witnesses.js";

/** When a packet passed both sides, and which way. */
export type Moments = Pick<Twin, "insideNs" | "outsideNs" | "direction">;

/** What twins agree on. */
export interface Agreed extends Bounds {
  readonly middleNs: number;
  readonly spreadNs: number;
  /** Between what LEAST_WITNESSES of each direction say that it lies: what it takes to say that clocks are not one. */
  readonly witnessed: Bounds;
  /** Whether nothing tells one of the directions but what may have been sent again. */
  readonly asksResendable: boolean;
}

/**
 * From so many twins on that TCP numbers tell, payloads are not asked: one that was lost may be like one that was missed. And from so many of a
 * direction on that are that very segment, others of it are not: one that was lost may be one that was sent again.
 */
export const ENOUGH = 16;

/** Twins that must agree on an offset before it is believed, where each is unique by its TCP numbers … */
const LEAST_NUMBERED = 4;
/** … and how many different spacings in time they must agree on, where payloads make them unique: what is sent
 * periodically by two strangers keeps a steady distance, too. */
const LEAST_SPACINGS = 8;
/** … and the share of all that were found, so that chance twins do not outvote. */
export const LEAST_SHARE = 0.6;
/** So many of the first twins tell the offset at the beginning: later ones drift away from them … */
const EARLY_TWINS = 64;
/** … but it takes more where their latencies differ by more than what they are apart. */
const MORE_TWINS = 1024;
/** Spacings are those from each packet to the next, and to others behind it. */
const LAGS = [1, 8, 64];
/** Offsets are compared from this width on, nanoseconds, doubling it up to twice the window. */
const LEAST_WIDTH_NS = 1_000_000;
/**
 * The offset (outside minus inside stamp) that the first of some twins agree on, or null: what is in the middle of those that
 * agree, what bounds it, and how far from the middle any of them is. A packet that left is stamped later outside by the offset plus its latency, one that came by the
 * offset minus its latency: the two are as far apart as latencies are long, which is the window at the most.
 */
export function agreedOffset(twins: readonly Twin[], windowNs: number): Agreed | null {
  const byTime = twins.toSorted(inTime);
  const upTo = (most: number): Twin[] => byTime.filter(({ by }) => by <= most);
  const byNumbers = (most: number) => agreement(upTo(most).slice(0, EARLY_TWINS), windowNs, areEnough);
  const numbered = byNumbers(SEGMENT) ?? byNumbers(NUMBERS);
  if (numbered !== null)
    return agreedBy(numbered, upTo(RESENDABLE), windowNs) ?? agreedBy(numbered, upTo(NUMBERS), windowNs);
  // what was sent again keeps its distance to all that was: in both directions, it keeps another one
  const resendable = byNumbers(RESENDABLE);
  const agreed = resendable && agreedBy(resendable, upTo(RESENDABLE), windowNs);
  if (agreed && isEnclosing(agreed)) return agreed;
  const others = byTime.filter(({ by }) => by !== RESENDABLE);
  const irregular =
    agreement(others.slice(0, EARLY_TWINS), windowNs, isIrregular) ??
    agreement(others.slice(0, MORE_TWINS), windowNs, isIrregular);
  return irregular && agreedOf(irregular, others, windowNs);
}

/**
 * What twins that agree, and those of each direction that tell most, say together; null where what may have been sent again is needed for that, and
 * contradicts the rest.
 */
function agreedBy(agreeing: readonly Twin[], numbered: readonly Twin[], windowNs: number): Agreed | null {
  const directions = [-1, 0, 1].map((direction) => surest(numbered, direction));
  const agreed = agreedOf(agreeing, directions.flat().sort(inTime), windowNs);
  const asksResendable = [directions[0], directions[2]].some(([first]) => first?.by === RESENDABLE);
  if (!asksResendable) return agreed;
  return agreed.witnessed.atLeastNs <= agreed.witnessed.atMostNs ? { ...agreed, asksResendable } : null;
}

function agreedOf(agreeing: readonly Twin[], telling: readonly Twin[], windowNs: number): Agreed {
  const middleNs = gapOf(agreeing[agreeing.length >> 1]);
  const near = telling.slice(0, 4 * EARLY_TWINS).filter((twin) => Math.abs(gapOf(twin) - middleNs) <= windowNs);
  const spreadNs = near.reduce((most, twin) => Math.max(most, Math.abs(gapOf(twin) - middleNs)), 0);
  const [bounds, confirmed] = [boundsOf(near, quickest), boundsOf(near, witnessed)];
  return { middleNs, spreadNs, ...bounds, witnessed: confirmed, asksResendable: false };
}

/** Whether an offset explains what twins agree on: their bounds, but for what it and their stamps may be wrong by. */
export function explains(offsetNs: number, agreed: Agreed, windowNs: number, wrongNs: number): boolean {
  const { middleNs, witnessed } = agreed;
  const contradictionNs = Math.max(0, witnessed.atLeastNs - witnessed.atMostNs);
  const toleranceNs = wrongNs + Math.min(contradictionNs, SET_NS);
  return Math.abs(middleNs - offsetNs) <= windowNs && isWithin(offsetNs, witnessed, toleranceNs);
}

/**
 * Whether one clock explains the first twins, of which most are as near as those of one clock are; where they are too few, or too
 * regular, to tell an offset. `gapNs`: what outside minus inside stamp is at one instant.
 */
export function mayBeOneClock(twins: readonly Twin[], windowNs: number, gapNs: number, toleranceNs: number): boolean {
  const early = twins.toSorted((a, b) => a.insideNs - b.insideNs).slice(0, EARLY_TWINS);
  const near = early.filter((twin) => Math.abs(gapOf(twin) - gapNs) <= windowNs);
  if (near.length < LEAST_NUMBERED || near.length < LEAST_SHARE * early.length) return false;
  return isWithin(gapNs, boundsOf(near, witnessed), toleranceNs);
}

/**
 * Whether one clock explains the segments of both directions that were seen on both sides, their IP IDs included, however long a queue held those of
 * one of them. `gapNs`: what outside minus inside stamp is at one instant.
 */
export function areOfOneClock(twins: readonly Twin[], windowNs: number, gapNs: number, toleranceNs: number): boolean {
  const segments = twins.filter(({ by }) => by === SEGMENT);
  const bounds = boundsOf(segments, witnessed);
  if (!isEnclosing(bounds)) return false;
  const isNear = Math.min(gapNs - bounds.atLeastNs, bounds.atMostNs - gapNs) <= windowNs;
  return isNear && isWithin(gapNs, bounds, toleranceNs);
}

/** So many neighbours tell whether TTLs are set, if no more than this share says otherwise. */
const LEAST_NEIGHBOURS = 32;
const MOST_AGAINST = 1 / 8;

/**
 * Whether the router sets TTLs, where these contradict the rewritten ends of some twins: whatever the clocks differ by, what left is stamped later outside than what
 * came in about the same time, by what both took.
 */
export function areTtlsSet(twins: readonly Twin[]): boolean {
  const told = twins.filter(({ byEnds }) => byEnds !== 0).sort(inTime);
  let [neighbours, against] = [0, 0];
  for (const [at, twin] of told.entries()) {
    const next = told[at + 1];
    if (next === undefined || next.byEnds === twin.byEnds || (twin.direction !== 0 && next.direction !== 0)) continue;
    neighbours++;
    if ((gapOf(twin) - gapOf(next)) * twin.byEnds <= 0) against++;
  }
  return neighbours >= LEAST_NEIGHBOURS && against <= MOST_AGAINST * neighbours;
}

/** What was sent again makes this part of the twins that TCP numbers alone make, at the most. */
const MOST_RESENT = 1 / 32;

/**
 * Whether too many of the twins that TCP numbers alone make may be none: where captures miss packets, one of them may have the first of two that say the same, and
 * the other the second one. As many were seen once on each side as the others tell that were sent again: those of which one side saw two, beside those of which both did.
 * Half of them are none.
 */
export function areNumbersShared(twins: readonly Twin[]): boolean {
  const seen = [0, 0, 0, 0];
  for (const { by, repeatedAt } of twins)
    if (by === NUMBERS) seen[Number(repeatedAt[INSIDE] !== NEVER) + 2 * Number(repeatedAt[OUTSIDE] !== NEVER)]++;
  const [byNone, byInside, byOutside, byBoth] = seen;
  return (byInside * byOutside) / (2 * Math.max(1, byBoth)) > MOST_RESENT * byNone;
}

function inTime(a: Twin, b: Twin): number {
  return a.insideNs - b.insideNs || a.outsideNs - b.outsideNs;
}

export function gapOf({ insideNs, outsideNs }: Moments): number {
  return outsideNs - insideNs;
}

/** Of twins of a direction, those that tell most: where some are that very segment, others may be one that was sent again. */
function surest(numbered: readonly Twin[], direction: number): readonly Twin[] {
  const own = numbered.filter((twin) => twin.direction === direction);
  const most = Math.min(...own.map(({ by }) => by));
  return own.filter(({ by }) => by === most);
}

/** Whether there are as many as it takes where each is unique by its numbers. */
function areEnough({ length }: readonly Twin[]): boolean {
  return length >= LEAST_NUMBERED;
}

/** Whether packets come at times that strangers would not keep, too. */
export function isIrregular(run: readonly Moments[]): boolean {
  return spacings(run) >= LEAST_SPACINGS;
}

/** Those of some twins, by offset, that agree within the least width in which most do; null where they prove nothing. */
function agreement(
  twins: readonly Twin[],
  windowNs: number,
  isProof: (run: readonly Twin[]) => boolean,
): readonly Twin[] | null {
  const byGap = twins.toSorted((a, b) => gapOf(a) - gapOf(b));
  for (let widthNs = LEAST_WIDTH_NS; widthNs <= 4 * windowNs; widthNs *= 2) {
    const run = densest(byGap, Math.min(widthNs, 2 * windowNs));
    if (run.length >= LEAST_SHARE * twins.length && isProof(run)) return run;
  }
  return null;
}

/** The largest run of twins, sorted by offset, within a width. */
function densest(twins: readonly Twin[], widthNs: number): readonly Twin[] {
  let best: [number, number] = [0, 0];
  let from = 0;
  for (let to = 1; to <= twins.length; to++) {
    while (gapOf(twins[to - 1]) - gapOf(twins[from]) > widthNs) from++;
    if (to - from > best[1] - best[0]) best = [from, to];
  }
  return twins.slice(best[0], best[1]);
}

/** How many spacings between one packet and the next there are that differ by more than their latencies do. */
function spacings(run: readonly Moments[]): number {
  let spreadNs = 0;
  for (const direction of [-1, 0, 1]) {
    const gaps = run.filter((twin) => twin.direction === direction).map(gapOf);
    if (gaps.length > 1) spreadNs = Math.max(spreadNs, gaps[(3 * gaps.length) >> 2] - gaps[gaps.length >> 2]);
  }
  const times = run.map(({ insideNs }) => insideNs).toSorted((a, b) => a - b);
  return Math.max(
    ...LAGS.map((lag) =>
      distinct(
        times.slice(lag).map((timeNs, at) => timeNs - times[at]),
        2 * spreadNs,
      ),
    ),
  );
}

/** How many of some numbers there are, of which those within a width count as one. */
function distinct(numbers: readonly number[], width: number): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const number of numbers.toSorted((a, b) => a - b)) {
    if (number - last <= width) continue;
    count++;
    last = number;
  }
  return count;
}

/**
 * What bounds the offset: the least gap of each direction, as far as that is believed. Where the two contradict each other, one or two packets of a
 * direction bound nothing: they may be twins of others like theirs.
 */
function boundsOf(twins: readonly Twin[], leastOf: (gaps: readonly number[]) => number): Bounds {
  const [inbound, outbound] = [-1, 1].map((direction) =>
    twins.filter((twin) => twin.direction === direction).map((twin) => direction * gapOf(twin)),
  );
  const bounds = { atLeastNs: -leastOf(inbound), atMostNs: leastOf(outbound) };
  if (bounds.atLeastNs > bounds.atMostNs) {
    if (inbound.length < LEAST_WITNESSES) bounds.atLeastNs = Number.NEGATIVE_INFINITY;
    if (outbound.length < LEAST_WITNESSES) bounds.atMostNs = Number.POSITIVE_INFINITY;
  }
  return bounds;
}
