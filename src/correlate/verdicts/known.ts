import type { HostRules } from "../../packets/results/host-rules.js";
import type { HostRoutes } from "../../packets/results/host-routes.js";
import type { ContainerMacs } from "../../packets/results/container-macs.js";
import type { Traces } from "../../packets/results/traces.js";
import type { Tunnels } from "../intake/tunnels.js";
import type { Learnt } from "../matchers/contract.js";
import type { Matchers } from "../matchers/matchers.js";
import type { SideCover } from "./captures/side-cover.js";
import type { Impacts } from "./impacts/impacts.js";
import type { Misses } from "./captures/misses.js";
import type { Mistimed } from "./captures/mistimed.js";
import type { Errors } from "./claims/errors.js";
import type { Refusals } from "./claims/refusals.js";
import type { Resets } from "./claims/resets.js";
import type { SideTally } from "./side-tally.js";

/** What a verdict may draw on. */
export interface Known extends Learnt {
  readonly matchers: Matchers;
  /** As in `Tables`. */
  readonly epochsNs: readonly [bigint, bigint];
  readonly errors: Errors;
  readonly refusals: Refusals;
  readonly impacts: Impacts;
  readonly misses: Misses;
  readonly resets: Resets;
  readonly mistimed: Mistimed;
  readonly tunnels: Tunnels;
  /** What became of each side's frames so far. */
  readonly tallies: readonly [SideTally, SideTally];
  /** What each side's captures cover. */
  readonly cover: readonly [SideCover, SideCover];
  /** The frame that a packet may be a copy of, or have as one; undefined where there is none. */
  readonly repeatOf: (row: number) => number | undefined;
  readonly rules: HostRules;
  /** How the host's routes lead; undefined where nothing tells. */
  readonly routes: HostRoutes | undefined;
  /** Which MAC addresses are containers'. */
  readonly macs: ContainerMacs;
  /** What a trace of the host's firewall says; undefined where there is none. */
  readonly traces: Traces | undefined;
}
