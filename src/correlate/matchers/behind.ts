import { DECIDED, type Timeline, WAITING } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";

/** How many packets behind one, or before it, are looked through. */
export const LOOK_AROUND = 4096;

/** The packets behind one, of both sides, in the order of time, no more of them than are looked through. */
export function* behind(t: Timeline, row: number): Generator<number> {
  let later = t.after(row);
  for (let looked = 0; looked < LOOK_AROUND && later !== t.end; looked++, later = t.after(later)) yield later;
}

/**
 * Whether one of the packets behind a packet is what is looked for: those of its conversation that wait on its side, in the order they came, as
 * far as they came by `untilNs` on the timeline. What `is` does to a packet may decide about those behind it.
 */
export function isAnyBehind(
  t: Timeline,
  row: number,
  is: (later: number) => boolean,
  untilNs = Number.POSITIVE_INFINITY,
): boolean {
  for (const later of behind(t, row)) {
    if (t.state(later) !== WAITING) continue;
    if (t.timeNs(later) > untilNs) return false;
    if (t.tuple(later) === t.tuple(row) && t.side(later) === t.side(row) && is(later)) return true;
  }
  return false;
}

/** How many packets behind one that nothing is decided about are looked through. */
const LOOK_AT_UNDECIDED = 64;

/**
 * The first of the packets behind a packet that is what is looked for, of either side, among those that nothing is decided about and that came by
 * `untilNs` on the timeline. The timeline's end where there is none; NONE where none of those that are looked through is, and there are more.
 */
export function undecidedBehind(
  t: Timeline,
  row: number,
  is: (later: number) => boolean,
  untilNs = Number.POSITIVE_INFINITY,
): number {
  let later = t.after(row);
  for (let looked = 0; looked < LOOK_AT_UNDECIDED; looked++, later = t.after(later)) {
    later = t.firstBelow(later, t.end, DECIDED);
    if (later === t.end || t.timeNs(later) > untilNs) return t.end;
    if (is(later)) return later;
  }
  return NONE;
}
