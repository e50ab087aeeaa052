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

/** What speaks against how the clocks are taken to stand in a slice, too little though it is to say otherwise: see `Stretch`. */
export interface Doubts {
  /** How far they may stand from that. */
  readonly awayNs: number;
  readonly doubtNs: number;
}

/** `mostRate`: at which rate the clocks may part until the next packet that tells. */
export function doubtsOf(slices: Slices, slice: Slice, line: At, mostRate: number): Doubts {
  const setByNs = setByNsOf(slices, slice, line);
  return {
    awayNs: Math.max(setByNs, awayNsOf(slices, slice, line, mostRate)),
    doubtNs: doubtNsOf(slices, slice, line, setByNs),
  };
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
 * How far apart equal packets have to be in a slice to be told by their stamps, as the clock may have been set by then: by how much packets of it, or the ones
 * before it or behind it, contradict how it stands. One alone does not tell that it was set, but that it may have been: until the next one that agrees.
 */
function doubtNsOf({ crossings }: Slices, { extent }: Slice, line: At, setByNs: number): number {
  const nearby = crossings.flatMap((each) => each.between(extent.from, extent.end, 1).around);
  const byNs = Math.max(setByNs, ...nearby.map((one) => -tookNs(one, line)));
  return byNs > SET_NS ? byNs + AROUND_NS : 0;
}

/**
 * How far the clocks may stand in a slice from what is taken. A packet contradicts what is taken, and none of the other direction contradicts that packet. Or all
 * of one direction took that long, and none of the other comes any more. Or none comes of either.
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
  return Math.max(awayNs, mostRate * (toNs - Math.max(...crossings.map(({ last }) => last.timeNs))));
}

/** What a packet took if the clocks stood as a line says, nanoseconds: see `tookBy`. */
function tookNs(one: Crossing, { atNs, correctionNs, rate }: At): number {
  return tookBy(one, correctionNs + rate * (one.timeNs - atNs));
}
