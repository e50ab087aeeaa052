import { Heap } from "../packets/heap.js";
import type { PacketSource } from "../packets/packets.js";
import type { Sink } from "../packets/results.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { ClockOption } from "./clock.js";
import { Intake, type Leaps } from "./intake.js";
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
  /** Told then of a capture that has stamps which leap, by its name. */
  onLeaps?(name: string, leaps: Readonly<Leaps>): void;
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
  const { heap = new Heap(), windowNs } = options;
  const intakes = [new Intake(inside, heap, windowNs), new Intake(outside, heap, windowNs)] as const;
  const sources = [new Lookahead(intakes[INSIDE]), new Lookahead(intakes[OUTSIDE])] as const;
  const clock = await estimateClock(sources, options.clock);
  const run = new Run(intakes, clock, { ...options, heap }, sink);
  options.onBegin?.((mostFlows) => run.standing(mostFlows));
  for (let side = run.wants(); side !== null; side = run.wants()) {
    // what was read so far counts
    if (signal.aborted) for (const intake of intakes) intake.stop();
    run.take(side, await sources[side].next());
    run.advance();
  }
  run.finish();
  for (const { source, leaps } of intakes) if (leaps.count > 0) options.onLeaps?.(source.name, leaps);
}
