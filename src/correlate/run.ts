import type { PacketBatch } from "../packets/batches/packet-batch.js";
import { IS_COPY, IS_ERROR, IS_MISTIMED } from "../packets/packets.js";
import { CARRIED, CARRIER, RECORD_BITS } from "../packets/records.js";
import type { Look, Sink, Summary } from "../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../packets/sides.js";
import { NO_MAC } from "../protocols/mac.js";
import { DONE, WAITING } from "../packets/fates.js";
import { IS_ECHO_ID, NONE, tupleIn } from "../packets/tuples.js";
import type { Clock } from "./clock/clock.js";
import { unmark } from "./intake/copies.js";
import { type Feed, UNKNOWN } from "./intake/feed.js";
import type { SideIntake } from "./intake/side-intake.js";
import { TIDY_EVERY } from "./kernel/kernel-words.js";
import { assemble, type Parts, type RunOptions } from "./parts.js";
import { endOf, summaryOf } from "./summing-up.js";
import { tellShown } from "./verdicts/updates/one-way.js";
import { tellNotBegun } from "./verdicts/updates/not-begun.js";
import { tellCrossing } from "./verdicts/updates/other-ways.js";
import { isAboutEcho } from "./verdicts/claims/quotes.js";

/** How a run ended. */
export interface Ending {
  readonly summary: Summary;
  /** Whether as many pairs were shown as were wanted: how far the captures were read beyond them does not matter. */
  readonly isEnough: boolean;
}

/**
 * One correlation: merges both sides by time onto the timeline, and has each packet matched, settled when its window is over (`Settling`),
 * and shown (`Showing`).
 */
export class Run {
  readonly #parts: Parts;
  readonly #options: RunOptions;
  /** The next outside stamp on the timeline. */
  #outsideNs = Number.NEGATIVE_INFINITY;
  /** Whether all there was has been decided about. */
  #isComplete = false;

  constructor(intakes: readonly [SideIntake, SideIntake], clock: Clock, options: RunOptions, sink: Sink) {
    this.#options = options;
    this.#parts = assemble(intakes, clock, options, sink, () => this.#isComplete);
  }

  /** The side whose packets are needed next, or null where the run is over. */
  wants(): Side | null {
    if (this.#parts.showing.isEnough) return null;
    const [inside, outside] = this.#parts.feeds;
    // of two silent interfaces, the one that lags behind
    if (inside.isUsedUp && outside.isUsedUp) return inside.nextNs <= this.#onTimeline(outside) ? INSIDE : OUTSIDE;
    if (inside.isUsedUp) return INSIDE;
    return outside.isUsedUp ? OUTSIDE : null;
  }

  /** Takes the next batch of a side; null is its end. The batch must stay as it is until the side is wanted again. */
  take(side: Side, batch: PacketBatch | null): void {
    const feed = this.#parts.feeds[side];
    feed.take(batch);
    // packets were looked at meanwhile that are ahead of this one
    this.#parts.kernel.time.readClock();
    if (side === OUTSIDE) this.#outsideNs = this.#onTimeline(feed);
    this.#parts.cover[side].read(feed.hasEnded, this.#parts.kernel.time.nowNs);
    if (feed.hasEnded) this.#parts.kernel.time.end(side, this.#parts.kernel.timeOf(side, feed.intake.lastNs, 0));
  }

  /** Goes as far as both sides reach. */
  advance(): void {
    const [inside, outside] = this.#parts.feeds;
    while (!this.#parts.showing.isEnough) {
      const isFurther =
        !this.#parts.survivors.isRenumberingAny && !inside.isEmpty && !outside.isEmpty && this.#goFast();
      if (this.#parts.showing.isEnough) break;
      const hasPassed = this.#pass();
      // what comes then is not to be taken any more, whether it is there or still to be read
      if (this.#parts.showing.isEnough) break;
      if (hasPassed && isFurther) continue;
      const next = this.#next;
      if (this.#parts.feeds[next].isEmpty) {
        this.#parts.showing.show();
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
    return this.#parts.feeds[INSIDE].nextNs <= this.#outsideNs ? INSIDE : OUTSIDE;
  }

  /** Takes as many packets as the loop in assembly will. Returns whether it may take more once what is due by then was decided about. */
  #goFast(): boolean {
    const t = this.#parts.timeline;
    const kernel = this.#parts.kernel;
    const [inside, outside] = this.#parts.feeds;
    const { end } = t;
    this.#stopAtLoss(INSIDE);
    this.#stopAtLoss(OUTSIDE);
    if (inside.stop === inside.at || outside.stop === outside.at) return false;
    this.#outsideNs = kernel.run(
      inside,
      outside,
      this.#outsideNs,
      this.#parts.book.room,
      this.#parts.showing.mostPackets,
    );
    if (outside.stop < outside.end) this.#outsideNs = this.#onTimeline(outside);
    this.#parts.showing.takeFromKernel(kernel.pairs, kernel.counted);
    this.#parts.teller.takeNews();
    this.#parts.findings.crossed();
    // where it took none, rows are given back once the next packet was taken, as they are without it
    if (t.end !== end || kernel.pairs > 0) this.#parts.showing.show();
    return !kernel.isAtOther;
  }

  /** Has a side's packets be taken one by one once the time comes at which its capture tells of a loss. */
  #stopAtLoss(side: Side): void {
    const feed = this.#parts.feeds[side];
    const lossNs = this.#parts.cover[side].nextLossNs;
    if (lossNs === Number.POSITIVE_INFINITY) feed.stop = feed.end;
    else if (feed.stop < feed.at) {
      const { batch, end } = feed;
      feed.stop = feed.at;
      while (
        feed.stop < end &&
        this.#parts.kernel.timeOf(side, batch.stampNs(feed.stop), batch.frame(feed.stop)) <= lossNs
      )
        feed.stop++;
    }
  }

  /**
   * Lets time go by until a side's next packet comes, or as long as it is known that there is none. Returns false where that is
   * an ICMP error: it may tell what became of those that are due by then, and is taken before they are decided about.
   */
  #pass(): boolean {
    const next = this.#next;
    const feed = this.#parts.feeds[next];
    const { kernel } = this.#parts;
    if (!feed.isEmpty && (feed.batch.flags(feed.at) & IS_ERROR) !== 0) return false;
    const nextNs = next === INSIDE ? feed.nextNs : this.#outsideNs;
    // how far a capture is read at once must not matter: time goes on with packets, or by itself
    const isTime = !feed.isEmpty || feed.intake.isLive;
    if (isTime && nextNs !== Number.POSITIVE_INFINITY) kernel.time.goTo(nextNs);
    this.#goTo(kernel.time.nowNs);
    return true;
  }

  /** Decides about all that is due by `nowNs`, and takes what captures tell of losses before, each when time comes to it. */
  #goTo(nowNs: number): void {
    for (let timeNs = this.#parts.lateLosses.nextNs; timeNs < nowNs; timeNs = this.#parts.lateLosses.nextNs) {
      this.#parts.settling.settle(timeNs);
      this.#learnLoss();
    }
    this.#parts.settling.settle(nowNs);
  }

  #learnLoss(): void {
    const side = this.#parts.lateLosses.learn();
    this.#parts.completeness.noteMisses(side);
    this.#parts.feeds[side].stop = UNKNOWN;
  }

  /** Where the run stands. */
  readonly look: Look = (at) => {
    if (at !== undefined) this.#parts.book.look(at);
    const summary = summaryOf(this.#parts, this.#options, this.#isComplete);
    if (at?.finding !== undefined)
      for (const finding of this.#parts.findings.soFar(endOf(this.#parts, summary))) at.finding(finding);
    return summary;
  };

  /** Up to when all packets are decided about, and told of: epoch nanoseconds on the inside's clock. */
  readonly decidedNs = (): bigint => {
    const { timeline, showing, kernel, epochsNs } = this.#parts;
    const { firstOpen } = showing;
    const timeNs = firstOpen === timeline.end ? kernel.time.nowNs : timeline.timeNs(firstOpen);
    return Number.isFinite(timeNs) ? epochsNs[INSIDE] + BigInt(Math.floor(timeNs)) : 0n;
  };

  /** Ends the run: with everything settled where both sources have ended, else with what is certain by now. Returns how it ended. */
  finish(): Ending {
    this.#isComplete =
      this.#parts.feeds[INSIDE].hasEnded && this.#parts.feeds[OUTSIDE].hasEnded && !this.#parts.showing.isEnough;
    if (this.#isComplete) {
      while (this.#parts.lateLosses.nextNs < Number.POSITIVE_INFINITY) this.#learnLoss();
      this.#parts.settling.settle(Number.POSITIVE_INFINITY);
      this.#parts.showing.show();
      tellCrossing(this.#parts);
      tellNotBegun(this.#parts);
      tellShown(this.#parts);
      this.#parts.rerouted.tell();
      this.#parts.lateComers.tellAtEnd();
    }
    this.#options.onSettled?.();
    this.#parts.tunnels.settle();
    for (const feed of this.#parts.feeds) feed.leave();
    this.#parts.book.close();
    const summary = summaryOf(this.#parts, this.#options, this.#isComplete);
    for (const finding of this.#parts.findings.close(endOf(this.#parts, summary))) {
      this.#options.onFinding?.(finding);
      this.#parts.sink.finding(finding);
    }
    this.#parts.sink.end(summary);
    return { summary, isEnough: this.#parts.showing.isEnough };
  }

  /** When the next outside packet comes, on the timeline. */
  #onTimeline({ nextNs, nextFrame }: Feed): number {
    return this.#parts.kernel.timeOf(OUTSIDE, nextNs, nextFrame);
  }

  /** Takes a side's next packet, which the loop leaves. */
  #admit(side: Side, feed: Feed, timeNs: number): void {
    const { batch, at } = feed;
    if (side === OUTSIDE) this.#parts.kernel.time.takeOutside(feed.nextNs, feed.nextFrame);
    const tunnel = batch.tunnel(at);
    if ((batch.flags(at) & IS_COPY) !== 0) this.#meetCopy(side, feed, timeNs);
    if (tunnel === CARRIED) this.#parts.tunnels.choose(batch, at, feed.ways, timeNs);
    if (tunnel === CARRIER) this.#meetCarrier(batch, at, timeNs);
    const row = this.#append(side, batch, at, timeNs, feed.ways[at]);
    this.#parts.tunnels.came(row);
    feed.goTo(at + 1);
    this.#mistime(row, feed);
    this.#enter(row, batch, at, timeNs);
  }

  /** Has a packet that comes twice be one of its own, where it was sent twice. What a tunnel carries is a copy if that is one. */
  #meetCopy(side: Side, { intake, batch, at }: Feed, timeNs: number): void {
    const frame = batch.frame(at);
    const doubled = intake.takeDoubled(frame);
    if (doubled === undefined || batch.tunnel(at) !== 0) return;
    const { sentTwice, kernel, completeness } = this.#parts;
    if (sentTwice.take(side, doubled, frame, timeNs)) unmark(batch, at, doubled.key);
    if (!sentTwice.isTold) completeness.noteCopy(side);
    for (const each of SIDES) kernel.setSentTwice(each, sentTwice.mayEnter(each));
  }

  /**
   * Takes a packet of inside that carries another one. Where that has come outside already, and was taken for the other one, it is taken back,
   * and what carried it comes in its place.
   */
  #meetCarrier(batch: PacketBatch, at: number, timeNs: number): void {
    const t = this.#parts.timeline;
    batch.setTunnel(at, 0);
    if ((batch.flags(at) & IS_COPY) !== 0) return;
    const place = this.#parts.tunnels.meet(batch, at, timeNs);
    if (place === NONE || !t.isWaiting(this.#parts.tunnels.rowAt(place))) return;
    const row = this.#parts.tunnels.rowAt(place);
    const cameNs = t.timeNs(row);
    this.#parts.buckets.remove(row);
    this.#parts.refusals.forget(row);
    t.setState(row, DONE);
    const carrier = this.#parts.tunnels.carrierAt(place);
    this.#enter(this.#append(OUTSIDE, carrier.batch, place, cameNs, carrier.way), carrier.batch, place, cameNs);
  }

  /** Appends a packet of a batch to the timeline. */
  #append(side: Side, batch: PacketBatch, at: number, timeNs: number, way: number): number {
    const [macFrom, macTo] = [batch.macFrom[at], batch.macTo[at]];
    return this.#parts.timeline.append(side, batch.records, at << RECORD_BITS, timeNs, way, macFrom, macTo);
  }

  /** Takes a packet of a batch, which was just appended. */
  #enter(row: number, batch: PacketBatch, at: number, timeNs: number): void {
    const side = this.#parts.timeline.sideOf(row);
    const way = this.#parts.timeline.way(row);
    const { kernel } = this.#parts;
    const isCopy = (batch.flags(at) & IS_COPY) !== 0;
    const isError = batch.quote(at) >= 0;
    // an error goes the way of an answer to the packet it quotes, and somebody else sent it
    const isFirst = this.#parts.tuples.saw(way, timeNs, isError ? NO_MAC : batch.macFrom[at]);
    if (isError) {
      // of an error before anything it is about, only that is known
      if (isFirst) this.#parts.tuples.set(tupleIn(way), IS_ECHO_ID, isAboutEcho(batch, at));
      const error = this.#parts.errors.admit(row, batch, at);
      // a copy of another one refuses nothing
      if (!isCopy) this.#parts.refusals.admit(row, batch, at, error);
    } else if (!isCopy) kernel.note(row, side, isFirst);
    if (isCopy) this.#parts.settling.setAside(row);
    // what an error had to be taken before, and what comes so late in its capture that its own window is over
    kernel.time.goTo(timeNs);
    this.#goTo(kernel.time.nowNs);
    // counted in packets, not in batches, so that it does not matter how a source cuts those
    if (row % TIDY_EVERY === 0 && this.#parts.book.tidy(kernel.time.nowNs)) {
      this.#parts.verdicts.forgetWays();
      this.#parts.unknowns.forgetWays();
      this.#parts.matchers.forgetWays();
      for (const each of this.#parts.feeds) each.findWays();
    }
    // a copy is none; one that comes so late in its capture that its window is over has been decided about as it came
    if (this.#parts.timeline.state(row) === WAITING) {
      if (this.#parts.mistimed.leapNs(row) === undefined) this.#parts.matchers.admit(row);
      else this.#parts.settling.judge(row);
    }
    this.#parts.findings.crossed();
    this.#parts.showing.show();
  }

  /** Notes it where the stamp does not tell when the packet passed: it leaps away from those around it, or from the other capture's. */
  #mistime(row: number, { intake }: Feed): void {
    const t = this.#parts.timeline;
    const { nowNs } = this.#parts.kernel.time;
    if ((t.flags(row) & IS_MISTIMED) !== 0) {
      const leapNs = intake.leapNs(t.frame(row));
      intake.forgetLeap(t.frame(row));
      t.setStampNs(row, t.stampNs(row) + leapNs);
      this.#parts.mistimed.admit(row, leapNs);
    } else if (nowNs - t.timeNs(row) > this.#options.windowNs) this.#parts.mistimed.admit(row, t.timeNs(row) - nowNs);
  }
}
