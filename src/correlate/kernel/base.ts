import type { Ground, Kernel } from "./kernel.js";
import type { Translations } from "./translations.js";

/** What whoever decides about packets works on. */
export interface Base extends Ground {
  readonly kernel: Kernel;
  readonly translations: Translations;
}

/** What is noted of packets beside the timeline, which is told of each by `note`. */
export interface Notes {
  /** Forgets a packet that the timeline is about to give back. */
  forget(row: number): void;
}
