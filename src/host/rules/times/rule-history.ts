import { Helped } from "../helped.js";
import { ruleWithHandle } from "./rule-handles.js";
import { RuleBook } from "../rules.js";
import { withoutCounts } from "../rules-text.js";

/** So many versions of the rules are remembered … */
const MOST_VERSIONS = 64;
/** … and of those behind so many, no more characters: a cluster's rules are some megabytes each. */
const FEW_VERSIONS = 8;
const MOST_CHARACTERS = 2_000_000;

/** So many times are told apart at which rules may have come and gone unread: of more, the first ones count as one. */
const MOST_UNREAD = 256;

/** What the kernel told of rules that became others: some came, some went, or both. */
export type RuleEvent = "came" | "went" | "both";

/** Changes that the kernel told of, and that no reading shows yet. */
interface Heard {
  /** When the first was made at the earliest, epoch nanoseconds … */
  readonly fromNs: bigint;
  /** … and when the last was heard of. */
  heardNs: bigint;
  event: RuleEvent;
}

/** A time at which rules may have been there that nobody read, epoch nanoseconds. */
interface Unread {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** The rules of a host as they were read once. */
export interface RuleReading {
  /** As `RuleBook` reads it, with counters. */
  readonly text: string;
  /** From when to when they were read, epoch nanoseconds. */
  readonly askedNs: bigint;
  readonly answeredNs: bigint;
  /** Until when they are known to have been in force: since they were asked for, or until the kernel told of others. */
  readonly heldNs: bigint;
  /** Since when others may have come and gone that no reading has, where the kernel told of such, likewise. */
  readonly unreadFromNs?: bigint | undefined;
}

/** Rules that were in force for some time: surely from when their first reading was answered until what their last one held. */
export interface RulesInForce {
  /** As their first reading has them. */
  readonly book: RuleBook;
  readonly first: RuleReading;
  readonly last: RuleReading;
}

interface Version extends RulesInForce {
  last: RuleReading;
}

/** The rules of a host, as they were read one time after the other. */
export class RuleHistory {
  /** Who speaks by services with helpers, as far as flows told. */
  readonly helped = new Helped();
  /** Called when a translation is seen that no rule makes, or none the way it was seen: there may be others by now. */
  onQuestion: () => void = () => {};
  /** Called with what makes another one know the same: the first reading of rules that are new, and before it the last of those that are gone. */
  onReading: (reading: RuleReading) => void = () => {};
  readonly #versions: Version[];
  /** Since when those that are remembered tell all: of what began before, some rules are forgotten. */
  #rememberedNs = 0n;

  /** What tells the rules that were read last from others. */
  #text: string;
  /** Until when all that were read are remembered. */
  #untilNs: bigint | undefined;
  #hasGaps: boolean;
  #heard: Heard | undefined;
  readonly #unread: Unread[] = [];

  /** `text`: as `RuleBook` reads it; what began to be read at `askedNs`, epoch nanoseconds, where it may be read again. */
  constructor(text: string, askedNs = 0n, answeredNs = askedNs, hasGaps = false) {
    this.#hasGaps = hasGaps;
    this.#text = withoutCounts(text);
    this.#versions = [versionOf({ text, askedNs, answeredNs, heldNs: askedNs })];
  }

  /** Whether others may have been in force between two readings, or behind the last, for longer than a moment. */
  get hasGaps(): boolean {
    return this.#hasGaps;
  }

  /** The rules that were read last. */
  get current(): RuleBook {
    return this.#last.book;
  }

  /** Those that are remembered, in order of time. */
  get inForce(): readonly RulesInForce[] {
    return this.#versions;
  }

  /** Whether the rules that were read last are those that were in force since then. */
  areTheSameSince(timeNs: bigint): boolean {
    if (this.#heard !== undefined || this.#unread.some(({ toNs }) => toNs > timeNs)) return false;
    return this.#versions.length === 1 || this.#last.first.answeredNs <= timeNs;
  }

  /** What was not understood of any of them, in words, each once. */
  get problems(): string[] {
    return [...new Set(this.#versions.flatMap(({ book }) => book.problems))];
  }

  /** Takes what was read from `askedNs` to `answeredNs`, and held until `heldNs`. Returns whether the rules are not what they were. */
  take(text: string, askedNs: bigint, answeredNs: bigint, heldNs = askedNs): boolean {
    const ofRules = withoutCounts(text);
    const isSame = ofRules === this.#text;
    const unreadFromNs = this.#unreadFrom(askedNs, isSame);
    return this.#take({ text, askedNs, answeredNs, heldNs, unreadFromNs }, isSame, ofRules);
  }

  /** Takes a reading that another one told (`onReading`). */
  takeTold(reading: RuleReading): void {
    const ofRules = withoutCounts(reading.text);
    this.#take(reading, ofRules === this.#text, ofRules);
  }

  /**
   * Since when rules may have come and gone before a reading, which is asked for then. One shows what came, or what went, before it was asked for: not what
   * did both.
   */
  #unreadFrom(askedNs: bigint, isSame: boolean): bigint | undefined {
    const heard = this.#heard;
    // a change may be heard of behind the reading that shows it
    if (heard === undefined || heard.heardNs >= askedNs) return undefined;
    this.#heard = undefined;
    return isSame || heard.event === "both" ? heard.fromNs : undefined;
  }

  #take(reading: RuleReading, isSame: boolean, ofRules: string): boolean {
    const before = this.#last;
    if (reading.unreadFromNs !== undefined) this.#noteUnread(reading.unreadFromNs, reading.answeredNs);
    if (isSame) {
      before.last = reading;
      if (reading.unreadFromNs !== undefined) this.onReading(reading);
      return false;
    }
    this.#text = ofRules;
    this.#versions.push(versionOf(reading));
    while (this.#isTooMuch()) {
      this.#rememberedNs = this.#versions[1].first.answeredNs;
      this.#versions.shift();
    }
    if (before.first !== before.last) this.onReading(before.last);
    this.onReading(reading);
    return true;
  }

  /** Takes it that others came behind the last reading, of which no more is told. */
  end(): void {
    this.#untilNs ??= this.#last.last.heldNs;
    this.#hasGaps = true;
  }

  /** Takes it that the kernel told at a time of other rules: until `untilNs`, those were in force that were read last. The first that it tells behind a reading counts. */
  hear(untilNs: bigint, heardNs = untilNs, event: RuleEvent = "both"): void {
    const { last } = this.#last;
    this.#heard ??= { fromNs: untilNs, heardNs, event };
    this.#heard.heardNs = heardNs;
    if (this.#heard.event !== event) this.#heard.event = "both";
    if (last.heldNs === last.askedNs && untilNs > last.answeredNs) this.#last.last = { ...last, heldNs: untilNs };
  }

  /** The rules that may have been in force at a time, those of one time alone where it is certain which. `isAll`: whether none of those is forgotten. */
  at(timeNs: bigint): { books: readonly RuleBook[]; isAll: boolean } {
    const books = this.#versions
      .filter(
        (_, at) =>
          timeNs >= (this.#versions[at - 1]?.last.heldNs ?? 0n) &&
          timeNs <= (this.#versions[at + 1]?.first.answeredNs ?? timeNs),
      )
      .map(({ book }) => book);
    const isTold = (this.#untilNs === undefined || timeNs <= this.#untilNs) && !this.mayHaveUnread(timeNs);
    return { books, isAll: isTold && timeNs >= this.#rememberedNs };
  }

  /** Whether rules may have been in force at a time that came and went, and that nobody read. */
  mayHaveUnread(timeNs: bigint): boolean {
    if (this.#heard !== undefined && this.#heard.fromNs <= timeNs) return true;
    return this.#unread.some(({ fromNs, toNs }) => fromNs <= timeNs && timeNs <= toNs);
  }

  #noteUnread(fromNs: bigint, toNs: bigint): void {
    this.#unread.push({ fromNs, toNs });
    if (this.#unread.length <= MOST_UNREAD) return;
    const [first, second] = this.#unread;
    this.#unread.splice(0, 2, { fromNs: first.fromNs, toNs: second.toNs });
  }

  /** The rule that has a handle of nft's in a chain (`ip filter`, `FORWARD`), as it stands in the rule set; undefined where none, or not always the same, was read. */
  ruleWithHandle(table: string, chain: string, handle: string): string | undefined {
    const texts = this.#versions.flatMap(({ first, last }) => [first.text, last.text]);
    return ruleWithHandle(texts, table, chain, handle);
  }

  get #last(): Version {
    return this.#versions[this.#versions.length - 1];
  }

  #isTooMuch(): boolean {
    const count = this.#versions.length;
    const characters = (): number =>
      this.#versions.reduce((sum, { first, last }) => sum + Math.max(first.text.length, last.text.length), 0);
    return count > MOST_VERSIONS || (count > FEW_VERSIONS && characters() > MOST_CHARACTERS);
  }
}

function versionOf(reading: RuleReading): Version {
  return { book: new RuleBook(reading.text), first: reading, last: reading };
}
