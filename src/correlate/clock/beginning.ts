import { contentHash } from "../../packets/content.js";
import { IS_MISTIMED } from "../../packets/packets.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { UNLIMITED } from "../intake/disorder.js";
import { type Bounds, isEnclosing, isWithin, middleOf, movedBy, UNBOUNDED } from "./bounds.js";
import { type ClockOption, PROCESSORS_NS } from "./clock.js";
import {
  type Agreed,
  agreedOffset,
  areNumbersShared,
  areOfOneClock,
  areTtlsSet,
  ENOUGH,
  explains,
  mayBeOneClock,
} from "./estimate.js";
import { Doubles } from "./doubles.js";
import { latestOf, type Lookahead, type Rows } from "./lookahead.js";
import { type Steady, steadyOffset } from "./steady.js";
import { AS_GIVEN_NS } from "./summary.js";
import { IP_ID_ONLY, NUMBERS, type Twin, type Twins } from "./twins.js";
import { Exactness } from "./exactness.js";

/** So many packets of each side are looked at for how the clocks stand at the beginning: from the first number on, twice as many each time, up to the last … */
const FIRST_LOOK = 256;
const LAST_LOOK = 32_768;
/** … until so many twins are found. */
const ENOUGH_TWINS = 256;
const BOTH_UNLIMITED = [UNLIMITED, UNLIMITED] as const;

/** What is known of a capture before anything is placed. */
export interface Seen {
  /** The earliest stamp that is not where those in front of it are, nanoseconds; Infinity for none. */
  readonly strayNs: number;
  /** Whether both were looked at to their ends, have packets that others can be told from, and none of one carries what one of the other does. */
  readonly sharesNothing: boolean;
}

/** That of a capture that is not looked at before. */
export const UNSEEN: Seen = { strayNs: Number.POSITIVE_INFINITY, sharesNothing: false };

/** What is taken for the clocks at the beginning. */
interface Start {
  /** Outside clock minus inside clock. */
  readonly offsetNs: bigint;
  /** What outside minus inside stamp is at one instant, as far as it is taken for granted: all that is learnt is in addition to it. */
  readonly baseNs: number;
  /** What is known beyond that: 0, or null where not even the base is. */
  readonly nearNs: 0 | null;
  readonly assumed: "none" | "given" | null;
  /** Whether equal packets say that there is not one clock, though they may not tell how far two are apart. */
  readonly areApart: boolean;
  /** Whether packets of both directions bound the offset. */
  readonly isEnclosed: boolean;
  /** Where one clock is taken for granted, between what the offset lies beyond the base, by the first packets that are equal. */
  readonly bounds: Bounds;
  /** How far off the base may be. */
  readonly slackNs: number;
  /** Whether TCP numbers tell, and whether what may have been sent again is needed. */
  readonly hasNumbers: boolean;
  readonly asksResendable: boolean;
}

/** What the first packets of both sides come to. */
export interface Beginning extends Start {
  readonly looked: readonly [readonly Rows[], readonly Rows[]];
  readonly seen: readonly [Seen, Seen];
  readonly exactness: Exactness;
  /** How far their stamps go back. */
  readonly backNs: number;
}

/** Looks at the beginning of both captures. */
export async function begin(
  sides: readonly [Lookahead, Lookahead],
  twins: Twins,
  option: ClockOption,
  windowNs: number,
): Promise<Beginning> {
  const looked: [Rows[], Rows[]] = [[], []];
  let isEnough = false;
  for (let packets = FIRST_LOOK; packets <= LAST_LOOK && !isEnough; packets *= 2) {
    for (const side of SIDES) {
      for (const rows of await sides[side].look(packets)) {
        looked[side].push(rows);
        twins.note(side, rows);
      }
    }
    const certain = provingAmong(twins).filter(isCertain);
    isEnough = certain.length >= ENOUGH_TWINS && agreedOffset(certain, windowNs) !== null;
  }
  const backNs = disorderNs(sides[INSIDE], looked[INSIDE]) + disorderNs(sides[OUTSIDE], looked[OUTSIDE]);
  const epochs = sides.map(({ source }) => source.epochNs);
  const units = await Promise.all(sides.map(({ source }) => source.units()));
  const exactness = new Exactness(
    units.map(({ unitNs }) => unitNs),
    backNs,
  );
  const steady = () => steadyOffset(looked, windowNs);
  const start = startOf(twins, steady, option, epochs[OUTSIDE] - epochs[INSIDE], windowNs, exactness);
  const haveAll = SIDES.every((side) => sides[side].hasEnded && twins.hasNoted(side));
  const sharesNothing = haveAll && twins.found.length === 0 && !haveLikes(looked);
  const seenOf = (side: Side): Seen => ({
    strayNs: earliestStray(sides[side], looked[side], windowNs),
    sharesNothing,
  });
  twins.isBeginning = false;
  twins.found = twins.found.filter(isCertain);
  return { ...start, looked, seen: [seenOf(INSIDE), seenOf(OUTSIDE)], exactness, backNs };
}

/** Those of all twins that were found so far that prove something. */
function provingAmong(twins: Twins): Twin[] {
  return new Doubles().proving(twins.found, BOTH_UNLIMITED);
}

/**
 * Decides what is taken for the offset, and whether that is taken for granted. `steady`: what is asked where no packet that is like no other tells;
 * `epochGapNs`: outside minus inside epoch.
 */
function startOf(
  twins: Twins,
  steady: () => Steady | null,
  option: ClockOption,
  epochGapNs: bigint,
  windowNs: number,
  exactness: Exactness,
): Start {
  if (areNumbersShared(twins.found)) twins.setShared();
  const proving = provingAmong(twins);
  const numbered = proving.filter(({ by }) => by <= NUMBERS);
  if (areTtlsSet(numbered)) twins.setTtls();
  const agreed = agreedOffset(proving.filter(isCertain), windowNs);
  const known = { nearNs: 0, areApart: false, isEnclosed: false, slackNs: 0, bounds: UNBOUNDED } as const;
  if (option.kind === "given") {
    const baseNs = Number(option.offsetNs - epochGapNs);
    const tells = { hasNumbers: false, asksResendable: false };
    if (agreed === null || explains(baseNs, agreed, windowNs, AS_GIVEN_NS))
      return { ...known, ...tells, offsetNs: option.offsetNs, baseNs, assumed: "given" };
  }
  const oneGapNs = Number(-epochGapNs);
  const hasNumbers = numbered.length >= ENOUGH;
  if (agreed !== null && hasNumbers) exactness.agreeWithin(agreed.spreadNs);
  const isOne = mayBeOne(proving, agreed, windowNs, oneGapNs, exactness.toleranceNs);
  const tells = { hasNumbers, asksResendable: agreed === null ? isOne : agreed.asksResendable };
  const isEnclosed =
    agreed === null ? areOfOneClock(proving, windowNs, oneGapNs, exactness.toleranceNs) : isEnclosing(agreed);
  const kept = isEnclosed ? null : steady();
  const areApart = kept !== null && !isWithin(oneGapNs, kept, exactness.toleranceNs);
  const ofOne = kept !== null && kept.isOnly && !areApart ? movedBy(kept, -oneGapNs) : UNBOUNDED;
  // where nothing else tells, it is one by what equal packets keep, if they keep that at no other offset
  if ((isOne && !areApart) || (agreed === null && isEnclosing(ofOne))) {
    return { ...known, ...tells, offsetNs: 0n, baseNs: oneGapNs, assumed: "none", bounds: ofOne };
  }
  const bounds = areApart && isProof(kept, exactness) ? kept : isOne ? null : agreed;
  if (bounds === null)
    return { ...known, ...tells, areApart, offsetNs: 0n, baseNs: oneGapNs, assumed: null, nearNs: null };
  const baseNs = Math.round(middleOf(bounds) ?? bounds.middleNs);
  return {
    ...tells,
    offsetNs: BigInt(baseNs) + epochGapNs,
    baseNs,
    nearNs: 0,
    assumed: null,
    areApart,
    isEnclosed: isEnclosing(bounds),
    bounds: UNBOUNDED,
    slackNs: bounds.spreadNs + Math.abs(baseNs - bounds.middleNs) + exactness.unitNs + PROCESSORS_NS,
  };
}

/** Whether what equal packets keep tells how the clocks stand: packets of both directions bound that, and do not contradict each other. */
function isProof(kept: Steady, { unitNs, toleranceNs }: Exactness): boolean {
  return kept.isProof && isEnclosing(kept) && kept.atLeastNs - kept.atMostNs <= unitNs + toleranceNs;
}

/** Whether one clock explains the first twins. */
function mayBeOne(twins: readonly Twin[], agreed: Agreed | null, windowNs: number, gapNs: number, toleranceNs: number) {
  if (areOfOneClock(twins, windowNs, gapNs, toleranceNs)) return true;
  if (agreed === null) return mayBeOneClock(twins, windowNs, gapNs, toleranceNs);
  return explains(gapNs, agreed, windowNs, toleranceNs);
}

/** Whether a twin tells an offset. */
function isCertain({ by }: Twin): boolean {
  return by !== IP_ID_ONLY;
}

/** How far the first packets of a side go back. */
function disorderNs({ source }: Lookahead, looked: readonly Rows[]): number {
  if (looked.length === 0) return 0;
  const packets = looked.reduce((sum, { from, to }) => sum + to - from, 0);
  const toNs = Math.max(...looked.map(latestOf));
  return source.disorderBetween(looked[0].batch.stampNs(0), toNs, { ...UNLIMITED, packets });
}

/** The earliest stamp of some packets that is more than a window before one in front of it, or leaps; Infinity for none. */
function earliestStray({ source }: Lookahead, looked: readonly Rows[], windowNs: number): number {
  let latestNs = Number.NEGATIVE_INFINITY;
  let earliestNs = Number.POSITIVE_INFINITY;
  for (const { batch, from, to } of looked)
    for (let row = from; row < to; row++) {
      const leapNs = (batch.flags(row) & IS_MISTIMED) === 0 ? 0 : source.leapNs(batch.frame(row));
      const stampNs = batch.stampNs(row) + leapNs;
      if (stampNs < latestNs - windowNs || leapNs > 0) earliestNs = Math.min(earliestNs, stampNs);
      else latestNs = Math.max(latestNs, stampNs);
    }
  return earliestNs;
}

/** Whether a packet of one side carries what one of the other does, whatever a router rewrote of its headers. */
function haveLikes([inside, outside]: readonly [readonly Rows[], readonly Rows[]]): boolean {
  const contents = new Set(inside.flatMap(contentsOf));
  return outside.some((rows) => contentsOf(rows).some((content) => contents.has(content)));
}

function contentsOf({ batch, from, to }: Rows): number[] {
  return Array.from({ length: to - from }, (_, at) => contentHash(batch, from + at));
}
