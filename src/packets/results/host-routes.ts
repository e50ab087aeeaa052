import type { Side } from "../sides.js";

/** What of a packet may choose its route beside where it goes. */
export interface Seen {
  /** Its source as it comes in, before any translation. */
  readonly src: string;
  /** Where it comes in, and which of that side's sources shows it, as `FramePlaces` counts these. */
  readonly side: Side;
  readonly source: number;
  /** When, epoch nanoseconds: routes change. */
  readonly timeNs: bigint;
}

/** An interface that is not captured, and that packets leave by. */
export interface UncapturedRoute {
  /** Undefined where it may be any: how the host forwarded then is forgotten, as it changed too often since. */
  readonly name: string | undefined;
  /** False where they may leave by another one: it depends on more than is seen of them, or the route changed about then. */
  readonly isCertain: boolean;
  /** Whether policy rules have a part in it: then more than where they go chooses it. */
  readonly isByPolicy: boolean;
}

/** How the host's routes lead, for those who judge packets. */
export interface HostRoutes {
  /** How often the host was found to forward otherwise than before: what was said of packets may be otherwise then. */
  readonly changes: number;
  /** By which interface packets to an address leave, or may leave, where that is not captured; undefined where it is, or where nothing tells. */
  uncapturedTo(address: string, seen?: Seen): UncapturedRoute | undefined;
  /** Whether packets to an address are known to leave by a captured interface; false where nothing tells. */
  isCapturedTo(address: string, seen?: Seen): boolean;
  /** Whether two addresses are neighbours on one link of the host's; undefined where nothing tells. */
  areNeighbours(one: string, other: string): boolean | undefined;
  /** Whether an address is on an interface of the host's; false where nothing tells. */
  isOwn(address: string): boolean;
}
