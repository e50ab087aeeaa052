import type { ContainerName } from "../../packets/results/container-name.js";
import type { KnownAddress, KnownContainer } from "./host-facts.js";

/** A bridge of Linux has 1024 ports (net/bridge/br_private.h, BR_PORT_BITS): a host has no more containers than this. */
const MOST_RUNNING = 16_384;
/** Before the id of whose addresses a container shares. */
const SHARING = "container:";
/** Labels that say which service a container is of. */
const SERVICES = ["com.docker.compose.service", "com.docker.swarm.service.name", "io.kubernetes.pod.name"];

/** Whose an address, or a published port, is; without a name, more than one's. */
export interface Tenant {
  readonly id: string;
  readonly name: ContainerName | undefined;
  /** Since when it is its container's at the latest: since that began, epoch nanoseconds; undefined where nobody told, or it may have got it later. */
  readonly startedNs: bigint | undefined;
  /** Another one once its container began again, or was connected again: who had the address in between is not known. */
  readonly stay: string;
}

/** The containers that run, and what is theirs. */
export class Tenants {
  readonly #running = new Map<string, KnownContainer>();
  /** The ids of those that have an address or a port, by its key. */
  readonly #having = new Sets();
  /** The ids of those that share another one's addresses, by its id, or its name. */
  readonly #sharing = new Sets();
  readonly #isOutside: (link: string) => boolean;

  /** `isOutside`: whether an interface of the host's is captured as the outside, asked whenever a name is. */
  constructor(isOutside: (link: string) => boolean) {
    this.#isOutside = isOutside;
  }

  get ids(): string[] {
    return [...this.#running.keys()];
  }

  has(id: string): boolean {
    return this.#running.has(id);
  }

  /** Whether one is called so, or is of a service that is, whatever it has. */
  areCalled(word: string): boolean {
    return [...this.#running.values()].some((container) => wordsOf(container).includes(word));
  }

  /** Takes what a container is now, undefined where it does not run. Returns the keys of what is another's then, or may be. */
  set(id: string, container: KnownContainer | undefined): string[] {
    const before = this.#running.get(id);
    if (before === undefined && this.#running.size >= MOST_RUNNING) return [];
    this.#running.delete(id);
    if (container !== undefined) this.#running.set(id, container);
    const keys: string[] = [];
    for (const [each, isNow] of [
      [before, false],
      [container, true],
    ] as const) {
      if (each === undefined) continue;
      for (const key of keysOf(each)) this.#having.put(key, id, isNow);
      const other = each.networkMode.startsWith(SHARING) ? each.networkMode.slice(SHARING.length) : undefined;
      if (other !== undefined) this.#sharing.put(other, id, isNow);
      keys.push(...keysOf(each), ...(other === undefined ? [] : this.#keysOfNamed(other)));
    }
    return keys;
  }

  /** Whose that is; undefined where it is nobody's. */
  of(key: string): Tenant | undefined {
    const [id, another] = this.#having.of(key);
    const container = this.#running.get(id ?? "");
    if (container === undefined) return undefined;
    // of two, nothing tells which it is
    if (another !== undefined) return { id: "", name: undefined, startedNs: undefined, stay: "" };
    const sharing = [container.id, container.name].flatMap((word) => this.#sharing.of(word));
    const all = [container, ...sharing.flatMap((each) => this.#running.get(each) ?? [])];
    const its = container.addresses.find(({ address }) => address === key);
    return {
      id: container.id,
      name: this.#nameOf(all, its),
      startedNs: its === undefined || mayHaveBegunIn(its.network, container) ? container.startedNs : undefined,
      stay: `${container.startedNs} ${its?.endpoint}`,
    };
  }

  /** What containers of one address are called. */
  #nameOf(containers: readonly KnownContainer[], its: KnownAddress | undefined): ContainerName {
    const isOutside = this.#isOutside;
    const link = its?.link;
    return {
      ...(its?.mac !== undefined && { mac: its.mac }),
      name: containers.map(({ name }) => name).join("+"),
      words: new Set(containers.flatMap(wordsOf)),
      ids: new Set(containers.map(({ id }) => id)),
      get isOutside() {
        return link !== undefined && isOutside(link);
      },
    };
  }

  #keysOfNamed(idOrName: string): string[] {
    const byId = this.#running.get(idOrName);
    const named = byId ?? [...this.#running.values()].find(({ name }) => name === idOrName);
    return named === undefined ? [] : keysOf(named);
  }
}

/** Sets of ids, by what they have in common. */
class Sets {
  readonly #sets = new Map<string, Set<string>>();

  of(key: string): string[] {
    return [...(this.#sets.get(key) ?? [])];
  }

  /** Puts an id in a set, or takes it out. */
  put(key: string, id: string, isIn: boolean): void {
    const set = this.#sets.get(key) ?? new Set();
    if (isIn) this.#sets.set(key, set.add(id));
    else if (set.delete(id) && set.size === 0) this.#sets.delete(key);
  }
}

/** Whether a container may have been in a network since it began: it is the one that it was made for, or nothing tells that (Podman names none). */
function mayHaveBegunIn(network: string, { networkMode, addresses }: KnownContainer): boolean {
  return network === networkMode || addresses.every((each) => each.network !== networkMode);
}

/** What a container has: its addresses, and its published ports. */
function keysOf({ addresses, published }: KnownContainer): string[] {
  const ports = published.map(({ proto, hostAddress, hostPort }) => portKey(proto, hostAddress, hostPort));
  return [...addresses.map(({ address }) => address), ...ports];
}

/** A published port, as no address is written. */
export function portKey(proto: string, hostAddress: string, hostPort: number): string {
  return `${proto} ${hostAddress} ${hostPort}`;
}

/** The protocol and the port of such a key. */
export function portOf(key: string): { readonly proto: string; readonly port: number } {
  const [proto, , port] = key.split(" ");
  return { proto, port: Number(port) };
}

export function isPortKey(key: string): boolean {
  return key.includes(" ");
}

/** What a container, and the services that it is of, are called. */
export function wordsOf({ name, labels }: Pick<KnownContainer, "name" | "labels">): string[] {
  return [name, ...SERVICES.flatMap((label) => labels.get(label) ?? [])];
}
