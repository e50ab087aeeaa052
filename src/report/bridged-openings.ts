import type { Tables, Update } from "../packets/results/results.js";
import { INSIDE, type Side } from "../packets/sides.js";
import { addTo, type Kind, kindOf } from "./drop-kinds.js";
import { mayOpen } from "./row-names.js";

/** So many conversations wait for an answer: whoever tries all addresses begins more. */
const MOST_WAITING = 1_000;

/** A conversation that does not cross, and that nobody answered so far. */
interface Opening {
  readonly kind: Kind;
  readonly forward: number;
}

/** What would have opened conversations inside that do not cross, until somebody answers: captures show it, be it dropped in between or not. */
export class BridgedOpenings {
  /** By the tuple of the conversation. */
  readonly #waiting = new Map<number, Opening>();

  /** Those that nobody answered. */
  get unanswered(): Kind[] {
    return Array.from(this.#waiting.values(), ({ kind }) => kind);
  }

  /** The kind that a frame is of; undefined of one that is none of the first of its conversation. */
  kindOf(side: Side, frame: number): Kind | undefined {
    return this.unanswered.find(({ gathered }) => gathered.frames[side].listed.includes(frame));
  }

  /** Takes a packet that does not cross. */
  take(tables: Tables, row: number): void {
    const { timeline } = tables;
    if (timeline.sideOf(row) !== INSIDE) return;
    const [tuple, forward] = [timeline.tuple(row), timeline.forward(row)];
    const known = this.#waiting.get(tuple);
    if (known !== undefined && known.forward !== forward) this.#waiting.delete(tuple);
    else if (known !== undefined) addTo(known.kind, tables, row);
    else if (this.#waiting.size < MOST_WAITING && mayOpen(tables, row)) {
      const kind = kindOf(tables, row, "bridged", false);
      this.#waiting.set(tuple, { kind, forward });
      addTo(kind, tables, row);
    }
  }

  /** Takes it that a packet was not what it was said to be. */
  takeBack({ side, frame }: Update): void {
    const known = this.kindOf(side, frame);
    for (const [tuple, { kind }] of this.#waiting) if (kind === known) this.#waiting.delete(tuple);
  }
}
