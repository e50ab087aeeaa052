import type { Flow } from "../../packets/flows/flows.js";
import { keepNewest } from "../../packets/memory/keep-newest.js";
import {
  ALTERED_ACK,
  ALTERED_PAYLOAD,
  ALTERED_SEQ,
  BY_FLOW,
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
} from "../../packets/results/evidence.js";
import { INSIDE } from "../../packets/sides.js";
import { SweptIndex } from "../../packets/memory/swept-index.js";
import { GONE, WAITING } from "../../packets/fates.js";
import { NONE } from "../../packets/tuples.js";
import { TCP } from "../../protocols/ip-protocols.js";
import { ACK } from "../../protocols/tcp.js";
import { KNOWN } from "../kernel/relations.js";
import { WANTS_LEAVER } from "../kernel/wants.js";
import { firstBehind } from "./behind.js";
import { mixed } from "../../packets/content.js";
import type { About, Matcher } from "./contract.js";
import type { Undecided } from "./undecided.js";

/** Flows whose shifts are remembered at the most; the oldest go first. */
const MOST_SHIFTED = 4096;

const SAME_NUMBERS = EVIDENCE_IP_ID | EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK | EVIDENCE_FLOW;

/**
 * By how much a direction's numbers grow on their way through: `before` up to the segment last changed, at `position` in
 * its sender's numbers, `after` behind it. The kernel keeps no more either (nf_conntrack_seqadj.c, struct nf_ct_seqadj).
 */
interface Shift {
  readonly position: number;
  readonly before: number;
  readonly after: number;
}

/** Shifts of a flow's packets that are forward on the inside, and of the others. */
interface Shifts {
  forward: Shift;
  backward: Shift;
}

const UNSHIFTED: Shift = { position: 0, before: 0, after: 0 };

/**
 * Pairs TCP segments whose numbers a helper shifts: nf_nat_ftp and its like write other addresses into a command, and where
 * that changes its length, all later sequence numbers of that direction differ by it, and the other's acknowledgements.
 *
 * Only within a known translation and by IP ID. A shift is learnt from the changed segment (same ID and numbers, another
 * length) if a later packet confirms it: with offload the first piece of a segment looks like a changed one.
 */
export class ShiftedSegments implements Matcher {
  readonly wants = WANTS_LEAVER;
  readonly #about: About;
  /** By the flow's id. */
  readonly #shifts = new Map<number, Shifts>();
  /** Packets that came out of the NAT and found no twin at once, by flow and IP ID: in most captures, hardly any. */
  readonly #left: SweptIndex;

  constructor(about: About) {
    this.#about = about;
    this.#left = new SweptIndex(about.heap, (row) => this.#about.timeline.isWaiting(row));
  }

  /** Takes a segment that came out of the NAT and found no twin when it came. */
  admit(row: number): void {
    const t = this.#about.timeline;
    const slot = this.#about.translations.slotOf(row);
    // whether it was changed, the packets behind it tell
    this.#about.translations.accounts.watch(slot);
    this.#left.add(mixed(slot, t.ipId(row)), row);
  }

  /** Whether there is a packet that `settle` might find to be this one's twin. */
  mayPair(row: number): boolean {
    const slot = this.#slotOf(row);
    return slot !== NONE && this.#leftFor(row, slot, this.#about.translations.flowAt(slot)).length > 0;
  }

  /** Pairs a packet that waited in vain for an equal one, if the shift of its flow makes another one its twin. */
  settle(row: number): Undecided | null {
    const slot = this.#slotOf(row);
    if (slot === NONE) return null;
    const flow = this.#about.translations.flowAt(slot);
    const left = this.#onlyLeft(row, slot, flow);
    if (left === NONE) return null;
    const shifts = this.#shifts.get(flow.id) ?? { forward: UNSHIFTED, backward: UNSHIFTED };
    if (this.#isTwin(row, left, flow, shifts)) {
      this.#pair(row, left, slot, SAME_NUMBERS | EVIDENCE_LENGTH);
      return null;
    }
    const changed = this.#withChange(row, left, slot, flow, shifts);
    if (changed === null) return null;
    this.#shifts.set(flow.id, changed);
    keepNewest(this.#shifts, MOST_SHIFTED);
    this.#pair(row, left, slot, SAME_NUMBERS);
    return null;
  }

  /** Whether one of two segments of a flow has the numbers that the shifts there make of the other's. */
  mayHaveBecome(entered: number, left: number): boolean {
    const { timeline: t, translations } = this.#about;
    const slot = translations.slotOf(entered);
    if (slot === NONE || t.payloadLength(entered) !== t.payloadLength(left)) return false;
    const flow = translations.flowAt(slot);
    const shifts = this.#shifts.get(flow.id);
    return shifts !== undefined && this.#hasNumbers(entered, left, flow, shifts);
  }

  #pair(entered: number, left: number, slot: number, evidence: number): void {
    const t = this.#about.timeline;
    const isOtherPayload = t.payloadLength(entered) !== t.payloadLength(left) || t.head(entered) !== t.head(left);
    const altered =
      (t.seq(entered) === t.seq(left) ? 0 : ALTERED_SEQ) |
      (t.ack(entered) === t.ack(left) ? 0 : ALTERED_ACK) |
      (isOtherPayload ? ALTERED_PAYLOAD : 0);
    this.#about.pairing.pairGroup([entered], [left], slot, BY_FLOW, evidence, altered);
  }

  /** The flow of a TCP segment, or NONE where it has none, or no segment has come out that found no twin. */
  #slotOf(row: number): number {
    return this.#about.timeline.proto(row) === TCP && this.#left.size > 0 ? this.#about.translations.slotOf(row) : NONE;
  }

  /** The packets of this flow, direction and IP ID that wait where this one should come out. */
  #leftFor(entered: number, slot: number, flow: Flow): number[] {
    const t = this.#about.timeline;
    const { translations } = this.#about;
    const isForward = translations.isForward(entered, flow);
    const isTheirs = (row: number): boolean =>
      t.sideOf(row) !== t.sideOf(entered) &&
      t.ipId(row) === t.ipId(entered) &&
      translations.slotOf(row) === slot &&
      translations.isForward(row, flow) === isForward;
    return this.#left.of(mixed(slot, t.ipId(entered))).filter(isTheirs);
  }

  /** The one of those that there is, if it is the only one; or NONE. */
  #onlyLeft(entered: number, slot: number, flow: Flow): number {
    const waiting = this.#leftFor(entered, slot, flow);
    if (waiting.length !== 1) return NONE;
    return this.#about.translations.relation(entered, waiting[0]) === KNOWN ? waiting[0] : NONE;
  }

  /** Whether `left` is what the shifts make of `entered`. */
  #isTwin(entered: number, left: number, flow: Flow, shifts: Shifts): boolean {
    const t = this.#about.timeline;
    return (
      this.#hasNumbers(entered, left, flow, shifts) &&
      t.payloadLength(entered) === t.payloadLength(left) &&
      t.head(entered) === t.head(left) &&
      // with neither number shifted, the keys would be equal if they were twins
      (t.seq(entered) !== t.seq(left) || t.ack(entered) !== t.ack(left))
    );
  }

  /**
   * The shifts there are behind `entered`, if it is a segment that a helper changed into `left`: those there were where it
   * is the one last changed, sent again. Null where it is not certain.
   */
  #withChange(entered: number, left: number, slot: number, flow: Flow, shifts: Shifts): Shifts | null {
    const t = this.#about.timeline;
    const grown = t.payloadLength(left) - t.payloadLength(entered);
    if (grown === 0 || t.payloadLength(entered) === 0 || t.payloadLength(left) === 0) return null;
    if (!this.#hasNumbers(entered, left, flow, shifts)) return null;
    const isForward = this.#about.translations.isForward(entered, flow);
    const { position, before, after } = isForward ? shifts.forward : shifts.backward;
    const isLast = before !== after && t.seq(entered) === position;
    if (isLast) return grown === after - before ? shifts : null;
    if (before !== after && !isBehind(t.seq(entered), position)) return null;
    const shift = { position: t.seq(entered), before: after, after: after + grown };
    const changed = isForward ? { ...shifts, forward: shift } : { ...shifts, backward: shift };
    return this.#isConfirmed(entered, isForward, slot, flow, changed) ? changed : null;
  }

  /** Whether a later packet has numbers that were shifted just so: its own behind the change, or what it acknowledges. */
  #isConfirmed(entered: number, isForward: boolean, slot: number, flow: Flow, shifts: Shifts): boolean {
    const t = this.#about.timeline;
    const { position, before } = isForward ? shifts.forward : shifts.backward;
    const confirms = (later: number): boolean => {
      if (!t.isKnown(later) || t.proto(later) !== TCP || this.#about.translations.slotOf(later) !== slot) return false;
      const isSameWay = this.#about.translations.isForward(later, flow) === isForward;
      if (!isBehind(isSameWay ? t.seq(later) : t.ack(later) - before, position)) return false;
      if (t.state(later) === WAITING) {
        const left = this.#onlyLeft(later, slot, flow);
        return left !== NONE && left !== later && this.#isTwin(later, left, flow, shifts);
      }
      if (!t.isPaired(later) || !t.isHeld(t.twin(later))) return false;
      // changes that add up to nothing leave the numbers as they were, and the keys equal
      const isEntry =
        flow.isOutbound(this.#about.translations.isForward(later, flow) ? 1 : 0) === (t.side(later) === INSIDE);
      return isEntry && this.#hasNumbers(later, t.twin(later), flow, shifts);
    };
    return firstBehind(t, entered, GONE, confirms) !== NONE;
  }

  /** Whether both have the same flags, and numbers that differ by the shifts (nf_ct_seq_adjust). */
  #hasNumbers(entered: number, left: number, flow: Flow, { forward, backward }: Shifts): boolean {
    const t = this.#about.timeline;
    const [own, other] = this.#about.translations.isForward(entered, flow) ? [forward, backward] : [backward, forward];
    const seqShift = isBehind(t.seq(entered), own.position) ? own.after : own.before;
    const ackShift = isBehind(t.ack(entered) - other.before, other.position) ? other.after : other.before;
    return (
      t.tcpFlags(entered) === t.tcpFlags(left) &&
      ((t.seq(left) - t.seq(entered)) | 0) === seqShift &&
      ((t.tcpFlags(entered) & ACK) === 0 || ((t.ack(entered) - t.ack(left)) | 0) === ackShift)
    );
  }
}

/** Whether a sequence number is behind another one (they wrap). */
function isBehind(seq: number, position: number): boolean {
  return ((seq - position) | 0) > 0;
}
