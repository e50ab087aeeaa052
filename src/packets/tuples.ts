import { sameAddress, widened } from "./columns.js";
import { HashIndex } from "./hash-index.js";

/** What a tuple's columns hold where there is nothing to say. */
export const NONE = -1;

/**
 * Words of a tuple's record, one cache line: what a search compares (ports, protocol and version, the addresses' first
 * words), and what changes with every packet. With ten thousands of tuples, each line touched is one fetched anew.
 */
const PORTS = 0;
const KIND = 1;
const FROM = 2;
const TO = 3;
/** Two words, one a direction: at FLOW + forward. */
const FLOW = 4;
/** Bit `forward`: see `isProved`. */
const PROVED = 6;
/** Two words, read as one double. */
const LAST_NS = 8;
const RECORD_BITS = 4;
const RECORD_WORDS = 1 << RECORD_BITS;

/**
 * The conversations seen on one side: a protocol and two endpoints, the same row for both directions. Endpoint A is the
 * sender of the first packet seen; a packet from A to B is `forward`.
 *
 * Rows are taken by `intern` and given back by `release`, so the table is as large as the conversations alive at once.
 */
export class TupleTable {
  proto = new Uint8Array(256);
  isIpv6 = new Uint8Array(256);
  #records = new Int32Array(256 * RECORD_WORDS);
  /** The same memory. */
  #doubles = new Float64Array(this.#records.buffer);
  /** Addresses, four words a row as in `PacketBatch`. */
  addressA = new Uint32Array(1024);
  addressB = new Uint32Array(1024);
  portA = new Uint16Array(256);
  portB = new Uint16Array(256);
  /** 1 where the ports are an ICMP echo id. */
  isEcho = new Uint8Array(256);
  /** 1 if A opened the conversation, 0 if B did. */
  openedByA = new Uint8Array(256);
  /** TCP: bit 0 once B, bit 1 once A has sent FIN or either has sent RST: 3 where the connection is over. */
  ended = new Uint8Array(256);
  /** Packets of this tuple that found no twin. */
  unmatched = new Uint32Array(256);
  /** 1 where one of them was dropped before the first pair of the tuple's flow. */
  hasLostFirst = new Uint8Array(256);
  /** Rows handed out so far: every tuple is below it. */
  end = 0;
  #hash = new Int32Array(256);
  #alive = new Uint8Array(256);
  #free: number[] = [];
  readonly #index = new HashIndex();

  get size(): number {
    return this.#index.size;
  }

  /**
   * The flow of the tuple's packets that are `forward` (1) or not (0), or NONE while their translation is not known. Each
   * direction may have its own: br_netfilter shows a DNATed container's packets after, their answers before the DNAT.
   */
  flow(tuple: number, forward: number): number {
    return this.#records[(tuple << RECORD_BITS) + FLOW + forward];
  }

  /** Whether a pair has proved that direction's flow; if not, it is only what the other direction suggests. */
  isProved(tuple: number, forward: number): boolean {
    return ((this.#records[(tuple << RECORD_BITS) + PROVED] >> forward) & 1) === 1;
  }

  bind(tuple: number, forward: number, flow: number): void {
    this.#records[(tuple << RECORD_BITS) + FLOW + forward] = flow;
  }

  prove(tuple: number, forward: number): void {
    this.#records[(tuple << RECORD_BITS) + PROVED] |= 1 << forward;
  }

  /** Takes a direction's flow away. */
  unbind(tuple: number, forward: number): void {
    this.bind(tuple, forward, NONE);
    this.#records[(tuple << RECORD_BITS) + PROVED] &= ~(1 << forward);
  }

  /** Whether neither direction has a known translation. */
  isUntranslated(tuple: number): boolean {
    return this.flow(tuple, 0) === NONE && this.flow(tuple, 1) === NONE;
  }

  /** Notes the time of a packet, nanoseconds on the timeline. */
  saw(tuple: number, timeNs: number): void {
    this.#doubles[((tuple << RECORD_BITS) + LAST_NS) >> 1] = timeNs;
  }

  /** Time of the last packet, nanoseconds on the timeline. */
  lastNs(tuple: number): number {
    return this.#doubles[((tuple << RECORD_BITS) + LAST_NS) >> 1];
  }

  isAlive(tuple: number): boolean {
    return this.#alive[tuple] === 1;
  }

  /**
   * The tuple of a packet, made where it is new. `src` and `dst` are address columns and `at` the first of the packet's
   * four words there; `hash` must be the same for both directions. `wentForward` then tells the direction.
   */
  intern(
    hash: number,
    proto: number,
    isIpv6: 0 | 1,
    src: Uint32Array,
    dst: Uint32Array,
    at: number,
    srcPort: number,
    dstPort: number,
  ): number {
    const index = this.#index;
    const records = this.#records;
    const ports = (srcPort << 16) | dstPort;
    const reversed = (dstPort << 16) | srcPort;
    const kind = (isIpv6 << 8) | proto;
    const from = src[at] | 0;
    const to = dst[at] | 0;
    this.wasNew = false;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const tuple = index.idAt(cell);
      const r = tuple << RECORD_BITS;
      if (records[r + KIND] !== kind) continue;
      if (records[r + PORTS] === ports && records[r + FROM] === from && records[r + TO] === to) {
        if (isIpv6 === 0 || this.#isBetween(tuple, src, dst, at)) {
          this.wentForward = 1;
          return tuple;
        }
      }
      if (records[r + PORTS] === reversed && records[r + FROM] === to && records[r + TO] === from) {
        if (isIpv6 === 0 || this.#isBetween(tuple, dst, src, at)) {
          this.wentForward = 0;
          return tuple;
        }
      }
    }
    const tuple = this.#take();
    const r = tuple << RECORD_BITS;
    this.#records.fill(0, r, r + RECORD_WORDS);
    this.#records[r + PORTS] = ports;
    this.#records[r + KIND] = kind;
    this.#records[r + FROM] = from;
    this.#records[r + TO] = to;
    this.#records[r + FLOW] = NONE;
    this.#records[r + FLOW + 1] = NONE;
    this.proto[tuple] = proto;
    this.isIpv6[tuple] = isIpv6;
    for (let word = 0; word < 4; word++) {
      this.addressA[4 * tuple + word] = src[at + word];
      this.addressB[4 * tuple + word] = dst[at + word];
    }
    this.portA[tuple] = srcPort;
    this.portB[tuple] = dstPort;
    this.isEcho[tuple] = 0;
    this.openedByA[tuple] = 1;
    this.ended[tuple] = 0;
    this.unmatched[tuple] = 0;
    this.hasLostFirst[tuple] = 0;
    this.#hash[tuple] = hash;
    index.add(hash, tuple);
    this.wasNew = true;
    this.wentForward = 1;
    return tuple;
  }

  /** Direction of the packet last given to `intern`: 1 from A to B, 0 from B to A. */
  wentForward: 0 | 1 = 1;
  /** Whether the packet last given to `intern` was the first of its tuple. */
  wasNew = false;

  /** Gives a row back. Precondition: no packet on the timeline names it. */
  release(tuple: number): void {
    this.#index.remove(this.#hash[tuple], tuple);
    this.#alive[tuple] = 0;
    this.unbind(tuple, 0);
    this.unbind(tuple, 1);
    this.#free.push(tuple);
  }

  /** Whether the tuple's addresses are `a` and `b`, as far as their first words do not say all. */
  #isBetween(tuple: number, a: Uint32Array, b: Uint32Array, at: number): boolean {
    return sameAddress(this.addressA, 4 * tuple, a, at) && sameAddress(this.addressB, 4 * tuple, b, at);
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#alive[free] = 1;
      return free;
    }
    if (this.end === this.proto.length) this.#grow();
    this.#alive[this.end] = 1;
    return this.end++;
  }

  #grow(): void {
    const rows = this.proto.length * 2;
    this.proto = widened(this.proto, new Uint8Array(rows));
    this.#records = widened(this.#records, new Int32Array(rows * RECORD_WORDS));
    this.#doubles = new Float64Array(this.#records.buffer);
    this.isIpv6 = widened(this.isIpv6, new Uint8Array(rows));
    this.addressA = widened(this.addressA, new Uint32Array(rows * 4));
    this.addressB = widened(this.addressB, new Uint32Array(rows * 4));
    this.portA = widened(this.portA, new Uint16Array(rows));
    this.portB = widened(this.portB, new Uint16Array(rows));
    this.isEcho = widened(this.isEcho, new Uint8Array(rows));
    this.openedByA = widened(this.openedByA, new Uint8Array(rows));
    this.ended = widened(this.ended, new Uint8Array(rows));
    this.unmatched = widened(this.unmatched, new Uint32Array(rows));
    this.hasLostFirst = widened(this.hasLostFirst, new Uint8Array(rows));
    this.#hash = widened(this.#hash, new Int32Array(rows));
    this.#alive = widened(this.#alive, new Uint8Array(rows));
  }
}
