import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../../packets/sides.js";
import { NONE, wayOfTuple } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";

/** One flow after the other, as its initiator has it; as those that travel outbound, where that is not known. */
export class ViewedFlow {
  protected readonly accounts: FlowAccounts;
  protected readonly tuples: TupleTable;
  #slot = 0;
  /** 1 where the initiator's packets are forward on the inside. */
  #forward = 1;
  #isOpenerKnown = false;

  constructor(accounts: FlowAccounts, tuples: TupleTable) {
    this.accounts = accounts;
    this.tuples = tuples;
  }

  /** Looks at the flow in a slot from now on. */
  of(slot: number): this {
    const { accounts, tuples } = this;
    const inside = accounts.insideTuple(slot);
    this.#isOpenerKnown = isOpenerKnown(accounts, tuples, slot, inside);
    const isForward = this.#isOpenerKnown ? tuples.isOpenedByA(inside) : accounts.isOutbound(slot, 1);
    this.#slot = slot;
    this.#forward = isForward ? 1 : 0;
    return this;
  }

  get slot(): number {
    return this.#slot;
  }

  get id(): number {
    return this.accounts.id(this.#slot);
  }

  get sides(): readonly [Side, Side] {
    return SIDES;
  }

  get firstFrames(): readonly [number, number] {
    return this.accounts.firstFrames(this.#slot);
  }

  get insideTuple(): number {
    return this.accounts.insideTuple(this.#slot);
  }

  get outsideTuple(): number {
    return this.accounts.outsideTuple(this.#slot);
  }

  get isOpenerKnown(): boolean {
    return this.#isOpenerKnown;
  }

  get isFromInside(): boolean {
    return this.accounts.isOutbound(this.#slot, this.forwardOf(true));
  }

  /** REWRITE_… bits of the initiator's packets. */
  get rewrite(): number {
    return this.accounts.rewrite(this.#slot, this.forwardOf(true));
  }

  get pairs(): number {
    return this.accounts.pairs(this.#slot);
  }

  /** Which way packets of its initiator, or of the other end, go on a side. */
  wayOn(side: Side, isInitiators: boolean): number {
    return 2 * this.tupleOn(side) + (this.isA(side, isInitiators) ? 1 : 0);
  }

  /** 1 where packets of its initiator, or of the other end, are forward on the inside; else 0. */
  protected forwardOf(isInitiators: boolean): number {
    return isInitiators ? this.#forward : 1 - this.#forward;
  }

  protected tupleOn(side: Side): number {
    return side === INSIDE ? this.insideTuple : this.outsideTuple;
  }

  /** Whether the initiator, or the other end, is A of the side's tuple. */
  protected isA(side: Side, isInitiator: boolean): boolean {
    const isTurned = side === OUTSIDE && this.accounts.isFlipped(this.#slot);
    return (this.forwardOf(isInitiator) === 1) !== isTurned;
  }
}

/** Whether it is known who began the translation of a flow, in a slot or NONE: who opened its inside conversation. */
export function isOpenerKnown(accounts: FlowAccounts, tuples: TupleTable, slot: number, insideTuple: number): boolean {
  if (!tuples.isOpenerKnown(insideTuple)) return false;
  if (slot === NONE) return true;
  return !accounts.isTakenUp(slot) && (tuples.proto(insideTuple) !== UDP || hasOpenerSpoken(accounts, tuples, slot));
}

/** Whether its opener sent anything but ICMP errors: of UDP, that the first packet came from a server's port alone does not show that it was an answer. */
function hasOpenerSpoken(accounts: FlowAccounts, tuples: TupleTable, slot: number): boolean {
  const [inside, outside] = [accounts.insideTuple(slot), accounts.outsideTuple(slot)];
  const isA = tuples.isOpenedByA(inside);
  const [forward, beyond] = [isA ? 1 : 0, isA !== accounts.isFlipped(slot) ? 1 : 0];
  const isOutbound = accounts.isOutbound(slot, forward);
  return (
    accounts.pairsThatWent(slot, isOutbound) > accounts.unreachable(slot, isOutbound) ||
    tuples.isHeard(wayOfTuple(inside, forward)) ||
    tuples.isHeard(wayOfTuple(outside, beyond))
  );
}
