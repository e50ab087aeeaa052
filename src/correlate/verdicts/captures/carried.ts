import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { remember } from "../../../packets/memory/keep-newest.js";
import { ENDS } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { serviceOf } from "./services.js";

/** So many flows that were looked at before are looked at again for each question, at the most, as long as questions come. */
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
  /** Those of them that packets left for. */
  readonly #beyond = new Set<string>();
  readonly #services = new Set<number>();
  /** Ends inside with the address that stands there for who talks to them; see `#standing`. */
  readonly #stands = new Set<string>();
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

  /** Whether an end of a conversation is outside, as flows show that left for its address: what goes there is not between neighbours inside. */
  isBeyond(tuple: number): boolean {
    this.#look();
    return this.#beyond.size > 0 && ENDS.some((isA) => this.#beyond.has(this.#tuples.addressText(tuple, isA)));
  }

  /** Whether this end of a conversation is outside, likewise. */
  isEndBeyond(tuple: number, isA: boolean): boolean {
    this.#look();
    return this.#beyond.has(this.#tuples.addressText(tuple, isA));
  }

  /** Whether flows cross that are of the same service as a conversation. */
  hasService(tuple: number): boolean {
    this.#look();
    return this.#services.has(serviceOf(this.#tuples, tuple));
  }

  /** Whether the host stands for others, with an address of its own, towards one end of an inside conversation: what goes between the two is forwarded. */
  hasStanding(tuple: number): boolean {
    this.#look();
    return this.#stands.size > 0 && ENDS.some((isA) => this.#stands.has(this.#standing(tuple, isA)));
  }

  /** Takes it that a conversation with an address that others reach was forwarded, and not seen. */
  noteUnseen(tuple: number): void {
    remember(this.#unseen, serviceOf(this.#tuples, tuple), MOST_REMEMBERED);
  }

  /** Whether conversations of the same service are forwarded, and none of them was seen. */
  isUnseen(tuple: number): boolean {
    return this.#unseen.has(serviceOf(this.#tuples, tuple)) && !this.hasService(tuple);
  }

  /** Looks at the flows, if there are others than before: at those, and now and then at all, as who opened one may be known by then. */
  #look(): void {
    const accounts = this.#accounts;
    const before = this.#learnt;
    if (accounts.learnt === before) return;
    this.#learnt = accounts.learnt;
    const newer = ++this.#asked * LOOKED_AT_EACH < accounts.end ? accounts.newerThan(before) : null;
    if (newer !== null) {
      for (const slot of newer) this.#take(slot, true);
      return;
    }
    this.#asked = 0;
    accounts.lendSlots((slots) => {
      for (const slot of slots) this.#take(slot, accounts.id(slot) > before);
    });
  }

  /** Takes what the flow in a slot tells. Of one that was looked at before, there is no more to learn than who opened it. */
  #take(slot: number, isNew: boolean): void {
    const tuples = this.#tuples;
    const accounts = this.#accounts;
    const [inside, outside] = [accounts.insideTuple(slot), accounts.outsideTuple(slot)];
    if (!isNew && tuples.isOpenerKnown(inside)) return;
    remember(this.#services, serviceOf(tuples, inside), MOST_REMEMBERED);
    remember(this.#services, serviceOf(tuples, outside), MOST_REMEMBERED);
    let isKept = false;
    for (const isA of ENDS) {
      if (!tuples.isSameAddress(inside, isA, outside, true) && !tuples.isSameAddress(inside, isA, outside, false))
        continue;
      isKept = true;
      const address = tuples.addressText(inside, isA);
      remember(this.#addresses, address, MOST_REMEMBERED);
      const isDestination = isA !== accounts.isOutbound(slot, 1);
      if (isDestination && accounts.pairsThatWent(slot, true) > 0) remember(this.#beyond, address, MOST_REMEMBERED);
    }
    if (!isKept) remember(this.#stands, this.#standing(inside, !tuples.isOpenedByA(inside)), MOST_REMEMBERED);
  }

  /** One end of a conversation, with the other one's address. */
  #standing(tuple: number, isA: boolean): string {
    const tuples = this.#tuples;
    const port = tuples.port(tuple, isA);
    return `${tuples.proto(tuple)} ${tuples.addressText(tuple, isA)} ${port} ${tuples.addressText(tuple, !isA)}`;
  }
}
