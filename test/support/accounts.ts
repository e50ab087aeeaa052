import { Clock } from "../../src/correlate/clock/clock.js";
import { Buckets } from "../../src/correlate/kernel/buckets.js";
import { Kernel } from "../../src/correlate/kernel/kernel.js";
import { FlowAccounts } from "../../src/packets/flows/flow-accounts.js";
import {
  BACKWARD_OUTBOUND_BIT,
  BITS,
  FIRST_NS,
  ID,
  INSIDE_TUPLE,
  IS_FLIPPED,
  USED_NS,
  MORE_PAIRS,
  OUTSIDE_TUPLE,
  PAIRS,
  RECORD_BITS,
  rewrittenBy,
} from "../../src/packets/flows/flow-records.js";
import * as words from "../../src/packets/flows/flow-accounts-words.js";
import type { Flow } from "../../src/packets/flows/flows.js";
import type { Heap } from "../../src/packets/memory/heap.js";
import { RECORD_BITS as PACKET_BITS, TIME_NS } from "../../src/packets/records.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Timeline } from "../../src/packets/timeline.js";
import { TupleTable } from "../../src/packets/tuple-table.js";

/** Accounts of flows as a test has them, whose pairs the kernel accounts for: all of them are of two empty packets. */
export class FilledAccounts extends FlowAccounts {
  readonly #timeline: Timeline;
  readonly #kernel: Kernel;
  readonly #inside: number;
  readonly #outside: number;
  readonly #words: Int32Array;
  readonly #retransmissions = new Map<number, number>();

  constructor(heap: Heap, room?: number, unitNs?: number) {
    super(heap, room, unitNs);
    this.#words = new Int32Array(heap.memory.buffer, this.block, words.WORDS);
    const timeline = new Timeline(heap, 16);
    const packet = new Int32Array(1 << PACKET_BITS);
    this.#timeline = timeline;
    this.#inside = timeline.append(INSIDE, packet, 0, 0, 0);
    this.#outside = timeline.append(OUTSIDE, packet, 0, 0, 0);
    this.#kernel = new Kernel({
      heap,
      timeline,
      tuples: new TupleTable(heap, 16),
      buckets: new Buckets(heap, timeline),
      accounts: this,
      clock: Clock.fixed(0n, "none", 0, null),
      windowNs: 1e9,
      resolutionNs: 1,
      shiftNs: 0,
      isShowing: false,
    });
    this.#kernel.meet({ onFlow: () => undefined, onWanted: () => undefined, onOverdue: () => false });
  }

  override noteSegment(slot: number, forward: number, seq: number, bytes: number, tcpFlags: number): boolean {
    const isAgain = super.noteSegment(slot, forward, seq, bytes, tcpFlags);
    if (isAgain) this.#retransmissions.set(slot, this.retransmissions(slot) + 1);
    return isAgain;
  }

  /** How many segments of the flow in a slot were retransmissions. */
  retransmissions(slot: number): number {
    return this.#retransmissions.get(slot) ?? 0;
  }

  /** Takes a flow, without pairs so far, into its slot. Returns what `bits` has of it. */
  open(flow: Flow): number {
    const { slot } = flow;
    this.#retransmissions.delete(slot);
    this.reserve(slot + 1);
    this.#words[words.END] = Math.max(this.end, slot + 1);
    const record = this.records.subarray(slot << RECORD_BITS, (slot + 1) << RECORD_BITS).fill(0);
    const bits = (flow.isFlipped ? IS_FLIPPED : 0) | (flow.isForwardOutbound ? 0 : 1 << BACKWARD_OUTBOUND_BIT);
    record[BITS] = bits | rewrittenBy(flow.rewriteForward, flow.rewriteBackward);
    record[ID] = flow.id;
    record[INSIDE_TUPLE] = flow.insideTuple;
    record[OUTSIDE_TUPLE] = flow.outsideTuple;
    this.doubles[(slot << (RECORD_BITS - 1)) + FIRST_NS] = Number.POSITIVE_INFINITY;
    this.doubles[(slot << (RECORD_BITS - 1)) + USED_NS] = Number.NEGATIVE_INFINITY;
    return bits;
  }

  /** Has a flow that has no pairs have so many. */
  setPairs(slot: number, inbound: number, outbound: number): void {
    this.latencies.digest(slot, false, 0);
    this.records[(slot << RECORD_BITS) + PAIRS] = (outbound << 16) | (inbound & 0xffff);
    this.records[(slot << RECORD_BITS) + MORE_PAIRS] = ((outbound >>> 16) << 16) | (inbound >>> 16);
  }

  /** Adds a pair with its inside stamp and its latency in its direction of travel, whole nanoseconds. */
  add(slot: number, timeNs: number, isOutbound: boolean, latencyNs: number): void {
    const t = this.#timeline;
    t.doubles[(t.recordOf(this.#inside) >> 1) + TIME_NS] = timeNs;
    this.#kernel.account(this.#inside, this.#outside, slot, isOutbound, latencyNs, this.#inside);
  }
}
