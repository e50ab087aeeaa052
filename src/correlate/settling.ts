import type { Judgement, Sink } from "../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { AMBIGUOUS, DONE, WAITING } from "../packets/fates.js";
import { HAS_AMBIGUOUS, NONE } from "../packets/tuples.js";
import type { Learnt } from "./matchers/contract.js";
import type { Matchers } from "./matchers/matchers.js";
import type { Undecided } from "./matchers/undecided.js";
import type { Showing } from "./showing.js";
import type { Misses } from "./verdicts/captures/misses.js";
import type { Clashes } from "./verdicts/flows/clashes.js";
import type { Findings } from "./verdicts/findings.js";
import type { FlowBook } from "./verdicts/flows/flow-book.js";
import type { Consequence } from "./verdicts/impacts/drop.js";
import { type Decision, isUncovered, mayHaveCrossed } from "./verdicts/claim.js";
import type { QuotedNames } from "./verdicts/claims/quoted-names.js";
import type { SideTally } from "./verdicts/side-tally.js";
import type { LateComers } from "./verdicts/updates/late-comers.js";
import { unknownOf } from "./verdicts/updates/open-unknowns.js";
import { tellMayHaveRun } from "./verdicts/updates/may-have-run.js";
import { tellMissed } from "./verdicts/updates/missed.js";
import { tellShown } from "./verdicts/updates/one-way.js";
import { tellOtherWays } from "./verdicts/updates/other-ways.js";
import { tellProxied } from "./verdicts/updates/proxied.js";
import { tellRefused } from "./verdicts/updates/refused.js";
import type { Rerouted } from "./verdicts/updates/rerouted.js";
import type { Revisions } from "./verdicts/updates/revisions.js";
import type { Told } from "./verdicts/updates/told.js";
import { tellAnswered, tellCopied } from "./verdicts/updates/unseen.js";
import type { Verdicts } from "./verdicts/verdicts.js";

/** Who decides, and who has to know of it. */
export interface About extends Told, Learnt {
  readonly matchers: Matchers;
  readonly verdicts: Verdicts;
  readonly quotedNames: QuotedNames;
  readonly revisions: readonly [Revisions, Revisions];
  readonly lateComers: LateComers;
  readonly rerouted: Rerouted;
  readonly clashes: Clashes;
  readonly findings: Findings;
  readonly book: FlowBook;
  readonly misses: Misses;
  readonly tallies: readonly [SideTally, SideTally];
  readonly showing: Showing;
  readonly sink: Sink;
  /** Whether a packet is selected by what it is on the other side. */
  readonly selectsTwin: (row: number) => boolean;
}

/** Decides about packets whose window is over: a matcher finds their twin, or several that nothing tells apart, or there is none. */
export class Settling {
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
  }

  /** Decides about the packets whose window is over by `nowNs`: about all of them, unless enough pairs were shown. */
  settle(nowNs: number): void {
    const { kernel, showing } = this.#about;
    showing.goTo(nowNs);
    this.#ripen(nowNs);
    for (let row = kernel.settle(nowNs); row !== NONE && !showing.isEnough; row = kernel.settle(nowNs))
      this.#settleOne(row, nowNs);
  }

  /** Decides about the pairs that waited for an equal packet, which did not come by `nowNs`. */
  #ripen(nowNs: number): void {
    const { kernel, matchers, showing } = this.#about;
    let isAny = false;
    for (let isOver = false; !isOver; ) {
      const row = kernel.ripe(nowNs);
      showing.takeFromKernel(kernel.pairs, kernel.counted);
      isOver = row === NONE;
      if (!isOver) matchers.ripen(row);
      if (!isOver || kernel.pairs > 0) isAny = true;
    }
    // what is decided about next must not be told of before them
    if (isAny) showing.show();
  }

  /** Judges a packet that no other with its key waits for, if no matcher may find its twin, and nothing before it is to be told of first. Returns whether it did. */
  judgeAlone(row: number): boolean {
    if (this.#about.matchers.mayPair(row) || this.#about.showing.isHeld(row)) return false;
    this.judge(row);
    return true;
  }

  /** Accounts for a packet that has no twin. */
  judge(row: number): void {
    const { timeline: t, matchers, completeness, translations, verdicts, teller, lateComers } = this.#about;
    teller.takeNews();
    teller.tellBefore(row);
    if (!t.isSelected(row) && this.#about.selectsTwin(row)) t.select(row);
    const judged = verdicts.judge(row);
    const mayBeUndecided = matchers.giveUp(row);
    const isOpen = judged.verdict === "unknown" || judged.verdict === "no-overlap";
    // where nothing crossed so far, clocks may be apart as well
    const mayBeLate = isOpen && judged.reason !== "nothing-paired";
    const slot = translations.slotOf(row);
    const heldUp = mayBeLate ? lateComers.tell(row, "and has no twin") : undefined;
    const said: Decision = heldUp ?? judged;
    this.#count(row, slot, said);
    if (heldUp !== undefined && !this.#about.kernel.isToldAgain(row))
      this.#about.kernel.noteLate(t.sideOf(row) === OUTSIDE);
    else if (!mayBeUndecided && !isUncovered(said)) completeness.noteAlone(row);
    const judgement = judgementOf(said);
    const isSighted = (isOpen || said.verdict === "local") && matchers.isSighted(row);
    // until the other capture shows others that went this way
    const isDoubted = said.isDroppedElse === true && !isSighted;
    if (said.verdict === "dropped") Object.assign(judgement, this.#dropped(row, judgement));
    else if (isDoubted) this.#dropped(row, judgement);
    if (said.mayBeLostBy !== undefined) this.#reviseLater(row, judgement, said.mayBeLostBy);
    this.#tell(row, judgement);
    const isUnknown = isOpen && !isDoubted && heldUp === undefined && said.reason !== "may-be-refused";
    this.#lookAfter(row, slot, judgement, isUnknown, isSighted);
    if (isOpen) tellAnswered(this.#about, row);
    if (judged.mayHaveRun !== undefined) tellMayHaveRun(this.#about, judged.mayHaveRun);
    this.#tellOfOthers(row, said);
    t.setState(row, DONE);
  }

  /** Has those count it who keep account of what has no twin. `slot`: of its flow. */
  #count(row: number, slot: number, { reason }: Decision): void {
    const { timeline: t, tuples, translations, verdicts } = this.#about;
    if (reason === "like-untimely") verdicts.noteLike(row);
    tuples.noteUnmatched(t.tuple(row), slot !== NONE);
    if (slot !== NONE) translations.accounts.noteUnmatched(slot, t.sideOf(row));
  }

  /** Keeps what was said of a packet that a side's capture may turn out to have lost. */
  #reviseLater(row: number, judgement: Judgement, side: Side): void {
    const { timeline: t, book, cover, revisions } = this.#about;
    const packet = { side: t.sideOf(row), frame: t.frame(row), flow: book.flowOf(row), isSelected: t.isSelected(row) };
    const lacking = cover[side];
    revisions[side].note(packet, t.timeNs(row), judgement, lacking.mask(lacking.of(row)));
  }

  /** Keeps a packet of which more may become known: that it was early, or crossed after all. `slot`: of its flow. */
  #lookAfter(row: number, slot: number, judgement: Judgement, isUnknown: boolean, isSighted: boolean): void {
    const { timeline: t, translations, book, impacts, cover, unknowns } = this.#about;
    const { verdict, reason } = judgement;
    // what looks like neighbours may turn out to be forwarded, and what takes another interface to cross here
    const isNear = reason === "same-link" && t.timeNs(row) < cover[OUTSIDE].sinceNs;
    const mayCross = isNear || verdict === "elsewhere";
    const isLeaving = slot !== NONE && translations.isLeaving(row, slot);
    const isEarly = reason === "not-begun";
    const isLookedAfter = (isUnknown || isSighted || mayCross) && !isLeaving;
    if (isEarly || isLookedAfter) {
      const unknown = unknownOf(this.#about, row, judgement, book.flowOf(row));
      if (isEarly) unknowns.addEarly(unknown);
      if (isLookedAfter) unknowns.add(unknown, { isSighted, mayCross });
    }
    if (mayHaveCrossed(judgement) && !impacts.open.isEmpty) tellCopied(this.#about, row);
  }

  /** Tells what this one shows of packets that were judged before. */
  #tellOfOthers(row: number, said: Decision): void {
    tellOtherWays(this.#about, row, said);
    this.#about.rerouted.tell();
    tellProxied(this.#about);
    tellRefused(this.#about, row, said.reason === "host-error");
    tellMissed(this.#about);
    tellShown(this.#about);
  }

  /** Accounts for a packet that the capture shows once more, which has no twin of its own. */
  setAside(row: number): void {
    const { completeness, timeline: t } = this.#about;
    completeness.noteCopy(t.sideOf(row));
    t.setState(row, DONE);
    this.#about.showing.takeCopy(row);
  }

  #settleOne(row: number, nowNs: number): void {
    const { kernel, matchers, showing } = this.#about;
    const t = this.#about.timeline;
    if (t.state(row) === WAITING) this.#decide(row, nowNs);
    if (t.state(row) === AMBIGUOUS) {
      matchers.lapse(row);
      t.setState(row, DONE);
    }
    // what is decided about later must not be told of before what this one held up
    showing.show();
    kernel.due = t.after(row);
  }

  #decide(row: number, nowNs: number): void {
    this.#about.teller.tellBefore(row);
    const undecided = this.#about.matchers.settle(row, nowNs);
    if (undecided !== null) this.#leave(undecided);
    if (this.#about.timeline.state(row) === WAITING) this.judge(row);
  }

  /** Tells of packets that cannot be told apart. */
  #leave({ inside, outside, why }: Undecided): void {
    const { tuples, tallies, matchers, verdicts, teller, sink } = this.#about;
    teller.takeNews();
    tallies[INSIDE].ambiguous += inside.length;
    tallies[OUTSIDE].ambiguous += outside.length;
    for (const row of [...inside, ...outside]) {
      tuples.set(this.#about.timeline.tuple(row), HAS_AMBIGUOUS, true);
      verdicts.noteAmbiguous(row);
      tellCopied(this.#about, row);
    }
    this.#tellHeldUp(inside, outside.length);
    this.#tellHeldUp(outside, inside.length);
    matchers.leave([...inside, ...outside]);
    sink.ambiguous(inside, outside, why);
  }

  /**
   * Tells of those that may be ambiguous packets of one side, having entered long before: where more of these came out than went in, where packets
   * come out behind their window, and of one that has a single candidate: what is not certain is that it is that one.
   */
  #tellHeldUp(rows: readonly number[], others: number): void {
    if (rows.length === 0) return;
    const { timeline: t, kernel, lateComers } = this.#about;
    const more = rows.length - others;
    const mayAllBe = kernel.isQueueLong(t.side(rows[0]) === OUTSIDE) || (rows.length === 1 && others === 1);
    const late = mayAllBe ? rows : rows.slice(0, Math.max(0, more));
    for (const [at, row] of late.entries()) {
      const why =
        at < more ? "and more like it came out than had entered" : "and what else entered that is like it is ambiguous";
      lateComers.tell(row, why);
    }
  }

  #tell(row: number, judgement: Judgement): void {
    const { tallies, findings, book, sink } = this.#about;
    tallies[this.#about.timeline.sideOf(row)].judged(judgement);
    findings.alone(row, judgement, (row) => book.flowOf(row));
    if (sink.wantsVerdict(judgement.verdict)) sink.unmatched(row, judgement);
  }

  /** Takes a packet that was dropped, or that may turn out to be. Returns what is known by now of what that comes to. */
  #dropped(row: number, said: Judgement): Consequence {
    const { translations, matchers, quotedNames, impacts, book, cover } = this.#about;
    const t = this.#about.timeline;
    const side = t.sideOf(row);
    if (said.verdict === "dropped") this.#noteLoss(row);
    const flow = book.flowOf(row);
    // copies that are turned round on their own side are not followed
    if (matchers.oneForm(row)?.isBefore === true) return { impact: "unknown" };
    const quotedAs = quotedNames.ofDropped(row);
    return impacts.dropped(row, said, translations.slotOf(row), flow, quotedAs, cover[side].having(row).endNs);
  }

  /** Has it looked after whether it was the first packet of a flow: two that clash look like that. */
  #noteLoss(row: number): void {
    const { translations, clashes } = this.#about;
    const t = this.#about.timeline;
    if (t.side(row) !== INSIDE) return;
    const slot = translations.slotOf(row);
    const isFirst = slot === NONE || t.timeNs(row) < translations.accounts.firstNs(slot);
    if (isFirst) clashes.note(t.tuple(row), t.frame(row), t.timeNs(row));
    else clashes.noteOther();
  }
}

/** What is told of a decision, and kept. */
function judgementOf({ verdict, reason, why, byFrame, mtu, rule, leavesBy }: Decision): Judgement {
  const judgement: { -readonly [K in keyof Judgement]: Judgement[K] } = { verdict, reason, why };
  if (byFrame !== undefined) judgement.byFrame = byFrame;
  if (mtu !== undefined) judgement.mtu = mtu;
  if (rule !== undefined) judgement.rule = rule;
  if (leavesBy !== undefined) judgement.leavesBy = leavesBy;
  return judgement;
}
