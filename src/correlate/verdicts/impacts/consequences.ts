import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { INSIDE } from "../../../packets/sides.js";
import { forwardIn, NONE, tupleIn, wayOfTuple } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ACK, isOpening, MOST_WINDOW, RST, SYN } from "../../../protocols/tcp.js";
import type { Crossed } from "../../kernel/crossed.js";
import {
  type Consequence,
  coveredBy,
  isAnsweredBy,
  isTelling,
  mayBeAnswered,
  type Missed,
  packetOf,
  PATIENCE_NS,
  spanOf,
  without,
} from "./drop.js";
import type { RecentCrossings } from "./recent-crossings.js";

/** So many crossings of a way are looked at for a drop, the newest first: of a stream of equal packets, any of them is a copy. */
const MOST_LOOKED_AT = 256;

/** What those that crossed lately tell of a drop, and what flows have acknowledged. */
export class Consequences {
  readonly #accounts: FlowAccounts;
  readonly #crossings: RecentCrossings;
  readonly #crossed: Crossed;

  constructor(accounts: FlowAccounts, crossings: RecentCrossings) {
    this.#accounts = accounts;
    this.#crossings = crossings;
    this.#crossed = crossings.crossed;
  }

  /** What is known by now of a drop; null where that is nothing. */
  of(drop: Missed): Consequence | null {
    return this.#remembered(drop) ?? this.#acknowledged(drop);
  }

  /** Whether what a drop carried was answered, though nothing of it was seen to cross. */
  hasArrived(drop: Missed): boolean {
    const isAnswered = drop.proto === TCP ? this.#acknowledged(drop) !== null : this.#isAnswered(drop);
    return isAnswered && this.isUnseen(drop);
  }

  /** Whether nothing of what a packet carried is known to have crossed, before it or behind it. */
  isUnseen(drop: Missed): boolean {
    if (drop.isAgain) return false;
    let looked = 0;
    for (const crossing of this.#crossings.of(drop.way)) {
      const packet = packetOf(this.#crossed, crossing);
      const from = (packet.seq - drop.seq) | 0;
      // where there are too many to look at, one of them may have some
      if (++looked > MOST_LOOKED_AT || (drop.proto !== TCP && from === 0)) return false;
      if (from < spanOf(drop) && from + spanOf(packet) > 0) return false;
    }
    return true;
  }

  /** Whether a packet that is not TCP was answered by one that crossed by now. */
  #isAnswered(drop: Missed): boolean {
    const { slot, side } = drop;
    if (slot === NONE || !mayBeAnswered(drop)) return false;
    let looked = 0;
    for (const crossing of this.#crossings.of(this.wayBack(slot, side === INSIDE))) {
      if (++looked > MOST_LOOKED_AT) return false;
      if (this.isAfter(drop, crossing) && isAnsweredBy(drop, packetOf(this.#crossed, crossing))) return true;
    }
    return false;
  }

  /** Whether a packet came out that entered behind a drop and went the same way. */
  isOvertaken(drop: Missed): boolean {
    let looked = 0;
    for (const crossing of this.#crossings.of(drop.way))
      if (++looked > MOST_LOOKED_AT || this.isAfter(drop, crossing)) return true;
    return false;
  }

  isAfter({ timeNs }: Missed, crossing: number): boolean {
    const afterNs = this.#crossed.timeNs(crossing) - timeNs;
    return afterNs > 0 && afterNs <= PATIENCE_NS;
  }

  /** Where packets enter that answer those of a flow which went that way, and which way they go there. */
  wayBack(slot: number, isOutbound: boolean): number {
    const accounts = this.#accounts;
    const forward = accounts.isOutbound(slot, 1) === isOutbound ? 0 : 1;
    if (!isOutbound) return wayOfTuple(accounts.insideTuple(slot), forward);
    return wayOfTuple(accounts.outsideTuple(slot), accounts.isFlipped(slot) ? 1 - forward : forward);
  }

  /** Whether another connection of the same ports began behind a segment: what was acknowledged since may be of that. */
  isReopened({ way, timeNs, seq }: Pick<Missed, "way" | "timeNs" | "seq">): boolean {
    let looked = 0;
    for (const crossing of this.#crossings.of(way)) {
      if (++looked > MOST_LOOKED_AT) return false;
      const { tcpFlags, seq: first } = packetOf(this.#crossed, crossing);
      if (isOpening(tcpFlags) && first !== seq && this.#crossed.timeNs(crossing) > timeNs) return true;
    }
    return false;
  }

  /** What crossed since a drop tells of it; null where that is nothing, or not all of it got through. */
  #remembered(drop: Missed): Consequence | null {
    const crossed = this.#crossed;
    const behind: number[] = [];
    let looked = 0;
    for (const crossing of this.#crossings.of(drop.way)) {
      if (++looked > MOST_LOOKED_AT) break;
      if (this.isAfter(drop, crossing)) behind.push(crossing);
    }
    for (const crossing of behind.sort((a, b) => crossed.timeNs(a) - crossed.timeNs(b))) {
      const consequence = this.ofCopy(drop, crossing);
      if (consequence !== null) return consequence;
    }
    return null;
  }

  /** What the highest acknowledgements that crossed by now tell of a drop: of its data those that come back, else those of its own direction. */
  #acknowledged(drop: Missed): Consequence | null {
    const { slot, way } = drop;
    if (drop.proto !== TCP || slot === NONE || this.isReopened(drop)) return null;
    const isBare = spanOf(drop) === 0;
    const acked = this.#ackedOf(slot, isBare ? way : way ^ 1);
    return acked === 0 ? null : coveredBy(drop, ACK, acked, isBare);
  }

  /** Whether who gets what goes one way in a TCP flow has acknowledged any of it. */
  isHeard(slot: number, way: number): boolean {
    return this.#ackedOf(slot, way ^ 1) !== 0;
  }

  /** The highest acknowledgement that crossed by now of those that go one way in a flow; 0 for none. */
  #ackedOf(slot: number, way: number): number {
    const accounts = this.#accounts;
    const isTurned = tupleIn(way) !== accounts.insideTuple(slot) && accounts.isFlipped(slot);
    return accounts.acked(slot, forwardIn(way) ^ (isTurned ? 1 : 0));
  }

  /** Takes a crossing that may be a copy of a drop, or bring some of it. Null where not all of it got through by now. */
  ofCopy(drop: Missed, crossing: number): Consequence | null {
    const crossed = this.#crossed;
    const copy = packetOf(crossed, crossing);
    if (copy.proto !== drop.proto) return null;
    const afterNs = crossed.timeNs(crossing) - drop.timeNs;
    const resent = { impact: "resent", byFrame: crossed.frame(crossing), afterNs } as const;
    if (drop.proto !== TCP) {
      const isSame =
        copy.seq === drop.seq && copy.payloadLength === drop.payloadLength && copy.content === drop.content;
      return isSame && isTelling(drop) ? resent : null;
    }
    if (spanOf(drop) === 0) {
      const isReset = (drop.tcpFlags & copy.tcpFlags & RST) !== 0 && copy.seq === drop.seq;
      return isReset ? resent : null;
    }
    const from = (copy.seq - drop.seq) | 0;
    if ((drop.tcpFlags & SYN) !== (copy.tcpFlags & SYN) || Math.abs(from) >= MOST_WINDOW) return null;
    if (from + spanOf(copy) <= 0 || from >= spanOf(drop)) return null;
    drop.missing = without(drop.missing, from, from + spanOf(copy));
    return drop.missing.length === 0 ? resent : null;
  }
}
