import { keepNewest } from "../../../packets/memory/keep-newest.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import * as record from "../../../packets/records.js";
import { NEVER_CUT_BYTES } from "../../../protocols/ipv4.js";
import { Few } from "../../../packets/results/few.js";

/** Directions of flows that are looked after at once … */
const MOST_DIRECTIONS = 4096;
/** … and segments of each. */
const MOST_HOLES = 4;
/** So often a segment crosses again at the least: that it is lost each time by chance is rare, even where one of ten is. */
const LEAST_TIMES = 2;

/** A segment that crossed again. */
export interface Hole {
  readonly seq: number;
  readonly payloadLength: number;
  /** Of its IP packet. */
  readonly length: number;
  /** What it acknowledged when it crossed again for the first time. */
  readonly ack: number;
  /** Where it entered. */
  readonly frames: Few<number>;
}

interface Direction {
  readonly flow: number;
  readonly holes: Hole[];
}

/**
 * TCP segments that are sent again and again in vain: what does not fit through some link beyond, and nobody says so. That is to be told from
 * ordinary losses and from an end that is gone, by what both ends go on to do: see `hanging`.
 */
export class Holes {
  readonly #accounts: FlowAccounts;
  /** By twice the flow's slot, and 1 more for what is forward on the inside. */
  readonly #directions = new Map<number, Direction>();

  constructor(accounts: FlowAccounts) {
    this.#accounts = accounts;
  }

  /** Takes a segment that crossed again: its record begins at `at`. */
  again(slot: number, isOutbound: boolean, records: Int32Array, at: number): void {
    const length = records[at + record.LENGTH];
    if (length <= NEVER_CUT_BYTES) return;
    const { holes } = this.#directionOf(slot, isOutbound);
    const seq = records[at + record.SEQ] >>> 0;
    const payloadLength = records[at + record.PAYLOAD_LENGTH_CLASS] & record.LENGTH_MASK;
    let hole = holes.find((each) => each.seq === seq && each.payloadLength === payloadLength);
    if (hole === undefined) {
      hole = { seq, payloadLength, length, ack: records[at + record.ACK] >>> 0, frames: new Few() };
      if (holes.length === MOST_HOLES) holes.splice(rarest(holes), 1);
      holes.push(hole);
    }
    hole.frames.add(records[at + record.FRAME] >>> 0);
  }

  /**
   * The segment of a direction of a flow that has ended which never got through, though those before it did, all of them shorter, and
   * though the other end went on: it sent something new, which was acknowledged, but did not acknowledge this. Undefined of most.
   */
  hanging(slot: number, isOutbound: boolean): Hole | undefined {
    const accounts = this.#accounts;
    const key = this.#keyOf(slot, isOutbound);
    const direction = this.#directions.get(key);
    this.#directions.delete(key);
    if (direction?.flow !== accounts.id(slot)) return undefined;
    const forward = key & 1;
    const first = accounts.firstSeq(slot, forward);
    if (first === undefined) return undefined;
    return direction.holes.find(({ seq, payloadLength, ack, frames }) => {
      const before = (seq - first) | 0;
      const isLongest = before > 0 && before < payloadLength;
      const isReached = accounts.acked(slot, 1 - forward) === seq;
      const hasGoneOn = ((accounts.acked(slot, forward) - ack) | 0) > 0;
      return frames.count >= LEAST_TIMES && isLongest && isReached && hasGoneOn;
    });
  }

  #directionOf(slot: number, isOutbound: boolean): Direction {
    const key = this.#keyOf(slot, isOutbound);
    const flow = this.#accounts.id(slot);
    const known = this.#directions.get(key);
    if (known?.flow === flow) return known;
    const direction = { flow, holes: [] };
    this.#directions.set(key, direction);
    keepNewest(this.#directions, MOST_DIRECTIONS);
    return direction;
  }

  #keyOf(slot: number, isOutbound: boolean): number {
    return 2 * slot + (this.#accounts.isOutbound(slot, 1) === isOutbound ? 1 : 0);
  }
}

function rarest(holes: readonly Hole[]): number {
  let at = 0;
  for (const [n, { frames }] of holes.entries()) if (frames.count < holes[at].frames.count) at = n;
  return at;
}
