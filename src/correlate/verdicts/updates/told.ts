import type { Base } from "../../kernel/base.js";
import type { SideCover } from "../captures/side-cover.js";
import type { Refusals } from "../claims/refusals.js";
import type { Impacts } from "../impacts/impacts.js";
import type { OpenUnknowns } from "./open-unknowns.js";
import type { Teller } from "./teller.js";

/** What it takes to tell of packets once more that were judged. */
export interface Told extends Base {
  readonly cover: readonly [SideCover, SideCover];
  readonly refusals: Refusals;
  readonly impacts: Impacts;
  readonly unknowns: OpenUnknowns;
  readonly teller: Teller;
}
