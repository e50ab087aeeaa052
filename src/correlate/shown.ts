import { ALTERED } from "../packets/results/evidence.js";
import type { Timeline } from "../packets/timeline.js";

/**
 * What the pairs come to that a run has shown which ends after so many. It has found others by then, which an earlier packet held up: findings are not
 * about those.
 */
export class Shown {
  pairs = 0;
  /** How many the router altered beyond what a translation does, and in what, as ALTERED has it. */
  alteredPairs = 0;
  readonly altered = ALTERED.map(() => 0);
  /** How many retransmissions there are, by the id of the flow. */
  readonly #flows = new Map<number, number>();
  /** What is to be told of pairs once they are shown, by their inside rows. */
  readonly #untold = new Map<number, () => void>();

  /** Takes the pair of an inside row, and the id of its flow. */
  note(t: Timeline, inside: number, flow: number): void {
    this.#untold.get(inside)?.();
    this.#untold.delete(inside);
    const altered = t.altered(inside);
    this.pairs++;
    if (altered !== 0) this.alteredPairs++;
    for (let bits = altered; bits !== 0; bits &= bits - 1) this.altered[31 - Math.clz32(bits & -bits)]++;
    this.#flows.set(flow, (this.#flows.get(flow) ?? 0) + (t.isRetransmission(inside) ? 1 : 0));
  }

  /** Has something told once the pair of an inside row is shown. */
  whenShown(inside: number, tell: () => void): void {
    this.#untold.set(inside, tell);
  }

  /** How many retransmissions of a flow were shown; undefined where no pair of it was. */
  retransmissions(flow: number): number | undefined {
    return this.#flows.get(flow);
  }
}
