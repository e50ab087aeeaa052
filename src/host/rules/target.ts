import type { Ends } from "../../packets/results/results.js";
import { type AddressRange, isWithin, parseAddress, parseAddressRange } from "../address.js";
import type { Answer } from "../answer.js";
import { parsePortRange } from "./matches.js";
import type { Hook, PortRange, Target } from "./ruleset.js";

/** The target of masquerading; `ports` as iptables and nft write them, undefined where the port is kept if it can be. Null where they are none. */
export function masquerading(ports: string | undefined): Target | null {
  const target = targetOf("", ports, false);
  return target && { ...target, isMasquerade: true };
}

/**
 * Reads what a NAT rule rewrites to, as iptables and nft write it: `10.0.2.15`, `10.0.2.15-10.0.2.18:1024-2047`,
 * `[fd00:17::2]:80`, `:8080`, a prefix; null where it is none. What iptables has after a slash in ports (`:80-90/80`, the port
 * that the first stands for) is left out.
 */
export function parseTarget(text: string, isNetwork = false): Target | null {
  return targetOf(...splitPort(text), isNetwork);
}

/** The target of an address, a prefix or a range, '' for any, and of a port or a range; null where one of them is none. */
export function targetOf(address: string, port: string | undefined, isNetwork: boolean): Target | null {
  const addresses = address === "" ? undefined : parseAddressRange(address);
  const ports = port === undefined ? undefined : parsePortRange(port.replace(/\/\d+$/, ""));
  return addresses === null || ports === null ? null : { addresses, ports, isNetwork };
}

/** An IPv6 address with a port stands in brackets; without brackets, more than one colon is an address alone. */
function splitPort(text: string): [address: string, port: string | undefined] {
  const bracketed = /^(\[[^:]*:.*\])(?::([^\]]*))?$/.exec(text);
  if (bracketed) return [bracketed[1].replaceAll(/[[\]]/g, ""), bracketed[2]];
  const [address, port, ...more] = text.split(":");
  return more.length > 0 ? [text, undefined] : [address, port];
}

/** The addresses that one of them may become; undefined where that is not limited. */
export function addressesMade({ addresses, isNetwork }: Target, text: string): AddressRange | undefined {
  const from = isNetwork ? parseAddress(text) : null;
  if (addresses === undefined || from === null || from.isIpv6 !== addresses.isIpv6) return addresses;
  const { isIpv6, first, last } = addresses;
  const value = first | (from.value & (last - first));
  return { isIpv6, first: value, last: value };
}

/**
 * Whether a NAT rule at this hook can have made of a packet what left the NAT. A destination's port is kept unless the rule
 * says otherwise, a source's port changes where it clashes (net/netfilter/nf_nat_core.c and nf_nat_proto.c).
 *
 * @param canMasquerade whether masquerading can have given the packet the source that it left with.
 */
export function canMake(
  hook: Hook,
  to: Target | null,
  entering: Ends,
  leaving: Ends,
  canMasquerade: () => Answer,
): Answer {
  if (!to) return undefined;
  const isDestination = hook === "prerouting";
  const end = isDestination ? "dst" : "src";
  const address = parseAddress(leaving[end]);
  const port = isDestination ? leaving.dstPort : leaving.srcPort;
  const range = addressesMade(to, entering[end]);
  if (range && !(address && isWithin(range, address))) return false;
  const isPort = port === undefined || (to.ports ? isIn(to.ports, port) : !isDestination || port === entering.dstPort);
  return isPort && to.isMasquerade ? canMasquerade() : isPort;
}

function isIn({ first, last }: PortRange, port: number): boolean {
  return first <= port && port <= last;
}
