/** A bridge and its port show a packet within microseconds of each other. */
const COPY_NS = 1_000_000;
/** Frames remembered, a power of two: some of the last, by their hash. */
const SLOTS = 4096;

/**
 * Tells the copies that a capture on all interfaces has of a packet: sent by a bridge, it is shown again by the bridge's port.
 * Of two frames that are equal from the IP header on, go the same way and lie within a millisecond, the second is a copy.
 *
 * A frame has one copy at most: of a packet that was sent twice and shown four times, two frames stay. A packet shown three
 * times (a bond under a VLAN under a bridge) keeps two.
 */
export class Copies {
  readonly #hash = new Uint32Array(SLOTS);
  readonly #hash2 = new Uint32Array(SLOTS);
  readonly #timeNs = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);

  /** Whether the packet at `start` … `end`-1, which went by as `packetType`, is the copy of an earlier one. */
  isCopy(view: DataView, start: number, end: number, packetType: number, timeNs: number): boolean {
    let hash = packetType + 1;
    let hash2 = end - start;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = view.getUint32(at);
      hash = Math.imul(hash ^ word, 0x85ebca6b);
      hash ^= hash >>> 15;
      hash2 = Math.imul(hash2 + word, 0xc2b2ae35);
      hash2 ^= hash2 >>> 13;
    }
    for (; at < end; at++) {
      const byte = view.getUint8(at);
      hash = Math.imul(hash ^ byte, 0x85ebca6b);
      hash2 = Math.imul(hash2 + byte, 0xc2b2ae35);
    }
    hash >>>= 0;
    hash2 >>>= 0;
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const isCopy =
      this.#hash[slot] === hash && this.#hash2[slot] === hash2 && Math.abs(timeNs - this.#timeNs[slot]) <= COPY_NS;
    this.#hash[slot] = hash;
    this.#hash2[slot] = hash2;
    this.#timeNs[slot] = isCopy ? Number.NEGATIVE_INFINITY : timeNs;
    return isCopy;
  }
}
