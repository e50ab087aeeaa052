import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { HostRoutes, Seen, UncapturedRoute } from "../../packets/results/host-routes.js";
import type { SideNames } from "../../packets/sides.js";
import type { KnownRoute } from "../snapshot/host-facts.js";
import type { NetworkFacts } from "../snapshot/network-facts.js";
import type { NetworkTime, NetworkTimes } from "../snapshot/network-times.js";
import type { Coming } from "../snapshot/policy-rules.js";

/** Of so many packets the answer is remembered, at the most: the oldest are forgotten. */
const MOST_ANSWERS = 4096;
/**
 * Kinds of interfaces whose frames pass no other one in a form that natcorr reads (ip-link(8)); a network card has none. What leaves by a VLAN passes the
 * interface below it.
 */
const SEPARATE = new Set(["", "veth", "tun", "wireguard"]);

/** Tells by the host's routes what leaves by an interface that is captured, and by one that is not. */
export class UncapturedRoutes implements HostRoutes {
  readonly #times: NetworkTimes;
  readonly #names: readonly string[];
  readonly #gone: ReadonlySet<string>;
  readonly #interfaces: SideNames;
  /** Those of the names that are not gone by now. */
  #captured: readonly string[] = [];
  /** How many were, when that was looked at last, and how many snapshots there were. */
  #goneBefore = -1;
  #takenBefore = -1;
  #isByPolicy = false;
  readonly #answers = new Map<string, UncapturedRoute | undefined>();

  /**
   * `times`: how it forwarded, and when, by its snapshots so far. `captured`: the interfaces of all captures, empty where one of them is not known:
   * then nothing is told. `gone`: those that are captured no more; there may be some later. `interfaces`: those that the sources of both sides are of; empty where one is not known.
   */
  constructor(
    times: NetworkTimes,
    captured: readonly string[],
    gone: ReadonlySet<string> = new Set(),
    interfaces: SideNames = [[], []],
  ) {
    this.#times = times;
    this.#names = captured;
    this.#gone = gone;
    this.#interfaces = interfaces;
  }

  get changes(): number {
    return this.#times.changes;
  }

  uncapturedTo(address: string, seen?: Seen): UncapturedRoute | undefined {
    this.#read();
    if (seen !== undefined && this.#captured.length > 0 && this.#times.isForgotten(seen.timeNs))
      return { name: undefined, isCertain: false, isByPolicy: this.#isByPolicy };
    const known = this.#knownTo(address, seen);
    const passing = seen === undefined ? [] : this.#times.passing(address, seen.timeNs, seen.src);
    if (passing.length === 0) return known;
    return known === undefined ? this.#passingBy(passing) : { ...known, isCertain: false };
  }

  /** The interface that packets may have left by while a route stood that no snapshot shows. */
  #passingBy(routes: readonly KnownRoute[]): UncapturedRoute | undefined {
    if (this.#captured.length === 0) return undefined;
    const network = this.#times.at().at(-1)?.network;
    const route = routes.find(({ dev }) => network === undefined || !this.#isCaptured(dev, network));
    return route && { name: route.dev, isCertain: false, isByPolicy: this.#isByPolicy };
  }

  #knownTo(address: string, seen?: Seen): UncapturedRoute | undefined {
    const times = this.#times.at(seen?.timeNs);
    const when = times.map(({ seenNs }) => seenNs).join(" ");
    const key = `${address} ${this.#isByPolicy ? `${seen?.src ?? ""} ${this.#cameBy(seen)}` : ""} ${when}`;
    if (!this.#answers.has(key)) {
      this.#answers.set(key, this.#find(times, address, seen));
      keepNewest(this.#answers, MOST_ANSWERS);
    }
    return this.#answers.get(key);
  }

  areNeighbours(one: string, other: string): boolean | undefined {
    const answers = new Set(this.#times.at().map(({ routing }) => routing.areNeighbours(one, other)));
    const [answer] = answers;
    return answers.size === 1 ? answer : undefined;
  }

  isOwn(address: string): boolean {
    const times = this.#times.at();
    return times.length > 0 && times.every(({ routing }) => routing.route(address)?.type === "local");
  }

  /** Whether the host is known to send what goes to an address by a captured interface. */
  isCapturedTo(address: string, seen?: Seen): boolean {
    this.#read();
    const times = this.#times.at(seen?.timeNs);
    const passing = seen === undefined ? [] : this.#times.passing(address, seen.timeNs, seen.src);
    return (
      times.length > 0 &&
      this.#passingBy(passing) === undefined &&
      times.every(({ routing, network }) => this.#isCaptured(routing.interfaceTo(address, this.#coming(seen)), network))
    );
  }

  #read(): void {
    if (this.#times.taken === this.#takenBefore && this.#gone.size === this.#goneBefore) return;
    this.#takenBefore = this.#times.taken;
    this.#goneBefore = this.#gone.size;
    this.#captured = this.#names.filter((name) => !this.#gone.has(name));
    this.#answers.clear();
    this.#isByPolicy = this.#times.at().some(({ routing }) => !routing.isByDestination);
  }

  #coming(seen: Seen | undefined): Coming {
    return { src: seen?.src, iif: this.#cameBy(seen) };
  }

  /** The interface that a packet comes by; empty where that is not known. */
  #cameBy(seen: Seen | undefined): string {
    return (seen && this.#interfaces[seen.side][seen.source]) ?? "";
  }

  /** `times`: how the host may have forwarded then. */
  #find(times: readonly NetworkTime[], address: string, seen?: Seen): UncapturedRoute | undefined {
    const names = [...new Set(times.flatMap(({ routing }) => routing.interfacesTo(address, this.#coming(seen))))];
    const isUncaptured = (name: string | undefined): name is string =>
      name !== undefined && times.every(({ network }) => this.#isUncaptured(name, network));
    const name = names.find(isUncaptured);
    return name === undefined ? undefined : { name, isCertain: names.length === 1, isByPolicy: this.#isByPolicy };
  }

  /** Whether nothing of what leaves by an interface is captured, by one snapshot, which has to know the interfaces of the captures. */
  #isUncaptured(name: string, network: NetworkFacts): boolean {
    return this.#knows(network) && !this.#isCaptured(name, network) && isSeparate(name, network);
  }

  /** Whether a snapshot knows the interfaces of all captures. */
  #knows({ kinds }: NetworkFacts): boolean {
    return this.#captured.length > 0 && this.#captured.every((each) => kinds.has(each));
  }

  /** Whether an interface is captured, or a part of it. */
  #isCaptured(name: string | undefined, { masters }: NetworkFacts): boolean {
    return name !== undefined && this.#captured.some((each) => each === name || masters.get(each) === name);
  }
}

/** Whether an interface is of such a kind, or all that are parts of it are. */
function isSeparate(name: string, { kinds, masters }: NetworkFacts): boolean {
  const kind = kinds.get(name);
  const parts = [...masters].filter(([, master]) => master === name).map(([part]) => part);
  if (parts.length === 0) return kind === "bridge" || (kind !== undefined && SEPARATE.has(kind));
  return parts.every((part) => SEPARATE.has(kinds.get(part) ?? ""));
}
