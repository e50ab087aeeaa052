import { Gathered } from "../packets/results/gathered.js";
import { ALTERED } from "../packets/results/evidence.js";
import type { Timeline } from "../packets/timeline.js";

/**
 * What the pairs come to that a run has shown which ends after so many. It has found others by then, which an earlier packet held up: findings are not
 * about those.
 */
export class Shown {
  pairs = 0;
  /** How many the router altered beyond what a translation does, in what, as ALTERED has it; which those are, and which crossed again. */
  readonly altered = ALTERED.map(() => 0);
  readonly rewritten = new Gathered();
  readonly retransmissions = new Gathered();
  /** The ids of flows that pairs were shown of. */
  readonly #flows = new Set<number>();
  /** What is to be told of pairs once they are shown, by their inside rows. */
  readonly #untold = new Map<number, () => void>();

  /** Takes the pair of an inside row, and the id of its flow. */
  note(t: Timeline, inside: number, flow: number): void {
    this.#untold.get(inside)?.();
    this.#untold.delete(inside);
    const altered = t.altered(inside);
    this.pairs++;
    for (let bits = altered; bits !== 0; bits &= bits - 1) this.altered[31 - Math.clz32(bits & -bits)]++;
    this.#flows.add(flow);
    for (const row of [inside, t.twin(inside)]) {
      if (altered !== 0) this.rewritten.add(t.sideOf(row), t.frame(row), flow);
      if (t.isRetransmission(inside)) this.retransmissions.add(t.sideOf(row), t.frame(row), flow);
    }
  }

  /** Has something told once the pair of an inside row is shown. */
  whenShown(inside: number, tell: () => void): void {
    this.#untold.set(inside, tell);
  }

  /** Whether a pair of the flow with this id was. */
  has(flow: number): boolean {
    return this.#flows.has(flow);
  }
}
