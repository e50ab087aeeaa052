import { type AddressRange, isWithin, parseAddress } from "../address.js";
import type { HostFacts, KnownRoute } from "./host-facts.js";
import type { NetworkFacts } from "./network-facts.js";
import { Routing } from "./routing.js";

/** So many are remembered, the last ones. */
const MOST_TIMES = 64;
/** So many routes are remembered that came or went, the last ones. */
const MOST_PASSING = 4096;
/** A change may be heard so long after it was made, nanoseconds. */
const HEARD_LATE_NS = 1_000_000_000n;

/** What of a snapshot tells that. */
type Taken = Pick<HostFacts, "timeNs" | "changedFromNs" | "heardRoutes" | "network">;

/** How a host forwarded for a time, by snapshots that say the same of it. */
export interface NetworkTime {
  readonly routing: Routing;
  /** What the last of them says. */
  readonly network: NetworkFacts;
  /** When the first of them was taken, epoch nanoseconds … */
  readonly seenNs: bigint;
  /** … and the last. */
  readonly lastNs: bigint;
  /** From when on it may have been so, likewise. */
  readonly sinceNs: bigint;
}

/** A route that came or went, and from when to when it may have been there while no snapshot shows it, epoch nanoseconds. */
interface Passing {
  readonly fromNs: bigint;
  toNs: bigint;
  readonly route: KnownRoute;
}

/** How a host forwarded, and when, by its snapshots. */
export class NetworkTimes {
  /** How often another one was seen to be so than before, or heard to have been in between. */
  changes = 0;
  /** How many snapshots were taken. */
  taken = 0;
  readonly #times: NetworkTime[] = [];
  /** Until when it may have forwarded as is forgotten, epoch nanoseconds. */
  #forgottenNs = 0n;
  /** Those between snapshots, and when the last of these was taken. */
  readonly #passing: Passing[] = [];
  #lastNs = 0n;
  /** What the last one's routes and policy rules are. */
  #last = "";

  /** Takes a snapshot; none is older than the one before. */
  take({ timeNs, changedFromNs, heardRoutes, network }: Taken): void {
    this.taken++;
    this.#takeRoutes(heardRoutes, changedFromNs, timeNs);
    const before = this.#times.at(-1);
    const text = textOf(network);
    if (before !== undefined && text === this.#last) {
      this.#times[this.#times.length - 1] = { ...before, network, lastNs: timeNs };
      return;
    }
    this.#last = text;
    if (before !== undefined) this.changes++;
    const heardNs = changedFromNs === undefined ? undefined : changedFromNs - HEARD_LATE_NS;
    const toNs = before?.lastNs ?? timeNs;
    const sinceNs = heardNs !== undefined && heardNs > toNs ? heardNs : toNs;
    this.#times.push({ routing: new Routing(network), network, seenNs: timeNs, lastNs: timeNs, sinceNs });
    if (this.#times.length <= MOST_TIMES) return;
    this.#times.shift();
    this.#forget(this.#times[0].seenNs);
  }

  /** The routes of a packet to an address that may have been there for a part of a time which no snapshot shows, at that time, epoch nanoseconds. `src`: its source, where that is known. */
  passing(address: string, timeNs: bigint, src?: string): readonly KnownRoute[] {
    const there = this.#passing.filter(({ fromNs, toNs }) => fromNs <= timeNs && timeNs < toNs);
    if (there.length === 0) return [];
    const [to, from] = [parseAddress(address), src === undefined ? null : parseAddress(src)];
    if (to === null) return [];
    const isFor = (route: KnownRoute): boolean =>
      (route.to === undefined || isWithin(route.to, to)) &&
      (route.src === undefined || from === null || isWithin(route.src, from)) &&
      (route.table === undefined || this.#isChosen(route.table));
    return there.map(({ route }) => route).filter(isFor);
  }

  /** Whether a policy rule that a snapshot shows leads to a table: one that was heard of is told by itself. */
  #isChosen(table: string): boolean {
    return this.#times.some(({ network }) => network.policy.some((rule) => rule.table === table));
  }

  #takeRoutes(routes: readonly KnownRoute[], changedFromNs: bigint | undefined, timeNs: bigint): void {
    const beforeNs = this.#lastNs;
    this.#lastNs = timeNs;
    if (changedFromNs === undefined || routes.length === 0) return;
    this.changes++;
    const sinceNs = (heardNs: bigint): bigint => {
      const madeNs = heardNs - HEARD_LATE_NS;
      return madeNs > beforeNs ? madeNs : beforeNs;
    };
    const there = new Map<string, Passing>();
    for (const route of routes) {
      const { heardNs, isGone } = route;
      const key = keyOf(route);
      const open = there.get(key);
      const isEnd = isGone && heardNs !== undefined;
      // one that goes, and did not come, may have gone with the first change
      const fromNs = sinceNs(isGone || heardNs === undefined ? changedFromNs : heardNs);
      const passing = open ?? { fromNs, toNs: timeNs, route };
      if (open === undefined) this.#passing.push(passing);
      if (isEnd) passing.toNs = heardNs;
      if (isEnd) there.delete(key);
      else there.set(key, passing);
    }
    while (this.#passing.length > MOST_PASSING) this.#forget(this.#passing.splice(0, 1)[0].fromNs);
  }

  #forget(untilNs: bigint): void {
    if (untilNs > this.#forgottenNs) this.#forgottenNs = untilNs;
  }

  /** Whether it is forgotten how it forwarded at a time, epoch nanoseconds. */
  isForgotten(timeNs: bigint): boolean {
    return timeNs < this.#forgottenNs;
  }

  /** How it may have forwarded at a time, epoch nanoseconds, or ever, where none is given; none where no snapshot tells, or that is forgotten. */
  at(timeNs?: bigint): readonly NetworkTime[] {
    if (timeNs === undefined) return this.#times;
    if (this.isForgotten(timeNs)) return [];
    return this.#times.filter(({ sinceNs }, at) => {
      const isLast = at + 1 === this.#times.length;
      return (at === 0 || sinceNs <= timeNs) && (isLast || timeNs < this.#times[at + 1].seenNs);
    });
  }
}

/** What tells a route from others that come and go. */
function keyOf({ to, dev, table, src }: KnownRoute): string {
  return [to?.first, to?.last, dev, table, src?.first, src?.last].join(" ");
}

/** What of a network chooses the routes of packets: addresses of a link alone come and go with each container. */
function textOf({ routes, policy }: NetworkFacts): string {
  const ofOthers = routes.filter(({ to }) => to === undefined || !isOfLink(to));
  return JSON.stringify([ofOthers, policy], (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
}

/** Whether addresses are of a link alone, or of groups (fe80::/10, ff00::/8), over IPv6. */
function isOfLink({ isIpv6, first }: AddressRange): boolean {
  return isIpv6 && (first >> 118n === 0xfe80n >> 6n || first >> 120n === 0xffn);
}
