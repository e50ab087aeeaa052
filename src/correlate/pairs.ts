import type { Flow } from "../packets/flows/flows.js";
import { icmpCodeIn, icmpTypeIn } from "../packets/records.js";
import { HAS_TCP_NUMBERS, IS_ERROR } from "../packets/packets.js";
import type { Range } from "../packets/results/results.js";
import { INSIDE } from "../packets/sides.js";
import { isUnreachable } from "../protocols/icmp.js";
import { ICMPV6 } from "../protocols/ip-protocols.js";
import type { Base } from "./kernel/base.js";
import type { Pairing } from "./matchers/contract.js";
import type { Shown } from "./shown.js";
import type { Showing } from "./showing.js";
import type { Findings } from "./verdicts/findings.js";
import type { Groups } from "./verdicts/flows/groups.js";
import type { Impacts } from "./verdicts/impacts/impacts.js";
import type { Errors } from "./verdicts/claims/errors.js";
import type { Refusals } from "./verdicts/claims/refusals.js";
import type { Teller } from "./verdicts/updates/teller.js";

/** Whom pairs concern. */
export interface About extends Base {
  readonly groups: Groups;
  readonly errors: Errors;
  readonly refusals: Refusals;
  readonly impacts: Impacts;
  readonly findings: Findings;
  readonly teller: Teller;
  readonly showing: Showing;
  /** Of a run that ends after so many pairs, those that it has shown: findings are about them alone. */
  readonly shown: Shown | undefined;
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
    some: readonly number[],
    others: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    altered = 0,
    ranges: readonly Range[] = [],
  ): void {
    const { timeline: t, accounts, buckets, groups, impacts, findings } = this.#about;
    for (const row of [...some, ...others]) buckets.remove(row);
    const [inside, outside] = t.side(some[0]) === INSIDE ? [some, others] : [others, some];
    const isOutbound = accounts.isOutbound(slot, t.forward(inside[0]));
    const entered = isOutbound ? inside[0] : outside[0];
    const missing = ranges.map((range) => {
      const { afterNs: _, ...consequence } = impacts.missing(entered, slot, range) ?? {};
      return { ...range, ...consequence };
    });
    groups.pair(inside, outside, slot, by, evidence, isOutbound, altered, missing);
    if (missing.length > 0) this.#tell(inside[0], () => findings.missing(entered, accounts.id(slot), missing));
    this.#take(inside, outside, missing.length === 0);
    for (const rows of [inside, outside]) groups.giveBack(rows);
  }

  turned(befores: readonly number[], afters: readonly number[], flow: Flow, evidence: number): number {
    const { buckets, groups, showing } = this.#about;
    for (const row of [...befores, ...afters]) buckets.remove(row);
    groups.turn(befores, afters, flow, evidence);
    const latencyNs = groups.turnedNs(befores[0], afters[0]);
    showing.takeTurned(befores[0]);
    for (const rows of [befores, afters]) groups.giveBack(rows);
    return latencyNs;
  }

  /** Takes a pair that the timeline has, with all packets that its two, the first of each side, stand for. `isComplete`: nothing was lost of it. */
  #take(insides: readonly number[], outsides: readonly number[], isComplete = true): void {
    const { timeline: t, kernel, groups, teller, showing } = this.#about;
    const [[inside], [outside]] = [insides, outsides];
    const slot = t.flow(inside);
    const isOutbound = t.isOutbound(inside);
    const gapNs = groups.gapNs(inside, outside, isOutbound);
    if ((t.flags(inside) & IS_ERROR) !== 0) this.#takeError(inside, outside, slot, isOutbound);
    // of a segment that lost pieces, what left has crossed, and nothing else
    const crossed = isComplete || !isOutbound ? insides : outsides;
    let isAgain = kernel.account(inside, outside, slot, isOutbound, isOutbound ? gapNs : 0 - gapNs, crossed[0]);
    for (const row of crossed.slice(1)) isAgain = this.#noteFurther(row, slot, t.forward(inside)) && isAgain;
    if (isAgain) kernel.noteAgain(inside);
    if (isComplete)
      for (const row of isOutbound ? insides : outsides) kernel.noteCrossing(row, slot, isOutbound, inside);
    teller.takeNews();
    showing.take(inside, outside);
  }

  /** Takes an ICMP error that crossed. */
  #takeError(inside: number, outside: number, slot: number, isOutbound: boolean): void {
    const { timeline: t, accounts, errors, refusals, findings } = this.#about;
    for (const row of [inside, outside]) refusals.forget(row);
    accounts.noteError(slot, t.timeNs(inside));
    const entered = isOutbound ? inside : outside;
    const message = t.seq(entered);
    if (isUnreachable(icmpTypeIn(message), icmpCodeIn(message), t.proto(entered) === ICMPV6))
      accounts.noteUnreachable(slot, isOutbound);
    const error = errors.of(entered);
    if (error !== undefined) this.#tell(inside, () => findings.error(entered, error.src, accounts.id(slot)));
  }

  /** Tells something of the pair of an inside row, as soon as findings may be about it. */
  #tell(inside: number, tell: () => void): void {
    const { shown } = this.#about;
    if (shown === undefined) tell();
    else shown.whenShown(inside, tell);
  }

  /** Notes the bytes of a packet that crossed beside the first of its pair; `forward`: whether it is, or would be, inside. Returns whether it is a TCP segment that did so before. */
  #noteFurther(row: number, slot: number, forward: number): boolean {
    const { timeline: t, accounts } = this.#about;
    accounts.addBytes(slot, t.length(row));
    // one whose TCP header was cut off has no numbers
    if ((t.flags(row) & HAS_TCP_NUMBERS) === 0) return false;
    return accounts.noteSegment(slot, forward, t.seq(row), t.payloadLength(row), t.tcpFlags(row));
  }
}
