/** How long the first one is, milliseconds: each is twice as long as the one before. */
const FIRST_MS = 1000;

/** The pauses between questions of one kind, so that there are few. */
export class Pause {
  readonly #mostMs: number;
  #ms = FIRST_MS;
  #untilMs = 0;

  /** `mostMs`: how long one is at the most, milliseconds. */
  constructor(mostMs = Number.POSITIVE_INFINITY) {
    this.#mostMs = mostMs;
  }

  /** How long it is still, milliseconds; 0 where a question may be asked. */
  get leftMs(): number {
    return Math.max(0, this.#untilMs - Date.now());
  }

  /** Begins the next one, as a question is asked. */
  begin(): void {
    this.#untilMs = Date.now() + this.#ms;
    this.#ms = Math.min(2 * this.#ms, this.#mostMs);
  }
}
