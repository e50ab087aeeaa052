import { PAIRED, WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { ALONE } from "../../kernel/buckets-words.js";
import type { About } from "../contract.js";

/** So many packets that wait for their twins, and none that has one, show that nothing crosses … */
const STANDSTILL = 4;
/** … among so many before one. */
const LOOK_BACK = 64;

/**
 * Whether nothing crosses, as far as packets show that entered right before one: all of them wait, and nothing like them came.
 * What leaves then may have entered long before. Of one whose window is over, no others wait: what crossed and what was lost is known by then.
 */
export function standsStill({ timeline: t }: About, entered: number, isOutbound: boolean): boolean {
  let waiting = 0;
  let row = entered;
  for (let looked = 0; looked < LOOK_BACK && row !== t.first; looked++) {
    row = t.before(row, 1);
    if (t.side(row) !== t.side(entered)) continue;
    if (t.state(row) >= PAIRED && t.lastTwin(row) !== NONE && t.wentOutbound(row) === isOutbound) return false;
    if (t.state(row) === WAITING && t.bucket(row) === ALONE && ++waiting === STANDSTILL) return true;
  }
  return false;
}
