import type { Ends } from "./results.js";

/** A packet as it comes to the host: what a trace tells of it as well. */
export interface Arrival {
  readonly ends: Ends;
  /** TTL, or hop limit. */
  readonly ttl: number;
  /** Of the IP packet, bytes. */
  readonly length: number;
  /** 0 where it has none, as in IPv6. */
  readonly ipId: number;
}

/** The rule that ended a packet's way through the host. */
export interface Stop {
  /** As it stands in the rule set, with its table and chain; of a chain's policy, that. */
  readonly rule: string;
  /** Whether it tells the sender so (REJECT). */
  readonly isRefusal: boolean;
}

/** What a trace of the firewall's says of packets. */
export interface Traces {
  /** What stopped this packet; undefined where nothing did, or the trace does not tell. Each packet is to be asked of once. */
  stopOf(arrival: Arrival): Stop | undefined;
}
