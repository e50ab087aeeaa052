import type { Adversary } from "./adversary.js";
import { RECALL } from "./recall.js";
import { SAID } from "./said.js";
import { WRONG } from "./wrong.js";

/** Every capture pair that was made up against natcorr, by name: a theme, then what it is about. */
export const ADVERSARIES: ReadonlyMap<string, Adversary> = new Map(Object.entries({ ...WRONG, ...SAID, ...RECALL }));
