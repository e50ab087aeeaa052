import type { Stretch } from "./clock.js";
import { type Crossing, tookBy } from "./crossings.js";
import type { Slice } from "./slice.js";
import type { Slices } from "./slices.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** What the clocks differ by, at a time and from there on. */
export type At = Pick<Stretch, "atNs" | "correctionNs" | "rate">;

/** What a packet took if the clocks stood as a line says, nanoseconds: see `tookBy`. */
export function tookNs(one: Crossing, { atNs, correctionNs, rate }: At): number {
  return tookBy(one, correctionNs + rate * (one.timeNs - atNs));
}

/** What the packets of a slice and a few around it took if the clocks stood so, in their order: those that came in, and those that went out. */
export function tookNear({ crossings }: Slices, { extent }: Slice, line: At): readonly (readonly number[])[] {
  return crossings.map((each) =>
    each.between(extent.from, extent.end, LEAST_WITNESSES).around.map((one) => tookNs(one, line)),
  );
}

/**
 * By how much a line is to be moved so that the quickest packet of a slice and right around it takes no time, where packets of one direction alone tell: where
 * none of the others bounds the offset, what is taken is what those that are near took, be it a queue or a clock.
 */
export function nearerBy(slices: Slices, slice: Slice, line: At): number {
  const [inbound, outbound] = tookNear(slices, slice, line);
  if (inbound.length > 0 === outbound.length > 0) return 0;
  const leastNs = Math.max(0, Math.min(...inbound, ...outbound));
  return outbound.length > 0 ? leastNs : -leastNs;
}
