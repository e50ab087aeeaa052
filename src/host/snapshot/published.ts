import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { Published } from "../../packets/results/published.js";
import { wordsOf } from "./tenants.js";
import type { HostFacts, KnownChange, KnownContainer } from "./host-facts.js";

/** So many are remembered, those of containers that are gone among them: what went through them is told at the end. */
const MOST_PORTS = 10_000;

type Known = Published & { hostAddresses: string[]; containerAddresses: readonly string[]; pids: readonly number[] };

/** The published ports of a host, by what it says from time to time, each once, on however many of the host's addresses it is published. */
export class PortBook {
  readonly #words: ReadonlySet<string> | undefined;
  readonly #known = new Map<string, Known>();
  #all: readonly Published[] | undefined;

  /** `words`: names of the containers, or services, that are meant; undefined for all. */
  constructor(words?: ReadonlySet<string>) {
    this.#words = words;
  }

  /** All of them, by port: the same list as long as nothing is taken. */
  get all(): readonly Published[] {
    this.#all ??= [...this.#known.values()].toSorted((one, other) => one.hostPort - other.hostPort);
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
    for (const known of this.#known.values())
      known.pids = there.has(known)
        ? news.proxies.filter((proxy) => isHolding(proxy, known)).map(({ pid }) => pid)
        : [];
  }

  /** Takes what a container publishes; what that is. */
  #add(container: KnownContainer): Known[] {
    if (this.#words !== undefined && !wordsOf(container).some((word) => this.#words?.has(word))) return [];
    const published: Known[] = [];
    for (const { proto, hostAddress, hostPort, containerPort } of container.published) {
      const key = `${proto} ${hostPort} ${containerPort} ${container.name}`;
      const ends = { hostAddresses: [], hostPort, container: container.name, containerPort, containerAddresses: [] };
      const known: Known = this.#known.get(key) ?? { proto, ...ends, pids: [] };
      const addresses = container.addresses.map(({ address }) => address);
      known.containerAddresses = [...new Set([...known.containerAddresses, ...addresses])];
      if (!known.hostAddresses.includes(hostAddress)) known.hostAddresses.push(hostAddress);
      if (!this.#known.has(key)) this.#known.set(key, known);
      keepNewest(this.#known, MOST_PORTS);
      published.push(known);
    }
    return published;
  }
}

/** Whether a docker-proxy holds a published port. */
function isHolding(
  proxy: HostFacts["proxies"][number],
  { proto, hostPort, containerPort, hostAddresses }: Published,
): boolean {
  const isOfPorts = proxy.proto === proto && proxy.hostPort === hostPort && proxy.containerPort === containerPort;
  return isOfPorts && hostAddresses.includes(proxy.hostAddress);
}
