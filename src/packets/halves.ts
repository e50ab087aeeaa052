/** Of the two that a number stands for (its sides, its directions, …), one as a number of its own: `which` is 0 or 1. */
export function halfOf(number: number, which: number): number {
  return 2 * number + which;
}

/** What it is one of, up to 2^30 … */
export function wholeOf(half: number): number {
  return half >> 1;
}

/** … which of the two … */
export function whichOf(half: number): number {
  return half & 1;
}

/** … and the other one. */
export function otherHalf(half: number): number {
  return half ^ 1;
}

/** The half for one direction of what a number stands for. */
export function directionKey(number: number, isOutbound: boolean): number {
  return halfOf(number, isOutbound ? 1 : 0);
}
