import { SET_NS } from "../intake/disorder.js";
import type { Stretch } from "./clock.js";
import { type Crossing, tookBy } from "./crossings.js";
import { lineThrough } from "./line.js";
import type { Slice } from "./slice.js";
import type { Slices } from "./slices.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** Equal packets that are about as far apart as the clock was set by are as near to each other by it, but for what they take, nanoseconds. */
const AROUND_NS = 1_000_000;

/** What the clocks differ by, at a time and from there on. */
type At = Pick<Stretch, "atNs" | "correctionNs" | "rate">;
/** … and Infinity where packets of one direction alone bound that. */
type Standing = At & Pick<Stretch, "unboundNs">;

/** What speaks against how the clocks are taken to stand in a slice, too little though it is to say otherwise: see `Stretch`. */
export interface Doubts {
  /** How far they may stand from that. */
  readonly awayNs: number;
  readonly doubtNs: number;
}

/** `mostRate`: at which rate the clocks may part until the next packet that tells; 0 where that is taken for granted. */
export function doubtsOf(slices: Slices, slice: Slice, line: Standing, mostRate: number): Doubts {
  const isFollowed = mostRate > 0;
  const isOneSided = isFollowed && line.unboundNs === Number.POSITIVE_INFINITY;
  const setByNs = setByNsOf(slices, slice, line);
  const awayNs = Math.max(setByNs, awayNsOf(slices, slice, line, mostRate));
  const swingNs = isOneSided ? swingNsOf(slices, slice, line) : 0;
  return {
    awayNs: Math.max(awayNs, ranNsOf(slices, slice, mostRate)),
    doubtNs: doubtNsOf(slices, slice, line, isFollowed ? Math.max(awayNs, swingNs) : setByNs),
  };
}

/** How far the clocks may have parted since a packet told how they stand; Infinity where none did. */
function ranNsOf({ crossings }: Slices, { extent }: Slice, mostRate: number): number {
  const toldNs = Math.max(...crossings.map(({ last }) => last.timeNs));
  return mostRate === 0 ? 0 : mostRate * (extent.toNs - toldNs);
}

/**
 * By how much a line is to be moved so that the quickest packet of a slice and right around it takes no time, where packets of one direction alone tell: where
 * none of the others bounds the offset, what is taken is what those that are near took, be it a queue or a clock.
 */
export function nearerBy({ crossings }: Slices, { extent }: Slice, line: At): number {
  const near = crossings.map((each) => each.between(extent.from, extent.end, LEAST_WITNESSES).around);
  if (near.every((one) => one.length > 0)) return 0;
  const [one] = near.find((each) => each.length > 0) ?? [];
  if (one === undefined) return 0;
  const leastNs = Math.max(0, Math.min(...near.flat().map((each) => tookNs(each, line))));
  return one.isOutbound ? leastNs : -leastNs;
}

/** How far the clock stood from there before it was set, or does behind that, where packets do not tell to which of them a slice belongs. */
function setByNsOf({ bounded, exactness }: Slices, { sets, place }: Slice, { atNs, correctionNs, rate }: At): number {
  if (Number.isInteger(sets)) return 0;
  const before = bounded.slice(0, place).findLast((one) => one.sets < sets);
  const behind = bounded.slice(place).find((one) => one.sets > sets);
  const away = [before, behind].map((one) => {
    const line = one === undefined ? null : lineThrough(bounded, one, exactness.unitNs);
    return line === null ? 0 : Math.abs(line.offsetNs - correctionNs - rate * (line.atNs - atNs));
  });
  return Math.max(...away);
}

/**
 * By how much those packets differ in what they took between which the clock may have been set: the quickest before a packet of a slice, and from that one on.
 * Where nothing comes the other way, a clock that is set looks like a queue that ends.
 */
function swingNsOf({ crossings }: Slices, { extent }: Slice, line: At): number {
  let swingNs = 0;
  for (const each of crossings) {
    const took = each.between(extent.from, extent.end, LEAST_WITNESSES).around.map((one) => tookNs(one, line));
    for (let at = 1; at < took.length; at++) {
      const before = took.slice(Math.max(0, at - LEAST_WITNESSES), at);
      const behind = took.slice(at, at + LEAST_WITNESSES);
      swingNs = Math.max(swingNs, Math.abs(Math.min(...before) - Math.min(...behind)));
    }
  }
  return swingNs;
}

/**
 * How far apart equal packets have to be in a slice to be told by their stamps, as the clock may have been set by then: by how much packets of it, or the ones
 * before it or behind it, contradict how it stands. One alone does not tell that it was set, but that it may have been: until the next one that agrees.
 */
function doubtNsOf({ crossings }: Slices, { extent }: Slice, line: At, awayNs: number): number {
  const nearby = crossings.flatMap((each) => each.between(extent.from, extent.end, 1).around);
  const byNs = Math.max(awayNs, ...nearby.map((one) => -tookNs(one, line)));
  return byNs > SET_NS ? byNs + AROUND_NS : 0;
}

/**
 * How far the clocks may stand in a slice from what is taken. A packet contradicts what is taken, and none of the other direction contradicts that packet. Or all
 * of one direction took that long, and none of the other comes any more.
 */
function awayNsOf({ measured, crossings, exactness }: Slices, slice: Slice, line: At, mostRate: number): number {
  const { from, end, fromNs, toNs } = slice.extent;
  const tookByLine = (one: Crossing): number => tookNs(one, line);
  const isOfRun = ({ place }: Crossing): boolean =>
    measured.every((other) => !other.holds(place) || other.isOneRunWith(slice));
  const ranNs = (timeNs: number): number => mostRate * Math.max(0, fromNs - timeNs, timeNs - toNs);
  const mostNs = exactness.unitNs + exactness.toleranceNs;
  let awayNs = 0;
  for (const [way, own] of crossings.entries()) {
    const others = crossings[1 - way];
    for (const one of own.between(from, end, 1).around) {
      if (tookByLine(one) >= -mostNs - ranNs(one.timeNs) || !isOfRun(one)) continue;
      const againstNs = Math.min(...others.since(one.place, from, 1).map(tookByLine));
      if (againstNs + tookByLine(one) >= -mostNs) awayNs = Math.max(awayNs, againstNs);
    }
    if (others.last.place > from) continue;
    const since = own.since(others.last.place, from, LEAST_WITNESSES);
    if (since.length >= LEAST_WITNESSES) awayNs = Math.max(awayNs, Math.min(...since.map(tookByLine)));
  }
  return awayNs;
}

/** What a packet took if the clocks stood as a line says, nanoseconds: see `tookBy`. */
function tookNs(one: Crossing, { atNs, correctionNs, rate }: At): number {
  return tookBy(one, correctionNs + rate * (one.timeNs - atNs));
}
