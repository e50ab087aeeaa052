import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { IS_HEADLESS, IS_IPV6, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { TCP, UDP } from "../../protocols/ip-protocols.js";
import { FIN, RST, SYN } from "../../protocols/tcp.js";

/** Kinds of frames, of each of which a filter may leave none. */
export const NOT_IP = 0;
/** TCP segments that open or end a connection, … */
export const TCP_CONTROL = 1;
/** … and those in between. */
export const TCP_PLAIN = 2;
/** Packets of either IP version. */
export const IPV4 = 3;
export const IPV6 = 4;
/** Packets of UDP, and of other protocols than it and TCP. */
const DATAGRAM = 5;
const NO_TRANSPORT = 6;
const KINDS = 7;

/** The kind of a packet with these flags, by its IP version. */
export function versionOf(flags: number): number {
  return (flags & IS_IPV6) === 0 ? IPV4 : IPV6;
}

/** The kind of a packet of another protocol than TCP. */
export function otherKindOf(proto: number): number {
  return proto === UDP ? DATAGRAM : NO_TRANSPORT;
}

/** Whether a packet is a TCP segment that opens or ends a connection. */
export function isControl(proto: number, tcpFlags: number): boolean {
  return proto === TCP && (tcpFlags & (SYN | FIN | RST)) !== 0;
}

/**
 * Which kinds of frames a capture holds, and from when on, by its own stamps. What it has none of at all, a filter may have kept out
 * (`tcpdump 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'`). Packets are looked at up to the first that tells that none did.
 */
export class Kinds {
  /** By kind; Infinity where there is none by now. */
  readonly sinceNs = new Float64Array(KINDS).fill(Number.POSITIVE_INFINITY);
  #latestNs = Number.NEGATIVE_INFINITY;

  /** Takes the next frames of the capture, in its order. */
  read(batch: PacketBatch): void {
    const { count, rowless } = batch;
    if (!this.#has(NOT_IP)) {
      const first = rowless.isUndecodable.subarray(0, rowless.count).indexOf(0);
      // it has no stamp: the packet before it tells when it passed
      if (first >= 0) this.sinceNs[NOT_IP] = this.#latestBefore(batch, rowless.frame[first]);
      if (count > 0) this.#latestNs = batch.stampNs(count - 1);
    }
    for (let row = 0; row < count && !(this.#has(IPV4) && this.#has(IPV6)); row++)
      this.#note(versionOf(batch.flags(row)), batch, row);
    for (let row = 0; row < count && !(this.#has(DATAGRAM) && this.#has(NO_TRANSPORT)); row++)
      if (batch.proto(row) !== TCP) this.#note(otherKindOf(batch.proto(row)), batch, row);
    for (let row = 0; row < count && !this.#has(TCP_PLAIN); row++) if (batch.proto(row) === TCP) this.#take(batch, row);
  }

  #has(kind: number): boolean {
    return this.sinceNs[kind] < Number.POSITIVE_INFINITY;
  }

  /** Takes a segment; of one without its header, nobody knows which it is. */
  #take(batch: PacketBatch, row: number): void {
    if ((batch.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return;
    this.#note(isControl(TCP, batch.tcpFlags(row)) ? TCP_CONTROL : TCP_PLAIN, batch, row);
  }

  #note(kind: number, batch: PacketBatch, row: number): void {
    if (!this.#has(kind)) this.sinceNs[kind] = batch.stampNs(row);
  }

  #latestBefore(batch: PacketBatch, frame: number): number {
    let row = batch.count;
    while (row > 0 && batch.frame(row - 1) > frame) row--;
    return row > 0 ? batch.stampNs(row - 1) : this.#latestNs;
  }
}
