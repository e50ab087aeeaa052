import { Helped } from "./helped.js";
import { RuleBook } from "./rules.js";
import { withoutCounts } from "./rules-text.js";

/** So many versions of the rules are remembered: a cluster's are some megabytes each. */
const MOST_VERSIONS = 8;

interface Version {
  readonly book: RuleBook;
  /** What of it tells it from others. */
  readonly text: string;
  /** When it had been read for the first time, epoch nanoseconds: what is there may have been there since some time before … */
  readonly sinceNs: bigint;
  /** … and when it began to be read for the last time: from then on, there may be others. */
  untilNs: bigint;
}

/** The rules of a host, as they were read one time after the other. */
export class RuleHistory {
  /** Who speaks by services with helpers, as far as flows told. */
  readonly helped = new Helped();
  /** Called when a translation is seen that no rule makes, or none the way it was seen: there may be others by now. */
  onQuestion: () => void = () => {};
  readonly #versions: Version[];
  /** Since when those that are remembered tell all: of what began before, some rules are forgotten. */
  #rememberedNs = 0n;

  /** `text`: as `RuleBook` reads it; what began to be read at `askedNs`, epoch nanoseconds, where it may be read again. */
  constructor(text: string, askedNs = 0n) {
    this.#versions = [{ book: new RuleBook(text), text: withoutCounts(text), sinceNs: 0n, untilNs: askedNs }];
  }

  /** The rules that were read last. */
  get current(): RuleBook {
    return this.#last.book;
  }

  /** Whether the rules that were read last are those that were in force since then. */
  areTheSameSince(timeNs: bigint): boolean {
    return this.#versions.length === 1 || this.#last.sinceNs <= timeNs;
  }

  /** What was not understood of any of them, in words, each once. */
  get problems(): string[] {
    return [...new Set(this.#versions.flatMap(({ book }) => book.problems))];
  }

  /** Takes what was read from `askedNs` to `answeredNs`. Returns whether the rules are not what they were. */
  take(text: string, askedNs: bigint, answeredNs: bigint): boolean {
    const now = withoutCounts(text);
    if (now === this.#last.text) {
      this.#last.untilNs = askedNs;
      return false;
    }
    this.#versions.push({ book: new RuleBook(text), text: now, sinceNs: answeredNs, untilNs: askedNs });
    if (this.#versions.length > MOST_VERSIONS) {
      this.#rememberedNs = this.#versions[1].sinceNs;
      this.#versions.shift();
    }
    return true;
  }

  /** The rules that may have been in force at a time, those of one time alone where it is certain which. `isAll`: whether none of those is forgotten. */
  at(timeNs: bigint): { books: readonly RuleBook[]; isAll: boolean } {
    const books = this.#versions
      .filter(
        (_, at) =>
          timeNs >= (this.#versions[at - 1]?.untilNs ?? 0n) && timeNs <= (this.#versions[at + 1]?.sinceNs ?? timeNs),
      )
      .map(({ book }) => book);
    return { books, isAll: timeNs >= this.#rememberedNs };
  }

  get #last(): Version {
    return this.#versions[this.#versions.length - 1];
  }
}
