import type { Dropped } from "../packets/results/drops.js";
import type { Judgement, Summary, Tables, Update } from "../packets/results/results.js";
import { frameKey } from "../packets/sides.js";

/** So many packets are remembered: of more, nothing becomes known. */
const MOST_REMEMBERED = 10_000;

/** What is said of a packet then. */
const STOPPED = {
  verdict: "dropped",
  reason: "rule-counts",
  impact: "unknown",
  why: "the host's rules stop it, and the counter of the one that does moved",
  before: { verdict: "unknown" },
} as const satisfies Partial<Update>;

/** Packets of which nothing tells what became of them, until rules do that stop them. */
export class Stopped {
  /** By `frameKey`. */
  readonly #open = new Map<number, Pick<Update, "side" | "frame" | "flow" | "isSelected" | "isIpv6">>();

  /** Takes a packet without a twin. */
  take(tables: Tables, row: number, { verdict }: Judgement): void {
    if (verdict !== "unknown" || this.#open.size === MOST_REMEMBERED) return;
    const { timeline } = tables;
    const [side, frame] = [timeline.sideOf(row), timeline.frame(row)];
    const flow = tables.flowOf(row);
    const [isSelected, isIpv6] = [timeline.isSelected(row), timeline.isIpv6(row)];
    this.#open.set(frameKey(side, frame), { side, frame, flow, isSelected, isIpv6 });
  }

  /** Takes it that something became known of a packet. */
  takeBack({ side, frame }: Update): void {
    this.#open.delete(frameKey(side, frame));
  }

  /** What became of those whose kind, as `kindOf` gives it by `frameKey`, rules stop. Whether a copy of any got through, nobody looked at. */
  updates(kindOf: (key: number) => Dropped | undefined, stopped: ReadonlySet<Dropped>): Update[] {
    return Array.from(this.#open)
      .filter(([key]) => {
        const kind = kindOf(key);
        return kind !== undefined && stopped.has(kind);
      })
      .map(([, packet]) => Object.assign({}, packet, STOPPED));
  }
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
