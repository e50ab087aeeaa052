import { IS_ERROR } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuples.js";
import { Newcomers } from "../../matchers/newcomers.js";
import type { Common } from "../captures/common.js";
import type { Speakers } from "./speakers.js";

/** TTLs that hosts begin with: Linux, macOS and BSD; Windows; routers. A packet with another one was lowered on its way, or sent so. */
const FULL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

/** Whether no router lies between the capture and who sent this packet, as far as its TTL tells. */
export function isFromNear(t: Timeline, row: number): boolean {
  return FULL_TTLS.has(t.ttl(row));
}

/** Whether there is one router at the most between the capture and who sent this packet. */
export function isFromNextHop(t: Timeline, row: number): boolean {
  return isFromNear(t, row) || FULL_TTLS.has(t.ttl(row) + 1);
}

/** Hardly any path has more routers; traceroute tries no more. */
const MOST_HOPS = 30;
const LEAST_TTL = Math.min(...FULL_TTLS) - MOST_HOPS;

/** Whether a TTL is lower than any path leaves: who sent the packet chose it, and it does not tell how far away that is. */
export function isTtlChosen(t: Timeline, row: number): boolean {
  return t.ttl(row) < LEAST_TTL;
}

/** Whether there are several routers between the capture and who sent this packet, as far as its TTL tells. */
export function isFromAfar(t: Timeline, row: number): boolean {
  return !isFromNextHop(t, row) && !isTtlChosen(t, row);
}

/**
 * How far away those are who send what finds no twin: the TTL of a packet is full beside its sender, and lowered behind a router. Each
 * conversation remembers it of both its ends. What they belong to shows what their capture has in common, too.
 */
export class Senders {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #newcomers: Newcomers;
  readonly #speakers: Speakers;
  readonly #common: readonly [Common, Common];

  constructor(timeline: Timeline, tuples: TupleTable, speakers: Speakers, common: readonly [Common, Common]) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#speakers = speakers;
    this.#common = common;
    this.#newcomers = new Newcomers(timeline);
  }

  /** Takes what came since: an answer tells of the packet before it, which is judged first. */
  goOn(): void {
    this.#newcomers.take(this.#note);
  }

  readonly #note = (row: number): void => {
    const t = this.#timeline;
    // an error goes the way of an answer to the packet it quotes, and somebody else sent it
    if ((t.flags(row) & IS_ERROR) !== 0) return;
    if (!isTtlChosen(t, row)) this.#tuples.noteTtl(t.way(row), isFromNear(t, row));
    this.#speakers.note(row);
    this.#common[t.sideOf(row)].learn(t.tuple(row));
  };
}
