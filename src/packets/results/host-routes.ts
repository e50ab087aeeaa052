/** How the host's routes lead, for those who judge packets. */
export interface HostRoutes {
  /** The interface by which packets to an address leave, where that is not captured; undefined where it is, or where nothing tells. */
  uncapturedTo(address: string): string | undefined;
  /** Whether packets to an address are known to leave by a captured interface; false where nothing tells. */
  isCapturedTo(address: string): boolean;
  /** Whether two addresses are neighbours on one link of the host's; undefined where nothing tells. */
  areNeighbours(one: string, other: string): boolean | undefined;
  /** Whether an address is on an interface of the host's; false where nothing tells. */
  isOwn(address: string): boolean;
}
