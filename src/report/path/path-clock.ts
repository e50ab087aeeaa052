import type { Summary } from "../../packets/results/results.js";
import type { Journey } from "./journey.js";

/** How the last point's clock stands to the first one's. */
export interface PathClock {
  /** Last minus first at the beginning, nanoseconds: what the hops' come to. */
  readonly offsetNs: number;
  /** How far that may be wrong; null where a hop does not tell. */
  readonly uncertaintyNs: number | null;
  /** Whether packets that passed all points contradict it: they would have arrived earlier than they were sent, by more than that. */
  readonly isContradicted: boolean;
}

/** Checks what the hops' clocks come to by packets that passed all points: whatever the hops say of each, these take no less than nothing. */
export class ClosureCheck {
  readonly #hops: number;
  #leastNs = Number.POSITIVE_INFINITY;

  constructor(hops: number) {
    this.#hops = hops;
  }

  note({ crossings }: Journey): void {
    const latencyNs = totalLatencyNs(crossings, this.#hops);
    if (latencyNs !== undefined) this.#leastNs = Math.min(this.#leastNs, latencyNs);
  }

  of(hops: readonly Summary[]): PathClock {
    const clocks = hops.map(({ clock }) => clock);
    const offsetNs = clocks.reduce((sum, clock) => sum + clock.offsetNs, 0);
    const uncertaintyNs = clocks.reduce<number | null>(
      (sum, clock) => (sum === null || clock.uncertaintyNs === null ? null : sum + clock.uncertaintyNs),
      0,
    );
    return { offsetNs, uncertaintyNs, isContradicted: uncertaintyNs !== null && this.#leastNs < -uncertaintyNs };
  }
}

/** How long a packet took over so many hops, the first piece of it where there are several; undefined where it did not cross all of them. */
export function totalLatencyNs(crossings: Journey["crossings"], hops?: number): number | undefined {
  let [hop, count, sum] = [-1, 0, 0];
  for (const crossing of crossings) {
    if (crossing.turnedAt !== undefined || crossing.hop === hop) continue;
    hop = crossing.hop;
    count++;
    sum += crossing.latencyNs;
  }
  return count === 0 || (hops !== undefined && count < hops) ? undefined : sum;
}
