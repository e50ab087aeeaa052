import type { Published } from "../../packets/results/published.js";
import { wordsOf } from "./address-book.js";
import type { HostFacts } from "./host-facts.js";

/**
 * The published ports of a host, each once, on however many of the host's addresses it is published; by port. `words`: names of
 * the containers, or services, that are meant; undefined for all.
 */
export function publishedOf({ timeNs, containers, proxies }: HostFacts, words?: ReadonlySet<string>): Published[] {
  const found = new Map<string, Published & { readonly hostAddresses: string[] }>();
  const meant = containers.filter((each) => words === undefined || wordsOf(each).some((word) => words.has(word)));
  for (const { name: container, startedNs: sinceNs = timeNs, published } of meant) {
    for (const { proto, hostAddress, hostPort, containerPort } of published) {
      const key = `${proto} ${hostPort} ${containerPort} ${container}`;
      const pids = proxies
        .filter(
          (proxy) => proxy.proto === proto && proxy.hostPort === hostPort && proxy.containerPort === containerPort,
        )
        .map(({ pid }) => pid);
      const known = found.get(key);
      if (known === undefined)
        found.set(key, { proto, hostAddresses: [hostAddress], hostPort, container, containerPort, sinceNs, pids });
      else known.hostAddresses.push(hostAddress);
    }
  }
  return [...found.values()].toSorted((one, other) => one.hostPort - other.hostPort);
}
