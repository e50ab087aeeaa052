/** So many packets must say that clocks are not one: one or two may be twins of others like theirs. */
export const LEAST_WITNESSES = 3;
/** The quickest packet is believed to be so if two others, or one in so many, are as quick but for this, nanoseconds. */
const LEAST_SUPPORT_NS = 1_000_000;
const SUPPORT_SHARE = 1 / 16;

/** What LEAST_WITNESSES of some gaps are at the most, or all of them, where they are fewer; Infinity where there is none. */
export function witnessed(gaps: readonly number[]): number {
  return gaps.toSorted((a, b) => a - b)[Math.min(LEAST_WITNESSES, gaps.length) - 1] ?? Number.POSITIVE_INFINITY;
}

/**
 * The least of some gaps that enough witnesses come near to: a packet that seems to be far quicker than any other one is not a twin, but
 * like one. Infinity where there is none.
 */
export function quickest(gaps: readonly number[], witnesses: readonly number[] = gaps): number {
  const sorted = gaps.toSorted((a, b) => a - b);
  if (witnesses.length < LEAST_WITNESSES) return sorted[0] ?? Number.POSITIVE_INFINITY;
  const near = witnesses.toSorted((a, b) => a - b);
  const medianNs = near[near.length >> 1];
  const support = 1 + Math.max(2, Math.floor(near.length * SUPPORT_SHARE));
  let first = 0;
  for (const gapNs of sorted) {
    while (near[first] < gapNs - LEAST_SUPPORT_NS) first++;
    if (near[first + support - 1] <= gapNs + Math.max(LEAST_SUPPORT_NS, (medianNs - gapNs) / 4)) return gapNs;
    if (gapNs >= medianNs) break;
  }
  return medianNs;
}
