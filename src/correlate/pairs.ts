import type { FlowAccounts } from "../packets/flow-accounts.js";
import { HAS_TCP_NUMBERS, IS_ERROR } from "../packets/packets.js";
import type { Timeline } from "../packets/timeline.js";
import type { Buckets } from "./kernel/buckets.js";
import type { Kernel } from "./kernel/kernel.js";
import type { Pairing } from "./matchers/contract.js";
import type { Showing } from "./showing.js";
import type { Groups } from "./verdicts/groups.js";
import type { Refusals } from "./verdicts/refusals.js";
import type { Updates } from "./verdicts/updates.js";

/** Whom pairs concern. */
export interface About {
  readonly timeline: Timeline;
  readonly accounts: FlowAccounts;
  readonly buckets: Buckets;
  readonly kernel: Kernel;
  readonly groups: Groups;
  readonly refusals: Refusals;
  readonly updates: Updates;
  readonly showing: Showing;
}

/** Takes the pairs that matchers find: has them accounted for, and shown. */
export class Pairs implements Pairing {
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
  }

  paired(inside: number, outside: number): void {
    this.#take([inside], [outside]);
  }

  pairGroup(
    inside: readonly number[],
    outside: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    altered = 0,
  ): void {
    const { timeline, accounts, buckets, groups } = this.#about;
    for (const row of [...inside, ...outside]) buckets.remove(row);
    const isOutbound = accounts.isOutbound(slot, timeline.forward(inside[0]));
    groups.pair(inside, outside, slot, by, evidence, isOutbound, altered);
    this.#take(inside, outside);
  }

  turned(before: number): void {
    this.#about.showing.takeTurned(before);
  }

  /** Takes a pair that the timeline has, with all packets that its two, the first of each side, stand for. */
  #take(insides: readonly number[], outsides: readonly number[]): void {
    const { timeline: t, kernel, groups, refusals, updates, showing } = this.#about;
    const [[inside], [outside]] = [insides, outsides];
    const slot = t.flow(inside);
    const isOutbound = t.isOutbound(inside);
    const gapNs = groups.gapNs(inside, outside, isOutbound);
    if ((t.flags(inside) & IS_ERROR) !== 0) for (const row of [inside, outside]) refusals.hasTwin(row);
    kernel.account(inside, outside, slot, isOutbound, isOutbound ? gapNs : 0 - gapNs);
    for (const row of insides.slice(1)) if (!this.#noteFurther(row, slot)) t.setRetransmission(inside, false);
    for (const row of isOutbound ? insides : outsides) kernel.noteCrossing(row, slot, isOutbound, inside);
    updates.takeNews();
    showing.take(inside, outside);
  }

  /** Notes the bytes of a packet that crossed beside the first of its pair. Returns whether it is a TCP segment that did so before. */
  #noteFurther(inside: number, slot: number): boolean {
    const { timeline: t, accounts } = this.#about;
    accounts.addBytes(slot, t.length(inside));
    // one whose TCP header was cut off has no numbers
    if ((t.flags(inside) & HAS_TCP_NUMBERS) === 0) return false;
    return accounts.noteSegment(slot, t.forward(inside), t.seq(inside), t.payloadLength(inside), t.tcpFlags(inside));
  }
}
