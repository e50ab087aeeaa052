/** Between what an offset lies. Infinite where no packet went that way. */
export interface Bounds {
  readonly atLeastNs: number;
  readonly atMostNs: number;
}

export const UNBOUNDED: Bounds = { atLeastNs: Number.NEGATIVE_INFINITY, atMostNs: Number.POSITIVE_INFINITY };

/** Whether any direction bounds the offset. */
export function isBounded({ atLeastNs, atMostNs }: Bounds): boolean {
  return Number.isFinite(atLeastNs) || Number.isFinite(atMostNs);
}

/** Whether both directions do. */
export function isEnclosing({ atLeastNs, atMostNs }: Bounds): boolean {
  return Number.isFinite(atMostNs - atLeastNs);
}

/** What is between two bounds, or at the only one; null where there is none. */
export function middleOf({ atLeastNs, atMostNs }: Bounds): number | null {
  if (!Number.isFinite(atLeastNs)) return Number.isFinite(atMostNs) ? atMostNs : null;
  return Number.isFinite(atMostNs) ? (atLeastNs + atMostNs) / 2 : atLeastNs;
}

/** By how much an offset may be wrong that lies between two bounds, or beside them. */
export function wrongBy({ atLeastNs, atMostNs }: Bounds, offsetNs: number): number {
  return Math.max(atMostNs - offsetNs, offsetNs - atLeastNs);
}

/** Whether an offset lies between some bounds, but for what it and they may be wrong by. */
export function isWithin(offsetNs: number, { atLeastNs, atMostNs }: Bounds, toleranceNs: number): boolean {
  return atLeastNs - toleranceNs <= offsetNs && offsetNs <= atMostNs + toleranceNs;
}

/** How far what lies between some bounds is from all that lies between others; less than 0 where both may be the same. */
export function apart(one: Bounds, other: Bounds): number {
  return Math.max(one.atLeastNs - other.atMostNs, other.atLeastNs - one.atMostNs);
}

/** What lies between the bounds of both. */
export function narrowed(one: Bounds, other: Bounds): Bounds {
  return {
    atLeastNs: Math.max(one.atLeastNs, other.atLeastNs),
    atMostNs: Math.min(one.atMostNs, other.atMostNs),
  };
}

/** The same bounds of an offset that is so much greater. */
export function movedBy({ atLeastNs, atMostNs }: Bounds, byNs: number): Bounds {
  return { atLeastNs: atLeastNs + byNs, atMostNs: atMostNs + byNs };
}
