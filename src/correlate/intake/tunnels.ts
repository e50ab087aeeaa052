import { keepNewest } from "../../packets/memory/keep-newest.js";
import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import type { Heap } from "../../packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import { idOf, IS_COPY, IS_FRAGMENT, IS_MISTIMED } from "../../packets/packets.js";
import { CARRIED, FLAGS_PROTO_TTL, IP_ID, KEY, KEY2, MOST_TUNNELS, RECORD_BITS } from "../../packets/records.js";
import { OUTSIDE } from "../../packets/sides.js";
import { NONE } from "../../packets/tuples.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import { type Tunnel, TunnelTable } from "../../packets/tunnels.js";
import { Carriers } from "./carriers.js";
import { TunnelTally } from "./tunnel-tally.js";

/** What is known of a tunnel: nothing by now; that packets of inside come in it; or that it passes inside as well. */
const UNDECIDED = 0;
const OPEN = 1;
const CLOSED = 2;

/** So many packets of tunnels are remembered, of a kind and a side: far more than are on their way through the host at once. */
const REMEMBERED = BATCH_FRAMES;

/** When no number is left, tunnels are forgotten in which nothing has come for so long, nanoseconds, and for so many windows. */
const IDLE_NS = 60e9;
const IDLE_WINDOWS = 8;

/** What a fragment of a carrier goes on with. */
export interface Begun {
  readonly frame: number;
  /** Whether its tunnel is known to be the host's. */
  readonly isOwn: boolean;
}

/**
 * Decides of each outside frame that carries a packet in another whether it is taken for the packet that is carried, or for its carrier.
 *
 * The host's own tunnels carry what containers send: there, the carried packet was inside before. A tunnel that a container ends passes
 * inside as well, and there, it is the carrier that the NAT rewrites, and that has its twin. A carrier that was seen on both sides, by
 * its key, tells. Until that happens, packets of a tunnel are taken for what they carry, and from then on for carriers. A packet that
 * was outside first is taken back, if need be, when its carrier comes inside.
 *
 * Each direction, VNI and key is a tunnel of its own. Once a carried packet has found its twin, its tunnel stays as it is.
 */
export class Tunnels {
  readonly table = new TunnelTable();
  readonly tally = new TunnelTally();
  readonly #tuples: TupleTable;
  readonly #heap: Heap;
  readonly #windowNs: number;
  readonly #states = new Uint8Array(MOST_TUNNELS + 1);
  /** When something came in each, by the outside's own stamps. */
  readonly #latestNs = new Float64Array(MOST_TUNNELS + 1);
  /** Up to when all batches before came, by the same stamps; and the same as tunnels were forgotten last. */
  #cameNs = Number.NEGATIVE_INFINITY;
  #forgotNs = Number.NEGATIVE_INFINITY;
  /** The carriers seen last inside, and those of outside packets that may be taken back. */
  readonly #inside: Carriers;
  readonly #outside: Carriers;
  /** By place in `#outside`: what is needed to take a packet back, its row on the timeline, its way and the number of its tunnel. */
  #kept: PacketBatch | undefined;
  readonly #rows = new Int32Array(BATCH_FRAMES);
  readonly #ways = new Int32Array(BATCH_FRAMES);
  readonly #numbers = new Uint16Array(BATCH_FRAMES);
  readonly #way: Int32Array;
  /** Frames of which what they carry only begins there, as their carriers are fragmented, with the numbers of their tunnels. */
  readonly #begun = new Map<string, { readonly frame: number; readonly number: number }>();
  readonly #row = new Uint32Array(1);
  /** The place of the packet chosen last, which is about to get its row. */
  #place = NONE;

  constructor(heap: Heap, tuples: TupleTable, windowNs: number) {
    this.#heap = heap;
    this.#inside = new Carriers(heap, REMEMBERED);
    this.#outside = new Carriers(heap, REMEMBERED);
    this.#tuples = tuples;
    this.#windowNs = windowNs;
    this.#way = heap.take(Int32Array, BATCH_FRAMES);
    // what has no number
    this.#states[0] = CLOSED;
  }

  /** Takes an outside batch, before its conversations are found: packets of undecided tunnels stay CARRIED. */
  take(batch: PacketBatch): void {
    if (batch.outers.count > 0)
      for (let row = 0; row < batch.count; row++) if (batch.tunnel(row) === CARRIED) this.#take(batch, row);
    if (batch.count > 0) this.#cameNs = batch.stampNs(batch.count - 1);
  }

  #take(batch: PacketBatch, row: number): void {
    const number = this.#find(batch, row);
    if ((batch.flags(row) & IS_COPY) !== 0) batch.setTunnel(row, number);
    else if (this.#states[number] === CLOSED) batch.close(row);
    else {
      this.tally.note(this.table.of(number), batch.frame(row));
      this.#noteBegun(batch, row, number);
      if (this.#states[number] === OPEN) batch.setTunnel(row, number);
    }
  }

  /** Is told of the packets of a batch that was taken, from row `from` on, that they are not asked for. */
  leave(batch: PacketBatch, from: number): void {
    if (batch.outers.count === 0) return;
    for (let row = from; row < batch.count; row++) {
      const tunnel = batch.tunnel(row);
      if (tunnel === 0 || (batch.flags(row) & IS_COPY) !== 0) continue;
      const number = tunnel === CARRIED ? this.table.find(batch.outers, batch.outer[row]) : tunnel;
      this.tally.takeBack(this.table.of(number), batch.frame(row));
    }
  }

  /** Decides about an outside packet that is CARRIED, as it comes at `timeNs`; `ways` are those of its batch. */
  choose(batch: PacketBatch, row: number, ways: Int32Array, timeNs: number): void {
    const number = this.table.find(batch.outers, batch.outer[row]);
    this.#place = NONE;
    if (this.#states[number] === UNDECIDED) {
      const key = keyOf(batch, row, KEY);
      const key2 = keyOf(batch, row, KEY2);
      if (this.#isPaired(ways[row])) this.#decide(number, OPEN);
      else if (this.#inside.find(key, key2, timeNs - this.#windowNs) !== NONE) this.#decide(number, CLOSED);
      else if ((batch.flags(row) & IS_MISTIMED) === 0) this.#keep(batch, row, number, ways[row], timeNs);
    }
    if (this.#states[number] === CLOSED) {
      this.tally.takeBack(this.table.of(number), batch.frame(row));
      batch.close(row);
      this.#tuples.findWays(OUTSIDE, batch, row, ways, row + 1);
    } else batch.setTunnel(row, number);
  }

  /** Is told the row of the packet chosen last. */
  came(row: number): void {
    if (this.#place !== NONE) this.#rows[this.#place] = row;
    this.#place = NONE;
  }

  /**
   * Takes a carrier that is inside. Returns the place of the outside packet that came in it, and was taken for what it carries; NONE
   * where there is none.
   */
  meet(batch: PacketBatch, row: number, timeNs: number): number {
    const [key, key2] = [batch.key(row), batch.key2(row)];
    this.#inside.add(key, key2, timeNs);
    const place = this.#outside.find(key, key2, timeNs - this.#windowNs);
    if (place !== NONE && this.#states[this.#numbers[place]] === UNDECIDED) this.#decide(this.#numbers[place], CLOSED);
    return place;
  }

  /** The row of the packet at a place. */
  rowAt(place: number): number {
    return this.#rows[place];
  }

  /** Hands over the carrier of the packet at a place, once: the batch that has it in row `place`, and its way. */
  carrierAt(place: number): { readonly batch: PacketBatch; readonly way: number } {
    const batch = (this.#kept ??= batchIn(this.#heap));
    this.#outside.forget(place);
    this.tally.takeBack(this.table.of(this.#numbers[place]), batch.frame(place));
    batch.close(place);
    this.#tuples.findWays(OUTSIDE, batch, place, this.#way, place + 1);
    return { batch, way: this.#way[place] };
  }

  /** Decides about tunnels as far as can be known by now. */
  settle(): void {
    this.#outside.forEach((place) => this.#settleAt(place));
  }

  /** The tunnel of a number; undefined for 0. */
  of(number: number): Tunnel | undefined {
    return number === 0 ? undefined : this.table.of(number);
  }

  /** What a later fragment of outside goes on with, where that came in a tunnel. */
  begunBy(src: string, dst: string, ipId: number): Begun | undefined {
    const begun = this.#begun.get(datagramOf(src, dst, ipId));
    return begun && { frame: begun.frame, isOwn: this.#states[begun.number] === OPEN };
  }

  #noteBegun(batch: PacketBatch, row: number, number: number): void {
    const { outers, outer } = batch;
    const r = outer[row] << RECORD_BITS;
    const flags = outers.records[r + FLAGS_PROTO_TTL];
    if ((flags & IS_FRAGMENT) === 0) return;
    const { src, dst } = this.table.of(number);
    const frame = batch.frame(row);
    this.#begun.set(datagramOf(src, dst, idOf(flags, outers.records[r + IP_ID])), { frame, number });
    keepNewest(this.#begun, REMEMBERED);
  }

  #decide(number: number, state: number): void {
    this.#states[number] = state;
    this.tally.decide(this.table.of(number), state === OPEN);
  }

  /** Whether packets of a conversation, which came in a tunnel, have found their twins. */
  #isPaired(way: number): boolean {
    return this.#tuples.isProved(way) || this.#tuples.isProved(way ^ 1);
  }

  /** Remembers a packet that may be taken back. */
  #keep(batch: PacketBatch, row: number, number: number, way: number, timeNs: number): void {
    const kept = (this.#kept ??= batchIn(this.#heap));
    const place = this.#outside.next;
    if (this.#outside.isTaken(place)) this.#settleAt(place);
    this.#outside.add(keyOf(batch, row, KEY), keyOf(batch, row, KEY2), timeNs);
    kept.clear();
    kept.count = place;
    kept.outers.count = place;
    this.#row[0] = row;
    kept.append(batch, this.#row);
    this.#ways[place] = way;
    this.#numbers[place] = number;
    this.#place = place;
  }

  #settleAt(place: number): void {
    const number = this.#numbers[place];
    if (this.#states[number] === UNDECIDED && this.#isPaired(this.#ways[place])) this.#decide(number, OPEN);
  }

  #find(batch: PacketBatch, row: number): number {
    let number = this.table.find(batch.outers, batch.outer[row]);
    if (number === 0 && this.#forget()) number = this.table.find(batch.outers, batch.outer[row]);
    this.#latestNs[number] = batch.stampNs(row);
    return number;
  }

  /**
   * Forgets the tunnels that nothing came in lately: no packet names one of them any more, as all came in batches before, and is decided about. Returns
   * whether there are such.
   */
  #forget(): boolean {
    if (this.#forgotNs === this.#cameNs) return false;
    this.#forgotNs = this.#cameNs;
    const idleNs = Math.max(IDLE_NS, IDLE_WINDOWS * this.#windowNs);
    const idle: number[] = [];
    for (let number = 1; number < this.table.end; number++) {
      if (this.#cameNs - this.#latestNs[number] <= idleNs) continue;
      idle.push(number);
      this.#latestNs[number] = Number.POSITIVE_INFINITY;
    }
    if (idle.length === 0) return false;
    const forgotten = new Set(idle);
    this.#outside.forEach((place) => {
      if (!forgotten.has(this.#numbers[place])) return;
      this.#settleAt(place);
      this.#outside.forget(place);
    });
    for (const number of idle) this.#states[number] = UNDECIDED;
    this.table.giveBack(idle);
    return true;
  }
}

/** Half of the key of what carried a row. */
function keyOf({ outers, outer }: PacketBatch, row: number, half: number): number {
  return outers.records[(outer[row] << RECORD_BITS) + half];
}

/** What the fragments of a datagram have in common. */
function datagramOf(src: string, dst: string, ipId: number): string {
  return `${src} ${dst} ${ipId}`;
}
