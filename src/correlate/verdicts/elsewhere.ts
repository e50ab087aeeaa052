import { keepNewest } from "../../packets/keep-newest.js";
import type { TupleTable } from "../../packets/tuples.js";

/** So many addresses are remembered, at the most: the oldest are forgotten. */
const MOST_ADDRESSES = 4096;

/**
 * Addresses that packets are known to take an interface to which is not captured: an answer proved it of some. Nothing follows of others to
 * them that did not come out on the one that is.
 */
export class Elsewhere {
  readonly #tuples: TupleTable;
  readonly #addresses = new Set<string>();
  /** Ways that are known to lead there, as most such packets come in conversations. */
  readonly #ways = new Set<number>();

  constructor(tuples: TupleTable) {
    this.#tuples = tuples;
  }

  /** Takes a way that leads there. Returns whether its address is new. */
  learn(way: number): boolean {
    if (this.#ways.has(way)) return false;
    this.#ways.add(way);
    const address = this.#destinationOf(way);
    if (this.#addresses.has(address)) return false;
    this.#addresses.add(address);
    keepNewest(this.#addresses, MOST_ADDRESSES);
    return true;
  }

  /** Whether a way leads to one of them. */
  has(way: number): boolean {
    return this.#addresses.size > 0 && this.#addresses.has(this.#destinationOf(way));
  }

  /** Forgets which ways lead there: they are about to get another meaning. */
  forgetWays(): void {
    this.#ways.clear();
  }

  #destinationOf(way: number): string {
    return this.#tuples.addressText(way >> 1, (way & 1) === 0);
  }
}

/** Why a packet is not said to be dropped that nothing answers, and that did not come out, in words. */
export const WHY_ELSEWHERE =
  "nothing answers it, and others to its destination take another interface: a capture there would tell whether it left";
