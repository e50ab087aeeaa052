import type { Crossed } from "../../kernel/crossed.js";
import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import type { FindingCode } from "../../../packets/results/finding-codes.js";
import type { HostRules } from "../../../packets/results/host-rules.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import type { FlowSummary, Judgement, Missing, Moved, Summary, Update } from "../../../packets/results/results.js";
import type { Verdict } from "../../../packets/results/verdicts.js";
import type { Heap } from "../../../packets/memory/heap.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { SIDES, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { TunnelTally } from "../../intake/tunnel-tally.js";
import type { Clashes } from "../flows/clashes.js";
import type { Misses } from "../captures/misses.js";
import type { Cover } from "../captures/cover.js";
import type { SideCover } from "../captures/side-cover.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Hidden } from "./seen/hidden.js";
import type { LocalCalls } from "./seen/local-calls.js";
import type { Requests } from "./seen/requests.js";

/** What a finder asks of what a side's captures cover. */
interface SideLimits
  extends Pick<SideCover, "firstNs" | "lastNs" | "sinceNs" | "isLive" | "isOfOneRun" | "lostFrames"> {
  /** The captures that may have the twin of a packet. */
  of(row: number): readonly { readonly gaps: Pick<Cover["gaps"], "mayHold"> }[];
}

/** What a finder may look at, whenever it likes. */
export interface Context {
  /** For tables: what nothing is written to takes no memory there. */
  readonly heap: Heap;
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly hidden: Hidden;
  readonly requests: Pick<Requests, "of">;
  readonly localCalls: Pick<LocalCalls, "all">;
  readonly accounts: FlowAccounts;
  readonly misses: Pick<Misses, "isPatchy" | "mayLackAll" | "lacksEntries">;
  readonly rules: HostRules;
  /** The time that is 0 on the timeline, epoch nanoseconds. */
  readonly epochNs: bigint;
  readonly clashes: Pick<Clashes, "lostBy">;
  /** What each side's captures cover. */
  readonly cover: Readonly<Record<Side, SideLimits>>;
  /** Up to when all that a side's capture shows is decided about, nanoseconds on the timeline. */
  readonly decidedNs: (side: Side) => number;
}

/** What is known once all is decided. */
export interface End {
  readonly summary: Summary;
  /** How many drops nobody could look after. */
  readonly unfollowed: number;
  /** How many packets were found on both sides. */
  readonly pairs: number;
  /** Those that the router altered beyond addresses: their frames and flows, and in what, as ALTERED has it. */
  readonly rewritten: Gathered;
  readonly altered: readonly number[];
  /** The TCP segments that crossed again. */
  readonly retransmissions: Gathered;
  /** What came in tunnels of the host. */
  readonly tunnels: TunnelTally;
}

/**
 * Looks for one thing that an operator should know, while the run goes on, and tells of it at the end. What it remembers is bounded,
 * and it says nothing that the captures do not show.
 */
export interface Finder {
  /** It can tell what there is so far, as often as it is asked: that does not wait for what comes later to be so. */
  readonly tellsSoFar?: true;
  /**
   * Takes a flow that has ended; it is valid during the call only. Ordinary flows are not told of: see `remarkable.ts`, which has to
   * know what makes one worth a look.
   */
  flow?(flow: EndedFlow): void;
  /** Takes a flow of two conversations that is over, a proxy's or one that is turned round; it is valid during the call only. */
  linked?(flow: FlowSummary): void;
  /** Takes a TCP segment that crossed, and of which some bytes had entered before. */
  again?(crossed: Crossed, crossing: number): void;
  /** Takes an ICMP error that crossed: its row on the side where it entered, who says so, and the flow of what it is about. */
  error?(row: number, src: string, flow: number): void;
  /** Takes it that a conversation has another translation from this inside row on: its flow before, and now. */
  replaced?(before: EndedFlow, now: EndedFlow, row: number): void;
  /** The verdicts that `alone` is told of … */
  readonly verdicts?: readonly Verdict[];
  /** … with each packet that got one: its row, and the id of its flow where that is known. */
  alone?(row: number, judgement: Judgement, flow: number | undefined): void;
  /** Takes what became known of a packet after it was judged. */
  update?(update: Update): void;
  /** Takes a segment that lost pieces on its way: the row where it entered. */
  missing?(row: number, flow: number, missing: readonly Missing[]): void;
  /** Takes it that the capture of a side turned out to have lost frames between two times. */
  lost?(side: Side, fromNs: number, toNs: number): void;
  /** Takes it that so many packets turned out to be something else, without a word on which. */
  moved?(moved: Moved): void;
  close(end: End): Iterable<Finding>;
}

/** A frame of a side's, as findings name it. */
export function frameText(timeline: Pick<Timeline, "frameText">, side: Side, frame: number): string {
  return `${SIDE_NAMES[side]} #${timeline.frameText(side, frame)}`;
}

/** A finding about each side that anything was gathered of; `textOf` says what there is of one, `hintOf` what to look at next where that depends on it. */
export function ofSides<T extends Gathered>(
  code: FindingCode,
  sides: readonly [T, T],
  textOf: (gathered: T, side: Side) => string,
  hintOf?: (gathered: T, side: Side) => string,
): Finding[] {
  return SIDES.filter((side) => sides[side].count > 0).map((side) =>
    findingOf(code, sides[side].count, textOf(sides[side], side), sides[side], hintOf?.(sides[side], side)),
  );
}
