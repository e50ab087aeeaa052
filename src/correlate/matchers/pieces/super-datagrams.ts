import { HAS_IP_ID, IS_FRAGMENT, IS_HEADLESS, IS_MISTIMED } from "../../../packets/packets.js";
import { HEAD_BYTES } from "../../../packets/records.js";
import {
  BY_COVERAGE,
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
} from "../../../packets/results/evidence.js";
import { AMBIGUOUS } from "../../../packets/fates.js";
import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { firstBehind } from "../behind.js";
import { Contents } from "../contents.js";
import { Newcomers } from "../newcomers.js";
import type { About, Doubt, Matcher } from "../contract.js";
import { goesOutbound, IMPOSSIBLE, KNOWN, RELATION_MASK } from "../../kernel/relations.js";
import { leaveUndecided, type Undecided } from "../undecided.js";

/** Pieces are looked for so long behind the first one, nanoseconds: they are sent in one go. */
const SPREAD_NS = 10_000_000;

/**
 * Pairs UDP datagrams that a host handles several at a time (UDP_SEGMENT, UDP_GRO: udp(7)) with the single ones they are on the other side: of
 * one flow, the first beginning as the whole does, all but the last of one size, and with as many bytes in all. Works on packets that
 * wait, once the window of one of them is over.
 */
export class SuperDatagrams implements Matcher {
  readonly #about: About;
  readonly #newcomers: Newcomers;
  /** What waits, by how its payload begins. */
  readonly #heads: Contents;
  /** Packets of which one of the other side may be a piece, or the whole, while nothing tells the other pieces. */
  readonly #unsolved = new Set<number>();

  constructor(about: About) {
    const { heap, timeline, windowNs } = about;
    this.#about = about;
    this.#newcomers = new Newcomers(timeline);
    this.#heads = new Contents(heap, timeline, windowNs, headOf, isAlike);
  }

  forget(row: number): void {
    this.#unsolved.delete(row);
  }

  doubtLoss(row: number): Doubt | undefined {
    if (!this.#unsolved.has(row)) return undefined;
    const other = SIDE_NAMES[otherSide(this.#about.timeline.sideOf(row))];
    const why = `${other} has what begins as it does and is longer or shorter: several datagrams in one, of which nothing tells the pieces`;
    return { reason: "may-be-pieces", why };
  }

  /** Whether there is a packet that `settle` might find to be a part of this one, or the whole. */
  mayPair(row: number): boolean {
    if (!this.#isEligible(row)) return false;
    this.#newcomers.take(this.#file);
    return this.#beginsOther(row);
  }

  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const t = this.#about.timeline;
    const { own, others, isCrowded } = this.#heads;
    const groups = others.flatMap((other) => this.#groupOf(row, other) ?? []);
    const rivals = groups.flatMap(({ other }) => own.flatMap((rival) => this.#groupOf(rival, other) ?? []));
    const [group] = groups;
    if (group === undefined) return null;
    if (groups.length + rivals.length > 1 || isCrowded) {
      const rows = [...groups, ...rivals].flatMap(({ whole, pieces }) => pieces.concat(whole));
      return leaveUndecided(t, [...new Set(rows)], "several datagrams begin alike, and either may be in these pieces");
    }
    const { whole, pieces, slot } = group;
    const hasId = (t.flags(whole) & t.flags(pieces[0]) & HAS_IP_ID) !== 0;
    const evidence = EVIDENCE_LENGTH | EVIDENCE_PAYLOAD | EVIDENCE_FLOW | (hasId ? EVIDENCE_IP_ID : 0);
    this.#about.pairing.pairGroup([whole], pieces, slot, BY_COVERAGE, evidence);
    return null;
  }

  #isEligible(row: number): boolean {
    const t = this.#about.timeline;
    return (
      t.proto(row) === UDP &&
      t.payloadLength(row) >= HEAD_BYTES &&
      t.head(row) !== 0 &&
      (t.flags(row) & (IS_FRAGMENT | IS_HEADLESS | IS_MISTIMED)) === 0
    );
  }

  readonly #file = (row: number): void => {
    if (this.#isEligible(row)) this.#heads.add(row);
  };

  /** How far the first of some pieces is from the whole at the most, nanoseconds, as `#groupOf` has it. */
  readonly #reachNs = (): number => {
    const { kernel, windowNs } = this.#about;
    return Math.min(windowNs, Math.max(kernel.time.slackNs, kernel.mostLimitNs));
  };

  /** Of two packets that begin alike, the longer one with the pieces that it is made of; null where they are not there. */
  #groupOf(row: number, other: number) {
    const t = this.#about.timeline;
    if (t.payloadLength(row) === t.payloadLength(other)) return null;
    const [whole, first] = t.payloadLength(row) > t.payloadLength(other) ? [row, other] : [other, row];
    const [inside, outside] = t.insideFirst(row, other);
    const related = this.#about.kernel.relate(inside, outside);
    const relation = related & RELATION_MASK;
    if (relation === IMPOSSIBLE) return null;
    const slot = relation === KNOWN ? this.#about.kernel.knownSlot : NONE;
    const isOutbound = goesOutbound(related);
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    if (!this.#about.translations.isPlausible(isOutbound, gapNs)) return null;
    if (!hasIdOf(t, first, whole, 0)) return null;
    const mayPair = slot !== NONE && t.isWaiting(whole) && t.isWaiting(first);
    const pieces = mayPair ? this.#piecesFrom(first, whole) : null;
    if (pieces !== null) return { other, whole, pieces, slot };
    this.#unsolved.add(whole).add(first);
    for (const each of [whole, first]) t.note(each);
    return null;
  }

  /**
   * The packets from this one on, of its flow and direction, that have as many bytes in all as a whole; null where there are none such, or one of
   * them begins as another packet of the whole's side does.
   */
  #piecesFrom(first: number, whole: number): number[] | null {
    const t = this.#about.timeline;
    const size = t.payloadLength(first);
    const pieces = [first];
    let missing = t.payloadLength(whole) - size;
    const isLastOrOther = (row: number): boolean => {
      if (t.side(row) !== t.side(first) || t.way(row) !== t.way(first)) return false;
      const length = t.payloadLength(row);
      if (t.timeNs(row) - t.timeNs(first) > SPREAD_NS || length > size || (length < size && length !== missing))
        return true;
      if (!hasIdOf(t, row, first, pieces.length) || this.#beginsOther(row)) return true;
      pieces.push(row);
      missing -= length;
      return missing === 0;
    };
    const last = firstBehind(t, first, AMBIGUOUS, isLastOrOther);
    return missing === 0 && this.#isApart(pieces) && this.#isFollowed(whole, last) ? pieces : null;
  }

  /** Whether a packet begins as one of the other side does that waits. */
  #beginsOther(row: number): boolean {
    this.#heads.find(row, this.#reachNs);
    return this.#heads.others.length > 0;
  }

  /**
   * Whether of each packet that waits behind a whole, of its way, the beginning is on the other side, as far as the last piece: where it is not, pieces
   * were lost, and what is taken for one may be of another whole. IP IDs that count on tell as well.
   */
  #isFollowed(whole: number, last: number): boolean {
    const t = this.#about.timeline;
    if ((t.flags(last) & HAS_IP_ID) !== 0) return true;
    const isAlone = (row: number): boolean => t.way(row) === t.way(whole) && !this.#beginsOther(row);
    const found = firstBehind(t, whole, AMBIGUOUS, (row) => t.timeNs(row) >= t.timeNs(last) || isAlone(row));
    return found === NONE || t.timeNs(found) >= t.timeNs(last);
  }

  /**
   * Whether no packet that waits, of the way of some pieces, is so near to them that it may be one of them, and one of those another datagram's: only
   * the first is known by what it carries. IP IDs that count on tell, too.
   */
  #isApart(pieces: readonly number[]): boolean {
    const t = this.#about.timeline;
    const [first] = pieces;
    const last = pieces[pieces.length - 1];
    if ((t.flags(first) & HAS_IP_ID) !== 0) return true;
    const { blurNs } = this.#about.kernel.time;
    const isRival = (row: number): boolean => t.isWaiting(row) && t.way(row) === t.way(first);
    for (let row = first; row !== t.first && t.timeNs(first) - t.timeNs(row) < blurNs; ) {
      row = t.before(row, 1);
      if (isRival(row) && t.timeNs(first) - t.timeNs(row) < blurNs) return false;
    }
    for (let row = t.after(last); row !== t.end && t.timeNs(row) - t.timeNs(last) < blurNs; row = t.after(row))
      if (isRival(row)) return false;
    return true;
  }
}

/** Whether a packet's IP ID counts on from another one's, by so much; or one of them has none. */
function hasIdOf(t: Timeline, row: number, from: number, by: number): boolean {
  if ((t.flags(row) & t.flags(from) & HAS_IP_ID) === 0) return true;
  return t.ipId(row) === ((t.ipId(from) + by) & 0xffff);
}

function headOf(t: Timeline, row: number): number {
  return t.head(row);
}

function isAlike(t: Timeline, a: number, b: number): boolean {
  return t.head(a) === t.head(b);
}
