import { isAgain } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import { wayOfTuple } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ACK, FIN, MOST_WINDOW, SYN } from "../../../protocols/tcp.js";
import { isAnyBehind } from "../behind.js";

/** So many segments that came out last are remembered of each way: more than are under way at once, as a rule. */
const MOST_SPANS = 64;

/** What came out of the segments that go one way, and what was acknowledged of them. */
interface Heard {
  /** The highest acknowledgement; undefined before the first. */
  acked?: number;
  /** Where segments that came out begin and end, in turn, the oldest first. */
  readonly spans: number[];
}

const NOTHING: Heard = { spans: [] };

/** Segments of connections that are turned round on their own side: whether one that was not seen to come out did, as it was acknowledged, and no other had what it carries. */
export class Arrivals {
  readonly #timeline: Timeline;
  /** By the way of the form before the rewrite. */
  readonly #byWay = new Map<number, Heard>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Takes the two forms of a packet. */
  note(before: number, after: number): void {
    const t = this.#timeline;
    if (t.proto(before) !== TCP) return;
    const length = lengthOf(t, before);
    if (length > 0) {
      const { spans } = this.#heardOf(t.way(before));
      if (spans.push(t.seq(before), t.seq(before) + length) > 2 * MOST_SPANS) spans.splice(0, 2);
    }
    if ((t.tcpFlags(before) & ACK) === 0) return;
    const heard = this.#heardOf(t.way(after) ^ 1);
    if (heard.acked === undefined || ((t.ack(before) - heard.acked) | 0) > 0) heard.acked = t.ack(before);
  }

  /** Whether what a packet carried, in the form before the rewrite, arrived all the same: as is known by now, or by what waits behind it. */
  isArrived(row: number): boolean {
    const t = this.#timeline;
    const [way, seq, length] = [t.way(row), t.seq(row), lengthOf(t, row)];
    if (t.proto(row) !== TCP || length === 0 || isAgain(t.flags(row))) return false;
    const { acked, spans } = this.#byWay.get(way) ?? NOTHING;
    const isAcked = (ack: number): boolean => isWithin(ack - seq - length, MOST_WINDOW);
    const isAcknowledging = (later: number): boolean =>
      t.way(later) === (way ^ 1) && (t.tcpFlags(later) & ACK) !== 0 && isAcked(t.ack(later));
    if ((acked === undefined || !isAcked(acked)) && !isAnyBehind(t, row, isAcknowledging)) return false;
    // a copy may be what was acknowledged
    const isOfIt = (from: number, end: number): boolean => ((from - seq - length) | 0) < 0 && ((end - seq) | 0) > 0;
    const isCopy = (later: number): boolean =>
      t.way(later) === way && isOfIt(t.seq(later), t.seq(later) + lengthOf(t, later));
    return !spans.some((from, at) => at % 2 === 0 && isOfIt(from, spans[at + 1])) && !isAnyBehind(t, row, isCopy);
  }

  forget(tuple: number): void {
    for (const forward of [0, 1]) this.#byWay.delete(wayOfTuple(tuple, forward));
  }

  #heardOf(way: number): Heard {
    const heard = this.#byWay.get(way) ?? { spans: [] };
    this.#byWay.set(way, heard);
    return heard;
  }
}

/** Whether a difference of sequence numbers, which wrap, is 0 or more, and less than that. */
function isWithin(difference: number, most: number): boolean {
  return (difference | 0) >= 0 && (difference | 0) < most;
}

/** How many numbers a segment takes. */
function lengthOf(t: Timeline, row: number): number {
  const flags = t.tcpFlags(row);
  return t.payloadLength(row) + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
}
