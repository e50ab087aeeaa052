import type { Ground, Kernel } from "./kernel.js";
import type { Translations } from "./translations.js";

/** What whoever decides about packets works on. */
export interface Base extends Ground {
  readonly kernel: Kernel;
  readonly translations: Translations;
}
