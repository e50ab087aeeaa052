import type { Flow } from "../packets/flows.js";
import { IS_ERROR, IS_FRAGMENT, type PacketBatch, type PacketSource, TCP } from "../packets/packets.js";
import type { Sink, Summary } from "../packets/results.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { AMBIGUOUS, DONE, PAIRED, Timeline, WAITING } from "../packets/timeline.js";
import { NONE, TupleTable } from "../packets/tuples.js";
import type { Clock } from "./clock.js";
import { Feed } from "./feed.js";
import { Findings } from "./findings.js";
import { FlowBook } from "./flow-book.js";
import { Gaps } from "./gaps.js";
import { Datagrams } from "./datagrams.js";
import { Matcher } from "./matcher.js";
import type { Pairing } from "./pairing.js";
import { Proxies } from "./proxies.js";
import { Refusals } from "./refusals.js";
import { Segments } from "./segments.js";
import { ShiftedSegments } from "./shifts.js";
import type { Standing } from "./standing.js";
import { Groups } from "./groups.js";
import { Intake } from "./intake.js";
import { type QuotedError, quotedError } from "./quotes.js";
import { Translations } from "./translations.js";
import { Versions } from "./versions.js";
import { type Cover, COVER_MARGIN_NS, Verdicts } from "./verdicts.js";

export interface RunOptions {
  windowNs: number;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time; the window if not given. */
  patienceNs?: number;
  maxPairs: number;
  onSettled?(): void;
}

/** Packets between two looks at whether there are too many idle conversations; a power of two, as row numbers wrap at one. */
const TIDY_EVERY = 1024;

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
  readonly #shifted: ShiftedSegments;
  readonly #versions: Versions;
  readonly #datagrams: Datagrams;
  readonly #groups = new Groups(this.#timeline);
  readonly #intake = new Intake(this.#timeline, this.#tuples);
  readonly #refusals: Refusals;
  readonly #proxies: Proxies;
  readonly #verdicts: Verdicts;
  readonly #findings = new Findings();
  readonly #book: FlowBook;
  readonly #names: readonly [string, string];
  readonly #cover: readonly [Cover, Cover];
  readonly #errors = new Map<number, QuotedError>();
  /** What is added to a side's stamps to place them on the timeline, nanoseconds. */
  readonly #shiftNs: readonly [number, number];
  /** When each side's capture lost frames. */
  readonly #gaps: readonly [Gaps, Gaps];
  readonly #patienceNs: number;
  #nowNs = Number.NEGATIVE_INFINITY;
  #due = 0;
  #shown = 0;
  /** Pairs found once `#shown` had passed over their inside row: to be shown next. */
  readonly #late: number[] = [];
  #pairs = 0;

  /** Both sources must have given their first batch, or ended, so that their epochs are known. */
  constructor(sources: readonly [PacketSource, PacketSource], clock: Clock, options: RunOptions, sink: Sink) {
    this.#feeds = [new Feed(sources[INSIDE]), new Feed(sources[OUTSIDE])];
    this.#clock = clock;
    this.#options = options;
    this.#patienceNs = options.patienceNs ?? options.windowNs;
    this.#gaps = [new Gaps(options.windowNs), new Gaps(options.windowNs)];
    this.#sink = sink;
    this.#shiftNs = [0, Number(sources[OUTSIDE].epochNs - sources[INSIDE].epochNs - clock.offsetNs)];
    const names = [sources[INSIDE].name, sources[OUTSIDE].name] as const;
    this.#names = names;
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
    this.#shifted = new ShiftedSegments(timeline, this.#translations, pairing);
    this.#versions = new Versions(timeline, this.#tuples, this.#translations, clock, pairing);
    this.#datagrams = new Datagrams(timeline, this.#tuples, this.#translations, pairing);
    this.#refusals = new Refusals(timeline);
    this.#proxies = new Proxies(timeline, this.#tuples, (proxied) => this.#book.link(proxied));
    this.#cover = [this.#coverOf(INSIDE), this.#coverOf(OUTSIDE)];
    this.#verdicts = new Verdicts({
      timeline,
      tuples: this.#tuples,
      translations: this.#translations,
      refusals: this.#refusals,
      segments: this.#segments,
      proxies: this.#proxies,
      errors: this.#errors,
      cover: this.#cover,
      names,
      windowNs: options.windowNs,
    });
    this.#book = new FlowBook({
      timeline,
      translations: this.#translations,
      tuples: this.#tuples,
      proxies: this.#proxies,
      findings: this.#findings,
      epochNs: epochsNs[INSIDE],
      sink,
    });
    sink.begin({
      timeline,
      tuples: this.#tuples,
      epochsNs,
      names,
      framesOf: (row) => this.#groups.framesOf(row),
      quoteOf: (row) => this.#errors.get(row),
    });
  }

  /** The side whose packets are needed next, or null where the run is over. */
  wants(): Side | null {
    if (this.#pairs >= this.#options.maxPairs) return null;
    const [inside, outside] = this.#feeds;
    // of two silent interfaces, the one that lags behind
    if (inside.isUsedUp && outside.isUsedUp)
      return inside.nextNs <= this.#onTimeline(outside.nextNs) ? INSIDE : OUTSIDE;
    if (inside.isUsedUp) return INSIDE;
    return outside.isUsedUp ? OUTSIDE : null;
  }

  /** Takes the next batch of a side; null is its end. The batch must stay as it is until the side is wanted again. */
  take(side: Side, batch: PacketBatch | null): void {
    const feed = this.#feeds[side];
    feed.take(batch);
    const cover = Object.assign(this.#cover[side], this.#coverOf(side));
    this.#gaps[side].read(feed.source.captureDropped, cover.lastNs);
    this.#gaps[side].forget(this.#nowNs - this.#options.windowNs);
  }

  /** Goes as far as both sides reach. */
  advance(): void {
    const [inside, outside] = this.#feeds;
    let insideNs = inside.nextNs;
    let outsideNs = this.#onTimeline(outside.nextNs);
    while (this.#pairs < this.#options.maxPairs) {
      const isInside = insideNs <= outsideNs;
      if ((isInside ? inside : outside).next < 0) {
        this.#pass(Math.min(insideNs, outsideNs));
        break;
      }
      if (isInside) {
        this.#admit(INSIDE, inside, insideNs);
        insideNs = inside.nextNs;
      } else {
        this.#admit(OUTSIDE, outside, outsideNs);
        outsideNs = this.#onTimeline(outside.nextNs);
      }
    }
  }

  /** Lets time go by in which neither side has packets. */
  #pass(nowNs: number): void {
    if (nowNs <= this.#nowNs || nowNs === Number.POSITIVE_INFINITY) return;
    this.#nowNs = nowNs;
    this.#settle(nowNs);
    this.#show();
  }

  /** Where the run stands, with the busiest flows, at most so many. */
  standing(mostFlows: number): Standing {
    return { flows: this.#book.busiest(mostFlows), summary: this.#summary() };
  }

  /** Ends the run: with everything settled where both sources have ended, else with what is certain by now. */
  finish(): void {
    const isComplete =
      this.#feeds[INSIDE].hasEnded && this.#feeds[OUTSIDE].hasEnded && this.#pairs < this.#options.maxPairs;
    if (isComplete) {
      this.#settle(Number.POSITIVE_INFINITY);
      this.#show();
    }
    this.#options.onSettled?.();
    this.#book.close();
    const summary = this.#summary();
    const frames = [summary.inside.frames, summary.outside.frames] as const;
    for (const finding of this.#findings.close(this.#names, frames)) this.#sink.finding(finding);
    this.#sink.end(summary);
  }

  #summary(): Summary {
    const { offsetNs, driftPpm, source } = this.#clock;
    const isAllDecided = this.#timeline.size === 0;
    return {
      inside: this.#feeds[INSIDE].summary(isAllDecided),
      outside: this.#feeds[OUTSIDE].summary(isAllDecided),
      flows: this.#translations.learnt,
      clock: { offsetNs: Number(offsetNs), driftPpm: Math.round(10 * driftPpm) / 10, source },
    };
  }

  /** An outside stamp as nanoseconds on the timeline. */
  #onTimeline(outsideStampNs: number): number {
    const timeNs = outsideStampNs + this.#shiftNs[OUTSIDE];
    return Number.isFinite(timeNs) ? timeNs - this.#clock.correctionNs(timeNs) : timeNs;
  }

  #admit(side: Side, feed: Feed, timeNs: number): void {
    const { batch, next } = feed;
    feed.advance();
    const row = this.#intake.place(side, batch, next, timeNs);
    if (batch.quote[next] >= 0) {
      const error = quotedError(batch, next);
      this.#errors.set(row, error);
      this.#refusals.admit(row, side, batch, next, error.src);
    }
    if (timeNs > this.#nowNs) this.#nowNs = timeNs;
    this.#settle(this.#nowNs);
    // counted in packets, not in batches, so that it does not matter how a source cuts those
    if (row % TIDY_EVERY === 0) this.#book.tidy(this.#nowNs);
    this.#match(row);
    this.#show();
  }

  #match(row: number): void {
    const t = this.#timeline;
    const at = row & t.mask;
    const isTcp = t.proto[at] === TCP;
    if ((t.flags[at] & IS_FRAGMENT) !== 0 && !isTcp) {
      this.#datagrams.admit(row);
      return;
    }
    this.#matcher.admit(row);
    if (t.state[at] !== WAITING) return;
    this.#versions.admit(row);
    if (!isTcp) this.#datagrams.admit(row);
    else if (this.#translations.slotOf(row) === NONE) this.#proxies.admit(row);
    else this.#shifted.admit(row);
    if (isTcp && t.payloadLength[at] > 0) this.#segments.admit(row);
  }

  #paired(inside: number, outside: number, slot: number): void {
    const t = this.#timeline;
    const i = inside & t.mask;
    const flow = this.#translations.flowAt(slot);
    const isOutbound = flow.isOutbound(t.forward[i]);
    t.outbound[i] = isOutbound ? 1 : 0;
    const gapNs = this.#groups.gapNs(inside, outside, isOutbound);
    if ((t.flags[i] & IS_ERROR) !== 0) {
      this.#refusals.forget(inside);
      this.#refusals.forget(outside);
    }
    if (t.isBefore(inside, this.#shown)) this.#late.push(inside);
    if (flow.pairs === 0) this.#begin(flow);
    this.#translations.prove(inside, outside);
    flow.pairs++;
    if (t.timeNs[i] < flow.firstNs) flow.firstNs = t.timeNs[i];
    if (t.timeNs[i] > flow.lastNs) flow.lastNs = t.timeNs[i];
    const latencyNs = isOutbound ? gapNs : -gapNs;
    (isOutbound ? flow.outbound : flow.inbound).add(latencyNs);
    (isOutbound ? this.#translations.outbound : this.#translations.inbound).add(latencyNs);
    this.#clock.observe(t.timeNs[i], gapNs, isOutbound);
    if (t.proto[i] === TCP && t.payloadLength[i] > 0) flow.noteSegment(t.forward[i], t.seq[i], t.payloadLength[i]);
  }

  #begin(flow: Flow): void {
    this.#verdicts.learn(flow);
    this.#proxies.forget(INSIDE, flow.insideTuple);
    this.#proxies.forget(OUTSIDE, flow.outsideTuple);
  }

  #pairGroup(inside: readonly number[], outside: readonly number[], slot: number, by: number, evidence: number): void {
    for (const row of [...inside, ...outside]) this.#matcher.forget(row);
    this.#groups.pair(inside, outside, slot, by, evidence);
    this.#paired(inside[0], outside[0], slot);
  }

  /** Decides about all packets whose window is over by `nowNs`. */
  #settle(nowNs: number): void {
    const t = this.#timeline;
    for (; this.#due !== t.end; this.#due = t.after(this.#due)) {
      const row = this.#due;
      const at = row & t.mask;
      if (t.state[at] !== WAITING && t.state[at] !== AMBIGUOUS) continue;
      if (nowNs - t.timeNs[at] <= this.#options.windowNs) break;
      if (t.state[at] === WAITING) this.#decide(row);
      if (t.state[at] === AMBIGUOUS) {
        this.#matcher.forget(row);
        t.state[at] = DONE;
      }
      // what is decided about later must not be told of before what this one held up
      this.#show();
    }
  }

  #decide(row: number): void {
    const t = this.#timeline;
    if (this.#datagrams.settle(row)) return;
    const undecided = this.#matcher.settle(row);
    if (undecided) {
      this.#feeds[INSIDE].ambiguous += undecided.inside.length;
      this.#feeds[OUTSIDE].ambiguous += undecided.outside.length;
      this.#findings.ambiguous();
      this.#sink.ambiguous(undecided.inside, undecided.outside, undecided.why);
      return;
    }
    const at = row & t.mask;
    if (t.state[at] !== WAITING) return;
    const hasData = t.proto[at] === TCP && t.payloadLength[at] > 0;
    if ((hasData && this.#segments.settle(row)) || this.#shifted.settle(row) || this.#versions.settle(row)) return;
    const side = t.sideOf(row);
    const { verdict, why } = this.#verdicts.judge(row);
    this.#tuples[side].unmatched[t.tuple[at]]++;
    this.#findings.unmatched(side, verdict);
    if (verdict === "dropped") this.#noteLoss(row);
    this.#feeds[side].unmatched++;
    this.#sink.unmatched(row, verdict, why);
    t.state[at] = DONE;
  }

  #noteLoss(row: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    const tuple = t.tuple[row & t.mask];
    const slot = this.#translations.slotOf(row);
    const isFirst = slot === NONE || t.timeNs[row & t.mask] < this.#translations.flowAt(slot).firstNs;
    if (isFirst) this.#tuples[side].hasLostFirst[tuple] = 1;
  }

  /** Gives the sink all pairs that no earlier packet holds up any more, and gives back what is no longer needed. */
  #show(): void {
    const t = this.#timeline;
    for (; this.#late.length > 0 && this.#pairs < this.#options.maxPairs; this.#late.shift())
      this.#showPair(this.#late[0]);
    for (; this.#shown !== t.end && this.#pairs < this.#options.maxPairs; this.#shown = t.after(this.#shown)) {
      const at = this.#shown & t.mask;
      const state = t.state[at];
      if (state === WAITING && this.#nowNs - t.timeNs[at] <= this.#patienceNs) break;
      if (state === PAIRED && t.side[at] === INSIDE) this.#showPair(this.#shown);
    }
    while (t.first !== this.#shown && t.first !== this.#due) {
      const at = t.first & t.mask;
      if (t.state[at] !== DONE) break;
      if (this.#errors.size > 0 && this.#errors.delete(t.first)) this.#refusals.forget(t.first);
      this.#datagrams.forget(t.first);
      t.drop();
    }
  }

  #showPair(inside: number): void {
    const t = this.#timeline;
    const i = inside & t.mask;
    const outside = t.twin[i];
    // asked of the timeline, not of the flow, which has left the cache by now
    const isOutbound = t.outbound[i] === 1;
    const gapNs = this.#groups.gapNs(inside, outside, isOutbound);
    this.#pairs++;
    this.#sink.pair(inside, outside, this.#translations.flowAt(t.flow[i]), isOutbound, isOutbound ? gapNs : -gapNs);
    this.#done(INSIDE, inside);
    this.#done(OUTSIDE, outside);
  }

  /** Accounts for a packet of a pair that was shown, with those it stands for. */
  #done(side: Side, row: number): void {
    this.#feeds[side].paired += this.#groups.release(row);
    this.#timeline.state[row & this.#timeline.mask] = DONE;
  }

  #coverOf(side: Side): Cover {
    const { source, hasEnded } = this.#feeds[side];
    const shiftNs = this.#shiftNs[side];
    return {
      firstNs: source.firstNs + shiftNs,
      lastNs: source.lastNs + shiftNs,
      hasEnded,
      marginNs: source.isLive ? -COVER_MARGIN_NS : COVER_MARGIN_NS,
      gaps: this.#gaps[side],
    };
  }
}
