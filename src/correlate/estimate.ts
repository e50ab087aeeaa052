import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_COPY } from "../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { Clock, type ClockOption } from "./clock.js";
import type { Lookahead, Stretch } from "./lookahead.js";

/** Twins that must agree on an offset before it is believed. */
const LEAST_AGREEING = 4;
/** … and the share of all that were found, so that chance twins do not outvote. */
const LEAST_SHARE = 0.6;
/** Agreeing offsets lie within this, nanoseconds: twice what forwarding takes on a busy host. */
const AGREEMENT_NS = 20_000_000;
/** How many packets of each side are looked at, doubling from the first number to the last … */
const FIRST_LOOK = 256;
const LAST_LOOK = 32_768;
/** … until so many twins are found: enough to meet the stamps that are out of order, too. */
const ENOUGH_TWINS = 256;
/** The first twins tell the offset at the beginning; a drift is measured as the run goes on. */
const EARLY_TWINS = 32;
/** A capture in microseconds, beside one in nanoseconds, seems early by as much as this. */
const STAMP_UNIT_NS = 1000;
/** How far an estimated offset may be wrong at any time, nanoseconds. */
const SLACK_NS = 200_000;

/** Offset (outside minus inside stamp) of a pair of twins, and its direction where the TTL tells. */
interface Sample {
  isTcp: boolean;
  /** Inside stamp. */
  timeNs: number;
  offsetNs: number;
  /** Inside TTL minus outside TTL: positive outbound, negative inbound. */
  lowered: number;
}

/**
 * What is known of the clocks before the first packet is paired. With `auto`, looks at the beginning of both captures for
 * packets whose keys cannot be equal by chance: twins. An outbound twin is stamped later outside than inside by the offset
 * plus its latency, an inbound one by the offset minus its latency; so the offset lies between the two.
 */
export async function estimateClock(sources: readonly [Lookahead, Lookahead], option: ClockOption): Promise<Clock> {
  if (option.kind === "none") return new Clock(0n, "none", true, option.slackNs ?? 0);
  if (option.kind === "given") return new Clock(option.offsetNs, "given", true, SLACK_NS);
  const samples = await collect(sources);
  const epochGapNs = sources[OUTSIDE].epochNs - sources[INSIDE].epochNs;
  for (const slackNs of [0, STAMP_UNIT_NS]) {
    if (isSameClock(samples, Number(-epochGapNs), slackNs)) return new Clock(0n, "none", true, slackNs);
  }
  // pings and heartbeats of strangers keep a steady distance, too: only TCP numbers tell an offset
  // … and only those near the beginning agree on it, as clocks drift
  const early = samples.filter((sample) => sample.isTcp).slice(0, EARLY_TWINS);
  const agreeing = densest(early.toSorted((a, b) => a.offsetNs - b.offsetNs));
  if (agreeing.length < LEAST_AGREEING || agreeing.length < LEAST_SHARE * early.length) {
    return new Clock(0n, "none", false, 0);
  }
  return new Clock(BigInt(Math.round(offsetOf(agreeing))) + epochGapNs, "estimated", true, SLACK_NS);
}

/** The offset that samples, sorted by theirs, agree on: between the bounds, or at the only one, or in their middle. */
function offsetOf(agreeing: readonly Sample[]): number {
  const { atLeastNs, atMostNs } = bounds(agreeing);
  const known = [atLeastNs, atMostNs].filter((ns) => Number.isFinite(ns));
  // where a TTL is set anew on the way, no twin tells its direction
  if (known.length === 0) return agreeing[agreeing.length >> 1].offsetNs;
  return known.reduce((sum, ns) => sum + ns, 0) / known.length;
}

/** Whether one clock explains all: no twin arrived before it left, and none took long. Then latencies come out exactly. */
function isSameClock(samples: readonly Sample[], noOffsetNs: number, slackNs: number): boolean {
  const near = samples.filter((sample) => Math.abs(sample.offsetNs - noOffsetNs) < AGREEMENT_NS);
  if (near.length < LEAST_AGREEING || near.length < LEAST_SHARE * samples.length) return false;
  const { atLeastNs, atMostNs } = bounds(near);
  return atLeastNs - slackNs <= noOffsetNs && noOffsetNs <= atMostNs + slackNs;
}

/** Between what the offset lies by these samples: an outbound twin cannot arrive before it left, nor an inbound one. */
function bounds(samples: readonly Sample[]): { atLeastNs: number; atMostNs: number } {
  let atLeastNs = Number.NEGATIVE_INFINITY;
  let atMostNs = Number.POSITIVE_INFINITY;
  for (const { offsetNs, lowered } of samples) {
    if (lowered > 0) atMostNs = Math.min(atMostNs, offsetNs);
    if (lowered < 0) atLeastNs = Math.max(atLeastNs, offsetNs);
  }
  return { atLeastNs, atMostNs };
}

/** Twins at the beginning of both captures, by inside stamp. */
async function collect(sources: readonly [Lookahead, Lookahead]): Promise<Sample[]> {
  const seen = [new Map<number, Seen>(), new Map<number, Seen>()] as const;
  const samples = new Map<number, Sample>();
  for (let packets = FIRST_LOOK; packets <= LAST_LOOK && samples.size < ENOUGH_TWINS; packets *= 2) {
    for (const side of [INSIDE, OUTSIDE] as const) {
      for (const stretch of await sources[side].look(packets)) note(stretch, side, seen, samples);
    }
  }
  return [...samples.values()].sort((a, b) => a.timeNs - b.timeNs);
}

interface Seen {
  key2: number;
  timeNs: number;
  ttl: number;
  isRepeated: boolean;
}

function note(
  { batch, from, to }: Stretch,
  side: Side,
  seen: readonly [Map<number, Seen>, Map<number, Seen>],
  samples: Map<number, Sample>,
): void {
  const other = seen[1 - side];
  for (let i = from; i < to; i++) {
    const flags = batch.flags(i);
    const isUnique = (flags & HAS_TCP_NUMBERS) !== 0 || ((flags & HAS_IP_ID) !== 0 && (flags & HAS_PAYLOAD) !== 0);
    if (!isUnique || (flags & IS_COPY) !== 0) continue;
    const key = batch.key(i);
    const before = seen[side].get(key);
    if (before) {
      before.isRepeated = true;
      samples.delete(key);
      continue;
    }
    const packet: Seen = { key2: batch.key2(i), timeNs: batch.stampNs(i), ttl: batch.ttl(i), isRepeated: false };
    seen[side].set(key, packet);
    const twin = other.get(key);
    if (!twin || twin.isRepeated || twin.key2 !== packet.key2) continue;
    const [inside, outside] = side === INSIDE ? [packet, twin] : [twin, packet];
    samples.set(key, {
      isTcp: (flags & HAS_TCP_NUMBERS) !== 0,
      timeNs: inside.timeNs,
      offsetNs: outside.timeNs - inside.timeNs,
      lowered: inside.ttl - outside.ttl,
    });
  }
}

/** The largest run of samples (sorted by offset) within AGREEMENT_NS of each other. */
function densest(samples: readonly Sample[]): readonly Sample[] {
  let best: [number, number] = [0, 0];
  let from = 0;
  for (let to = 1; to <= samples.length; to++) {
    while (samples[to - 1].offsetNs - samples[from].offsetNs > AGREEMENT_NS) from++;
    if (to - from > best[1] - best[0]) best = [from, to];
  }
  return samples.slice(best[0], best[1]);
}
