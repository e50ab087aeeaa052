import { Few } from "../../packets/results/few.js";
import type { Captured, Published, PublishedUse } from "../../packets/results/published.js";
import type { Verdict } from "../../packets/results/verdicts.js";

/** How many packets to a port never got to the container, or nobody knows. */
export class Failures {
  taken = 0;
  dropped = 0;
  refused = 0;
  unknown = 0;

  /** Takes a packet, or takes it back. */
  note(verdict: Verdict, by: 1 | -1): void {
    if (verdict === "local") this.taken += by;
    else if (verdict === "dropped" || verdict === "refused") this[verdict] += by;
    else if (verdict === "unknown" || verdict === "no-overlap" || verdict === "capture-loss") this.unknown += by;
  }
}

/** Whether who called is behind a captured interface of the inside, or behind one that is not captured; undefined where nothing tells. */
export type Origin = "inside" | "elsewhere" | undefined;

const FROM = { inside: "fromInside", elsewhere: "fromElsewhere", untold: "fromUntold" } as const;

/** What went through each port so far. */
export class Uses {
  readonly #uses = new Map<Published, Use>();

  of(published: Published): Use {
    const use = this.#uses.get(published) ?? new Use(published);
    this.#uses.set(published, use);
    return use;
  }

  /** The same, to be counted on by itself. */
  copy(): Uses {
    const copy = new Uses();
    for (const [published, use] of this.#uses) copy.#uses.set(published, use.copy());
    return copy;
  }
}

/** What went through a port so far. */
export class Use {
  readonly #published: Published;
  readonly flows = new Few<number>();
  proxied = 0;
  /** Flows, and lone packets that would have opened one, which may have gone through it: it may have been another container's. */
  unclear = 0;
  unheld = 0;
  misplaced = 0;
  fromInside = 0;
  fromInsideUnclear = 0;
  fromElsewhere = 0;
  fromElsewhereUnclear = 0;
  fromUntold = 0;
  fromUntoldUnclear = 0;
  fromHost = 0;
  proxiedFromHost = 0;
  fromHostUnclear = 0;
  refusedInside = 0;
  /** Of what would have opened a conversation; and of each flow. */
  readonly failures = [new Failures()];
  /** Packets by the rule that could have dropped them, and how many of these were not seen to be dropped; and how many of all were refused. */
  readonly closedBy = new Map<string, { count: number; unseen: number }>();
  refusedByRules = 0;

  constructor(published: Published) {
    this.#published = published;
  }

  /** The same, to be counted on by itself; but for rules, which are told at the end. */
  copy(): Use {
    const flows = new Few<number>();
    flows.addAll(this.flows);
    return Object.assign(new Use(this.#published), this, { flows, failures: [...this.failures] });
  }

  /** Counts a conversation that was seen inside alone. `isCertain`: whether it is known to have called this port. */
  noteArrived(origin: Origin, isCertain: boolean): void {
    const from = FROM[origin ?? "untold"];
    if (isCertain) this[from]++;
    else this[`${from}Unclear`]++;
  }

  sum(captured: Captured): PublishedUse {
    const { flows, failures, refusedByRules, closedBy: rules, ...counts } = this;
    const closedBy = Array.from(rules, ([rule, { count, unseen }]) => ({
      rule,
      count,
      ...(unseen > 0 && { unseen }),
    }));
    const dropped = failures.reduce((sum, { dropped }) => sum + dropped, 0);
    const unknown = failures.reduce((sum, { unknown }) => sum + unknown, 0);
    const byRules = closedBy.reduce((sum, { count }) => sum + count, 0) - refusedByRules;
    return {
      ...this.#published,
      captured,
      ...counts,
      translated: flows.count - counts.proxied,
      flows: flows.listed,
      taken: failures[0].taken,
      dropped,
      refused: failures.reduce((sum, { refused }) => sum + refused, 0),
      unknown,
      untold: Math.min(unknown, Math.max(0, dropped + unknown - byRules)),
      closedBy,
    };
  }
}
