import type { Kind } from "./drop-kinds.js";
import type { StopReason } from "../packets/results/drops.js";
import type { Summary, Update } from "../packets/results/results.js";

/** What is said of a packet that the host stops. */
const WHYS: Readonly<Record<StopReason, string>> = {
  "rule-counts": "the host's rules stop it, and the counter of the one that does moved",
  "not-forwarded": "by its settings and routes, the host forwards no such packet",
};

/** A packet of which nothing tells what became of it. */
export type Open = Pick<Update, "frame" | "flow" | "isSelected">;

/** What became of such a packet: the host stops all of its kind. Whether a copy of it got through, nobody looked at. */
export function stoppedUpdate({ side, isIpv6 }: Kind, open: Open, reason: StopReason): Update {
  const said = { verdict: "dropped", reason, impact: "unknown", why: WHYS[reason] } as const;
  return { side, isIpv6, ...open, ...said, before: { verdict: "unknown" } };
}

/** A summary that counts packets as what became of them. */
export function updated(summary: Summary, updates: readonly Update[]): Summary {
  const verdicts = [new Map(summary.verdicts[0]), new Map(summary.verdicts[1])] as const;
  const impacts = [new Map(summary.impacts[0]), new Map(summary.impacts[1])] as const;
  for (const { side, verdict, impact, before } of updates) {
    move(verdicts[side], before.verdict, verdict);
    move(impacts[side], before.impact, impact);
  }
  return { ...summary, verdicts, impacts };
}

/** Counts one less as `from`, and one more as `to`. */
function move<Of>(counts: Map<Of, number>, from: Of | undefined, to: Of | undefined): void {
  const left = from === undefined ? 0 : (counts.get(from) ?? 0) - 1;
  if (from !== undefined && left > 0) counts.set(from, left);
  else if (from !== undefined) counts.delete(from);
  if (to !== undefined) counts.set(to, (counts.get(to) ?? 0) + 1);
}
