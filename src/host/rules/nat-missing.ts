import { Few } from "../../packets/results/few.js";
import { type Finding, findingOf } from "../../packets/results/findings.js";
import { saidFew } from "../../packets/results/sentence.js";
import { isWithin, parseAddress } from "../address.js";
import type { HostFacts, KnownContainer } from "../snapshot/host-facts.js";
import { isNat, reached } from "./first-mark.js";
import { readTables } from "./rule-tables.js";
import type { Hook, Rule, Table } from "./ruleset.js";

/** Chains of those who translate by more than rules of these tables (kube-proxy by IPVS, Cilium by eBPF), and what gives packets to a proxy, or conntrack none. */
const BEYOND_RULES = /KUBE-|CILIUM|cali-|tproxy|notrack/i;

/** A host's rules that translate over IPv4. */
interface NatRules {
  /** The verdicts that packets may meet in prerouting … */
  readonly dnat: readonly Rule["verdict"][];
  /** … and in postrouting. */
  readonly snat: readonly Rule["verdict"][];
}

/**
 * The published ports that no rule translates and no docker-proxy was seen to hold, and the networks that Docker is to masquerade and no rule does: as after
 * `iptables -t nat -F`, or where a firewall began anew. IPv4 alone: of IPv6, Docker leaves much to docker-proxy. Nothing where the host may do more than its rules say,
 * or these were not read.
 */
export function natMissing(facts: HostFacts | undefined): Finding[] {
  if (facts?.containers === undefined || facts.isRootless || facts.unfollowed.length > 0) return [];
  const rules = facts.areRulesRead ? natRulesOf(facts.rules ?? "") : undefined;
  if (rules === undefined) return [];
  // Docker makes a container's rules before that runs (moby, daemon/start.go)
  const running = facts.containers.filter(({ startedNs }) => startedNs !== undefined && startedNs < facts.timeNs);
  const ports = running.flatMap((container) => portsWithout(rules, container, facts));
  const networks = rules.snat.some(isTranslating) ? [] : masqueraded(running, facts);
  const said = [
    ...(ports.length > 0
      ? [`no rule makes the DNAT of published ports, and no docker-proxy was seen to hold them: ${named(ports)}`]
      : []),
    ...(networks.length > 0 ? [`no rule masquerades containers' networks: ${named(networks)}`] : []),
  ];
  return said.length === 0 ? [] : [findingOf("nat-missing", ports.length + networks.length, said.join("; "))];
}

/** Undefined where they may do more than is understood of them. */
function natRulesOf(text: string): NatRules | undefined {
  const { tables, unread } = readTables(text);
  if (unread.length > 0 || BEYOND_RULES.test(text)) return undefined;
  const ofIpv4 = tables.filter((table) => isNat(table) && (table.family === "ipv4" || table.family === "both"));
  const verdictsAt = (asked: Hook): Rule["verdict"][] =>
    ofIpv4.flatMap((table) =>
      [...reached(table, ({ type, hook }) => type === "nat" && hook === asked)].map((rule) => verdictIn(table, rule)),
    );
  return { dnat: verdictsAt("prerouting"), snat: verdictsAt("postrouting") };
}

/** A rule's verdict; what is no chain of its table is a target that is not understood. */
function verdictIn({ chains }: Table, { verdict }: Rule): Rule["verdict"] {
  const isLeading = verdict.kind === "jump" || verdict.kind === "goto";
  return isLeading && !chains.has(verdict.chain) ? { kind: "unclear" } : verdict;
}

/** Whether a rule translates, or may. */
function isTranslating({ kind }: Rule["verdict"]): boolean {
  return kind === "nat" || kind === "redirect" || kind === "unclear";
}

/** Whether a rule may send packets to an address. */
function maySendTo(verdict: Rule["verdict"], address: string): boolean {
  const to = verdict.kind === "nat" ? verdict.to : null;
  const parsed = parseAddress(address);
  if (!isTranslating(verdict) || parsed === null) return isTranslating(verdict);
  return to?.addresses === undefined || isWithin(to.addresses, parsed);
}

/** What a container publishes that nothing leads to it, as `tcp 88→web:80`. */
function portsWithout({ dnat }: NatRules, container: KnownContainer, facts: HostFacts): string[] {
  const addresses = container.addresses
    .filter(({ address, network }) => !address.includes(":") && facts.networks.get(network)?.isTranslated === true)
    .map(({ address }) => address);
  if (addresses.length === 0 || dnat.some((each) => addresses.some((address) => maySendTo(each, address)))) return [];
  return container.published
    .filter(({ hostAddress, hostPort }) => hostPort > 0 && !hostAddress.includes(":"))
    .filter((port) => !facts.proxies.some(({ proto, hostPort }) => proto === port.proto && hostPort === port.hostPort))
    .map(({ proto, hostPort, containerPort }) => `${proto} ${hostPort}→${container.name}:${containerPort}`);
}

/** The networks of some containers that Docker is to masquerade. */
function masqueraded(running: readonly KnownContainer[], { networks }: HostFacts): string[] {
  const used = running.flatMap(({ addresses }) => addresses).filter(({ address }) => !address.includes(":"));
  const names = new Set(used.map(({ network }) => network));
  return [...names].filter((name) => networks.get(name)?.isMasqueraded === true);
}

function named(all: readonly string[]): string {
  const few = new Few<string>();
  for (const each of all) few.add(each);
  return saidFew(few).text;
}
