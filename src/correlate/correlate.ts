import type { Heap } from "../packets/heap.js";
import type { PacketSource } from "../packets/packets.js";
import type { Sink } from "../packets/results.js";
import type { ClockOption } from "./clock.js";
import { Lookahead } from "./lookahead.js";
import { estimateClock } from "./estimate.js";
import { Run } from "./run.js";
import type { Look } from "./standing.js";

export type { ClockOption } from "./clock.js";
export type { Look, Standing } from "./standing.js";

export interface CorrelateOptions {
  /** How far apart in time twins may be, nanoseconds, once the clock offset is taken out. */
  windowNs: number;
  clock: ClockOption;
  /** How long a pair waits for earlier packets to be decided, so that pairs come in order of time; the window if not given. */
  patienceNs?: number;
  /** Stops once this many pairs were shown; Infinity for all. */
  maxPairs: number;
  /** The heap that the sources' batches are in: they need not be copied then. */
  heap?: Heap;
  /** Told, once the run has begun, how to look at it while it goes on. */
  onBegin?(look: Look): void;
  /** Told once all is decided, before the sink is given flows, findings and the summary. */
  onSettled?(): void;
}

/**
 * Pairs the packets of two captures and tells `sink` what it finds, in order of time. Ends with both sources, after
 * `maxPairs`, or soon after `signal.aborted` is set: then with what was read so far.
 *
 * Errors are those of the sources; their packets before the error have been given to the sink by then.
 */
export async function correlate(
  inside: PacketSource,
  outside: PacketSource,
  options: CorrelateOptions,
  sink: Sink,
  signal: { readonly aborted: boolean } = { aborted: false },
): Promise<void> {
  const sources = [new Lookahead(inside), new Lookahead(outside)] as const;
  for (const source of sources) await source.findCopies(signal);
  const clock = await estimateClock(sources, options.clock);
  const run = new Run([inside, outside], clock, options, sink);
  options.onBegin?.((mostFlows) => run.standing(mostFlows));
  for (let side = run.wants(); side !== null; side = run.wants()) {
    // what was looked at has been read, and counts
    const isOver = signal.aborted && sources[side].isDrained;
    run.take(side, isOver ? null : await sources[side].next());
    run.advance();
  }
  run.finish();
}
