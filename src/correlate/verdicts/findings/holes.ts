import { keepNewest } from "../../../packets/memory/keep-newest.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { HAS_AMBIGUOUS, type TupleTable } from "../../../packets/tuples.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import type { RecordRows } from "../../../packets/record-rows.js";
import { Few } from "../../../packets/results/few.js";
import type { Context } from "./finder.js";

/** Directions of flows that are looked after at once … */
const MOST_DIRECTIONS = 4096;
/** … and segments of each. */
const MOST_HOLES = 4;
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

/** A segment that was sent again, as it was when it was shortest. */
interface Hole {
  readonly seq: number;
  readonly head: number;
  payloadLength: number;
  /** Of its IP packet. */
  length: number;
  /** What it acknowledged at first. */
  readonly ack: number;
  /** Where it entered. */
  readonly frames: Few<number>;
}

/** The segments of one direction of a flow. */
interface Direction {
  holes: Hole[];
  /** The length of the shortest that was taken, of its IP packet. */
  shortest: number;
}

/** A segment that never got through. */
interface Hanging {
  readonly hole: Hole;
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
  /** By twice the flow's id, and 1 more for what goes outbound. */
  readonly #directions = new Map<number, Direction>();

  /** `leastTimes`: so often a segment must have been taken. `areLong`: whether it must be longer than all before it, and than what every link takes. */
  constructor({ accounts, tuples }: Pick<Context, "accounts" | "tuples">, leastTimes: number, areLong: boolean) {
    this.#accounts = accounts;
    this.#tuples = tuples;
    this.#leastTimes = leastTimes;
    this.#areLong = areLong;
  }

  /** Takes a segment. */
  add(flow: number, isOutbound: boolean, { seq, ack, payloadLength, length, frame, head }: Segment): void {
    const key = keyOf(flow, isOutbound);
    const direction = this.#directions.get(key) ?? { holes: [], shortest: length };
    this.#directions.set(key, direction);
    keepNewest(this.#directions, MOST_DIRECTIONS);
    direction.shortest = Math.min(direction.shortest, length);
    if (this.#areLong && length <= NEVER_CUT_BYTES) return;
    const { holes } = direction;
    let hole = holes.find((each) => each.seq === seq);
    if (hole === undefined) {
      hole = { seq, head, payloadLength, length, ack, frames: new Few() };
      // most have but one, and V8 gives an array that was empty room for seventeen
      if (holes.length === 0) direction.holes = [hole];
      else {
        if (holes.length === MOST_HOLES) holes.splice(rarest(holes), 1);
        holes.push(hole);
      }
    }
    if (length < hole.length) Object.assign(hole, { payloadLength, length });
    hole.frames.add(frame);
  }

  /** Takes one back. */
  remove(flow: number, isOutbound: boolean, frame: number): void {
    const hole = this.#directions
      .get(keyOf(flow, isOutbound))
      ?.holes.find(({ frames }) => frames.listed.includes(frame));
    hole?.frames.remove(frame);
  }

  /** The segment of a direction of a flow that has ended which never got through, though those before it did. Undefined of most. */
  hanging(slot: number, isOutbound: boolean): Hanging | undefined {
    const accounts = this.#accounts;
    const key = keyOf(accounts.id(slot), isOutbound);
    const direction = this.#directions.get(key);
    if (direction === undefined) return undefined;
    this.#directions.delete(key);
    if (this.#mayBeAcknowledged(slot, isOutbound)) return undefined;
    const forward = accounts.isOutbound(slot, 1) === isOutbound ? 1 : 0;
    const first = accounts.firstSeq(slot, forward);
    if (first === undefined) return undefined;
    const hole = direction.holes.find(({ seq, payloadLength, frames }) => {
      const before = (seq - first) | 0;
      const isSo = before > 0 && (!this.#areLong || before < payloadLength);
      return frames.count >= this.#leastTimes && isSo && accounts.acked(slot, 1 - forward) === seq;
    });
    if (hole === undefined) return undefined;
    const hasGoneOn = ((accounts.acked(slot, forward) - hole.ack) | 0) > 0;
    return { hole, hasGoneOn, isShortest: direction.shortest >= hole.length };
  }

  /** Whether packets of the other direction may acknowledge what no pair of it does: as they are ambiguous, or without a twin. */
  #mayBeAcknowledged(slot: number, isOutbound: boolean): boolean {
    const accounts = this.#accounts;
    if ([accounts.insideTuple(slot), accounts.outsideTuple(slot)].some((of) => this.#tuples.has(of, HAS_AMBIGUOUS)))
      return true;
    return accounts.unmatched(slot, isOutbound ? OUTSIDE : INSIDE) > 0;
  }
}

function keyOf(flow: number, isOutbound: boolean): number {
  return 2 * flow + (isOutbound ? 1 : 0);
}

function rarest(holes: readonly Hole[]): number {
  let at = 0;
  for (const [n, { frames }] of holes.entries()) if (frames.count < holes[at].frames.count) at = n;
  return at;
}
