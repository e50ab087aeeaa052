import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import { RecordRows } from "../../packets/record-rows.js";
import {
  crossedOutbound,
  crossedRow,
  CROSSING_ROW_OUTBOUND,
  CROSSING_SLOT,
  RECORD_BITS,
  TIME_NS,
  WAY,
} from "../../packets/records.js";
import { CROSSING_ENTRIES } from "./entries.js";
import * as words from "./kernel-words.js";

/**
 * The packets that crossed lately, of those that somebody is to know of (`assembly/pairing/crossings.ts`), each by its number, modulo 2^32: the newest is the
 * highest. Each is as it entered; its stamp is not kept, as nobody asks for it.
 */
export class Crossed extends RecordRows {
  records: Int32Array;
  doubles: Float64Array;
  readonly #words: Int32Array;

  constructor(block: Int32Array, heap: Heap) {
    super();
    this.#words = block;
    this.records = heap.take(Int32Array, CROSSING_ENTRIES << RECORD_BITS);
    this.doubles = asDoubles(this.records);
    block[words.CROSSINGS] = this.records.byteOffset;
  }

  /** How many there were so far. */
  get count(): number {
    return this.#words[words.CROSSING_COUNT] >>> 0;
  }

  recordOf(crossing: number): number {
    return (crossing & (CROSSING_ENTRIES - 1)) << RECORD_BITS;
  }

  timeNs(crossing: number): number {
    return this.doubles[this.doublesOf(crossing) + TIME_NS];
  }

  way(crossing: number): number {
    return this.records[this.recordOf(crossing) + WAY];
  }

  /** The slot of its flow. */
  slot(crossing: number): number {
    return this.records[this.recordOf(crossing) + CROSSING_SLOT];
  }

  /** The inside row of its pair. */
  row(crossing: number): number {
    return crossedRow(this.records[this.recordOf(crossing) + CROSSING_ROW_OUTBOUND]);
  }

  isOutbound(crossing: number): boolean {
    return crossedOutbound(this.records[this.recordOf(crossing) + CROSSING_ROW_OUTBOUND]) === 1;
  }
}
