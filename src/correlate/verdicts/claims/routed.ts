import { NONE } from "../../../packets/tuples.js";
import { destinationText } from "../../../packets/ways.js";
import type { Claim } from "../claim.js";
import type { Judged } from "../judged.js";

/** Where the host's routes send a packet by an interface that is not captured, in words; undefined where they do not. */
export function whyRouted({ routes, timeline, tuples, translations }: Judged, row: number): string | undefined {
  if (routes === undefined) return undefined;
  const twinWay = translations.twinWayOf(row);
  return whyRoutedTo({ routes, tuples }, twinWay === NONE ? timeline.way(row) : twinWay);
}

/** The same of what goes this way. */
function whyRoutedTo({ routes, tuples }: Pick<Judged, "routes" | "tuples">, way: number): string | undefined {
  const to = destinationText(tuples, way);
  const name = routes?.uncapturedTo(to);
  return name && `the host's route to ${to} leaves by ${name}, which is not captured`;
}

/**
 * What follows for a packet that was forwarded, as `said` tells, and that the other capture lacks, where the host's routes lead to an interface that is not captured; undefined
 * where they do not.
 *
 * @param way to who is beyond, where that is not the packet's own.
 */
export function routedElsewhere(known: Judged, row: number, said: string, way?: number): Claim | undefined {
  const routed = way === undefined ? whyRouted(known, row) : whyRoutedTo(known, way);
  if (routed === undefined) return undefined;
  return { verdict: "elsewhere", reason: "forwarded-elsewhere", why: `${said}, and ${routed}`, lacks: "anything" };
}
