import { FlowAccounts } from "../packets/flow-accounts.js";
import type { Heap } from "../packets/heap.js";
import { HAS_TCP_NUMBERS, IS_COPY, IS_ERROR, IS_FRAGMENT, IS_MISTIMED, type PacketBatch } from "../packets/packets.js";
import { RECORD_BITS } from "../packets/records.js";
import type { Impact, Judgement, Sink, Summary, Update } from "../packets/results.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES } from "../packets/sides.js";
import { AMBIGUOUS, DECIDED, DONE, PAIRED, ROW_MASK, Timeline, TURNED, WAITING } from "../packets/timeline.js";
import { NONE, TupleTable } from "../packets/tuples.js";
import { ICMP, ICMPV6, TCP } from "../protocols/ip-protocols.js";
import { Altered } from "./matchers/altered/altered.js";
import { Buckets } from "./kernel/buckets.js";
import { Clashes } from "./verdicts/clashes.js";
import type { Clock } from "./clock/clock.js";
import { CutFrames } from "./matchers/cut-frames.js";
import { Feed } from "./intake/feed.js";
import { Findings } from "./verdicts/findings.js";
import { FlowBook, type Link, TIDY_EVERY } from "./verdicts/flow-book.js";
import { Gaps } from "./verdicts/gaps.js";
import { Hairpins } from "./matchers/hairpins.js";
import { Datagrams } from "./matchers/datagrams.js";
import type { Intake } from "./intake/intake.js";
import { Kernel } from "./kernel/kernel.js";
import { Likes } from "./matchers/likes.js";
import { Matcher } from "./matchers/matcher.js";
import { Misses } from "./verdicts/misses.js";
import { Mistimed } from "./verdicts/mistimed.js";
import type { Pairing } from "./matchers/pairing.js";
import { Proxies } from "./matchers/proxies.js";
import { Refusals } from "./verdicts/refusals.js";
import { Relays } from "./matchers/relays.js";
import { Resets } from "./verdicts/resets.js";
import { Segments } from "./matchers/segments.js";
import { ShiftedSegments } from "./matchers/shifts.js";
import { SuperDatagrams } from "./matchers/super-datagrams.js";
import type { Standing } from "./standing.js";
import { Groups } from "./verdicts/groups.js";
import { type Consequence, type Drop, Impacts } from "./verdicts/impacts.js";
import { type QuotedError, quotedError } from "./verdicts/quotes.js";
import { Translations } from "./kernel/translations.js";
import type { Undecided } from "./matchers/undecided.js";
import { type Cover, Verdicts } from "./verdicts/verdicts.js";

export interface RunOptions {
  windowNs: number;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time; the window if not given. */
  patienceNs?: number;
  maxPairs: number;
  heap: Heap;
  /** By side: the earliest stamp that is known to leap from those around it, nanoseconds; Infinity for none. */
  strayNs: readonly [number, number];
  /** By side: whether its capture says, at its beginning, that it counts the frames that it loses. */
  haveCounters: readonly [boolean, boolean];
  onSettled?(): void;
}

/** Protocols whose ports, in a quote, are an echo's id. */
const ECHOING: ReadonlySet<number> = new Set([ICMP, ICMPV6]);

/**
 * One correlation: merges both sides by time onto the timeline, has each packet matched, settles it when its window is
 * over, and shows results in the order of time.
 *
 * Three marks move along the timeline: `#due` over packets whose window is over, `#shown` over packets whose result was
 * given to the sink, and the timeline's `first` over those that nothing needs any more.
 */
export class Run {
  readonly #feeds: readonly [Feed, Feed];
  readonly #tuples: TupleTable;
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  readonly #options: RunOptions;
  readonly #sink: Sink;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #matcher: Matcher;
  readonly #likes: Likes;
  readonly #segments: Segments;
  readonly #supers: SuperDatagrams;
  readonly #shifted: ShiftedSegments;
  readonly #altered: Altered;
  readonly #cutFrames: CutFrames;
  readonly #datagrams: Datagrams;
  readonly #groups: Groups;
  readonly #refusals: Refusals;
  readonly #proxies: Proxies;
  readonly #relays: Relays;
  readonly #hairpins: Hairpins;
  readonly #mistimed: Mistimed;
  readonly #verdicts: Verdicts;
  readonly #impacts: Impacts;
  readonly #findings: Findings;
  readonly #clashes: Clashes;
  readonly #book: FlowBook;
  readonly #cover: readonly [Cover, Cover];
  readonly #errors = new Map<number, QuotedError>();
  /** What is added to a side's stamps to place them on the timeline, nanoseconds. */
  readonly #shiftNs: readonly [number, number];
  /** When each side's capture lost frames. */
  readonly #gaps: readonly [Gaps, Gaps];
  readonly #patienceNs: number;
  /** Whether pairs are given to the sink, in order of time; else each is done with once it is found. */
  readonly #isShowing: boolean;
  #nowNs = Number.NEGATIVE_INFINITY;
  /** The next outside stamp on the timeline. */
  #outsideNs = Number.NEGATIVE_INFINITY;
  #due = 0;
  #shown = 0;
  /** Pairs found once `#shown` had passed over the row they are shown by: to be shown next. */
  readonly #late: number[] = [];
  /**
   * What pairs show of earlier drops, with the pairs' inside rows: told of once all before those are decided about, so that the order does
   * not depend on what else is told of.
   */
  readonly #updates: { readonly row: number; readonly update: Update }[] = [];
  #pairs = 0;
  /** Whether all there was has been decided about. */
  #isComplete = false;

  constructor(intakes: readonly [Intake, Intake], clock: Clock, options: RunOptions, sink: Sink) {
    const { heap } = options;
    const sources = [intakes[INSIDE].source, intakes[OUTSIDE].source] as const;
    this.#tuples = new TupleTable(heap);
    this.#timeline = new Timeline(heap);
    this.#groups = new Groups(this.#timeline);
    const feed = (side: Side) => new Feed(heap, side, intakes[side], this.#tuples);
    this.#feeds = [feed(INSIDE), feed(OUTSIDE)];
    this.#isShowing = sink.wantsPairs || Number.isFinite(options.maxPairs);
    this.#clock = clock;
    this.#options = options;
    this.#patienceNs = options.patienceNs ?? options.windowNs;
    this.#gaps = [new Gaps(options.windowNs), new Gaps(options.windowNs)];
    this.#sink = sink;
    this.#shiftNs = [0, Number(sources[OUTSIDE].epochNs - sources[INSIDE].epochNs - clock.offsetNs)];
    const names = [sources[INSIDE].name, sources[OUTSIDE].name] as const;
    const epochsNs = [sources[INSIDE].epochNs, sources[OUTSIDE].epochNs] as const;
    const timeline = this.#timeline;
    const accounts = new FlowAccounts(heap);
    const buckets = new Buckets(heap, timeline);
    this.#kernel = new Kernel({
      heap,
      timeline,
      tuples: this.#tuples,
      buckets,
      accounts,
      clock,
      windowNs: options.windowNs,
      isShowing: this.#isShowing,
    });
    this.#translations = new Translations(accounts, timeline, this.#tuples, this.#kernel);
    const pairing: Pairing = {
      pairGroup: (inside, outside, slot, by, evidence, altered = 0) =>
        this.#pairGroup(inside, outside, slot, by, evidence, altered),
    };
    this.#altered = new Altered(
      heap,
      timeline,
      this.#tuples,
      this.#translations,
      this.#kernel,
      options.windowNs,
      pairing,
    );
    this.#likes = new Likes(timeline, buckets, this.#translations, this.#kernel, clock);
    this.#cutFrames = new CutFrames(timeline, this.#translations, this.#kernel, pairing, options.windowNs);
    this.#matcher = new Matcher(
      timeline,
      buckets,
      this.#translations,
      this.#kernel,
      this.#altered,
      this.#likes,
      this.#cutFrames,
      (inside, outside) => this.#paired(inside, outside),
    );
    this.#segments = new Segments(timeline, this.#translations, pairing);
    this.#supers = new SuperDatagrams(heap, timeline, this.#translations, this.#kernel, options.windowNs, pairing);
    this.#shifted = new ShiftedSegments(timeline, this.#translations, pairing);
    this.#datagrams = new Datagrams(timeline, this.#tuples, this.#translations, pairing);
    const link: Link = (tuples, begin) => this.#book.link(tuples, begin);
    this.#proxies = new Proxies(timeline, this.#tuples, link);
    this.#relays = new Relays(heap, timeline, this.#tuples, options.windowNs, link);
    this.#hairpins = new Hairpins({
      timeline,
      tuples: this.#tuples,
      buckets,
      translations: this.#translations,
      kernel: this.#kernel,
      link,
      onPair: (before) => this.#turned(before),
    });
    this.#refusals = new Refusals(timeline);
    this.#mistimed = new Mistimed(timeline);
    this.#cover = [this.#coverOf(INSIDE), this.#coverOf(OUTSIDE)];
    const misses = new Misses(this.#kernel);
    this.#verdicts = new Verdicts({
      timeline,
      tuples: this.#tuples,
      kernel: this.#kernel,
      translations: this.#translations,
      refusals: this.#refusals,
      misses,
      resets: new Resets(timeline),
      segments: this.#segments,
      proxies: this.#proxies,
      relays: this.#relays,
      hairpins: this.#hairpins,
      cutFrames: this.#cutFrames,
      altered: this.#altered,
      mistimed: this.#mistimed,
      likes: this.#likes,
      errors: this.#errors,
      cover: this.#cover,
      windowNs: options.windowNs,
    });
    this.#kernel.meet({
      segments: this.#segments,
      shifted: this.#shifted,
      proxies: this.#proxies,
      cutFrames: this.#cutFrames,
      datagrams: this.#datagrams,
      verdicts: this.#verdicts,
      onFlow: (slot) => this.#begin(slot),
      onOverdue: (row) => this.#judgeAlone(row),
    });
    this.#impacts = new Impacts(timeline, this.#tuples, accounts, this.#kernel);
    this.#findings = new Findings({
      heap,
      timeline,
      tuples: this.#tuples,
      kernel: this.#kernel,
      accounts,
      refusals: this.#refusals,
      misses,
      cover: this.#cover,
      decidedNs: (side) => (this.#isComplete ? this.#cover[side].lastNs : this.#nowNs - options.windowNs),
    });
    this.#clashes = new Clashes(this.#translations.accounts, this.#tuples);
    this.#book = new FlowBook({
      heap,
      timeline,
      translations: this.#translations,
      tuples: this.#tuples,
      proxies: this.#proxies,
      relays: this.#relays,
      hairpins: this.#hairpins,
      findings: this.#findings,
      impacts: this.#impacts,
      clashes: this.#clashes,
      epochNs: epochsNs[INSIDE],
      sink,
    });
    sink.begin({
      timeline,
      tuples: this.#tuples,
      epochsNs,
      names,
      haveCounters: options.haveCounters,
      flowOf: this.#flowOf,
      framesOf: (row) => this.#groups.framesOf(row),
      lengthOf: (row) => this.#groups.lengthOf(row),
      quoteOf: (row) => this.#errors.get(row),
    });
  }

  readonly #flowOf = (row: number): number | undefined => {
    const slot = this.#translations.slotOf(row);
    if (slot === NONE) return this.#book.linkedOf(this.#timeline.tuple(row));
    return this.#translations.accounts.id(slot);
  };

  /** The side whose packets are needed next, or null where the run is over. */
  wants(): Side | null {
    if (this.#pairs >= this.#options.maxPairs) return null;
    const [inside, outside] = this.#feeds;
    // of two silent interfaces, the one that lags behind
    if (inside.isUsedUp && outside.isUsedUp) return inside.nextNs <= this.#onTimeline(outside) ? INSIDE : OUTSIDE;
    if (inside.isUsedUp) return INSIDE;
    return outside.isUsedUp ? OUTSIDE : null;
  }

  /** Takes the next batch of a side; null is its end. The batch must stay as it is until the side is wanted again. */
  take(side: Side, batch: PacketBatch | null): void {
    const feed = this.#feeds[side];
    feed.take(batch);
    if (side === OUTSIDE) this.#outsideNs = this.#onTimeline(feed);
    const cover = Object.assign(this.#cover[side], this.#coverOf(side));
    const gaps = this.#gaps[side];
    gaps.read(feed.source.captureDropped, cover.lastNs);
    for (const { fromNs, toNs } of feed.source.silences?.splice(0) ?? [])
      gaps.silent(this.#placed(side, fromNs), this.#placed(side, toNs));
    gaps.forget(this.#nowNs - 2 * this.#options.windowNs);
  }

  /** Goes as far as both sides reach. */
  advance(): void {
    const [inside, outside] = this.#feeds;
    // where it matters how many pairs there are, no packet may be taken before those before it were shown
    const isFast = this.#options.maxPairs === Number.POSITIVE_INFINITY;
    while (this.#pairs < this.#options.maxPairs) {
      const isFurther = isFast && !this.#altered.isRenumbering && !inside.isEmpty && !outside.isEmpty && this.#goFast();
      if (this.#pass() && isFurther) continue;
      const next = this.#next;
      if (this.#feeds[next].isEmpty) {
        this.#show();
        break;
      }
      if (next === INSIDE) this.#admit(INSIDE, inside, inside.nextNs);
      else {
        this.#admit(OUTSIDE, outside, this.#outsideNs);
        this.#outsideNs = this.#onTimeline(outside);
      }
    }
  }

  /** The side whose packet comes next, or that it is not known of when one does. */
  get #next(): Side {
    return this.#feeds[INSIDE].nextNs <= this.#outsideNs ? INSIDE : OUTSIDE;
  }

  /** Takes as many packets as the loop in assembly will. Returns whether it may take more once what is due by then was decided about. */
  #goFast(): boolean {
    const t = this.#timeline;
    const kernel = this.#kernel;
    const [inside, outside] = this.#feeds;
    const { end } = t;
    this.#outsideNs = kernel.run(
      inside,
      outside,
      this.#outsideNs,
      this.#shiftNs[OUTSIDE],
      this.#nowNs,
      this.#findDue(),
      this.#shown,
      this.#book.room,
    );
    this.#nowNs = kernel.nowNs;
    this.#due = kernel.due;
    if (!this.#isShowing) for (const feed of this.#feeds) feed.paired += kernel.pairs;
    this.#takeNews();
    // where it took none, rows are given back once the next packet was taken, as they are without it
    if (t.end !== end) this.#show();
    return !kernel.isAtOther;
  }

  /** The first packet that has to be decided about once its window is over, or the timeline's end. */
  #findDue(): number {
    this.#due = this.#timeline.firstBelow(this.#due, this.#timeline.end, DECIDED);
    return this.#due;
  }

  /**
   * Lets time go by until a side's next packet comes, or as long as it is known that there is none. Returns false where that is
   * an ICMP error: it may tell what became of those that are due by then, and is taken before they are decided about.
   */
  #pass(): boolean {
    const next = this.#next;
    const feed = this.#feeds[next];
    if (!feed.isEmpty && (feed.batch.flags(feed.at) & IS_ERROR) !== 0) return false;
    const nextNs = next === INSIDE ? feed.nextNs : this.#outsideNs;
    if (nextNs > this.#nowNs && nextNs !== Number.POSITIVE_INFINITY) this.#nowNs = nextNs;
    this.#settle(this.#nowNs);
    return true;
  }

  /** Where the run stands, with the busiest flows, at most so many. */
  standing(mostFlows: number): Standing {
    return { flows: this.#book.busiest(mostFlows), summary: this.#summary() };
  }

  /** Ends the run: with everything settled where both sources have ended, else with what is certain by now. */
  finish(): void {
    this.#isComplete =
      this.#feeds[INSIDE].hasEnded && this.#feeds[OUTSIDE].hasEnded && this.#pairs < this.#options.maxPairs;
    if (this.#isComplete) {
      this.#settleRest();
      this.#show();
      this.#cutOff();
    }
    this.#options.onSettled?.();
    this.#book.close();
    const summary = this.#summary();
    const { unfollowed } = this.#impacts;
    const found = { summary, unfollowed, pairs: this.#kernel.pairsSoFar, altered: this.#altered.pairs };
    for (const finding of this.#findings.close(found)) this.#sink.finding(finding);
    this.#sink.end(summary);
  }

  #summary(): Summary {
    const { offsetNs, driftPpm, uncertaintyNs, source } = this.#clock.facts;
    const isAllDecided = this.#timeline.size === 0;
    return {
      inside: this.#feeds[INSIDE].summary(isAllDecided),
      outside: this.#feeds[OUTSIDE].summary(isAllDecided),
      verdicts: [this.#feeds[INSIDE].verdicts, this.#feeds[OUTSIDE].verdicts],
      impacts: [this.#feeds[INSIDE].impacts, this.#feeds[OUTSIDE].impacts],
      flows: this.#translations.accounts.learnt,
      clock: { offsetNs, driftPpm: Math.round(10 * driftPpm) / 10, uncertaintyNs, source },
    };
  }

  #placed(side: Side, stampNs: number): number {
    return side === INSIDE ? stampNs : this.#outsideTime(stampNs, 0);
  }

  /** When the next outside packet comes, on the timeline. */
  #onTimeline({ nextNs, nextFrame }: Feed): number {
    return this.#outsideTime(nextNs, nextFrame);
  }

  /** An outside stamp, of this frame or of none (0), as nanoseconds on the timeline. */
  #outsideTime(stampNs: number, frame: number): number {
    const timeNs = stampNs + this.#shiftNs[OUTSIDE];
    return Number.isFinite(timeNs) ? timeNs - this.#clock.correctionNs(timeNs, frame) : timeNs;
  }

  #admit(side: Side, feed: Feed, timeNs: number): void {
    const { batch, at } = feed;
    const way = feed.ways[at];
    const isCopy = (batch.flags(at) & IS_COPY) !== 0;
    const isFirst = this.#tuples.saw(way >> 1, timeNs);
    const row = this.#timeline.append(side, batch.records, at << RECORD_BITS, timeNs, way);
    feed.goTo(at + 1);
    this.#mistime(row, feed);
    if (batch.quote(at) >= 0) {
      const error = quotedError(batch, at);
      // of an error before anything it is about, only that is known
      if (isFirst) this.#tuples.setEcho(way >> 1, ECHOING.has(batch.quotes.proto[batch.quote(at)]));
      this.#errors.set(row, error);
      if (!isCopy) this.#refusals.admit(row, side, batch, at, error.src);
    } else if (!isCopy) this.#kernel.note(row, side, isFirst);
    if (isCopy) this.#setAside(row);
    // what an error had to be taken before, and what comes so late in its capture that its own window is over
    if (timeNs > this.#nowNs) this.#nowNs = timeNs;
    this.#settle(this.#nowNs);
    // counted in packets, not in batches, so that it does not matter how a source cuts those
    if (row % TIDY_EVERY === 0 && this.#book.tidy(this.#nowNs)) {
      this.#verdicts.forgetWays();
      this.#altered.forgetCandidates();
      for (const each of this.#feeds) each.findWays();
    }
    this.#match(row);
    this.#show();
  }

  /** Accounts for a packet that the capture shows once more, which has no twin of its own. */
  #setAside(row: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    this.#matcher.noteCopy(row);
    const why = `${SIDE_NAMES[side]} shows packets twice: a copy of frame ${t.key(row) >>> 0}`;
    const judgement = { verdict: "copy", why } as const;
    this.#feeds[side].judged(judgement);
    this.#findings.alone(row, judgement, this.#flowOf);
    if (this.#sink.wantsVerdict("copy")) this.#sink.unmatched(row, judgement);
    t.setState(row, DONE);
  }

  /** Notes it where the stamp does not tell when the packet passed: it leaps away from those around it, or from the other capture's. */
  #mistime(row: number, { intake }: Feed): void {
    const t = this.#timeline;
    if ((t.flags(row) & IS_MISTIMED) !== 0) {
      const leapNs = intake.leapNs(t.frame(row));
      intake.forgetLeap(t.frame(row));
      t.setStampNs(row, t.stampNs(row) + leapNs);
      this.#mistimed.admit(row, leapNs);
    } else if (this.#nowNs - t.timeNs(row) > this.#options.windowNs)
      this.#mistimed.admit(row, t.timeNs(row) - this.#nowNs);
  }

  #match(row: number): void {
    const t = this.#timeline;
    // a copy is none; one that comes so late in its capture that its window is over has been decided about as it came
    if (t.state(row) !== WAITING) return;
    if (this.#mistimed.leapNs(row) !== undefined) {
      this.#judge(row);
      return;
    }
    const isTcp = t.proto(row) === TCP;
    if ((t.flags(row) & IS_FRAGMENT) !== 0 && !isTcp) {
      this.#datagrams.admit(row);
      return;
    }
    this.#matcher.admit(row);
    if (t.state(row) !== WAITING) return;
    this.#hairpins.admit(row);
    if (t.state(row) !== WAITING) return;
    this.#cutFrames.admit(row);
    if (!isTcp) this.#datagrams.admit(row);
    else if (this.#translations.slotOf(row) === NONE) this.#proxies.admit(row);
    else this.#shifted.admit(row);
    if (isTcp && t.payloadLength(row) > 0) this.#segments.admit(row);
  }

  /** Takes a pair just made. `insides` and `outsides`: the packets that these two stand for, where they are several. */
  #paired(inside: number, outside: number, insides?: readonly number[], outsides?: readonly number[]): void {
    const t = this.#timeline;
    const { accounts } = this.#translations;
    const slot = t.flow(inside);
    const isOutbound = t.isOutbound(inside);
    const gapNs = this.#groups.gapNs(inside, outside, isOutbound);
    if ((t.flags(inside) & IS_ERROR) !== 0) {
      this.#refusals.forget(inside);
      this.#refusals.forget(outside);
    }
    if (accounts.pairs(slot) === 0) this.#begin(slot);
    this.#kernel.account(inside, outside, slot, isOutbound, isOutbound ? gapNs : 0 - gapNs);
    for (const row of insides?.slice(1) ?? []) if (!this.#noteFurther(row, slot)) t.setRetransmission(inside, false);
    for (const row of (isOutbound ? insides : outsides) ?? [isOutbound ? inside : outside])
      this.#kernel.noteCrossing(row, slot, isOutbound, inside);
    this.#takeNews();
    if (!this.#isShowing) this.#account(inside, outside);
    else if (t.isBefore(inside, this.#shown)) this.#late.push(inside);
  }

  #turned(before: number): void {
    if (!this.#isShowing) this.#accountTurned(before);
    else if (this.#timeline.isBefore(before, this.#shown)) this.#late.push(before);
  }

  /** Notes the bytes of a packet that crossed beside the first of its pair. Returns whether it is a TCP segment that did so before. */
  #noteFurther(inside: number, slot: number): boolean {
    const t = this.#timeline;
    const { accounts } = this.#translations;
    accounts.addBytes(slot, t.length(inside));
    // one whose TCP header was cut off has no numbers
    if ((t.flags(inside) & HAS_TCP_NUMBERS) === 0) return false;
    return accounts.noteSegment(slot, t.forward(inside), t.seq(inside), t.payloadLength(inside), t.tcpFlags(inside));
  }

  /** Tells others of the flow in this slot, which was just learnt. */
  #begin(slot: number): void {
    const { accounts } = this.#translations;
    this.#verdicts.learn(accounts, slot);
    this.#proxies.forget(accounts.insideTuple(slot));
    this.#proxies.forget(accounts.outsideTuple(slot));
  }

  #pairGroup(
    inside: readonly number[],
    outside: readonly number[],
    slot: number,
    by: number,
    evidence: number,
    altered: number,
  ): void {
    for (const row of [...inside, ...outside]) this.#matcher.forget(row);
    const isOutbound = this.#translations.accounts.isOutbound(slot, this.#timeline.forward(inside[0]));
    this.#groups.pair(inside, outside, slot, by, evidence, isOutbound, altered);
    this.#paired(inside[0], outside[0], inside, outside);
  }

  /** Decides about all packets whose window is over by `nowNs`. */
  #settle(nowNs: number): void {
    const t = this.#timeline;
    for (let row = this.#findDue(); row !== t.end; row = this.#findDue()) {
      if (nowNs - t.timeNs(row) <= this.#options.windowNs) break;
      this.#settleOne(row, nowNs);
    }
  }

  /** Decides about all packets that are left. */
  #settleRest(): void {
    const next = (): number => {
      this.#due = this.#kernel.settle(Number.POSITIVE_INFINITY, this.#findDue());
      return this.#due;
    };
    for (let row = next(); row !== this.#timeline.end; row = next()) this.#settleOne(row, Number.POSITIVE_INFINITY);
  }

  #settleOne(row: number, nowNs: number): void {
    const t = this.#timeline;
    if (t.state(row) === WAITING) this.#decide(row, nowNs);
    if (t.state(row) === AMBIGUOUS) {
      this.#matcher.forget(row);
      t.setState(row, DONE);
    }
    // what is decided about later must not be told of before what this one held up
    this.#show();
    this.#due = t.after(row);
  }

  #decide(row: number, nowNs: number): void {
    const t = this.#timeline;
    this.#tellUpdates(row);
    if (this.#datagrams.settle(row)) return;
    this.#leave(this.#hairpins.settle(row));
    if (t.state(row) !== WAITING) return;
    this.#leave(this.#matcher.settle(row, nowNs));
    if (t.state(row) !== WAITING) return;
    if (this.#segments.settle(row)) return;
    this.#leave(this.#supers.settle(row));
    if (t.state(row) !== WAITING) return;
    if (this.#shifted.settle(row) || this.#cutFrames.settle(row, nowNs)) return;
    this.#leave(this.#altered.settle(row));
    if (t.state(row) === WAITING) this.#judge(row);
  }

  /** Tells of packets that cannot be told apart, if there are some. */
  #leave(undecided: Undecided | null): void {
    if (undecided === null) return;
    this.#feeds[INSIDE].ambiguous += undecided.inside.length;
    this.#feeds[OUTSIDE].ambiguous += undecided.outside.length;
    for (const row of [...undecided.inside, ...undecided.outside])
      this.#tuples.noteAmbiguous(this.#timeline.tuple(row));
    this.#sink.ambiguous(undecided.inside, undecided.outside, undecided.why);
  }

  /**
   * Accounts for a packet that no other with its key waits for, but where another matcher may find its twin: then it does nothing. What
   * it asks is up to date in the middle of a stretch, but for latencies. Returns whether it did.
   */
  #judgeAlone(row: number): boolean {
    if (this.#segments.mayPair(row) || this.#supers.mayPair(row)) return false;
    if (this.#shifted.mayPair(row) || this.#altered.mayPair(row)) return false;
    if (this.#altered.isRenumbering) return false;
    this.#judge(row);
    return true;
  }

  /** Accounts for a packet that has no twin. */
  #judge(row: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    this.#takeNews();
    this.#tellUpdates(row);
    const { verdict, why, byFrame } = this.#verdicts.judge(row);
    this.#tuples.noteUnmatched(t.tuple(row));
    if (verdict !== "no-overlap") this.#matcher.noteAlone(row);
    const known = verdict === "dropped" ? this.#dropped(row) : byFrame === undefined ? {} : { byFrame };
    const judgement: Judgement = { verdict, why, ...known };
    this.#feeds[side].judged(judgement);
    this.#findings.alone(row, judgement, this.#flowOf);
    if (this.#sink.wantsVerdict(verdict)) this.#sink.unmatched(row, judgement);
    if (this.#errors.has(row)) this.#tellRefused(row);
    t.setState(row, DONE);
  }

  /** Takes a packet that was dropped. Returns what is known by now of what that comes to. */
  #dropped(row: number): Consequence {
    const t = this.#timeline;
    const side = t.sideOf(row);
    this.#noteLoss(row);
    const flow = this.#flowOf(row);
    // copies that are turned round on their own side are not followed
    if (this.#hairpins.isBefore(row)) return { impact: "unknown" };
    const slot = this.#translations.slotOf(row);
    return this.#impacts.dropped(row, slot, flow, this.#refusals.quotedAs(row), this.#endNs(side));
  }

  /** How far a side's capture goes, nanoseconds on the timeline; Infinity while that is not known. */
  #endNs(side: Side): number {
    return this.#feeds[side].hasEnded ? this.#cover[side].lastNs : Number.POSITIVE_INFINITY;
  }

  /** Takes what those that crossed show of earlier drops. */
  #takeNews(): void {
    for (const { drop, consequence, row } of this.#impacts.news()) {
      const { impact, byFrame } = consequence;
      const why = byFrame === undefined ? "a later acknowledgement covers it" : `a copy got through: frame ${byFrame}`;
      this.#updates.push({ row, update: this.#updateOf(drop, { verdict: "dropped", why, ...consequence, impact }) });
    }
  }

  /** Tells what pairs show that come before a row. */
  #tellUpdates(end: number): void {
    if (this.#updates.length === 0) return;
    const t = this.#timeline;
    const isDue = ({ row }: { row: number }): boolean => !t.isHeld(row) || t.isBefore(row, end);
    const due = this.#updates.filter(isDue);
    if (due.length === 0) return;
    this.#updates.splice(0, this.#updates.length, ...this.#updates.filter((each) => !isDue(each)));
    const placeOf = ({ row }: { row: number }): number => (t.isHeld(row) ? (row - t.first) & ROW_MASK : -1);
    for (const { update } of due.sort((a, b) => placeOf(a) - placeOf(b))) this.#tell(update);
  }

  /** Tells it where an ICMP error that the host sent came after the window of the packet that it is about. */
  #tellRefused(row: number): void {
    const t = this.#timeline;
    const said = this.#refusals.saidBy(row);
    const drop = said && this.#impacts.refused(said.quotedAs, t.timeNs(row));
    if (!drop) return;
    this.#tell(this.#updateOf(drop, { verdict: "refused", why: said.why, impact: "lost", byFrame: t.frame(row) }));
  }

  /** Tells of what was taken for lost just before the captures end. */
  #cutOff(): void {
    const why = "the capture ends before a copy could be expected";
    for (const drop of this.#impacts.cutOff((side) => this.#endNs(side)))
      this.#tell(this.#updateOf(drop, { verdict: "dropped", why, impact: "unknown" }));
  }

  #updateOf(drop: Drop, now: Judgement & { readonly impact: Impact }): Update {
    const { side, frame, flow, isSelected, impact } = drop;
    return { side, frame, flow, isSelected, ...now, before: { verdict: "dropped", impact } };
  }

  #tell(update: Update): void {
    this.#feeds[update.side].updated(update);
    this.#findings.update(update);
    if (this.#sink.wantsVerdict(update.before.verdict)) this.#sink.update(update);
  }

  #noteLoss(row: number): void {
    const t = this.#timeline;
    if (t.side(row) !== INSIDE) return;
    const slot = this.#translations.slotOf(row);
    const isFirst = slot === NONE || t.timeNs(row) < this.#translations.accounts.firstNs(slot);
    if (isFirst) this.#clashes.note(t.tuple(row), t.timeNs(row));
  }

  /** Gives the sink all pairs that no earlier packet holds up any more, and gives back what is no longer needed. */
  #show(): void {
    const t = this.#timeline;
    this.#findings.crossed();
    if (this.#updates.length > 0) this.#findDue();
    if (this.#isShowing) this.#showPairs();
    else this.#shown = this.#due;
    const end = t.isBefore(this.#shown, this.#due) ? this.#shown : this.#due;
    this.#tellUpdates(end);
    const isNoted =
      this.#errors.size > 0 || this.#datagrams.size > 0 || this.#mistimed.size > 0 || this.#likes.size > 0;
    t.dropDone(end, isNoted ? (row) => this.#forget(row) : undefined);
  }

  /** Forgets what is noted of a packet beside the timeline. */
  #forget(row: number): void {
    if (this.#errors.delete(row)) this.#refusals.forget(row);
    this.#datagrams.forget(row);
    this.#mistimed.forget(row);
    this.#likes.forget(row);
  }

  #showPairs(): void {
    const t = this.#timeline;
    for (; this.#late.length > 0 && this.#pairs < this.#options.maxPairs; this.#late.shift())
      this.#showAt(this.#late[0]);
    for (; this.#shown !== t.end && this.#pairs < this.#options.maxPairs; this.#shown = t.after(this.#shown)) {
      const state = t.state(this.#shown);
      if (state === WAITING && this.#nowNs - t.timeNs(this.#shown) <= this.#patienceNs) break;
      // behind the pair that shows it, and before the next one
      this.#tellUpdates(t.isBefore(this.#shown, this.#due) ? this.#shown : this.#due);
      if ((state === PAIRED && t.side(this.#shown) === INSIDE) || state === TURNED) this.#showAt(this.#shown);
    }
  }

  /** Shows the pair of an inside row, or of one that was turned round. */
  #showAt(row: number): void {
    if (this.#timeline.state(row) === TURNED) this.#showTurned(row);
    else this.#showPair(row);
  }

  #showTurned(before: number): void {
    const t = this.#timeline;
    const after = t.twin(before);
    const flow = this.#hairpins.flowOf(before);
    this.#pairs++;
    if (this.#sink.wantsPairs && flow !== undefined)
      this.#sink.pair(before, after, flow, true, t.timeNs(after) - t.timeNs(before));
    this.#accountTurned(before);
  }

  #showPair(inside: number): void {
    const t = this.#timeline;
    const outside = t.twin(inside);
    const isOutbound = t.isOutbound(inside);
    this.#pairs++;
    if (this.#sink.wantsPairs) {
      const gapNs = this.#groups.gapNs(inside, outside, isOutbound);
      const flow = this.#translations.flowAt(t.flow(inside));
      this.#sink.pair(inside, outside, flow, isOutbound, isOutbound ? gapNs : 0 - gapNs);
    }
    this.#account(inside, outside);
  }

  /** Accounts for a packet that was turned round, and its other form, once they were shown, or need not be. */
  #accountTurned(before: number): void {
    const t = this.#timeline;
    this.#feeds[t.sideOf(before)].paired += 2;
    for (const row of [before, t.twin(before)]) t.setState(row, DONE);
  }

  /** Accounts for a pair that was shown, or need not be, with all packets that its two stand for. */
  #account(inside: number, outside: number): void {
    const t = this.#timeline;
    const isWatched = this.#translations.accounts.isWatched(t.flow(inside));
    this.#feeds[INSIDE].paired += this.#groups.release(inside);
    this.#feeds[OUTSIDE].paired += this.#groups.release(outside);
    if (isWatched) return;
    t.release(inside);
    t.release(outside);
  }

  #coverOf(side: Side): Cover {
    const { source, hasEnded } = this.#feeds[side];
    const shiftNs = this.#shiftNs[side];
    return {
      firstNs: source.firstNs + shiftNs,
      lastNs: source.lastNs + shiftNs,
      strayNs: this.#options.strayNs[side] + shiftNs,
      hasEnded,
      isLive: source.isLive ?? false,
      gaps: this.#gaps[side],
    };
  }
}
