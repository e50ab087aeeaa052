import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { firstNotBefore } from "../../../packets/memory/sorted.js";
import { HAS_CLASHED, IS_ECHO_ID, NONE, wayOfTuple } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import type { Tally } from "../../kernel/tally.js";

/** Conversations remembered whose first packet was dropped. */
const MOST_LOST = 10_000;
/** The NAT takes the port of a first packet within so many times what the quickest one took in all: what took longer waited in a queue behind that. */
const MOST_TIMES = 1.5;
/** What is lost otherwise is looked for among so many that crossed before a first packet was lost, and as many behind it … */
const NEAR = 256;
/** … and that one is said to be no chance where fewer than one of so many were; a few may have been dropped for a reason, as by a rule. */
const SELDOM = 64;
const FEW = 8;

/** A first packet that was dropped. */
interface Lost {
  readonly frame: number;
  /** When it came, nanoseconds on the timeline. */
  readonly timeNs: number;
  /** How many had crossed outbound when that was decided. */
  readonly crossed: number;
}

/**
 * Finds the flows whose first packet a NAT dropped because another flow took the wanted port at the same instant (insert_failed). That the
 * first packet is gone and the port another one proves nothing where ports are drawn at random. It takes the other flow: one that kept the port
 * that this one would have kept, towards the same end, and whose first packet was on its way at that time: once that has left, the port is taken,
 * and who comes then is given another one at once (nf_conntrack_confirm, net/netfilter/nf_conntrack_core.c). And where packets of conversations that have their
 * ports are lost about then, too, that one was may be chance.
 */
export class Clashes {
  readonly #accounts: FlowAccounts;
  readonly #tuples: TupleTable;
  readonly #tally: Pick<Tally, "pairsThatWent">;
  /** The first packet that was dropped, by inside tuple. */
  readonly #lost = new Map<number, Lost>();
  /** How many had crossed outbound when another one was dropped that no clash explains, in order: of the newest. */
  readonly #others: number[] = [];
  /** Its frame, by the inside tuple of a flow that had to yield. */
  readonly #clashed = new Map<number, number>();

  constructor(accounts: FlowAccounts, tuples: TupleTable, tally: Pick<Tally, "pairsThatWent">) {
    this.#accounts = accounts;
    this.#tuples = tuples;
    this.#tally = tally;
  }

  /** Notes that a packet was dropped before any of its inside tuple had crossed. */
  note(tuple: number, frame: number, timeNs: number): void {
    if (this.#lost.size >= MOST_LOST || this.#lost.has(tuple)) return;
    this.#lost.set(tuple, { frame, timeNs, crossed: this.#tally.pairsThatWent(true) });
  }

  /** Notes that a packet was dropped on its way out whose inside tuple had its port by then. */
  noteOther(): void {
    this.#others.push(this.#tally.pairsThatWent(true));
    if (this.#others.length > 2 * MOST_LOST) this.#others.splice(0, MOST_LOST);
  }

  /** The frame of the packet that a flow lost because it had to yield, by its inside tuple; undefined where it had not. */
  lostBy(tuple: number): number | undefined {
    return this.#tuples.has(tuple, HAS_CLASHED) ? this.#clashed.get(tuple) : undefined;
  }

  /** Forgets those between two times: the outside capture may have lost what they became. */
  withdraw(fromNs: number, toNs: number): void {
    for (const [tuple, { timeNs }] of this.#lost) if (timeNs >= fromNs && timeNs <= toNs) this.#lost.delete(tuple);
  }

  /** Notes with the tuples which of those had to yield to another flow, by the flows there are. Begins anew. */
  resolve(): void {
    const losers = new Map<number, number[]>();
    for (const [tuple, lost] of this.#lost) {
      const slot = this.#flowOf(tuple);
      if (slot === NONE || this.#keepsPort(slot) || this.#mayBeChance(lost)) continue;
      const key = this.#keyOf(slot);
      losers.set(key, [...(losers.get(key) ?? []), slot]);
    }
    const quickestNs = losers.size > 0 ? this.#quickestNs() : 0;
    for (let slot = 0; losers.size > 0 && slot < this.#accounts.end; slot++) {
      if (this.#accounts.id(slot) === 0 || !this.#keepsPort(slot)) continue;
      for (const loser of losers.get(this.#keyOf(slot)) ?? [])
        if (this.#took(slot, loser, quickestNs)) this.#noteClash(this.#accounts.insideTuple(loser));
    }
    this.#lost.clear();
  }

  /** Whether so many others were lost around a first packet that it may have been as they were. */
  #mayBeChance({ crossed }: Lost): boolean {
    const [from, to] = [Math.max(0, crossed - NEAR), Math.min(crossed + NEAR, this.#tally.pairsThatWent(true))];
    const placeOf = (at: number): number => firstNotBefore(0, this.#others.length, (place) => this.#others[place] < at);
    const others = placeOf(to + 1) - placeOf(from);
    return others >= FEW && SELDOM * others > to - from;
  }

  #noteClash(tuple: number): void {
    this.#tuples.set(tuple, HAS_CLASHED, true);
    this.#clashed.set(tuple, this.#lost.get(tuple)!.frame);
    keepNewest(this.#clashed, MOST_LOST);
  }

  #flowOf(tuple: number): number {
    const forward = this.#tuples.flow(wayOfTuple(tuple, 1));
    return forward === NONE ? this.#tuples.flow(wayOfTuple(tuple, 0)) : forward;
  }

  /** Whether one flow took the port that another would have kept, when that one's first packet was on its way. */
  #took(slot: number, loser: number, quickestNs: number): boolean {
    const apartNs = Math.abs(this.#accounts.firstNs(slot) - this.#lost.get(this.#accounts.insideTuple(loser))!.timeNs);
    // what came before it would have left before it, had it not been slower: by as much again, at most
    if (apartNs >= Math.min(this.#accounts.latencies.firstNs(slot, true), MOST_TIMES * quickestNs)) return false;
    return (
      this.#insidePort(slot) === this.#insidePort(loser) &&
      this.#isSameEnd(slot, loser, true) &&
      this.#isSameEnd(slot, loser, false) &&
      this.#outsidePort(slot, false) === this.#outsidePort(loser, false)
    );
  }

  /** What the quickest first packet of all flows took, nanoseconds. */
  #quickestNs(): number {
    let quickestNs = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#accounts.end; slot++) {
      const firstNs = this.#accounts.id(slot) === 0 ? 0 : this.#accounts.latencies.firstNs(slot, true);
      if (firstNs > 0) quickestNs = Math.min(quickestNs, firstNs);
    }
    return quickestNs;
  }

  #keepsPort(slot: number): boolean {
    return this.#insidePort(slot) === this.#outsidePort(slot, true);
  }

  /** A hash of what the flows have in common of which one takes the other's port: see `#took`. */
  #keyOf(slot: number): number {
    const tuples = this.#tuples;
    const outside = this.#accounts.outsideTuple(slot);
    const far = tuples.address(outside, !this.#isNearA(slot));
    const ports = (this.#insidePort(slot) << 16) ^ this.#outsidePort(slot, false);
    return Math.imul(
      ports ^ Math.imul(tuples.words[far] ^ (tuples.isIpv6(outside) ? tuples.words[far + 3] : 0), 0x9e3779b1),
      0x85ebca6b,
    );
  }

  /** The port of the opener, or an ICMP echo's id, on the inside. */
  #insidePort(slot: number): number {
    const tuple = this.#accounts.insideTuple(slot);
    return this.#tuples.port(tuple, this.#tuples.isOpenedByA(tuple));
  }

  /** That of the opener on the outside, or of the other end; both are the id in an ICMP echo, which says nothing more of the other end. */
  #outsidePort(slot: number, isNear: boolean): number {
    const tuple = this.#accounts.outsideTuple(slot);
    if (!isNear && this.#tuples.has(tuple, IS_ECHO_ID)) return 0;
    return this.#tuples.port(tuple, isNear === this.#isNearA(slot));
  }

  #isSameEnd(a: number, b: number, isNear: boolean): boolean {
    const tuples = this.#tuples;
    const [tupleA, tupleB] = [this.#accounts.outsideTuple(a), this.#accounts.outsideTuple(b)];
    if (tuples.proto(tupleA) !== tuples.proto(tupleB)) return false;
    return tuples.isSameAddress(tupleA, isNear === this.#isNearA(a), tupleB, isNear === this.#isNearA(b));
  }

  /** Whether the opener is A of the outside tuple. */
  #isNearA(slot: number): boolean {
    return this.#tuples.isOpenedByA(this.#accounts.insideTuple(slot)) !== this.#accounts.isFlipped(slot);
  }
}
