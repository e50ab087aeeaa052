import { first, next, same, sizeBits, word } from "./memory/layout.js";

/** What becomes of a packet on the timeline: its state, and words beside its record. */

/** May still find its twin. */
export const WAITING = first();
/** Reported as ambiguous; until its window is over it still counts as a possible twin of others. */
export const AMBIGUOUS = next();
/** From here on, states are those of packets that nothing is to be decided about. */
export const DECIDED = next();
/** Has its twin; the pair is still to be shown. */
export const PAIRED = same(DECIDED);
/** Paired as one of several packets; shown with the first of them. */
export const MEMBER = next();
/** Its other form, after a rewrite, is on its own side, and `twin` names it; the pair is still to be shown. */
export const TURNED = next();
/**
 * Has its twin, and all that is known of both is what is to be shown: see `assembly/folds.ts`. In place of where the rest is, an inside row has the number of its
 * fold, and an outside one what it has if it is GONE.
 */
export const FOLDED = next();
/** Accounted for: nothing needs it any more. From here on, states are those of packets that can be given back. */
export const DONE = next();
/** The same of a packet with a twin: the pair was shown, or nobody wants to see it. */
export const SHOWN = next();
/** Released: all that is known of it is its side, and in place of where the rest is, its twin and which way they went: see `goneOf` of `assembly/timeline.ts`. */
export const GONE = next();

/** Words of what becomes of a packet, beside its record: half a cache line. */
export const FATE_BITS = sizeBits();
export const BUCKET = word();
export const PREVIOUS = word();
export const NEXT = word();
export const TWIN = word();
export const FLOW = word();
/** The same word of a packet without a twin: `macHash` of who sent its frame … */
export const MAC_FROM = same(FLOW);
/** How it was found, of the inside packet of a pair: see `decidedBy` of `results/evidence.ts` … */
export const HOW = word();
/** … and of whom that goes to. */
export const MAC_TO = same(HOW);
/** Of a packet that waits in a crowd, who came before it there and goes its way, and who came behind it: see `assembly/filing/lanes.ts` of the kernel. */
export const LANE_OLDER = word();
export const LANE_NEWER = word();
