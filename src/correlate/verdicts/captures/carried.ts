import type { FlowAccounts } from "../../../packets/flow-accounts.js";
import { keepNewest } from "../../../packets/keep-newest.js";
import type { TupleTable } from "../../../packets/tuples.js";
import { serviceOf } from "./services.js";

/** So many flows are looked at for each question, at the most, as long as questions come: what is new since is known soon. */
const LOOKED_AT_EACH = 64;
/** So many addresses, and services, are remembered, at the most. */
const MOST_REMEMBERED = 65_536;

/**
 * What the captured interface outside is known to carry, by the flows that cross: addresses behind the host, and services, each a protocol with the
 * port of who is called. Of a conversation that is not there, that tells whether another interface has it, or a filter kept it out.
 */
export class Carried {
  readonly #tuples: TupleTable;
  readonly #accounts: FlowAccounts;
  readonly #addresses = new Set<string>();
  readonly #services = new Set<number>();
  /** Services of which conversations with these addresses were forwarded, and not seen. */
  readonly #unseen = new Set<number>();
  #learnt = 0;
  #asked = 0;

  constructor(tuples: TupleTable, accounts: FlowAccounts) {
    this.#tuples = tuples;
    this.#accounts = accounts;
  }

  /** Whether flows cross that have this end of a conversation on both sides. */
  reaches(tuple: number, isA: boolean): boolean {
    this.#look();
    return this.#addresses.has(this.#tuples.addressText(tuple, isA));
  }

  /** Whether flows cross that are of the same service as a conversation. */
  hasService(tuple: number): boolean {
    this.#look();
    return this.#services.has(serviceOf(this.#tuples, tuple));
  }

  /** Takes it that a conversation with an address that others reach was forwarded, and not seen. */
  noteUnseen(tuple: number): void {
    remember(this.#unseen, serviceOf(this.#tuples, tuple));
  }

  /** Whether conversations of the same service are forwarded, and none of them was seen. */
  isUnseen(tuple: number): boolean {
    return this.#unseen.has(serviceOf(this.#tuples, tuple)) && !this.hasService(tuple);
  }

  /** Looks at the flows, if there are others than before. */
  #look(): void {
    const accounts = this.#accounts;
    if (accounts.learnt === this.#learnt || ++this.#asked * LOOKED_AT_EACH < accounts.end) return;
    this.#learnt = accounts.learnt;
    this.#asked = 0;
    accounts.lendSlots((slots) => {
      for (const slot of slots) this.#take(accounts.insideTuple(slot), accounts.outsideTuple(slot));
    });
  }

  #take(inside: number, outside: number): void {
    const tuples = this.#tuples;
    for (const tuple of [inside, outside]) remember(this.#services, serviceOf(tuples, tuple));
    for (const isA of [true, false]) {
      const isKept = [true, false].some((isOtherA) => tuples.isSameAddress(inside, isA, outside, isOtherA));
      if (isKept) remember(this.#addresses, tuples.addressText(inside, isA));
    }
  }
}

function remember<K>(known: Set<K>, one: K): void {
  known.add(one);
  keepNewest(known, MOST_REMEMBERED);
}
