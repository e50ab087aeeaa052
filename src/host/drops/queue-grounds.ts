import type { Dropped } from "../../packets/results/drops.js";
import { FILTERS } from "../snapshot/ip.js";
import type { Between } from "./between.js";
import { type Ground, packetsIn } from "./ground.js";
import type { Ways } from "./ways.js";

/** Both that `tc` counts, and conntrack's `drop`, are told apart by it. */
const COUNTER = "qdisc drops";

/** What a queue dropped, and the packets that may be among it. */
interface Queued {
  readonly dev: string;
  readonly kind: string;
  readonly moved: number;
  readonly kinds: Dropped[];
}

/**
 * What dropped packets between the captures of two interfaces, by its own counter: the queue of the one that they were to leave by, or tc's filters there, before a capture shows
 * them; or tc's filters of the one that they came by, behind its capture (net/core/dev.c, __dev_queue_xmit and __netif_receive_skb_core).
 */
export class QueueGrounds {
  readonly #between: Between;
  readonly #ways: Ways;

  constructor(between: Between, ways: Ways) {
    this.#between = between;
    this.#ways = ways;
  }

  /** `dropped`: those that nothing else certainly dropped. A queue that dropped fewer than these are is no ground: `doubts` are such, in words. */
  of(dropped: readonly Dropped[]): { readonly grounds: Ground[]; readonly doubts: string[] } {
    const found = this.#found(dropped);
    return {
      grounds: found.filter(hasAll).map(groundOf),
      doubts: found
        .filter((each) => !hasAll(each))
        .map((each) => `${nameOf(each)} dropped ${each.moved}, and not more than some of them`),
    };
  }

  #found(dropped: readonly Dropped[]): Queued[] {
    const found = new Map<string, Queued>();
    for (const kind of dropped) {
      const leaving = this.#between.queues(this.#ways.leavesBy(kind));
      const entering = this.#between.queues(this.#ways.cameBy(kind)).filter((each) => FILTERS.has(each.kind));
      for (const { dev, kind: of, handle, moved } of [...leaving, ...entering]) {
        const key = `${dev} ${of} ${handle}`;
        const queued = found.get(key) ?? { dev, kind: of, moved, kinds: [] };
        queued.kinds.push(kind);
        found.set(key, queued);
      }
    }
    return [...found.values()];
  }
}

function hasAll({ moved, kinds }: Queued): boolean {
  return moved >= packetsIn(kinds);
}

function groundOf(queued: Queued): Ground {
  const { dev, moved, kinds } = queued;
  const others = moved - packetsIn(kinds);
  return {
    code: "drop-queue",
    kinds,
    isCertain: false,
    text: `they may be among the ${moved} that ${nameOf(queued)} dropped meanwhile${others > 0 ? `, ${others} of them others` : ""}`,
    hint: `tc -s qdisc show dev ${dev} shows whether it drops on, how long it may be and how fast it sends${FILTERS.has(queued.kind) ? `; tc -s filter show dev ${dev} ingress, and egress, which filter drops` : ""}`,
    cause: { counter: COUNTER, counted: moved },
  };
}

function nameOf({ dev, kind }: Queued): string {
  return FILTERS.has(kind) ? `tc's filters on ${dev} (${kind})` : `the queue of ${dev} (${kind})`;
}
