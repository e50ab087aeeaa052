import type { ContainerName } from "./container-name.js";

/** A port of the host's that stands for one of a container's: what `docker run -p` made. */
export interface Published {
  readonly proto: string;
  /** Those of the host's where it is published; `0.0.0.0` and `::` are all of an IP version. */
  readonly hostAddresses: readonly string[];
  readonly hostPort: number;
  /** The container's name, the last one where it was renamed. */
  readonly container: string;
  /** Its id, and those of others that had its name and its port after it, or before: a container that was made anew. */
  readonly containerIds: ReadonlySet<string>;
  readonly containerPort: number;
  /** The host's interfaces by which the container's addresses are reached, as far as the host said: undefined stands for one of which it did not. */
  readonly containerLinks: ReadonlySet<string | undefined>;
  /** The docker-proxies that hold it; undefined where they could not be read. */
  readonly pids: readonly number[] | undefined;
  /** Whether no container holds it any more. */
  readonly isGone: boolean;
}

/** A conversation of the host's with itself, which was answered. */
export interface HostCall {
  readonly proto: string;
  /** What it called. */
  readonly address: string;
  readonly port: number | undefined;
  /** Where a rule sent that; undefined where none did. */
  readonly answeredBy: { readonly address: string; readonly port: number | undefined } | undefined;
  /** When it is told of, epoch nanoseconds. */
  readonly epochNs: bigint;
}

/** A rule that could have dropped what was to open conversations with a published port, and how many packets it matches of those. */
interface Closing {
  /** As it stands in the rule set; `possibly` before it where not all that it asks for can be told. */
  readonly rule: string;
  readonly count: number;
  /** How many of these were not seen to be dropped; undefined for none. */
  readonly unseen?: number;
}

/**
 * Whether the captures of the inside have all conversations with a container: `lossy` where they lost frames, `none` where its interfaces are not captured, `untold` where nothing
 * tells, as where a capture names no interface, or may be filtered.
 */
export type Captured = "all" | "lossy" | "none" | "untold";

/** What went through a published port, as far as it was captured. */
export interface PublishedUse extends Published {
  /** What is not `all` may have been used unseen. */
  readonly captured: Captured;
  /** How many flows a rule translated … */
  readonly translated: number;
  /** … and how many a proxy passed on … */
  readonly proxied: number;
  /** … and their ids, the first 100. */
  readonly flows: readonly number[];
  /** Conversations by the host's port of which nothing tells whose it was by then, this container's or another one's. */
  readonly unclear: number;
  /** Of what would have begun one: while nobody held the port, which its container had held before … */
  readonly unheld: number;
  /** … and to another address of the host's, where it is not published. */
  readonly misplaced: number;
  /** Conversations that the host itself took, and was not seen to send on. */
  readonly taken: number;
  /** Conversations that others inside began, and a rule translated before they were seen: conntrack tells that. */
  readonly fromInside: number;
  /** Conversations with the container's port, seen inside alone, of which nothing tells whether this port was called: who began them may have gone straight to the container. */
  readonly fromInsideUnclear: number;
  /** Those that came by an interface that is not captured, and a rule translated: conntrack tells that; and those of which nothing tells whether this port was called. */
  readonly fromElsewhere: number;
  readonly fromElsewhereUnclear: number;
  /** Those seen inside alone of which nothing tells by which interface they came, likewise. */
  readonly fromUntold: number;
  readonly fromUntoldUnclear: number;
  /** Conversations that the host itself began, and a rule translated: they are seen inside alone. */
  readonly fromHost: number;
  /** Conversations that the host itself began, and a docker-proxy took: conntrack tells that. */
  readonly proxiedFromHost: number;
  /** Conversations that the host began with the container's port, of which nothing tells whether this port was called: a docker-proxy may have begun them, or who went straight to the container. */
  readonly fromHostUnclear: number;
  /** Conversations that the container itself refused, of all these. */
  readonly refusedInside: number;
  /** Packets to it that never got to the container, or of which nothing tells that … */
  readonly dropped: number;
  readonly refused: number;
  readonly unknown: number;
  /** … of those unknown, as many as no rule speaks for … */
  readonly untold: number;
  /** … and the rules that could have dropped them. */
  readonly closedBy: readonly Closing[];
}

/** Whether a port is, or was, the one of a container. */
export function isPublishedBy({ containerIds }: Published, container: ContainerName | undefined): boolean {
  return container !== undefined && [...container.ids].some((id) => containerIds.has(id));
}

/** What stands for all of the host's addresses of an address's IP version, where a port is published on all. */
export function everyAddress(address: string): string {
  return address.includes(":") ? "::" : "0.0.0.0";
}
