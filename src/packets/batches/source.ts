import type { Silence } from "./coverage.js";
import type { FrameSource } from "./frames.js";
import type { PacketBatch } from "./packet-batch.js";

/** What became of each frame of a capture while decoding. frames = notIp + undecodable + rows given. */
export class Tally {
  frames = 0;
  /** ARP, spanning tree, LLDP and whatever else is not IP. */
  notIp = 0;
  undecodable = 0;
  /** Frames decoded from fewer bytes than the wire had (snaplen). */
  cut = 0;
  /** Why frames were undecodable, in words, with how many and the first one's frame number. */
  readonly reasons = new Map<string, { count: number; firstFrame: number }>();

  /** Counts a frame that could not be decoded. `reason` names layer, field and limit, and nothing specific to the frame. */
  undecoded(reason: string, frame: number): void {
    this.undecodable++;
    const known = this.reasons.get(reason);
    if (known) known.count++;
    else this.reasons.set(reason, { count: 1, firstFrame: frame });
  }
}

/** Decoded packets of one capture, in its order. */
export interface PacketSource
  extends Pick<FrameSource, "name" | "captures" | "captureDropped" | "hasCounters" | "isUnfiltered"> {
  /** Epoch nanoseconds that stamps count from; known before the first `next`. */
  readonly epochNs: bigint;
  readonly tally: Tally;
  /** Stamps of the first and the latest frame read, IP or not, in nanoseconds since the epoch; what the capture covers … */
  readonly firstNs: number;
  readonly lastNs: number;
  /** … but for these times, found while reading; for whoever reads them to take out. */
  readonly silences?: Silence[];
  /** Whether these are the limits of a capture that is running, and not only what was in it. */
  readonly isLive?: boolean;
  /** Whether it is a part of one run of a capturing program that shows other interfaces, too: of one host, and of one time. */
  readonly isPartOfRun?: boolean;
  /** What its stamps are multiples of, nanoseconds. */
  readonly resolutionNs: number;
  /** How far its stamps may be from when packets passed, nanoseconds, by a clock that all sources have which tell this; undefined where nothing tells. */
  readonly stampsWithinNs?: number | undefined;
  /** The next packets, or null at the end; the batch before it is overwritten. A batch may be empty. */
  next(): Promise<PacketBatch | null>;
}
