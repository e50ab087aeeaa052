import type { FilterBook } from "./filter-book.js";
import type { Stood } from "../rules/times/stood.js";
import type { Ways } from "./ways.js";

/** Rules that were in force for some time: surely from one moment to another, where that is later, epoch nanoseconds; maybe before and behind that. */
export interface Stretch {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** As they were read, one time after the other: what differs is what they counted by then. */
  readonly books: readonly FilterBook[];
  /** The ways that packets may take by them. */
  readonly ways: readonly Ways[];
}

/** How many packets met a rule. */
export interface Counted {
  readonly count: number;
  /** It was gone at some time: what it counted behind the last reading before that, nobody knows. */
  readonly isGone: boolean;
  /** Its counter was set back meanwhile. */
  readonly isReset: boolean;
}

/** Which rules of a host were in force when, as far as they were read, and what they counted. */
export class RuleTimes {
  readonly #stretches: readonly Stretch[];
  readonly #books: readonly FilterBook[];
  readonly #counted = new Map<string, Counted | undefined>();

  /** `stretches`: in the order of time, at least one. */
  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
    this.#books = stretches.flatMap(({ books }) => books);
  }

  /** The rules that were read last. */
  get last(): FilterBook {
    return this.#books[this.#books.length - 1];
  }

  /** Whether rules changed from the first reading to the last, and nothing was read in between that would tell when. */
  get isUnwatched(): boolean {
    return this.#stretches.length === 2 && !this.last.isLike(this.#books[0]);
  }

  /** The rules that may have been in force at some moment of a time. */
  during(firstNs: bigint, lastNs: bigint): readonly Stretch[] {
    const all = this.#stretches;
    return all.filter(
      (_, at) => (at === 0 || lastNs > all[at - 1].toNs) && (at === all.length - 1 || firstNs <= all[at + 1].fromNs),
    );
  }

  /** How many packets met a rule meanwhile, by its key; undefined where its counter does not tell. One that is new, or was put there once more, counts from 0. */
  counted(key: string): Counted | undefined {
    if (!this.#counted.has(key)) this.#counted.set(key, this.#sum(key));
    return this.#counted.get(key);
  }

  /** Whether nothing met a rule meanwhile: its counter stands where it stood, and was not set back. */
  isIdle(key: string): boolean {
    const counted = this.counted(key);
    return counted?.count === 0 && !counted.isGone && !counted.isReset;
  }

  /** How long a rule was there that may have been in force at that time, epoch nanoseconds; undefined where it was from the beginning to the end. */
  stood(key: string, timeNs: bigint): Stood | undefined {
    const has = ({ books: [book] }: Stretch): boolean => book.has(key);
    const at = this.#stretches.indexOf(this.during(timeNs, timeNs).find(has) ?? this.#stretches[0]);
    const before = this.#stretches.findLastIndex((each, index) => index < at && !has(each));
    const behind = this.#stretches.findIndex((each, index) => index > at && !has(each));
    if (before < 0 && behind < 0) return undefined;
    return {
      byNs: before < 0 ? undefined : this.#stretches[before + 1].fromNs,
      goneByNs: behind < 0 ? undefined : this.#stretches[behind].fromNs,
    };
  }

  #sum(key: string): Counted | undefined {
    let [count, isGone, isReset] = [0, false, false];
    for (const [at, book] of this.#books.entries()) {
      const earlier = at === 0 ? book : this.#books[at - 1];
      if (!book.has(key)) {
        isGone ||= earlier.has(key);
        continue;
      }
      const [before, after] = [earlier.has(key) ? earlier.counted(key) : 0, book.counted(key)];
      if (before === undefined || after === undefined) return undefined;
      isReset ||= after < before;
      count += after < before ? after : after - before;
    }
    return { count, isGone, isReset };
  }
}
