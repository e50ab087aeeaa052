import type { PacketBatch } from "../../packets/packet-batch.js";
import { IS_HEADLESS, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { TCP, UDP } from "../../protocols/ip-protocols.js";
import { FIN, RST, SYN } from "../../protocols/tcp.js";

/** Kinds of frames, of each of which a filter may leave none. */
export const NOT_IP = 0;
/** TCP segments that open or end a connection, … */
export const TCP_CONTROL = 1;
/** … and those in between. */
export const TCP_PLAIN = 2;
export const UDP_DATAGRAM = 3;
export const OTHER_IP = 4;
const KINDS = 5;

/** The kind of a packet, by its protocol and, of TCP, its flags. */
export function kindOf(proto: number, tcpFlags: number): number {
  if (proto === UDP) return UDP_DATAGRAM;
  if (proto !== TCP) return OTHER_IP;
  return (tcpFlags & (SYN | FIN | RST)) === 0 ? TCP_PLAIN : TCP_CONTROL;
}

/**
 * Which kinds of frames a capture holds, and from when on, by its own stamps. What it has none of at all, a filter may have kept out
 * (`tcpdump 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'`, `tcpdump udp`). Packets are looked at only as long as that may tell more.
 */
export class Kinds {
  /** By kind; Infinity where there is none by now. */
  readonly sinceNs = new Float64Array(KINDS).fill(Number.POSITIVE_INFINITY);
  #latestNs = Number.NEGATIVE_INFINITY;

  /** Takes the next frames of the capture, in its order. */
  read(batch: PacketBatch): void {
    const { count, rowless } = batch;
    const since = this.sinceNs;
    if (!this.#has(NOT_IP)) {
      const first = rowless.isUndecodable.subarray(0, rowless.count).indexOf(0);
      // it has no stamp: the packet before it tells when it passed
      if (first >= 0) since[NOT_IP] = this.#latestBefore(batch, rowless.frame[first]);
      if (count > 0) this.#latestNs = batch.stampNs(count - 1);
    }
    // with these two, no filter of one kind made it
    if (this.#has(NOT_IP) || (this.#has(TCP_PLAIN) && this.#has(UDP_DATAGRAM))) return;
    for (let row = 0; row < count; row++) if (batch.proto(row) !== TCP || !this.#has(TCP_PLAIN)) this.#take(batch, row);
  }

  #has(kind: number): boolean {
    return this.sinceNs[kind] < Number.POSITIVE_INFINITY;
  }

  #take(batch: PacketBatch, row: number): void {
    // of a segment without its header, nobody knows
    const proto = batch.proto(row);
    if (proto === TCP && (batch.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return;
    const kind = kindOf(proto, batch.tcpFlags(row));
    if (!this.#has(kind)) this.sinceNs[kind] = batch.stampNs(row);
  }

  #latestBefore(batch: PacketBatch, frame: number): number {
    let row = batch.count;
    while (row > 0 && batch.frame(row - 1) > frame) row--;
    return row > 0 ? batch.stampNs(row - 1) : this.#latestNs;
  }
}
