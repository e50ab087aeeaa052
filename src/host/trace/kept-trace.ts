import type { Finding } from "../../packets/results/findings.js";
import type { Arrival, KernelDrop, KernelDropsTold, Stop } from "../../packets/results/traces.js";
import { type DropCounts, mayBeForwarded } from "./kernel-drops.js";
import { keyOf, type TraceGaps, type TraceSaid, traceUnread } from "./trace.js";

/** So many packets are held, as of a trace in a file; and so many rules, each of some hundred characters. */
const MOST_PACKETS = 262_144;
const MOST_RULES = 4096;

/** What a trace said of single packets while they were captured, as it was kept. */
export class KeptTrace implements TraceSaid {
  readonly #stops = new Map<string, Stop>();
  readonly #rules = new Map<string, string>();
  #gaps: TraceGaps = { unread: 0, firstUnread: 0, untaken: 0, isCutOff: false };
  #untaken = 0;

  take(arrival: Arrival, { rule, isRefusal }: Stop, timeNs: bigint): void {
    if (this.#stops.size === MOST_PACKETS || (this.#rules.size === MOST_RULES && !this.#rules.has(rule))) {
      this.#untaken++;
      return;
    }
    // one text for all packets that a rule stopped
    const known = this.#rules.get(rule) ?? rule;
    this.#rules.set(known, known);
    this.#stops.set(placeOf(arrival, timeNs), { rule: known, isRefusal });
  }

  /** Takes what the trace did not tell. */
  takeGaps(gaps: TraceGaps): void {
    this.#gaps = gaps;
  }

  stopOf(arrival: Arrival, timeNs: bigint): Stop | undefined {
    return this.#stops.get(placeOf(arrival, timeNs));
  }

  /** As of `Trace`. */
  end(): Finding[] {
    return traceUnread({ ...this.#gaps, untaken: this.#gaps.untaken + this.#untaken });
  }
}

/** What the kernel said of why it let go of single packets while they were captured, as it was kept. */
export class KeptDrops implements KernelDropsTold {
  counts: ReadonlyMap<string, number> = new Map();
  lost = 0;
  failure: string | undefined;
  mayBeForwarded = mayBeForwarded;
  /** By when the packets were captured; and by the drops themselves, of which one may be several packets. */
  readonly #byPacket = new Map<bigint, KernelDrop>();
  readonly #drops = new Map<string, KernelDrop>();

  take({ timeUs, reason }: Pick<KernelDrop, "timeUs" | "reason">, timeNs: bigint): void {
    if (this.#byPacket.size === MOST_PACKETS) return;
    const key = `${timeUs} ${reason}`;
    const drop = this.#drops.get(key) ?? { timeUs, reason, packets: 0 };
    this.#drops.set(key, drop);
    this.#byPacket.set(timeNs, drop);
  }

  /** Takes what it said of all. */
  takeCounts({ counts, lost, failure }: DropCounts): void {
    this.counts = new Map(Object.entries(counts));
    this.lost = lost;
    this.failure = failure;
  }

  fitting(timeNs: bigint): KernelDrop | undefined {
    return this.#byPacket.get(timeNs);
  }
}

function placeOf(arrival: Arrival, timeNs: bigint): string {
  return `${keyOf(arrival)} ${timeNs}`;
}
