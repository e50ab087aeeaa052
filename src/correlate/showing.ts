import { IS_COPY } from "../packets/packets.js";
import type { PairTimes } from "../packets/results/pair-times.js";
import type { Judgement, Sink } from "../packets/results/results.js";
import { INSIDE, otherSide, OUTSIDE, SIDE_NAMES } from "../packets/sides.js";
import { DONE, FOLDED, PAIRED, TURNED, WAITING } from "../packets/fates.js";
import type { SentTwice } from "./intake/sent-twice.js";
import type { Base, Notes } from "./kernel/base.js";
import type { Findings } from "./verdicts/findings.js";
import type { Shown } from "./shown.js";
import type { Groups } from "./verdicts/flows/groups.js";
import type { SideTally } from "./verdicts/side-tally.js";
import type { Teller } from "./verdicts/updates/teller.js";

/** What is shown, and where. */
export interface About extends Base {
  readonly groups: Groups;
  readonly sentTwice: SentTwice;
  readonly teller: Teller;
  readonly findings: Findings;
  readonly tallies: readonly [SideTally, SideTally];
  /** What is to be forgotten with packets. */
  readonly notes: readonly Notes[];
  readonly sink: Sink;
  /** Whether pairs, or copies, are given to the sink in order of time; else each is done with once it is found. */
  readonly isShowing: boolean;
  /** How many pairs are wanted at the most. */
  readonly maxPairs: number;
  /** Where that is some number, what notes those that were shown. */
  readonly shown: Shown | undefined;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time. */
  readonly patienceNs: number;
}

/** Gives the sink all pairs, and copies among them, that no earlier packet holds up any more, in the order of time, and gives back what is no longer needed. */
export class Showing {
  readonly #about: About;
  /** Pairs found once `shown` had passed over the row they are shown by: to be shown next. */
  readonly #late: number[] = [];
  /** How many pairs were shown, and how many were found and are to be. */
  #pairs = 0;
  #unshown = 0;
  /** Packets that their captures show once more, and that are not told of yet: the other side may show that they were sent twice. */
  readonly #copies: number[] = [];
  /** How far time has come, nanoseconds. */
  #nowNs = Number.NEGATIVE_INFINITY;

  constructor(about: About) {
    this.#about = about;
  }

  /** Whether as many pairs were shown as are wanted. */
  get isEnough(): boolean {
    return this.#pairs >= this.#about.maxPairs;
  }

  /** All before it are both shown and decided about. */
  get firstOpen(): number {
    const { shown, due } = this.#about.kernel;
    return this.#about.timeline.isBefore(shown, due) ? shown : due;
  }

  /** How many packets may be taken before the next look at whether enough pairs were shown: each of them makes at most one. */
  get mostPackets(): number {
    return Math.max(1, this.#about.maxPairs - this.#pairs - this.#unshown);
  }

  /** Takes so many pairs that the kernel found, of which it counted some instead of having them shown. It is done with all that need not be shown. */
  takeFromKernel(pairs: number, counted: number): void {
    const { isShowing, tallies } = this.#about;
    const done = isShowing ? counted : pairs;
    this.#unshown += pairs - done;
    for (const tally of tallies) tally.paired += done;
  }

  /** Takes a pair. */
  take(inside: number, outside: number): void {
    const { isShowing, kernel, groups, timeline } = this.#about;
    if (!isShowing) return this.#finish(inside, outside);
    const times = this.#times;
    if (times !== undefined) {
      const isOutbound = timeline.isOutbound(inside);
      const enteredNs = timeline.timeNs(isOutbound ? inside : outside);
      times.count(enteredNs, isOutbound, this.#latencyNs(inside, outside, isOutbound));
      return this.#finish(inside, outside);
    }
    // what a pair of several packets comes to is known by its rows alone
    if (!groups.has(inside) && !groups.has(outside)) kernel.putAway(inside, outside);
    this.#willShow(inside);
  }

  /** Takes a packet that was turned round, by the row of its form before the rewrite. */
  takeTurned(before: number): void {
    if (this.#about.isShowing) this.#willShow(before);
    else this.#finishTurned(before);
  }

  /** Takes a packet that its capture shows once more. */
  takeCopy(row: number): void {
    this.#copies.push(row);
  }

  /** Lets time go by: what it allows to be told is told before anything later is. */
  goTo(nowNs: number): void {
    this.#nowNs = nowNs;
    if (this.#copies.length > 0 && !this.#mayBeSent(this.#copies[0])) this.show();
  }

  /** Whether a packet is not to be told of yet, as one before it is not. */
  isHeld(row: number): boolean {
    return this.#copies.length > 0 && this.#about.timeline.isBefore(this.#copies[0], row);
  }

  /** Shows what can be shown by now. */
  show(): void {
    const t = this.#about.timeline;
    const { kernel, teller, isShowing } = this.#about;
    if (teller.size > 0) kernel.findDue();
    if (isShowing) this.#showPairs();
    else this.#tellCopies();
    const end = this.firstOpen;
    teller.tellBefore(end);
    t.dropDone(end, this.#forget);
  }

  /** Has forgotten what is noted of a packet. */
  readonly #forget = (row: number): void => {
    for (const each of this.#about.notes) each.forget(row);
  };

  /** Notes that the pair of an inside row, or of one that was turned round, is to be shown. */
  #willShow(row: number): void {
    this.#unshown++;
    if (this.#about.timeline.isBefore(row, this.#about.kernel.shown)) this.#late.push(row);
  }

  #showPairs(): void {
    const t = this.#about.timeline;
    const { kernel } = this.#about;
    // for a pair that is FOLDED
    t.reserve(2);
    for (; this.#late.length > 0 && !this.isEnough; this.#late.shift()) this.#showAt(this.#late[0]);
    for (; this.#passShown() !== t.end && !this.isEnough; kernel.shown = t.after(kernel.shown)) {
      const state = t.state(kernel.shown);
      if (state === WAITING && kernel.time.nowNs - t.timeNs(kernel.shown) <= this.#about.patienceNs) break;
      // behind the pair that shows it, and before the next one
      this.#about.teller.tellBefore(this.firstOpen);
      const isPaired = state === PAIRED || state === FOLDED;
      if ((isPaired && t.side(kernel.shown) === INSIDE) || state === TURNED) this.#showAt(kernel.shown);
      else if (state === DONE && (t.flags(kernel.shown) & IS_COPY) !== 0) {
        if (this.#mayBeSent(kernel.shown)) break;
        this.#tellCopy(kernel.shown);
        this.#copies.shift();
      }
    }
  }

  /** Goes on to the next row that may have to be told of, and returns it, or the timeline's end. On the way, the kernel counts pairs that nobody wants to be told of. */
  #passShown(): number {
    const { kernel } = this.#about;
    kernel.pairTimes = this.#times;
    // these were taken before
    this.takeFromKernel(0, kernel.passShown());
    return kernel.shown;
  }

  /** Where pairs are counted, once nobody wants to be told of each any more. */
  get #times(): PairTimes | undefined {
    const { sink, maxPairs } = this.#about;
    return Number.isFinite(maxPairs) ? undefined : sink.pairTimes;
  }

  /** Tells of the copies that can be told of by now, where pairs need not be shown. */
  #tellCopies(): void {
    const { kernel, timeline: t } = this.#about;
    let told = 0;
    while (told < this.#copies.length && !this.#mayBeSent(this.#copies[told])) this.#tellCopy(this.#copies[told++]);
    this.#copies.splice(0, told);
    const isHeld = this.#copies.length > 0 && t.isBefore(this.#copies[0], kernel.due);
    kernel.shown = isHeld ? this.#copies[0] : kernel.due;
  }

  /** Whether the other side may yet show that a packet that comes twice was sent twice. */
  #mayBeSent(row: number): boolean {
    return this.#nowNs - this.#about.timeline.timeNs(row) <= this.#about.sentTwice.holdNs;
  }

  #tellCopy(row: number): void {
    const t = this.#about.timeline;
    const { tallies, findings, sink } = this.#about;
    const judgement = this.#judgementOf(row);
    tallies[t.sideOf(row)].judged(judgement);
    findings.alone(row, judgement, tellsNoFlow);
    if (sink.wantsVerdict(judgement.verdict)) sink.unmatched(row, judgement);
  }

  /** What is known of a packet that comes twice, and was not sent twice for certain. */
  #judgementOf(row: number): Judgement {
    const { timeline: t, sentTwice } = this.#about;
    const side = t.sideOf(row);
    const other = otherSide(side);
    const byFrame = t.key(row) >>> 0;
    const like = t.frameText(side, byFrame);
    const there = sentTwice.takeOpen(side, t.frame(row));
    if (there === undefined) {
      const why = `${SIDE_NAMES[side]} shows packets twice: a copy of frame ${like}`;
      return { verdict: "copy", reason: "shown-twice", why, byFrame };
    }
    const why = `frame ${like} is the same just beside it, and ${SIDE_NAMES[other]} has it twice as well, the second time in frame ${t.frameText(other, there)}: each capture may show one packet twice, or it was sent twice; captures on the host itself would show each once`;
    return { verdict: "unknown", reason: "may-be-copy", why };
  }

  /** Shows the pair of an inside row, or of one that was turned round. */
  #showAt(row: number): void {
    this.#pairs++;
    this.#unshown--;
    if (this.#about.timeline.state(row) === TURNED) this.#showTurned(row);
    else this.#showPair(row);
  }

  #showTurned(before: number): void {
    const t = this.#about.timeline;
    const { sink, groups } = this.#about;
    const after = t.twin(before);
    const flow = groups.turnedFlow(before);
    if (sink.wantsPairs && flow !== undefined) sink.pair(before, after, flow, true, groups.turnedNs(before, after));
    this.#finishTurned(before);
  }

  #showPair(inside: number): void {
    const t = this.#about.timeline;
    const { sink, kernel, translations, shown } = this.#about;
    if (t.state(inside) === FOLDED) kernel.unfold(inside);
    const outside = t.twin(inside);
    shown?.note(t, inside, translations.flowAt(t.flow(inside)).id);
    if (sink.wantsPairs) {
      const isOutbound = t.isOutbound(inside);
      const latencyNs = this.#latencyNs(inside, outside, isOutbound);
      sink.pair(inside, outside, translations.flowAt(t.flow(inside)), isOutbound, latencyNs);
    }
    this.#finish(inside, outside);
  }

  /** How long a pair took, in the direction that it went. */
  #latencyNs(inside: number, outside: number, isOutbound: boolean): number {
    const gapNs = this.#about.groups.gapNs(inside, outside, isOutbound);
    return isOutbound ? gapNs : 0 - gapNs;
  }

  /** Counts a packet that was turned round, and its other form, once they were shown, or need not be. */
  #finishTurned(before: number): void {
    const t = this.#about.timeline;
    const { groups, tallies } = this.#about;
    for (const row of [before, t.twin(before)]) {
      tallies[t.sideOf(row)].paired += groups.release(row);
      t.setState(row, DONE);
    }
  }

  /** Counts a pair that was shown, or need not be, with all packets that its two stand for. */
  #finish(inside: number, outside: number): void {
    const { groups, kernel, tallies } = this.#about;
    tallies[INSIDE].paired += groups.release(inside);
    tallies[OUTSIDE].paired += groups.release(outside);
    kernel.finish(inside, outside);
  }
}

/** Nobody asks for the flow of a copy. */
function tellsNoFlow(): undefined {
  return undefined;
}
