import { type LateJudgement, type Sink, type Update, wantsUpdate } from "../../../packets/results/results.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { ROW_MASK } from "../../../packets/row-words.js";
import type { Findings } from "../findings.js";
import type { Consequence, Drop, Watched } from "../impacts/drop.js";
import type { Impacts } from "../impacts/impacts.js";
import type { SideTally } from "../side-tally.js";
import { WHY_ARRIVED } from "../words.js";
import type { Revisions } from "./revisions.js";

/** What it tells of, and who has to know. */
export interface About {
  readonly timeline: Timeline;
  readonly impacts: Impacts;
  readonly revisions: readonly [Revisions, Revisions];
  readonly findings: Findings;
  readonly tallies: readonly [SideTally, SideTally];
  readonly sink: Sink;
}

/** When a packet passed, and where. */
type Spot = Pick<Watched, "side" | "way" | "timeNs">;

/** What pairs show of an earlier drop, with the pair's inside row; what the drop says may be gone by the time that it is told. */
interface Pending {
  readonly row: number;
  readonly packet: Spot;
  readonly update: Update;
}

/**
 * Tells what becomes known of packets after they were judged. What a pair shows is told once all before that pair are decided about, so that the
 * order does not depend on what else is told of. What crossed by now is taken (`takeNews`) before anything else is told.
 */
export class Teller {
  readonly #about: About;
  #pending: Pending[] = [];

  constructor(about: About) {
    this.#about = about;
  }

  /** How many updates are not told yet. */
  get size(): number {
    return this.#pending.length;
  }

  /** Takes what those that crossed show of earlier drops. */
  takeNews(): void {
    for (const { drop, consequence, row } of this.#about.impacts.news())
      this.tellWith(row, drop, judgementOf(consequence));
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
    for (const { update, packet } of due.sort((a, b) => placeOf(a) - placeOf(b))) this.#tell(update, packet.timeNs);
  }

  /** Tells what became known of a packet, and of which flow it is, … */
  tell(packet: Watched, now: LateJudgement, flow: number | undefined = packet.flow): void {
    if (mayBecome(packet, now)) this.#tell({ ...updateOf(packet, now), flow }, packet.timeNs);
  }

  /** … or does so with what the pair of an inside row shows, … */
  tellWith(row: number, packet: Watched, now: LateJudgement): void {
    if (!mayBecome(packet, now)) return;
    const { side, way, timeNs } = packet;
    this.#pending.push({ row, packet: { side, way, timeNs }, update: updateOf(packet, now) });
  }

  /** … or tells the last that there is of a drop: what pairs showed of it is not told any more. */
  tellLast(drop: Drop, now: LateJudgement): void {
    this.#about.impacts.open.close(drop);
    this.#takeUntold(drop);
    this.tell(drop, now);
  }

  /** … or that it may not be one: nothing follows from what crosses, though an error may be about it, or it may come out late. */
  tellDoubt(drop: Drop, now: LateJudgement): void {
    this.#takeUntold(drop);
    this.tell(drop, now);
    this.#about.impacts.open.keep(drop);
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

  /** Has nothing more to tell of packets of which something is so: what became of them is not known any more. */
  withdraw(isSo: (packet: Spot) => boolean): void {
    this.takeNews();
    this.#pending = this.#pending.filter(({ packet }) => !isSo(packet));
  }

  #tell(update: Update, timeNs: number): void {
    this.#about.revisions[otherSide(update.side)].update(update, timeNs);
    this.update(update);
  }

  /** Counts what became known of a packet, and tells of it. */
  update(update: Update): void {
    const { tallies, findings, sink } = this.#about;
    tallies[update.side].updated(update);
    findings.update(update);
    if (wantsUpdate(sink, update)) sink.update(update);
  }
}

function judgementOf({ isUnseen, ...consequence }: Consequence): LateJudgement {
  if (isUnseen === true) return { verdict: "unknown", reason: "forwarded-unseen", why: WHY_ARRIVED };
  const { byFrame } = consequence;
  const why = byFrame === undefined ? "a later acknowledgement covers it" : "a copy of it got through";
  return { verdict: "dropped", reason: "no-twin", why, ...consequence };
}

/** Whether what is known now may be said of a packet: what a trace shows stands, and only what it came to becomes known. */
function mayBecome({ reason }: Watched, { verdict }: LateJudgement): boolean {
  return reason !== "rule" || verdict === "dropped";
}

function updateOf(packet: Watched, now: LateJudgement): Update {
  const { side, frame, flow, isSelected, isIpv6, verdict, impact } = packet;
  packet.verdict = now.verdict;
  packet.reason = packet.reason === "rule" ? "rule" : now.reason;
  packet.impact = now.impact ?? impact;
  const before = verdict === "dropped" ? { verdict, impact } : { verdict };
  return { side, frame, flow, isSelected, isIpv6, ...now, reason: packet.reason, before };
}
