import { directionKey } from "../../../../packets/halves.js";
import { Chains } from "../../../../packets/memory/chains.js";
import { FreeRows } from "../../../../packets/memory/free-rows.js";
import type { Heap } from "../../../../packets/memory/heap.js";
import type { FlowAccounts } from "../../../../packets/flows/flow-accounts.js";
import { INSIDE, OUTSIDE } from "../../../../packets/sides.js";
import { HAS_AMBIGUOUS, NONE } from "../../../../packets/tuples.js";
import type { TupleTable } from "../../../../packets/tuple-table.js";
import { NEVER_CUT_BYTES } from "../../../../protocols/ipv4.js";
import type { RecordRows } from "../../../../packets/record-rows.js";
import { Few } from "../../../../packets/results/few.js";
import type { Context } from "../finder.js";

/** Directions of flows that are looked after at once … */
const MOST_DIRECTIONS = 4096;
/** … and segments of each. */
const MOST_HOLES = 4;
/** The oldest direction goes once there is one more. */
const ROWS = MOST_DIRECTIONS + 1;
const MOST = MOST_HOLES * ROWS;
const CHAIN_BITS = 10;
/** A TCP segment that is sent again, as it was last. */
export interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly payloadLength: number;
  /** Of its IP packet. */
  readonly length: number;
  readonly frame: number;
  /** Hash of how its payload begins, where that matters. */
  readonly head: number;
}

/** A packet as a segment. `head`: where that matters. */
export function segmentOf(t: RecordRows, row: number, head = 0): Segment {
  return {
    seq: t.seq(row),
    ack: t.ack(row),
    payloadLength: t.payloadLength(row),
    length: t.length(row),
    frame: t.frame(row),
    head,
  };
}

/** A segment that never got through. */
interface Hanging {
  /** Of its IP packet, when that was shortest. */
  readonly length: number;
  readonly payloadLength: number;
  readonly head: number;
  /** Where it entered. */
  readonly frames: Few<number>;
  /** Whether both ends went on behind it: the other one sent something new, and that was acknowledged. */
  readonly hasGoneOn: boolean;
  /** Whether nothing shorter was taken of its direction. */
  readonly isShortest: boolean;
}

/**
 * TCP segments that are sent again and again in vain: as they do not fit through some link, and nobody says so, or as the other end is gone. These are
 * told from each other, and from ordinary losses, by what both ends go on to do: see `hanging`.
 */
export class Holes {
  readonly #accounts: FlowAccounts;
  readonly #tuples: Pick<TupleTable, "has">;
  readonly #leastTimes: number;
  readonly #areLong: boolean;
  readonly #directions: Directions;
  readonly #holes: HoleRows;

  /** `leastTimes`: so often a segment must have been taken. `areLong`: whether it must be longer than all before it, and than what every link takes. */
  constructor(
    { heap, accounts, tuples }: Pick<Context, "heap" | "accounts" | "tuples">,
    leastTimes: number,
    areLong: boolean,
  ) {
    this.#directions = new Directions(heap);
    this.#holes = new HoleRows(heap);
    this.#accounts = accounts;
    this.#tuples = tuples;
    this.#leastTimes = leastTimes;
    this.#areLong = areLong;
  }

  /** Takes a segment. */
  add(flow: number, isOutbound: boolean, segment: Segment): void {
    const { seq, length, frame } = segment;
    const [directions, holes] = [this.#directions, this.#holes];
    let at = directions.of(flow, isOutbound);
    if (at === NONE) {
      at = directions.take(flow, isOutbound, length);
      if (directions.count > MOST_DIRECTIONS) this.#forget(directions.oldest);
    }
    directions.shortest[at] = Math.min(directions.shortest[at], length);
    if (this.#areLong && length <= NEVER_CUT_BYTES) return;
    const those = [...holes.from(directions.holes[at])];
    const hole = those.find((each) => holes.seq[each] === seq);
    if (hole !== undefined) {
      holes.again(hole, segment);
      return;
    }
    if (those.length === MOST_HOLES) holes.give(...those.splice(holes.rarest(those), 1));
    those.push(holes.take(segment, frame));
    directions.holes[at] = holes.inOrder(those);
  }

  /** Takes one back. */
  remove(flow: number, isOutbound: boolean, frame: number): void {
    const at = this.#directions.of(flow, isOutbound);
    if (at === NONE) return;
    for (const hole of this.#holes.from(this.#directions.holes[at]))
      if (this.#holes.framesOf(hole).listed.includes(frame)) {
        this.#holes.remove(hole, frame);
        return;
      }
  }

  /** The segment of a direction of a flow that has ended which never got through, though those before it did. Undefined of most. */
  hanging(slot: number, isOutbound: boolean): Hanging | undefined {
    const accounts = this.#accounts;
    const at = this.#directions.of(accounts.id(slot), isOutbound);
    if (at === NONE) return undefined;
    const hanging = this.#hangingOf(at, slot, isOutbound);
    this.#forget(at);
    return hanging;
  }

  #hangingOf(at: number, slot: number, isOutbound: boolean): Hanging | undefined {
    const accounts = this.#accounts;
    if (this.#mayBeAcknowledged(slot, isOutbound)) return undefined;
    const forward = accounts.isOutbound(slot, 1) === isOutbound ? 1 : 0;
    const first = accounts.firstSeq(slot, forward);
    if (first === undefined) return undefined;
    const holes = this.#holes;
    for (const hole of holes.from(this.#directions.holes[at])) {
      const [seq, length, payloadLength] = [holes.seq[hole], holes.length[hole], holes.payloadLength[hole]];
      const frames = holes.framesOf(hole);
      const before = (seq - first) | 0;
      const isSo = before > 0 && (!this.#areLong || before < payloadLength);
      if (frames.count < this.#leastTimes || !isSo || accounts.acked(slot, 1 - forward) !== seq) continue;
      const hasGoneOn = ((accounts.acked(slot, forward) - holes.ack[hole]) | 0) > 0;
      const isShortest = this.#directions.shortest[at] >= length;
      return { length, payloadLength, head: holes.head[hole], frames, hasGoneOn, isShortest };
    }
    return undefined;
  }

  #forget(at: number): void {
    this.#holes.give(...this.#holes.from(this.#directions.holes[at]));
    this.#directions.give(at);
  }

  /** Whether packets of the other direction may acknowledge what no pair of it does: as they are ambiguous, or without a twin. */
  #mayBeAcknowledged(slot: number, isOutbound: boolean): boolean {
    const accounts = this.#accounts;
    if ([accounts.insideTuple(slot), accounts.outsideTuple(slot)].some((of) => this.#tuples.has(of, HAS_AMBIGUOUS)))
      return true;
    return accounts.unmatched(slot, isOutbound ? OUTSIDE : INSIDE) > 0;
  }
}

/** Directions of flows, with the length of the shortest segment that was taken, of its IP packet, and the first of its holes, or NONE. */
class Directions {
  count = 0;
  readonly shortest: Uint32Array;
  readonly holes: Int32Array;
  readonly #keys: Float64Array;
  readonly #byKey: Chains;
  /** The oldest first. */
  readonly #all: Chains;
  readonly #free: FreeRows;

  constructor(heap: Heap) {
    this.shortest = heap.take(Uint32Array, ROWS);
    this.holes = heap.take(Int32Array, ROWS);
    this.#keys = heap.take(Float64Array, ROWS);
    this.#byKey = new Chains(heap, CHAIN_BITS, ROWS);
    this.#all = new Chains(heap, 0, ROWS);
    this.#free = new FreeRows(heap, ROWS);
  }

  get oldest(): number {
    return this.#all.first(0);
  }

  of(flow: number, isOutbound: boolean): number {
    const key = directionKey(flow, isOutbound);
    let at = this.#byKey.first(key);
    while (at !== NONE && this.#keys[at] !== key) at = this.#byKey.behind(at);
    return at;
  }

  take(flow: number, isOutbound: boolean, length: number): number {
    const at = this.#free.take();
    this.count++;
    this.shortest[at] = length;
    this.holes[at] = NONE;
    this.#keys[at] = directionKey(flow, isOutbound);
    this.#byKey.add(this.#keys[at], at);
    this.#all.add(0, at);
    return at;
  }

  give(at: number): void {
    this.count--;
    this.#byKey.remove(this.#keys[at], at);
    this.#all.remove(0, at);
    this.#free.give(at);
  }
}

/** Segments that were sent again, as they were when they were shortest: `length` is of the IP packet, `ack` what it acknowledged at first. */
class HoleRows {
  readonly seq: Uint32Array;
  readonly ack: Uint32Array;
  readonly head: Int32Array;
  readonly length: Uint32Array;
  readonly payloadLength: Uint32Array;
  /** The next one of its direction, or NONE. */
  readonly #next: Int32Array;
  /** Where it entered, once, as most did … */
  readonly #frame: Uint32Array;
  /** … and of others, each time. */
  readonly #frames = new Map<number, Few<number>>();
  readonly #free: FreeRows;

  constructor(heap: Heap) {
    this.seq = heap.take(Uint32Array, MOST);
    this.ack = heap.take(Uint32Array, MOST);
    this.head = heap.take(Int32Array, MOST);
    this.length = heap.take(Uint32Array, MOST);
    this.payloadLength = heap.take(Uint32Array, MOST);
    this.#next = heap.take(Int32Array, MOST);
    this.#frame = heap.take(Uint32Array, MOST);
    this.#free = new FreeRows(heap, MOST);
  }

  take({ seq, ack, head, length, payloadLength }: Segment, frame: number): number {
    const hole = this.#free.take();
    this.seq[hole] = seq;
    this.ack[hole] = ack;
    this.head[hole] = head;
    this.length[hole] = length;
    this.payloadLength[hole] = payloadLength;
    this.#frame[hole] = frame;
    return hole;
  }

  give(...holes: readonly number[]): void {
    for (const hole of holes) {
      this.#frames.delete(hole);
      this.#free.give(hole);
    }
  }

  /** Takes it once more. */
  again(hole: number, { length, payloadLength, frame }: Segment): void {
    if (length < this.length[hole]) {
      this.length[hole] = length;
      this.payloadLength[hole] = payloadLength;
    }
    const frames = this.framesOf(hole);
    frames.add(frame);
    this.#frames.set(hole, frames);
  }

  /** Takes a frame back. */
  remove(hole: number, frame: number): void {
    const frames = this.framesOf(hole);
    frames.remove(frame);
    this.#frames.set(hole, frames);
  }

  framesOf(hole: number): Few<number> {
    const known = this.#frames.get(hole);
    if (known !== undefined) return known;
    const frames = new Few<number>();
    frames.add(this.#frame[hole]);
    return frames;
  }

  /** A hole and those behind it. */
  *from(first: number): Iterable<number> {
    for (let hole = first; hole !== NONE; hole = this.#next[hole]) yield hole;
  }

  /** Has some follow each other, and returns the first of them. */
  inOrder(holes: readonly number[]): number {
    for (const [n, hole] of holes.entries()) this.#next[hole] = holes[n + 1] ?? NONE;
    return holes[0];
  }

  /** Which of some was taken least often, by its place. */
  rarest(holes: readonly number[]): number {
    const times = holes.map((hole) => this.framesOf(hole).count);
    return times.indexOf(Math.min(...times));
  }
}
