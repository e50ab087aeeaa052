import type { Translation } from "../../packets/results/results.js";
import type { SideNames } from "../../packets/sides.js";
import { Routing } from "../drops/routing.js";
import { isIncoming, passage } from "../tuples.js";
import type { HostFacts } from "./host-facts.js";
import type { NetworkFacts, SourceAddress } from "./network-facts.js";

/** So many states of the host's addresses are remembered, the last ones. */
const MOST_STATES = 8;

/** What snapshots that tell of the same addresses say, the last of them. */
interface State {
  readonly addresses: string;
  readonly network: NetworkFacts;
}

/**
 * Which addresses masquerading gives, by what snapshots tell of the host's interfaces.
 *
 * Over IPv4, it is one of the interface that a packet leaves by, no secondary one; where that has none, it is one of any other interface's
 * (net/netfilter/nf_nat_masquerade.c; net/ipv4/devinet.c, inet_select_addr). Over IPv6, any of the host's may be chosen (net/ipv6/addrconf.c, ipv6_dev_get_saddr).
 */
export class MasqueradeSources {
  readonly #states: State[] = [];

  /** Takes the next snapshot. One that tells of no address says nothing. */
  take({ network }: HostFacts): void {
    const all = [...network.sources].filter(([, sources]) => sources.length > 0);
    if (all.length === 0) return;
    const addresses = JSON.stringify(all);
    if (this.#states.at(-1)?.addresses === addresses) this.#states.pop();
    this.#states.push({ addresses, network });
    if (this.#states.length > MOST_STATES) this.#states.shift();
  }

  /**
   * Whether masquerading can have given a flow the source that it left with: yes where the address was there at any known time, or where no snapshot tells of
   * addresses. Else nobody knows: one may come and go between two snapshots.
   *
   * @param names the interfaces that the sources of both sides are of; empty where one is not known.
   */
  canGive(flow: Translation, names: SideNames): true | undefined {
    const { src, dst } = passage(flow).leaving;
    const captured = names[flow.sides[isIncoming(flow) ? 0 : 1]];
    const isKnown = this.#states.some(({ network }) => canGive(network, src, dst, captured));
    return isKnown || this.#states.length === 0 || undefined;
  }
}

function canGive(network: NetworkFacts, src: string, dst: string, names: readonly string[]): boolean {
  const { sources, masters } = network;
  const has = (name: string): boolean => sources.get(name)?.some(({ address }) => address === src) === true;
  const captured = names.map((name) => masters.get(name) ?? name);
  if (![...sources.keys()].some(has)) return false;
  if (src.includes(":") || captured.some(has)) return true;
  const hasOwn = captured.every((name) => sources.get(name)?.some(isChosen) === true);
  // an interface may carry others: it is the one they leave by where the route says so, too
  return !hasOwn || !captured.includes(new Routing(network).interfaceTo(dst) ?? "");
}

/** Whether it keeps addresses of other interfaces from being chosen over IPv4. */
function isChosen({ address, isGlobal }: SourceAddress): boolean {
  return isGlobal && !address.includes(":");
}
