import { isSameLink } from "../../../protocols/addresses.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { joined } from "../../../packets/memory/joined.js";
import { remember } from "../../../packets/memory/keep-newest.js";
import { OUTSIDE } from "../../../packets/sides.js";
import { ENDS, NONE, tupleIn } from "../../../packets/tuples.js";
import { destinationOf, sourceOf } from "../../../packets/ways.js";
import type { Known } from "../known.js";
import { Newcomers } from "../../matchers/newcomers.js";
import type { Locals } from "./locals.js";

/** So many pairs of addresses, and conversations, are remembered, at the most: the newest. */
const MOST_REMEMBERED = 4096;

/**
 * Addresses that look like neighbours inside, and are not, as outside shows packets between the two: in a tunnel to another host's part of the network, or
 * by a rule that leaves them as they are. No capture tells the real prefix.
 */
export class Beyond {
  readonly #known: Known;
  readonly #locals: Locals;
  readonly #pairs = new Set<string>();
  /** Conversations outside that were noted. */
  readonly #noted = new Set<number>();
  readonly #newcomers: Newcomers;

  constructor(known: Known, locals: Locals) {
    this.#known = known;
    this.#locals = locals;
    this.#newcomers = new Newcomers(known.timeline);
  }

  /** Takes the addresses outside of the flow in this slot, which was just learnt … */
  learn(accounts: FlowAccounts, slot: number): void {
    this.#note(2 * accounts.outsideTuple(slot));
  }

  /** … and those of a packet without a twin. */
  note(row: number): void {
    const t = this.#known.timeline;
    const isAlone = t.side(row) === OUTSIDE && this.#known.translations.slotOf(row) === NONE;
    if (isAlone && remember(this.#noted, t.tuple(row), MOST_REMEMBERED)) this.#note(t.way(row));
  }

  /** Whether packets between the two ends of an inside packet pass outside, as far as is known within its window. */
  has(row: number): boolean {
    const t = this.#known.timeline;
    this.#newcomers.take((each) => this.note(each), t.after(row), t.timeNs(row) + this.#known.windowNs);
    return this.#pairs.size > 0 && this.#pairs.has(this.#pairOf(t.way(row)));
  }

  /** Forgets which conversations those were: their numbers are about to get another meaning. */
  forgetWays(): void {
    this.#noted.clear();
  }

  #note(way: number): void {
    const { tuples } = this.#known;
    const isIpv6 = tuples.isIpv6(tupleIn(way));
    if (!isSameLink(isIpv6, tuples.words, sourceOf(tuples, way), tuples.words, destinationOf(tuples, way))) return;
    // of the uplink's own network, nothing is inside
    if (ENDS.some((isA) => this.#locals.isNat(tuples.addressText(tupleIn(way), isA)))) return;
    remember(this.#pairs, this.#pairOf(way), MOST_REMEMBERED);
  }

  /** The two addresses of a conversation, whichever way. */
  #pairOf(way: number): string {
    const ends = ENDS.map((isA) => this.#known.tuples.addressText(tupleIn(way), isA)).sort();
    return joined(...ends);
  }
}
