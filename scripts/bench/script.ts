import type { Actor } from "./actor.js";

/** What a conversation does, line by line; it yields how long it waits before the next, ns. */
export type Lines = Generator<number, void, undefined>;

/** The time of the line that is being read, ns. */
export interface Clock {
  readonly nowNs: number;
}

/** A conversation that goes by a script. */
export class Script implements Actor, Clock {
  nowNs = 0;
  readonly #lines: Lines;

  constructor(write: (clock: Clock) => Lines) {
    this.#lines = write(this);
  }

  step(nowNs: number): number {
    this.nowNs = nowNs;
    const line = this.#lines.next();
    return line.done ? -1 : nowNs + line.value;
  }
}
