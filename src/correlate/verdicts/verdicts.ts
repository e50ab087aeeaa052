import type { FlowAccounts } from "../../packets/flows/flow-accounts.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side, otherSide } from "../../packets/sides.js";
import { DECIDED } from "../../packets/fates.js";
import { NONE } from "../../packets/tuples.js";
import { RST } from "../../protocols/tcp.js";
import { Beyond } from "./claims/beyond.js";
import { Carried } from "./captures/carried.js";
import { Claims } from "./claims/claims.js";
import { betweenContainers } from "./claims/neighbours.js";
import { Common } from "./captures/common.js";
import { Objections } from "./objections.js";
import { Elsewhere } from "./claims/elsewhere.js";
import { Filtered } from "./captures/filtered.js";
import { FlowView } from "./flows/flow-summary.js";
import type { Gap } from "./captures/gaps.js";
import type { Known } from "./known.js";
import type { Judged } from "./judged.js";
import { type Claim, type Decision, isUncovered, unknown } from "./claim.js";
import { isTtlSpent } from "./claims/hops.js";
import { Locals } from "./claims/locals.js";
import { Orphans } from "./objections/orphans.js";
import { MARGIN_NS, Reach } from "./captures/reach.js";
import { routedUnknown } from "./claims/routed.js";
import { Senders } from "./claims/senders.js";
import { Speakers } from "./claims/speakers.js";
import { StandIns } from "./claims/stand-ins.js";
import { Strangers } from "./claims/strangers.js";
import { Taken } from "./claims/taken.js";
import { Traced } from "./claims/traced.js";
import type { Unknown } from "./updates/open-unknowns.js";
import { seconds, whyLost, whyOneWay, whySpent } from "./words.js";

/**
 * So many packets without a twin must pass while the other capture is silent: a few may well be lost while there is nothing else to be
 * captured.
 */
const LEAST_ALONE = 16;
/** Where both captures are silent for longer at once, who sent what was under way has given it up, nanoseconds: that tells it no more from a clock that was set. */
const ASLEEP_NS = 30_000_000_000;
/**
 * Judges frames that found no twin. A verdict takes evidence: that a packet was dropped, of a capture that misses nothing; that it
 * is local, of who sent it. Where there is none it is unknown, and the reason says what would decide.
 */
export class Verdicts {
  readonly locals: Locals;
  readonly taken: Taken;
  readonly #known: Judged;
  readonly #senders: Senders;
  readonly #claims: Claims;
  readonly #objections: Objections;
  readonly #orphans: Orphans;
  readonly #traced: Traced | undefined;
  /** Up to when nothing vouched for the clocks, nanoseconds on the timeline: of two, nobody knows where packets stand that came out before. */
  #unvouchedNs = Number.NEGATIVE_INFINITY;
  readonly #flow: FlowView;
  /** What became of datagrams, by the list of their rows. */
  readonly #ofDatagrams = new WeakMap<readonly number[], Decision>();

  constructor(known: Known) {
    const { timeline, tuples, kernel, translations } = known;
    const locals = new Locals(timeline, tuples, kernel, known.routes);
    this.locals = locals;
    this.taken = new Taken(tuples);
    const reach = new Reach(known);
    const speakers = new Speakers(known, reach);
    const strangers = new Strangers(known, locals);
    const commonOf = () => new Common(tuples, (address) => locals.isNat(address));
    const common = [commonOf(), commonOf()] as const;
    const carried = new Carried(tuples, translations.accounts);
    this.#known = {
      ...known,
      locals,
      reach,
      strangers,
      speakers,
      beyond: new Beyond(known, locals),
      elsewhere: new Elsewhere(tuples),
      standIns: new StandIns(timeline, tuples, known.windowNs),
      carried,
      common,
      filtered: new Filtered(known, common, carried),
      taken: this.taken,
    };
    this.#senders = new Senders(timeline, tuples, speakers, common);
    this.#claims = new Claims(this.#known);
    this.#orphans = new Orphans(timeline, known.survivors);
    this.#objections = new Objections(known, this.#orphans);
    this.#traced = known.traces && new Traced(known, known.traces);
    this.#flow = new FlowView(translations.accounts, tuples, 0n);
    this.#askForFlows();
  }

  /** Notes the addresses of the flow in this slot, which was just learnt. */
  learn(accounts: FlowAccounts, slot: number): void {
    this.locals.learn(accounts, slot);
    const { beyond, common, rules } = this.#known;
    beyond.learn(accounts, slot);
    common[INSIDE].learn(accounts.insideTuple(slot));
    common[OUTSIDE].learn(accounts.outsideTuple(slot));
    rules.learn(this.#flow.of(slot));
    this.#askForFlows();
    for (const tuple of [accounts.insideTuple(slot), accounts.outsideTuple(slot)]) {
      this.#known.speakers.noteCrossing(tuple);
      this.#known.elsewhere.noteCrossing(tuple);
    }
  }

  /** Forgets what was found of ways: they are about to get another meaning. */
  forgetWays(): void {
    this.locals.forgetWays();
    this.#known.speakers.forgetWays();
    this.#known.elsewhere.forgetWays();
    this.#known.beyond.forgetWays();
    this.#known.standIns.forgetWays();
  }

  /** See `Reach.provedSince`. What goes to where others take another interface may have as well. */
  provedSince(early: readonly Unknown[], side: Side): readonly Unknown[] {
    const { reach, elsewhere } = this.#known;
    const proved = early.length === 0 ? early : reach.provedSince(early, side);
    return proved.filter(({ way }) => !elsewhere.has(way) && !elsewhere.has(way ^ 1));
  }

  /** Takes a packet that others cannot be told from: whatever its twin is, it may be what another one lacks. */
  noteAmbiguous(row: number): void {
    this.#known.strangers.note(row);
    this.#known.speakers.noteUnproved(row);
    this.noteLike(row);
  }

  /** Takes a packet that may be another one of the other side, as that is like it. */
  noteLike(row: number): void {
    this.#known.elsewhere.noteLike(this.#known.timeline.tuple(row));
  }

  /** Judges a packet whose window is over: fragments by all of their datagram, which came out, or did not, as a whole. */
  judge(row: number): Decision {
    const { timeline: t, matchers } = this.#known;
    const whole = matchers.wholeOf(row);
    if (whole === undefined || whole.length === 1) return this.#judgeOne(row);
    const told = this.#ofDatagrams.get(whole);
    if (told !== undefined) return told;
    const verdict = this.#judgeOne(whole.every((each) => t.isWaiting(each)) ? whole[0] : row);
    this.#ofDatagrams.set(whole, verdict);
    return verdict;
  }

  #judgeOne(row: number): Decision {
    const { kernel } = this.#known;
    if (kernel.time.slackNs === Number.POSITIVE_INFINITY) this.#unvouchedNs = kernel.time.nowNs;
    this.#senders.goOn();
    this.#known.strangers.note(row);
    this.#known.beyond.note(row);
    const claim = this.#claims.of(row);
    const believable = this.#believed(row, claim);
    const seen = betweenContainers(this.#known, row, believable) ?? believable;
    const believed = this.#traced === undefined ? seen : this.#traced.of(row, seen);
    const isElsewhere = believed.verdict === "elsewhere";
    const isProof = isElsewhere && this.#known.elsewhere.proveConversation(this.#known.timeline.tuple(row));
    const verdict = isProof ? { isProof, ...believed } : believed;
    if (verdict.reason === "never-entered" || this.#isOrphan(row, claim)) this.#orphans.note(row);
    const isUnseen = isUncovered(verdict) || verdict.verdict === "capture-loss" || verdict.reason === "may-be-hairpin";
    if (isUnseen) this.#known.speakers.noteUnproved(row);
    const { elsewhereWay } = claim;
    if (isUnseen || elsewhereWay === undefined) return verdict;
    if (isElsewhere) this.#known.elsewhere.prove(elsewhereWay);
    if (!this.#known.elsewhere.learn(elsewhereWay)) return verdict;
    return { elsewhereWay, ...verdict };
  }

  /** Whether a packet left by no known translation and was not seen to enter, where there are two clocks: one may have been set meanwhile. */
  #isOrphan(row: number, { reason }: Claim): boolean {
    return reason === "forwarded-unseen" && this.#known.timeline.side(row) === OUTSIDE && this.#known.clock.areTwo;
  }

  #askForFlows(): void {
    const { kernel, rules, common } = this.#known;
    kernel.tellsAll = rules.wantsFlows || common[INSIDE].isAny || common[OUTSIDE].isAny;
  }

  /** What a claim about a packet comes to, by how far the other capture is to be believed. */
  #believed(row: number, claim: Claim): Decision {
    const t = this.#known.timeline;
    const other = claim.on ?? otherSide(t.sideOf(row));
    const silent = claim.lacks === undefined ? undefined : this.#besideSilence(row, other);
    if (silent !== undefined) return silent;
    const doubt = this.#objections.of(row, other, claim);
    const mayBeLost = claim.isByAbsence === true || (claim.lacks !== undefined && claim.lacks !== "anything");
    if (doubt !== undefined || !mayBeLost) return doubt ?? this.#reckon(row, other, claim);
    const loser = this.#known.cover[other].of(row).find(({ gaps }) => gaps.mayHold(t.timeNs(row)));
    if (loser !== undefined) return { verdict: "capture-loss", reason: "frames-lost", why: whyLost(loser.name) };
    return { mayBeLostBy: other, ...this.#reckon(row, other, claim) };
  }

  /** What a packet comes to where a silence of the other capture beside it speaks against what it seems to be; undefined where none does. */
  #besideSilence(row: number, other: Side): Decision | undefined {
    const t = this.#known.timeline;
    const { cover, windowNs } = this.#known;
    // a silence is known once time has come to there: what is judged before must not lie beside it
    const marginNs = Math.min(MARGIN_NS, windowNs);
    const silences = cover[other].of(row).map(({ gaps }) => gaps.silenceAt(t.timeNs(row), marginNs));
    const silence = silences.find((each) => each !== undefined);
    if (silence === undefined) return undefined;
    const none = `no frame for ${seconds(silence.toNs - silence.fromNs)}`;
    const own = cover[t.sideOf(row)].having(row).gaps.silenceAt(t.timeNs(row), marginNs);
    if (own !== undefined && Math.min(own.toNs - own.fromNs, silence.toNs - silence.fromNs) > ASLEEP_NS)
      return unknown(
        "silence",
        `both captures have ${none} beside it: the host may have slept, or its clock was set, while it was under way`,
      );
    if (!this.#hasMissed(silence, row)) return undefined;
    const why = `${SIDE_NAMES[other]} has ${none} about then, as far as it was read: its capture may have paused or missed them, its link was dead, all took another interface, or they stand further on, out of their order`;
    // what waited for longer than the window may have come out behind the silence: a count of lost frames does not tell which of the two it was
    const mayComeLate = silence.toNs - t.timeNs(row) > windowNs;
    return mayComeLate ? unknown("silence", why) : { mayBeLostBy: other, ...unknown("silence", why) };
  }

  /**
   * Whether so much passed on the side of a packet during the other one's silence that its capture has to be doubted: a link that is
   * dead looks the same.
   */
  #hasMissed(silence: Gap, row: number): boolean {
    const t = this.#known.timeline;
    const side = t.side(row);
    let alone = ++silence.alone;
    let next = t.firstBelow(t.after(row), t.end, DECIDED);
    for (; alone < LEAST_ALONE && next !== t.end; next = t.firstBelow(t.after(next), t.end, DECIDED)) {
      if (t.timeNs(next) > silence.toNs) break;
      if (t.side(next) !== side) continue;
      if (this.#known.translations.slotOf(next) !== NONE || this.locals.of(next) === null) alone++;
    }
    return alone >= LEAST_ALONE;
  }

  /** What a claim comes to by how much the other capture misses. */
  #reckon(row: number, other: Side, claim: Claim): Decision {
    const t = this.#known.timeline;
    const { lacks, why } = claim;
    if (lacks === "exit") {
      const { misses, kernel } = this.#known;
      if (claim.verdict === "dropped" && isTtlSpent(t, row) && kernel.tally.isTtlLowered(other === OUTSIDE))
        return { verdict: "dropped", reason: "ttl-spent", why: whySpent(t, row) };
      const mayLeave = claim.verdict === "dropped" && claim.on === undefined;
      const routed = mayLeave ? routedUnknown(this.#known, row, why) : undefined;
      if (routed !== undefined) return routed;
      if (other !== t.sideOf(row) && t.timeNs(row) <= this.#unvouchedNs && this.#known.clock.areTwo)
        return unknown("clock-unknown", `${why}, but nothing told then how the clocks stand to each other`);
      if (misses.noteExit(other)) return unknown("capture-misses", `${why}, but ${misses.why(other)}`);
      // where its conversation is turned round, that was seen of others of it
      if (claim.verdict !== "dropped" || claim.on !== undefined) return claim;
      const objection = this.#objectionTo(row, other);
      if (!misses.lacksExits(other)) return objection ?? claim;
      const oneWay = unknown("one-way", `${why}, ${whyOneWay(other)}`);
      return objection === undefined ? { isDroppedElse: true, ...oneWay } : oneWay;
    }
    // what the host sends in its own name, as resets of connections that it forwards, it sends from nowhere
    if (lacks === "entry" && (t.tcpFlags(row) & RST) === 0) {
      this.#known.misses.noteEntry(other, t.frame(row), this.#known.tuples.isProved(t.way(row)));
      if (this.#known.reach.doubtBeginning(other)) return { mayHaveRun: other, ...claim };
    }
    if (lacks === "crossing") this.#known.misses.noteCrossing(other);
    return claim;
  }

  /** What speaks against it that a packet was dropped which the other capture lacks; undefined where nothing does. */
  #objectionTo(row: number, other: Side): Decision | undefined {
    const elsewhere = this.#objections.whyElsewhere(row, other);
    if (elsewhere !== undefined) return unknown("may-go-elsewhere", elsewhere);
    const common = this.#known.filtered.of(row, other);
    if (common === undefined) return undefined;
    const filtered = `${SIDE_NAMES[other]} lacks all of its kind, as ${common} there so far: a filter may have kept it out`;
    return unknown("may-be-filtered", filtered);
  }
}
