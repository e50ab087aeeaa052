import { keepNewest, remember } from "../../packets/memory/keep-newest.js";
import { NO_MAC } from "../../protocols/mac.js";
import { firstNotBefore } from "../../packets/memory/sorted.js";
import { type ContainerName, isCalled } from "../../packets/results/container-name.js";
import type { Containers } from "../../packets/results/containers.js";
import { everyAddress } from "../../packets/results/published.js";
import type { HostFacts, KnownChange, KnownContainer } from "./host-facts.js";
import { isPortKey, portKey, portOf, type Tenant, Tenants } from "./tenants.js";

/** Docker notes that a container has begun when its process runs already: packets came 5 ms before (20.10). No address is given on sooner than that. */
const EARLY_NS = 50_000_000n;
/** So many ends of tenancies are remembered, some megabytes: whose an address was before that is forgotten. */
const MOST_ENDED = 16_384;

/** Whose an address, or a published port, is for a while, epoch nanoseconds; without a name, more than one's. */
interface Tenancy {
  readonly id: string;
  readonly name: ContainerName | undefined;
  readonly stay: string;
  readonly sinceNs: bigint;
  /** Undefined as long as it goes on. */
  untilNs: bigint | undefined;
  /** Whether its beginning, and its end, were told as they happened, not found by a snapshot. */
  readonly isBeginTold: boolean;
  isEndTold: boolean;
}

/** The addresses that some containers have, and the ports of the host's that are published for them. */
export interface ContainersEnds {
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly proto: string; readonly port: number }[];
}

/**
 * What addresses, and the host's published ports, meant at which time, by what the host says from time to time: a container has its own from when it
 * began, or was first seen to have it, until it ends, or another has it. What changed between two snapshots, without anybody telling when, is nobody's in between.
 */
export class AddressBook implements Containers {
  /** The interfaces that are captured as the outside. */
  outside: ReadonlySet<string> = new Set();
  /** What tells what packets are inside that were seen outside alone. */
  insideOf: Containers["insideOf"] = () => undefined;
  readonly #tenants = new Tenants((link) => this.outside.has(link));
  /** By address, or by `portKey`, in the order of time. */
  readonly #tenancies = new Map<string, Tenancy[]>();
  /** Those that go on, by the same. */
  readonly #current = new Map<string, Tenancy>();
  /** Those that are over, in the order in which that was told. */
  readonly #ended = new Map<Tenancy, string>();
  readonly #forget = (tenancy: Tenancy): void => this.#drop(tenancy);
  /** The host's own addresses. */
  readonly #own = new Set<string>();
  /** … and by which MAC addresses it sends: `macHash`. */
  readonly #ownMacs = new Set<number>();
  /** Those that containers have had. */
  readonly #containersMacs = new Set<number>();
  /** Of which moment it was told last, and the last snapshot was; undefined before the first. */
  #toldNs: bigint | undefined;
  #snapshotNs: bigint | undefined;
  #changesNs: readonly bigint[] | undefined;

  /** Takes what the host says next. Returns the addresses that another container has than before. */
  take(news: HostFacts | KnownChange): string[] {
    const begun = "containers" in news ? this.#takeSnapshot(news) : this.#takeChange(news);
    if (this.#toldNs === undefined || this.#toldNs < news.timeNs) this.#toldNs = news.timeNs;
    this.#changesNs = undefined;
    return begun.filter((key) => !isPortKey(key));
  }

  /** What the containers are called that have, or had, addresses or ports, and their services. */
  get words(): ReadonlySet<string> {
    return new Set([...this.#tenancies.values()].flat().flatMap(({ name }) => Array.from(name?.words ?? [])));
  }

  /** Whether a container that runs is called so, or is of a service that is, though it may have nothing that natcorr can follow. */
  isRunning(word: string): boolean {
    return this.#tenants.areCalled(word);
  }

  /** What the containers have now that are called by these words, or are of services that are. */
  of(words: ReadonlySet<string>): ContainersEnds {
    const keys = [...this.#current].filter(([, { name }]) => isCalled(name, words)).map(([key]) => key);
    return { addresses: keys.filter((key) => !isPortKey(key)), ports: keys.filter(isPortKey).map(portOf) };
  }

  /** What the containers were called that had an address, in the order of time. */
  namesOf(address: string): string[] {
    return [...new Set(this.#tenancies.get(address)?.flatMap(({ name }) => name?.name ?? []))];
  }

  /** Each address that a container had, and what those were called. */
  *addressNames(): Generator<[address: string, names: string[]]> {
    for (const key of this.#tenancies.keys()) {
      const names = isPortKey(key) ? [] : this.namesOf(key);
      if (names.length > 0) yield [key, names];
    }
  }

  get changesNs(): readonly bigint[] {
    if (this.#changesNs === undefined) {
      const all = [...this.#tenancies.values()].flat();
      const edges = all.flatMap(({ sinceNs, untilNs }) => [sinceNs, untilNs ?? sinceNs]);
      this.#changesNs = [...new Set(edges)].toSorted((one, other) => (one < other ? -1 : 1));
    }
    return this.#changesNs;
  }

  having(address: string, fromNs: bigint, throughNs = fromNs): ContainerName | undefined {
    const tenancies = this.#tenancies.get(address) ?? [];
    const after = firstNotBefore(0, tenancies.length, (place) => tenancies[place].sinceNs <= fromNs);
    const at = after === 0 ? undefined : tenancies[after - 1];
    return at !== undefined && (at.untilNs === undefined || throughNs < at.untilNs) ? at.name : undefined;
  }

  isOwn(address: string): boolean {
    return this.#own.has(address);
  }

  isOwnMac(mac: number): boolean | undefined {
    return this.#ownMacs.size === 0 ? undefined : this.#ownMacs.has(mac);
  }

  isContainersMac(mac: number): boolean {
    // one of ipvlan may have its parent's, which is the host's
    return this.#containersMacs.has(mac) && !this.#ownMacs.has(mac);
  }

  publishing(proto: string, address: string, port: number, epochNs: bigint): ContainerName | undefined {
    if (!this.#own.has(address)) return undefined;
    const keys = [address, everyAddress(address)].map((place) => portKey(proto, place, port));
    return keys.map((key) => this.having(key, epochNs)).find((name) => name !== undefined);
  }

  publishedBefore(proto: string, address: string, port: number, epochNs: bigint): ContainerName | undefined {
    // what is told by then may be told late
    if (!this.#own.has(address) || this.#toldNs === undefined || this.#toldNs < epochNs) return undefined;
    const keys = [address, everyAddress(address)].map((place) => portKey(proto, place, port));
    let last: Tenancy | undefined;
    for (const tenancy of keys.flatMap((key) => this.#tenancies.get(key) ?? [])) {
      const { sinceNs, untilNs, isBeginTold, isEndTold } = tenancy;
      const isOver = untilNs !== undefined && untilNs <= epochNs;
      if (isOver ? !isEndTold : !isBeginTold || sinceNs <= epochNs) return undefined;
      if (isOver && untilNs > (last?.untilNs ?? 0n)) last = tenancy;
    }
    return last?.name;
  }

  /** One without containers says nothing of them: what is known goes on. */
  #takeSnapshot({ timeNs, addresses, macs, containers }: HostFacts): string[] {
    for (const mac of macs) this.#ownMacs.add(mac);
    for (const address of addresses) this.#own.add(address);
    if (containers === undefined) return [];
    const before = new Set(this.#tenants.ids);
    for (const container of containers) this.#noteMacs(container);
    const now = new Map(containers.map((container) => [container.id, container]));
    const keys = [...before, ...now.keys()].flatMap((id) => this.#tenants.set(id, now.get(id)));
    const toldNs = this.#toldNs;
    this.#snapshotNs = timeNs;
    this.#end(keys, toldNs ?? timeNs, false);
    return this.#begin(keys, false, ({ startedNs }) =>
      startedNs === undefined || (toldNs !== undefined && startedNs <= toldNs) ? timeNs : startedNs - EARLY_NS,
    );
  }

  #takeChange({ timeNs, id, container }: KnownChange): string[] {
    const wasRunning = this.#tenants.has(id);
    if (container !== undefined) this.#noteMacs(container);
    const keys = this.#tenants.set(id, container);
    const snapshotNs = this.#snapshotNs;
    this.#end(keys, timeNs, true);
    return this.#begin(keys, true, ({ id: tenant, startedNs }) =>
      // who ran before got the address since
      startedNs === undefined || tenant !== id || wasRunning || (snapshotNs !== undefined && startedNs <= snapshotNs)
        ? timeNs - EARLY_NS
        : startedNs - EARLY_NS,
    );
  }

  #noteMacs({ addresses }: KnownContainer): void {
    for (const { mac = NO_MAC } of addresses) if (mac !== NO_MAC) remember(this.#containersMacs, mac, MOST_ENDED);
  }

  /** Ends what of this does not go on. */
  #end(keys: readonly string[], nowNs: bigint, isTold: boolean): void {
    for (const key of keys) {
      const tenancy = this.#current.get(key);
      if (tenancy === undefined || isSame(tenancy, this.#tenants.of(key))) continue;
      tenancy.isEndTold = isTold;
      tenancy.untilNs = nowNs > tenancy.sinceNs ? nowNs : tenancy.sinceNs;
      this.#current.delete(key);
      this.#ended.set(tenancy, key);
      keepNewest(this.#ended, MOST_ENDED, this.#forget);
    }
  }

  /** Begins what of this does not go on already, and returns the keys of it. */
  #begin(keys: readonly string[], isTold: boolean, sinceNs: (tenant: Tenant) => bigint): string[] {
    return keys.filter((key) => {
      const tenant = this.#current.has(key) ? undefined : this.#tenants.of(key);
      if (tenant === undefined) return false;
      const before = this.#tenancies.get(key) ?? [];
      const ownNs = sinceNs(tenant);
      const freeNs = before.at(-1)?.untilNs ?? ownNs;
      const { id, name, stay } = tenant;
      const since = ownNs > freeNs ? ownNs : freeNs;
      const told = { isBeginTold: isTold, isEndTold: false };
      const tenancy = { id, name, stay, sinceNs: since, untilNs: undefined, ...told };
      before.push(tenancy);
      this.#tenancies.set(key, before);
      this.#current.set(key, tenancy);
      return true;
    });
  }

  #drop(tenancy: Tenancy): void {
    const key = this.#ended.get(tenancy) ?? "";
    this.#ended.delete(tenancy);
    const tenancies = this.#tenancies.get(key);
    // of an address, the one that ended first
    tenancies?.shift();
    if (tenancies?.length === 0) this.#tenancies.delete(key);
  }
}

function isSame(one: Tenancy, other: Tenant | undefined): boolean {
  return one.id === other?.id && one.name?.name === other.name?.name && one.stay === other.stay;
}
