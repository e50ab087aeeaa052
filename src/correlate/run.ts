import { FlowAccounts } from "../packets/flow-accounts.js";
import type { Heap } from "../packets/heap.js";
import { type HostRules, NO_RULES } from "../packets/host-rules.js";
import { IS_COPY, IS_ERROR, IS_MISTIMED, type PacketBatch } from "../packets/packets.js";
import { CARRIED, CARRIER, RECORD_BITS } from "../packets/records.js";
import type { Sink, Summary } from "../packets/results.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { DONE, Timeline, WAITING } from "../packets/timeline.js";
import { NONE, TupleTable } from "../packets/tuples.js";
import type { Clock } from "./clock/clock.js";
import { Feed, UNKNOWN } from "./intake/feed.js";
import { Tunnels } from "./intake/tunnels.js";
import type { Intake } from "./intake/intake.js";
import { Buckets } from "./kernel/buckets.js";
import { TIDY_EVERY } from "./kernel/kernel-words.js";
import { Kernel } from "./kernel/kernel.js";
import type { Progress } from "./kernel/progress.js";
import { Translations } from "./kernel/translations.js";
import type { Notes } from "./matchers/contract.js";
import { Matchers } from "./matchers/matchers.js";
import { Pairs } from "./pairs.js";
import { Settling } from "./settling.js";
import { Showing } from "./showing.js";
import type { Standing } from "./standing.js";
import { Clashes } from "./verdicts/clashes.js";
import { Cover } from "./verdicts/cover.js";
import { Findings } from "./verdicts/findings.js";
import { FlowBook } from "./verdicts/flow-book.js";
import { Groups } from "./verdicts/groups.js";
import { Impacts } from "./verdicts/impacts.js";
import { LateLosses } from "./verdicts/late-losses.js";
import { Misses } from "./verdicts/misses.js";
import { Mistimed } from "./verdicts/mistimed.js";
import { Refusals } from "./verdicts/refusals.js";
import { Resets } from "./verdicts/resets.js";
import { SideTally } from "./verdicts/side-tally.js";
import { Updates } from "./verdicts/updates.js";
import { Verdicts } from "./verdicts/verdicts.js";

export interface RunOptions {
  windowNs: number;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time; the window if not given. */
  patienceNs?: number;
  maxPairs: number;
  heap: Heap;
  /** What the host's NAT rules say, where that is known. */
  rules?: HostRules | undefined;
  /** By side: the earliest stamp that is known to leap from those around it, nanoseconds; Infinity for none. */
  strayNs: readonly [number, number];
  /** By side: whether its capture says, at its beginning, that it counts the frames that it loses. */
  haveCounters: readonly [boolean, boolean];
  onSettled?(): void;
}

/**
 * One correlation: merges both sides by time onto the timeline, and has each packet matched, settled when its window is over (`Settling`),
 * and shown (`Showing`).
 */
export class Run {
  readonly #feeds: readonly [Feed, Feed];
  readonly #tuples: TupleTable;
  readonly #tunnels: Tunnels;
  readonly #timeline: Timeline;
  readonly #buckets: Buckets;
  readonly #clock: Clock;
  readonly #options: RunOptions;
  readonly #sink: Sink;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #matchers: Matchers;
  readonly #refusals: Refusals;
  readonly #mistimed: Mistimed;
  readonly #verdicts: Verdicts;
  readonly #impacts: Impacts;
  readonly #updates: Updates;
  readonly #lateLosses: LateLosses;
  readonly #findings: Findings;
  readonly #book: FlowBook;
  readonly #cover: readonly [Cover, Cover];
  readonly #tallies = [new SideTally(), new SideTally()] as const;
  readonly #progress: Progress;
  readonly #settling: Settling;
  readonly #showing: Showing;
  /** What brings an outside stamp to the timeline, but for the clock's correction, nanoseconds. */
  readonly #shiftNs: number;
  /** The next outside stamp on the timeline. */
  #outsideNs = Number.NEGATIVE_INFINITY;
  /** Whether all there was has been decided about. */
  #isComplete = false;

  constructor(intakes: readonly [Intake, Intake], clock: Clock, options: RunOptions, sink: Sink) {
    const {
      heap,
      windowNs,
      maxPairs,
      patienceNs = Number.POSITIVE_INFINITY,
      strayNs,
      haveCounters,
      rules = NO_RULES,
    } = options;
    const sources = [intakes[INSIDE].source, intakes[OUTSIDE].source] as const;
    const epochsNs = [sources[INSIDE].epochNs, sources[OUTSIDE].epochNs] as const;
    const names = [sources[INSIDE].name, sources[OUTSIDE].name] as const;
    const isShowing = sink.wantsPairs || Number.isFinite(maxPairs) || sink.wantsVerdict("copy");
    this.#options = options;
    this.#clock = clock;
    this.#sink = sink;
    this.#shiftNs = Number(epochsNs[OUTSIDE] - epochsNs[INSIDE] - clock.offsetNs);

    const tuples = new TupleTable(heap);
    const timeline = new Timeline(heap);
    const buckets = new Buckets(heap, timeline);
    const accounts = new FlowAccounts(heap);
    const resolutionNs = Math.max(...sources.map((source) => source.resolutionNs));
    const kernel = new Kernel({
      heap,
      timeline,
      tuples,
      buckets,
      accounts,
      clock,
      windowNs,
      resolutionNs,
      isShowing,
    });
    const translations = new Translations(accounts, timeline, tuples, kernel);
    const tunnels = new Tunnels(heap, tuples, windowNs);
    const feed = (side: Side) => new Feed(heap, side, intakes[side], tuples, tunnels);
    this.#feeds = [feed(INSIDE), feed(OUTSIDE)];
    const cover = (side: Side, shiftNs: number) =>
      new Cover(sources[side], strayNs[side], shiftNs, windowNs, (stampNs) => this.#timeOf(side, stampNs, 0));
    this.#cover = [cover(INSIDE, 0), cover(OUTSIDE, this.#shiftNs)];

    const groups = new Groups(timeline);
    const refusals = new Refusals(timeline, (...quoted) => impacts.namedLike(...quoted));
    const mistimed = new Mistimed(timeline);
    const clashes = new Clashes(accounts, tuples);
    const misses = new Misses(kernel);
    const findings = new Findings({
      heap,
      kernel,
      timeline,
      tuples,
      accounts,
      misses,
      rules,
      cover: this.#cover,
      decidedNs: (side) => (this.#isComplete ? this.#cover[side].lastNs : kernel.progress.nowNs - windowNs),
    });
    const impacts = new Impacts(timeline, tuples, accounts, kernel);
    const lateLosses = new LateLosses({ cover: this.#cover, clashes, findings, tallies: this.#tallies, sink });
    const updates = new Updates(timeline, impacts, refusals, (update, timeNs) => lateLosses.update(update, timeNs));
    const { progress } = kernel;
    const notes: Notes[] = [refusals, mistimed];
    const showing = new Showing({
      timeline,
      progress,
      translations,
      groups,
      updates,
      findings,
      tallies: this.#tallies,
      notes,
      sink,
      turnedFlowOf: (before, after) => this.#matchers.hairpins.flowOf(before, after),
      isShowing,
      maxPairs,
      patienceNs,
    });
    const pairing = new Pairs({
      timeline,
      accounts,
      buckets,
      kernel,
      groups,
      refusals,
      impacts,
      findings,
      updates,
      showing,
    });
    const matchers = new Matchers({
      heap,
      timeline,
      tuples,
      buckets,
      translations,
      kernel,
      clock,
      windowNs,
      pairing,
      mayBecome: (entered, left) => refusals.mayBeOne(entered, left),
      isNat: (address) => verdicts.isNat(address),
      link: (tuples, begin) => this.#book.link(tuples, begin),
    });
    notes.push(...matchers.notes);
    const verdicts = new Verdicts({
      timeline,
      tuples,
      buckets,
      kernel,
      translations,
      matchers,
      refusals,
      impacts,
      misses,
      resets: new Resets(timeline),
      mistimed,
      tunnels,
      cover: this.#cover,
      repeats: [intakes[INSIDE].repeats, intakes[OUTSIDE].repeats],
      windowNs,
      rules,
    });
    const book = new FlowBook({
      heap,
      timeline,
      translations,
      tuples,
      matchers,
      findings,
      impacts,
      clashes,
      epochNs: epochsNs[INSIDE],
      sink,
    });
    const settling = new Settling({
      timeline,
      tuples,
      buckets,
      kernel,
      translations,
      progress,
      matchers,
      verdicts,
      refusals,
      impacts,
      updates,
      lateLosses,
      clashes,
      findings,
      book,
      cover: this.#cover,
      tallies: this.#tallies,
      showing,
      sink,
    });
    kernel.meet({
      onFlow: (slot) => {
        verdicts.learn(accounts, slot);
        for (const tuple of [accounts.insideTuple(slot), accounts.outsideTuple(slot)]) matchers.proxies.forget(tuple);
      },
      onWanted: (row, wants) => matchers.admitLater(row, wants),
      onOverdue: (row) => settling.judgeAlone(row),
    });
    sink.begin({
      timeline,
      tuples,
      epochsNs,
      names,
      haveCounters,
      flowOf: (row) => book.flowOf(row),
      framesOf: (row) => groups.framesOf(row),
      missingOf: (row) => groups.missingOf(row),
      lengthOf: (row) => groups.lengthOf(row),
      quoteOf: (row) => refusals.errorOf(row),
      tunnelOf: (row) => tunnels.of(timeline.tunnel(row)),
    });
    this.#tuples = tuples;
    this.#tunnels = tunnels;
    this.#timeline = timeline;
    this.#buckets = buckets;
    this.#kernel = kernel;
    this.#translations = translations;
    this.#refusals = refusals;
    this.#mistimed = mistimed;
    this.#findings = findings;
    this.#impacts = impacts;
    this.#updates = updates;
    this.#lateLosses = lateLosses;
    this.#progress = progress;
    this.#showing = showing;
    this.#matchers = matchers;
    this.#verdicts = verdicts;
    this.#book = book;
    this.#settling = settling;
  }

  /** The side whose packets are needed next, or null where the run is over. */
  wants(): Side | null {
    if (this.#showing.isEnough) return null;
    const [inside, outside] = this.#feeds;
    // of two silent interfaces, the one that lags behind
    if (inside.isUsedUp && outside.isUsedUp) return inside.nextNs <= this.#onTimeline(outside) ? INSIDE : OUTSIDE;
    if (inside.isUsedUp) return INSIDE;
    return outside.isUsedUp ? OUTSIDE : null;
  }

  /** Takes the next batch of a side; null is its end. The batch must stay as it is until the side is wanted again. */
  take(side: Side, batch: PacketBatch | null): void {
    const feed = this.#feeds[side];
    // all that came longer before what was merged last has been decided about
    feed.intake.repeats.forget(feed.lastNs - 2 * this.#options.windowNs);
    feed.take(batch);
    if (side === OUTSIDE) this.#outsideNs = this.#onTimeline(feed);
    this.#cover[side].read(feed.hasEnded, feed.intake.losses.splice(0), this.#progress.nowNs);
    if (feed.hasEnded) this.#kernel.end(side, this.#timeOf(side, feed.source.lastNs, 0));
  }

  /** Goes as far as both sides reach. */
  advance(): void {
    const [inside, outside] = this.#feeds;
    while (!this.#showing.isEnough) {
      const isFurther = this.#matchers.areKeysTelling && !inside.isEmpty && !outside.isEmpty && this.#goFast();
      if (this.#showing.isEnough) break;
      const hasPassed = this.#pass();
      // what comes then is not to be taken any more, whether it is there or still to be read
      if (this.#showing.isEnough) break;
      if (hasPassed && isFurther) continue;
      const next = this.#next;
      if (this.#feeds[next].isEmpty) {
        this.#showing.show();
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
    this.#stopAtLoss(INSIDE);
    this.#stopAtLoss(OUTSIDE);
    if (inside.stop === inside.at || outside.stop === outside.at) return false;
    this.#outsideNs = kernel.run(
      inside,
      outside,
      this.#outsideNs,
      this.#shiftNs,
      this.#book.room,
      this.#showing.mostPackets,
    );
    if (outside.stop < outside.end) this.#outsideNs = this.#onTimeline(outside);
    this.#showing.takeFromLoop(kernel.pairs);
    this.#updates.takeNews();
    this.#findings.crossed();
    // where it took none, rows are given back once the next packet was taken, as they are without it
    if (t.end !== end || kernel.pairs > 0) this.#showing.show();
    return !kernel.isAtOther;
  }

  /** Has a side's packets be taken one by one once the time comes at which its capture tells of a loss. */
  #stopAtLoss(side: Side): void {
    const feed = this.#feeds[side];
    const lossNs = this.#cover[side].gaps.nextNs;
    if (lossNs === Number.POSITIVE_INFINITY) feed.stop = feed.end;
    else if (feed.stop < feed.at) {
      const { batch, end } = feed;
      feed.stop = feed.at;
      while (feed.stop < end && this.#timeOf(side, batch.stampNs(feed.stop), batch.frame(feed.stop)) <= lossNs)
        feed.stop++;
    }
  }

  /**
   * Lets time go by until a side's next packet comes, or as long as it is known that there is none. Returns false where that is
   * an ICMP error: it may tell what became of those that are due by then, and is taken before they are decided about.
   */
  #pass(): boolean {
    const next = this.#next;
    const feed = this.#feeds[next];
    const progress = this.#progress;
    if (!feed.isEmpty && (feed.batch.flags(feed.at) & IS_ERROR) !== 0) return false;
    const nextNs = next === INSIDE ? feed.nextNs : this.#outsideNs;
    // how far a capture is read at once must not matter: time goes on with packets, or by itself
    const isTime = !feed.isEmpty || feed.source.isLive === true;
    if (isTime && nextNs !== Number.POSITIVE_INFINITY) progress.goTo(nextNs);
    this.#goTo(progress.nowNs);
    return true;
  }

  /** Decides about all that is due by `nowNs`, and takes what captures tell of losses before, each when time comes to it. */
  #goTo(nowNs: number): void {
    for (let timeNs = this.#lateLosses.nextNs; timeNs < nowNs; timeNs = this.#lateLosses.nextNs) {
      this.#settling.settle(timeNs);
      this.#learnLoss();
    }
    this.#settling.settle(nowNs);
  }

  #learnLoss(): void {
    const side = this.#lateLosses.learn(this.#updates);
    this.#matchers.equals.sequences.noteMisses(side);
    this.#feeds[side].stop = UNKNOWN;
  }

  /** Where the run stands, with the busiest flows, at most so many. */
  standing(mostFlows: number): Standing {
    return { flows: this.#book.busiest(mostFlows), summary: this.#summary() };
  }

  /** Ends the run: with everything settled where both sources have ended, else with what is certain by now. */
  finish(): void {
    this.#isComplete = this.#feeds[INSIDE].hasEnded && this.#feeds[OUTSIDE].hasEnded && !this.#showing.isEnough;
    if (this.#isComplete) {
      while (this.#lateLosses.nextNs < Number.POSITIVE_INFINITY) this.#learnLoss();
      this.#settling.settle(Number.POSITIVE_INFINITY);
      this.#showing.show();
      this.#updates.tellCutOff((side) => this.#cover[side].endNs);
    }
    this.#options.onSettled?.();
    this.#tunnels.settle();
    for (const feed of this.#feeds) feed.leave();
    this.#book.close();
    const summary = this.#summary();
    const found = {
      summary,
      unfollowed: this.#impacts.unfollowed,
      pairs: this.#kernel.pairsSoFar,
      altered: this.#matchers.altered.pairs,
      tunnels: this.#tunnels.tally,
    };
    for (const finding of this.#findings.close(found)) this.#sink.finding(finding);
    this.#sink.end(summary);
  }

  #summary(): Summary {
    const { offsetNs, driftPpm, uncertaintyNs, source } = this.#clock.facts;
    const isAllDecided = this.#timeline.size === 0;
    const [inside, outside] = this.#tallies;
    const side = (of: Side) =>
      this.#tallies[of].summary(this.#feeds[of].source, this.#feeds[of].hasEnded && isAllDecided);
    return {
      inside: side(INSIDE),
      outside: side(OUTSIDE),
      verdicts: [inside.verdicts, outside.verdicts],
      impacts: [inside.impacts, outside.impacts],
      flows: this.#translations.accounts.learnt,
      clock: { offsetNs, driftPpm: Math.round(10 * driftPpm) / 10, uncertaintyNs, source },
    };
  }

  /** A stamp of a side, of this frame or of none (0), as nanoseconds on the timeline. */
  #timeOf(side: Side, stampNs: number, frame: number): number {
    return side === INSIDE ? stampNs : this.#outsideTime(stampNs, frame);
  }

  /** When the next outside packet comes, on the timeline. */
  #onTimeline({ nextNs, nextFrame }: Feed): number {
    return this.#outsideTime(nextNs, nextFrame);
  }

  /** An outside stamp, of this frame or of none (0), as nanoseconds on the timeline. */
  #outsideTime(stampNs: number, frame: number): number {
    const timeNs = stampNs + this.#shiftNs;
    return Number.isFinite(timeNs) ? timeNs - this.#clock.correctionNs(timeNs, frame) : timeNs;
  }

  /** Takes a side's next packet, which the loop leaves. */
  #admit(side: Side, feed: Feed, timeNs: number): void {
    const { batch, at } = feed;
    if (side === OUTSIDE) this.#clock.take(feed.nextNs + this.#shiftNs, feed.nextFrame);
    const tunnel = batch.tunnel(at);
    if (tunnel === CARRIED) this.#tunnels.choose(batch, at, feed.ways, timeNs);
    if (tunnel === CARRIER) this.#meetCarrier(batch, at, timeNs);
    const row = this.#append(side, batch, at, timeNs, feed.ways[at]);
    this.#tunnels.came(row);
    feed.goTo(at + 1);
    this.#mistime(row, feed);
    this.#enter(row, batch, at, timeNs);
  }

  /**
   * Takes a packet of inside that carries another one. Where that has come outside already, and was taken for the other one, it is taken back,
   * and what carried it comes in its place.
   */
  #meetCarrier(batch: PacketBatch, at: number, timeNs: number): void {
    const t = this.#timeline;
    batch.setTunnel(at, 0);
    if ((batch.flags(at) & IS_COPY) !== 0) return;
    const place = this.#tunnels.meet(batch, at, timeNs);
    if (place === NONE || !t.isWaiting(this.#tunnels.rowAt(place))) return;
    const row = this.#tunnels.rowAt(place);
    const cameNs = t.timeNs(row);
    this.#buckets.remove(row);
    this.#refusals.forget(row);
    t.setState(row, DONE);
    const carrier = this.#tunnels.carrierAt(place);
    this.#enter(this.#append(OUTSIDE, carrier.batch, place, cameNs, carrier.way), carrier.batch, place, cameNs);
  }

  /** Appends a packet of a batch to the timeline. */
  #append(side: Side, batch: PacketBatch, at: number, timeNs: number, way: number): number {
    return this.#timeline.append(side, batch.records, at << RECORD_BITS, timeNs, way);
  }

  /** Takes a packet of a batch, which was just appended. */
  #enter(row: number, batch: PacketBatch, at: number, timeNs: number): void {
    const side = this.#timeline.sideOf(row);
    const way = this.#timeline.way(row);
    const progress = this.#progress;
    const isCopy = (batch.flags(at) & IS_COPY) !== 0;
    const isFirst = this.#tuples.saw(way, timeNs);
    if (batch.quote(at) >= 0) {
      // of an error before anything it is about, only that is known
      if (isFirst) this.#tuples.setEcho(way >> 1, this.#refusals.isOfEcho(batch, at));
      this.#refusals.admit(row, side, batch, at, isCopy);
    } else if (!isCopy) this.#kernel.note(row, side, isFirst);
    if (isCopy) this.#settling.setAside(row);
    // what an error had to be taken before, and what comes so late in its capture that its own window is over
    progress.goTo(timeNs);
    this.#goTo(progress.nowNs);
    // counted in packets, not in batches, so that it does not matter how a source cuts those
    if (row % TIDY_EVERY === 0 && this.#book.tidy(progress.nowNs)) {
      this.#verdicts.forgetWays();
      this.#matchers.altered.forgetCandidates();
      for (const each of this.#feeds) each.findWays();
    }
    // a copy is none; one that comes so late in its capture that its window is over has been decided about as it came
    if (this.#timeline.state(row) === WAITING) {
      if (this.#mistimed.leapNs(row) === undefined) this.#matchers.admit(row);
      else this.#settling.judge(row);
    }
    this.#findings.crossed();
    this.#showing.show();
  }

  /** Notes it where the stamp does not tell when the packet passed: it leaps away from those around it, or from the other capture's. */
  #mistime(row: number, { intake }: Feed): void {
    const t = this.#timeline;
    const { nowNs } = this.#progress;
    if ((t.flags(row) & IS_MISTIMED) !== 0) {
      const leapNs = intake.leapNs(t.frame(row));
      intake.forgetLeap(t.frame(row));
      t.setStampNs(row, t.stampNs(row) + leapNs);
      this.#mistimed.admit(row, leapNs);
    } else if (nowNs - t.timeNs(row) > this.#options.windowNs) this.#mistimed.admit(row, t.timeNs(row) - nowNs);
  }
}
