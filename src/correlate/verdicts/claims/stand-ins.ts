import { IS_ERROR } from "../../../packets/packets.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import type { Timeline } from "../../../packets/timeline.js";
import { mixed } from "../../../packets/content.js";
import { destinationHash, haveSameSource, haveSameSourcePort } from "../../../packets/ways.js";
import { NONE, tupleIn, isFromA } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ACK, isOpening, MOST_WINDOW, RST, SYN } from "../../../protocols/tcp.js";
import { Ahead } from "../ahead.js";
import { isFromNear } from "./hops.js";
import { AT_ONCE_NS } from "./resets.js";

/** So many conversations are remembered, at the most. */
const MOST_CONVERSATIONS = 65_536;

/**
 * Who answers a conversation from another address, or port, than it goes to, on its own side: where the host has another address there, or where
 * br_netfilter has a bridge show what a container sends after its DNAT, and the answers before that is undone.
 */
export class StandIns {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #windowNs: number;
  /** Packets by where they go. */
  readonly #ahead: Ahead;
  /** By the way of a conversation, the way of the segments that answer it. */
  readonly #ways = new Map<number, number>();

  constructor(timeline: Timeline, tuples: TupleTable, windowNs: number) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#windowNs = windowNs;
    this.#ahead = new Ahead(timeline, (row) => this.#endOf(timeline.way(row)));
  }

  /** The segment that answers one so, with the numbers that go on with it; NONE where there is none. */
  answering(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || (t.tcpFlags(row) & RST) !== 0) return NONE;
    return this.#behind(row, this.#windowNs, (next) => this.#isGoneOn(next, row));
  }

  /**
   * The reset by which the host, or a neighbour, refuses so what opens a connection that a rule gave to it: it has the number that answers that, follows at once,
   * and no router lowered its TTL. NONE where there is none.
   */
  refusing(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || !isOpening(t.tcpFlags(row))) return NONE;
    const isRefusal = (next: number): boolean =>
      (t.tcpFlags(next) & (SYN | ACK | RST)) === (ACK | RST) &&
      t.ack(next) === (t.seq(row) + t.payloadLength(row) + 1) >>> 0 &&
      isFromNear(t, next) &&
      !this.#isAsked(next);
    return this.#behind(row, AT_ONCE_NS, isRefusal);
  }

  /** The way of what answers the conversation of a packet: back, or as such a segment shows. */
  answersTo(row: number): number {
    const way = this.#timeline.way(row);
    const back = way ^ 1;
    if (this.#tuples.isHeard(back)) return back;
    const known = this.#ways.get(way);
    if (known !== undefined) return known;
    const answer = this.answering(row);
    if (answer === NONE) return back;
    const answers = this.#timeline.way(answer);
    this.#ways.set(way, answers);
    keepNewest(this.#ways, MOST_CONVERSATIONS);
    return answers;
  }

  /** The packet that may answer one so which has no numbers: nobody was heard to send anything to where it comes from. NONE where there is none. */
  mayAnswer(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) === TCP || this.#tuples.isHeard(t.way(row) ^ 1)) return NONE;
    return this.#behind(row, this.#windowNs, (next) => !this.#isAsked(next));
  }

  /** Forgets all: ways are about to get another meaning. */
  forgetWays(): void {
    this.#ways.clear();
  }

  /** Whether anybody was heard to send something to where a packet comes from: it may answer that. */
  #isAsked(next: number): boolean {
    return this.#tuples.isHeard(this.#timeline.way(next) ^ 1);
  }

  /** The first packet behind one, within so many nanoseconds, that goes to who sent that, of another conversation, and is what is looked for. */
  #behind(row: number, withinNs: number, is: (next: number) => boolean): number {
    const t = this.#timeline;
    const isBack = (next: number): boolean => {
      const [to, from] = [t.way(next) ^ 1, t.way(row)];
      if (t.side(next) !== t.side(row) || t.proto(next) !== t.proto(row) || to === from) return false;
      if ((t.flags(next) & IS_ERROR) !== 0) return false;
      return haveSameSource(this.#tuples, to, from) && haveSameSourcePort(this.#tuples, to, from) && is(next);
    };
    return this.#ahead.first(row, this.#endOf(t.way(row) ^ 1), t.timeNs(row) + withinNs, isBack);
  }

  /** A hash of the address and the port that packets of a way go to. */
  #endOf(way: number): number {
    return mixed(destinationHash(this.#tuples, way), this.#tuples.port(tupleIn(way), !isFromA(way)));
  }

  #isGoneOn(next: number, row: number): boolean {
    const t = this.#timeline;
    const acked = (t.ack(next) - t.seq(row)) >>> 0;
    if (isOpening(t.tcpFlags(row)))
      return (t.tcpFlags(next) & (SYN | ACK)) === (SYN | ACK) && acked === t.payloadLength(row) + 1;
    return t.seq(next) === t.ack(row) && acked <= MOST_WINDOW;
  }
}
