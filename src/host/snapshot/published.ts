import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { Published } from "../../packets/results/published.js";
import { wordsOf } from "./tenants.js";
import type { HostFacts, KnownChange, KnownContainer } from "./host-facts.js";

/** So many are remembered, those of containers that are gone among them: what went through them is told at the end. */
const MOST_PORTS = 10_000;

type Known = Published & {
  container: string;
  containerIds: Set<string>;
  hostAddresses: string[];
  containerLinks: ReadonlySet<string | undefined>;
  pids: readonly number[] | undefined;
  isGone: boolean;
};

/** What a port is told from others of its container by. */
type Numbers = Pick<Published, "proto" | "hostPort" | "containerPort">;

/** The published ports of a host, by what it says from time to time, each once, on however many of the host's addresses it is published. */
export class PortBook {
  readonly #words: ReadonlySet<string> | undefined;
  /** By their numbers and the ids of their containers: one that was made anew has its place. */
  readonly #known = new Map<string, Known>();
  /** What containers hold now, by their ids. */
  readonly #held = new Map<string, readonly Known[]>();
  #all: readonly Published[] | undefined;

  /** `words`: names of the containers, or services, that are meant; undefined for all. */
  constructor(words?: ReadonlySet<string>) {
    this.#words = words;
  }

  /** All of them, by port: the same list as long as nothing is taken. */
  get all(): readonly Published[] {
    this.#all ??= [...new Set(this.#known.values())].toSorted((one, other) => one.hostPort - other.hostPort);
    return this.#all;
  }

  /** Takes what the host says next. */
  take(news: HostFacts | KnownChange): void {
    this.#all = undefined;
    if (!("containers" in news)) {
      this.#hold(news.id, news.container);
      return;
    }
    const { containers, proxies } = news;
    if (containers !== undefined) {
      const ids = new Set(containers.map(({ id }) => id));
      for (const id of this.#held.keys()) if (!ids.has(id)) this.#hold(id, undefined);
      for (const container of containers) this.#hold(container.id, container);
    }
    if (proxies === undefined) return;
    for (const known of [...this.#held.values()].flat())
      known.pids = proxies.filter((proxy) => isHolding(proxy, known)).map(({ pid }) => pid);
  }

  /** Takes it that a container holds what it publishes by now; undefined where it does not run any more. */
  #hold(id: string, container: KnownContainer | undefined): void {
    const before = this.#held.get(id) ?? [];
    const now = container === undefined ? [] : this.#add(container);
    if (now.length > 0) this.#held.set(id, now);
    else this.#held.delete(id);
    // the processes are others than before
    for (const known of now) if (!before.includes(known)) Object.assign(known, { pids: undefined, isGone: false });
    for (const known of before)
      if (![...known.containerIds].some((each) => this.#held.get(each)?.includes(known)))
        Object.assign(known, { pids: [], isGone: true });
  }

  /** Takes what a container publishes; what that is. */
  #add(container: KnownContainer): Known[] {
    if (this.#words !== undefined && !wordsOf(container).some((word) => this.#words?.has(word))) return [];
    const published: Known[] = [];
    for (const { hostAddress, ...port } of container.published) {
      const key = `${port.proto} ${port.hostPort} ${port.containerPort} ${container.id}`;
      const known = this.#known.get(key) ?? this.#named(container.name, port) ?? unheld(port);
      this.#known.set(key, known);
      keepNewest(this.#known, MOST_PORTS);
      known.container = container.name;
      known.containerIds.add(container.id);
      known.containerLinks = new Set([...known.containerLinks, ...container.addresses.map(({ link }) => link)]);
      if (!known.hostAddresses.includes(hostAddress)) known.hostAddresses.push(hostAddress);
      published.push(known);
    }
    return published;
  }

  /** A port of a container that is called so by now; undefined where there is none. */
  #named(name: string, port: Numbers): Known | undefined {
    return [...this.#known.values()].find(
      ({ container, proto, hostPort, containerPort }) =>
        container === name &&
        proto === port.proto &&
        hostPort === port.hostPort &&
        containerPort === port.containerPort,
    );
  }
}

/** A port of which nobody has told yet whose it is. */
function unheld(port: Numbers): Known {
  const { proto, hostPort, containerPort } = port;
  const ends = { hostAddresses: [], container: "", containerIds: new Set<string>(), containerLinks: new Set<string>() };
  return { proto, hostPort, containerPort, ...ends, pids: undefined, isGone: false };
}

/** Whether a docker-proxy holds a published port. */
function isHolding(
  proxy: NonNullable<HostFacts["proxies"]>[number],
  { proto, hostPort, containerPort, hostAddresses }: Published,
): boolean {
  const isOfPorts = proxy.proto === proto && proxy.hostPort === hostPort && proxy.containerPort === containerPort;
  return isOfPorts && hostAddresses.includes(proxy.hostAddress);
}
