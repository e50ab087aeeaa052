import type { Update } from "../../packets/results/results.js";
import { type Gathering, type Journey, Node } from "./journey.js";
import type { ToldPacket } from "./told.js";

/** Bits of `Node.told`: the hop that has the point as its outside, and the one that has it as its inside. */
const BY_INNER = 1;
const BY_OUTER = 2;

/** A hop tells of a packet at most so many windows after it passed: one for its twin, and one for the packet's place in the order of time. */
const MOST_WINDOWS = 2;

interface Waiting {
  readonly timeNs: number;
  readonly journey: Gathering;
}

/**
 * Joins what the hops tell of frames into journeys: frames that hops pair are one packet's, over all points. A journey is whole once both hops of each of its frames
 * have told what became of that; journeys are told in order of the time at their innermost points.
 */
export class Journeys {
  /** By point, how many frames are in journeys that were told of. */
  readonly frames: number[];
  readonly #points: readonly Map<number, Node>[];
  #waiting: Waiting[] = [];
  /** Where the first of those stands that still waits. */
  #first = 0;
  readonly #windowNs: number;
  readonly #tell: (journey: Journey) => void;

  constructor(points: number, windowNs: number, tell: (journey: Journey) => void) {
    this.frames = Array.from({ length: points }, () => 0);
    this.#points = Array.from({ length: points }, () => new Map<number, Node>());
    this.#windowNs = windowNs;
    this.#tell = tell;
  }

  /** Takes what a hop tells of a packet. `aheadNs`: how far a point's clock is ahead of the first one's. */
  take(hop: number, { seen, facts, crossing, fate }: ToldPacket, aheadNs: (point: number) => number): void {
    let journey: Gathering | undefined;
    for (const sighting of seen) {
      const { point, frames, atNs } = sighting;
      const commonNs = atNs - aheadNs(point);
      const bit = point === hop ? BY_OUTER : BY_INNER;
      for (const frame of frames) {
        const node = this.#nodeOf(frame, sighting, commonNs);
        node.note(sighting);
        if ((node.told & bit) === 0) node.journey.open--;
        node.told |= bit;
        journey = journey === undefined ? node.journey : this.#joined(journey, node.journey);
      }
    }
    if (journey === undefined) return;
    journey.note(facts, hop);
    if (crossing !== undefined) journey.crossings.push(crossing);
    if (fate !== undefined) journey.fates.push(fate);
  }

  /** Tells of the journeys before a time: hops have told all they have to say of what passed before. */
  pass(commonNs: number): void {
    for (; this.#first < this.#waiting.length; this.#first++) {
      const { timeNs, journey } = this.#waiting[this.#first];
      if (timeNs >= commonNs) break;
      if (journey.isTold || journey.nodes.length === 0) continue;
      // it was found to have passed elsewhere, and stands there as well
      if (journey.timeNs !== timeNs) continue;
      if (journey.open > 0 && journey.lastNs + MOST_WINDOWS * this.#windowNs >= commonNs) break;
      this.#end(journey);
    }
    // by halves, so that each moves but once
    if (2 * this.#first < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** Takes what became known of a frame later. Returns false where it is too late: its journey was told of. */
  amend(hop: number, update: Update): boolean {
    const fates = this.#points[hop + update.side].get(update.frame)?.journey.fates;
    const at = fates?.findIndex(
      ({ hop: of, side, frame }) => of === hop && side === update.side && frame === update.frame,
    );
    if (fates === undefined || at === undefined || at < 0) return false;
    const { verdict, reason, why, impact, byFrame, leavesBy } = update;
    const { side, frame, flow } = fates[at];
    fates[at] = { hop, side, frame, flow, verdict, reason, why, impact, byFrame, leavesBy };
    return true;
  }

  /** When the first journey passed that waits to be told; infinity where none does. */
  get nextNs(): number {
    return this.#waiting[this.#first]?.timeNs ?? Number.POSITIVE_INFINITY;
  }

  #nodeOf(frame: number, sighting: Node["sighting"], commonNs: number): Node {
    const point = this.#points[sighting.point];
    const known = point.get(frame);
    if (known !== undefined) return known;
    const node = new Node(frame, sighting, commonNs);
    const isEnd = sighting.point === 0 || sighting.point === this.#points.length - 1;
    node.journey.open = isEnd ? 1 : 2;
    point.set(frame, node);
    this.#wait(node.journey);
    return node;
  }

  #joined(one: Gathering, other: Gathering): Gathering {
    if (one === other) return one;
    const [larger, smaller] = one.nodes.length >= other.nodes.length ? [one, other] : [other, one];
    const { timeNs } = larger;
    larger.join(smaller);
    if (larger.timeNs !== timeNs) this.#wait(larger);
    return larger;
  }

  /** Puts a journey among those that wait, by its time, behind those of the same time. */
  #wait(journey: Gathering): void {
    const { timeNs } = journey;
    let [from, to] = [this.#first, this.#waiting.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#waiting[middle].timeNs <= timeNs) from = middle + 1;
      else to = middle;
    }
    this.#waiting.splice(from, 0, { timeNs, journey });
  }

  #end(journey: Gathering): void {
    journey.isTold = true;
    for (const { point, frame } of journey.nodes) {
      this.frames[point]++;
      this.#points[point].delete(frame);
    }
    if (journey.facts !== undefined) this.#tell(journey.journey(journey.facts));
  }
}
