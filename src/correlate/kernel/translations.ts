import { halfOf } from "../../packets/halves.js";
import type { FlowAccounts } from "../../packets/flows/flow-accounts.js";
import { forwardOn, IS_FLIPPED, leavesOn } from "../../packets/flows/flow-records.js";
import type { Flow } from "../../packets/flows/flows.js";
import { keepNewest } from "../../packets/memory/keep-newest.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { HAS_EVIDENCE, NONE, wayOfTuple } from "../../packets/tuples.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import { TCP } from "../../protocols/ip-protocols.js";
import { isOpening } from "../../protocols/tcp.js";
import type { Kernel } from "./kernel.js";
import {
  CONFLICT,
  IMPOSSIBLE,
  IS_LATE,
  goesOutbound,
  IS_REPEATABLE,
  LEARN_BITS,
  RELATION_MASK,
  REPLACE_BITS,
  FORGOTTEN_NS,
} from "./relations.js";

/** Translations tried and not yet believed that are remembered at the most; the oldest go first. */
const MOST_CANDIDATES = 65_536;
/** Flows kept as objects, a power of two: one that is asked for once is soon asked for again. */
const FLOWS_KEPT = 1024;

/** The translations learnt so far, and how two packets with equal keys stand to each other by them. */
export class Translations {
  /** The flows; `TupleTable.flow` and `Timeline.flow` hold their slots. */
  readonly accounts: FlowAccounts;
  /** Slots of flows that have ended and are still to be reported and freed. */
  retired: number[] = [];
  /** Told of the slot of a flow whose inside way has another translation from now on, and the inside row that shows it. */
  onReplaced: (slot: number, row: number) => void = () => {};
  /** Flows that somebody has asked for, by the lowest bits of their slots. */
  readonly #flows: Flow[] = [];
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #kernel: Kernel;
  /** What was gathered for translations not yet believed, of both directions together, by `candidateKey` of the forward one … */
  readonly #candidates = new Map<number, Candidate>();
  /** … and the ways, of each of which a pair has spoken. */
  readonly #spoken = new Set<number>();

  constructor(accounts: FlowAccounts, timeline: Timeline, tuples: TupleTable, kernel: Kernel) {
    this.accounts = accounts;
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#kernel = kernel;
  }

  /**
   * The relation of two packets with equal keys, as `Kernel.relate` takes them: IMPOSSIBLE, CONFLICT, POSSIBLE or KNOWN. Of packets that may be
   * sent again byte for byte, only those are related that are not too far apart for that.
   */
  relation(a: number, b: number): number {
    const related = this.#kernel.relate(a, b);
    const isUntimely = (related & (IS_LATE | IS_REPEATABLE)) === (IS_LATE | IS_REPEATABLE);
    return isUntimely ? IMPOSSIBLE : related & RELATION_MASK;
  }

  /** The flow in a slot that is in use. */
  flowAt(slot: number): Flow {
    const at = slot & (FLOWS_KEPT - 1);
    const known = this.#flows[at];
    if (known !== undefined && known.slot === slot && known.id === this.accounts.id(slot)) return known;
    return (this.#flows[at] = this.accounts.flow(slot));
  }

  /** Slot of the flow that a packet belongs to, or NONE. */
  slotOf(row: number): number {
    const t = this.#timeline;
    return this.#tuples.flow(t.way(row));
  }

  /**
   * The way on the inside of a packet of a known flow, or of its twin; NONE where no flow is known. It is one for all translations that an inside
   * tuple has or had.
   */
  insideWayOf(row: number): number {
    const t = this.#timeline;
    return t.side(row) === INSIDE && this.slotOf(row) !== NONE ? t.way(row) : this.twinWayOf(row);
  }

  /** Which way the twin of a packet goes on the other side, by its translation; NONE where none is known. */
  twinWayOf(row: number): number {
    return this.twinWay(this.#timeline.side(row), this.#timeline.way(row));
  }

  /** The same of the packets that go a way of a side. */
  twinWay(side: number, way: number): number {
    const slot = this.#tuples.flow(way);
    if (slot === NONE) return NONE;
    const tuple = side === INSIDE ? this.accounts.outsideTuple(slot) : this.accounts.insideTuple(slot);
    return wayOfTuple(tuple, forwardOn(this.accounts.bits(slot), way, OUTSIDE));
  }

  /** What a packet is on the other side, as `Tables.twinOf` has it. */
  twinOf(row: number): { way: number; isOutbound: boolean } | undefined {
    const slot = this.slotOf(row);
    return slot === NONE
      ? undefined
      : { way: this.twinWayOf(row), isOutbound: this.isOutbound(row, this.flowAt(slot)) };
  }

  /** Whether two packets may be of one flow: that of one of them may not be known. */
  mayBeOfOneFlow(a: number, b: number): boolean {
    return mayBeOneFlow(this.slotOf(a), this.slotOf(b));
  }

  /** The same where the host may have forgotten what was known of one of them, and have given its outside form to the other. */
  mayBecomeOneFlow(a: number, b: number): boolean {
    return this.mayBeOfOneFlow(a, b) || this.#mayBeForgotten(a) || this.#mayBeForgotten(b);
  }

  /** Whether nothing used the translation that a packet is known by for so long that the host may have forgotten it. */
  #mayBeForgotten(row: number): boolean {
    const t = this.#timeline;
    const slot = this.slotOf(row);
    return slot !== NONE && t.proto(row) !== TCP && t.timeNs(row) - this.accounts.lastNs(slot) > FORGOTTEN_NS;
  }

  /** Whether the packet once in this row waits for its twin, and belongs to the flow in this slot. */
  isWaitingIn(row: number, slot: number): boolean {
    return this.#timeline.isWaiting(row) && this.slotOf(row) === slot;
  }

  /** Whether a packet of a flow is `forward` on the inside, or its twin would be. */
  isForward(row: number, flow: Flow): boolean {
    const t = this.#timeline;
    return forwardOn(flow.isFlipped ? IS_FLIPPED : 0, t.way(row), t.side(row)) === 1;
  }

  /** Whether a packet of a flow travels from inside to outside. */
  isOutbound(row: number, flow: Flow): boolean {
    return flow.isOutbound(this.isForward(row, flow) ? 1 : 0);
  }

  /** Whether a packet of the flow in this slot is on the side where it comes out of the NAT. */
  isLeaving(row: number, slot: number): boolean {
    const t = this.#timeline;
    return leavesOn(this.accounts.bits(slot), t.way(row), t.side(row));
  }

  /** What packets take that go as this one does, at the most; Infinity where that is not known, nanoseconds. */
  limitNsOf(row: number): number {
    const slot = this.slotOf(row);
    return slot === NONE ? Number.POSITIVE_INFINITY : this.#kernel.limitNs(this.isOutbound(row, this.flowAt(slot)));
  }

  /** Whether the time between two packets of both sides and one flow is what others take: what is sent again comes later. */
  isTimely(a: number, b: number): boolean {
    const t = this.#timeline;
    const [inside, outside] = t.insideFirst(a, b);
    const isOutbound = this.isOutbound(inside, this.flowAt(this.slotOf(inside)));
    return this.isQuick(isOutbound, t.timeNs(outside) - t.timeNs(inside));
  }

  /** Whether a gap (outside minus inside stamp, nanoseconds) is what packets of this direction take now. */
  isQuick(isOutbound: boolean, gapNs: number): boolean {
    return (isOutbound ? gapNs : -gapNs) <= this.#kernel.limitNs(isOutbound);
  }

  /** The same where the packet may be sent again: it must not have left before it entered, either. */
  isPlausible(isOutbound: boolean, gapNs: number): boolean {
    return (isOutbound ? gapNs : -gapNs) >= -this.#kernel.time.slackNs && this.isQuick(isOutbound, gapNs);
  }

  /**
   * Adds the evidence of a POSSIBLE (or, to replace or add to translations, CONFLICT) pair that no other contends with. Returns the
   * slot of the flow once that is enough to believe in it, else NONE. One pair alone never contradicts a translation that is known, unless
   * it opens a connection.
   */
  support(inside: number, outside: number): number {
    return this.isSupported(inside, outside) ? this.learn(inside, outside) : NONE;
  }

  /** Adds that evidence. Returns whether it is enough to believe in the translation. */
  isSupported(inside: number, outside: number): boolean {
    const t = this.#timeline;
    // a pair speaks once, however often it is looked at
    if (t.twin(inside) === outside) return false;
    t.setTwin(inside, outside);
    const related = this.#kernel.relate(inside, outside);
    const relation = related & RELATION_MASK;
    const isForwardOutbound = goesOutbound(related) === (t.forward(inside) === 1);
    const candidate = candidateKey(t, inside, outside, isForwardOutbound);
    // counters that agree once in a direction agree again: of further packets only the time is news, and what they carry
    const spoken = halfOf(candidate, t.forward(inside));
    const timeNs = Math.max(t.timeNs(inside), t.timeNs(outside));
    const gathered = this.#candidates.get(candidate);
    const before =
      gathered !== undefined && this.#hasPairedSince(t.way(outside), gathered.timeNs) ? undefined : gathered;
    const bits = (before?.bits ?? 0) + this.#kernel.weigh(inside, outside, this.#spoken.has(spoken));
    this.#spoken.add(spoken);
    // a bit that was flipped on its way makes one packet look like another flow's, whatever its numbers say; what opens one may differ
    const isContradicting = relation === CONFLICT && !isOpening(t.tcpFlags(inside));
    const isHeard = !isContradicting || before !== undefined;
    if (isHeard && bits >= (relation === CONFLICT ? REPLACE_BITS : LEARN_BITS)) {
      this.#forget(candidate);
      return true;
    }
    this.#candidates.set(candidate, { bits, timeNs });
    keepNewest(this.#candidates, MOST_CANDIDATES, (oldest) => this.#forget(oldest));
    this.#tuples.set(t.tuple(inside), HAS_EVIDENCE, true);
    return false;
  }

  /**
   * Whether a pair has crossed since by the translation that an outside way is known to have. It stands for one inside tuple at a time: what other
   * ones say that are close to it by chance does not add up.
   */
  #hasPairedSince(outsideWay: number, timeNs: number): boolean {
    // of a direction that no pair has proved, what is known is taken from the other one
    return this.#tuples.isProved(outsideWay) && this.accounts.lastNs(this.#tuples.flow(outsideWay)) > timeNs;
  }

  /** Believes in the translation of a pair that the router altered, and that has no key that `support` could weigh; returns its slot. */
  learnAcross(inside: number, outside: number): number {
    this.#kernel.relate(inside, outside, true);
    return this.learn(inside, outside);
  }

  /** Believes in the translation of the pair that was related last; returns its slot. */
  learn(inside: number, outside: number): number {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const outsideWay = t.way(outside);
    const known = tuples.isProved(outsideWay) ? tuples.flow(outsideWay) : NONE;
    // an outside tuple stands for one inside tuple at a time; an inside one may have several translations
    if (known !== NONE && this.accounts.insideTuple(known) !== t.tuple(inside)) this.retire(known);
    const before = tuples.flow(t.way(inside));
    const slot = this.#kernel.learn(inside, outside);
    if (before !== NONE && before !== slot) this.onReplaced(before, inside);
    return slot;
  }

  /** Ends a flow, to be reported and freed when nothing of it is held any more. */
  retire(slot: number): void {
    this.retired.push(slot);
    this.end(slot);
  }

  /** Ends a flow: its tuples are free for other translations. Its slot is in use until it is given to `free`. */
  end(slot: number): void {
    const { accounts } = this;
    accounts.retire(slot);
    this.#unbind(accounts.insideTuple(slot), slot);
    this.#unbind(accounts.outsideTuple(slot), slot);
  }

  /** Takes a flow away from the directions of a tuple that have no other one by now. */
  #unbind(tuple: number, slot: number): void {
    const tuples = this.#tuples;
    if (tuples.flow(wayOfTuple(tuple, 0)) === slot) tuples.unbind(wayOfTuple(tuple, 0));
    if (tuples.flow(wayOfTuple(tuple, 1)) === slot) tuples.unbind(wayOfTuple(tuple, 1));
  }

  /** Gives the slot of a retired flow back. Precondition: no pair of it is held. */
  free(slot: number): void {
    this.accounts.close(slot);
  }

  #forget(candidate: number): void {
    this.#candidates.delete(candidate);
    this.#spoken.delete(halfOf(candidate, 0));
    this.#spoken.delete(halfOf(candidate, 1));
  }

  /** Drops all evidence for translations not yet believed: tuple numbers are about to get another meaning. */
  forgetCandidates(): void {
    this.#candidates.clear();
    this.#spoken.clear();
  }
}

/** What speaks for a translation, in bits, and when it was last said, nanoseconds on the timeline. */
interface Candidate {
  readonly bits: number;
  readonly timeNs: number;
}

/** Two tuples, which of their directions belong together, and which leads out. Tuple numbers stay below 2^25: that many do not fit the memory. */
function candidateKey(t: Timeline, inside: number, outside: number, isForwardOutbound: boolean): number {
  const isFlipped = t.forward(inside) !== t.forward(outside);
  return (4 * t.tuple(inside) + (isFlipped ? 2 : 0) + (isForwardOutbound ? 1 : 0)) * 2 ** 25 + t.tuple(outside);
}

/** Whether two slots may be of one flow: NONE is that of a packet whose flow is not known. */
export function mayBeOneFlow(a: number, b: number): boolean {
  return a === b || a === NONE || b === NONE;
}
