import { epochNs } from "../capture/live/now.js";
import type { KernelDrops } from "../host/trace/kernel-drops.js";
import type { Trace, TraceSaid } from "../host/trace/trace.js";
import { changeAt, type TraceChange } from "../host/snapshot/snapshot.js";
import type { Finding } from "../packets/results/findings.js";
import type { Arrival, KernelDrop, KernelDropsTold, Stop } from "../packets/results/traces.js";

/** What a trace says is kept of so many packets: whoever reads it holds no more. */
const MOST_PACKETS = 262_144;
/** What the kernel says of its drops is kept of so many packets: it gives a reason to no more. */
const MOST_GIVEN = 10_000;

type Keep = (change: TraceChange) => void;

/** Keeps what a trace says of packets, as it is asked. */
export class TraceKeeper implements TraceSaid {
  readonly #trace: Trace;
  #keep: Keep = () => {};
  #kept = 0;
  #untaken = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  keepIn(keep: Keep): void {
    this.#keep = keep;
  }

  stopOf(arrival: Arrival, timeNs: bigint): Stop | undefined {
    const stop = this.#trace.stopOf(arrival);
    if (stop === undefined) return undefined;
    if (this.#kept++ < MOST_PACKETS) this.#keep({ ...changeAt(timeNs), stopped: { ...copyOf(arrival), ...stop } });
    else this.#untaken++;
    return stop;
  }

  end(): Finding[] {
    return this.#trace.end();
  }

  /** Keeps what it did not tell. */
  keepLast(): void {
    const { untaken, ...gaps } = this.#trace.gaps;
    this.#keep({ ...changeAt(epochNs()), trace: { ...gaps, untaken: untaken + this.#untaken } });
  }
}

/** Keeps what the kernel says of single drops, as it is asked. */
export class DropsKeeper implements KernelDropsTold {
  readonly #drops: KernelDrops;
  #keep: Keep = () => {};
  #kept = 0;
  /** What was kept of all: no more is told than that. */
  #last: { readonly counts: ReadonlyMap<string, number>; readonly lost: number } | undefined;

  constructor(drops: KernelDrops) {
    this.#drops = drops;
  }

  keepIn(keep: Keep): void {
    this.#keep = keep;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#last?.counts ?? this.#drops.counts;
  }

  get lost(): number {
    return this.#last?.lost ?? this.#drops.lost;
  }

  get failure(): string | undefined {
    return this.#drops.failure;
  }

  mayBeForwarded(reason: string): boolean {
    return this.#drops.mayBeForwarded(reason);
  }

  fitting(timeNs: bigint): KernelDrop | undefined {
    const drop = this.#drops.fitting(timeNs);
    if (drop === undefined || this.#kept++ >= MOST_GIVEN) return drop;
    const { timeUs, reason } = drop;
    this.#keep({ ...changeAt(timeNs), letGo: { timeUs, reason } });
    return drop;
  }

  /** Keeps what it said of all. */
  keepLast(): void {
    const { lost, failure } = this.#drops;
    const counts = new Map(this.#drops.counts);
    this.#last = { counts, lost };
    const drops = { counts: Object.fromEntries(counts), lost, ...(failure !== undefined && { failure }) };
    this.#keep({ ...changeAt(epochNs()), drops });
  }
}

/** Its ends may be another packet's soon. */
function copyOf({ ends: { src, srcPort, dst, dstPort }, ...arrival }: Arrival): Arrival {
  return { ...arrival, ends: { src, srcPort, dst, dstPort } };
}
