import { Few } from "../../packets/results/few.js";
import { type Finding, findingOf } from "../../packets/results/findings.js";
import { Gathered } from "../../packets/results/gathered.js";
import { saidFew } from "../../packets/results/sentence.js";
import { TCP } from "../../protocols/ip-protocols.js";
import { type Address, isWithin, parseAddress } from "../address.js";
import { InterfaceName } from "../interfaces.js";
import type { HostFacts, KnownContainer } from "../snapshot/host-facts.js";
import { isNat, reached } from "./first-mark.js";
import { ANY_MARK } from "./mark.js";
import { readTables } from "./rule-tables.js";
import type { Hook, HookedPacket, Rule, Table } from "./ruleset.js";

/** Chains of those who translate by more than rules of these tables (kube-proxy by IPVS, Cilium by eBPF), and what gives packets to a proxy, or conntrack none. */
const BEYOND_RULES = /KUBE-|CILIUM|cali-|tproxy|notrack/i;

/** 192.0.2.1, an address beyond any host's networks (RFC 5737). */
const BEYOND: Address = { isIpv6: false, value: 0xc000_0201n };

/** What tells of a host's rules that may translate over IPv4. */
type NatRule = Pick<Rule, "matches" | "verdict">;

/** Those that packets may meet in prerouting, and in postrouting. */
interface NatRules {
  readonly dnat: readonly NatRule[];
  readonly snat: readonly NatRule[];
}

/**
 * The published ports that no rule translates and no docker-proxy was seen to hold, and the networks that Docker is to masquerade and no rule does: as after
 * `iptables -t nat -F`, or where a firewall began anew, or a network's own rule was deleted. IPv4 alone: of IPv6, Docker leaves much to docker-proxy. Nothing where the host may do more than its rules say,
 * or these were not read. `asTheyCame`: flows that left as they came, by who sent them; those of such networks are the finding's.
 */
export function natMissing(facts: HostFacts | undefined, asTheyCame: ReadonlyMap<string, Gathered>): Finding[] {
  if (facts?.containers === undefined || facts.isRootless || facts.unfollowed.length > 0) return [];
  const rules = facts.areRulesRead ? natRulesOf(facts.rules ?? "") : undefined;
  if (rules === undefined) return [];
  // Docker makes a container's rules before that runs (moby, daemon/start.go)
  const running = facts.containers.filter(({ startedNs }) => startedNs !== undefined && startedNs < facts.timeNs);
  const ports = running.flatMap((container) => portsWithout(rules, container, facts));
  const known = [
    ...facts.addresses,
    ...facts.containers.flatMap(({ addresses }) => addresses.map((each) => each.address)),
  ];
  const networks = masqueraded(running, facts).filter(
    (name) => !mayMasquerade(rules, addressesIn(running, name), known),
  );
  const said = [
    ...(ports.length > 0
      ? [`no rule makes the DNAT of published ports, and no docker-proxy was seen to hold them: ${named(ports)}`]
      : []),
    ...(networks.length > 0 ? [`no rule masquerades containers' networks: ${named(networks)}`] : []),
  ];
  if (said.length === 0) return [];
  const left = new Gathered();
  for (const { address, network } of running.flatMap(({ addresses }) => addresses))
    if (networks.includes(network)) left.addAll(asTheyCame.get(address) ?? new Gathered());
  return [findingOf("nat-missing", ports.length + networks.length, said.join("; "), left)];
}

/** Undefined where they may do more than is understood of them. */
function natRulesOf(text: string): NatRules | undefined {
  const { tables, unread } = readTables(text);
  if (unread.length > 0 || BEYOND_RULES.test(text)) return undefined;
  const ofIpv4 = tables.filter((table) => isNat(table) && (table.family === "ipv4" || table.family === "both"));
  const translatingAt = (asked: Hook): NatRule[] =>
    ofIpv4
      .flatMap((table) =>
        [...reached(table, ({ type, hook }) => type === "nat" && hook === asked)].map(
          (rule): NatRule => ({ matches: rule.matches, verdict: verdictIn(table, rule) }),
        ),
      )
      .filter(isTranslating);
  return { dnat: translatingAt("prerouting"), snat: translatingAt("postrouting") };
}

/** A rule's verdict; what is no chain of its table is a target that is not understood. */
function verdictIn({ chains }: Table, { verdict }: Rule): Rule["verdict"] {
  const isLeading = verdict.kind === "jump" || verdict.kind === "goto";
  return isLeading && !chains.has(verdict.chain) ? { kind: "unclear" } : verdict;
}

/** Whether a rule translates, or may. */
function isTranslating({ verdict: { kind } }: NatRule): boolean {
  return kind === "nat" || kind === "redirect" || kind === "unclear";
}

/** Whether a rule that translates may send packets to an address. */
function maySendTo({ verdict }: NatRule, address: string): boolean {
  const to = verdict.kind === "nat" ? verdict.to : null;
  const parsed = parseAddress(address);
  return parsed === null || to?.addresses === undefined || isWithin(to.addresses, parsed);
}

/**
 * Whether any rule may translate what one of some addresses sends beyond the host: all but those that ask for another source, which a known address is,
 * and those that ask for what a container sends to itself, by its published port. `known`: addresses of the host and of containers.
 */
function mayMasquerade({ snat }: NatRules, addresses: readonly string[], known: readonly string[]): boolean {
  const others = known.flatMap((each) => parseAddress(each) ?? []).map((each) => packetOf(each, BEYOND));
  return addresses.some((each) => {
    const address = parseAddress(each);
    if (address === null) return true;
    const [out, toItself] = [packetOf(address, BEYOND), packetOf(address, address)];
    return snat.some(
      ({ matches }) =>
        !matches.some(
          (match) => match(out) === false && [toItself, ...others].some((packet) => match(packet) === true),
        ),
    );
  });
}

/** A packet of which nothing matters but its addresses. */
function packetOf(src: Address, dst: Address): HookedPacket {
  const [inInterface, outInterface] = [new InterfaceName([""]), new InterfaceName([""])];
  const ports = { srcPort: 40_000, dstPort: 443 };
  const state = {
    isEcho: false,
    isDstLocal: false,
    isDstRewritten: false,
    isNew: true,
    isInvalid: false,
    mark: ANY_MARK,
  };
  return { isIpv6: false, proto: TCP, src, dst, ...ports, inInterface, outInterface, ...state };
}

/** What a container publishes that nothing leads to it, as `tcp 88→web:80`. */
function portsWithout({ dnat }: NatRules, container: KnownContainer, { networks, proxies }: HostFacts): string[] {
  // a docker-proxy may hold it all the same
  if (proxies === undefined) return [];
  const addresses = container.addresses
    .filter(({ address, network }) => !address.includes(":") && networks.get(network)?.isTranslated === true)
    .map(({ address }) => address);
  if (addresses.length === 0 || dnat.some((each) => addresses.some((address) => maySendTo(each, address)))) return [];
  return container.published
    .filter(({ hostAddress, hostPort }) => hostPort > 0 && !hostAddress.includes(":"))
    .filter((port) => !proxies.some(({ proto, hostPort }) => proto === port.proto && hostPort === port.hostPort))
    .map(({ proto, hostPort, containerPort }) => `${proto} ${hostPort}→${container.name}:${containerPort}`);
}

/** The networks of some containers that Docker is to masquerade. */
function masqueraded(running: readonly KnownContainer[], { networks }: HostFacts): string[] {
  const names = new Set(running.flatMap(({ addresses }) => addresses.map(({ network }) => network)));
  return [...names].filter(
    (name) => networks.get(name)?.isMasqueraded === true && addressesIn(running, name).length > 0,
  );
}

/** The addresses of some containers in a network. */
function addressesIn(running: readonly KnownContainer[], name: string): string[] {
  const used = running.flatMap(({ addresses }) => addresses);
  return used.flatMap(({ address, network }) => (network === name && !address.includes(":") ? [address] : []));
}

function named(all: readonly string[]): string {
  const few = new Few<string>();
  for (const each of all) few.add(each);
  return saidFew(few).text;
}
