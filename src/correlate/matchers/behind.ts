import { DECIDED } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";
import { ROW_MASK } from "../../packets/row-words.js";
import type { Side } from "../../packets/sides.js";
import { NONE } from "../../packets/tuples.js";

/** How many packets behind one, or before it, are looked through. */
const LOOK_AROUND = 4096;

/**
 * The first of the packets behind a packet that is what is looked for, of both sides, among those whose state is below `least`, and no more of
 * them than are looked through; NONE where there is none. What `is` does to a packet may decide about those behind it.
 */
export function firstBehind(t: Timeline, row: number, least: number, is: (later: number) => boolean): number {
  const end = endBehind(t, row);
  for (let later = t.after(row); ; later = t.after(later)) {
    later = t.firstBelow(later, end, least);
    if (later === end) return NONE;
    if (is(later)) return later;
  }
}

/** The row past the last packet behind one that is looked through. */
function endBehind(t: Timeline, row: number): number {
  const first = t.after(row);
  return ((t.end - first) & ROW_MASK) <= LOOK_AROUND ? t.end : (first + LOOK_AROUND) & ROW_MASK;
}

/** The rows of the packets that are looked through before a packet and behind it: the first one, and the one past the last. */
export function around(t: Timeline, row: number): [from: number, end: number] {
  const before = Math.min(LOOK_AROUND, (row - t.first) & ROW_MASK);
  return [t.before(row, before), endBehind(t, row)];
}

/**
 * The first of the packets behind a packet that is what is looked for: of those of a conversation that wait on a side, in the order they came, as far as
 * they came by `untilNs` on the timeline; NONE where there is none. What `is` does to a packet may decide about those behind it.
 */
export function waitingBehind(
  t: Timeline,
  row: number,
  [side, tuple]: readonly [Side, number],
  is: (later: number) => boolean,
  untilNs = Number.POSITIVE_INFINITY,
): number {
  const end = endBehind(t, row);
  for (let later = t.after(row); ; later = t.after(later)) {
    later = t.firstWaitingOf(side, tuple, later, end);
    if (later === end || t.timeNs(later) > untilNs) return NONE;
    if (is(later)) return later;
  }
}

/** Whether one of its own conversation, on its side, is that. */
export function isAnyBehind(t: Timeline, row: number, is: (later: number) => boolean, untilNs?: number): boolean {
  return waitingBehind(t, row, [t.sideOf(row), t.tuple(row)], is, untilNs) !== NONE;
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

/** Whether there is what was looked for so … */
export function isThere(t: Timeline, row: number): boolean {
  return row !== NONE && row !== t.end;
}

/** … and its frame; undefined where there is none. */
export function frameOf(t: Timeline, row: number): number | undefined {
  return isThere(t, row) ? t.frame(row) : undefined;
}
