import { IS_ERROR } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { Newcomers } from "../../matchers/newcomers.js";
import { isFromNear, isTtlChosen } from "./hops.js";
import type { Common } from "../captures/common.js";
import type { Speakers } from "./speakers.js";

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
