import { Routing } from "../drops/routing.js";
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
  return { ...container, addresses: container.addresses.filter((each) => isOnLink(each, facts)) };
}

function isOnLink({ network, address }: KnownAddress, { networks, network: forwarding }: HostFacts): boolean {
  const { driver, parent } = networks.get(network) ?? { driver: "bridge", parent: undefined };
  if (OFF_LINKS.has(driver)) return false;
  return !ON_PARENT.has(driver) || (parent !== undefined && new Routing(forwarding).interfaceTo(address) === parent);
}
