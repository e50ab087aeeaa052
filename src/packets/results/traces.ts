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
  /** What stopped this packet, which was captured at a time, epoch nanoseconds; undefined where nothing did, or the trace does not tell. Each packet is to be asked of once. */
  stopOf(arrival: Arrival, timeNs: bigint): Stop | undefined;
}

/** A packet that the kernel let go of. */
export interface KernelDrop {
  /** By the clock that counts from the kernel's start (CLOCK_MONOTONIC), microseconds. */
  readonly timeUs: number;
  /** As the kernel names it: NETFILTER_DROP, IP_RPFILTER (include/net/dropreason-core.h); where it names none, the function that did it: `NOT_SPECIFIED in ip_error`. */
  readonly reason: string;
  /** How many packets of the captures it may be. */
  packets: number;
}

/** What packets the kernel let go of. */
export interface KernelDropsTold {
  /** How many there were, by reason. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many the kernel could not tell of. */
  readonly lost: number;
  /** Why there are none. */
  readonly failure: string | undefined;
  /** Whether packets that the host forwards may be dropped for that reason. */
  mayBeForwarded(reason: string): boolean;
  /** The only drop that a packet may be which a capture saw then, epoch nanoseconds; undefined where there is none, or several. */
  fitting(timeNs: bigint): KernelDrop | undefined;
}
