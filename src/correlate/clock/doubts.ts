import { SET_NS } from "../intake/disorder.js";
import { isEnclosing } from "./bounds.js";
import type { Stretch } from "./clock.js";
import type { Crossing } from "./crossings.js";
import { lineThrough } from "./line.js";
import { type At, tookNear, tookNs } from "./near.js";
import { nearestTo } from "./nearest.js";
import type { Slice } from "./slice.js";
import type { Slices } from "./slices.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** Equal packets that are about as far apart as the clock was set by are as near to each other by it, but for what they take, nanoseconds. */
const AROUND_NS = 1_000_000;
/** For a shorter time than this, nothing is made of it that no packet tells how the clocks stand, nanoseconds: captures end soon after one does. */
const LEAST_UNTOLD_NS = 250_000_000;

/** How the clocks are taken to stand; `unboundNs` is Infinity where packets of one direction alone tell. */
type Standing = At & Pick<Stretch, "unboundNs">;

/** What speaks against how the clocks are taken to stand in a slice, too little though it is to say otherwise: see `Stretch`. */
export interface Doubts {
  /** How far they may stand from that. */
  readonly awayNs: number;
  readonly doubtNs: number;
  readonly isUntold: boolean;
}

/** `mostRate`: at which rate the clocks may part until the next packet that tells; 0 where that is taken for granted. */
export function doubtsOf(slices: Slices, slice: Slice, line: Standing, mostRate: number): Doubts {
  const isFollowed = mostRate > 0;
  const isOneSided = isFollowed && line.unboundNs === Number.POSITIVE_INFINITY;
  const setByNs = setByNsOf(slices, slice, line);
  const awayNs = Math.max(setByNs, awayNsOf(slices, slice, line, mostRate));
  const [untoldNs, unboundedNs] = untoldNsOf(slices, slice);
  const swingNs = isOneSided ? swingNsOf(slices, slice, line) : 0;
  return {
    // as fast as that, the clocks may have parted meanwhile
    awayNs: isFollowed ? Math.max(awayNs, mostRate * untoldNs) : awayNs,
    doubtNs: doubtNsOf(slices, slice, line, isFollowed ? Math.max(awayNs, swingNs) : setByNs),
    isUntold: unboundedNs > LEAST_UNTOLD_NS,
  };
}

/**
 * For how long no packet has told how the clocks stand by the end of a slice, or does from its beginning on, nanoseconds; and for how long none of both
 * directions. Infinity where none does at all.
 */
function untoldNsOf({ crossings }: Slices, { extent }: Slice): readonly [byAny: number, byBoth: number] {
  const began = crossings.map(({ firstNs }) => firstNs);
  const ended = crossings.map(({ last }) => last.timeNs);
  const untoldNs = (beganNs: number, endedNs: number) => Math.max(0, beganNs - extent.leastNs, extent.toNs - endedNs);
  return [untoldNs(Math.min(...began), Math.max(...ended)), untoldNs(Math.max(...began), Math.min(...ended))];
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
 * How much longer or shorter the quickest packets took before a packet of a slice than from it on: the most of all its packets. Where nothing comes the
 * other way, a clock that is set looks like a queue that ends.
 */
function swingNsOf(slices: Slices, slice: Slice, line: At): number {
  let swingNs = 0;
  for (const took of tookNear(slices, slice, line))
    for (let at = 1; at < took.length; at++) {
      const before = took.slice(Math.max(0, at - LEAST_WITNESSES), at);
      const behind = took.slice(at, at + LEAST_WITNESSES);
      swingNs = Math.max(swingNs, Math.abs(Math.min(...before) - Math.min(...behind)));
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
 * How far the clocks may stand in a slice from what is taken. A packet contradicts what is taken, and none of the other direction contradicts that packet before it,
 * or none does behind it. Or all of one direction took that long, and none of the other comes any more.
 */
function awayNsOf(slices: Slices, slice: Slice, line: At, mostRate: number): number {
  const { measured, crossings, doubtful, exactness } = slices;
  const { from, end, fromNs, toNs } = slice.extent;
  const tookByLine = (one: Crossing): number => tookNs(one, line);
  // packets of both directions tell how the clocks stand in another slice, whatever they do in this one
  const isToldHere = ({ place }: Crossing): boolean =>
    measured.every(
      (other) => !other.holds(place) || other === slice || (other.isOneRunWith(slice) && !isEnclosing(other)),
    );
  const earlyOf = (one: Crossing, isSure: boolean) => {
    const earlyNs = -tookByLine(one);
    return { one, isSure, earlyNs, place: one.place, lessNs: earlyNs - mostNs };
  };
  const ranNs = (timeNs: number): number => mostRate * Math.max(0, fromNs - timeNs, timeNs - toNs);
  const mostNs = exactness.unitNs + exactness.toleranceNs;
  let awayNs = 0;
  for (const [way, own] of crossings.entries()) {
    const others = crossings[1 - way];
    const early = [own, doubtful[way]]
      .flatMap((each) => each.between(from, end, 1).around.map((one) => earlyOf(one, each === own)))
      .filter(({ one, earlyNs }) => earlyNs > mostNs + ranNs(one.timeNs) && isToldHere(one))
      .sort((a, b) => a.place - b.place);
    for (const [at, near] of nearestTo(early, [others, doubtful[1 - way]], tookByLine).entries()) {
      // what is contradicted before it and behind it is no twin
      if (Number.isFinite(near.before) && Number.isFinite(near.behind)) continue;
      if (end <= near.before || from >= near.behind) continue;
      // what may be no twin says how far at the least, where nothing says how far at the most
      const { isSure, earlyNs } = early[at];
      awayNs = Math.max(awayNs, Number.isFinite(near.leastNs) || isSure ? near.leastNs : earlyNs);
    }
    if (others.last.place > from) continue;
    const since = own.since(others.last.place, from, LEAST_WITNESSES);
    if (since.length >= LEAST_WITNESSES) awayNs = Math.max(awayNs, Math.min(...since.map(tookByLine)));
  }
  return awayNs;
}
