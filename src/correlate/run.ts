import {
  ACK,
  ICMP,
  ICMPV6,
  IS_ECHO,
  IS_ERROR,
  IS_FRAGMENT,
  IS_IPV6,
  type PacketBatch,
  type PacketSource,
  SYN,
  TCP,
} from "../packets/packets.js";
import type { SideSummary, Sink } from "../packets/results.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { AMBIGUOUS, DONE, MEMBER, PAIRED, Timeline, WAITING } from "../packets/timeline.js";
import { TupleTable } from "../packets/tuples.js";
import type { Clock } from "./clock.js";
import { FlowBook } from "./flow-book.js";
import { Datagrams } from "./datagrams.js";
import { Matcher } from "./matcher.js";
import type { Pairing } from "./pairing.js";
import { Refusals } from "./refusals.js";
import { Segments } from "./segments.js";
import { type QuotedError, quotedError } from "./quotes.js";
import { Translations } from "./translations.js";
import { type Cover, Verdicts } from "./verdicts.js";

export interface RunOptions {
  windowNs: number;
  maxPairs: number;
}

/** One side while it is merged: its batch, how far it was taken, and the order of its stamps where that is not the rows'. */
interface Feed {
  readonly source: PacketSource;
  batch: PacketBatch | null;
  next: number;
  order: Uint32Array | null;
  hasEnded: boolean;
  paired: number;
  unmatched: number;
  ambiguous: number;
}

/**
 * One correlation: merges both sides by time onto the timeline, has each packet matched, settles it when its window is
 * over, and shows results in the order of time.
 *
 * Three marks move along the timeline: `#due` over packets whose window is over, `#shown` over packets whose result was
 * given to the sink, and the timeline's `first` over those that nothing needs any more.
 */
export class Run {
  readonly #feeds: readonly [Feed, Feed];
  readonly #tuples: readonly [TupleTable, TupleTable] = [new TupleTable(), new TupleTable()];
  readonly #timeline = new Timeline();
  readonly #clock: Clock;
  readonly #options: RunOptions;
  readonly #sink: Sink;
  readonly #translations: Translations;
  readonly #matcher: Matcher;
  readonly #segments: Segments;
  readonly #datagrams: Datagrams;
  /** Packets of one side paired together, by the first of them. */
  readonly #groups = new Map<number, readonly number[]>();
  readonly #refusals: Refusals;
  readonly #verdicts: Verdicts;
  readonly #book: FlowBook;
  readonly #cover: readonly [Cover, Cover];
  readonly #errors = new Map<number, QuotedError>();
  /** What is added to a side's stamps to place them on the timeline, nanoseconds. */
  readonly #shiftNs: readonly [number, number];
  #nowNs = Number.NEGATIVE_INFINITY;
  #due = 0;
  #shown = 0;
  #pairs = 0;

  /** Both sources must have given their first batch, or ended, so that their epochs are known. */
  constructor(sources: readonly [PacketSource, PacketSource], clock: Clock, options: RunOptions, sink: Sink) {
    this.#feeds = [feedOf(sources[INSIDE]), feedOf(sources[OUTSIDE])];
    this.#clock = clock;
    this.#options = options;
    this.#sink = sink;
    this.#shiftNs = [0, Number(sources[OUTSIDE].epochNs - sources[INSIDE].epochNs - clock.offsetNs)];
    const names = [sources[INSIDE].name, sources[OUTSIDE].name] as const;
    const epochsNs = [sources[INSIDE].epochNs, sources[OUTSIDE].epochNs] as const;
    const timeline = this.#timeline;
    this.#translations = new Translations(timeline, this.#tuples, clock, options.windowNs);
    this.#matcher = new Matcher(timeline, this.#translations, clock, (inside, outside, slot) =>
      this.#paired(inside, outside, slot),
    );
    const pairing: Pairing = {
      pairGroup: (inside, outside, slot, by, evidence) => this.#pairGroup(inside, outside, slot, by, evidence),
    };
    this.#segments = new Segments(timeline, this.#translations, pairing);
    this.#datagrams = new Datagrams(timeline, this.#tuples, this.#translations, pairing);
    this.#refusals = new Refusals(timeline);
    this.#cover = [this.#coverOf(INSIDE), this.#coverOf(OUTSIDE)];
    this.#verdicts = new Verdicts({
      timeline,
      tuples: this.#tuples,
      translations: this.#translations,
      refusals: this.#refusals,
      segments: this.#segments,
      errors: this.#errors,
      cover: this.#cover,
      names,
      windowNs: options.windowNs,
    });
    this.#book = new FlowBook(this.#translations, this.#tuples, epochsNs[INSIDE], sink);
    sink.begin({
      timeline,
      tuples: this.#tuples,
      epochsNs,
      names,
      framesOf: (row) => this.#groups.get(row)?.map((member) => timeline.frame[member & timeline.mask]),
      quoteOf: (row) => this.#errors.get(row),
    });
  }

  /** The side whose packets are needed next, or null where the run is over. */
  wants(): Side | null {
    if (this.#pairs >= this.#options.maxPairs) return null;
    for (const side of [INSIDE, OUTSIDE] as const) {
      const feed = this.#feeds[side];
      if (!feed.hasEnded && feed.next >= (feed.batch?.count ?? 0)) return side;
    }
    return null;
  }

  /** Takes the next batch of a side; null is its end. The batch must stay as it is until the side is wanted again. */
  take(side: Side, batch: PacketBatch | null): void {
    const feed = this.#feeds[side];
    feed.batch = batch;
    feed.next = 0;
    feed.hasEnded = batch === null;
    feed.order = batch === null ? null : orderOf(batch);
    const cover = this.#coverOf(side);
    this.#cover[side].firstNs = cover.firstNs;
    this.#cover[side].lastNs = cover.lastNs;
    this.#cover[side].hasEnded = feed.hasEnded;
  }

  /** Goes as far as both sides reach. */
  advance(): void {
    const [inside, outside] = this.#feeds;
    while (this.#pairs < this.#options.maxPairs) {
      const i = nextRow(inside);
      const o = nextRow(outside);
      if (i < 0 && o < 0) break;
      const insideNs = i >= 0 ? inside.batch!.timeNs[i] : reachOf(inside);
      const outsideNs = this.#onTimeline(o >= 0 ? outside.batch!.timeNs[o] : reachOf(outside));
      const isInside = insideNs <= outsideNs;
      if ((isInside ? i : o) < 0) break;
      if (isInside) this.#admit(INSIDE, inside, i, insideNs);
      else this.#admit(OUTSIDE, outside, o, outsideNs);
    }
  }

  /** Ends the run: with everything settled where both sources have ended, else with what is certain by now. */
  finish(): void {
    const isComplete =
      this.#feeds[INSIDE].hasEnded && this.#feeds[OUTSIDE].hasEnded && this.#pairs < this.#options.maxPairs;
    if (isComplete) this.#settle(Number.POSITIVE_INFINITY);
    this.#book.close();
    const { offsetNs, driftPpm, source } = this.#clock;
    this.#sink.end({
      inside: this.#summaryOf(INSIDE),
      outside: this.#summaryOf(OUTSIDE),
      flows: this.#translations.learnt,
      clock: { offsetNs: Number(offsetNs), driftPpm: Math.round(10 * driftPpm) / 10, source },
    });
  }

  /** An outside stamp as nanoseconds on the timeline. */
  #onTimeline(outsideStampNs: number): number {
    const timeNs = outsideStampNs + this.#shiftNs[OUTSIDE];
    return Number.isFinite(timeNs) ? timeNs - this.#clock.correctionNs(timeNs) : timeNs;
  }

  #admit(side: Side, feed: Feed, i: number, timeNs: number): void {
    const batch = feed.batch!;
    const timeline = this.#timeline;
    const tuples = this.#tuples[side];
    feed.next++;
    const flags = batch.flags[i];
    const isIpv6 = (flags & IS_IPV6) !== 0 ? 1 : 0;
    let tuple: number;
    let forward: number;
    if ((flags & IS_ERROR) !== 0 && batch.quote[i] >= 0) {
      const { quotes } = batch;
      const q = batch.quote[i];
      tuple = tuples.intern(
        batch.tupleHash[i],
        quotes.proto[q],
        isIpv6,
        quotes.src,
        quotes.dst,
        4 * q,
        quotes.srcPort[q],
        quotes.dstPort[q],
      );
      forward = 1 - tuples.wentForward;
    } else {
      tuple = tuples.intern(
        batch.tupleHash[i],
        batch.proto[i],
        isIpv6,
        batch.src,
        batch.dst,
        4 * i,
        batch.srcPort[i],
        batch.dstPort[i],
      );
      forward = tuples.wentForward;
      if (tuples.wasNew || (batch.tcpFlags[i] & SYN) !== 0) this.#noteOpening(tuples, tuple, forward, batch, i);
    }
    tuples.held[tuple]++;
    tuples.lastNs[tuple] = timeNs;

    const row = timeline.append();
    const at = row & timeline.mask;
    timeline.side[at] = side;
    timeline.timeNs[at] = timeNs;
    timeline.stampNs[at] = batch.timeNs[i];
    timeline.frame[at] = batch.frame[i];
    timeline.flags[at] = flags;
    timeline.proto[at] = batch.proto[i];
    timeline.ttl[at] = batch.ttl[i];
    timeline.tcpFlags[at] = batch.tcpFlags[i];
    timeline.ipId[at] = batch.ipId[i];
    timeline.length[at] = batch.length[i];
    timeline.payloadLength[at] = batch.payloadLength[i];
    timeline.seq[at] = batch.seq[i];
    timeline.ack[at] = batch.ack[i];
    timeline.key[at] = batch.key[i];
    timeline.key2[at] = batch.key2[i];
    timeline.tuple[at] = tuple;
    timeline.forward[at] = forward;
    if (batch.quote[i] >= 0) {
      const error = quotedError(batch, i);
      this.#errors.set(row, error);
      this.#refusals.admit(row, side, batch, i, error.src);
    }

    if (timeNs > this.#nowNs) this.#nowNs = timeNs;
    this.#settle(this.#nowNs);
    this.#book.tidy(this.#nowNs);
    this.#match(row, flags);
    this.#show();
  }

  #match(row: number, flags: number): void {
    const t = this.#timeline;
    const at = row & t.mask;
    const isTcp = t.proto[at] === TCP;
    if ((flags & IS_FRAGMENT) !== 0 && !isTcp) {
      this.#datagrams.admit(row);
      return;
    }
    this.#matcher.admit(row);
    if (t.state[at] !== WAITING) return;
    if (!isTcp) this.#datagrams.admit(row);
    else if (t.payloadLength[at] > 0) this.#segments.admit(row);
  }

  /** Who opened a conversation: the sender of the SYN or echo request; else of the first packet, unless it looks like an answer. */
  #noteOpening(tuples: TupleTable, tuple: number, forward: number, batch: PacketBatch, i: number): void {
    const proto = batch.proto[i];
    const tcpFlags = batch.tcpFlags[i];
    let isBySender = true;
    if (proto === TCP && (tcpFlags & SYN) !== 0) isBySender = (tcpFlags & ACK) === 0;
    else if (proto === ICMP) isBySender = batch.seq[i] >>> 24 !== 0;
    else if (proto === ICMPV6) isBySender = batch.seq[i] >>> 24 !== 129;
    else isBySender = !(batch.srcPort[i] < 1024 && batch.dstPort[i] >= 1024);
    tuples.openedByA[tuple] = isBySender === (forward === 1) ? 1 : 0;
    tuples.isEcho[tuple] = (batch.flags[i] & IS_ECHO) !== 0 ? 1 : 0;
  }

  #paired(inside: number, outside: number, slot: number): void {
    const t = this.#timeline;
    const i = inside & t.mask;
    const flow = this.#translations.flowAt(slot);
    const gapNs = this.#gapNs(inside, outside);
    this.#refusals.forget(inside);
    this.#refusals.forget(outside);
    if (flow.pairs === 0) this.#verdicts.learn(flow);
    flow.pairs++;
    flow.held++;
    if (t.timeNs[i] < flow.firstNs) flow.firstNs = t.timeNs[i];
    if (t.timeNs[i] > flow.lastNs) flow.lastNs = t.timeNs[i];
    const isOutbound = flow.isOutbound(t.forward[i]);
    const latencyNs = isOutbound ? gapNs : -gapNs;
    (isOutbound ? flow.outbound : flow.inbound).add(latencyNs);
    (isOutbound ? this.#translations.outbound : this.#translations.inbound).add(latencyNs);
    this.#clock.observe(t.timeNs[i], gapNs, isOutbound);
  }

  #pairGroup(inside: readonly number[], outside: readonly number[], slot: number, by: number, evidence: number): void {
    const t = this.#timeline;
    for (const row of [...inside, ...outside]) {
      this.#matcher.forget(row);
      t.state[row & t.mask] = MEMBER;
    }
    const i = inside[0] & t.mask;
    t.state[i] = PAIRED;
    t.state[outside[0] & t.mask] = PAIRED;
    t.twin[i] = outside[0];
    t.twin[outside[0] & t.mask] = inside[0];
    t.flow[i] = slot;
    t.by[i] = by;
    t.evidence[i] = evidence;
    this.#groups.set(inside[0], inside);
    this.#groups.set(outside[0], outside);
    this.#paired(inside[0], outside[0], slot);
  }

  /** Outside minus inside stamp of a pair. Of several packets, one leaves when it is whole: the last that made it up counts. */
  #gapNs(inside: number, outside: number): number {
    const t = this.#timeline;
    const insides = this.#groups.get(inside);
    const outsides = this.#groups.get(outside);
    const i = insides && outsides && insides.length > outsides.length ? insides[insides.length - 1] : inside;
    const o =
      insides && outsides && outsides.length > insides.length && !this.#isOutbound(inside)
        ? outsides[outsides.length - 1]
        : outside;
    return t.timeNs[o & t.mask] - t.timeNs[i & t.mask];
  }

  #isOutbound(inside: number): boolean {
    const i = inside & this.#timeline.mask;
    return this.#translations.flowAt(this.#timeline.flow[i]).isOutbound(this.#timeline.forward[i]);
  }

  /** Decides about all packets whose window is over by `nowNs`. */
  #settle(nowNs: number): void {
    const t = this.#timeline;
    for (; this.#due !== t.end; this.#due = t.after(this.#due)) {
      const row = this.#due;
      const at = row & t.mask;
      const isOpen = t.state[at] === WAITING || t.state[at] === AMBIGUOUS;
      if (isOpen && nowNs - t.timeNs[at] <= this.#options.windowNs) break;
      if (t.state[at] === WAITING) this.#decide(row);
      if (t.state[at] === AMBIGUOUS) {
        this.#matcher.forget(row);
        t.state[at] = DONE;
      }
      this.#show();
    }
  }

  #decide(row: number): void {
    const t = this.#timeline;
    const undecided = this.#matcher.settle(row);
    if (undecided) {
      this.#feeds[INSIDE].ambiguous += undecided.inside.length;
      this.#feeds[OUTSIDE].ambiguous += undecided.outside.length;
      this.#sink.ambiguous(undecided.inside, undecided.outside, undecided.why);
      return;
    }
    const at = row & t.mask;
    if (t.state[at] !== WAITING) return;
    const side = t.sideOf(row);
    this.#datagrams.forget(row);
    const { verdict, why } = this.#verdicts.judge(row);
    this.#tuples[side].unmatched[t.tuple[at]]++;
    this.#feeds[side].unmatched++;
    this.#sink.unmatched(row, verdict, why);
    t.state[at] = DONE;
  }

  /** Gives the sink all results that no earlier packet holds up, and gives back what is no longer needed. */
  #show(): void {
    const t = this.#timeline;
    for (; this.#shown !== t.end && this.#pairs < this.#options.maxPairs; this.#shown = t.after(this.#shown)) {
      const at = this.#shown & t.mask;
      const state = t.state[at];
      if (state === WAITING) break;
      if (state === PAIRED && t.side[at] === INSIDE) this.#showPair(this.#shown);
    }
    while (t.first !== this.#shown && t.first !== this.#due) {
      const at = t.first & t.mask;
      if (t.state[at] !== DONE) break;
      this.#tuples[t.sideOf(t.first)].held[t.tuple[at]]--;
      if (this.#errors.delete(t.first)) this.#refusals.forget(t.first);
      t.drop();
    }
  }

  #showPair(inside: number): void {
    const t = this.#timeline;
    const i = inside & t.mask;
    const outside = t.twin[i];
    const flow = this.#translations.flowAt(t.flow[i]);
    const gapNs = this.#gapNs(inside, outside);
    const isOutbound = flow.isOutbound(t.forward[i]);
    this.#pairs++;
    flow.held--;
    this.#sink.pair(inside, outside, flow, isOutbound, isOutbound ? gapNs : -gapNs);
    this.#done(INSIDE, inside);
    this.#done(OUTSIDE, outside);
  }

  /** Accounts for a packet of a pair that was shown, with those it stands for. */
  #done(side: Side, row: number): void {
    const t = this.#timeline;
    const rows = this.#groups.get(row);
    this.#feeds[side].paired += rows?.length ?? 1;
    t.state[row & t.mask] = DONE;
    if (!rows) return;
    for (const member of rows) t.state[member & t.mask] = DONE;
    this.#groups.delete(row);
  }

  #coverOf(side: Side): Cover {
    const { source, hasEnded } = this.#feeds[side];
    const shiftNs = this.#shiftNs[side];
    return { firstNs: source.firstNs + shiftNs, lastNs: source.lastNs + shiftNs, hasEnded };
  }

  /** A run that was stopped early accounts for the frames it decided about, and leaves out those it only read. */
  #summaryOf(side: Side): SideSummary {
    const { source, paired, unmatched, ambiguous } = this.#feeds[side];
    const { frames, notIp, undecodable } = source.tally;
    const isComplete = this.#feeds[side].hasEnded && this.#timeline.size === 0;
    const accounted = paired + unmatched + ambiguous + notIp + undecodable;
    return {
      frames: isComplete ? frames : accounted,
      paired,
      unmatched,
      ambiguous,
      notIp,
      undecodable,
      captureDropped: source.captureDropped,
    };
  }
}

function feedOf(source: PacketSource): Feed {
  return { source, batch: null, next: 0, order: null, hasEnded: false, paired: 0, unmatched: 0, ambiguous: 0 };
}

/** How far a feed without rows is known to have no more packets. */
function reachOf(feed: Feed): number {
  return feed.hasEnded ? Number.POSITIVE_INFINITY : (feed.batch?.reachedNs ?? Number.NEGATIVE_INFINITY);
}

/** The next row of a feed in order of time, or -1 where its batch is used up. */
function nextRow(feed: Feed): number {
  const { batch, next, order } = feed;
  if (batch === null || next >= batch.count) return -1;
  return order === null ? next : order[next];
}

/** Rows by stamp where the capture is out of order (several CPUs stamp, one buffer collects), else null. */
function orderOf(batch: PacketBatch): Uint32Array | null {
  const { timeNs, count } = batch;
  for (let i = 1; i < count; i++) {
    if (timeNs[i] < timeNs[i - 1])
      return Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) => timeNs[a] - timeNs[b] || a - b);
  }
  return null;
}
