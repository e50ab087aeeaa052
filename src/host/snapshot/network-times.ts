import { type AddressRange, isWithin, parseAddress } from "../address.js";
import type { HostFacts, KnownRoute } from "./host-facts.js";
import type { NetworkFacts } from "./network-facts.js";
import { Routing } from "./routing.js";

/** So many are remembered, the last ones. */
const MOST_TIMES = 64;
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

/** Routes that came or went in a time, epoch nanoseconds: some may be in no snapshot. */
interface Passing {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly routes: readonly KnownRoute[];
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

  /** The routes to an address that may have been there for a part of a time which no snapshot shows, at that time, epoch nanoseconds. */
  passing(address: string, timeNs: bigint): readonly KnownRoute[] {
    const there = this.#passing.filter(({ fromNs, toNs }) => fromNs <= timeNs && timeNs < toNs);
    const to = there.length === 0 ? null : parseAddress(address);
    if (to === null) return [];
    return there.flatMap(({ routes }) => routes.filter((route) => route.to === undefined || isWithin(route.to, to)));
  }

  #takeRoutes(routes: readonly KnownRoute[], changedFromNs: bigint | undefined, timeNs: bigint): void {
    const beforeNs = this.#lastNs;
    this.#lastNs = timeNs;
    if (changedFromNs === undefined || routes.length === 0) return;
    this.changes++;
    const heardNs = changedFromNs - HEARD_LATE_NS;
    this.#passing.push({ fromNs: heardNs > beforeNs ? heardNs : beforeNs, toNs: timeNs, routes });
    if (this.#passing.length <= MOST_TIMES) return;
    this.#passing.shift();
    this.#forget(this.#passing[0].fromNs);
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

/** What of a network chooses the routes of packets: addresses of a link alone come and go with each container. */
function textOf({ routes, policy }: NetworkFacts): string {
  const ofOthers = routes.filter(({ to }) => to === undefined || !isOfLink(to));
  return JSON.stringify([ofOthers, policy], (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
}

/** Whether addresses are of a link alone, or of groups (fe80::/10, ff00::/8), over IPv6. */
function isOfLink({ isIpv6, first }: AddressRange): boolean {
  return isIpv6 && (first >> 118n === 0xfe80n >> 6n || first >> 120n === 0xffn);
}
