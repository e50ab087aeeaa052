import { InterfaceName, type Interfaces } from "../../../src/host/interfaces.js";
import { RuleBook } from "../../../src/host/rules/rules.js";
import { networkFactsOf } from "../../../src/host/snapshot/network-facts.js";
import { OwnAddresses } from "../../../src/host/snapshot/own-addresses.js";
import type { FlowSummary } from "../../../src/packets/results/results.js";
import { flow } from "../flow.js";

/** Interfaces by their names, empty where they are not known. */
export const named = (inside: string, outside: string): Interfaces => [
  new InterfaceName([inside]),
  new InterfaceName([outside]),
];

/** What a snapshot says of addresses, at a time, epoch nanoseconds. */
export const having = (timeNs: bigint, addresses: readonly string[]) => ({
  timeNs,
  addresses,
  network: networkFactsOf({}),
});

/** What a host's addresses always were. */
export function own(...addresses: readonly string[]): OwnAddresses {
  const all = new OwnAddresses();
  all.take(having(0n, addresses));
  return all;
}

/** The rules behind a flow, `?` before those that are only possible, without the table and chain of nft's. */
export function explained(text: string, seen: FlowSummary, inside = "docker0", outside = "enp0s3"): string[] {
  return new RuleBook(text).explain(seen, named(inside, outside)).map(({ rule, isCertain }) => {
    const text = rule.replace(/^(ip6?|inet) \S+ \S+ /, "");
    return isCertain ? text : `? ${text}`;
  });
}

/** An iptables table with these rules. */
export const nat = (...rules: string[]): string => `*nat\n:DOCKER - [0:0]\n${rules.join("\n")}\nCOMMIT\n`;

export const fetched = flow(
  "tcp",
  "inside",
  "172.17.0.3.38450 > 180.101.49.11.80",
  "10.0.2.15.38450 > 180.101.49.11.80",
);
export const published = flow("tcp", "outside", "10.0.2.2.38438 > 172.17.0.2.80", "10.0.2.2.38438 > 10.0.2.15.88");
export const pinged = flow("icmp", "inside", "172.17.0.4 > 180.101.49.11 id 783", "10.0.2.15 > 180.101.49.11 id 9000");
export const fetchedIpv6 = flow("tcp", "inside", "fd00:17::3.1 > 2001:db8::1.80", "fd00:2::15.1 > 2001:db8::1.80");
export const publishedIpv6 = flow("tcp", "outside", "2001:db8::1.9 > fd00:17::2.80", "2001:db8::1.9 > fd00:2::15.88");
export const routed = flow("udp", "inside", "172.17.0.3.1 > 10.0.2.2.53", "172.17.0.3.1 > 10.0.2.2.53");
