import type { Side } from "../sides.js";
import type { Finding } from "./findings.js";
import type { Gathered } from "./gathered.js";
import type { Reason } from "./reasons.js";
import type { Ends } from "./results.js";
import type { Sentence } from "./sentence.js";

/**
 * What is known of packets that were not seen to leave: `dropped`; `unanswered` where they were to open a conversation with the host's own address, which nobody
 * answered: the host took them, or was to send them inside; `bridged` where they were to open a conversation inside that does not cross, which nobody answered; `routed` where
 * they may have left by an interface that is not captured; `unpaired` where nothing tells which way they went, as nothing paired, no translation is known of theirs, or the other capture was not there then. `refused` are those that the host
 * did not pass on, and said so.
 */
export type Fate = "dropped" | "refused" | "unanswered" | "bridged" | "routed" | "unpaired";

/** Packets that entered on one side and were not seen to leave on the other, and that are alike in all that a host goes by. */
export interface Dropped {
  readonly fate: Fate;
  /** What they were refused with; undefined of others. */
  readonly refusal: Reason | undefined;
  /** Where they entered, or were seen. */
  readonly side: Side;
  /** Which of the side's sources shows them, as `FramePlaces` counts these. */
  readonly source: number;
  readonly isIpv6: boolean;
  /** The number of their protocol. */
  readonly proto: number;
  /** As they entered. */
  readonly ends: Ends;
  /** What their flow makes of these on the other side; undefined where that is not known. */
  readonly beyond: Ends | undefined;
  /** Whether they are echo requests. */
  readonly isEchoRequest: boolean;
  /** Whether they are ICMP errors: what a flow makes of these is what it makes of each of their addresses. */
  readonly isError: boolean;
  /** Whether all that a host goes by is known of them: not so of later fragments. */
  readonly isPlain: boolean;
  /** Whether it is known what dropped them: a trace shows the rule, or their TTL had run out. */
  readonly isTold: boolean;
  /** Whether they may have opened a conversation; and whether who sent them is known to have opened it. */
  readonly mayOpen: boolean;
  readonly isFromOpener: boolean;
  /** `macHash` of whom their frames go to; NO_MAC where nothing tells. */
  readonly macTo: number;
  /** Whether they cannot open a conversation, and are of none that is known: conntrack calls them INVALID, unless it has an entry of theirs all the same. */
  readonly isStray: boolean;
  /** Their IP length, bytes, where they must not be cut; else 0. */
  readonly uncutLength: number;
  /** When the first and the last of them entered, epoch nanoseconds by that side's clock. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** Their frames and flows. */
  readonly gathered: Gathered;
}

/** All that was dropped in a run, and what else shows where packets go. */
export interface Drops {
  readonly dropped: readonly Dropped[];
  /** Those that a frame is of, as far as it is remembered. */
  readonly kindOf: (side: Side, frame: number) => Dropped | undefined;
  /** `tcp c1.58662 > 172.17.0.1.5432`. */
  readonly saidOf: (kind: Dropped) => Sentence;
  /** How many more packets were dropped that are in none of these. */
  readonly others: number;
  /** Some addresses of which the host said, of packets to them, that nobody answers there (host unreachable). */
  readonly unreachable: ReadonlySet<string>;
  /** Flows that began inside and left as they came, by the address that sent them. */
  readonly asTheyCame: ReadonlyMap<string, Gathered>;
  /** Some addresses that packets crossed to: behind the inside, and beyond the outside. */
  readonly reached: readonly [behind: ReadonlySet<string>, beyond: ReadonlySet<string>];
}

/** What certainly stops packets that were not seen to leave: the host's rules, or its settings and routes. */
export type StopReason = Extract<Reason, "rule-counts" | "not-forwarded">;

/** What a host's tables and counters say of drops. */
export interface DropsExplained {
  readonly findings: readonly Finding[];
  /** Of packets that nothing else tells of, those that the host stops for certain, and by what. */
  readonly stopped: ReadonlyMap<Dropped, StopReason>;
}
