import { widened } from "./columns.js";
import { BATCH_FRAMES } from "./frames.js";

/** IP protocol numbers natcorr looks into. https://www.iana.org/assignments/protocol-numbers */
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

export type Protocol = "icmp" | "tcp" | "udp" | "icmpv6" | `ip-${number}`;

/** How results name an IP protocol. */
export function protocolName(proto: number): Protocol {
  switch (proto) {
    case ICMP:
      return "icmp";
    case TCP:
      return "tcp";
    case UDP:
      return "udp";
    case ICMPV6:
      return "icmpv6";
    default:
      return `ip-${proto}`;
  }
}

/** Bits of `PacketBatch.flags`: what a packet is, and what its key is made of. */
export const IS_IPV6 = 1 << 0;
/** A piece of a fragmented datagram, the first one included. */
export const IS_FRAGMENT = 1 << 1;
/** A fragment without the transport header: its ports are unknown and stored as 0. */
export const IS_LATER_FRAGMENT = 1 << 2;
/** An ICMP error: `quote` tells which packet it quotes. */
export const IS_ERROR = 1 << 3;
/** The transport header was cut off or malformed: addresses and IP ID only, ports stored as 0. */
export const IS_HEADLESS = 1 << 4;
/** `seq` and `ack` carry TCP numbers that cannot repeat by chance (not both zero). */
export const HAS_TCP_NUMBERS = 1 << 5;
/** `ipId` is not zero: RFC 6864 lets a sender leave it 0 on packets that may not be fragmented. */
export const HAS_IP_ID = 1 << 6;
/** The key covers at least one byte of payload. */
export const HAS_PAYLOAD = 1 << 7;
/** ICMP or ICMPv6 echo request or reply: `srcPort` and `dstPort` both carry the ICMP id. */
export const IS_ECHO = 1 << 8;
/** May not be fragmented (IPv4 DF). */
export const IS_DF = 1 << 9;
/** A fragment that is not the last of its datagram. */
export const HAS_MORE_FRAGMENTS = 1 << 10;

/** TCP flag bits, RFC 9293 section 3.1. */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** The packets that ICMP errors quote: the headers of the datagram that was refused, as the error's sender saw it. */
class QuoteColumns {
  count = 0;
  proto = new Uint8Array(16);
  /** Address words as in `PacketBatch`. */
  src = new Uint32Array(64);
  dst = new Uint32Array(64);
  srcPort = new Uint16Array(16);
  dstPort = new Uint16Array(16);
  ipId = new Uint32Array(16);
  /** IP total length the quoted header declares, bytes. */
  length = new Uint32Array(16);
  /** TCP sequence number, or ICMP echo sequence number; 0 otherwise. */
  seq = new Uint32Array(16);

  /** Makes room for one more quote and returns its row; its columns hold leftovers until written. */
  add(): number {
    if (this.count === this.proto.length) this.#grow();
    return this.count++;
  }

  #grow(): void {
    const rows = this.proto.length * 2;
    this.proto = widened(this.proto, new Uint8Array(rows));
    this.src = widened(this.src, new Uint32Array(rows * 4));
    this.dst = widened(this.dst, new Uint32Array(rows * 4));
    this.srcPort = widened(this.srcPort, new Uint16Array(rows));
    this.dstPort = widened(this.dstPort, new Uint16Array(rows));
    this.ipId = widened(this.ipId, new Uint32Array(rows));
    this.length = widened(this.length, new Uint32Array(rows));
    this.seq = widened(this.seq, new Uint32Array(rows));
  }
}

/** Bytes of a row in all columns of a `PacketBatch`; columns of wide elements come first, so that each is aligned. */
const ROW_BYTES = 8 + 2 * 16 + 11 * 4 + 3 * 2 + 3;
/** Bytes the columns of a `PacketBatch` take. */
export const BATCH_BYTES = BATCH_FRAMES * ROW_BYTES;

/**
 * Decoded IP packets, one row each, in capture order. Frames that are not IP, or that could not be decoded, have no row:
 * they are counted in the `Tally`.
 *
 * Filled again and again by the decoder; valid until it decodes the next batch. All columns lie in one buffer, which may be
 * shared with another thread: what the batch says beside them goes there by itself.
 */
export class PacketBatch {
  count = 0;
  /** As in the `FrameBatch` it was decoded from. */
  reachedNs = Number.NEGATIVE_INFINITY;
  /** Nanoseconds since the source's epoch. */
  readonly timeNs: Float64Array;
  /** Four words a row, first word at `4 * row`. IPv4: word 0 holds the address, 1–3 are 0. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** 1-based frame number in its capture. */
  readonly frame: Uint32Array;
  /** IPv4 identification (16 bits), IPv6 fragment identification (32 bits), or 0. */
  readonly ipId: Uint32Array;
  /** IP datagram length in bytes, headers included, as on the wire (never the captured length). */
  readonly length: Uint32Array;
  /** Transport payload bytes on the wire (TCP data, UDP data, ICMP body after its 8 bytes). */
  readonly payloadLength: Uint32Array;
  /** TCP sequence number; ICMP: type << 24 | code << 16 | echo sequence number; a fragment: its offset in bytes. */
  readonly seq: Uint32Array;
  /** TCP acknowledgement number; 0 otherwise. */
  readonly ack: Uint32Array;
  /**
   * TCP, UDP and ICMP echo: hash of the first payload bytes (32, or all if fewer), which compares what is cut or numbered
   * differently; 0 if not kept, and for others.
   */
  readonly head: Uint32Array;
  /** Two 32-bit hashes over everything a NAT leaves alone (the match key); equal on both sides for twins. */
  readonly key: Uint32Array;
  readonly key2: Uint32Array;
  /** Hash of protocol, addresses and ports that is the same for both directions; of an ICMP error, those it quotes. */
  readonly tupleHash: Uint32Array;
  /** Row in `quotes`, or -1. */
  readonly quote: Int32Array;
  /** The bits IS_… and HAS_… above. */
  readonly flags: Uint16Array;
  /** TCP and UDP ports; an ICMP echo's id in both; else 0. */
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  /** IP protocol of the last header reached: 1, 6, 17, 58 or any other. */
  readonly proto: Uint8Array;
  /** IPv4 TTL or IPv6 hop limit. */
  readonly ttl: Uint8Array;
  readonly tcpFlags: Uint8Array;
  /** Quotes of this batch's errors; emptied with the batch. */
  readonly quotes = new QuoteColumns();

  /** `buffer`: BATCH_BYTES long. */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(BATCH_BYTES)) {
    let end = 0;
    /** Where a column of so many bytes a row begins. */
    const place = (bytes: number): number => {
      end += BATCH_FRAMES * bytes;
      return end - BATCH_FRAMES * bytes;
    };
    const words = (): Uint32Array => new Uint32Array(buffer, place(4), BATCH_FRAMES);
    const shorts = (): Uint16Array => new Uint16Array(buffer, place(2), BATCH_FRAMES);
    const bytes = (): Uint8Array => new Uint8Array(buffer, place(1), BATCH_FRAMES);
    this.timeNs = new Float64Array(buffer, place(8), BATCH_FRAMES);
    this.src = new Uint32Array(buffer, place(16), 4 * BATCH_FRAMES);
    this.dst = new Uint32Array(buffer, place(16), 4 * BATCH_FRAMES);
    this.frame = words();
    this.ipId = words();
    this.length = words();
    this.payloadLength = words();
    this.seq = words();
    this.ack = words();
    this.head = words();
    this.key = words();
    this.key2 = words();
    this.tupleHash = words();
    this.quote = new Int32Array(buffer, place(4), BATCH_FRAMES);
    this.flags = shorts();
    this.srcPort = shorts();
    this.dstPort = shorts();
    this.proto = bytes();
    this.ttl = bytes();
    this.tcpFlags = bytes();
  }
}

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

/** Decoded packets of one side, in capture order. */
export interface PacketSource {
  readonly name: string;
  /** Epoch nanoseconds that `timeNs` counts from; meaningful after the first `next`. */
  readonly epochNs: bigint;
  readonly tally: Tally;
  /** Frames the capturing kernel or program says it lost; grows while reading. */
  readonly captureDropped: number;
  /** Stamps of the first and the latest frame read, IP or not, in nanoseconds since the epoch; what the capture covers. */
  readonly firstNs: number;
  readonly lastNs: number;
  /** Whether these are the limits of a capture that is running, and not only what was in it. */
  readonly isLive?: boolean;
  /** The next packets, or null at the end; the batch before it is overwritten. A batch may be empty. */
  next(): Promise<PacketBatch | null>;
}
