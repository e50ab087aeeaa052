import { wayOfTuple } from "../../../packets/tuples.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import type { Heap } from "../../../packets/memory/heap.js";
import type { Judgement, Range } from "../../../packets/results/results.js";
import type { Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { FIN, isOpening, SYN } from "../../../protocols/tcp.js";
import type { Kernel } from "../../kernel/kernel.js";
import { Consequences } from "./consequences.js";
import {
  type Consequence,
  coveredBy,
  type Drop,
  isAnsweredBy,
  isTelling,
  missed,
  type Missed,
  packetOf,
  spanOf,
} from "./drop.js";
import { LEAST_AFTER_NS, OpenDrops } from "./open-drops.js";
import { RecentCrossings } from "./recent-crossings.js";
import { SaidAgain } from "./said-again.js";

/** What has just become known of a drop, and the inside row of the pair that shows it. */
export interface News {
  readonly drop: Drop;
  readonly consequence: Consequence;
  readonly row: number;
}

/**
 * What drops come to: whether a later copy of the same bytes got through (`resent`), whether later acknowledgements show that it did not
 * matter (`covered`), or neither so far (`lost`). That a packet was dropped is known when its window is over: what got through by then is
 * among the crossings that the kernel keeps. Later ones are looked at as they come, while there are drops.
 */
export class Impacts {
  readonly open: OpenDrops;
  readonly saidAgain: SaidAgain;
  readonly #timeline: Timeline;
  readonly #consequences: Consequences;
  readonly #crossings: RecentCrossings;
  /** How many crossings were held against open drops. */
  #looked = 0;

  constructor(heap: Heap, timeline: Timeline, tuples: TupleTable, accounts: FlowAccounts, kernel: Kernel) {
    this.open = new OpenDrops(heap, timeline, tuples, accounts);
    this.#timeline = timeline;
    this.saidAgain = new SaidAgain(timeline, this.open, kernel.time.windowNs);
    this.#crossings = new RecentCrossings(kernel.crossed);
    this.#consequences = new Consequences(accounts, this.#crossings);
  }

  /**
   * Takes a packet that was dropped, or that was if it turns out to be no more than missed so far, once all that crossed by now was looked at. `slot` and `flow`: of its flow, or NONE and undefined;
   * `endNs`: how far its capture goes, nanoseconds on the timeline, Infinity where it goes on.
   */
  dropped(
    row: number,
    { verdict, reason }: Pick<Judgement, "verdict" | "reason">,
    slot: number,
    flow: number | undefined,
    quotedAs: string,
    endNs: number,
  ): Consequence {
    const drop = missed(this.#timeline, row, slot);
    const consequence = this.#consequenceOf(drop);
    if (consequence !== null) {
      this.open.addKept(row, { slot, flow, verdict, reason, impact: consequence.impact }, quotedAs);
      return consequence;
    }
    const impact = isTelling(drop) && endNs - drop.timeNs >= LEAST_AFTER_NS ? "lost" : "unknown";
    return { impact: this.open.add(row, drop, { slot, flow, verdict, reason, impact }, quotedAs) ? impact : "unknown" };
  }

  /** What is known by now of what a drop comes to; null where more may become known. */
  #consequenceOf(drop: Missed): Consequence | null {
    if (this.#isHabit(drop)) return { impact: "unknown" };
    return this.#consequences.of(drop) ?? (this.saidAgain.isBehind(drop) ? { impact: "unknown" } : null);
  }

  /**
   * Whether datagrams like a drop came before it, and not as those had been dropped: who says the same all the time sends another one like it, be it as
   * a copy or not.
   */
  #isHabit(drop: Missed): boolean {
    if (drop.proto === TCP || !drop.isAgain) return false;
    return ![...this.open.like(drop.way, drop)].some(({ timeNs }) => timeNs < drop.timeNs);
  }

  /** Whether what a packet carried was answered by now, though nothing of it was seen to cross. `slot` as for `dropped`. */
  hasArrived(row: number, slot: number): boolean {
    const packet = packetOf(this.#timeline, row);
    if (packet.proto === TCP && spanOf(packet) === 0) return false;
    return this.#consequences.hasArrived(missed(this.#timeline, row, slot, packet));
  }

  /** Whether anything was acknowledged by now of what goes the way of a segment in its flow. */
  isHeard(row: number, slot: number): boolean {
    return this.#consequences.isHeard(slot, this.#timeline.way(row));
  }

  /** Whether another connection of the same ports began behind a segment. */
  isReopened(row: number): boolean {
    const t = this.#timeline;
    return this.#consequences.isReopened({ way: t.way(row), timeNs: t.timeNs(row), seq: t.seq(row) });
  }

  /**
   * The drops that a packet shows to have arrived which left where it was seen and was not seen to enter, as it answers them, and nothing of them was seen
   * to cross. They are open no more.
   */
  answeredBy(row: number): readonly Drop[] {
    const t = this.#timeline;
    const packet = packetOf(this.#timeline, row);
    const isSo = (drop: Drop): boolean =>
      drop.side === t.side(row) &&
      drop.timeNs < t.timeNs(row) &&
      isAnsweredBy(drop, packet) &&
      this.#consequences.isUnseen(drop);
    const found = [...this.open.of(t.way(row) ^ 1)].filter(isSo);
    for (const drop of found) this.open.keep(drop);
    return found;
  }

  /**
   * Takes it that nothing comes out any more. Returns the drops that may wait still: none that entered behind them
   * and went the same way came out. They are looked after no more. `waitingNs`: since when what entered on a side may wait.
   */
  queued(waitingNs: (side: Side) => number): readonly Drop[] {
    return this.open.takeAll((drop) => drop.timeNs >= waitingNs(drop.side) && !this.#consequences.isOvertaken(drop));
  }

  /** What is known by now of some bytes that were lost of a TCP segment; null where that is nothing. `slot` as for `dropped`. */
  missing(row: number, slot: number, { seq, length }: Range): Consequence | null {
    const packet = packetOf(this.#timeline, row);
    const lost = { ...packet, seq, payloadLength: length, tcpFlags: packet.tcpFlags & ~(SYN | FIN) };
    return this.#consequences.of(missed(this.#timeline, row, slot, lost));
  }

  /** What packets that crossed since the last call show of drops. */
  news(): readonly News[] {
    const { count } = this.#crossings.crossed;
    if (this.open.isEmpty) {
      this.#looked = count;
      return [];
    }
    const news: News[] = [];
    for (; this.#looked !== count; this.#looked = (this.#looked + 1) >>> 0) this.#look(this.#looked, news);
    return news;
  }

  /** Forgets a conversation that is about to be let go. */
  forget(tuple: number): void {
    for (const way of [wayOfTuple(tuple, 0), wayOfTuple(tuple, 1)]) {
      if (this.open.hasOf(way)) for (const drop of this.open.of(way)) this.open.close(drop);
      this.#crossings.forget(way);
    }
  }

  /** Holds a crossing against the open drops of its way, and of the way back. */
  #look(crossing: number, news: News[]): void {
    const { crossed } = this.#crossings;
    const way = crossed.way(crossing);
    const wayBack = this.#consequences.wayBack(crossed.slot(crossing), crossed.isOutbound(crossing));
    // nothing was dropped of most conversations
    if (!this.open.hasOf(wayBack) && !this.open.hasOf(way)) return;
    const row = crossed.row(crossing);
    const packet = packetOf(crossed, crossing);
    const { proto, tcpFlags, seq, content } = packet;
    const found = (drop: Drop, consequence: Consequence | null, isOver: boolean): void => {
      if (consequence !== null) {
        news.push({ drop, consequence, row });
        this.open.keep(drop);
      } else if (isOver) this.open.close(drop);
    };
    for (const drop of this.open.like(way, packet)) {
      if (!this.#consequences.isAfter(drop, crossing)) continue;
      // the ports are used again
      const isOver = proto === TCP && (tcpFlags & SYN) !== 0 && seq !== drop.seq;
      const consequence = this.#consequences.ofCopy(drop, crossing) ?? coveredBy(drop, tcpFlags, content, true);
      found(drop, isOver ? null : consequence, isOver);
    }
    for (const drop of this.open.of(wayBack)) {
      if (!this.#consequences.isAfter(drop, crossing)) continue;
      if (proto !== TCP) {
        if (isAnsweredBy(drop, packet) && this.#consequences.isUnseen(drop))
          found(drop, { impact: "covered", isUnseen: true }, true);
        continue;
      }
      // the opener sends its SYN again where the answer to it was dropped
      const isAnswered = (drop.tcpFlags & SYN) !== 0 && ((drop.content - seq) | 0) === 1;
      const isOver = isOpening(tcpFlags) && !isAnswered;
      const covered = isOver ? null : coveredBy(drop, tcpFlags, content, false);
      found(drop, covered && { ...covered, isUnseen: this.#consequences.isUnseen(drop) }, isOver);
    }
  }
}
