import type { Rows } from "./lookahead.js";

/** Units that stamps may have, nanoseconds, and packets of each side that tell. */
const UNITS_NS = [1_000_000, 1000];
const UNIT_PACKETS = 256;

/** The coarsest unit that all stamps are a multiple of. */
export function unitOf(looked: readonly Rows[], epochNs: bigint): number {
  let left = UNIT_PACKETS;
  let units: readonly number[] = UNITS_NS;
  for (const { batch, from, to } of looked) {
    for (let row = from; row < to && left > 0; row++, left--) {
      const stampNs = batch.stampNs(row);
      units = units.filter((unitNs) => (stampNs + Number(epochNs % BigInt(unitNs))) % unitNs === 0);
    }
  }
  return left === UNIT_PACKETS ? 1 : (units[0] ?? 1);
}
