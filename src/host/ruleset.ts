import type { Answer } from "./answer.js";
import type { Address, AddressRange } from "./address.js";
import type { InterfaceName } from "./interfaces.js";

/** Where in a packet's way the rules stand that rewrite its destination (prerouting) or its source (postrouting). */
export type Hook = "prerouting" | "postrouting";

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The packet that a rule is asked about: the first of a conversation, as it is at one hook. */
export interface HookedPacket {
  isIpv6: boolean;
  proto: number;
  src: Address;
  dst: Address;
  srcPort: number | undefined;
  dstPort: number | undefined;
  isEcho: boolean;
  inInterface: InterfaceName;
  outInterface: InterfaceName;
  /** Whether the destination is an address of the NAT itself. */
  isDstLocal: Answer;
  /** Whether the flow shows another destination than the initiator's. */
  isDstRewritten: boolean;
}

/** Whether a packet has what one part of a rule asks for. */
export type Match = (packet: HookedPacket) => Answer;

/** What a NAT rule may make of the address and port it rewrites; undefined: any address; the port kept where it can be. */
export interface Target {
  readonly addresses: AddressRange | undefined;
  readonly ports: PortRange | undefined;
}

export type RuleVerdict =
  /** Rewrites the destination in prerouting, the source in postrouting; `to` is null where its target is not understood. */
  | { kind: "nat"; to: Target | null }
  /** Gives it to the NAT itself: what is forwarded was not redirected. */
  | { kind: "redirect" }
  | { kind: "jump" | "goto"; chain: string }
  /** `end`: no later rule is asked. `unclear`: not understood, it may do anything. */
  | { kind: "end" | "return" | "continue" | "unclear" };

export interface Rule {
  /** As it stands in the rule set, without counters before it and comments after it. */
  readonly text: string;
  /** All must be met. */
  readonly matches: readonly Match[];
  readonly verdict: RuleVerdict;
}

/** A chain that packets come to by themselves. */
export interface BaseChain {
  readonly hook: Hook;
  /** Chains of one hook are asked in ascending order. */
  readonly priority: number;
  readonly rules: readonly Rule[];
}

export interface Table {
  /** Which packets come here. */
  readonly family: "ipv4" | "ipv6" | "both";
  readonly base: readonly BaseChain[];
  /** All chains, by name. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}
