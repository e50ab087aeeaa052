import { INSIDE } from "../../packets/sides.js";
import { AMBIGUOUS, WAITING } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";

/** Packets that may be each other's twins and cannot be told apart. */
export interface Undecided {
  readonly inside: readonly number[];
  readonly outside: readonly number[];
  readonly why: string;
}

/** Makes those of some packets AMBIGUOUS that wait. */
export function leaveUndecided(t: Timeline, rows: readonly number[], why: string): Undecided {
  const waiting = rows.filter((row) => t.state(row) === WAITING).sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
  for (const row of waiting) t.setState(row, AMBIGUOUS);
  const inside = waiting.filter((row) => t.side(row) === INSIDE);
  return { inside, outside: waiting.filter((row) => t.side(row) !== INSIDE), why };
}
