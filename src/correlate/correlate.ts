import { Heap } from "../packets/memory/heap.js";
import type { PacketSource } from "../packets/batches/source.js";
import type { Look, Sink } from "../packets/results/results.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { UNSEEN } from "./clock/beginning.js";
import { Clock, type ClockOption, MOST_SLACK_NS, PROCESSORS_NS } from "./clock/clock.js";
import { Follower } from "./clock/follower.js";
import type { FallBack, Leaps } from "./intake/intake.js";
import { SideIntake } from "./intake/side-intake.js";
import { Lookahead } from "./clock/lookahead.js";
import type { PairingOptions } from "./parts.js";
import { type Ending, Run } from "./run.js";

export type { ClockOption } from "./clock/clock.js";
export type { Ending } from "./run.js";

export interface CorrelateOptions extends PairingOptions {
  clock: ClockOption;
  /** The heap that the sources' batches are in: they need not be copied then. */
  heap?: Heap;
  /** Told, once the run has begun, how to look at it while it goes on, and what tells up to when it has told of all packets: epoch nanoseconds on the inside's clock. */
  onBegin?(look: Look, decidedNs: () => bigint): void;
  /** Told then of a capture that has stamps which leap, by its name, if it was read to its end. */
  onLeaps?(name: string, leaps: Readonly<Leaps>): void;
  /** Told then of a capture whose stamps fall back beyond the window, by its name, where packets do not tell that its clock was set against the other side's. */
  onFallBack?(name: string, fallBack: FallBack): void;
}

/**
 * Pairs the packets of two sides, each of one capture or several, and tells `sink` what it finds, in order of time. Ends with all sources, after
 * `maxPairs`, or soon after `signal.aborted` is set: then with what was read so far. The captures of a side have one clock.
 *
 * Errors are those of the sources; their packets before the error have been given to the sink by then.
 */
export async function correlate(
  inside: readonly PacketSource[],
  outside: readonly PacketSource[],
  options: CorrelateOptions,
  sink: Sink,
  signal: { readonly aborted: boolean } = { aborted: false },
): Promise<Ending> {
  const { clock: option, windowNs, heap = new Heap() } = options;
  // before a source is read on: how far it is by then depends on how it is cut
  const haveCounters = [countersOf(inside), countersOf(outside)] as const;
  const mayStop = Number.isFinite(options.maxPairs);
  const intake = (sources: readonly PacketSource[]) => new SideIntake(sources, heap, windowNs, mayStop, options.macs);
  const intakes = [intake(inside), intake(outside)] as const;
  const isLive = intakes.some((each) => each.isLive);
  const ahead = (from: SideIntake) => new Lookahead(from, heap);
  // stamps of one capture may be on a grid as the traffic was, those of both as whoever cut digits off left them
  const [one, other] = [await intakes[INSIDE].units(), await intakes[OUTSIDE].units()];
  const resolutionNs = Math.max(one.saidNs, other.saidNs, Math.min(one.seenNs, other.seenNs));
  const finestNs = Math.min(one.unitNs, other.unitNs);
  // what is captured now is shown now: nothing is looked at ahead of it
  const follower =
    option.kind === "none" || (isLive && option.kind === "given")
      ? null
      : await Follower.begin([ahead(intakes[INSIDE]), ahead(intakes[OUTSIDE])], option, windowNs, heap);
  const clock = follower?.clock ?? fixedClock(option, resolutionNs, [...inside, ...outside]);
  const seen = follower?.seen ?? ([UNSEEN, UNSEEN] as const);
  const run = new Run(intakes, clock, { ...options, heap, seen, resolutionNs, finestNs, haveCounters }, sink);
  options.onBegin?.(run.look, run.decidedNs);
  for (let side = run.wants(); side !== null; side = run.wants()) {
    if (signal.aborted) {
      // what was read so far counts
      for (const each of intakes) each.stop();
      follower?.stop();
    }
    run.take(side, await (follower === null ? intakes[side].next() : follower.next(side)));
    run.advance();
  }
  const ending = run.finish();
  if (ending.isEnough) return ending;
  const isSet = ending.summary.clock.steps.length > 0;
  for (const { source, intake } of intakes.flatMap(({ captures }) => captures)) {
    if (intake.leaps.count > 0) options.onLeaps?.(source.name, intake.leaps);
    if (intake.fallBack !== undefined && !isSet) options.onFallBack?.(source.name, intake.fallBack);
  }
  return ending;
}

/** Of each capture, whether its source says by now that it counts the frames that it loses. */
function countersOf(sources: readonly PacketSource[]): boolean[] {
  return sources.flatMap(({ name, captures = [name], hasCounters }) => captures.map(() => hasCounters));
}

/**
 * What two processors' stamps of one clock may differ by, and the coarser of both captures' units. What natcorr captures, or captured, is one host's; of other
 * files, only their packets could show that their clocks are one, and nobody looks at those here.
 */
function fixedClock(option: ClockOption, resolutionNs: number, sources: readonly PacketSource[]): Clock {
  if (option.kind === "given") return Clock.fixed(option.offsetNs, "given", MOST_SLACK_NS, null);
  const leastNs = option.kind === "none" ? (option.slackNs ?? 0) : 0;
  const within = sources.map(({ stampsWithinNs }) => stampsWithinNs);
  const slackNs = Math.max(leastNs, PROCESSORS_NS + resolutionNs, ...within.map((each = 0) => each));
  return Clock.fixed(0n, "none", slackNs, within.includes(undefined) ? null : slackNs);
}
