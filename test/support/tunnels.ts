/** Tunnels for tests: what carries a packet, as `packets.ts` has it for an IP header around it. */
import { concat, ethernet, type Transport, transport, udp } from "./packets.js";

const ETHERTYPE_BRIDGING = 0x6558;

function bytes32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function bytes16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export interface VxlanOptions {
  readonly vni?: number;
  readonly port?: number;
  readonly srcPort?: number;
  /** The first word of the header: bit I alone by default. */
  readonly flags?: number;
}

/** RFC 7348, around an IP packet in an Ethernet frame. */
export function vxlan(packet: Uint8Array, of: VxlanOptions = {}): Transport {
  const header = concat(bytes32(of.flags ?? 0x0800_0000), bytes32((of.vni ?? 42) << 8));
  const payload = concat(header, ethernet(packet));
  return udp({ srcPort: of.srcPort ?? 50_000, dstPort: of.port ?? 4789, payload });
}

export interface GeneveOptions {
  readonly vni?: number;
  readonly options?: Uint8Array;
  /** The second byte: O and C. */
  readonly flags?: number;
  readonly version?: number;
}

/** RFC 8926, around an IP packet in an Ethernet frame. */
export function geneve(packet: Uint8Array, of: GeneveOptions = {}): Transport {
  const options = of.options ?? new Uint8Array(0);
  const first = ((of.version ?? 0) << 6) | (options.length / 4);
  const header = concat(
    Uint8Array.of(first, of.flags ?? 0),
    bytes16(ETHERTYPE_BRIDGING),
    bytes32((of.vni ?? 42) << 8),
    options,
  );
  return udp({ srcPort: 50_000, dstPort: 6081, payload: concat(header, ethernet(packet)) });
}

export interface GreOptions {
  readonly key?: number;
  readonly sequence?: number;
  readonly hasChecksum?: boolean;
  /** Whether an Ethernet frame is around the packet. */
  readonly isBridging?: boolean;
  /** More of the flags and the version. */
  readonly flags?: number;
}

/** RFC 2784 and RFC 2890, around an IP packet; a checksum is left 0. */
export function gre(packet: Uint8Array, of: GreOptions = {}): Transport {
  const flags =
    (of.flags ?? 0) |
    (of.hasChecksum ? 0x8000 : 0) |
    (of.key === undefined ? 0 : 0x2000) |
    (of.sequence === undefined ? 0 : 0x1000);
  const type = of.isBridging ? ETHERTYPE_BRIDGING : packet[0] >>> 4 === 6 ? 0x86dd : 0x0800;
  return transport(
    47,
    concat(
      bytes16(flags),
      bytes16(type),
      of.hasChecksum ? bytes32(0) : new Uint8Array(0),
      of.key === undefined ? new Uint8Array(0) : bytes32(of.key),
      of.sequence === undefined ? new Uint8Array(0) : bytes32(of.sequence),
      of.isBridging ? ethernet(packet) : packet,
    ),
  );
}

/** RFC 2003 and RFC 4213: an IP packet as it is. */
export function ipInIp(packet: Uint8Array): Transport {
  return transport(packet[0] >>> 4 === 6 ? 41 : 4, packet);
}
