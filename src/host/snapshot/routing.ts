import { keepNewest } from "../../packets/memory/keep-newest.js";
import { type Address, isWithin, parseAddress } from "../address.js";
import type { NetworkFacts, Route } from "./network-facts.js";
import { type Coming, isByDestination, isFor, type PolicyRule } from "./policy-rules.js";

/** Of so many packets the answer is remembered, at the most: the oldest are forgotten. */
const MOST_ANSWERS = 4096;

/** A route that may be taken; null where there may be none, undefined where it is not known which. */
type Taken = Route | null | undefined;

/** How a host forwards, by one snapshot. */
export class Routing {
  /** Whether nothing but the destination chooses a route: there are no policy rules but the kernel's own. */
  readonly isByDestination: boolean;
  readonly #facts: NetworkFacts;
  /** What was found, by destination, and where more chooses a route, by source and interface. */
  readonly #found = new Map<string, readonly Taken[]>();

  constructor(facts: NetworkFacts) {
    this.#facts = facts;
    this.isByDestination = facts.policy.every(isByDestination);
  }

  /** The route that packets to an address take; null where there is none, undefined where that cannot be told. `coming`: what else is known of them. */
  route(address: string, coming?: Coming): Taken {
    const [route, ...others] = this.#routes(address, coming);
    return others.length === 0 ? route : undefined;
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
  interfaceTo(address: string, coming?: Coming): string | undefined {
    const [name, ...others] = this.interfacesTo(address, coming);
    return others.length === 0 ? name : undefined;
  }

  /** All interfaces that they may leave by, once each; undefined among them where they may by none, or one that is not known. */
  interfacesTo(address: string, coming?: Coming): (string | undefined)[] {
    const names = this.#routes(address, coming).map((route) => (route?.type === "unicast" ? route.dev : undefined));
    return [...new Set(names)];
  }

  /** All routes that packets may take, once each. */
  #routes(address: string, coming: Coming = {}): readonly Taken[] {
    const key = this.isByDestination ? address : `${address} ${coming.src ?? ""} ${coming.iif ?? ""}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = [...new Set(this.#find(address, coming))];
    this.#found.set(key, found);
    keepNewest(this.#found, MOST_ANSWERS);
    return found;
  }

  #find(address: string, { src = "", iif = "" }: Coming): Taken[] {
    const { routes, policy } = this.#facts;
    const to = parseAddress(address);
    if (to === null || policy.length === 0 || routes.length === 0) return [undefined];
    const from = parseAddress(src);
    const found: Taken[] = [];
    for (const rule of policy) {
      const answer = isFor(rule, to, from, iif);
      if (answer === false) continue;
      if (rule.isStrange) return [...found, undefined];
      const taken = this.#taken(rule, to);
      if (taken === null) continue;
      found.push(taken);
      if (answer === true) return found;
    }
    return [...found, null];
  }

  /** What a rule makes of packets that it is for; null where the next one is asked. */
  #taken({ table, action, suppressedBits }: PolicyRule, to: Address): Taken {
    if (table === "") return deadEnd(action);
    const found = this.#facts.routes.filter(
      (each) => each.table === table && (each.to === undefined || isWithin(each.to, to)),
    );
    const [best] = found.toSorted((one, other) => bitsOf(other, to) - bitsOf(one, to) || one.metric - other.metric);
    if (best === undefined || best.type === "throw" || bitsOf(best, to) <= suppressedBits) return null;
    return best.to === undefined ? undefined : best;
  }
}

/** What a rule that names no table comes to. */
function deadEnd(type: string): Route | null {
  return type === "nop"
    ? null
    : { type, to: undefined, table: "", dev: undefined, isOnLink: false, metric: 0, mtu: undefined };
}

/** How many bits of an address a route asks for: the one with the most is taken. A default route has none. */
function bitsOf({ to }: Route, { isIpv6 }: Address): number {
  if (to === undefined) return 0;
  const hostBits = (to.last - to.first + 1n).toString(2).length - 1;
  return (isIpv6 ? 128 : 32) - hostBits;
}
