import { epochText } from "../../packets/results/epoch.js";
import type { Arrival, KernelDrop, Stop } from "../../packets/results/traces.js";
import type { ConntrackEvent } from "../conntrack-table.js";
import type { DropCounts } from "../trace/kernel-drops.js";
import type { TraceGaps } from "../trace/trace.js";
import type { Container, Engine, Network, Proxy } from "./docker.js";

export const FORMAT = "natcorr-snapshot";
export const CHANGE_FORMAT = "natcorr-change";
/** Of both formats: it goes up where a reader of the one before would misread one. */
export const VERSION = 1;
/** What a snapshot lacks that has no entries of conntrack's, as its `missing` names it. */
export const ENTRIES = "conntrack -L";

/** What a host knows at one moment: `natcorr snapshot` writes it, `natcorr file --host` reads it. */
export interface Snapshot {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The version of the program. */
  readonly program: string;
  /** When it was taken, epoch seconds with nine decimals. */
  readonly time: string;
  /** Since when no address, route, policy rule or setting of an interface changed, likewise: `natcorr live` is told of each. */
  readonly steadySince?: string;
  /** When the first of these changed since the snapshot before, likewise. */
  readonly changedFrom?: string;
  /** The routes that came or went since then, and may have been gone before either snapshot was taken; absent where none did. */
  readonly heardRoutes?: readonly HeardRoute[];
  readonly docker?: DockerFacts;
  /** Those of this network namespace. */
  readonly dockerProxies: readonly Proxy[];
  /** As `ip -j` names what they have. */
  readonly interfaces: readonly object[];
  readonly routes: readonly object[];
  readonly policyRules: readonly object[];
  /** What holds, or filters, the packets of each interface, as `tc -j` names what they have. */
  readonly queues: readonly object[];
  readonly rules: SavedRules;
  readonly conntrack: ConntrackState;
  /** Those that there are, by name, as sysctl(8) writes it. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** What the kernel counted of packets: those that there are, by name, as nstat(8) writes it. */
  readonly counters: Readonly<Record<string, number>>;
  /** What it lacks, and why. */
  readonly missing: readonly Missing[];
}

/** A route of which one heard that it came or went, as `ip route` names it; by any interface, where none is said. */
export interface HeardRoute {
  readonly dst: string;
  readonly dev?: string;
  /** Its table, where that is not the main one. */
  readonly table?: string;
  /** Whose packets alone it is for, where a policy rule says so. */
  readonly src?: string;
  /** When one heard, epoch seconds with nine decimals. */
  readonly time: string;
  /** True where it went. */
  readonly isGone?: true;
}

/** A change has this, whatever it is of: `natcorr live` writes changes between the packets that it captures. */
interface Change {
  readonly format: typeof CHANGE_FORMAT;
  readonly version: typeof VERSION;
  /** When it was so, epoch seconds with nine decimals: each says what it means by that. */
  readonly time: string;
}

/** `timeNs`: epoch nanoseconds. */
export function changeAt(timeNs: bigint): Change {
  return { format: CHANGE_FORMAT, version: VERSION, time: epochText(timeNs) };
}

/** What the engine told of one container, and since when that is so. */
interface ContainerChange extends Change {
  readonly id: string;
  /** What the container is from then on; absent where it does not run any more. */
  readonly container?: Container;
  /** What it was called that was gone before the engine could be asked about it. */
  readonly unasked?: string;
}

/** The firewall's rules, as they were read the first time and as they change, and when they had been read. */
export interface RulesChange extends Change {
  /** True where these are left out, and all that come behind. */
  readonly isEndOfRules?: true;
  readonly rules?: {
    /** When they were asked for, as `time`. */
    readonly asked: string;
    /** Until when they are known to have been in force, likewise. */
    readonly held: string;
    /** With counters, as the tools print them, one after the other. */
    readonly lines: readonly string[];
    /** Since when others may have come and gone that nobody read, likewise. */
    readonly unreadFrom?: string;
  };
}

/** The settings that became others, and when they were read. */
interface SettingsChange extends Change {
  readonly settings: {
    /** When they had been read before, and were not so yet, as `time`. */
    readonly held: string;
    /** By name, as sysctl(8) writes it. */
    readonly sysctls: Readonly<Record<string, string>>;
  };
}

/** What conntrack said, in its order, and when that had been heard. */
export interface ConntrackChange extends Change {
  readonly conntrack: {
    /** As conntrack prints them. */
    readonly lines: readonly string[];
    /** What happened behind these. */
    readonly event?: ConntrackEvent;
  };
}

/** What a trace, or the kernel, said of one packet, and when that passed; at the end, what they said besides, and when that was. */
export interface TraceChange extends Change {
  /** The rule that stopped it. */
  readonly stopped?: Arrival & Stop;
  /** The only drop of the kernel's that it may be. */
  readonly letGo?: Pick<KernelDrop, "timeUs" | "reason">;
  readonly trace?: TraceGaps;
  readonly drops?: DropCounts;
}

/** What a host says, one after the other. */
export type HostNews = Snapshot | ContainerChange | RulesChange | SettingsChange | ConntrackChange | TraceChange;

export interface Missing {
  readonly source: string;
  readonly why: string;
}

export interface DockerFacts {
  readonly engine: Engine;
  readonly containers: readonly Container[];
  readonly networks: readonly Network[];
}

/** The firewall's rules with their counters, as the tools print them, by line. */
interface SavedRules {
  readonly iptables?: readonly string[];
  readonly ip6tables?: readonly string[];
  readonly nft?: readonly string[];
  /** The sets that rules of iptables ask for. */
  readonly ipset?: readonly string[];
}

interface ConntrackState {
  /** As `conntrack -L` or /proc/net/nf_conntrack prints them, by line … */
  readonly entries: readonly string[];
  /** … and how many more there are. */
  readonly more: number;
  /** `conntrack -S`, the sums of all processors. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Reads `conntrack -S`: a line for each processor. */
export function countersOf(text: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [, name, value] of text.matchAll(/\b(\w+)=(\d+)/g))
    if (name !== "cpu") sums[name] = (sums[name] ?? 0) + Number(value);
  return sums;
}
