import type { Timeline } from "../../packets/timeline.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Base } from "../kernel/base.js";
import { UNVOUCHED_SLACK_NS } from "../kernel/relations.js";
import { around } from "./behind.js";
import { contentHash } from "../../packets/content.js";

/**
 * Whether a conversation is answered where a packet of it left, and where it entered not, or by what crosses as another conversation, although answers that
 * cross are seen there. Where nothing but their time tells two packets, they may be those of strangers in step that say the same: then it is a stranger that is answered.
 */
export function isAnsweredBeyondAlone(
  { timeline: t, tuples, kernel, translations }: Base,
  inside: number,
  outside: number,
  isOutbound: boolean,
): boolean {
  if (!kernel.saysNothingOwn(inside, outside) || kernel.tally.pairsThatWent(!isOutbound) === 0) return false;
  const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
  const [back, answering] = [t.way(entered) ^ 1, t.way(left) ^ 1];
  // answers that crossed as those of another conversation, which had the port before, tell nothing
  if (!tuples.wasSeen(answering) || tuples.isProved(answering)) return false;
  if (!tuples.isProved(back)) return !tuples.wasSeen(back);
  // of a translation that is over, no answer crosses any more
  const isInUse = translations.accounts.lastNs(tuples.flow(back)) + kernel.time.windowNs > t.timeNs(entered);
  return isInUse && translations.twinWay(t.sideOf(entered), back) !== answering;
}

/** What answers something carries, and when it was seen; null where several answers carry the same. */
type Answers = Map<number, number | null>;

/**
 * Whether what answers two packets that went this way shows that they are no twins, however the clocks stand: one that leaves bounds from above how far
 * the outside clock is ahead, and its answer bounds that from below. Strangers that say the same at the same time are answered at other times.
 */
export function areAnswersAgainst(
  t: Timeline,
  kernel: Kernel,
  inside: number,
  outside: number,
  isOutbound: boolean,
): boolean {
  const gapNs = t.timeNs(outside) - t.timeNs(inside);
  const answers: readonly [Answers, Answers] = [new Map(), new Map()];
  const [first, last] = t.isBefore(inside, outside) ? [inside, outside] : [outside, inside];
  const [from, end] = around(t, first);
  for (const asked of [inside, outside]) {
    const side = t.sideOf(asked);
    const next = (row: number): number => t.firstWaitingOf(side, t.tuple(asked), row, end);
    for (
      let row = next(from);
      row !== end && t.timeNs(row) - t.timeNs(last) <= kernel.time.windowNs;
      row = next(t.after(row))
    ) {
      if (t.way(row) === t.way(asked) || t.timeNs(first) - t.timeNs(row) > kernel.time.windowNs) continue;
      const content = contentHash(t, row);
      answers[side].set(content, answers[side].has(content) ? null : t.timeNs(row));
    }
  }
  const [byInside, byOutside] = answers;
  for (const [content, insideNs] of byInside) {
    const outsideNs = byOutside.get(content);
    if (insideNs === null || outsideNs === undefined || outsideNs === null) continue;
    const againstNs = (outsideNs - insideNs - gapNs) * (isOutbound ? 1 : -1);
    if (againstNs > kernel.time.blurNs + UNVOUCHED_SLACK_NS) return true;
  }
  return false;
}
