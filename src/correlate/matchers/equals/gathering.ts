import { HAS_IP_ID, HAS_PAYLOAD, isAgain } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE, otherSide, SIDES } from "../../../packets/sides.js";
import { WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { CROWD } from "../../kernel/buckets-words.js";
import { CONFLICT, goesOutbound, IMPOSSIBLE, IS_UNVOUCHED, POSSIBLE, RELATION_MASK } from "../../kernel/relations.js";
import type { About } from "../contract.js";
import type { UnderWay } from "../order/under-way.js";
import type { Sight } from "./sight.js";
import { CLAIM_LATE_POSSIBLE, claimBy, type Survey } from "./survey.js";
import { leaveUndecided, type Undecided } from "../undecided.js";

/** Gathers the packets that cannot be told apart from one that is given up, and has those know of it who go by that. */
export class Gathering {
  readonly #about: About;
  readonly #sight: Sight;
  readonly #survey: Survey;
  readonly #underWay: UnderWay;

  constructor(about: About, sight: Sight, survey: Survey, underWay: UnderWay) {
    this.#about = about;
    this.#sight = sight;
    this.#survey = survey;
    this.#underWay = underWay;
  }

  /** All packets connected with this one by possible pairs, made AMBIGUOUS; null if no packet of the other side is. */
  of(row: number): Undecided | null {
    const t = this.#about.timeline;
    const reachNs = this.#sight.nsOf(row);
    const found: [number[], number[]] = [[], []];
    if (reachNs >= 0) {
      const seen = new Set([row]);
      const timelyFor = this.#usualTwins(reachNs);
      for (const from of seen) {
        found[t.sideOf(from)].push(from);
        // one that was left undecided has been asked about all that it may be the twin of
        if (t.state(from) !== WAITING) continue;
        for (let r = this.#sight.first(from, reachNs); r !== NONE; r = this.#sight.next(from, r, reachNs))
          if (!seen.has(r) && this.#mayBeTwins(from, r, timelyFor, from === row)) seen.add(r);
      }
    } else {
      for (const side of SIDES) {
        for (let r = this.#about.buckets.oldest(t.bucket(row), side); r !== NONE; r = t.next(r)) found[side].push(r);
      }
    }
    if (found[otherSide(t.sideOf(row))].length === 0) return null;
    if (found[INSIDE].length === 1 && found[OUTSIDE].length === 1) this.#noteApart(found[INSIDE][0], found[OUTSIDE][0]);
    const undecided = leaveUndecided(t, found.flat(), this.#why(row, found));
    this.#noteLikes(undecided);
    this.#underWay.noteUndecided(undecided);
    this.#retire(undecided);
    return undecided;
  }

  /**
   * Whether two packets with one key may be twins: those that came when they usually do, or that a queue may have held up that grows; where neither
   * has a twin that came when it usually does, later ones, too. `isGivenUp`: the first is the one that all others are asked about.
   */
  #mayBeTwins(a: number, b: number, timelyFor: (row: number) => number, isGivenUp: boolean): boolean {
    const t = this.#about.timeline;
    const related = this.#survey.relate(a, b);
    if (related === IMPOSSIBLE) return false;
    if (claimBy(related) >= CLAIM_LATE_POSSIBLE) return true;
    if (this.#survey.mayBeHeldUp(a, b, related, isGivenUp ? timelyFor : undefined)) return true;
    if (this.#survey.mayBeHeldUp(b, a, related)) return true;
    if ((related & IS_UNVOUCHED) === 0) {
      if ((related & RELATION_MASK) < POSSIBLE) return false;
    } else if (Math.abs(t.timeNs(a) - t.timeNs(b)) <= this.#about.kernel.limitNs(goesOutbound(related))) return true;
    return timelyFor(a) === NONE && timelyFor(b) === NONE;
  }

  /** One that a packet may be the twin of and came when it usually does, or NONE: found out once of each, as all are asked about with all. */
  #usualTwins(reachNs: number): (row: number) => number {
    const known = new Map<number, number>();
    return (row) => {
      const timely = known.get(row) ?? this.#survey.timelyFor(row, reachNs);
      known.set(row, timely);
      return timely;
    };
  }

  /** Notes how far two are apart that nothing else contends for: nothing but that speaks against them. */
  #noteApart(inside: number, outside: number): void {
    const isOutbound = goesOutbound(this.#about.kernel.relate(inside, outside));
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    this.#about.kernel.noteUndecided(entered, left, isOutbound);
  }

  /**
   * Retires the translations of packets that are left undecided where more than one of them left by one never seen before, and none is of a
   * conversation never seen before: see `Survey.isForgotten`.
   */
  #retire({ inside, outside }: Undecided): void {
    const { timeline: t, translations } = this.#about;
    const isNew = (row: number): boolean => translations.slotOf(row) === NONE && !isAgain(t.flags(row));
    if (outside.filter(isNew).length < inside.filter(isNew).length + 2) return;
    for (const row of inside) {
      const slot = translations.slotOf(row);
      if (slot !== NONE) translations.retire(slot);
    }
  }

  /** Notes what is like packets that are left undecided: they are not settled again. */
  #noteLikes({ inside, outside }: Undecided): void {
    if (inside.length + outside.length > CROWD) return;
    for (const rows of [inside, outside]) for (const row of rows) this.#about.likes.note(row, true);
  }

  #why(row: number, [inside, outside]: readonly [readonly number[], readonly number[]]): string {
    const t = this.#about.timeline;
    const same = t.flags(row) & HAS_PAYLOAD ? "identical payloads" : "identical headers";
    const without = t.ipId(row) === 0 ? "no IP ID" : "an IP ID that others have, too";
    const id = t.flags(row) & HAS_IP_ID ? "the same IP ID" : without;
    const isUnknown = this.#about.translations.slotOf(inside[0] ?? row) === NONE;
    if (inside.length > 1 || outside.length > 1) return `${same}, ${id}, ${isUnknown ? "no known flow" : "one flow"}`;
    if (isUnknown)
      return `one candidate, but too little evidence for a translation not seen before: ${id}, no known flow`;
    if ((this.#about.kernel.relate(inside[0], outside[0]) & RELATION_MASK) === CONFLICT)
      return "one candidate, but a known translation says otherwise, and no other packet supports it";
    return `one candidate, but the time between them does not tell it from a copy sent again: ${id}, one flow`;
  }
}
