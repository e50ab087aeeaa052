import { asDoubles } from "../../../packets/memory/heap.js";
import * as record from "../../../packets/records.js";
import { NONE } from "../../../packets/tuples.js";
import type { Kernel } from "../../kernel/kernel.js";
import { CROSSING_ENTRIES, CROSSING_ROW_OUTBOUND, CROSSING_SLOT } from "../../kernel/kernel-words.js";
import type { Packet } from "./drop.js";

/** The packets that crossed lately, of those that the kernel keeps (`kernel/assembly/crossings.ts`), each by its number: the newest is the highest. */
export class RecentCrossings {
  readonly #kernel: Kernel;
  readonly #records: Int32Array;
  readonly #doubles: Float64Array;
  /** By what is left of a way modulo CROSSING_ENTRIES, the newest crossing of such ways, or NONE; and by its place, the one before it … */
  #newest = new Float64Array(0);
  #before = new Float64Array(0);
  /** … and its way, NONE where that was forgotten. There is room for them once somebody asks. */
  #ways = new Int32Array(0);
  /** How many are listed there. */
  #listed = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#records = kernel.crossings;
    this.#doubles = asDoubles(kernel.crossings);
  }

  /** How many there were so far, modulo 2^32. */
  get count(): number {
    return this.#kernel.crossingCount;
  }

  /** Those of a way, the newest first. They come as they were paired, which is not the order in which they passed. */
  *of(way: number): Iterable<number> {
    this.#list();
    yield* this.#listedOf(way);
  }

  /** Forgets those of a way. */
  forget(way: number): void {
    for (const crossing of this.#listedOf(way)) this.#ways[placeOf(crossing)] = NONE;
  }

  *#listedOf(way: number): Iterable<number> {
    if (this.#ways.length === 0) return;
    let crossing = this.#newest[placeOf(way)];
    for (; this.#isKept(crossing); crossing = this.#before[placeOf(crossing)])
      if (this.#ways[placeOf(crossing)] === way) yield crossing;
  }

  timeNs(crossing: number): number {
    return this.#doubles[(placeOf(crossing) << (record.RECORD_BITS - 1)) + record.TIME_NS];
  }

  way(crossing: number): number {
    return this.#records[wordOf(crossing) + record.WAY];
  }

  /** The slot of its flow. */
  slot(crossing: number): number {
    return this.#records[wordOf(crossing) + CROSSING_SLOT];
  }

  /** The inside row of its pair. */
  row(crossing: number): number {
    return this.#records[wordOf(crossing) + CROSSING_ROW_OUTBOUND] >>> 1;
  }

  isOutbound(crossing: number): boolean {
    return (this.#records[wordOf(crossing) + CROSSING_ROW_OUTBOUND] & 1) === 1;
  }

  frame(crossing: number): number {
    return this.#records[wordOf(crossing) + record.FRAME] >>> 0;
  }

  packet(crossing: number): Packet {
    const records = this.#records;
    const at = wordOf(crossing);
    return {
      proto: record.protoIn(records[at + record.FLAGS_PROTO_TTL]),
      tcpFlags: records[at + record.TCP_FLAGS_QUOTE] & 0xff,
      seq: records[at + record.SEQ] >>> 0,
      payloadLength: records[at + record.PAYLOAD_LENGTH_CLASS] & record.LENGTH_MASK,
      content: records[at + record.CONTENT],
    };
  }

  /** Lists those that are new by their ways. */
  #list(): void {
    const { count } = this;
    if (this.#ways.length === 0) {
      this.#newest = new Float64Array(CROSSING_ENTRIES).fill(NONE);
      this.#before = new Float64Array(CROSSING_ENTRIES);
      this.#ways = new Int32Array(CROSSING_ENTRIES);
    }
    if ((count - this.#listed) >>> 0 > CROSSING_ENTRIES) this.#listed = (count - CROSSING_ENTRIES) >>> 0;
    for (; this.#listed !== count; this.#listed = (this.#listed + 1) >>> 0) {
      const way = this.way(this.#listed);
      const place = placeOf(this.#listed);
      this.#before[place] = this.#newest[placeOf(way)];
      this.#newest[placeOf(way)] = this.#listed;
      this.#ways[place] = way;
    }
  }

  #isKept(crossing: number): boolean {
    return crossing !== NONE && (this.#listed - crossing) >>> 0 <= CROSSING_ENTRIES;
  }
}

/** Where a crossing is in the ring, or what is left of a way … */
function placeOf(crossing: number): number {
  return crossing & (CROSSING_ENTRIES - 1);
}

/** … and where its record begins. */
function wordOf(crossing: number): number {
  return placeOf(crossing) << record.RECORD_BITS;
}
