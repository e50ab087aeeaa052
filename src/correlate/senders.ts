import { IS_ERROR } from "../packets/packets.js";
import { DECIDED, type Timeline } from "../packets/timeline.js";
import { ROW_MASK } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";

/** TTLs that hosts begin with: Linux, macOS and BSD; Windows; routers. A packet with another one was lowered on its way, or sent so. */
const FULL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

/**
 * How far away those are who send what finds no twin: the TTL of a packet is full beside its sender, and lowered behind a router. Each
 * conversation remembers it of both its ends.
 */
export class Senders {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  /** Rows before it were looked at. */
  #next: number;

  constructor(timeline: Timeline, tuples: TupleTable) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#next = timeline.first;
  }

  /** Takes what came since: an answer tells of the packet before it, which is judged first. */
  goOn(): void {
    const t = this.#timeline;
    const isGivenBack = ((this.#next - t.first) & ROW_MASK) > t.size;
    let row = t.firstBelow(isGivenBack ? t.first : this.#next, t.end, DECIDED);
    for (; row !== t.end; row = t.firstBelow(t.after(row), t.end, DECIDED)) {
      // an error goes the way of an answer to the packet it quotes, and somebody else sent it
      if ((t.flags(row) & IS_ERROR) === 0) this.#tuples.noteTtl(t.way(row), FULL_TTLS.has(t.ttl(row)));
    }
    this.#next = t.end;
  }
}
