import { BATCH_FRAMES } from "./frames.js";
import { HashIndex } from "./hash-index.js";
import { Heap } from "./heap.js";
import { IS_IPV6, type PacketBatch } from "./packets.js";
import { FLAGS_PROTO_TTL, RECORD_BITS } from "./records.js";

/** Conversations that have numbers at the most; then counting begins anew. */
const MOST = 65_536;

/** Words of what is compared of a conversation, a cache line: ports, protocol and version, then four a side of the addresses. */
const PORTS = 0;
const KIND = 1;
const FROM = 2;
const TO = 6;
const ENDS_BITS = 4;

/**
 * Numbers the conversations of a source, in the order they come: a protocol and two endpoints, whichever way a packet goes.
 * Looking a conversation up takes longer than decoding a packet, once there are ten thousands: a source may do it on a thread
 * of its own. Whoever has the numbers needs no more than an array.
 *
 * It forgets nothing and asks nobody; once it has MOST it begins with 0 again, in another era.
 */
export class Conversations {
  #era = 1;
  #count = 0;
  readonly #index = new HashIndex(new Heap());
  readonly #ends = new Int32Array(MOST << ENDS_BITS);

  /** Numbers the packets of a batch, which says how. An ICMP error belongs to the conversation of the packet it quotes. */
  number(batch: PacketBatch): void {
    const { count, records, src, dst, srcPort, dstPort, tupleHash, quotes, conversation } = batch;
    if (this.#count + BATCH_FRAMES > MOST) this.#begin();
    batch.era = this.#era;
    for (let row = 0; row < count; row++) {
      const flags = records[(row << RECORD_BITS) + FLAGS_PROTO_TTL];
      const version = (flags & IS_IPV6) << 8;
      const hash = tupleHash[row];
      const q = batch.quote(row);
      conversation[row] =
        q < 0
          ? this.#find(hash, version | ((flags >>> 16) & 0xff), src, dst, row, srcPort[row], dstPort[row])
          : // it goes against the packet it quotes
            1 ^
            this.#find(
              hash,
              version | quotes.proto[q],
              quotes.src,
              quotes.dst,
              q,
              quotes.srcPort[q],
              quotes.dstPort[q],
            );
    }
  }

  /** Twice the number, and 1 more if the packet goes the way the first one went. */
  #find(
    hash: number,
    kind: number,
    src: Uint32Array,
    dst: Uint32Array,
    row: number,
    srcPort: number,
    dstPort: number,
  ): number {
    const index = this.#index;
    const ends = this.#ends;
    const ports = (srcPort << 16) | dstPort;
    const reversed = (dstPort << 16) | srcPort;
    const at = 4 * row;
    const from = src[at] | 0;
    const to = dst[at] | 0;
    const isIpv4 = kind < 0x100;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const number = index.idAt(cell);
      const e = number << ENDS_BITS;
      if (ends[e + KIND] !== kind) continue;
      if (ends[e + PORTS] === ports && ends[e + FROM] === from && ends[e + TO] === to) {
        if (isIpv4 || (isSame(ends, e + FROM, src, at) && isSame(ends, e + TO, dst, at))) return 2 * number + 1;
      }
      if (ends[e + PORTS] === reversed && ends[e + FROM] === to && ends[e + TO] === from) {
        if (isIpv4 || (isSame(ends, e + FROM, dst, at) && isSame(ends, e + TO, src, at))) return 2 * number;
      }
    }
    const number = this.#count++;
    const e = number << ENDS_BITS;
    ends[e + PORTS] = ports;
    ends[e + KIND] = kind;
    for (let word = 0; word < 4; word++) {
      ends[e + FROM + word] = src[at + word];
      ends[e + TO + word] = dst[at + word];
    }
    index.add(hash, number);
    return 2 * number + 1;
  }

  #begin(): void {
    this.#era++;
    this.#count = 0;
    this.#index.clear();
  }
}

function isSame(ends: Int32Array, e: number, address: Uint32Array, at: number): boolean {
  return (
    ends[e] === (address[at] | 0) &&
    ends[e + 1] === (address[at + 1] | 0) &&
    ends[e + 2] === (address[at + 2] | 0) &&
    ends[e + 3] === (address[at + 3] | 0)
  );
}
