import type * as idle from "./assembly/idle.js";
import code from "./assembly/idle.wasm";
import type { Ground } from "./kernel.js";
import type { Steps } from "../../packets/memory/steps.js";

/** A conversation silent for this long is let go, nanoseconds; conntrack forgets an unanswered UDP flow after three times that … */
const IDLE_NS = 10_000_000_000;
/** … and a TCP connection that is over, once late retransmissions of its end are. */
const ENDED_NS = 2_000_000_000;
/**
 * Unanswered conversations end sooner where there are more than this, both sides together: after half of that time where there are twice as many.
 * conntrack usually has room for so many, and drops unanswered ones then, too (`early_drop`).
 */
const CROWD = 262_144;

const module = new WebAssembly.Module(code);

/** The tables that are looked at, and the heap they are in. */
type Looked = Pick<Ground, "heap" | "timeline" | "tuples" | "accounts">;

/**
 * What can be let go, as of when it was made: conversations that have been silent for long, and have no packet on the timeline. Found
 * out at one look over all, when somebody asks: to count along with every packet would touch a tuple and a flow long out of the cache
 * each time one leaves. In WebAssembly, as it happens so seldom that V8 would not have got the loops to run fast before they end.
 */
export class Idle {
  readonly #tables: Looked;
  readonly #loops: Steps<typeof idle>;
  /** By tuple, and by slot: 1 where it is idle, and where a pair of the flow is on the timeline. */
  readonly #tuples: Uint8Array;
  readonly #held: Uint8Array;

  constructor(tables: Looked, nowNs: number) {
    const { heap, timeline, tuples, accounts } = tables;
    this.#tables = tables;
    this.#loops = heap.load<typeof idle>(module);
    this.#tuples = heap.take(Uint8Array, tuples.end);
    this.#held = heap.take(Uint8Array, accounts.end);
    const marks = this.#tuples.byteOffset;
    const unansweredNs = Math.max(ENDED_NS, IDLE_NS * Math.min(1, CROWD / tuples.size));
    this.#loops.markSilent(marks, tuples.block, tuples.end, nowNs, IDLE_NS, ENDED_NS, unansweredNs);
    this.#loops.markHeld(marks, this.#held.byteOffset, timeline.block, accounts.block);
  }

  hasTuple(tuple: number): boolean {
    return this.#tuples[tuple] === 1;
  }

  /** Whether a pair of the flow in this slot is on the timeline. */
  isHeld(slot: number): boolean {
    return this.#held[slot] === 1;
  }

  /** Lends the flows between two idle tuples, by their slots, but those that were retired; behind `others`. */
  lendFlows(others: readonly number[], use: (slots: Int32Array) => void): void {
    const { heap, accounts } = this.#tables;
    heap.lend(Int32Array, others.length + accounts.end, (list) => {
      list.set(others);
      const to = list.subarray(others.length).byteOffset;
      const count = this.#loops.listFlows(to, this.#tuples.byteOffset, accounts.block, accounts.end);
      use(list.subarray(0, others.length + count));
    });
  }

  /** By tuple, 1 where it is idle and no flow has it; `hasTuple` is about these from now on. */
  tuples(): Uint8Array {
    const { tuples } = this.#tables;
    this.#loops.keepUntranslated(this.#tuples.byteOffset, tuples.block, tuples.end);
    return this.#tuples;
  }

  /** Gives back what it takes to know that; it is not to be asked any more. */
  free(): void {
    for (const marks of [this.#tuples, this.#held]) this.#tables.heap.give(marks);
  }
}
