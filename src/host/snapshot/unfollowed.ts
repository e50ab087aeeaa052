import { isPodman } from "./docker.js";
import { at, textAt } from "./json.js";

/** Why a container that runs may have no address on the host's links, in words. */
export const WHY_OFF_LINKS =
  "an overlay's are within its tunnel, and containers on the host's network, or on none, have none of their own";

/** What of a host cannot be followed, in words, by the engine that a snapshot has: what goes that way is no packet that leaves as it came. */
export function unfollowedOf(engine: unknown): string[] {
  const name = isPodman({ name: textAt(engine, "name") ?? "" }) ? "Podman" : "Docker";
  return [
    // RootlessKit's drivers slirp4netns, pasta and gvisor-tap-vsock are programs with stacks of their own; lxc-user-nic joins a bridge of the host's
    ...(at(engine, "isRootless") === true
      ? [
          `${name} is rootless: its bridges are in a namespace of its user's, and unless lxc-user-nic joins that to this host's network, what leaves it goes through a program ` +
            "(slirp4netns, pasta) as connections of that program's own: no packet of a container pairs with one on this host's uplink",
        ]
      : []),
    // moby, libnetwork: ingress_sbox, whose mangle rules mark what IPVS spreads over the nodes
    ...(at(engine, "isSwarm") === true
      ? [
          "this host is a node of a Swarm: what comes to a port that a service publishes by the routing mesh goes through IPVS in a namespace of its own (ingress_sbox), and by VXLAN where it goes to " +
            "another node: natcorr does not follow it there",
        ]
      : []),
  ];
}
