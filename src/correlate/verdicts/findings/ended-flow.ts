import { addressText } from "../../../packets/address.js";
import type { FlowAccounts } from "../../../packets/flow-accounts.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import type { TupleTable } from "../../../packets/tuples.js";
import { isPrivate, linkOf } from "../../matchers/scope.js";
import { isForwardFirst } from "../flow-summary.js";

/** One flow after the other that has ended, as findings look at them: by its initiator, outbound where that is not known. */
export class EndedFlow {
  readonly #accounts: FlowAccounts;
  readonly #tuples: TupleTable;
  #slot = 0;
  #isForward = true;

  constructor(accounts: FlowAccounts, tuples: TupleTable) {
    this.#accounts = accounts;
    this.#tuples = tuples;
  }

  /** Looks at the flow in a slot from now on. */
  of(slot: number): this {
    this.#slot = slot;
    this.#isForward = isForwardFirst(this.#accounts, this.#tuples, slot);
    return this;
  }

  get id(): number {
    return this.#accounts.id(this.#slot);
  }

  get proto(): number {
    return this.#tuples.proto(this.insideTuple);
  }

  get insideTuple(): number {
    return this.#accounts.insideTuple(this.#slot);
  }

  get outsideTuple(): number {
    return this.#accounts.outsideTuple(this.#slot);
  }

  get isOpenerKnown(): boolean {
    return this.#tuples.isOpenerKnown(this.insideTuple);
  }

  get isFromInside(): boolean {
    return this.#accounts.isOutbound(this.#slot, this.#forward);
  }

  /** REWRITE_… bits of the initiator's packets. */
  get rewrite(): number {
    return this.#accounts.rewrite(this.#slot, this.#forward);
  }

  /** Whether it is of one IP version inside and of the other outside. */
  get isAcross(): boolean {
    return this.#tuples.isIpv6(this.insideTuple) !== this.#tuples.isIpv6(this.outsideTuple);
  }

  get pairs(): number {
    return this.#accounts.pairs(this.#slot);
  }

  /** Pairs of the initiator's packets, and of the answers. */
  get pairsThere(): number {
    return this.#accounts.pairsThatWent(this.#slot, this.isFromInside);
  }

  get pairsBack(): number {
    return this.#accounts.pairsThatWent(this.#slot, !this.isFromInside);
  }

  get retransmissions(): number {
    return this.#accounts.retransmissions(this.#slot);
  }

  /** Whether its first packet was dropped, as another flow took the port at that time. */
  get hasClashed(): boolean {
    return this.#tuples.hasClashed(this.insideTuple);
  }

  /** The address of its initiator, or of the other end, as a side sees it. */
  address(side: Side, isInitiator: boolean): string {
    const tuples = this.#tuples;
    const tuple = this.#tupleOn(side);
    return addressText(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, this.#isA(side, isInitiator)));
  }

  /** As `linkOf`. */
  link(side: Side, isInitiator: boolean): string | null {
    const tuples = this.#tuples;
    const tuple = this.#tupleOn(side);
    return linkOf(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, this.#isA(side, isInitiator)));
  }

  isPrivate(side: Side, isInitiator: boolean): boolean {
    const tuples = this.#tuples;
    const tuple = this.#tupleOn(side);
    return isPrivate(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, this.#isA(side, isInitiator)));
  }

  get #forward(): number {
    return this.#isForward ? 1 : 0;
  }

  #tupleOn(side: Side): number {
    return side === INSIDE ? this.insideTuple : this.outsideTuple;
  }

  /** Whether the initiator, or the other end, is A of the side's tuple. */
  #isA(side: Side, isInitiator: boolean): boolean {
    const isForward = side === INSIDE ? this.#isForward : this.#isForward !== this.#accounts.isFlipped(this.#slot);
    return isForward === isInitiator;
  }
}
