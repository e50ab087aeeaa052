import type { Translation } from "../../packets/results/results.js";
import type { SideNames } from "../../packets/sides.js";
import type { Answer } from "../answer.js";
import { Routing } from "./routing.js";
import { isIncoming, passage } from "../tuples.js";
import type { NetworkFacts, SourceAddress } from "./network-facts.js";
import type { OwnAddresses } from "./own-addresses.js";

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
  readonly #own: OwnAddresses;

  /** `own`: which addresses the host had, and when. */
  constructor(own: OwnAddresses) {
    this.#own = own;
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
    const { told } = this.#own;
    const networks = told.flatMap(({ has }) => (has !== undefined && hasSources(has.network) ? [has.network] : []));
    if (networks.length === 0) return true;
    if (networks.some((network) => canGive(network, src, dst, captured))) return true;
    this.onUnknown();
    if (timeNs === undefined) return undefined;
    // by the first that was told behind it: one that has them, soon, and not that some came or went
    const next = told.find((each) => timeNs <= each.timeNs && (each.has === undefined || hasSources(each.has.network)));
    return next?.has !== undefined && next.timeNs <= timeNs + SOON_NS ? false : undefined;
  }
}

function hasSources({ sources }: NetworkFacts): boolean {
  return [...sources.values()].some((each) => each.length > 0);
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

/** The address that masquerading gives what leaves by an interface over IPv4; undefined where it has several, or none. */
export function masqueradeSource({ sources }: NetworkFacts, name: string): string | undefined {
  const chosen = sources.get(name)?.filter(isChosen) ?? [];
  return chosen.length === 1 ? chosen[0].address : undefined;
}

/** Whether it keeps addresses of other interfaces from being chosen over IPv4. */
function isChosen({ address, isGlobal }: SourceAddress): boolean {
  return isGlobal && !address.includes(":");
}
