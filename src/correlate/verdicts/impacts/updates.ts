import type { Reason } from "../../../packets/results/reasons.js";
import { IS_IPV6 } from "../../../packets/packets.js";
import type { Judgement, LateJudgement, Update } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side, otherSide } from "../../../packets/sides.js";
import { ROW_MASK } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { haveSameSource } from "../../../packets/ways.js";
import type { Base } from "../../kernel/base.js";
import { WHY_ELSEWHERE } from "../claims/elsewhere.js";
import {
  type Consequence,
  type Drop,
  errorWithinNs,
  isUnique,
  keyOf,
  mayBeAbout,
  type Naming,
  packetOf,
} from "./drop.js";
import { HeldUp } from "./held-up.js";
import type { Impacts } from "./impacts.js";
import { OpenUnknowns, type Unknown } from "./open-unknowns.js";
import type { QuotedNames } from "../claims/quoted-names.js";
import { type Answer, type Refusals, whyCut, WHY_QUOTED_ALIKE } from "../claims/refusals.js";
import { serviceOf } from "../captures/services.js";
import { isFromNear } from "../claims/hops.js";
import { WHY_TAKEN } from "../claims/taken.js";
import { seconds, WHAT_TELLS_LATE } from "../words.js";

/** What they are told by. */
interface About extends Base {
  readonly impacts: Impacts;
  readonly refusals: Refusals;
  readonly quotedNames: QuotedNames;
}

/** What pairs show of an earlier drop, with the pair's inside row. */
interface Pending {
  readonly row: number;
  readonly timeNs: number;
  readonly update: Update;
}

/**
 * What becomes known of drops after they were judged. What a pair shows is told once all before that pair are decided about, so that the
 * order does not depend on what else is told of.
 */
export class Updates {
  readonly #about: About;
  readonly unknowns = new OpenUnknowns();
  readonly #tell: (update: Update, timeNs: number) => void;
  /** By the side where they came out. */
  readonly #heldUp = [new HeldUp(), new HeldUp()] as const;
  #pending: Pending[] = [];
  readonly #crossing: Unknown[] = [];

  constructor(about: About, tell: (update: Update, timeNs: number) => void) {
    this.#about = about;
    this.#tell = tell;
  }

  /** How many are not told yet. */
  get size(): number {
    return this.#pending.length;
  }

  /** Takes what those that crossed show of earlier drops. */
  takeNews(): void {
    for (const { drop, consequence, row } of this.#about.impacts.news()) {
      this.#pending.push({ row, timeNs: drop.timeNs, update: updateOf(drop, judgementOf(consequence)) });
    }
  }

  /** Tells what pairs show that come before a row. */
  tellBefore(end: number): void {
    if (this.#pending.length === 0) return;
    const t = this.#about.timeline;
    const isDue = ({ row }: Pending): boolean => !t.isHeld(row) || t.isBefore(row, end);
    const due = this.#pending.filter(isDue);
    if (due.length === 0) return;
    this.#pending = this.#pending.filter((each) => !isDue(each));
    const placeOf = ({ row }: Pending): number => (t.isHeld(row) ? (row - t.first) & ROW_MASK : -1);
    for (const { update, timeNs } of due.sort((a, b) => placeOf(a) - placeOf(b))) this.#tell(update, timeNs);
  }

  /**
   * Looks after a packet of which nothing tells what became of it, if the host may have refused it: nothing is known by which it left there; and after one
   * that a proxy may turn out to have sent on (`isSighted`), or that did not cross here, unless its conversation turns out to (`mayCross`).
   */
  note(
    row: number,
    { verdict, reason }: Judgement,
    flow: number | undefined,
    { isSighted, mayCross }: { isSighted: boolean; mayCross: boolean },
  ): void {
    const t = this.#about.timeline;
    const slot = this.#about.translations.slotOf(row);
    if (slot !== NONE && this.#about.translations.isLeaving(row, slot)) return;
    const packet = {
      side: t.sideOf(row),
      frame: t.frame(row),
      flow,
      isSelected: t.isSelected(row),
      isIpv6: (t.flags(row) & IS_IPV6) !== 0,
      way: t.way(row),
      timeNs: t.timeNs(row),
      isExplained: slot !== NONE,
      quotedAs: this.#about.quotedNames.of(row),
      head: t.head(row),
      key: keyOf(t, row),
      proto: t.proto(row),
      isUnique: isUnique(t, row),
      said: { verdict, reason },
    };
    if (isSighted) this.unknowns.addSighted(packet);
    if (verdict !== "local" && verdict !== "elsewhere") this.unknowns.add(packet);
    if (mayCross) this.unknowns.addUncrossed(packet);
  }

  /** Has nothing more to tell of what has no twin on a side and passed between two times: what became of that is not known any more. */
  withdraw(side: Side, fromNs: number, toNs: number): void {
    this.takeNews();
    this.#pending = this.#pending.filter(
      ({ timeNs, update }) => update.side !== side || timeNs < fromNs || timeNs > toNs,
    );
    this.#about.impacts.open.withdraw(side, fromNs, toNs);
    this.unknowns.withdraw(side, fromNs, toNs);
  }

  /**
   * Tells it where an ICMP error that the host sent came after the window of the packet that it is about: the oldest that it may be about, if there are as
   * many such errors as packets; else it may be about any of them. Of packets of which nothing was known, it tells where there is one alone. `isByHost`:
   * whether the error is the host's own for certain.
   */
  tellRefused(row: number, isByHost: boolean): void {
    const said = this.#about.refusals.saidBy(row);
    if (said === undefined) return;
    const { open } = this.#about.impacts;
    const timeNs = this.#about.timeline.timeNs(row);
    // an error that quotes one fragment is about them all, whatever each carries
    const withinNs = errorWithinNs(said.reason, (this.#about.timeline.flags(row) & IS_IPV6) !== 0);
    const parts = open.named(said.datagram, { timeNs, heads: [0], withinNs });
    if (parts.length > 0) {
      for (const part of parts) this.#tellRefusedOne(part, said);
      return;
    }
    const error = { timeNs, heads: [said.head], withinNs };
    if (said.isCut) {
      this.#tellCut(row, error);
      return;
    }
    const drops = open.named(said.quotedAs, error);
    const wayBack = this.#about.timeline.way(row) ^ 1;
    const unknowns = this.unknowns.named(said.quotedAs, error).filter(({ way }) => way === wayBack);
    if (this.unknowns.isCrowded(said.quotedAs, error) || drops.length + unknowns.length > said.alike) {
      const unclear = { verdict: "unknown", reason: "may-be-refused", why: WHY_QUOTED_ALIKE } as const;
      for (const drop of drops) this.#tellLast(drop, unclear);
      return;
    }
    const [unknown] = unknowns;
    if (unknown === undefined) {
      if (drops.length > 0) this.#tellRefusedOne(drops[0], said);
      return;
    }
    this.unknowns.close(said.quotedAs);
    if (drops.length > 0 || !this.#isRefused(unknown, said, isByHost)) return;
    const { reason, why, byFrame } = said;
    this.#tellOfUnknown(unknown, { verdict: "refused", reason, why, byFrame });
  }

  /** Tells it of all drops that an error of which too little was captured may be about: those between the addresses that it quotes. */
  #tellCut(row: number, error: Naming): void {
    const { impacts, timeline: t, tuples } = this.#about;
    const wayBack = t.way(row) ^ 1;
    const mayBe = (drop: Drop): boolean =>
      drop.side === t.side(row) &&
      mayBeAbout(drop, error) &&
      haveSameSource(tuples, drop.way, wayBack) &&
      haveSameSource(tuples, drop.way ^ 1, wayBack ^ 1);
    const why = whyCut(t.frame(row));
    for (const drop of impacts.open.takeOut(mayBe))
      this.#tellLast(drop, { verdict: "unknown", reason: "cut-short", why });
  }

  #tellOfUnknown(unknown: Unknown, now: LateJudgement): void {
    const { side, frame, flow, isSelected, isIpv6, timeNs } = unknown;
    const before = { verdict: unknown.said.verdict };
    unknown.said = now;
    this.#tell({ side, frame, flow, isSelected, isIpv6, ...now, before }, timeNs);
  }

  /** Whether an error about a packet of which nothing was known says that the host refused it. */
  #isRefused({ side, isExplained }: Unknown, { isOfAddressee }: Answer, isByHost: boolean): boolean {
    // whom it is for answers what has arrived, and stands for the host outside
    if (side === INSIDE) return !isOfAddressee;
    return isExplained ? !isOfAddressee || this.#about.kernel.isTtlLowered(true) : isByHost;
  }

  #tellRefusedOne(drop: Drop, { reason, why, byFrame, isOfAddressee }: Answer): void {
    if (isOfAddressee && !this.#about.kernel.isTtlLowered(drop.side === OUTSIDE)) {
      const doubt = `${why}: the host, or who it is for, as this router keeps TTLs`;
      this.#tellLast(drop, { verdict: "unknown", reason: "may-be-refused", why: doubt, byFrame });
      return;
    }
    const impact = drop.isOpen ? "lost" : drop.impact;
    this.#tellLast(drop, { verdict: "refused", reason, why, impact, byFrame });
  }

  /** Tells the last that there is of a drop: what pairs showed of it is not told any more. */
  #tellLast(drop: Drop, now: LateJudgement): void {
    this.#about.impacts.open.close(drop);
    this.#takeUntold(drop);
    this.#tell(updateOf(drop, now), drop.timeNs);
  }

  /** Takes back what is not told yet of a drop, if there is anything. */
  #takeUntold(drop: Drop): void {
    const untold = this.#pending.find(({ update }) => update.side === drop.side && update.frame === drop.frame);
    if (untold === undefined) return;
    this.#pending = this.#pending.filter((each) => each !== untold);
    const { verdict, impact } = untold.update.before;
    drop.verdict = verdict;
    drop.impact = impact ?? drop.impact;
  }

  /**
   * Tells it where a packet without a twin is like one that entered on the other side, and was not seen to come out: it may be that, held up for longer
   * than the window; or, of one that was judged otherwise meanwhile, within that. Returns what that makes of the packet; undefined where there is none like it. `slot`: of its flow; `whyLate`: what shows that it may
   * have been late, in words.
   */
  tellHeldUp(row: number, slot: number, whyLate: string): Judgement | undefined {
    if (slot !== NONE && !this.#about.translations.isLeaving(row, slot)) return undefined;
    const t = this.#about.timeline;
    const [side, timeNs] = [t.sideOf(row), t.timeNs(row)];
    const flow = slot === NONE ? undefined : this.#about.translations.accounts.id(slot);
    this.takeNews();
    const way = this.#about.translations.twinWayOf(row);
    const late = { ...packetOf(t, row), key: keyOf(t, row), way, side, timeNs, flow };
    const drops = this.#about.impacts.open.takeLike(late, this.#about.windowNs);
    const unknown = drops.length === 0 ? this.unknowns.takeLike(late) : undefined;
    const like = drops.at(0) ?? unknown;
    if (like === undefined) return undefined;
    const heldNs = timeNs - like.timeNs;
    const leastNs = timeNs - (drops.at(-1) ?? like).timeNs;
    if (leastNs > this.#about.windowNs) this.#heldUp[side].note(timeNs, leastNs);
    const isBehind = heldNs > this.#about.windowNs;
    const held = isBehind ? `, held up; ${WHAT_TELLS_LATE}` : "";
    const why = `frame ${t.frame(row)} of ${SIDE_NAMES[side]} is like it, ${seconds(heldNs)} later, ${whyLate}: it may be this one${held}`;
    const now = { verdict: "unknown", reason: "like-untimely", why } as const;
    for (const drop of drops) {
      this.#tellLast(drop, now);
      this.#tellUnclearOf(this.#about.impacts.unclearLike(drop), drop.frame);
    }
    // of what was there within its window, its own judgement tells
    const isNews = unknown !== undefined && (isBehind || unknown.said.verdict !== now.verdict);
    if (isNews && unknown.said.reason !== now.reason) this.#tellOfUnknown(unknown, now);
    const sooner = isBehind
      ? `held up for ${seconds(heldNs)}; ${WHAT_TELLS_LATE}`
      : `which is like it, ${seconds(heldNs)} sooner`;
    return { ...now, why: `it may be frame ${like.frame} of ${SIDE_NAMES[like.side]}, ${sooner}` };
  }

  /** Tells it of drops that a packet of somebody beyond answers which left, and was not seen to enter: they had come to there. */
  tellAnswered(row: number): void {
    if (this.#about.impacts.open.isEmpty || isFromNear(this.#about.timeline, row)) return;
    this.takeNews();
    for (const drop of this.#about.impacts.answeredBy(row))
      this.#tell(updateOf(drop, { verdict: "unknown", reason: "forwarded-unseen", why: WHY_ARRIVED }), drop.timeNs);
  }

  /**
   * Tells it of what was dropped on its way to an address that others are now known to take an interface to which is not captured; and of what passed to
   * there, or from there, before the other capture began: nothing shows any more that it had not.
   */
  tellElsewhere(way: number): void {
    this.takeNews();
    const tuples = this.#about.tuples;
    const isThere = (of: number) => tuples.isSameAddress(of >> 1, (of & 1) === 0, way >> 1, (way & 1) === 0);
    this.#tellUnknown((drop) => isUnexplained(drop) && isThere(drop.way), "may-go-elsewhere", WHY_ELSEWHERE);
    for (const unknown of this.unknowns.beforeBegun()) {
      if (!isThere(unknown.way) && !isThere(unknown.way ^ 1)) continue;
      this.#tellOfUnknown(unknown, { verdict: "unknown", reason: "not-begun", why: WHY_NOT_THERE });
    }
  }

  /** Takes it that a conversation crosses: of it, packets may have been said to stay between neighbours, as they look, or to take another interface … */
  noteCrossing(tuple: number): void {
    this.#crossing.push(...this.unknowns.takeUncrossed(tuple));
  }

  /** … and tells of these, with what else is told of packets without a twin. */
  tellCrossing(): void {
    for (const unknown of this.#crossing.splice(0)) {
      const isNear = unknown.said.verdict === "local";
      const now: LateJudgement = isNear
        ? { verdict: "unknown", reason: "not-begun", why: WHY_NOT_NEAR }
        : { verdict: "unknown", reason: "forwarded-unseen", why: WHY_HERE };
      this.#tellOfUnknown(unknown, now);
    }
  }

  /**
   * Tells it of what was said of a conversation before another interface was proved to have that, as `why` says: of what was seen to be forwarded, or that a
   * filter might have kept out of the other capture, that it went there; of what nothing answers, that it may have.
   */
  tellProved(tuple: number, why: string): void {
    for (const unknown of this.unknowns.of(tuple)) {
      const { reason } = unknown.said;
      if (reason === "forwarded-unseen" || reason === "may-be-filtered")
        this.#tellOfUnknown(unknown, { verdict: "elsewhere", reason: "answered-elsewhere", why });
      if (reason === "no-answer")
        this.#tellOfUnknown(unknown, { verdict: "unknown", reason: "may-go-elsewhere", why: WHY_OTHERS_ELSEWHERE });
    }
  }

  /**
   * Tells it that a proxy sent a datagram on which was judged before that was known, or sent it itself, as far as it is still looked after. `flow`: of that
   * proxy. Returns whether it is.
   */
  tellRecognised({ side, frame }: Pick<Update, "side" | "frame">, flow: number | undefined, why: string): boolean {
    this.takeNews();
    const now = { verdict: "proxied", reason: "proxy", why } as const;
    const unknown = this.unknowns.takeSighted(side, frame);
    if (unknown !== undefined) this.#tellOfUnknown({ ...unknown, flow }, now);
    const drops = this.#about.impacts.open.takeOut((drop) => drop.side === side && drop.frame === frame);
    for (const drop of drops) this.#tell({ ...updateOf(drop, now), flow }, drop.timeNs);
    return unknown !== undefined || drops.length > 0;
  }

  /** The same of what is of a service that a proxy is now known to take on its way. */
  tellTaken(service: number): void {
    this.takeNews();
    const isOfIt = (drop: Drop) => isUnexplained(drop) && serviceOf(this.#about.tuples, drop.way >> 1) === service;
    this.#tellUnknown(isOfIt, "proxy-keeps", WHY_TAKEN);
  }

  /**
   * Takes it that a flow has another translation from the pair of this inside row on: answers from outside that were dropped before that may be what
   * the host took.
   */
  replaced(slot: number, row: number): void {
    const { open } = this.#about.impacts;
    if (open.isEmpty) return;
    this.takeNews();
    const lastNs = this.#about.translations.accounts.lastNs(slot);
    const isGone = (drop: Drop) =>
      drop.side === OUTSIDE &&
      drop.slot === slot &&
      lastNs < drop.timeNs &&
      this.#about.tuples.isOpenedByA(drop.way >> 1) !== ((drop.way & 1) === 1);
    const now = { verdict: "unknown", reason: "translation-gone", why: WHY_REPLACED } as const;
    for (const drop of open.takeOut(isGone))
      this.#pending.push({ row, timeNs: drop.timeNs, update: updateOf(drop, now) });
  }

  #tellUnknown(isSo: (drop: Drop) => boolean, reason: Reason, why: string): void {
    for (const drop of this.#about.impacts.open.takeOut(isSo))
      this.#tell(updateOf(drop, { verdict: "unknown", reason, why }), drop.timeNs);
  }

  /** Tells it of drops that a packet may be a copy of of which nothing tells whether it got through. */
  tellUnclear(row: number): void {
    this.takeNews();
    this.#tellUnclearOf(this.#about.impacts.unclear(row), this.#about.timeline.frame(row));
  }

  #tellUnclearOf(drops: readonly Drop[], frame: number): void {
    const why = `frame ${frame} may say what it said, and nothing tells whether that got through`;
    for (const drop of drops)
      this.#tell(updateOf(drop, { verdict: "dropped", reason: "no-twin", why, impact: "unknown" }), drop.timeNs);
  }

  /**
   * Tells of what may still have waited as the captures ended, as others had waited for as long; and of what was taken for lost just before that. `endNs` says
   * how far a side's capture goes.
   */
  tellCutOff(endNs: (side: Side) => number): void {
    this.takeNews();
    this.tellCrossing();
    const heldNs = (side: Side): number => this.#heldUp[otherSide(side)].longestNs(endNs(otherSide(side)));
    for (const drop of this.#about.impacts.queued((side) => endNs(otherSide(side)) - heldNs(side))) {
      const [out, held] = [SIDE_NAMES[otherSide(drop.side)], seconds(heldNs(drop.side))];
      const why = `others came to ${out} up to ${held} late just before that ended: it may have waited still; a capture that goes on for longer would tell`;
      this.#tellLast(drop, { verdict: "unknown", reason: "may-be-held-up", why });
    }
    const why = "the capture ends before a copy could be expected";
    for (const drop of this.#about.impacts.open.cutOff(endNs))
      this.#tell(updateOf(drop, { verdict: "dropped", reason: "no-twin", why, impact: "unknown" }), drop.timeNs);
  }
}

/** Why a packet that was answered is not said to be dropped, in words. */
export const WHY_ARRIVED =
  "what it carried was acknowledged or answered, and nothing of that was seen to cross: it, or a copy of it, crossed unseen";

function judgementOf({ isUnseen, ...consequence }: Consequence): LateJudgement {
  if (isUnseen === true) return { verdict: "unknown", reason: "forwarded-unseen", why: WHY_ARRIVED };
  const { byFrame } = consequence;
  const why = byFrame === undefined ? "a later acknowledgement covers it" : "a copy of it got through";
  return { verdict: "dropped", reason: "no-twin", why, ...consequence };
}

/** Why nothing follows of a packet that passed before the other capture's first frame, in words. */
const WHY_NOT_THERE =
  "the first frame of the other capture is later, and nothing of what goes to there came out behind that: it takes another interface, or that capture had not begun";

/** Why a packet is not said to stay on its link that passed before the other capture's first frame, in words. */
const WHY_NOT_NEAR = "the first frame of the other capture is later, and its conversation crosses behind that";

/** Why a packet is not said to take another interface whose conversation crosses later, in words. */
const WHY_HERE =
  "its conversation crosses behind it: it may have crossed as well, and was missed, or took another interface then";

/** Why nothing tells of a packet that nothing answered, and whose conversation takes an interface that is not captured, in words. */
const WHY_OTHERS_ELSEWHERE =
  "nothing answers it, and what follows in its conversation takes another interface: a capture there would tell whether it did";

/** Why an answer is not said to be dropped whose flow has another translation by now, in words. */
export const WHY_REPLACED =
  "what it answers has another translation behind it: the host may have forgotten its own, and taken it";

/** Whether no translation is known of what a container sent. */
function isUnexplained({ side, slot }: Pick<Drop, "side" | "slot">): boolean {
  return side === INSIDE && slot === NONE;
}

function updateOf(drop: Drop, now: LateJudgement): Update {
  const { side, frame, flow, isSelected, isIpv6, verdict, impact } = drop;
  drop.verdict = now.verdict;
  drop.impact = now.impact ?? impact;
  const before = verdict === "dropped" ? { verdict, impact } : { verdict };
  return { side, frame, flow, isSelected, isIpv6, ...now, before };
}
