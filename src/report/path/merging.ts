import type { Told } from "./told.js";

/** Takes what all hops tell, one after the other. `commonNs`: when it stands, by the first point's clock; what comes later is no earlier. */
export type TakeMerged = (hop: number, told: Told, commonNs: number) => void;

/** What a hop has told, and nobody has taken yet. */
class Queue {
  hasEnded = false;
  #waiting: Told[] = [];
  #at = 0;

  get first(): Told | undefined {
    return this.#waiting[this.#at];
  }

  get isEmpty(): boolean {
    return this.#at === this.#waiting.length;
  }

  add(told: Told): void {
    this.#waiting.push(told);
  }

  shift(): void {
    this.#at++;
    // by halves, so that each moves but once
    if (2 * this.#at < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#at);
    this.#at = 0;
  }
}

/**
 * Merges what the hops tell by its times on the first point's clock: those of each hop less by how much the points' clocks before it are ahead of each other, as
 * far as hops have told by then. Nothing is taken before all hops have told something, or ended, so that it does not matter which of them runs ahead.
 */
export class Merging {
  readonly #queues: readonly Queue[];
  /** By hop, how far the next point's clock is ahead. */
  readonly #offsetsNs: number[];
  readonly #take: TakeMerged;
  #commonNs = Number.NEGATIVE_INFINITY;

  constructor(hops: number, take: TakeMerged) {
    this.#queues = Array.from({ length: hops }, () => new Queue());
    this.#offsetsNs = Array.from({ length: hops }, () => 0);
    this.#take = take;
  }

  /** How far a point's clock is ahead of the first one's, as far as is known by now. */
  aheadNs(point: number): number {
    let sum = 0;
    for (let hop = 0; hop < point; hop++) sum += this.#offsetsNs[hop];
    return sum;
  }

  /** Before a hop tells anything, how far the next point's clock is ahead. */
  begin(hop: number, offsetNs: number): void {
    this.#offsetsNs[hop] = offsetNs;
  }

  add(hop: number, told: Told): void {
    const queue = this.#queues[hop];
    const wasEmpty = queue.isEmpty;
    queue.add(told);
    // as long as another one is waited for, nothing changes
    if (wasEmpty) this.#go();
  }

  end(hop: number): void {
    this.#queues[hop].hasEnded = true;
    this.#go();
  }

  #go(): void {
    for (let hop = this.#next(); hop !== undefined; hop = this.#next()) {
      const told = this.#queues[hop].first;
      if (told === undefined) return;
      this.#queues[hop].shift();
      if (told.kind === "packet" && told.offsetNs !== undefined) this.#offsetsNs[hop] = told.offsetNs;
      this.#take(hop, told, this.#commonNs);
    }
  }

  /** The hop that told what stands first; undefined where one may still do so. */
  #next(): number | undefined {
    let next: number | undefined;
    let nextNs = Number.POSITIVE_INFINITY;
    let aheadNs = 0;
    for (const [hop, queue] of this.#queues.entries()) {
      const { first } = queue;
      if (first === undefined && !queue.hasEnded) return undefined;
      if (first !== undefined && first.atNs - aheadNs < nextNs) {
        next = hop;
        nextNs = first.atNs - aheadNs;
      }
      aheadNs += this.#offsetsNs[hop];
    }
    this.#commonNs = Math.max(this.#commonNs, nextNs);
    return next;
  }
}
