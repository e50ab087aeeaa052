import { FIN, type Packet, PSH, TCP } from "./packet.js";

/** Makes a packet its own pieces, one at a time: segments of a TCP one as Linux cuts them, fragments of any other. */
export class Cutter {
  readonly #packet: Packet;
  readonly #pieces: readonly number[];
  readonly #fragmentId: number;
  readonly #whole: Readonly<Pick<Packet, "seq" | "payloadLength" | "poolAt" | "tcpFlags" | "ipId">>;

  /** @param fragmentId 32 bits for IPv6; IPv4 fragments keep the packet's IP ID. */
  constructor(packet: Packet, pieces: readonly number[], fragmentId: number) {
    const { seq, payloadLength, poolAt, tcpFlags, ipId } = packet;
    this.#packet = packet;
    this.#pieces = pieces;
    this.#fragmentId = fragmentId;
    this.#whole = { seq, payloadLength, poolAt, tcpFlags, ipId };
  }

  show(piece: number): void {
    const packet = this.#packet;
    const bytes = this.#pieces[piece];
    const at = this.#pieces.slice(0, piece).reduce((sum, before) => sum + before, 0);
    const isLast = piece === this.#pieces.length - 1;
    if (packet.proto !== TCP) {
      packet.fragment = { at, bytes, isLast, id: this.#fragmentId };
      return;
    }
    // net/ipv4/tcp_offload.c, tcp_gso_segment, and af_inet.c, inet_gso_segment: IP IDs count on
    const whole = this.#whole;
    packet.seq = (whole.seq + at) >>> 0;
    packet.payloadLength = bytes;
    packet.poolAt = whole.poolAt + at;
    packet.tcpFlags = isLast ? whole.tcpFlags : whole.tcpFlags & ~(PSH | FIN);
    packet.ipId = whole.ipId === 0 ? 0 : (whole.ipId + piece) & 0xffff;
  }

  /** Makes it the packet again that it was. */
  undo(): void {
    Object.assign(this.#packet, this.#whole);
    this.#packet.fragment = null;
  }
}
