/** What becomes of a packet on the timeline: its state, and words beside its record. */

/** May still find its twin. */
export const WAITING = 0;
/** Reported as ambiguous; until its window is over it still counts as a possible twin of others. */
export const AMBIGUOUS = 1;
/** From here on, states are those of packets that nothing is to be decided about. */
export const DECIDED = 2;
/** Has its twin; the pair is still to be shown. */
export const PAIRED = 2;
/** Paired as one of several packets; shown with the first of them. */
export const MEMBER = 3;
/** Its other form, after a rewrite, is on its own side, and `twin` names it; the pair is still to be shown. */
export const TURNED = 4;
/**
 * Has its twin, and all that is known of both is what is to be shown: see `assembly/folds.ts`. In place of where the rest is, an inside row has the number of its
 * fold, and an outside one what it has if it is GONE.
 */
export const FOLDED = 5;
/** Accounted for: nothing needs it any more. From here on, states are those of packets that can be given back. */
export const DONE = 6;
/** The same of a packet with a twin: the pair was shown, or nobody wants to see it. */
export const SHOWN = 7;
/** Released: all that is known of it is its side, and in place of where the rest is, its twin and which way they went: see `goneOf` of `assembly/timeline.ts`. */
export const GONE = 8;

/** Words of what becomes of a packet, beside its record: half a cache line. */
export const FATE_BITS = 3;
export const BUCKET = 0;
export const PREVIOUS = 1;
export const NEXT = 2;
export const TWIN = 3;
export const FLOW = 4;
/** The same word of a packet without a twin: `macHash` of who sent its frame … */
export const MAC_FROM = 4;
/**
 * `by` in the lower 7 bits, then 1 where a TCP segment is a retransmission, then 12 of `evidence`, then 1 where the pair travels
 * outbound, then 11 of `altered`.
 */
export const BY_EVIDENCE_OUTBOUND = 5;
/** … and of whom that goes to. */
export const MAC_TO = 5;
/** Of a packet that waits in a crowd, who came before it there and goes its way, and who came behind it: see `assembly/lanes.ts` of the kernel. */
export const LANE_OLDER = 6;
export const LANE_NEWER = 7;
const BY_MASK = 0x7f;
export const IS_RETRANSMISSION = 1 << 7;
const OUTBOUND_SHIFT = 20;
const ALTERED_SHIFT = 21;

/** The word BY_EVIDENCE_OUTBOUND of a pair's inside row. `outbound`: 1 or 0. */
export function decidedBy(by: number, evidence: number, outbound: number, altered: number): number {
  return by | (evidence << 8) | (outbound << OUTBOUND_SHIFT) | (altered << ALTERED_SHIFT);
}

/** The same where the router altered more: ALTERED_… bits. */
export function alteredToo(how: number, altered: number): number {
  return how | (altered << ALTERED_SHIFT);
}

/** How such a word says that its pair was found: a number of BY … */
export function byOf(how: number): number {
  return how & BY_MASK;
}

/** … and the same of one that was found so instead. */
export function foundBy(how: number, by: number): number {
  return (how & ~BY_MASK) | by;
}

/** By which evidence such a word says that its pair was: EVIDENCE_… bits. */
export function evidenceBy(how: number): number {
  return (how >>> 8) & 0xfff;
}

/** What such a word says that the router altered: ALTERED_… bits. */
export function alteredBy(how: number): number {
  return how >>> ALTERED_SHIFT;
}

/** 1 where such a word says that its pair went outbound, else 0. */
export function outboundOf(how: number): number {
  return (how >> OUTBOUND_SHIFT) & 1;
}
