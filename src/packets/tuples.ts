import { sameAddress, widened } from "./columns.js";
import { HashIndex } from "./hash-index.js";

/** What a tuple's columns hold where there is nothing to say. */
export const NONE = -1;

/**
 * The conversations seen on one side: a protocol and two endpoints, the same row for both directions. Endpoint A is the
 * sender of the first packet seen; a packet from A to B is `forward`.
 *
 * Rows are taken by `intern` and given back by `release`, so the table is as large as the conversations alive at once.
 */
export class TupleTable {
  proto = new Uint8Array(256);
  isIpv6 = new Uint8Array(256);
  /** What decides almost every search, side by side in one cache line: ports, protocol and version, first address words. */
  #gist = new Int32Array(1024);
  /** Addresses, four words a row as in `PacketBatch`. */
  addressA = new Uint32Array(1024);
  addressB = new Uint32Array(1024);
  portA = new Uint16Array(256);
  portB = new Uint16Array(256);
  /** 1 where the ports are an ICMP echo id. */
  isEcho = new Uint8Array(256);
  /**
   * The flow of the tuple's packets, or NONE while their translation is not known: at `2 * tuple + forward`, as each
   * direction may have its own (br_netfilter shows a DNATed container's packets after, their answers before the DNAT).
   */
  flow = new Int32Array(512).fill(NONE);
  /** 1 where a pair has proved that direction's flow; 0 while it is only what the other direction suggests. */
  isProved = new Uint8Array(512);
  /** 1 if A opened the conversation, 0 if B did. */
  openedByA = new Uint8Array(256);
  /** TCP: bit 0 once B, bit 1 once A has sent FIN or either has sent RST: 3 where the connection is over. */
  ended = new Uint8Array(256);
  /** Time of the last packet, nanoseconds on the timeline. */
  lastNs = new Float64Array(256);
  /** Packets on the timeline that name this tuple: it must not be released before they are gone. */
  held = new Uint32Array(256);
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

  /** Whether neither direction has a known translation. */
  isUntranslated(tuple: number): boolean {
    return this.flow[2 * tuple] === NONE && this.flow[2 * tuple + 1] === NONE;
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
    const gist = this.#gist;
    const ports = (srcPort << 16) | dstPort;
    const reversed = (dstPort << 16) | srcPort;
    const kind = (isIpv6 << 8) | proto;
    const from = src[at] | 0;
    const to = dst[at] | 0;
    this.wasNew = false;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const tuple = index.idAt(cell);
      const g = 4 * tuple;
      if (gist[g + 1] !== kind) continue;
      if (gist[g] === ports && gist[g + 2] === from && gist[g + 3] === to && this.#isBetween(tuple, src, dst, at)) {
        this.wentForward = 1;
        return tuple;
      }
      if (gist[g] === reversed && gist[g + 2] === to && gist[g + 3] === from && this.#isBetween(tuple, dst, src, at)) {
        this.wentForward = 0;
        return tuple;
      }
    }
    const tuple = this.#take();
    this.#gist.set([ports, kind, from, to], 4 * tuple);
    this.proto[tuple] = proto;
    this.isIpv6[tuple] = isIpv6;
    for (let word = 0; word < 4; word++) {
      this.addressA[4 * tuple + word] = src[at + word];
      this.addressB[4 * tuple + word] = dst[at + word];
    }
    this.portA[tuple] = srcPort;
    this.portB[tuple] = dstPort;
    this.isEcho[tuple] = 0;
    this.#unbind(tuple);
    this.openedByA[tuple] = 1;
    this.ended[tuple] = 0;
    this.lastNs[tuple] = 0;
    this.held[tuple] = 0;
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
    this.#unbind(tuple);
    this.#free.push(tuple);
  }

  /** Whether the tuple's addresses are `a` and `b`; of IPv4 their first words, which have been compared, are all. */
  #isBetween(tuple: number, a: Uint32Array, b: Uint32Array, at: number): boolean {
    if (this.isIpv6[tuple] === 0) return true;
    return sameAddress(this.addressA, 4 * tuple, a, at) && sameAddress(this.addressB, 4 * tuple, b, at);
  }

  #unbind(tuple: number): void {
    this.flow.fill(NONE, 2 * tuple, 2 * tuple + 2);
    this.isProved.fill(0, 2 * tuple, 2 * tuple + 2);
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
    this.#gist = widened(this.#gist, new Int32Array(rows * 4));
    this.isIpv6 = widened(this.isIpv6, new Uint8Array(rows));
    this.addressA = widened(this.addressA, new Uint32Array(rows * 4));
    this.addressB = widened(this.addressB, new Uint32Array(rows * 4));
    this.portA = widened(this.portA, new Uint16Array(rows));
    this.portB = widened(this.portB, new Uint16Array(rows));
    this.isEcho = widened(this.isEcho, new Uint8Array(rows));
    this.flow = widened(this.flow, new Int32Array(2 * rows).fill(NONE));
    this.isProved = widened(this.isProved, new Uint8Array(2 * rows));
    this.openedByA = widened(this.openedByA, new Uint8Array(rows));
    this.ended = widened(this.ended, new Uint8Array(rows));
    this.lastNs = widened(this.lastNs, new Float64Array(rows));
    this.held = widened(this.held, new Uint32Array(rows));
    this.unmatched = widened(this.unmatched, new Uint32Array(rows));
    this.hasLostFirst = widened(this.hasLostFirst, new Uint8Array(rows));
    this.#hash = widened(this.#hash, new Int32Array(rows));
    this.#alive = widened(this.#alive, new Uint8Array(rows));
  }
}
