import { halfOf } from "../halves.js";
import * as account from "./flow-records.js";
import { FIRST_SLOTS, FlowSlots } from "./flow-slots.js";
import { Flow } from "./flows.js";
import { ROOM_FLOWS, type Heap } from "../memory/heap.js";
import { RowCounts } from "./row-counts.js";
import type { Side } from "../sides.js";

/** The flows, by their slots, with what every pair asks of its flow and adds to it. As objects, ten thousands of flows were most of the memory. */
export class FlowAccounts extends FlowSlots {
  /** How many packets found no twin, by twice the slot, and 1 more outside. */
  readonly #unmatched: RowCounts;
  /** How many errors crossed that say that nobody gets what they answer, by twice the slot, and 1 more of outbound ones. */
  readonly #unreachable: RowCounts;
  /** When packets contradicted the translation of a flow that is contradicted, nanoseconds on the timeline. */
  readonly #contradictedNs = new Map<number, number>();
  /** By slot, of those with pairs of ICMP errors: the stamp of the last. */
  readonly #lastErrors = new Map<number, number>();

  /** As `FlowSlots` has them. */
  constructor(heap: Heap, slots: number = FIRST_SLOTS, unitNs: number = 1) {
    super(heap, slots, unitNs);
    this.#unmatched = new RowCounts(heap, 2 * slots, 2 * ROOM_FLOWS);
    this.#unreachable = new RowCounts(heap, 2 * slots, 2 * ROOM_FLOWS);
  }

  override close(slot: number): void {
    this.#lastErrors.delete(slot);
    super.close(slot);
  }

  protected override grow(): void {
    super.grow();
    this.#unmatched.grow();
    this.#unreachable.grow();
  }

  /** The flow in a slot, as it was taken. */
  flow(slot: number): Flow {
    return new Flow(
      this.id(slot),
      slot,
      this.insideTuple(slot),
      this.outsideTuple(slot),
      this.isFlipped(slot),
      this.isOutbound(slot, 1),
      this.rewrite(slot, 1),
      this.rewrite(slot, 0),
    );
  }

  insideTuple(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.INSIDE_TUPLE];
  }

  outsideTuple(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.OUTSIDE_TUPLE];
  }

  /** REWRITE_… bits of packets that are `forward` on the inside, or of the others. */
  rewrite(slot: number, forward: number): number {
    return account.rewriteOf(this.bits(slot), forward);
  }

  /** Notes that its tuples are free for other flows. */
  retire(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.IS_RETIRED;
  }

  /** What is so of it: for `forwardOn` and `outboundFor`. */
  bits(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.BITS];
  }

  /** Whether who opened the conversation did not begin this translation: see IS_TAKEN_UP. */
  isTakenUp(slot: number): boolean {
    return (this.bits(slot) & account.IS_TAKEN_UP) !== 0;
  }

  isFlipped(slot: number): boolean {
    return (this.bits(slot) & account.IS_FLIPPED) !== 0;
  }

  /** Whether a packet of the inside tuple, `forward` or not, travels from inside to outside. */
  isOutbound(slot: number, forward: number): boolean {
    return account.outboundFor(this.bits(slot), forward) === 1;
  }

  /** Notes that TCP segments of a flow are cut on their way. */
  noteCut(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_CUT_SEGMENTS;
  }

  hasCutSegments(slot: number): boolean {
    return (this.records[(slot << account.RECORD_BITS) + account.BITS] & account.HAS_CUT_SEGMENTS) !== 0;
  }

  /** Lets the records of the flow's packets stay on the timeline, from the next pair on, unless it is cut: they may be looked at again. */
  watch(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] = account.watchedBits(this.bits(slot));
  }

  /** Notes that packets of that time contradict the flow's translation: until a later one confirms it, it is no reason to prefer it to another one. */
  contradict(slot: number, atNs: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.IS_CONTRADICTED;
    this.#contradictedNs.set(slot, Math.max(atNs, this.#contradictedNs.get(slot) ?? atNs));
  }

  /** Notes a pair that nothing but the flow's translation explains, by its inside stamp. */
  confirm(slot: number, pairNs: number): void {
    if (!this.#has(slot, account.IS_CONTRADICTED) || pairNs <= this.#contradictedNs.get(slot)!) return;
    this.records[(slot << account.RECORD_BITS) + account.BITS] &= ~account.IS_CONTRADICTED;
    this.#contradictedNs.delete(slot);
  }

  /** How many packets that it has on a side found no twin. */
  unmatched(slot: number, side: Side): number {
    return this.#has(slot, account.HAS_UNMATCHED << side) ? this.#unmatched.of(halfOf(slot, side)) : 0;
  }

  noteUnmatched(slot: number, side: Side): void {
    this.#unmatched.set(halfOf(slot, side), this.unmatched(slot, side) + 1);
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_UNMATCHED << side;
  }

  /** How many of its pairs that went that way are errors which say that nobody gets what they answer. */
  unreachable(slot: number, isOutbound: boolean): number {
    const outbound = isOutbound ? 1 : 0;
    return this.#has(slot, account.HAS_UNREACHABLE << outbound) ? this.#unreachable.of(halfOf(slot, outbound)) : 0;
  }

  noteUnreachable(slot: number, isOutbound: boolean): void {
    const outbound = isOutbound ? 1 : 0;
    this.#unreachable.set(halfOf(slot, outbound), this.unreachable(slot, isOutbound) + 1);
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_UNREACHABLE << outbound;
  }

  /** IP bytes of its pairs, as long as they are inside. */
  bytes(slot: number): number {
    return this.steps.bytesOf(this.block, slot);
  }

  addBytes(slot: number, bytes: number): void {
    this.steps.addBytesOf(this.block, slot, bytes);
  }

  /** The frames of its first pair, inside and outside; 0 where it had none. */
  firstFrames(slot: number): [number, number] {
    const at = (slot << account.RECORD_BITS) + account.FIRST_FRAMES;
    return [this.records[at], this.records[at + 1]];
  }

  /** The highest TCP acknowledgement that crossed in packets that are `forward` on the inside, or in the others; 0 where none did. */
  acked(slot: number, forward: number): number {
    return this.steps.streamWord(this.block, slot, forward, account.ACKED);
  }

  /** The number of the first byte, or SYN, that crossed that way, where all that followed it did as well; undefined where some did not. */
  firstSeq(slot: number, forward: number): number | undefined {
    const seq = this.steps.firstSeq(this.block, slot, forward);
    return seq < 0 ? undefined : seq;
  }

  /** The number behind the highest byte, or SYN, that crossed that way; 0 where none did. */
  nextSeq(slot: number, forward: number): number {
    return this.steps.streamWord(this.block, slot, forward, account.NEXT_SEQ);
  }

  #has(slot: number, bit: number): boolean {
    return (this.records[(slot << account.RECORD_BITS) + account.BITS] & bit) !== 0;
  }

  /** Whether a SYN crossed that way, or an acknowledgement. */
  hasBegun(slot: number, forward: number): boolean {
    return (this.bits(slot) & (account.HAS_BEGUN << forward)) !== 0;
  }

  /** Whether acknowledgements crossed that way which show that what they acknowledge did not come from nowhere: a SYN before, or more of them. */
  hasProgress(slot: number, forward: number): boolean {
    return (this.bits(slot) & (account.HAS_PROGRESS << forward)) !== 0;
  }

  /** Stamp of the first pair, nanoseconds on the timeline; Infinity before it. */
  firstNs(slot: number): number {
    return this.doubles[(slot << (account.RECORD_BITS - 1)) + account.FIRST_NS];
  }

  /** Stamp of the last pair, nanoseconds on the timeline; -Infinity before the first. */
  lastNs(slot: number): number {
    return Math.max(this.usedNs(slot), this.#lastErrors.get(slot) ?? Number.NEGATIVE_INFINITY);
  }

  /**
   * Stamp of the last pair that kept the host from forgetting the translation, which ICMP errors do not (Linux: nf_conntrack_core.c, nf_conntrack_in);
   * -Infinity before the first.
   */
  usedNs(slot: number): number {
    return this.doubles[(slot << (account.RECORD_BITS - 1)) + account.USED_NS];
  }

  /** Notes a pair of ICMP errors. */
  noteError(slot: number, pairNs: number): void {
    if (pairNs > this.lastNs(slot)) this.#lastErrors.set(slot, pairNs);
  }

  /** Notes a paired TCP segment. Returns whether it is a retransmission, which a keep-alive is not. Precondition: its header was there. */
  noteSegment(slot: number, forward: number, seq: number, bytes: number, tcpFlags: number): boolean {
    this.reserve(1);
    return this.steps.noteSegment(this.block, slot, forward, seq, bytes, tcpFlags) !== 0;
  }
}
