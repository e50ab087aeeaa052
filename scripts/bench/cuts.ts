/** How one side shows what was sent as one: whole, as one piece, or cut. */
export interface View {
  /** Bytes of each piece, as they follow each other: of a segment's payload, or of a datagram after its IP header. */
  readonly pieces: readonly number[];
  /** The pieces, as indices, in the order they come in; one that is left out was lost. */
  readonly order: readonly number[];
}

/** How the side where it enters the host shows it, and the side where it leaves. */
export interface Cut {
  readonly entry: View;
  readonly exit: View;
}

/** Nothing is cut. */
export const WHOLE: Cut = { entry: { pieces: [0], order: [0] }, exit: { pieces: [0], order: [0] } };

/** Pieces of `most` bytes, the last one of what is left. */
export function piecesOf(bytes: number, most: number): number[] {
  const pieces = Array.from({ length: Math.floor(bytes / most) }, () => most);
  if (bytes % most > 0) pieces.push(bytes % most);
  return pieces;
}

/** Pieces that come in order, and all of them. */
export function inOrder(pieces: readonly number[]): View {
  return { pieces, order: pieces.map((_, i) => i) };
}

/** Whether none of a view's pieces was lost. */
export function isComplete({ pieces, order }: View): boolean {
  return order.length === pieces.length;
}

/**
 * What goes with what: the ranges between the boundaries that both sides have in common, counted from 0.
 *
 * @returns per piece of each side, the number of its range.
 */
export function rangesOf({ entry, exit }: Cut): { entry: number[]; exit: number[] } {
  const starts = startsOf(exit.pieces);
  const common = new Set(startsOf(entry.pieces).filter((start) => starts.includes(start)));
  const rangeOf = (pieces: readonly number[]) => {
    let range = -1;
    return startsOf(pieces).map((start) => (common.has(start) ? ++range : range));
  };
  return { entry: rangeOf(entry.pieces), exit: rangeOf(exit.pieces) };
}

function startsOf(pieces: readonly number[]): number[] {
  let at = 0;
  return pieces.map((bytes) => (at += bytes) - bytes);
}
