import { NONE } from "../../../packets/tuples.js";
import { destinationText, sourceText } from "../../../packets/ways.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { epochNsOf } from "../../../packets/results/epoch-ns.js";
import { type Claim, unknown } from "../claim.js";
import type { Judged } from "../judged.js";
import type { Known } from "../known.js";
import type { Watched } from "../impacts/drop.js";

/** What tells of routes. */
export type ByRoutes = Pick<Known, "routes" | "timeline" | "tuples" | "translations" | "epochsNs">;

/** A packet that is `missing` may have left where the host's routes send it, or may, by an interface that is not captured; undefined where they do not. */
export function routedUnknown(known: ByRoutes, row: number, missing: string): Claim | undefined {
  return unknownBy(routedBy(known, row), missing);
}

/** The same of a packet that was judged before, by the routes as they are known by now. */
export function routedUnknownThen(
  known: ByRoutes,
  { side, way, frame, timeNs }: Watched,
  missing: string,
): Claim | undefined {
  const sent = { side, way, frame, timeNs: known.epochsNs[INSIDE] + BigInt(Math.floor(timeNs)) };
  return unknownBy(routeOf(known, sent, known.translations.twinWay(side, way)), missing);
}

function unknownBy(routed: Routed | undefined, missing: string): Claim | undefined {
  if (routed === undefined) return undefined;
  const { name: leavesBy, why } = routed;
  const claim = unknown("routed-elsewhere", `${missing}, but ${why}`);
  return leavesBy === undefined ? claim : { ...claim, leavesBy };
}

/** A route that leaves by an interface which is not captured. */
interface Routed {
  /** Undefined where that may be any. */
  readonly name: string | undefined;
  readonly isCertain: boolean;
  readonly isByPolicy: boolean;
  /** In words. */
  readonly why: string;
}

/**
 * The same. Routes are asked for the source that a packet comes in with, and for where it goes once it is translated.
 *
 * @param way to who is beyond, where that is not the packet's own.
 */
function routedBy(known: ByRoutes, row: number, way = known.timeline.way(row)): Routed | undefined {
  const { timeline: t, translations } = known;
  if (known.routes === undefined) return undefined;
  const sent = { side: t.sideOf(row), way, frame: t.frame(row), timeNs: epochNsOf(known, row) };
  return routeOf(known, sent, way === t.way(row) ? translations.twinWayOf(row) : NONE);
}

/** A packet as it comes in: by which side's frame, and when, epoch nanoseconds. */
interface Sent {
  readonly side: Side;
  readonly way: number;
  readonly frame: number;
  readonly timeNs: bigint;
}

/** Why it may have left by any, in words. */
const FORGOTTEN =
  "how the host forwarded then is not known, as that changed about then, or too often since: it may have left by an interface that is not captured";

/** `twinWay`: which way it goes on, translated; NONE where it is not, or that is not known. */
function routeOf(
  { routes, timeline: t, tuples }: ByRoutes,
  { side, way, frame, timeNs }: Sent,
  twinWay: number,
): Routed | undefined {
  const [src, to] = [sourceText(tuples, way), destinationText(tuples, twinWay === NONE ? way : twinWay)];
  const route = routes?.uncapturedTo(to, { src, side, source: t.frames[side].sourceOf(frame), timeNs });
  if (route === undefined) return undefined;
  const { name, isCertain, isByPolicy } = route;
  if (name === undefined) return { name, isCertain, isByPolicy, why: FORGOTTEN };
  const whose = isByPolicy ? `from ${src} to ${to}, by its policy rules,` : `to ${to}`;
  const changed = isCertain || isByPolicy ? "" : "changed about then, and ";
  const leaves = isCertain ? "leaves" : "may leave";
  return {
    name,
    isCertain,
    isByPolicy,
    why: `the host's route ${whose} ${changed}${leaves} by ${name}, which is not captured`,
  };
}

/**
 * What follows for a packet that was forwarded, as `said` tells, and that the other capture lacks, where the host's routes lead to an interface that is not captured; undefined
 * where they do not.
 *
 * @param way to who is beyond, where that is not the packet's own.
 */
export function routedElsewhere(
  known: Judged,
  row: number,
  said: string,
  way?: number,
): { readonly claim: Claim; readonly isByPolicy: boolean } | undefined {
  const routed = routedBy(known, row, way);
  if (routed?.isCertain !== true || routed.name === undefined) return undefined;
  const why = `${said}, and ${routed.why}`;
  const { isByPolicy, name: leavesBy } = routed;
  return {
    claim: { verdict: "elsewhere", reason: "forwarded-elsewhere", why, leavesBy, lacks: "anything" },
    isByPolicy,
  };
}
