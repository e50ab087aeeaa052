import { NONE } from "../../../packets/tuples.js";
import { destinationText, sourceText } from "../../../packets/ways.js";
import type { Claim } from "../claim.js";
import type { Judged } from "../judged.js";

/** Where the host's routes send a packet, or may send it, by an interface that is not captured, in words; undefined where they do not. */
export function whyRouted(known: Judged, row: number): string | undefined {
  return routedBy(known, row)?.why;
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
function routedBy(known: Judged, row: number, way = known.timeline.way(row)): Routed | undefined {
  const { routes, timeline: t, tuples, translations } = known;
  if (routes === undefined) return undefined;
  const twinWay = way === t.way(row) ? translations.twinWayOf(row) : NONE;
  const [src, to] = [sourceText(tuples, way), destinationText(tuples, twinWay === NONE ? way : twinWay)];
  const side = t.sideOf(row);
  const route = routes.uncapturedTo(to, { src, side, source: t.frames[side].sourceOf(t.frame(row)) });
  if (route === undefined) return undefined;
  const { name, isCertain, isByPolicy } = route;
  const whose = isByPolicy ? `from ${src} to ${to}, by its policy rules,` : `to ${to}`;
  const why = `the host's route ${whose} ${isCertain ? "leaves" : "may leave"} by ${name}, which is not captured`;
  return { isCertain, isByPolicy, why };
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
