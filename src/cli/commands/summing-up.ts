import { PassingSink } from "../../packets/results/passing-sink.js";
import type { FlowSummary, Sink } from "../../packets/results/results.js";

/** Whoever has ended a run waits so long without a word. */
const SILENT_MS = 1000;

/** Passes results on, and says once that a run which has ended is not done, where that takes a while: hosts list what they know, and each flow is looked up there. */
export class SummingUp extends PassingSink {
  readonly #say: () => void;
  #dueMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(next: Sink, say: () => void) {
    super(next);
    this.#say = say;
  }

  /** Nothing is captured any more. */
  begins(): void {
    if (this.#timer !== undefined) return;
    this.#dueMs = performance.now() + SILENT_MS;
    this.#timer = setTimeout(() => this.#sayOnce(), SILENT_MS);
  }

  /** All is said. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** Flows are looked up one after the other, and no timer comes in between. */
  override flow(flow: FlowSummary): void {
    if (performance.now() >= this.#dueMs) this.#sayOnce();
    super.flow(flow);
  }

  #sayOnce(): void {
    if (this.#dueMs === Number.POSITIVE_INFINITY) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#say();
  }
}
