import type { Protocol } from "../../protocols/ip-protocols.js";
import type { Finding } from "./findings.js";
import { type Flow, type Nat, REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../flows/flows.js";
import type { LatencySummary } from "../flows/latency.js";
import type { PairTimes } from "./pair-times.js";
import type { PublishedUse } from "./published.js";
import type { Reason } from "./reasons.js";
import type { Side } from "../sides.js";
import type { Timeline } from "../timeline.js";
import type { Impact, LATE_VERDICTS, Verdict } from "./verdicts.js";
import type { Tunnel } from "../tunnels.js";
import type { TupleTable } from "../tuple-table.js";

/** What became of a packet without a twin. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** What it rests on, in words. */
  readonly why: string;
  /** Of a packet that was dropped, as far as is known by now. */
  readonly impact?: Impact;
  /** The frame on the packet's side that shows the impact, or what the verdict rests on, where there is one. */
  readonly byFrame?: number;
  /** How long after the packet a copy of it came that got through, nanoseconds. */
  readonly afterNs?: number;
  /** The MTU that it is too long for, bytes, where what refuses it says so. */
  readonly mtu?: number;
  /** The interface, which is not captured, that the host's routes lead it out by, or may, where that tells. */
  readonly leavesBy?: string;
  /** The rule that stopped it, as it stands in the rule set, where a trace shows it. */
  readonly rule?: string;
}

/** What became known of a packet that was judged before. */
export interface LateJudgement extends Judgement {
  readonly verdict: (typeof LATE_VERDICTS)[number];
}

/** Some bytes of a TCP segment, from a sequence number on. */
export interface Range {
  readonly seq: number;
  readonly length: number;
}

/** Bytes of a pair's segment that were lost on their way, and what that came to, where it is known when the pair is made. */
export interface Missing extends Range {
  readonly impact?: Impact;
  /** The frame on the side where they entered that shows the impact, where there is one. */
  readonly byFrame?: number;
}

/** What became known of a packet after it was judged: of one that was dropped, or that the other capture may have lost. */
export interface Update extends LateJudgement {
  readonly side: Side;
  readonly frame: number;
  /** The id of its flow, if its translation is known. */
  readonly flow: number | undefined;
  /** Whether the pcap filter that says what is shown selects it. */
  readonly isSelected: boolean;
  /** Of which IP version it is, where it was a drop that was looked after. */
  readonly isIpv6?: boolean;
  /** What was said of it before. */
  readonly before: Pick<Judgement, "verdict" | "impact">;
}

/** Packets of which the same became known, and that are not told of one by one: they were judged too long ago. */
export interface Moved {
  readonly side: Side;
  readonly verdict: Verdict;
  readonly before: Update["before"];
  readonly count: number;
}

/** A packet's or a tuple's two ends. TCP, UDP, SCTP, DCCP and UDP-Lite have ports, ICMP echo an id, anything else neither. */
export interface Ends {
  src: string;
  dst: string;
  srcPort?: number | undefined;
  dstPort?: number | undefined;
  icmpId?: number | undefined;
  /** `macHash` of who sent the first packet that came from there; undefined where nothing tells. */
  srcMac?: number | undefined;
  dstMac?: number | undefined;
}

/** A packet that an ICMP error quotes, as its sender saw it. */
export interface Quoted extends Ends {
  proto: Protocol;
  ipId: number;
  length: number;
}

/**
 * What a translation is called, from the REWRITE_… bits of the packets that travel in the initiator's direction; in any direction
 * where that is not known. `isAcrossVersions`: both captures show it in another IP version.
 */
export function natOf(rewrite: number, isInitiatorKnown: boolean, isAcrossVersions: boolean): Nat {
  if (isAcrossVersions) return "nat64";
  const isSource = (rewrite & (REWRITE_SRC | REWRITE_SRC_PORT)) !== 0;
  const isDestination = (rewrite & (REWRITE_DST | REWRITE_DST_PORT)) !== 0;
  if (isSource !== isDestination && !isInitiatorKnown) return "unknown";
  if (isSource) return isDestination ? "snat+dnat" : "snat";
  return isDestination ? "dnat" : "none";
}

/** A finished flow, for showing. Whoever keeps it for later keeps a copy, by `copyOf`: most of it is looked up when it is asked for. */
export interface FlowSummary {
  readonly id: number;
  readonly proto: Protocol;
  readonly nat: Nat;
  /** `unknown` where the capture begins in the middle of it, and the ports do not tell either; and where its other end made the host take it up again; until conntrack or the rules tell. */
  readonly initiator: "inside" | "outside" | "unknown";
  /** The initiator's direction; outbound where that is not known. */
  readonly inside: Ends;
  readonly outside: Ends;
  /** Where these two were seen: on a side each, but of a hairpin, and of a proxy between two on one side. */
  readonly sides: readonly [Side, Side];
  /** The frames that it was first seen in, by `sides`; 0 for none. */
  readonly firstFrames: readonly [number, number];
  readonly pairs: number;
  /** How many of the pairs travelled outbound. */
  readonly pairsOutbound: number;
  /** IP bytes of the pairs, as long as they are inside. */
  readonly bytes: number;
  readonly insideOnly: number;
  readonly outsideOnly: number;
  /** First and last pair: epoch nanoseconds on the inside clock. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly latency: { readonly outbound: LatencySummary | null; readonly inbound: LatencySummary | null };
  /** The firewall's rules behind the translation, as they stand in the rule set, one a line; absent where none explains it, or none were given. */
  readonly rule?: string;
  /** Whether all that came back says that it is refused: a reset to each SYN, or where it is not TCP, ICMP errors that nobody gets what is sent. */
  readonly isRefused?: boolean;
}

/** What became of a conversation's ends: all that is certain of a flow before its first pair. */
export type Translation = Pick<FlowSummary, "proto" | "nat" | "initiator" | "inside" | "outside" | "sides">;

/** What a summary says, all of it, to be kept. */
export function copyOf(flow: FlowSummary, rule = flow.rule): FlowSummary {
  // set afterwards: where what is spread is mostly nothing, that takes most of the time
  const copy: { -readonly [Name in keyof FlowSummary]: FlowSummary[Name] } = {
    id: flow.id,
    proto: flow.proto,
    nat: flow.nat,
    initiator: flow.initiator,
    inside: copyOfEnds(flow.inside),
    outside: copyOfEnds(flow.outside),
    sides: flow.sides,
    firstFrames: flow.firstFrames,
    pairs: flow.pairs,
    pairsOutbound: flow.pairsOutbound,
    bytes: flow.bytes,
    insideOnly: flow.insideOnly,
    outsideOnly: flow.outsideOnly,
    firstNs: flow.firstNs,
    lastNs: flow.lastNs,
    latency: flow.latency,
  };
  if (rule !== undefined) copy.rule = rule;
  if (flow.isRefused === true) copy.isRefused = true;
  return copy;
}

export function copyOfEnds({ src, dst, srcPort, dstPort, icmpId, srcMac, dstMac }: Ends): Ends {
  return { src, dst, srcPort, dstPort, icmpId, srcMac, dstMac };
}

export interface SideSummary {
  frames: number;
  paired: number;
  unmatched: number;
  ambiguous: number;
  notIp: number;
  undecodable: number;
  /** Frames that the capture says it lost … */
  captureDropped: number;
  /** … where it says so at all: without, it may have lost any number. */
  hasCounters: boolean;
}

/** How many frames without a twin got which verdict. */
export type VerdictCounts = ReadonlyMap<Verdict, number>;

/** How many of those that were dropped came to what. */
export type ImpactCounts = ReadonlyMap<Impact, number>;

export interface Summary {
  inside: SideSummary;
  outside: SideSummary;
  /** Of the unmatched frames of each side. */
  verdicts: readonly [VerdictCounts, VerdictCounts];
  impacts: readonly [ImpactCounts, ImpactCounts];
  flows: number;
  /**
   * Outside clock minus inside clock, at the beginning, and what became of it: the drift, and where one was set (epoch nanoseconds on the
   * inside clock; the first ones, and how many more). `uncertaintyNs`: how far what latencies are corrected by may be wrong at any time, as far
   * as packets of both directions bound it; null where they do not.
   */
  clock: {
    offsetNs: number;
    driftPpm: number;
    uncertaintyNs: number | null;
    source: "none" | "given" | "estimated";
    steps: readonly { timeNs: bigint; byNs: number }[];
    moreSteps: number;
  };
  /** The host's published ports, where they are known. */
  published?: readonly PublishedUse[];
}

/** What the rows of results refer to, and their frames: handed to a reporter once, before the first result. */
export interface Tables {
  /** Its `frames` tell where a frame is that is named by its number on its side, as all results name frames. */
  timeline: Timeline;
  tuples: TupleTable;
  /** Epoch nanoseconds that each side's `stampNs` counts from. */
  epochsNs: readonly [bigint, bigint];
  /** By how much the outside clock was ahead of the inside's when the captures began, nanoseconds. */
  offsetNs: bigint;
  /** By side, for each of its captures: whether it says, at its beginning, that it counts the frames that it loses. */
  haveCounters: readonly [readonly boolean[], readonly boolean[]];
  /** By side: whether its captures are known to have all that passed, but for lost frames: nobody filtered them. */
  isUnfiltered: readonly [boolean, boolean];
  /** The id of the flow that a packet belongs to, if its translation is known, or the proxy that carries it on. */
  flowOf(row: number): number | undefined;
  /** What a packet is on the other side by its translation: which way it goes there, and whether it travels from inside to outside; undefined where none is known. */
  twinOf(row: number): { readonly way: number; readonly isOutbound: boolean } | undefined;
  /** When the flow of a packet had its first pair, or the packet itself passed, if that was before; epoch nanoseconds on the inside clock. */
  beganNs(row: number): bigint;
  /** The frames behind a row, where one row stands for several (coverage, fragments); else undefined. */
  framesOf(row: number): readonly number[] | undefined;
  /** Whether it is known who began a flow: who opened its inside conversation. */
  isOpenerKnown(flow: Flow): boolean;
  /** What was lost on its way of the segment whose pair has this inside row; undefined where nothing was. */
  missingOf(inside: number): readonly Missing[] | undefined;
  /** The length of a row's IP packet, bytes; where the row stands for several frames, that of all of them together. */
  lengthOf(row: number): number;
  /** The outer addresses of an ICMP error and the packet it quotes; undefined for any other row. */
  quoteOf(row: number): { src: string; dst: string; quoted: Quoted } | undefined;
  /** The tunnel that a packet came in, if it did: the same object for all packets of it. */
  tunnelOf(row: number): Tunnel | undefined;
}

/** Whether who wants some verdicts is to be told what became known of a packet. */
export function wantsUpdate(sink: Pick<Sink, "wantsVerdict">, { before, verdict }: Update): boolean {
  return sink.wantsVerdict(before.verdict) || sink.wantsVerdict(verdict);
}

/**
 * Receives results in their order. Rows are rows of the timeline and, with all they refer to, valid during the call only.
 */
export interface Sink {
  /** Whether `pair` is to be called; without, nothing waits for a pair's place in the order of time. */
  readonly wantsPairs: boolean;
  /** Where pairs that are found from now on are to be counted, instead of told one by one; undefined where that is not enough. One that was told is in it by then: bins begin with the first. */
  readonly pairTimes?: PairTimes | undefined;
  /** Whether `unmatched` is to be called for packets of a verdict; without, the summary's count is all that is told of them. */
  wantsVerdict(verdict: Verdict): boolean;
  /** How many flows are shown at the most, the busiest, and of equals those learnt first: `flow` need not be told of others. */
  readonly mostFlows: number;
  begin(tables: Tables): void;
  /**
   * `latencyNs` is signed, in the packet's direction of travel, clock offset taken out. Where both rows are of one side, they are the
   * two forms of a packet that was turned round there.
   */
  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void;
  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void;
  unmatched(row: number, judgement: Judgement): void;
  /** Where `wantsVerdict` says so of what the packet was before, or of what it is now: see `wantsUpdate`. */
  update(update: Update): void;
  /** The same of packets that are not told of one by one. */
  moved?(moved: Moved): void;
  flow(flow: FlowSummary): void;
  finding(finding: Finding): void;
  end(summary: Summary): void;
}

/** The flows that somebody wants to look at while a run goes on. */
export interface LookedAt {
  /** So many of the busiest at the most, and as many of those of two conversations (hairpins, and what a proxy carries on), the last … */
  readonly mostFlows: number;
  /** … these, whatever they are, by their ids … */
  readonly flows: { has(id: number): boolean };
  /** … and those that have one of these ports at an end. */
  readonly ports?: { has(port: number): boolean };
  /** Takes one that is alive; it is valid during the call only. */
  flow(flow: FlowSummary): void;
  /** Takes a finding that can be told before the end, as it is by now; it is valid during the call only. */
  finding?(finding: Finding): void;
}

/** Looks at a run as it is now. Returns what is decided so far; frames that still wait for their twin are left out. */
export type Look = (at?: LookedAt) => Summary;
