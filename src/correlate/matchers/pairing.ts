import type { Range } from "../../packets/results.js";

/** Takes pairs of several frames a side: the same bytes, cut differently. */
export interface Pairing {
  /**
   * Pairs waiting packets of both sides that together are each other's twins; in the order of their bytes, the first of
   * each side stands for all. `by`, `evidence` and `altered` (nothing if not given) as in `Timeline`; `missing`: what was lost on its way of
   * the bytes of a segment.
   */
  pairGroup(
    inside: readonly number[],
    outside: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    altered?: number,
    missing?: readonly Range[],
  ): void;
}
