import type { Heap } from "../../packets/memory/heap.js";
import type { Mark } from "../../packets/batches/frame-marks.js";
import { MassTime, MOST_VOTES, SET_ASIDE } from "../../packets/batches/mass-time.js";
import { firstNotBefore } from "../../packets/memory/sorted.js";
import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import type { PacketSource } from "../../packets/batches/source.js";
import { rowOf, unmark } from "./copies.js";
import type { MarkedPackets } from "./marked-packets.js";
import { Disorder } from "./disorder.js";
import { Kinds } from "./kinds.js";
import { Passed } from "./passed.js";
import { WaitingRoom } from "./waiting-room.js";

/**
 * How long a packet waits for others that its capture stamped earlier and gives later, nanoseconds: several processors stamp, and
 * one buffer collects. A capture that shows more disorder is given twice what it showed …
 */
const LEAST_HORIZON_NS = 2_000_000;
/** … and no more than this: what is later than that comes late. */
const MOST_HORIZON_NS = 100_000_000;
/** A packet waits for so many others, up to twice as many, and no longer: stamps may not move at all. */
const MOST_HELD = 2 ** 15;

/** When a capture lost frames, by its own stamps, nanoseconds: some time between two. */
export interface LostSpan {
  readonly fromNs: number;
  /** It says so once time has come to here. */
  readonly toNs: number;
  readonly count: number;
}

/** Frames whose stamps leap away from those around them, farther than twins may be apart. */
export interface Leaps {
  count: number;
  /** The first one's frame number, and how far its stamp is ahead, nanoseconds. */
  firstFrame: number;
  firstLeapNs: number;
}

/** Where the stamps of a capture fall back, farther than twins may be apart, and stay there. */
export interface FallBack {
  /** The first frame behind that. */
  readonly frame: number;
  readonly backNs: number;
}

/**
 * The packets of a source in order of time, as time is told by most of them: a packet that its capture gives late, within a
 * horizon, is put where it belongs, and one whose stamp leaps away from the others goes where it stands, marked IS_MISTIMED.
 *
 * The order follows from the capture alone. Each packet has a key: its stamp, or the time up to which packets had been let go when it
 * came, if that is later. They are let go in order of their keys, each once time has gone a horizon beyond it. How the source cuts its
 * batches thus decides when, and not in which order. A batch in order is handed on as it is, up to where packets may still come in
 * between.
 */
export class Intake {
  readonly source: PacketSource;
  readonly leaps: Leaps = { count: 0, firstFrame: 0, firstLeapNs: 0 };
  /** The first time that they do, if they do. */
  fallBack: FallBack | undefined;
  readonly disorder = new Disorder();
  readonly kinds = new Kinds();
  /** What it tells of losses, one after the other; for whoever reads that to take out. */
  readonly losses: LostSpan[] = [];
  /** What it has beside the packets that were taken; null where nobody asks for that before the end. */
  readonly passed: Passed | null;
  readonly packets: MarkedPackets;
  readonly #heap: Heap;
  readonly #windowNs: number;
  readonly #mass: MassTime;
  #horizonNs = LEAST_HORIZON_NS;
  /** Packets are let go whose key is not above it; never goes back. */
  #limitNs = Number.NEGATIVE_INFINITY;
  /** How far marks say that the capture has come: the other side may have gone on to there, and what comes then is too late. */
  #reachedNs = Number.NEGATIVE_INFINITY;
  /** How many packets came, and how far time had gone on when the number was a multiple of MOST_HELD. */
  #taken = 0;
  #heldNs = Number.NEGATIVE_INFINITY;
  readonly #room: WaitingRoom;
  /** Rows there of packets that are set aside, by frame. */
  readonly #aside = new Map<number, number>();
  /** The batch that the source gave last, until it is asked for the next one; and how many rows there are behind those handed on. */
  #batch: PacketBatch | null = null;
  #isHandedOn = true;
  #behind = 0;
  #out: PacketBatch | undefined;
  /** How far the leaping stamps of packets that were let go are ahead, by frame, until they are forgotten. */
  readonly #leapsNs = new Map<number, number>();
  #error: unknown;
  #isStopped = false;
  #hasEnded = false;

  readonly #onBegins: (frame: number) => void;

  /**
   * `packets`: those of the source, marked where its capture shows them twice. `mayStop`: whether it may be left before its end. `onBegins`: told of the frame
   * behind which the next of its captures begins.
   */
  constructor(
    source: PacketSource,
    packets: MarkedPackets,
    heap: Heap,
    windowNs: number,
    mayStop = false,
    onBegins: (frame: number) => void = () => {},
  ) {
    this.#onBegins = onBegins;
    this.passed = mayStop ? new Passed() : null;
    this.source = source;
    this.packets = packets;
    this.#heap = heap;
    this.#room = new WaitingRoom(heap);
    this.#windowNs = windowNs;
    this.#mass = new MassTime(windowNs, (frame, timeNs) => this.#settle(frame, timeNs));
  }

  get epochNs(): bigint {
    return this.source.epochNs;
  }

  /** How far the stamp of a packet that is IS_MISTIMED is ahead of the time it was given, nanoseconds. */
  leapNs(frame: number): number {
    return this.#leapsNs.get(frame) ?? 0;
  }

  /** To be told once nobody will ask that of a packet any more. */
  forgetLeap(frame: number): void {
    this.#leapsNs.delete(frame);
  }

  /** Has it end with what was read so far. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The next packets, or null at the end; the batch before it is overwritten. A batch may be empty. */
  async next(): Promise<PacketBatch | null> {
    for (;;) {
      const ready = this.#handOn();
      if (ready !== null) return ready;
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) return null;
      this.#keepRest();
      const batch = this.#isStopped ? null : await this.#read();
      if (batch === null) this.#end();
      else this.#take(batch);
    }
  }

  /** Reads on; an error is an end, and told of once all that came before it has gone. */
  async #read(): Promise<PacketBatch | null> {
    try {
      const batch = await this.packets.next();
      for (const { frame, key } of this.packets.takeUnmarked()) this.#unmark(frame, key);
      return batch;
    } catch (error) {
      this.#error = error;
      return null;
    }
  }

  /** Has a packet that waits, where it does, be none that its capture shows once more. */
  #unmark(frame: number, key: number): void {
    const row = rowOf(this.#room.packets, frame);
    if (row >= 0) unmark(this.#room.packets, row, key);
  }

  /** What may go: packets that waited, then those of the source's batch, whose `reachedNs` holds only then. */
  #handOn(): PacketBatch | null {
    if (this.#room.free > 0) {
      const out = (this.#out ??= batchIn(this.#heap));
      out.clear();
      this.#room.leave(out);
      return out;
    }
    const batch = this.#isHandedOn ? null : this.#batch;
    this.#isHandedOn = true;
    return batch !== null && (batch.count > 0 || batch.reachedNs > Number.NEGATIVE_INFINITY) ? batch : null;
  }

  /** Keeps what the source's batch has left, which is about to be overwritten. */
  #keepRest(): void {
    const room = this.#room;
    room.forget();
    // they come last
    for (let row = room.packets.count - 1, left = this.#aside.size; left > 0; row--)
      if (this.#aside.has(room.packets.frame(row))) left -= this.#aside.set(room.packets.frame(row), row) ? 1 : 0;
    if (this.#batch !== null && this.#behind > 0)
      room.append(this.#batch, this.#batch.count, this.#batch.count + this.#behind);
    this.#batch = null;
    this.#behind = 0;
  }

  #take(batch: PacketBatch): void {
    const { count, reachedNs, marks } = batch;
    const beforeNs = this.#mass.nowNs;
    this.passed?.read(batch.rowless);
    this.kinds.read(batch);
    // the first packets that there are wait for those that vouch for them, and marks among them tell of that as well
    const voting = beforeNs === Number.NEGATIVE_INFINITY ? MOST_VOTES : -1;
    const isInTime = marks.every((mark) => changesNothing(mark, batch, voting)) && this.#goThrough(batch);
    this.#batch = batch;
    this.#isHandedOn = false;
    if (isInTime) for (const mark of marks) this.#pass(mark);
    else {
      const row = this.#room.append(batch, 0, count);
      let marked = 0;
      for (let at = row; at < row + count; at++) {
        for (; marked < marks.length && marks[marked].frame < this.#room.packets.frame(at); marked++)
          this.#pass(marks[marked]);
        this.#takeOne(at);
      }
      for (; marked < marks.length; marked++) this.#pass(marks[marked]);
      batch.count = 0;
    }
    // of what is read by parts, marks tell how far it has come
    if (this.source.isLive === true) this.#reach(reachedNs);
    if (isInTime && beforeNs > this.#limitNs && this.#room.packets.count > 0) {
      // some of those that wait come in between
      this.#room.append(batch, 0, count);
      batch.count = 0;
    }
    this.#behind = batch.count - batch.endOf(this.#limitNs, 0, batch.count);
    batch.count -= this.#behind;
    this.#room.sort(this.#limitNs);
  }

  /** Takes what stands between two frames. */
  #pass({ frame, reachedNs, begins, loss }: Mark): void {
    if (begins === true) this.#onBegins(frame);
    if (reachedNs !== undefined) {
      this.#reachedNs = reachedNs;
      this.#reach(reachedNs);
    }
    if (loss === undefined) return;
    const { sinceNs: fromNs, toldNs, count } = loss;
    // where a clock was set back, time has stayed where it was
    this.losses.push({ fromNs, toNs: Math.max(toldNs, this.#mass.nowNs, this.#limitNs), count });
  }

  #reach(reachedNs: number): void {
    this.#mass.reach(reachedNs);
    this.#raise(reachedNs);
  }

  /** Whether the batch's packets are in order and behind those before, without a leap: then time has gone on to the last of them. */
  #goThrough(batch: PacketBatch): boolean {
    const { count, isInOrder } = batch;
    if (count === 0) return true;
    if (!isInOrder || !this.#mass.isClear) return false;
    const firstNs = batch.stampNs(0);
    const lastNs = batch.stampNs(count - 1);
    let beforeNs = this.#mass.nowNs;
    // the first that there are vouch for each other
    if (beforeNs === Number.NEGATIVE_INFINITY && count > MOST_VOTES) beforeNs = firstNs;
    if (firstNs < beforeNs) return false;
    for (let row = 0; lastNs - beforeNs > this.#windowNs; row++) {
      const stampNs = batch.stampNs(row);
      if (stampNs - beforeNs > this.#windowNs) return false;
      beforeNs = stampNs;
    }
    const past = (this.#taken + count) % MOST_HELD;
    if (past < count) this.#holdNoLonger(batch.stampNs(count - 1 - past));
    this.#taken += count;
    this.#mass.nowNs = lastNs;
    this.disorder.take(lastNs, lastNs, this.#taken);
    this.#raise(lastNs - this.#horizonNs);
    return true;
  }

  /** Takes the packet in this row of the waiting room. */
  #takeOne(row: number): void {
    const frame = this.#room.packets.frame(row);
    const stampNs = this.#room.packets.stampNs(row);
    const mass = this.#mass;
    const how = mass.take(frame, stampNs);
    this.disorder.take(stampNs, mass.nowNs, ++this.#taken);
    if (how === SET_ASIDE) {
      this.#room.give(row, Number.POSITIVE_INFINITY);
      this.#aside.set(frame, row);
    } else if (stampNs < this.#reachedNs) this.#mistime(row, mass.nowNs);
    else {
      const backNs = mass.nowNs - stampNs;
      if (backNs > 0) this.#horizonNs = Math.max(this.#horizonNs, Math.min(2 * backNs, MOST_HORIZON_NS));
      this.#room.give(row, Math.max(stampNs, this.#limitNs));
      this.#raise(mass.nowNs - this.#horizonNs);
    }
    if (this.#taken % MOST_HELD === 0) this.#holdNoLonger(mass.nowNs);
  }

  /** Notes when one that was set aside passed, as the mass of frames tells. */
  #settle(frame: number, timeNs: number): void {
    const row = this.#aside.get(frame);
    if (row === undefined) return;
    this.#aside.delete(frame);
    if (timeNs !== this.#room.packets.stampNs(row)) this.#mistime(row, timeNs);
    else {
      const backNs = this.#mass.nowNs - timeNs;
      if (backNs > this.#windowNs) {
        // the clock was set back, or frames stand in another order: all that waits passed before
        this.#raise(this.#mass.nowNs);
        this.fallBack ??= { frame, backNs };
      }
      this.#room.give(row, Math.max(timeNs, this.#limitNs));
    }
  }

  /** Gives a packet whose stamp leaps the time that its capture has come to. */
  #mistime(row: number, massNs: number): void {
    const { packets } = this.#room;
    const frame = packets.frame(row);
    const timeNs = Math.max(massNs, this.#limitNs);
    const leapNs = packets.stampNs(row) - timeNs;
    packets.mistime(row, timeNs);
    this.#room.give(row, timeNs);
    this.#leapsNs.set(frame, leapNs);
    if (this.leaps.count++ === 0) Object.assign(this.leaps, { firstFrame: frame, firstLeapNs: leapNs });
  }

  /** Lets go what waits for MOST_HELD others, now that time has come to this stamp with the last of them. */
  #holdNoLonger(massNs: number): void {
    this.#raise(this.#heldNs);
    this.#heldNs = massNs;
  }

  #raise(limitNs: number): void {
    if (limitNs > this.#limitNs) this.#limitNs = limitNs;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#mass.end();
    this.#raise(Number.POSITIVE_INFINITY);
    this.#room.sort(this.#limitNs);
  }
}

/** Whether a mark tells no more than the packet behind it does, in a batch in order, and stands behind row `voting`. */
function changesNothing({ frame, reachedNs, loss }: Mark, batch: PacketBatch, voting: number): boolean {
  if (loss !== undefined || reachedNs === undefined) return false;
  const from = firstNotBefore(0, batch.count, (row) => batch.frame(row) <= frame);
  return from > voting && (from === batch.count || batch.stampNs(from) >= reachedNs);
}
