import type { Beyond } from "./claims/beyond.js";
import type { Carried } from "./captures/carried.js";
import type { Common } from "./captures/common.js";
import type { Elsewhere } from "./claims/elsewhere.js";
import type { Filtered } from "./captures/filtered.js";
import type { Locals } from "./claims/locals.js";
import type { Reach } from "./captures/reach.js";
import type { Speakers } from "./claims/speakers.js";
import type { StandIns } from "./claims/stand-ins.js";
import type { Strangers } from "./claims/strangers.js";
import type { Taken } from "./claims/taken.js";
import type { Known } from "./known.js";

/** What a verdict may draw on, with what is learnt of it as packets are judged. */
export interface Judged extends Known {
  readonly locals: Locals;
  readonly reach: Reach;
  readonly strangers: Strangers;
  readonly speakers: Speakers;
  readonly beyond: Beyond;
  readonly elsewhere: Elsewhere;
  readonly standIns: StandIns;
  readonly carried: Carried;
  /** By side: what all conversations that its capture has have in common. */
  readonly common: readonly [Common, Common];
  readonly filtered: Filtered;
  readonly taken: Taken;
}
