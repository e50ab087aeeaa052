import { mkdirSync } from "node:fs";
import { pairPaths } from "../generate.js";
import {
  COPY,
  DROPPED,
  FORWARDED,
  LOCAL,
  LOCAL_COPY,
  LOCAL_UNCOVERED,
  type SideTruth,
  type Truth,
  UNCOVERED,
  UNSEEN,
  writeTruth,
} from "../truth.js";
import { type CapturePoint, EPOCH_S } from "./capture.js";
import { decidablePairs } from "./decide.js";
import { type Fate, listOf, World } from "./world.js";

/** What the judge is to expect of a scenario. */
export interface Expectation {
  readonly about: string;
  /**
   * The share of decidable pairs to be found: nearly all where nothing is lost; 0.9 where losses leave room for caution;
   * null where nothing is decidable.
   */
  readonly recall: number | null;
  /** Codes of findings that are true of it, beside those that the frames themselves show (`dropped`, `port-rewritten`). */
  readonly findings?: readonly string[];
  /** What a finding must name: what this router rewrites. */
  readonly says?: RegExp;
  /** The translations that flows have; `snat` where left out. */
  readonly nats?: readonly string[];
  /** Options of natcorr's. */
  readonly args?: readonly string[];
}

/** A capture pair that somebody made up to break natcorr. */
export interface Adversary extends Expectation {
  /** Sets up the world and those who talk in it. What it draws is from the world's own `rng`. */
  readonly play: (world: World) => void;
}

/**
 * When a clock was set, in seconds since the epoch, and by how much; for how long around then no packet passed; and whether packets of both directions tell how
 * the clocks stood, before and from then on. Beside TCP numbers, payloads of UDP do not: a datagram that is sent again, when the first was lost, is the same.
 */
interface ClockSet {
  readonly timeS: number;
  readonly quietS: number;
  readonly byNs: number;
  readonly isTold: boolean;
}

/** What is true of a capture pair beyond its pairs. */
export interface Circumstances {
  /** Whether each stamp is what its clock said, and no clock was set meanwhile. */
  readonly isSteady: boolean;
  /** Whether, besides, both captures took their stamps from one clock. */
  readonly isOneClock: boolean;
  /** Where the outside clock was set meanwhile. */
  readonly set: ClockSet | null;
  /** Outside clock minus inside clock at the first packet, and how fast that grows from the first to the last one. */
  readonly offsetNs: number;
  readonly driftPpm: number;
  readonly durationNs: number;
  /** Whether a stamp is so far from what its clock said, or frames stand so far out of their order, that natcorr cannot use all. */
  readonly hasLeaps: boolean;
  /** Of the coarser capture. */
  readonly resolutionNs: number;
  /**
   * How far an estimate may be off: the quickest packets of both directions bound it from above and below, and the middle is
   * no further off than half of what lies between. Infinity from one direction alone.
   */
  readonly offsetErrorNs: number;
  /** How much before it enters a packet may seem to leave. */
  readonly toleranceNs: number;
  readonly hasRewrittenPorts: boolean;
}

/** A generated capture pair. */
export interface AdversaryPair {
  readonly inside: string;
  readonly outside: string;
  readonly truth: Truth;
  readonly circumstances: Circumstances;
  /** Whether nobody could know that these two frames are not twins, by their bytes and their times. */
  readonly isUnknowable: (insideFrame: number, outsideFrame: number) => boolean;
  /** How long the packet of which these are the frames was on its way, ns; NaN where they are no twins, or a stamp is not what a clock said. */
  readonly latencyNs: (insideFrame: number, outsideFrame: number) => number;
}

const WINDOW_NS = 1e9;
/** How much two processors' stamps may differ. */
const PROCESSORS_NS = 10_000;

/**
 * Writes `inside.pcap`, `outside.pcap` and `truth.bin` to a folder. The same scenario and seed give the same bytes. `packets`: nothing is sent any more
 * once the inside capture has so many.
 */
export function generateAdversary({ play }: Adversary, folder: string, seed: number, packets?: number): AdversaryPair {
  mkdirSync(folder, { recursive: true });
  const world = new World(seed);
  play(world);
  world.run(packets);
  const paths = pairPaths(folder);
  world.inside.write(paths.inside);
  world.outside.write(paths.outside);
  const truth = truthOf(world);
  writeTruth(paths.truth, truth);
  return {
    inside: paths.inside,
    outside: paths.outside,
    truth,
    circumstances: circumstancesOf(world),
    isUnknowable: unknowable(world, truth),
    latencyNs: latencies(world),
  };
}

function truthOf(world: World): Truth {
  const seen = [serialsOf(world.inside), serialsOf(world.outside)];
  const isSeen = ({ serial, left }: Fate) =>
    left !== null &&
    seen.every((serials) => serials.has(serial)) &&
    !world.inside.missed.has(serial) &&
    !world.outside.missed.has(serial);
  const decidable = decidablePairs(world, isSeen, WINDOW_NS);
  const fates = new Map(world.fates.map((fate) => [fate.serial, fate]));
  return {
    inside: sideTruth(world.inside, world.outside, fates, isSeen, decidable),
    outside: sideTruth(world.outside, world.inside, fates, isSeen, decidable),
  };
}

function sideTruth(
  point: CapturePoint,
  other: CapturePoint,
  fates: ReadonlyMap<number, Fate>,
  isSeen: (fate: Fate) => boolean,
  decidable: ReadonlySet<number>,
): SideTruth {
  const frames = point.taps.length + 1;
  const truth = { kind: new Uint8Array(frames), serial: new Int32Array(frames), isDecidable: new Uint8Array(frames) };
  for (const [i, { serial, isCopy, timeNs }] of point.taps.entries()) {
    const fate = fates.get(serial);
    if (fate === undefined) throw new Error(`frame ${i + 1} is of a packet that nobody sent`);
    const isPair = !isCopy && isSeen(fate);
    const ofCopy = fate.isLocal ? LOCAL_COPY : COPY;
    truth.kind[i + 1] = isPair ? FORWARDED : isCopy ? ofCopy : kindAlone(fate, other, timeNs);
    truth.serial[i + 1] = isPair ? serial : 0;
    truth.isDecidable[i + 1] = isPair && decidable.has(serial) ? 1 : 0;
  }
  return truth;
}

/** What a packet is that has no twin, and passed one side at this time. */
function kindAlone({ isLocal, left }: Fate, other: CapturePoint, timeNs: number): number {
  const isCovered = other.covers(timeNs);
  if (isLocal) return isCovered ? LOCAL : LOCAL_UNCOVERED;
  if (!isCovered) return UNCOVERED;
  return left === null ? DROPPED : other.model.isMissTold ? UNCOVERED : UNSEEN;
}

function serialsOf({ taps }: CapturePoint): ReadonlySet<number> {
  return new Set(taps.map(({ serial }) => serial));
}

function circumstancesOf({ inside, outside, fates, flows }: World): Circumstances {
  const [a, b] = [inside.model, outside.model];
  const offsetNs = (b.offsetS - a.offsetS) * 1e9 + b.offsetNs - a.offsetNs;
  const [startNs, endNs] = [fates[0].entryNs, fates[fates.length - 1].entryNs];
  const grownNs = [endNs, startNs].map((ns) => outside.localNs(ns) - inside.localNs(ns)).reduce((x, y) => x - y);
  const driftPpm = (1e6 * grownNs) / (endNs - startNs);
  const resolutionNs = Math.max(a.resolutionNs, b.resolutionNs);
  const shortestNs = (direction: string) =>
    fates.reduce(
      (shortest, f) =>
        f.left === null || f.direction !== direction ? shortest : Math.min(shortest, f.exitNs - f.entryNs),
      Number.POSITIVE_INFINITY,
    );
  const isSteady = inside.isSteady && outside.isSteady;
  return {
    isSteady,
    isOneClock: offsetNs === 0 && driftPpm === 0 && isSteady,
    set: b.set && clockSet(fates, b.set),
    offsetNs,
    driftPpm,
    durationNs: endNs - startNs,
    hasLeaps: [inside, outside].some(
      ({ errorsNs, fallBackNs, model }) =>
        (fallBackNs > WINDOW_NS && model.set === null) || errorsNs.some((ns) => Math.abs(ns) > WINDOW_NS),
    ),
    resolutionNs,
    offsetErrorNs: (shortestNs("outbound") + shortestNs("inbound")) / 2 + resolutionNs + PROCESSORS_NS,
    toleranceNs: resolutionNs + Math.max(inside.disorderNs, outside.disorderNs) + PROCESSORS_NS,
    hasRewrittenPorts: flows.some(({ inside, outside }) => inside.near.port !== outside.near.port),
  };
}

function clockSet(fates: World["fates"], { atNs, byNs }: NonNullable<CapturePoint["model"]["set"]>): ClockSet {
  const passed = fates.filter(({ left }) => left !== null);
  const segments = passed.filter(({ entered }) => listOf(entered)[0].tcp !== undefined);
  const telling = segments.length > 0 ? segments : passed;
  const isTold = [true, false].every(
    (isBefore) =>
      new Set(telling.filter(({ entryNs }) => entryNs <= atNs === isBefore).map(({ direction }) => direction)).size ===
      2,
  );
  return { timeS: EPOCH_S + atNs / 1e9, quietS: quietNs(fates, atNs) / 1e9, byNs, isTold };
}

/** For how long around a time no packet entered or left, nanoseconds. */
function quietNs(fates: World["fates"], atNs: number): number {
  const times = fates.flatMap(({ entryNs, exitNs, left }) => (left === null ? [entryNs] : [entryNs, exitNs]));
  const around = (isBefore: boolean) => times.filter((timeNs) => timeNs <= atNs === isBefore);
  const lastNs = around(true).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const nextNs = around(false).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return nextNs - lastNs;
}

/**
 * Two frames that are no twins, and look it to everybody: neither is of a decidable pair, both are of packets of one flow
 * that are alike, and the time between them is no other than between twins.
 */
function unknowable(world: World, truth: Truth): (inside: number, outside: number) => boolean {
  const fates = new Map(world.fates.map((fate) => [fate.serial, fate]));
  const latencies = world.fates.filter(({ left }) => left !== null).map(({ entryNs, exitNs }) => exitNs - entryNs);
  const shortestNs = latencies.reduce((shortest, one) => Math.min(shortest, one), Number.POSITIVE_INFINITY);
  const longestNs = latencies.reduce((longest, one) => Math.max(longest, one), 0);
  return (inside, outside) => {
    const [i, o] = [world.inside.taps[inside - 1], world.outside.taps[outside - 1]];
    // which of two copies
    if (i.serial === o.serial) return true;
    if (truth.inside.isDecidable[inside] === 1 || truth.outside.isDecidable[outside] === 1) return false;
    const [a, b] = [fates.get(i.serial), fates.get(o.serial)];
    if (a === undefined || b === undefined || a.flow !== b.flow || a.direction !== b.direction) return false;
    const latencyNs = a.direction === "outbound" ? o.timeNs - i.timeNs : i.timeNs - o.timeNs;
    return sameBytes(a, b) && latencyNs >= shortestNs && latencyNs <= longestNs;
  };
}

function latencies({ inside, outside, fates }: World): (insideFrame: number, outsideFrame: number) => number {
  const directions = new Map(fates.map(({ serial, direction }) => [serial, direction]));
  return (i, o) => {
    const [entered, left] = [inside.taps[i - 1], outside.taps[o - 1]];
    const isTold = inside.errorsNs[i - 1] === 0 && outside.errorsNs[o - 1] === 0;
    if (entered.serial !== left.serial || !isTold) return Number.NaN;
    return directions.get(entered.serial) === "outbound" ? left.timeNs - entered.timeNs : entered.timeNs - left.timeNs;
  };
}

function sameBytes(a: Fate, b: Fate): boolean {
  return JSON.stringify(a.entered) === JSON.stringify(b.entered);
}
