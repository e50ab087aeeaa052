import { HashIndex } from "../packets/hash-index.js";
import type { Heap } from "../packets/heap.js";
import {
  FIN,
  HAS_IP_ID,
  HAS_PAYLOAD,
  HAS_TCP_NUMBERS,
  IS_COPY,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_MISTIMED,
  type PacketBatch,
  RST,
  SYN,
} from "../packets/packets.js";
import {
  ACK,
  DST,
  FLAGS_PROTO_TTL,
  HEAD,
  PAYLOAD_LENGTH,
  RECORD_BITS,
  SEQ,
  SRC,
  STAMP_NS,
} from "../packets/records.js";
import { INSIDE, type Side } from "../packets/sides.js";
import type { Rows } from "./lookahead.js";

/** A packet that was seen once on each side. Stamps are those of the captures, from their own epochs. */
export interface Twin {
  readonly insideNs: number;
  readonly outsideNs: number;
  /** 1 where it went from inside to outside, -1 where it came the other way, 0 where neither its ends nor its TTL tell. */
  readonly direction: number;
  /** What makes it unique: NUMBERS, PAYLOAD or IP_ID. */
  readonly by: number;
  /** How far each side had come when it was seen there, by `Twins.progress` … */
  readonly seenAt: readonly [number, number];
  /** … and when another packet like it was: from then on it proves nothing. */
  readonly repeatedAt: [number, number];
}

/** TCP numbers: no other host draws the same ones. */
export const NUMBERS = 0;
/** A payload that no other packet begins with. */
const PAYLOAD = 1;
/** An IP ID, with whatever payload: that says little, as 65,536 packets later there is another one. */
export const IP_ID_ONLY = 2;

/** Packets of a side that are remembered. */
const ENTRIES = 2 ** 15;
/** A shorter payload is the same too often: a byte of a key press, a heartbeat without content. */
const LEAST_PAYLOAD = 8;
/** So many packets a second are enough, measured over so many or for so long, whichever is less. */
const ENOUGH_PER_S = 1024;
const MEASURED_ROWS = 1024;
const MEASURED_NS = 1_000_000_000;

/** Words of an entry. */
const HASH = 0;
const HASH2 = 1;
const FROM = 2;
const TO = 3;
const TTL = 4;
const ENTRY_BITS = 3;

/**
 * Finds packets that were seen once on each side by what they carry, whatever their addresses, their IP ID and their stamps are:
 * TCP numbers, or a payload that no other packet begins with. It knows nothing of pairs, so that what it says of the clocks does
 * not depend on what was made of it.
 */
export class Twins {
  /** Those found since they were last taken. */
  found: Twin[] = [];
  /** Whether all packets are looked at, and twins for that are unique by no more than their IP ID, too. */
  isBeginning = true;
  readonly #index: HashIndex;
  readonly #sides: readonly [Remembered, Remembered];

  constructor(heap: Heap) {
    this.#index = new HashIndex(heap, 2 ** 12);
    this.#sides = [new Remembered(true), new Remembered(false)];
  }

  /** Looks at a side's next packets. */
  note(side: Side, { batch, from, to }: Rows): void {
    const own = this.#sides[side];
    const { records, doubles } = batch;
    for (let row = from; row < to; row++) {
      const r = row << RECORD_BITS;
      const stampNs = doubles[(r >> 1) + STAMP_NS];
      own.pass(stampNs);
      const seq = records[r + SEQ];
      const ack = records[r + ACK];
      const head = records[r + HEAD];
      if (!this.isBeginning && (Math.imul(seq ^ ack ^ head, 0x2c1b3c6d) & own.sampleMask) !== 0) continue;
      const flags = records[r + FLAGS_PROTO_TTL];
      if ((flags & (IS_COPY | IS_FRAGMENT | IS_ERROR | IS_HEADLESS | IS_MISTIMED)) !== 0) continue;
      const hasNumbers = (flags & HAS_TCP_NUMBERS) !== 0;
      if (!hasNumbers && (flags & HAS_PAYLOAD) === 0) continue;
      const length = records[r + PAYLOAD_LENGTH];
      if (this.isBeginning && !hasNumbers && (flags & HAS_IP_ID) !== 0) {
        const id = mixed(mixed(batch.key(row), batch.ipId(row)), length);
        this.#see(side, batch, row, stampNs, id, batch.key2(row), IP_ID_ONLY);
      }
      if (!hasNumbers && (length < LEAST_PAYLOAD || head === 0)) continue;
      const hash = mixed(mixed(mixed(head, seq), ack), length + ((flags >>> 16) & 0xff) * 0x10000);
      const hash2 = mixed(Math.imul(hash, 0x2c1b3c6d) ^ seq, head ^ (batch.tcpFlags(row) & (FIN | SYN | RST)));
      this.#see(side, batch, row, stampNs, hash, hash2, hasNumbers ? NUMBERS : PAYLOAD);
    }
  }

  #see(side: Side, batch: PacketBatch, row: number, stampNs: number, hash: number, hash2: number, by: number): void {
    const index = this.#index;
    const [own, others] = side === INSIDE ? this.#sides : [this.#sides[1], this.#sides[0]];
    let other = -1;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const id = index.idAt(cell);
      const entry = id >> 1;
      const entries = (id & 1) === side ? own : others;
      if (entries.words[(entry << ENTRY_BITS) + HASH2] !== hash2) continue;
      if (entries === own) {
        own.repeat(entry, side);
        return;
      }
      other = entry;
    }
    const entry = own.next % ENTRIES;
    if (own.next >= ENTRIES) index.remove(own.words[(entry << ENTRY_BITS) + HASH], 2 * entry + side);
    own.next++;
    const e = entry << ENTRY_BITS;
    const { words } = own;
    words[e + HASH] = hash;
    words[e + HASH2] = hash2;
    words[e + FROM] = endOf(batch, row, true);
    words[e + TO] = endOf(batch, row, false);
    words[e + TTL] = batch.ttl(row);
    own.stampsNs[entry] = stampNs;
    own.seenAt[entry] = own.progress;
    own.repeatedAt[entry] = Number.POSITIVE_INFINITY;
    own.twins[entry] = undefined;
    index.add(hash, 2 * entry + side);
    if (other < 0) return;
    const [i, o] = side === INSIDE ? [entry, other] : [other, entry];
    const [inside, outside] = this.#sides;
    const twin: Twin = {
      insideNs: inside.stampsNs[i],
      outsideNs: outside.stampsNs[o],
      direction: directionOf(inside.words, i << ENTRY_BITS, outside.words, o << ENTRY_BITS),
      by,
      seenAt: [inside.seenAt[i], outside.seenAt[o]],
      repeatedAt: [inside.repeatedAt[i], outside.repeatedAt[o]],
    };
    inside.twins[i] = twin;
    outside.twins[o] = twin;
    this.found.push(twin);
  }
}

/** What is remembered of a side: a ring. */
class Remembered {
  readonly words = new Int32Array(ENTRIES << ENTRY_BITS);
  readonly stampsNs = new Float64Array(ENTRIES);
  readonly seenAt = new Float64Array(ENTRIES);
  readonly repeatedAt = new Float64Array(ENTRIES);
  readonly twins: (Twin | undefined)[] = [];
  next = 0;
  /** How far the side has come: the greatest stamp of the inside, and how many packets there were of the outside. */
  progress: number;
  /** These bits of what is drawn from a packet must be 0: of two sides, the busier one looks at a part of what the other does. */
  sampleMask = 0;
  readonly #isByTime: boolean;
  #rows = 0;
  #sinceNs = Number.NaN;

  constructor(isByTime: boolean) {
    this.#isByTime = isByTime;
    this.progress = isByTime ? Number.NEGATIVE_INFINITY : 0;
  }

  /** Takes the next stamp into account: the busier a capture is, the fewer of its packets are enough. */
  pass(stampNs: number): void {
    if (!this.#isByTime) this.progress++;
    else if (stampNs > this.progress) this.progress = stampNs;
    if (this.#rows++ === 0) this.#sinceNs = stampNs;
    const spanNs = Math.abs(stampNs - this.#sinceNs);
    if (this.#rows < MEASURED_ROWS && spanNs < MEASURED_NS) return;
    const perS = (this.#rows * 1e9) / Math.max(1, spanNs);
    this.#rows = 0;
    const bits = Math.max(0, Math.min(12, Math.ceil(Math.log2(perS / ENOUGH_PER_S))));
    this.sampleMask = bits === 0 ? 0 : -1 << (32 - bits);
  }

  /** Notes that a packet came again. */
  repeat(entry: number, side: Side): void {
    this.repeatedAt[entry] = Math.min(this.repeatedAt[entry], this.progress);
    const twin = this.twins[entry];
    if (twin !== undefined) twin.repeatedAt[side] = this.repeatedAt[entry];
  }
}

/**
 * A NAT rewrites the address of the inside host: the source's of what leaves, the destination's of what comes in. Where none or
 * both are rewritten, the TTL tells, which forwarding lowers; it says less, as a router may set it to whatever it likes.
 */
function directionOf(inside: Int32Array, i: number, outside: Int32Array, o: number): number {
  const isFromRewritten = inside[i + FROM] !== outside[o + FROM];
  const isToRewritten = inside[i + TO] !== outside[o + TO];
  if (isFromRewritten !== isToRewritten) return isFromRewritten ? 1 : -1;
  return Math.sign(inside[i + TTL] - outside[o + TTL]);
}

/** An address in a word. */
function endOf(batch: PacketBatch, row: number, isSource: boolean): number {
  if ((batch.flags(row) & IS_IPV6) === 0) return batch.records[(row << RECORD_BITS) + (isSource ? SRC : DST)];
  const words = isSource ? batch.src6 : batch.dst6;
  const w = 4 * row;
  return mixed(mixed(words[w], words[w + 1]), mixed(words[w + 2], words[w + 3]));
}

/** Two words in one, each bit of them in every bit of it. */
function mixed(a: number, b: number): number {
  const word = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) ^ b;
  const again = Math.imul(word ^ (word >>> 12), 0x297a2d39);
  return again ^ (again >>> 15);
}
