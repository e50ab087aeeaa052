import { OUTSIDE } from "../../../packets/sides.js";
import { isFromOpener } from "../../../packets/ways.js";
import type { Drop } from "../impacts/drop.js";
import { WHY_REPLACED } from "../words.js";
import type { Told } from "./told.js";

/**
 * A flow has another translation from the pair of this inside row on: the host may have taken the answers from outside that were dropped before that. This
 * is told with the pair.
 */
export function tellReplaced({ tuples, translations, impacts, teller }: Told, slot: number, row: number): void {
  if (impacts.open.isEmpty) return;
  teller.takeNews();
  const lastNs = translations.accounts.lastNs(slot);
  const isGone = (drop: Drop): boolean =>
    drop.side === OUTSIDE && drop.slot === slot && lastNs < drop.timeNs && !isFromOpener(tuples, drop.way);
  for (const drop of impacts.open.takeOut(isGone))
    teller.tellWith(row, drop, { verdict: "unknown", reason: "translation-gone", why: WHY_REPLACED });
}
