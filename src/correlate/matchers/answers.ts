import { INSIDE } from "../../packets/sides.js";
import { type Timeline, WAITING } from "../../packets/timeline.js";
import type { Kernel } from "../kernel/kernel.js";
import { UNVOUCHED_SLACK_NS } from "../kernel/relations.js";
import { behind, LOOK_AROUND } from "./behind.js";
import { contentHash } from "./content.js";

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
  const note = (row: number): void => {
    if (t.state(row) !== WAITING) return;
    const side = t.sideOf(row);
    const asked = side === INSIDE ? inside : outside;
    if (t.tuple(row) !== t.tuple(asked) || t.way(row) === t.way(asked)) return;
    const content = contentHash(t, row);
    answers[side].set(content, answers[side].has(content) ? null : t.timeNs(row));
  };
  const [first, last] = t.isBefore(inside, outside) ? [inside, outside] : [outside, inside];
  for (const row of behind(t, first)) {
    if (t.timeNs(row) - t.timeNs(last) > kernel.windowNs) break;
    note(row);
  }
  let row = first;
  for (let n = 0; n < LOOK_AROUND && row !== t.first && t.timeNs(first) - t.timeNs(row) <= kernel.windowNs; n++) {
    row = t.before(row, 1);
    note(row);
  }
  const [byInside, byOutside] = answers;
  for (const [content, insideNs] of byInside) {
    const outsideNs = byOutside.get(content);
    if (insideNs === null || outsideNs === undefined || outsideNs === null) continue;
    const againstNs = (outsideNs - insideNs - gapNs) * (isOutbound ? 1 : -1);
    if (againstNs > kernel.blurNs + UNVOUCHED_SLACK_NS) return true;
  }
  return false;
}
