import { FlowAccounts } from "../packets/flow-accounts.js";
import { Flow, REWRITE_DST, REWRITE_SRC } from "../packets/flows.js";
import type { Heap } from "../packets/heap.js";
import { LatencyDigest, type LatencyRange } from "../packets/latency.js";
import { HAS_IP_ID, HAS_TCP_NUMBERS, TCP } from "../packets/packets.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Clock } from "./clock.js";
import { headerBits, isTranslatable, rewriteBetween, timingBits } from "./weighing.js";

/** How two packets with equal keys stand to each other. Ordered: a greater one is the stronger claim. */
export const IMPOSSIBLE = 0;
/** At least one of them has another translation: twins only if that translation has ended. */
export const CONFLICT = 1;
/** Neither has a known translation, and a NAT could have made one of the other. */
export const POSSIBLE = 2;
/** A known translation makes one of the other. */
export const KNOWN = 3;

/**
 * Evidence it takes to believe in a translation never seen before, in bits: how unlikely it is that two unrelated packets
 * look like twins. TCP numbers alone suffice; so do a unique IP ID, a lowered TTL and a latency of microseconds together.
 */
export const LEARN_BITS = 30;
/** Less is enough once that many certain pairs prove that the captures belong together. */
export const LEARN_BITS_RELATED = 20;
export const RELATED_PAIRS = 8;
/** Replacing a translation that is in use takes more: TCP numbers, or several packets. */
const REPLACE_BITS = 46;

/** Pairs a flow needs before its latencies bound what is expected of the next packet … */
const ENVELOPE_PAIRS = 8;
/** … and how many of any flow bound it for all. */
const ENVELOPE_ALL_PAIRS = 32;
/** Where several packets contend, bounds lie this many spreads (max - min) outside what the flow has seen. */
const CONTENDED_SPREADS = 8;
/** Bounds lie at least this far outside, nanoseconds: scheduling and interrupt moderation. */
const ENVELOPE_SLACK_NS = 200_000;

/** Where several contend, one is out that would have taken more than this many times the 99th percentile of all. */
const QUICK_P99S = 8;

/** A latency this many times the 99th percentile of all is still plausible … */
const PLAUSIBLE_P99S = 16;
/** … and any below this, nanoseconds. Retransmissions follow after a round trip at least. */
const PLAUSIBLE_LEAST_NS = 5_000_000;

/** Bits of a packet's flags that say whether it has an IP ID (HAS_IP_ID), and in which IP version (IS_IPV6) … */
export const IDENTITY = 0x41;
/** … and how many bits it takes to hold those. */
export const INTACT_BITS = 7;

/** Translations tried and not yet believed that are remembered at the most; the oldest go first. */
const MOST_CANDIDATES = 65_536;

/** The translations learnt so far, and how two packets with equal keys stand to each other by them. */
export class Translations {
  /** The flows; `TupleTable.flow` and `Timeline.flow` hold their slots. */
  readonly accounts: FlowAccounts;
  learnt = 0;
  /** Whether a TCP segment was seen that is cut on its way, or was before. */
  hasCuts = false;
  /** Latencies of all pairs: what is expected of a flow that has few of its own. */
  readonly outbound: LatencyDigest;
  readonly inbound: LatencyDigest;
  /** How many pairs had equal keys: at outbound << INTACT_BITS | (flags & IDENTITY). */
  readonly intact: Int32Array;
  /** Slots of flows that have ended and are still to be reported and freed. */
  retired: number[] = [];
  /** Slots of flows that were freed; the last one is the next to be used. */
  freeSlots: Int32Array;
  freeCount = 0;
  /** Those of them that somebody has asked for. */
  readonly #flows: (Flow | undefined)[] = [];
  readonly #heap: Heap;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #clock: Clock;
  readonly #windowNs: number;
  /** Bits gathered for translations not yet believed, by `candidateKey`. */
  readonly #candidates = new Map<number, number>();

  constructor(heap: Heap, timeline: Timeline, tuples: TupleTable, clock: Clock, windowNs: number) {
    this.#heap = heap;
    this.accounts = new FlowAccounts(heap);
    this.freeSlots = heap.take(Int32Array, 64);
    this.intact = heap.take(Int32Array, 2 << INTACT_BITS);
    this.outbound = new LatencyDigest(heap);
    this.inbound = new LatencyDigest(heap);
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#clock = clock;
    this.#windowNs = windowNs;
  }

  /** How many pairs over IPv4 had an IP ID and equal keys. */
  get intactWithId(): number {
    return this.intact[HAS_IP_ID] + this.intact[(1 << INTACT_BITS) | HAS_IP_ID];
  }

  /** The relation of two packets with equal keys: IMPOSSIBLE, CONFLICT, POSSIBLE or KNOWN. */
  relation(inside: number, outside: number): number {
    const t = this.#timeline;
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    if (gapNs > this.#windowNs || gapNs < -this.#windowNs) return IMPOSSIBLE;
    const insideWay = t.way(inside);
    const outsideWay = t.way(outside);
    const slot = this.#tuples.flow(insideWay);
    // a sender gives every packet an ID of its own, or 0 to all: those without may be sent again byte for byte
    const isRepeatable = (t.flags(inside) & HAS_IP_ID) === 0;
    if (slot !== NONE && slot === this.#tuples.flow(outsideWay)) {
      if (isOneWay(insideWay, outsideWay) === this.accounts.isFlipped(slot)) return IMPOSSIBLE;
      if (!isRepeatable) return KNOWN;
      return this.#mayTake(inside, this.accounts.isOutbound(slot, insideWay & 1), gapNs) ? KNOWN : IMPOSSIBLE;
    }
    if (!isTranslatable(t, this.#tuples, inside, outside)) return IMPOSSIBLE;
    if (isRepeatable) {
      const lowered = t.ttl(inside) - t.ttl(outside);
      // with neither an ID nor TCP numbers, only a packet that was seen to be forwarded is a candidate at all
      if (lowered === 0 && (t.flags(inside) & HAS_TCP_NUMBERS) === 0) return IMPOSSIBLE;
      if (lowered !== 0 && !this.#mayTake(inside, lowered > 0, gapNs)) return IMPOSSIBLE;
    }
    return this.#tuples.isProved(insideWay) || this.#tuples.isProved(outsideWay) ? CONFLICT : POSSIBLE;
  }

  /** The flow in a slot that is in use: the same object as long as it is. */
  flowAt(slot: number): Flow {
    // without holes: V8 takes longer to read an array that has some
    while (this.#flows.length <= slot) this.#flows.push(undefined);
    return (this.#flows[slot] ??= this.accounts.flow(slot));
  }

  /** Slot of the flow that a packet belongs to, or NONE. */
  slotOf(row: number): number {
    const t = this.#timeline;
    return this.#tuples.flow(t.way(row));
  }

  /** Whether the packet once in this row waits for its twin, and belongs to the flow in this slot. */
  isWaitingIn(row: number, slot: number): boolean {
    return this.#timeline.isWaiting(row) && this.slotOf(row) === slot;
  }

  /** Whether a packet of a flow is `forward` on the inside, or its twin would be. */
  isForward(row: number, flow: Flow): boolean {
    const t = this.#timeline;
    return (t.forward(row) === 1) !== (t.sideOf(row) === OUTSIDE && flow.isFlipped);
  }

  /** Whether a packet of a flow travels from inside to outside. */
  isOutbound(row: number, flow: Flow): boolean {
    return flow.isOutbound(this.isForward(row, flow) ? 1 : 0);
  }

  /** Whether a packet of the flow in this slot is on the side where it comes out of the NAT. */
  isLeaving(row: number, slot: number): boolean {
    const t = this.#timeline;
    if (t.side(row) === INSIDE) return !this.accounts.isOutbound(slot, t.forward(row));
    return this.accounts.isOutbound(slot, this.accounts.isFlipped(slot) ? 1 - t.forward(row) : t.forward(row));
  }

  /**
   * Whether a gap (outside minus inside stamp, nanoseconds) is what the latencies of the flow in this slot suggest: what
   * chooses where several packets contend. True while the flow has too few pairs to tell.
   */
  isUsual(slot: number, isOutbound: boolean, gapNs: number): boolean {
    if (this.accounts.pairsThatWent(slot, isOutbound) < ENVELOPE_PAIRS) return true;
    return isWithin(this.accounts.latencyRange(slot, isOutbound), isOutbound ? gapNs : -gapNs, CONTENDED_SPREADS);
  }

  /**
   * Whether a gap (outside minus inside stamp, nanoseconds) is what all pairs so far suggest: what chooses
   * where several packets contend and their flow tells nothing. True while there are too few pairs to tell.
   */
  isQuick(isOutbound: boolean, gapNs: number): boolean {
    if (!this.#hasHistory(isOutbound)) return true;
    const all = isOutbound ? this.outbound : this.inbound;
    const latencyNs = isOutbound ? gapNs : -gapNs;
    return latencyNs >= -ENVELOPE_SLACK_NS && latencyNs <= QUICK_P99S * all.p99Ns + ENVELOPE_SLACK_NS;
  }

  /** Whether enough pairs have gone that way to tell what is usual. */
  #hasHistory(isOutbound: boolean): boolean {
    return (isOutbound ? this.outbound : this.inbound).count >= ENVELOPE_ALL_PAIRS;
  }

  /**
   * Whether this can be the latency of any packet, by all pairs so far: what keeps a packet that was lost from being taken
   * for the cause of its own retransmission. True while there are too few pairs to tell.
   */
  isPlausible(isOutbound: boolean, latencyNs: number): boolean {
    if (!this.#isCausal(latencyNs)) return false;
    if (!this.#hasHistory(isOutbound)) return true;
    const all = isOutbound ? this.outbound : this.inbound;
    return latencyNs <= PLAUSIBLE_LEAST_NS || latencyNs <= PLAUSIBLE_P99S * all.p99Ns;
  }

  /**
   * Up to this latency, and from 0 on, that is certain without a look at other pairs, of a packet that may be sent again: as
   * `relation` asks it, with exact clocks. -Infinity where it is never certain.
   */
  get surelyInTimeNs(): number {
    return !this.hasCuts && this.#clock.isExact ? PLAUSIBLE_LEAST_NS : Number.NEGATIVE_INFINITY;
  }

  /**
   * Whether a packet that may be sent again can have been on its way so long. Where segments are cut, one that was lost may
   * equal a piece of what was sent again, and no other packet tells: then it must be as quick as others are.
   */
  #mayTake(inside: number, isOutbound: boolean, gapNs: number): boolean {
    const t = this.#timeline;
    const latencyNs = isOutbound ? gapNs : -gapNs;
    if (!this.isPlausible(isOutbound, latencyNs)) return false;
    const mayBePiece = this.hasCuts && t.proto(inside) === TCP && t.payloadLength(inside) > 0 && this.#clock.isTrusted;
    return (
      !mayBePiece || latencyNs <= ENVELOPE_SLACK_NS || (this.#hasHistory(isOutbound) && this.isQuick(isOutbound, gapNs))
    );
  }

  /**
   * Adds the evidence of a POSSIBLE (or, to replace old translations, CONFLICT) pair whose key is unique. Returns the
   * slot of the flow once that is enough to believe in it, else NONE.
   */
  support(inside: number, outside: number, isReplacing: boolean): number {
    const t = this.#timeline;
    // a pair speaks once, however often it is looked at
    if (t.twin(inside) === outside) return NONE;
    t.setTwin(inside, outside);
    const candidate = candidateKey(t.tuple(inside), t.tuple(outside), !isOneWay(t.way(inside), t.way(outside)));
    // counters and payloads that agree once agree again: of further packets only the time is news
    const before = this.#candidates.get(candidate);
    const timing = timingBits(t.timeNs(outside) - t.timeNs(inside));
    const bits = timing + (before ?? headerBits(t, this.#tuples, inside, outside));
    const areRelated = this.outbound.count + this.inbound.count >= RELATED_PAIRS;
    if (bits >= (isReplacing ? REPLACE_BITS : areRelated ? LEARN_BITS_RELATED : LEARN_BITS)) {
      this.#candidates.delete(candidate);
      return this.#learn(inside, outside);
    }
    if (this.#candidates.size >= MOST_CANDIDATES) {
      for (const oldest of this.#candidates.keys()) {
        this.#candidates.delete(oldest);
        break;
      }
    }
    this.#candidates.set(candidate, bits);
    this.#tuples.suggest(t.tuple(inside));
    return NONE;
  }

  /** Believes in the translation of a pair across IP versions, which has no key that `support` could weigh; returns its slot. */
  learnAcross(inside: number, outside: number): number {
    return this.#learn(inside, outside);
  }

  /** Ends a flow: its tuples are free for other translations. Its slot is in use until it is given to `free`. */
  retire(slot: number): void {
    const { accounts } = this;
    this.retired.push(slot);
    accounts.retire(slot);
    this.#unbind(accounts.insideTuple(slot), slot);
    this.#unbind(accounts.outsideTuple(slot), slot);
  }

  /** Takes a flow away from the directions of a tuple that have no other one by now. */
  #unbind(tuple: number, slot: number): void {
    const tuples = this.#tuples;
    if (tuples.flow(2 * tuple) === slot) tuples.unbind(2 * tuple);
    if (tuples.flow(2 * tuple + 1) === slot) tuples.unbind(2 * tuple + 1);
  }

  /** Notes that a pair proves its packets' translation in their direction. */
  prove(inside: number, outside: number): void {
    const t = this.#timeline;
    this.#tuples.prove(t.way(inside));
    this.#tuples.prove(t.way(outside));
  }

  /** Gives the slot of a retired flow back. Precondition: no pair of it is held. */
  free(slot: number): void {
    if (slot < this.#flows.length) this.#flows[slot] = undefined;
    this.accounts.close(slot);
    this.freeSlots[this.freeCount++] = slot;
  }

  /** Drops all evidence for translations not yet believed: tuple numbers are about to get another meaning. */
  forgetCandidates(): void {
    this.#candidates.clear();
  }

  #isCausal(latencyNs: number): boolean {
    return !this.#clock.isTrusted || latencyNs >= -this.#clock.slackNs;
  }

  /** Makes room for so many flows more: until they are learnt, `freeSlots` and the accounts' records stay what they are. */
  reserve(flows: number): void {
    const slots = this.accounts.end + flows;
    this.accounts.reserve(slots);
    while (slots > this.freeSlots.length) this.freeSlots = this.#heap.doubled(Int32Array, this.freeSlots);
  }

  #learn(inside: number, outside: number): number {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const [insideWay, outsideWay] = [t.way(inside), t.way(outside)];
    const [insideTuple, outsideTuple] = [insideWay >> 1, outsideWay >> 1];
    const isForward = (insideWay & 1) === 1;
    const isFlipped = !isOneWay(insideWay, outsideWay);
    const rewriteForward = rewriteBetween(tuples, insideTuple, true, outsideTuple, !isFlipped);
    const rewriteBackward = rewriteBetween(tuples, insideTuple, false, outsideTuple, isFlipped);
    const isOutbound = this.#isOutbound(inside, outside, isForward ? rewriteForward : rewriteBackward);
    this.reserve(1);
    const slot = this.freeCount > 0 ? this.freeSlots[--this.freeCount] : this.accounts.end;
    if (tuples.isProved(insideWay)) this.retire(tuples.flow(insideWay));
    if (tuples.isProved(outsideWay)) this.retire(tuples.flow(outsideWay));
    const isForwardOutbound = isOutbound === isForward;
    const bits = this.accounts.open(
      new Flow(
        ++this.learnt,
        slot,
        insideTuple,
        outsideTuple,
        isFlipped,
        isForwardOutbound,
        rewriteForward,
        rewriteBackward,
      ),
    );
    tuples.bind(insideWay, slot, bits);
    tuples.bind(outsideWay, slot, bits);
    // the other direction is taken to be the reverse of this one, until a pair shows otherwise
    if (!tuples.isProved(insideWay ^ 1) && !tuples.isProved(outsideWay ^ 1)) {
      tuples.bind(insideWay ^ 1, slot, bits);
      tuples.bind(outsideWay ^ 1, slot, bits);
    }
    return slot;
  }

  /** Forwarding lowers the TTL, so the lower one is the later; else the rewritten end is the inside one; else the stamps tell. */
  #isOutbound(i: number, o: number, rewrite: number): boolean {
    const t = this.#timeline;
    const lowered = t.ttl(i) - t.ttl(o);
    if (lowered !== 0) return lowered > 0;
    const isSourceRewritten = (rewrite & REWRITE_SRC) !== 0;
    const isDestinationRewritten = (rewrite & REWRITE_DST) !== 0;
    if (isSourceRewritten !== isDestinationRewritten) return isSourceRewritten;
    return t.timeNs(i) <= t.timeNs(o);
  }
}

/** Whether two packets go the same way in their tuples: both from A to B, or both from B to A. */
function isOneWay(way: number, other: number): boolean {
  return ((way ^ other) & 1) === 0;
}

function isWithin(seen: LatencyRange, latencyNs: number, spreads: number): boolean {
  const marginNs = spreads * (seen.maxNs - seen.minNs) + ENVELOPE_SLACK_NS;
  return latencyNs >= seen.minNs - marginNs && latencyNs <= seen.maxNs + marginNs;
}

/** Tuple numbers stay below 2^26: that many conversations do not fit the memory. */
function candidateKey(insideTuple: number, outsideTuple: number, isFlipped: boolean): number {
  return (insideTuple * 2 + (isFlipped ? 1 : 0)) * 2 ** 26 + outsideTuple;
}
