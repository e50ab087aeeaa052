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
import { distinctPackets } from "./decide.js";
import { DecidedAlone } from "./decide-alone.js";
import { FIN, SYN } from "./packet.js";
import { type Direction, type Fate, listOf, World } from "./world.js";

/** What the judge is to expect of a scenario. */
export interface Expectation {
  readonly about: string;
  /**
   * The share of decidable pairs to be found: nearly all where nothing is lost; 0.9 where losses leave room for caution; where caution may leave more, what
   * was found in the worst of twenty seeds. Null where nothing is decidable, or where it may be that nothing is found: the clocks are told by nothing then.
   */
  readonly recall: number | null;
  /**
   * The share of frames without a twin that are to get the verdict that is true of them, of those of which the captures decide it (`decide-alone.ts`); four of five
   * where left out. Less where natcorr is known to leave more of these `unknown` or ambiguous, as beside it is said why.
   */
  readonly told?: number;
  /** Codes of findings that are true of it, beside those that the frames themselves show (`dropped`, `port-rewritten`). */
  readonly findings?: readonly string[];
  /** What the finding `rewritten` must name, and nothing else: the fields that this router rewrites beyond addresses and ports. */
  readonly says?: readonly string[];
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
  /** How long the slowest packet took. */
  readonly longestNs: number;
  /** How much before it enters a packet may seem to leave. */
  readonly toleranceNs: number;
  readonly hasRewrittenPorts: boolean;
}

/** A packet that was sent. */
export interface Sent {
  readonly direction: Direction;
  /**
   * Whether its data had been sent before: `all` where one segment that crossed had all of it, `some` where segments that were sent had any of it, or whether that
   * counts is a matter of words (a keepalive, what opens or ends a connection, what a network sent once more); else `none`.
   */
  readonly before: "all" | "some" | "none";
}

/** A generated capture pair. */
export interface AdversaryPair {
  readonly inside: string;
  readonly outside: string;
  readonly truth: Truth;
  readonly circumstances: Circumstances;
  /** Whether nobody could know that these two frames are not twins, by their bytes and their times. */
  readonly isUnknowable: (insideFrame: number, outsideFrame: number) => boolean;
  /** What is true of the packet of an inside frame, beside its twin. */
  readonly sent: (insideFrame: number) => Sent;
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
    sent: sentOf(world),
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
  const distinct = distinctPackets(world, isSeen, WINDOW_NS);
  const alone = new DecidedAlone(world, isSeen, (serial) => distinct.has(serial), WINDOW_NS);
  const fates = new Map(world.fates.map((fate) => [fate.serial, fate]));
  return {
    inside: sideTruth(world.inside, world.outside, fates, isSeen, distinct, alone),
    outside: sideTruth(world.outside, world.inside, fates, isSeen, distinct, alone),
  };
}

function sideTruth(
  point: CapturePoint,
  other: CapturePoint,
  fates: ReadonlyMap<number, Fate>,
  isSeen: (fate: Fate) => boolean,
  distinct: ReadonlySet<number>,
  alone: DecidedAlone,
): SideTruth {
  const frames = point.taps.length + 1;
  const truth = { kind: new Uint8Array(frames), serial: new Int32Array(frames), isDecidable: new Uint8Array(frames) };
  for (const [i, tap] of point.taps.entries()) {
    const { serial, isCopy, timeNs } = tap;
    const fate = fates.get(serial);
    if (fate === undefined) throw new Error(`frame ${i + 1} is of a packet that nobody sent`);
    const isPair = !isCopy && isSeen(fate);
    const ofCopy = fate.isLocal ? LOCAL_COPY : COPY;
    truth.kind[i + 1] = isPair ? FORWARDED : isCopy ? ofCopy : kindAlone(fate, other, timeNs);
    truth.serial[i + 1] = isPair ? serial : 0;
    const isDecided = isPair ? distinct.has(serial) : alone.decides(truth.kind[i + 1], point, other, tap);
    truth.isDecidable[i + 1] = Number(isDecided);
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
    longestNs: fates.reduce((most, f) => (f.left === null ? most : Math.max(most, f.exitNs - f.entryNs)), 0),
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
 * that are alike, and the time between them is no other than between twins that go that way.
 */
function unknowable(world: World, truth: Truth): (inside: number, outside: number) => boolean {
  const fates = new Map(world.fates.map((fate) => [fate.serial, fate]));
  const taken = {
    outbound: { leastNs: Number.POSITIVE_INFINITY, mostNs: 0 },
    inbound: { leastNs: Number.POSITIVE_INFINITY, mostNs: 0 },
  };
  for (const { direction, left, entryNs, exitNs } of world.fates) {
    if (left === null) continue;
    const { leastNs, mostNs } = taken[direction];
    taken[direction] = { leastNs: Math.min(leastNs, exitNs - entryNs), mostNs: Math.max(mostNs, exitNs - entryNs) };
  }
  return (inside, outside) => {
    const [i, o] = [world.inside.taps[inside - 1], world.outside.taps[outside - 1]];
    // which of two copies
    if (i.serial === o.serial) return true;
    if (truth.inside.isDecidable[inside] === 1 || truth.outside.isDecidable[outside] === 1) return false;
    const [a, b] = [fates.get(i.serial), fates.get(o.serial)];
    if (a === undefined || b === undefined || a.flow !== b.flow || a.direction !== b.direction) return false;
    const latencyNs = a.direction === "outbound" ? o.timeNs - i.timeNs : i.timeNs - o.timeNs;
    return sameBytes(a, b) && latencyNs >= taken[a.direction].leastNs && latencyNs <= taken[a.direction].mostNs;
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

/** What was sent as each inside frame. */
function sentOf({ inside, outside, fates }: World): (insideFrame: number) => Sent {
  const seen = [inside, outside].map(serialsOf);
  const sent = new Map<number, Sent>();
  const segments = new Map<string, Fate[]>();
  // of two that overtake each other, either may be called the later one
  for (const timeOf of [({ entryNs }: Fate) => entryNs, ({ exitNs }: Fate) => exitNs]) {
    segments.clear();
    for (const fate of fates.toSorted((a, b) => timeOf(a) - timeOf(b))) {
      const way = `${fate.flow} ${fate.direction}`;
      const earlier = segments.get(way) ?? [];
      const before = beforeOf(fate, earlier, seen);
      const known = sent.get(fate.serial)?.before ?? before;
      sent.set(fate.serial, { direction: fate.direction, before: before === known ? before : "some" });
      if (dataOf(fate) !== null) segments.set(way, [...earlier.slice(1 - MOST_EARLIER), fate]);
    }
  }
  return (frame) => {
    const found = sent.get(inside.taps[frame - 1].serial);
    if (found === undefined) throw new Error(`inside frame ${frame} is of a packet that nobody sent`);
    return found;
  };
}

/** So many segments before one are asked whether they had its data: all that a window holds, and more. */
const MOST_EARLIER = 512;
/** A keepalive says again one byte, or none. */
const LEAST_DATA = 2;

/** See `Sent`. `seen`: the serials of both sides. */
function beforeOf(fate: Fate, earlier: readonly Fate[], seen: readonly ReadonlySet<number>[]): Sent["before"] {
  const data = dataOf(fate);
  if (data === null) return "none";
  const isPlain =
    data.bytes >= LEAST_DATA &&
    !data.isControl &&
    !fate.isAgain &&
    fate.left !== null &&
    listOf(fate.entered).length === 1;
  let before: Sent["before"] = "none";
  for (const one of earlier) {
    const had = dataOf(one);
    if (had === null) continue;
    const ahead = (data.seq - had.seq) | 0;
    if (ahead >= had.bytes || ahead + data.bytes <= 0) continue;
    const isWhole = listOf(one.entered).length === 1 && !had.isControl;
    const hadAll = isWhole && hasBytes(one, ahead, fate);
    const hasCrossed =
      one.left !== null && one.exitNs < fate.exitNs && seen.every((serials) => serials.has(one.serial));
    if (isPlain && hadAll && hasCrossed && !one.isUndecidable && !fate.isUndecidable) return "all";
    before = "some";
  }
  return before;
}

/** Whether a packet carries what another one does, from so many bytes on. */
function hasBytes(one: Fate, ahead: number, other: Fate): boolean {
  const [had, bytes] = [one, other].map(({ entered }) => listOf(entered)[0].payload);
  return ahead >= 0 && had.subarray(ahead, ahead + bytes.length).equals(bytes);
}

/** What of a stream a TCP packet has, as one: SYN and FIN count as a byte each; null where it has nothing of that. */
function dataOf({
  entered,
}: Fate): { readonly seq: number; readonly bytes: number; readonly isControl: boolean } | null {
  const [first] = listOf(entered);
  if (first.tcp === undefined) return null;
  const control = Number((first.tcp.flags & SYN) !== 0) + Number((first.tcp.flags & FIN) !== 0);
  const bytes = listOf(entered).reduce((sum, { payload }) => sum + payload.length, 0) + control;
  return bytes === 0 ? null : { seq: first.tcp.seq, bytes, isControl: control > 0 };
}

function sameBytes(a: Fate, b: Fate): boolean {
  return JSON.stringify(a.entered) === JSON.stringify(b.entered);
}
