import { ALTERED } from "../packets/results/evidence.js";
import type { SideSummary, Summary } from "../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import type { Parts, RunOptions } from "./parts.js";
import type { End } from "./verdicts/findings/finder.js";

/** What a run came to so far. `isComplete`: whether all there was has been decided about. */
export function summaryOf(parts: Parts, { haveCounters }: RunOptions, isComplete: boolean): Summary {
  const { steps, uncertaintyNs, ...clock } = parts.clock.facts(isComplete);
  const { untoldNs } = parts.kernel.tally;
  const epochNs = parts.epochsNs[INSIDE];
  const [inside, outside] = parts.tallies;
  return {
    inside: sideSummary(parts, INSIDE, haveCounters[INSIDE].every(Boolean)),
    outside: sideSummary(parts, OUTSIDE, haveCounters[OUTSIDE].every(Boolean)),
    verdicts: [inside.verdicts, outside.verdicts],
    impacts: [inside.impacts, outside.impacts],
    flows: parts.translations.accounts.learnt,
    clock: {
      ...clock,
      uncertaintyNs: uncertaintyNs === null ? null : Math.max(uncertaintyNs, untoldNs),
      driftPpm: Math.round(10 * clock.driftPpm) / 10,
      steps: steps.map(({ atNs, byNs }) => ({ timeNs: epochNs + BigInt(Math.round(atNs)), byNs })),
    },
  };
}

function sideSummary(
  { feeds, tallies, showing, cover, timeline }: Parts,
  side: Side,
  hasCounters: boolean,
): SideSummary {
  const { intake, hasEnded } = feeds[side];
  // what was read and is not needed depends on how the sources cut their batches
  if (intake.passed !== null && showing.isEnough)
    return tallies[side].summary({ ...intake.passed, captureDropped: cover[side].lostFrames, hasCounters });
  const { frames, ...captured } = intake.counted;
  const isAllDecided = hasEnded && timeline.size === 0;
  return tallies[side].summary(captured, isAllDecided ? frames : undefined);
}

/** What findings are told of the run as a whole. */
export function endOf({ shown, kernel: { tally }, impacts, tunnels }: Parts, summary: Summary): End {
  const { pairs, altered, rewritten, retransmissions } = shown ?? {
    pairs: tally.pairsSoFar,
    altered: ALTERED.map((_, bit) => tally.alteredIn(1 << bit)),
    rewritten: tally.rewritten,
    retransmissions: tally.retransmissions,
  };
  const ofPairs = { pairs, altered, rewritten, retransmissions };
  return { summary, unfollowed: impacts.open.refused, ...ofPairs, tunnels: tunnels.tally };
}
