import { keepNewest } from "../../packets/memory/keep-newest.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../../packets/sides.js";
import type { Doubled, DoubledAtFirst } from "./doubled.js";

/** What is doubled on one side is looked for on the other one for so long, nanoseconds: packets may take so long, and be doubled then. */
const HOLD_NS = 100_000_000;

/** At most so many packets wait for the other side, and gaps of so many lengths are kept. */
const MOST_WAITING = 65_536;
const MOST_LENGTHS = 256;

/** The gap of a packet is compared with those of so many others before it, of the same length. */
const OTHERS = 15;
/** Of what was sent twice, the gaps on both sides differ by what the latency changes meanwhile. By how many others its own is passed: each time as often as the time before by this … */
const NEXT = 0.6;
/** … but for a share of which nothing is known. */
const ANY = 0.1;
/** So many bits tell, and no more than so many are kept: what begins to speak against it is heard soon. */
const TELLING = 24;
const MOST = 2 * TELLING;

/** A packet that is doubled on a side, until the other one shows it. */
interface Waiting extends Doubled {
  readonly frame: number;
  readonly timeNs: number;
  readonly isOne: boolean;
}

/**
 * Tells packets that were sent twice from those that captures show twice, where both sides have them twice.
 *
 * One capture that shows a packet twice says nothing of the NAT: the other side has it once. Two captures may both do so, by a mirror port each.
 * Packets that a sender or a switch sends twice cross twice, and each capture shows both. Keys, IP IDs and TTLs are the same either way. What
 * differs is where the gap comes from: mirrors have one each, and know nothing of the other. What was sent twice takes its gap along, give or take
 * what the latency changes within it. So a packet's gap on one side must be nearer to its own one on the other side than to those of other packets.
 * Only packets of one length are compared, as a mirror may take longer for long ones.
 *
 * Where nearly all packets of both captures come twice, both are mirrors' whatever their gaps are: a mirror's queue may grow on both sides with the same
 * bursts, and no network sends everything twice, both ways. Of other packets that are doubled on both sides, and whose gaps do not tell, it is not known
 * whether the second ones are copies.
 *
 * What is told of a packet depends on those before it on the timeline alone: not on how captures are read.
 */
export class SentTwice {
  readonly #waiting = [new Map<number, Waiting>(), new Map<number, Waiting>()] as const;
  /** The gaps on the inside of the latest packets of each length, nanoseconds. */
  readonly #gapsNs = new Map<number, number[]>();
  /** By side: frames that were marked as copies, and of which nothing tells that they are, with their likes on the other side. */
  readonly #open = [new Map<number, number>(), new Map<number, number>()] as const;
  /** For how long after a packet that comes twice the other side may show that it was sent twice, nanoseconds. */
  readonly holdNs: number;
  #bits = 0;
  /** By side: whether any entered there that both sides have twice, as far as clocks tell. */
  readonly #haveEntered: [boolean, boolean] = [false, false];

  constructor(windowNs: number) {
    this.holdNs = Math.min(HOLD_NS, windowNs);
  }

  /** Whether packets come that were sent twice, as far as is known. */
  get isTold(): boolean {
    return this.#bits >= TELLING;
  }

  /** Whether packets may enter by a side that were sent twice: some did that both sides have twice, and nothing tells that captures made these so. */
  mayEnter(side: Side): boolean {
    return this.#haveEntered[side] && this.#bits > -TELLING;
  }

  /**
   * Learns by side what came twice at the beginning of both sides, before anything is placed on the timeline. A share of packets that comes twice may be just enough on one
   * side to be marked as copies, and just too small on the other.
   */
  begin(inside: readonly DoubledAtFirst[], outside: readonly DoubledAtFirst[]): void {
    const there = new Map(outside.map((each) => [each.key, each]));
    for (const here of inside) {
      const twin = there.get(here.key);
      if (twin === undefined || !(here.isMarked || twin.isMarked) || areMirrored(here, twin)) continue;
      this.#learn(here, twin);
      // what comes twice now and then may be said again by chance
      if (!here.isMarked || !twin.isMarked) continue;
      // before anything is placed, TTLs tell which way it went, unless a router keeps them
      if (here.ttl >= twin.ttl) this.#haveEntered[INSIDE] = true;
      if (here.ttl <= twin.ttl) this.#haveEntered[OUTSIDE] = true;
    }
    this.#gapsNs.clear();
  }

  /** Takes a packet that is there twice, where the second one stands on the timeline. Returns whether it was sent twice: then it is a packet of its own. */
  take(side: Side, doubled: Doubled, frame: number, timeNs: number): boolean {
    const there = this.#waiting[otherSide(side)];
    const twin = there.get(doubled.key);
    if (twin === undefined || timeNs - twin.timeNs > this.holdNs) {
      const here = this.#waiting[side];
      here.delete(doubled.key);
      // where too few come twice for its capture to make copies, it is none
      const isOne = !doubled.isCopy || (this.isTold && !doubled.isMostly);
      here.set(doubled.key, { ...doubled, frame, timeNs, isOne });
      keepNewest(here, MOST_WAITING);
      return isOne;
    }
    there.delete(doubled.key);
    // both are packets of their own, or none is: alone, one would seem to have been missed on the other side
    if (areMirrored(doubled, twin)) return twin.isOne;
    this.#haveEntered[otherSide(side)] = true;
    if (side === INSIDE) this.#learn(doubled, twin);
    else this.#learn(twin, doubled);
    if (twin.isOne) return true;
    this.#leaveOpen(side, frame, twin.frame);
    this.#leaveOpen(otherSide(side), twin.frame, frame);
    return false;
  }

  #leaveOpen(side: Side, frame: number, twin: number): void {
    this.#open[side].set(frame, twin);
    keepNewest(this.#open[side], MOST_WAITING);
  }

  /** Takes out the frame of the other side that is there twice as well, and like one that was marked, where nothing tells whether this is a copy; else undefined. */
  takeOpen(side: Side, frame: number): number | undefined {
    const twin = this.#open[side].get(frame);
    this.#open[side].delete(frame);
    return twin;
  }

  #learn(inside: Doubled, outside: Doubled): void {
    const { length } = inside;
    const others = this.#gapsNs.get(length) ?? [];
    const apartNs = Math.abs(inside.laterNs - outside.laterNs);
    const nearer = others.filter((gapNs) => Math.abs(gapNs - outside.laterNs) <= apartNs).length;
    this.#bits = Math.max(-TELLING, Math.min(MOST, this.#bits + bitsOf(nearer, others.length + 1)));
    others.push(inside.laterNs);
    if (others.length > OTHERS) others.shift();
    this.#gapsNs.delete(length);
    this.#gapsNs.set(length, others);
    keepNewest(this.#gapsNs, MOST_LENGTHS);
  }
}

/** Whether nearly all packets of both captures come twice: mirrors made them, whatever their gaps are. */
function areMirrored(one: Doubled, other: Doubled): boolean {
  return one.isMostly && other.isMostly;
}

/** What it says for packets that were sent twice that so many of the others are nearer, of `all` with its own: bits, against gaps that have nothing to do with each other. */
function bitsOf(nearer: number, all: number): number {
  const geometric = (NEXT ** nearer * (1 - NEXT)) / (1 - NEXT ** all);
  return Math.log2(((1 - ANY) * geometric + ANY / all) * all);
}
