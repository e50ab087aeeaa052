import { COPY, DROPPED, LOCAL, LOCAL_COPY, LOCAL_UNCOVERED, UNCOVERED } from "../truth.js";
import type { CapturePoint, Tap } from "./capture.js";
import { FIN, type Packet, SYN } from "./packet.js";
import { type Fate, listOf, type World } from "./world.js";

/** So many packets that crossed, and that a capture lacks, show that it did not run: one it may have missed. */
const LEAST_LACKED = 2;
/** A twin this many times the longest latency of the run from the limits of a capture is not beyond them. */
const EDGE = 4;

/**
 * Of which frames without a twin the captures decide what became of them, whoever looks. Not of these:
 *
 * - what is like others near it, so that a pair of it would not be decided either (`decide.ts`);
 * - what is like a frame that the other capture alone has, and that it may be, within a window: held up, or ahead of one that was missed as well;
 * - a drop, where the other capture missed anything in its time: that looks the same;
 * - a drop of what a later packet acknowledges: that one says that it arrived;
 * - a drop behind which nothing that entered came out: it may still wait;
 * - what stands out of its time in its capture, by more than a window;
 * - a copy, where the capture shows but some of its frames twice: what was sent twice, and missed once, looks the same. So does a copy that is taken for that, and the
 *   other capture then seems to miss what it does not;
 * - what passed while the other capture paused: a link that was dead looks the same;
 * - what passed before the other capture began, or behind its end, unless two packets at that limit's side of it had crossed, by a flow of which there are pairs;
 *   and not so near to that limit that its twin may be beyond it.
 */
export class DecidedAlone {
  readonly #world: World;
  readonly #isDistinct: (serial: number) => boolean;
  readonly #windowNs: number;
  readonly #longestNs: number;
  /** Flows of which both captures have a packet. */
  readonly #paired: ReadonlySet<number>;
  readonly #acknowledged: ReadonlySet<number>;
  /** By direction, when the last packet entered that crossed. */
  readonly #lastCrossedNs = { outbound: 0, inbound: 0 };
  readonly #fates: ReadonlyMap<number, Fate>;
  /** By side, when packets came out there by such a flow, in order; what is like what it alone has; and whether it shows some frames twice, and others not. */
  readonly #crossedNs: ReadonlyMap<CapturePoint, readonly number[]>;
  readonly #strange: ReadonlyMap<CapturePoint, ReadonlyMap<string, readonly number[]>>;
  readonly #copiesSome: ReadonlyMap<CapturePoint, boolean>;
  readonly #outOfTime: ReadonlySet<Tap>;

  /** `isDistinct`: whether what `decide.ts` says of the twin of a packet would hold for it. */
  constructor(
    world: World,
    isSeen: (fate: Fate) => boolean,
    isDistinct: (serial: number) => boolean,
    windowNs: number,
  ) {
    this.#world = world;
    this.#windowNs = windowNs;
    this.#isDistinct = isDistinct;
    const seen = world.fates.filter(isSeen);
    this.#longestNs = seen.reduce((longest, { entryNs, exitNs }) => Math.max(longest, exitNs - entryNs), 0);
    this.#paired = new Set(seen.map(({ flow }) => flow));
    for (const { direction, entryNs } of seen)
      this.#lastCrossedNs[direction] = Math.max(this.#lastCrossedNs[direction], entryNs);
    this.#acknowledged = acknowledged(world.fates);
    this.#fates = new Map(world.fates.map((fate) => [fate.serial, fate]));
    const points = [world.inside, world.outside];
    this.#crossedNs = new Map(points.map((point) => [point, this.#crossingsOf(point)]));
    this.#strange = new Map(points.map((point) => [point, this.#strangersOf(point, isSeen)]));
    this.#copiesSome = new Map(points.map((point) => [point, copiesSome(point)]));
    this.#outOfTime = new Set(points.flatMap(({ taps }) => outOfTime(taps, windowNs)));
  }

  /** Whether that is so of a frame of this kind that a capture shows, and that has no twin in the other one. */
  decides(kind: number, point: CapturePoint, other: CapturePoint, tap: Tap): boolean {
    const { serial, timeNs } = tap;
    const fate = this.#fates.get(serial)!;
    if (this.#outOfTime.has(tap)) return false;
    const isPlain = this.#copiesSome.get(point) === false;
    switch (kind) {
      case DROPPED:
        return isPlain && other.missedFrames === 0 && this.#isCertainDrop(fate, other);
      case LOCAL:
      case LOCAL_UNCOVERED:
        return !this.#isStrange(fate, other, timeNs);
      case COPY:
        return isPlain && this.#isDistinct(serial);
      case LOCAL_COPY:
        return isPlain;
      case UNCOVERED:
        if (!isPlain) return false;
        return other.covers(timeNs)
          ? this.#isDistinct(serial) && !this.#isStrange(fate, other, timeNs)
          : this.#isBeyond(point, other, timeNs);
      default:
        return false;
    }
  }

  #isCertainDrop(fate: Fate, other: CapturePoint): boolean {
    const { serial, direction, entryNs } = fate;
    const isOver = entryNs < this.#lastCrossedNs[direction];
    return (
      isOver && this.#isDistinct(serial) && !this.#acknowledged.has(serial) && !this.#isStrange(fate, other, entryNs)
    );
  }

  /** Whether the other capture has something like it that this one lacks, and that it may be: within a window, and not before it entered. */
  #isStrange(fate: Fate, other: CapturePoint, timeNs: number): boolean {
    const times = this.#strange.get(other)?.get(bytesOf(fate)) ?? [];
    const sign = (other === this.#world.outside) === (fate.direction === "outbound") ? 1 : -1;
    return times.some((ns) => sign * (ns - timeNs) >= 0 && Math.abs(ns - timeNs) < this.#windowNs);
  }

  /** Whether packets show that the other capture had not begun when this one passed, or had ended. */
  #isBeyond(point: CapturePoint, other: CapturePoint, timeNs: number): boolean {
    if (other.missedFrames > 0) return false;
    const [firstNs, lastNs] = [other.taps[0].timeNs, other.taps[other.taps.length - 1].timeNs];
    const crossedNs = this.#crossedNs.get(point) ?? [];
    const edgeNs = EDGE * this.#longestNs;
    if (timeNs < firstNs - edgeNs)
      return crossedNs.filter((ns) => ns >= timeNs && ns < firstNs - edgeNs).length >= LEAST_LACKED;
    return (
      timeNs > lastNs + edgeNs && crossedNs.filter((ns) => ns > lastNs + edgeNs && ns <= timeNs).length >= LEAST_LACKED
    );
  }

  #crossingsOf(point: CapturePoint): number[] {
    const leaving = point === this.#world.outside ? "outbound" : "inbound";
    const isCrossing = ({ serial, isCopy }: Tap): boolean => {
      const fate = this.#fates.get(serial)!;
      return !isCopy && fate.left !== null && fate.direction === leaving && this.#paired.has(fate.flow);
    };
    return point.taps.filter(isCrossing).map(({ timeNs }) => timeNs);
  }

  #strangersOf(point: CapturePoint, isSeen: (fate: Fate) => boolean): Map<string, number[]> {
    const found = new Map<string, number[]>();
    for (const { serial, timeNs } of point.taps) {
      const fate = this.#fates.get(serial)!;
      if (isSeen(fate)) continue;
      const bytes = bytesOf(fate);
      found.set(bytes, [...(found.get(bytes) ?? []), timeNs]);
    }
    return found;
  }
}

/** What the ends say, without what a router changes on the way: two that say the same the same way may be one. */
function bytesOf({ direction, entered }: Fate): string {
  const said = listOf(entered).map(({ proto, tcp, icmp, payload }: Packet) => [
    proto,
    tcp?.seq ?? 0,
    tcp?.ack ?? 0,
    tcp?.flags ?? 0,
    icmp?.value ?? 0,
    payload.toString("latin1"),
  ]);
  return `${direction} ${said.join("|")}`;
}

/** Those that stand behind what passed more than a window later. */
function outOfTime(taps: readonly Tap[], windowNs: number): Tap[] {
  let latestNs = Number.NEGATIVE_INFINITY;
  return taps.filter(({ timeNs }) => {
    latestNs = Math.max(latestNs, timeNs);
    return latestNs - timeNs > windowNs;
  });
}

/** Whether it shows some of its frames twice, and others not. */
function copiesSome({ taps }: CapturePoint): boolean {
  const copies = taps.filter(({ isCopy }) => isCopy).length;
  return copies > 0 && 2 * copies < taps.length;
}

/** The packets of which what they carry, or that they open or end, is acknowledged by a later one of the other end, whatever became of them. */
function acknowledged(fates: readonly Fate[]): ReadonlySet<number> {
  const found = new Set<number>();
  const latest = new Map<string, number>();
  for (const { serial, flow, direction, entered } of fates.toReversed()) {
    for (const { tcp, payload } of listOf(entered)) {
      if (tcp === undefined) continue;
      const end = tcp.seq + payload.length + Number((tcp.flags & (SYN | FIN)) !== 0);
      const acked = latest.get(`${flow} ${direction === "outbound" ? "inbound" : "outbound"}`);
      if (end !== tcp.seq && acked !== undefined && ((acked - end) | 0) >= 0) found.add(serial);
      const own = latest.get(`${flow} ${direction}`);
      if (own === undefined || ((tcp.ack - own) | 0) > 0) latest.set(`${flow} ${direction}`, tcp.ack);
    }
  }
  return found;
}
