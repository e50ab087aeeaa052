import type { Judgement } from "../../../packets/results/results.js";
import { SIDE_NAMES } from "../../../packets/sides.js";
import { isByLack } from "../claim.js";
import type { Known } from "../known.js";

/**
 * What became of a packet that one container sent to another on their link, as its frame's MAC addresses tell: it never was the host's to forward, whatever its
 * addresses are, and whatever the other capture lacks. Null of any other packet, and of one of which more is known.
 */
export function betweenContainers({ timeline: t, macs }: Known, row: number, judged: Judgement): Judgement | null {
  if (!isByLack(judged)) return null;
  if (!macs.isContainersMac(t.macFrom(row)) || !macs.isContainersMac(t.macTo(row))) return null;
  const why = `a container on ${SIDE_NAMES[t.side(row)]} sent it to another one there, by the MAC addresses of its frame: the host did not get it`;
  return { verdict: "local", reason: "between-containers", why };
}
