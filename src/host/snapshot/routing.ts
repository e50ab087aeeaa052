import { keepNewest } from "../../packets/memory/keep-newest.js";
import { type Address, isWithin, parseAddress } from "../address.js";
import type { NetworkFacts, Route } from "./network-facts.js";

/** Of so many addresses the answer is remembered, at the most: the oldest are forgotten. */
const MOST_ADDRESSES = 4096;
/** The tables that are asked one after the other where no policy rule says otherwise (ip-rule(8)). */
const TABLES = ["local", "main", "default"];

/** How a host forwards, by one snapshot. */
export class Routing {
  readonly #facts: NetworkFacts;
  /** What was found, by address. */
  readonly #found = new Map<string, Route | null | undefined>();

  constructor(facts: NetworkFacts) {
    this.#facts = facts;
  }

  /** The route that packets to an address take; null where there is none, undefined where that cannot be told. */
  route(address: string): Route | null | undefined {
    if (this.#found.has(address)) return this.#found.get(address);
    const found = this.#find(address);
    this.#found.set(address, found);
    keepNewest(this.#found, MOST_ADDRESSES);
    return found;
  }

  #find(address: string): Route | null | undefined {
    const { routes, isByDestination } = this.#facts;
    const to = parseAddress(address);
    if (to === null || !isByDestination || routes.length === 0) return undefined;
    for (const table of TABLES) {
      const found = routes.filter((each) => each.table === table && (each.to === undefined || isWithin(each.to, to)));
      const [best] = found.toSorted((one, other) => bitsOf(other, to) - bitsOf(one, to) || one.metric - other.metric);
      if (best !== undefined) return best.to === undefined ? undefined : best;
    }
    return null;
  }

  /** Whether two addresses are neighbours on one of its links; undefined where that cannot be told, as of those behind a gateway. */
  areNeighbours(one: string, other: string): boolean | undefined {
    const [first, second] = [this.route(one), this.route(other)];
    if (first?.type !== "unicast" || second?.type !== "unicast") return undefined;
    if (first.dev === undefined || second.dev === undefined) return undefined;
    if (first.dev !== second.dev) return false;
    return first.isOnLink && second.isOnLink ? true : undefined;
  }

  /** The interface that packets to an address leave by; undefined where that cannot be told, or there is none. */
  interfaceTo(address: string): string | undefined {
    const route = this.route(address);
    return route?.type === "unicast" ? route.dev : undefined;
  }
}

/** How many bits of an address a route asks for: the one with the most is taken. A default route has none. */
function bitsOf({ to }: Route, { isIpv6 }: Address): number {
  if (to === undefined) return 0;
  const hostBits = (to.last - to.first + 1n).toString(2).length - 1;
  return (isIpv6 ? 128 : 32) - hostBits;
}
