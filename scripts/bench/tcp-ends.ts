import type { Cut } from "./cuts.js";
import { End } from "./end.js";
import type { Network, Path } from "./network.js";
import { ACK, SYN, TCP } from "./packet.js";
import type { Scenario } from "./scenarios.js";

/** A segment to send. */
export interface Segment {
  readonly flags: number;
  /** Payload, and where it lies in the pool. */
  readonly bytes: number;
  readonly poolAt: number;
  /** Where it begins, from its sender's next byte on. */
  readonly offset?: number;
  readonly cut?: Cut;
}

/** The two ends of a TCP connection: their numbers, windows and timestamps. */
export class TcpEnds {
  readonly client: End;
  readonly server: End;
  /** Most bytes of a segment that is not cut: what fills a packet is the same, and an IPv6 header is longer. */
  readonly mss: number;
  readonly #network: Network;
  readonly #path: Path;
  readonly #hasTimestamps: boolean;
  readonly #clientWindow: number;
  readonly #serverWindow: number;
  #clientTs = 0;
  #serverTs = 0;

  constructor(network: Network, path: Path, scenario: Scenario) {
    const { rng } = network;
    this.#network = network;
    this.#path = path;
    this.mss = scenario.segmentBytes - (path.isIpv6 ? 20 : 0);
    this.client = new End(rng, rng.chance(scenario.zeroIpId));
    this.server = new End(rng, rng.chance(scenario.zeroIpId));
    this.#hasTimestamps = rng.chance(scenario.timestamps);
    this.#clientWindow = 500 + rng.below(2);
    this.#serverWindow = 501 + rng.below(8);
  }

  /** Sends a segment; its sender does not advance. @returns whether it arrived. */
  send(fromClient: boolean, nowNs: number, segment: Segment): boolean {
    this.fill(fromClient, nowNs, segment);
    const { packet } = this.#network;
    const arrived = this.#network.send(this.#path, fromClient, nowNs, segment.cut);
    if (arrived && fromClient) this.#clientTs = Math.max(0, packet.tsVal);
    else if (arrived) this.#serverTs = Math.max(0, packet.tsVal);
    return arrived;
  }

  /** Makes the network's packet this segment. */
  fill(fromClient: boolean, nowNs: number, { flags, bytes, poolAt, offset = 0, cut }: Segment): void {
    const { packet } = this.#network;
    const from = fromClient ? this.client : this.server;
    const to = fromClient ? this.server : this.client;
    const pieces = cut === undefined ? 1 : Math.max(cut.entry.pieces.length, cut.exit.pieces.length);
    // A SYN-ACK belongs to no socket yet: ip_build_and_send_pkt leaves its IP ID 0 where DF is set.
    packet.reset(TCP, this.#path.isIpv6, flags === (SYN | ACK) ? 0 : from.nextIpId(pieces));
    packet.tcpFlags = flags;
    packet.seq = (from.seq + offset) >>> 0;
    packet.ack = to.seq;
    packet.window = (flags & SYN) !== 0 ? 64_240 : fromClient ? this.#clientWindow : this.#serverWindow;
    packet.payloadLength = bytes;
    packet.poolAt = poolAt;
    packet.tsVal = -1;
    if (this.#hasTimestamps) {
      packet.tsVal = from.timestamp(nowNs);
      packet.tsEcr = flags === SYN ? 0 : fromClient ? this.#serverTs : this.#clientTs;
    }
  }
}
