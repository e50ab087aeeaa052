import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { addTo, type Lists, takeOut } from "../../../packets/memory/lists.js";
import { type Finding, ofNamed } from "../../../packets/results/findings.js";
import { Named } from "../../../packets/results/gathered.js";
import type { Judgement, Moved, Update } from "../../../packets/results/results.js";
import { said } from "../../../packets/results/sentence.js";
import { frameKey, INSIDE, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import { isFromOpener } from "../../../packets/ways.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { SYN } from "../../../protocols/tcp.js";
import type { EndedFlow } from "./seen/ended-flow.js";
import type { Context, Finder } from "./finder.js";

/** Whoever waits for an answer does so for a second at least: TCP for that of a SYN (RFC 6298 section 2.1), resolvers for five (resolv.conf(5)). */
const LEAST_AFTER_NS = 900_000_000;
/** Most queries that are looked after at once: as many as drops are (`impacts.ts`). */
const MOST_QUERIES = 16_384;

/** Whoever waits sends little meanwhile; in a stream, what comes again later does so for another reason. */
const MOST_MEANWHILE = 8;

/** A query that was dropped: its conversation, and how many of its flow had crossed on its way by the time that was known. */
interface Query {
  readonly side: Side;
  readonly frame: number;
  readonly tuple: number;
  readonly flow: number | undefined;
  readonly slot: number;
  readonly crossed: number;
  readonly timeNs: number;
}

/** A query that was sent again. */
interface Retry extends Query {
  readonly byFrame: number;
  readonly afterNs: number;
  /** When the copy entered that got through, nanoseconds on the timeline: it is of the flow, where that is not known of the query. */
  readonly againNs: number;
}

/**
 * `slow-retry`: a SYN or a datagram was dropped, and its sender, who opened the conversation, waited a second or more, and sent little meanwhile,
 * before the copy of it that got through; the conversation has answers. That another flow took its port is said where `Clashes` shows it.
 */
export class SlowRetry implements Finder {
  readonly verdicts = ["dropped"] as const;
  readonly #context: Context;
  /** By side and frame. */
  readonly #queries = new Map<number, Query>();
  /** By conversation. */
  readonly #retries: Lists<number, Retry> = new Map();
  readonly #concerned = new Named();

  constructor(context: Context) {
    this.#context = context;
  }

  alone(row: number, { impact, byFrame, afterNs }: Judgement, flow: number | undefined): void {
    const { timeline, tuples } = this.#context;
    if (timeline.proto(row) !== UDP && (timeline.tcpFlags(row) & SYN) === 0) return;
    // an answer that comes again answers another query
    if (!isFromOpener(tuples, timeline.way(row))) return;
    const side = timeline.sideOf(row);
    const slot = tuples.flow(timeline.way(row));
    const crossed = this.#crossed(slot, flow, side);
    const [frame, tuple, timeNs] = [timeline.frame(row), timeline.tuple(row), timeline.timeNs(row)];
    const query = { side, frame, tuple, flow, slot, crossed, timeNs };
    if (byFrame !== undefined && afterNs !== undefined) this.#sentAgain(query, byFrame, afterNs);
    else if (impact === "lost") {
      this.#queries.set(frameKey(query.side, query.frame), query);
      keepNewest(this.#queries, MOST_QUERIES);
    }
  }

  update(update: Update): void {
    const query = this.#queries.get(frameKey(update.side, update.frame));
    this.#queries.delete(frameKey(update.side, update.frame));
    const { byFrame, afterNs } = update;
    if (update.verdict !== "dropped") this.#withdraw(update);
    else if (query && byFrame !== undefined && afterNs !== undefined) this.#sentAgain(query, byFrame, afterNs);
  }

  moved({ before }: Moved): void {
    if (before.verdict !== "dropped") return;
    this.#queries.clear();
    this.#retries.clear();
  }

  flow(flow: EndedFlow): void {
    const { timeline } = this.#context;
    for (const tuple of [flow.insideTuple, flow.outsideTuple]) {
      const retries = this.#take(tuple, flow);
      if (flow.pairsBack === 0 || retries.length === 0) continue;
      // what was sent several times in vain was waited for once
      for (const byFrame of new Set(retries.map((each) => each.byFrame))) {
        const waits = retries.filter((each) => each.byFrame === byFrame);
        const [{ side }] = waits;
        for (const frame of [...waits.map((each) => each.frame), byFrame])
          this.#concerned.add(side, frame, flow.id, flow.isIpv6);
        const clashed = flow.hasClashed ? ", as another flow took its port" : "";
        const when = `${(Math.max(...waits.map(({ afterNs }) => afterNs)) / 1e9).toFixed(2)} s later`;
        const lost = waits.map(({ frame }) => `#${timeline.frameText(side, frame)}`).join(" ");
        this.#concerned.named.add(
          said`${flow.said} ${SIDE_NAMES[side]} ${lost}, again #${timeline.frameText(side, byFrame)} ${when}${clashed}`,
        );
      }
    }
  }

  close(): Finding[] {
    return ofNamed("slow-retry", this.#concerned, "dropped, and sent again after a long wait");
  }

  /** Takes those of a conversation out that are a flow's. */
  #take(tuple: number, { id, lastNs }: EndedFlow): Retry[] {
    const isIts = ({ flow, againNs }: Retry): boolean => (flow === undefined ? againNs <= lastNs : flow === id);
    const its = this.#retries.get(tuple)?.filter(isIts) ?? [];
    if (its.length > 0) takeOut(this.#retries, tuple, isIts);
    return its;
  }

  /** Takes it that a packet was not dropped. */
  #withdraw({ side, frame }: Update): void {
    for (const tuple of this.#retries.keys())
      takeOut(this.#retries, tuple, (each) => each.side === side && each.frame === frame);
  }

  /** How many packets of a flow crossed from a side; of one whose slot another one has by now, none. */
  #crossed(slot: number, flow: number | undefined, side: Side): number {
    const { accounts } = this.#context;
    return flow === undefined || accounts.id(slot) !== flow ? 0 : accounts.pairsThatWent(slot, side === INSIDE);
  }

  #sentAgain(query: Query, byFrame: number, afterNs: number): void {
    const { slot, flow, side, crossed } = query;
    if (afterNs < LEAST_AFTER_NS || this.#crossed(slot, flow, side) - crossed > MOST_MEANWHILE) return;
    const retry = { ...query, byFrame, afterNs, againNs: query.timeNs + afterNs };
    addTo(this.#retries, query.tuple, retry, MOST_QUERIES, MOST_QUERIES);
  }
}
