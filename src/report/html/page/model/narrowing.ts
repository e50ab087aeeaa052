import type { Conversation, Whose } from "./conversation.js";
import { isProblem, type LadderEvent } from "./events.js";

/** A place on the map. */
interface Place {
  readonly column: keyof Whose;
  readonly name: string;
}

/** What is looked at of all that there is. */
export interface Narrowed {
  /** Between these times, epoch nanoseconds. */
  readonly time: readonly [fromNs: number, toNs: number] | undefined;
  readonly place: Place | undefined;
  /** Words that a flow has, in small letters. */
  readonly words: readonly string[];
  readonly hasProblems: boolean;
  /** The code of a finding that is about it. */
  readonly finding: string | undefined;
  /** The flow whose ladder is shown. */
  readonly flow: number | undefined;
}

/** What leaves out flows. */
const NARROWING = ["time", "place", "words", "hasProblems", "finding"] as const;
const ALL: Narrowed = {
  time: undefined,
  place: undefined,
  words: [],
  hasProblems: false,
  finding: undefined,
  flow: undefined,
};

/** What is looked at, and who is told when that changes. */
export class Narrowing {
  #now = ALL;
  readonly #listeners: ((now: Narrowed, before: Narrowed) => void)[] = [];

  get now(): Narrowed {
    return this.#now;
  }

  /** Whether anything is left out. */
  get isNarrow(): boolean {
    return isOther(this.#now, ALL);
  }

  onChange(listener: (now: Narrowed, before: Narrowed) => void): void {
    this.#listeners.push(listener);
  }

  change(to: Partial<Narrowed>): void {
    const before = this.#now;
    this.#now = { ...before, ...to };
    for (const listener of this.#listeners) listener(this.#now, before);
  }

  /** Looks at everything; the ladder stays. */
  reset(): void {
    this.change({ ...ALL, flow: this.#now.flow });
  }
}

/** Whether other flows are looked at than before, whichever ladder is shown. */
export function isOther(now: Narrowed, before: Narrowed): boolean {
  return NARROWING.some((each) => now[each] !== before[each]);
}

/** Whether a flow is looked at. */
export function isIn({ time, place, words, hasProblems, finding }: Narrowed, each: Conversation): boolean {
  if (hasProblems && each.problems === 0) return false;
  if (finding !== undefined && !each.isOf(finding)) return false;
  if (place !== undefined && each.ends[place.column] !== place.name) return false;
  if (!words.every((word) => each.words.includes(word))) return false;
  if (time === undefined) return true;
  const [fromNs, toNs] = time;
  if (hasProblems && !each.alone.some((event) => isProblem(event) && isWithin(time, event))) return false;
  return each.firstNs <= toNs && each.lastNs >= fromNs;
}

export function isWithin(time: Narrowed["time"], { timeNs }: Pick<LadderEvent, "timeNs">): boolean {
  return time === undefined || (timeNs >= time[0] && timeNs <= time[1]);
}
