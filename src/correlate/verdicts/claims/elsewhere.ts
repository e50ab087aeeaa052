import { remember } from "../../../packets/memory/keep-newest.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { destinationText } from "../../../packets/ways.js";

/** So many addresses are remembered, at the most: the oldest are forgotten. */
const MOST_ADDRESSES = 4096;
/** So many conversations. */
const MOST_CONVERSATIONS = 65_536;

/**
 * Addresses that packets are known to take an interface to which is not captured: an answer proved it of some, or that these were forwarded, and
 * nothing to there is ever seen outside. Nothing follows of others to them that did not come out there.
 */
export class Elsewhere {
  readonly #tuples: TupleTable;
  readonly #addresses = new Set<string>();
  /** Ways that are known to lead there, as most such packets come in conversations; and those that were asked about. */
  readonly #ways = new Set<number>();
  readonly #asked = new Set<number>();
  /** Conversations of which that is proved by one of their packets. */
  readonly #conversations = new Set<number>();
  /** Those of which a packet may have crossed here: a like of it was on the other side. */
  readonly #doubtful = new Set<number>();
  /** Those of the addresses that are proved to be reached by another interface. */
  readonly #proved = new Set<string>();

  constructor(tuples: TupleTable) {
    this.#tuples = tuples;
  }

  /** Takes a way that leads there. Returns whether its address is new. */
  learn(way: number): boolean {
    if (this.#ways.has(way)) return false;
    this.#ways.add(way);
    return remember(this.#addresses, destinationText(this.#tuples, way), MOST_ADDRESSES);
  }

  /** Takes it that another interface is proved to have a conversation, and returns whether that is new … */
  proveConversation(tuple: number): boolean {
    return remember(this.#conversations, tuple, MOST_CONVERSATIONS);
  }

  /** … or that it crosses here after all, … */
  noteCrossing(tuple: number): void {
    this.#conversations.delete(tuple);
  }

  /** … or that one of its packets may have crossed here: what follows of it proves nothing any more. */
  noteLike(tuple: number): void {
    this.#conversations.delete(tuple);
    remember(this.#doubtful, tuple, MOST_CONVERSATIONS);
  }

  /** Whether it has, … */
  isConversation(tuple: number): boolean {
    return this.#conversations.has(tuple);
  }

  /** … and whether one of its packets may have crossed here. */
  mayCross(tuple: number): boolean {
    return this.#doubtful.has(tuple);
  }

  /** Takes it that another interface is proved to have what goes this way. */
  prove(way: number): void {
    remember(this.#proved, destinationText(this.#tuples, way), MOST_ADDRESSES);
  }

  /** Whether that is proved of what goes to where a way leads. */
  isProved(way: number): boolean {
    return this.#proved.size > 0 && this.#proved.has(destinationText(this.#tuples, way));
  }

  /** Whether it is asked for the first time if a way leads there. */
  isNew(way: number): boolean {
    if (this.#asked.has(way)) return false;
    this.#asked.add(way);
    return true;
  }

  /** Whether a way leads to one of them. */
  has(way: number): boolean {
    return this.#addresses.size > 0 && this.#addresses.has(destinationText(this.#tuples, way));
  }

  /** Forgets which ways lead there: they are about to get another meaning. */
  forgetWays(): void {
    this.#ways.clear();
    this.#asked.clear();
    this.#conversations.clear();
    this.#doubtful.clear();
  }
}

/** Why a packet is not said to be dropped that nothing answers, and that did not come out, in words. */
export const WHY_ELSEWHERE =
  "nothing answers it, and others to its destination were forwarded by another interface, as it seems: a capture there would tell whether it left";
