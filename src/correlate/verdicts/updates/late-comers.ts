import type { Judgement, LateJudgement } from "../../../packets/results/results.js";
import { otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import type { Learnt } from "../../matchers/contract.js";
import { packetOf, type Watched } from "../impacts/drop.js";
import { traitsOf } from "../traits.js";
import { seconds, WHAT_TELLS_LATE } from "../words.js";
import { HeldUp } from "./held-up.js";
import type { Told } from "./told.js";
import { tellCopiedBy } from "./unseen.js";

/** Who tells, and who knows what a router alters. */
type About = Told & Learnt;

/** What was held up for longer than the window, and came out after all, or may still have waited as the captures ended. */
export class LateComers {
  readonly #about: About;
  /** By the side where they came out. */
  readonly #heldUp = [new HeldUp(), new HeldUp()] as const;

  constructor(about: About) {
    this.#about = about;
  }

  /**
   * Tells of those that a packet without a twin may be, which entered on the other side, were not seen to come out and are like it: held up for longer
   * than the window; or, of one that was judged otherwise meanwhile, within that. Returns what that makes of the packet; undefined where none is like
   * it. `whyLate`: what shows that it may have been late, in words.
   */
  tell(row: number, whyLate: string): Judgement | undefined {
    const { timeline: t, translations, survivors, impacts, unknowns, teller, windowNs } = this.#about;
    const slot = translations.slotOf(row);
    if (slot !== NONE && !translations.isLeaving(row, slot)) return undefined;
    const [side, timeNs] = [t.sideOf(row), t.timeNs(row)];
    const flow = slot === NONE ? undefined : translations.accounts.id(slot);
    const way = translations.twinWayOf(row);
    const late = {
      packet: packetOf(t, row),
      key: t.key(row),
      traits: traitsOf(t, row),
      router: survivors,
      way,
      ownWay: t.way(row),
      side,
      timeNs,
      flow,
    };
    const drops = impacts.open.takeLike(late, windowNs);
    const unknown = drops.length === 0 ? unknowns.takeLike(late) : undefined;
    const like = drops.at(0) ?? unknown;
    if (like === undefined) return undefined;
    const heldNs = timeNs - like.timeNs;
    const leastNs = timeNs - (drops.at(-1) ?? like).timeNs;
    if (leastNs > windowNs) this.#heldUp[side].note(timeNs, leastNs);
    const isBehind = heldNs > windowNs;
    const laterThan = (entered: Watched): LateJudgement => {
      const tookNs = timeNs - entered.timeNs;
      const held = tookNs > windowNs ? `, held up; ${WHAT_TELLS_LATE}` : "";
      const why = `frame ${t.frameTextOf(row)} of ${SIDE_NAMES[side]} is like it, ${seconds(tookNs)} later, ${whyLate}: it may be this one${held}`;
      return { verdict: "unknown", reason: "like-untimely", why };
    };
    for (const drop of drops) {
      teller.tellLast(drop, laterThan(drop));
      tellCopiedBy(this.#about, drop);
    }
    // of what was there within its window, its own judgement tells
    const isNews = unknown !== undefined && (isBehind || unknown.verdict !== "unknown");
    if (isNews && unknown.reason !== "like-untimely") teller.tell(unknown, laterThan(unknown));
    const sooner = isBehind
      ? `held up for ${seconds(heldNs)}; ${WHAT_TELLS_LATE}`
      : `which is like it, ${seconds(heldNs)} sooner`;
    return {
      verdict: "unknown",
      reason: "like-untimely",
      why: `it may be frame ${t.frameText(like.side, like.frame)} of ${SIDE_NAMES[like.side]}, ${sooner}`,
    };
  }

  /**
   * Tells of what may still have waited as the captures ended, as others had waited for as long; and of what was taken for lost just before that: no copy
   * could be expected by then.
   */
  tellAtEnd(): void {
    const { impacts, teller, cover } = this.#about;
    teller.takeNews();
    const heldNs = (side: Side): number => this.#heldUp[otherSide(side)].longestNs(cover[otherSide(side)].endNs);
    for (const drop of impacts.queued((side) => cover[otherSide(side)].endNs - heldNs(side))) {
      const [out, held] = [SIDE_NAMES[otherSide(drop.side)], seconds(heldNs(drop.side))];
      const why = `others came to ${out} up to ${held} late just before that ended: it may have waited still; a capture that goes on for longer would tell`;
      teller.tellLast(drop, { verdict: "unknown", reason: "may-be-held-up", why });
    }
    const why = "the capture ends before a copy could be expected";
    for (const drop of impacts.open.cutOff((side) => cover[side].endNs))
      teller.tell(drop, { verdict: "dropped", reason: "no-twin", why, impact: "unknown" });
  }
}
