import type { Translation } from "../../packets/results/results.js";
import type { SideNames } from "../../packets/sides.js";
import type { Answer } from "../answer.js";
import { Routing } from "./routing.js";
import { isIncoming, passage } from "../tuples.js";
import type { HostFacts } from "./host-facts.js";
import type { NetworkFacts, SourceAddress } from "./network-facts.js";

/** So many snapshots are remembered, the last ones: when they were taken, and what they say where addresses are others than in the one before. */
const MOST_SNAPSHOTS = 32;
/** Where nobody tells, an address does not come and go as soon as this, nanoseconds: a flow that left with it began while a snapshot would have shown it. */
const SOON_NS = 2_000_000_000n;

/**
 * Which addresses masquerading gives, by what snapshots tell of the host's interfaces.
 *
 * Over IPv4, it is one of the interface that a packet leaves by, no secondary one; where that has none, it is one of any other interface's
 * (net/netfilter/nf_nat_masquerade.c; net/ipv4/devinet.c, inet_select_addr). Over IPv6, any of the host's may be chosen (net/ipv6/addrconf.c, ipv6_dev_get_saddr).
 */
export class MasqueradeSources {
  /** Called when it is asked of an address that no snapshot shows: there may be others by now. */
  onUnknown: () => void = () => {};
  readonly #networks: NetworkFacts[] = [];
  readonly #takenNs: bigint[] = [];
  /** When addresses came or went, as far as somebody told. */
  readonly #changedNs: bigint[] = [];
  /** The addresses that the last one tells of. */
  #addresses = "";

  /** Takes the next snapshot. One that tells of no address says nothing. */
  take({ timeNs, network }: HostFacts): void {
    const all = [...network.sources].filter(([, sources]) => sources.length > 0);
    if (all.length === 0) return;
    const addresses = JSON.stringify(all);
    if (addresses !== this.#addresses) this.#networks.push(network);
    this.#addresses = addresses;
    this.#takenNs.push(timeNs);
    for (const remembered of [this.#networks, this.#takenNs])
      if (remembered.length > MOST_SNAPSHOTS) remembered.shift();
  }

  /** Takes it that addresses of the host came or went at a time, epoch nanoseconds. */
  change(timeNs: bigint): void {
    this.#changedNs.push(timeNs);
    if (this.#changedNs.length > MOST_SNAPSHOTS) this.#changedNs.shift();
  }

  /**
   * Whether masquerading can have given a flow the source that it left with: yes where the address was there at any known time, or where no snapshot tells of
   * addresses; no where one was taken soon after the flow began, none shows it, and none came or went in between. Else nobody knows: it may come and go between two snapshots.
   *
   * @param names the interfaces that the sources of both sides are of; empty where one is not known.
   * @param timeNs when the flow began, epoch nanoseconds; undefined where that is not known.
   */
  canGive(flow: Translation, names: SideNames, timeNs?: bigint): Answer {
    const { src, dst } = passage(flow).leaving;
    const captured = names[flow.sides[isIncoming(flow) ? 0 : 1]];
    if (this.#networks.length === 0) return true;
    if (this.#networks.some((network) => canGive(network, src, dst, captured))) return true;
    this.onUnknown();
    if (timeNs === undefined) return undefined;
    const isShown = (takenNs: bigint): boolean =>
      timeNs <= takenNs &&
      takenNs <= timeNs + SOON_NS &&
      !this.#changedNs.some((changedNs) => timeNs <= changedNs && changedNs <= takenNs);
    return this.#takenNs.some(isShown) ? false : undefined;
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
