import { NONE } from "../../../packets/tuples.js";
import { destinationText, sourceText } from "../../../packets/ways.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { epochNsOf } from "../../../packets/results/epoch-ns.js";
import type { Claim } from "../claim.js";
import type { Judged } from "../judged.js";
import type { Known } from "../known.js";
import type { Watched } from "../impacts/drop.js";

/** What tells of routes. */
export type ByRoutes = Pick<Known, "routes" | "timeline" | "tuples" | "translations" | "epochsNs">;

/** Where the host's routes send a packet, or may send it, by an interface that is not captured, in words; undefined where they do not. */
export function whyRouted(known: ByRoutes, row: number): string | undefined {
  return routedBy(known, row)?.why;
}

/** The same of a packet that was judged before, as they are known by now. */
export function whyRoutedThen(known: ByRoutes, { side, way, frame, timeNs }: Watched): string | undefined {
  const sent = { side, way, frame, timeNs: known.epochsNs[INSIDE] + BigInt(Math.floor(timeNs)) };
  return routeOf(known, sent, known.translations.twinWay(side, way))?.why;
}

/** A route that leaves by an interface which is not captured. */
interface Routed {
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
  const whose = isByPolicy ? `from ${src} to ${to}, by its policy rules,` : `to ${to}`;
  const changed = isCertain || isByPolicy ? "" : "changed about then, and ";
  const leaves = isCertain ? "leaves" : "may leave";
  return {
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
  if (routed?.isCertain !== true) return undefined;
  const why = `${said}, and ${routed.why}`;
  const { isByPolicy } = routed;
  return { claim: { verdict: "elsewhere", reason: "forwarded-elsewhere", why, lacks: "anything" }, isByPolicy };
}
