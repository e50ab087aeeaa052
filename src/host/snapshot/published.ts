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
  pids: readonly number[];
};

/** What a port is told from others of its container by. */
type Numbers = Pick<Published, "proto" | "hostPort" | "containerPort">;

/** The published ports of a host, by what it says from time to time, each once, on however many of the host's addresses it is published. */
export class PortBook {
  readonly #words: ReadonlySet<string> | undefined;
  /** By their numbers and the ids of their containers: one that was made anew has its place. */
  readonly #known = new Map<string, Known>();
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
      if (news.container !== undefined) this.#add(news.container);
      return;
    }
    const there = new Set((news.containers ?? []).flatMap((container) => this.#add(container)));
    for (const known of this.#known.values()) {
      const held = there.has(known) ? news.proxies?.filter((proxy) => isHolding(proxy, known)) : [];
      // where nobody tells, those hold it that did
      if (held !== undefined) known.pids = held.map(({ pid }) => pid);
    }
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
  return { proto, hostPort, containerPort, ...ends, pids: [] };
}

/** Whether a docker-proxy holds a published port. */
function isHolding(
  proxy: NonNullable<HostFacts["proxies"]>[number],
  { proto, hostPort, containerPort, hostAddresses }: Published,
): boolean {
  const isOfPorts = proxy.proto === proto && proxy.hostPort === hostPort && proxy.containerPort === containerPort;
  return isOfPorts && hostAddresses.includes(proxy.hostAddress);
}
