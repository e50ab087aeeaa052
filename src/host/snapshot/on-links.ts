import { Routing } from "./routing.js";
import type { HostFacts, KnownAddress, KnownContainer } from "./host-facts.js";

/** Drivers whose networks are a part of the link that they are made on, where others may have addresses of theirs, too. */
const ON_PARENT = new Set(["macvlan", "ipvlan"]);
/** Drivers whose addresses are nowhere but in namespaces of their own: those that an overlay's tunnel leads to, and those of no network. */
const OFF_LINKS = new Set(["overlay", "null", "host"]);

/**
 * What a container has on this host's links, by the last snapshot that tells of networks: what is anywhere else with an address like it is another host. A network that
 * nobody told of is taken for a bridge of the host's.
 */
export function onLinks(container: KnownContainer, facts: HostFacts | undefined): KnownContainer {
  if (facts === undefined) return container;
  // its bridges are in a namespace of its user's, and its ports are a program's (rootlesskit)
  if (facts.isRootless) return { ...container, addresses: [], published: [] };
  return { ...container, addresses: container.addresses.flatMap((each) => onLink(each, facts)) };
}

function onLink(known: KnownAddress, { networks, network: forwarding }: HostFacts): KnownAddress[] {
  const { driver, link } = networks.get(known.network) ?? { driver: "bridge", link: undefined };
  const isThere = (): boolean => link !== undefined && new Routing(forwarding).interfaceTo(known.address) === link;
  return OFF_LINKS.has(driver) || (ON_PARENT.has(driver) && !isThere()) ? [] : [{ ...known, link }];
}
