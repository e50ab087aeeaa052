import type { Reason } from "../../packets/results/reasons.js";
import type { Answer } from "../answer.js";
import type { Address, AddressRange } from "../address.js";
import type { InterfaceName } from "../interfaces.js";
import type { Mark } from "./mark.js";

/**
 * Where in the ways of packets that come in rules stand, in order: a destination is rewritten in prerouting, a source in postrouting. What the host takes itself comes
 * to input, and all else to what stands behind that. The first and the last are an interface's own (nft(8), "Netdev family"): captures see what the first drops, and
 * not what the last does.
 */
export const HOOKS = ["ingress", "prerouting", "input", "forward", "postrouting", "egress"] as const;
export type Hook = (typeof HOOKS)[number];

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The packet that a rule is asked about, as it is at one hook. */
export interface HookedPacket {
  isIpv6: boolean;
  proto: number;
  src: Address;
  dst: Address;
  srcPort: number | undefined;
  dstPort: number | undefined;
  /** Whether it is an echo request. */
  isEcho: boolean;
  /** Whether it is an ICMP error; undefined where that is not known. */
  isError?: boolean;
  inInterface: InterfaceName;
  outInterface: InterfaceName;
  /** Whether the destination is an address of the NAT itself. */
  isDstLocal: Answer;
  /** Whether the flow shows another destination than the initiator's. */
  isDstRewritten: boolean;
  /** Whether it opens a conversation: rules that translate are asked about no others. */
  isNew: Answer;
  /** Whether conntrack calls it INVALID: it can be of no conversation. */
  isInvalid: Answer;
  /** Whether another conversation's helper expected it; absent where that cannot be told. */
  isRelated?: false;
  /** The ends that its conversation had at first, before any translation, where it goes the way of that; absent where that cannot be told. */
  original?: Pick<HookedPacket, "src" | "dst" | "srcPort" | "dstPort"> | undefined;
  /** What rules made of its mark so far. */
  mark: Mark;
}

/** What a packet must have for a match to be met, whatever else that asks for: one of these values. */
export interface Key {
  readonly field: "src" | "dst" | "srcPort" | "dstPort";
  /** Ports, or addresses as numbers. */
  readonly values: readonly (number | bigint)[];
}

/** Whether a packet has what one part of a rule asks for. */
export interface Match {
  (packet: HookedPacket): Answer;
  /** It is met by no packet that lacks one of these; none where it is not known what it asks for at least. */
  readonly keys?: readonly Key[];
}

/** What a NAT rule may make of the address and port it rewrites; undefined: any address; the port kept where it can be. */
export interface Target {
  readonly addresses: AddressRange | undefined;
  readonly ports: PortRange | undefined;
  /** Whether the addresses are a network that stands for another one: each keeps its bits within. */
  readonly isNetwork: boolean;
  /** Whether it is an address that the interface has by which packets leave. */
  readonly isMasquerade?: true;
}

export type RuleVerdict =
  /** Rewrites the destination in prerouting, the source in postrouting; `to` is null where its target is not understood. */
  | { kind: "nat"; to: Target | null }
  /** Gives it to the NAT itself: what is forwarded was not redirected. */
  | { kind: "redirect" }
  /** Ends its way: without a word to who sent it, or with an answer, as which verdicts of refused packets name it. */
  | { kind: "drop" }
  | { kind: "reject"; answers: readonly Reason[] }
  /** Has conntrack leave the packet alone, where it comes there before that. */
  | { kind: "untrack" }
  /** Gives the packet another mark. */
  | { kind: "mark"; mark: (mark: Mark) => Mark }
  | { kind: "jump" | "goto"; chain: string }
  /** `end`: no later rule is asked. `unclear`: not understood, it may do anything. */
  | { kind: "end" | "return" | "continue" | "unclear" };

export interface Rule {
  /** As it stands in the rule set, without its counters, and without comments after it. */
  readonly text: string;
  /** All must be met. */
  readonly matches: readonly Match[];
  readonly verdict: RuleVerdict;
  /** How many packets met it, by its counter; undefined where that does not tell. */
  readonly packets: number | undefined;
  /** The name of the chain where it stands. */
  readonly chain: string;
}

/** What the rules of a chain are for. */
export type ChainType = "nat" | "filter";

/** What becomes of packets that no rule of a chain decides about, where that is dropped: a rule that all of them meet. */
export function policyRule(chain: string, text: string, packets: number | undefined): Rule {
  return { text, chain, packets, matches: [], verdict: { kind: "drop" } };
}

/** A chain that packets come to by themselves. */
export interface BaseChain {
  readonly type: ChainType;
  readonly hook: Hook;
  /** Chains of one hook are asked in ascending order. */
  readonly priority: number;
  readonly rules: readonly Rule[];
  /** What becomes of packets that come to its end, or return from it; undefined where they go on. */
  readonly policy: Rule | undefined;
}

export interface Table {
  readonly name: string;
  /** Whether it is one of those that iptables had before nft's, on a host whose iptables keeps its rules in nft's: iptables-legacy alone shows it. */
  readonly isLegacy?: boolean;
  /** Which packets come here; `device`: those of interfaces that its chains name, whatever they are; `bridge`: those that come by a port of a bridge, as they do. */
  readonly family: "ipv4" | "ipv6" | "both" | "device" | "bridge";
  readonly base: readonly BaseChain[];
  /** All chains, by name. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

/** As nft names families. */
const FAMILIES = { ipv4: "ip", ipv6: "ip6", both: "inet", device: "netdev", bridge: "bridge" } as const;

/** A rule of iptables as it stands there, one of nft's behind its table, as `nameOf` has it, and its chain, as `nft monitor trace` prints it. */
export function placedText(table: string, { chain, text }: Rule): string {
  return text.startsWith("-") ? text : `${table} ${chain} ${text}`;
}

/** A table's family and name as nft writes them: `ip filter`. */
export function nameOf({ family, name }: Table): string {
  return `${FAMILIES[family]} ${name}`;
}
