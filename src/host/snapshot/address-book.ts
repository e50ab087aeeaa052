import type { ContainerName, Containers } from "../../packets/results/containers.js";
import { everyAddress } from "../../packets/results/published.js";
import type { HostFacts, KnownContainer } from "./host-facts.js";

/** Docker notes that a container has begun when its process runs already: packets came 5 ms before (20.10). No address is given on sooner than that. */
const EARLY_NS = 50_000_000n;

/** Before the id of whose addresses a container shares. */
const SHARING = "container:";
/** Labels that say which service a container is of. */
const SERVICES = ["com.docker.compose.service", "com.docker.swarm.service.name", "io.kubernetes.pod.name"];

/** Whose an address is from a time on, epoch nanoseconds; without a name, nobody's, or more than one's. */
interface Tenancy {
  readonly sinceNs: bigint;
  readonly id: string;
  readonly name: ContainerName | undefined;
}

/**
 * What addresses, and the host's published ports, meant at which time: a container has its own from when it began, or was first seen to have it,
 * until another has it.
 */
export class AddressBook implements Containers {
  /** By address, or by `portKey`, in the order of time. */
  readonly #tenancies = new Map<string, Tenancy[]>();
  /** The host's own addresses. */
  readonly #own = new Set<string>();

  /** `snapshots`: of one host, in the order of time. */
  constructor(snapshots: readonly HostFacts[]) {
    let lastNs = 0n;
    for (const { containers, timeNs, addresses } of snapshots) {
      for (const address of addresses) this.#own.add(address);
      const tenants = tenantsOf(containers, timeNs);
      for (const [address, tenancies] of this.#tenancies)
        if (!tenants.has(address)) tenancies.push({ sinceNs: timeNs, id: "", name: undefined });
      for (const [address, tenant] of tenants) {
        const before = this.#tenancies.get(address) ?? [];
        this.#tenancies.set(address, before);
        if (before.at(-1)?.id === tenant.id) continue;
        before.push({ ...tenant, sinceNs: tenant.sinceNs > lastNs ? tenant.sinceNs : lastNs });
      }
      lastNs = timeNs;
    }
  }

  /** What the containers are called that it knows, and their services. */
  get words(): ReadonlySet<string> {
    return new Set([...this.#tenancies.values()].flat().flatMap(({ name }) => Array.from(name?.words ?? [])));
  }

  get changesNs(): readonly bigint[] {
    const changes = new Set([...this.#tenancies.values()].flat().map(({ sinceNs }) => sinceNs));
    return [...changes].toSorted((one, other) => (one < other ? -1 : 1));
  }

  having(address: string, fromNs: bigint, untilNs = fromNs): ContainerName | undefined {
    const at = this.#tenancies.get(address)?.findLast(({ sinceNs }) => sinceNs <= untilNs);
    return at !== undefined && at.sinceNs <= fromNs ? at.name : undefined;
  }

  publishing(proto: string, address: string, port: number, epochNs: bigint): ContainerName | undefined {
    if (!this.#own.has(address)) return undefined;
    const keys = [address, everyAddress(address)].map((place) => portKey(proto, place, port));
    return keys.map((key) => this.having(key, epochNs)).find((name) => name !== undefined);
  }
}

/** A published port, as no address is written. */
function portKey(proto: string, hostAddress: string, hostPort: number): string {
  return `${proto} ${hostAddress} ${hostPort}`;
}

/** Who has which address, and which of the host's ports, at one moment. */
function tenantsOf(containers: readonly KnownContainer[], nowNs: bigint): Map<string, Tenancy> {
  const tenants = new Map<string, Tenancy>();
  for (const { id, name, startedNs, addresses, published, labels } of containers) {
    const sharing = containers.filter(({ networkMode }) => [id, name].some((each) => networkMode === SHARING + each));
    const called = nameOf([{ name, labels }, ...sharing]);
    const sinceNs = startedNs === undefined ? nowNs : startedNs - EARLY_NS;
    // of two, nothing tells which it is
    const ports = published.map(({ proto, hostAddress, hostPort }) => portKey(proto, hostAddress, hostPort));
    for (const key of [...addresses, ...ports])
      tenants.set(key, tenants.has(key) ? { sinceNs, id: "", name: undefined } : { sinceNs, id, name: called });
  }
  return tenants;
}

/** What containers of one address are called. */
function nameOf(containers: readonly Pick<KnownContainer, "name" | "labels">[]): ContainerName {
  return { name: containers.map(({ name }) => name).join("+"), words: new Set(containers.flatMap(wordsOf)) };
}

/** What a container, and the services that it is of, are called. */
export function wordsOf({ name, labels }: Pick<KnownContainer, "name" | "labels">): string[] {
  return [name, ...SERVICES.flatMap((label) => labels.get(label) ?? [])];
}
