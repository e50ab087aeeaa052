import type { Adversary } from "./adversary.js";
import { WRONG } from "./wrong.js";

/** Every capture pair that was made up against natcorr, by name: a theme, then what it is about. */
export const ADVERSARIES: ReadonlyMap<string, Adversary> = new Map(Object.entries({ ...WRONG }));
