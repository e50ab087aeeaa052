import { halfOf } from "./halves.js";

/** The pre-NAT side of an outgoing packet: docker0. */
export const INSIDE = 0;
/** The uplink's side. */
export const OUTSIDE = 1;
export type Side = typeof INSIDE | typeof OUTSIDE;

export const SIDES = [INSIDE, OUTSIDE] as const;

export const SIDE_NAMES = ["inside", "outside"] as const;

/** Names of what each side has, one or several: its captures, or their interfaces. */
export type SideNames = readonly [inside: readonly string[], outside: readonly string[]];

export function otherSide(side: Side): Side {
  return side === INSIDE ? OUTSIDE : INSIDE;
}

/** A number for a frame of a side, which no other frame of either side has. */
export function frameKey(side: Side, frame: number): number {
  return halfOf(frame, side);
}
