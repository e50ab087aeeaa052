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

/** No link has a smaller MTU (RFC 8200 section 5): that nothing is so long in a capture need not be for its link. */
export const LONG_BYTES = 1280;

/** From when on a capture had a packet of this length, or a longer one. */
interface Step {
  readonly stampNs: number;
  readonly bytes: number;
}

/** The kind of a packet, by its protocol and, of TCP, its flags. */
export function kindOf(proto: number, tcpFlags: number): number {
  if (proto === UDP) return UDP_DATAGRAM;
  if (proto !== TCP) return OTHER_IP;
  return (tcpFlags & (SYN | FIN | RST)) === 0 ? TCP_PLAIN : TCP_CONTROL;
}

/**
 * Which kinds of frames a capture holds, and from when on, by its own stamps. What it has none of at all, a filter may have kept out
 * (`tcpdump 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'`, `tcpdump less 400`). Packets are looked at only as long as that may tell more.
 */
export class Kinds {
  /** By kind; Infinity where there is none by now. */
  readonly sinceNs = new Float64Array(KINDS).fill(Number.POSITIVE_INFINITY);
  /** Longer and longer, up to LONG_BYTES. */
  readonly #steps: Step[] = [];
  #latestNs = Number.NEGATIVE_INFINITY;

  /** Takes the next frames of the capture, in its order. */
  read(batch: PacketBatch): void {
    const { count, rowless } = batch;
    const since = this.sinceNs;
    if (since[NOT_IP] === Number.POSITIVE_INFINITY) {
      const first = rowless.isUndecodable.subarray(0, rowless.count).indexOf(0);
      // it has no stamp: the packet before it tells when it passed
      if (first >= 0) since[NOT_IP] = this.#latestBefore(batch, rowless.frame[first]);
      if (count > 0) this.#latestNs = batch.stampNs(count - 1);
    }
    if (!this.#isAll) for (let row = 0; row < count; row++) this.#take(batch, row);
  }

  /** The length of the longest packet, up to LONG_BYTES, of those before a time; `isBefore` tells whether a stamp is. */
  longest(isBefore: (stampNs: number) => boolean): number {
    return this.#steps.findLast(({ stampNs }) => isBefore(stampNs))?.bytes ?? 0;
  }

  get #isAll(): boolean {
    const since = this.sinceNs;
    return Math.max(since[TCP_PLAIN], since[UDP_DATAGRAM]) < Number.POSITIVE_INFINITY && this.#longest === LONG_BYTES;
  }

  get #longest(): number {
    return this.#steps.at(-1)?.bytes ?? 0;
  }

  #take(batch: PacketBatch, row: number): void {
    const bytes = Math.min(batch.length(row), LONG_BYTES);
    if (bytes > this.#longest) this.#steps.push({ stampNs: batch.stampNs(row), bytes });
    // of a segment without its header, nobody knows
    const proto = batch.proto(row);
    if (proto === TCP && (batch.flags(row) & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return;
    const kind = kindOf(proto, batch.tcpFlags(row));
    if (this.sinceNs[kind] === Number.POSITIVE_INFINITY) this.sinceNs[kind] = batch.stampNs(row);
  }

  #latestBefore(batch: PacketBatch, frame: number): number {
    let row = batch.count;
    while (row > 0 && batch.frame(row - 1) > frame) row--;
    return row > 0 ? batch.stampNs(row - 1) : this.#latestNs;
  }
}
