/**
 * The address plan: Docker's bridge inside, VirtualBox' NAT network outside, as on the host the design describes.
 * An address is a 32-bit word. IPv6 packets carry the same word below a prefix that its network decides.
 */
export const BRIDGE = 0xac110001;
export const HOST = 0x0a00020f;
/** The router next to the host, on its uplink. */
export const GATEWAY = 0x0a000202;
const FIRST_SERVER = 0xc6336401;
const FIRST_CLIENT = 0xcb007101;
const FIRST_ROUTER = 0xc6120001;
export const MDNS = 0xe00000fb;
export const SSDP = 0xeffffffa;

export const container = (index: number): number => BRIDGE + 1 + index;
/** A server somewhere; below 198.51.100.0 for the first 254, RFC 5737. */
export const server = (index: number): number => FIRST_SERVER + index;
/** A client somewhere that uses a published port; below 203.0.113.0, RFC 5737. */
export const client = (index: number): number => FIRST_CLIENT + index;

/** A router further on; below 198.18.0.0/15, RFC 2544. */
export const router = (index: number): number => FIRST_ROUTER + index;

/** Whether the address belongs to the bridge's network, 172.17.0.0/16. */
const isInside = (address: number): boolean => address >>> 16 === 0xac11;
const isMulticast = (address: number): boolean => address >>> 28 === 0xe;

/** Writes the six bytes of the MAC address that a frame for this IP address carries on this side. */
export function writeMac(bytes: Buffer, at: number, address: number, side: "inside" | "outside"): void {
  if (isMulticast(address)) {
    bytes.writeUInt16BE(0x0100, at);
    bytes.writeUInt32BE((0x5e000000 | (address & 0x7fffff)) >>> 0, at + 2);
    return;
  }
  const near = side === "inside" ? (isInside(address) ? address : BRIDGE) : address === HOST ? HOST : GATEWAY;
  bytes.writeUInt16BE(0x0242, at);
  bytes.writeUInt32BE(near, at + 2);
}

/** Writes the 16 bytes of the IPv6 address that goes with this word. */
export function writeIpv6(bytes: Buffer, at: number, address: number): void {
  const multicast = isMulticast(address);
  bytes.writeUInt32BE(multicast ? 0xff020000 : isInside(address) ? 0xfd00d0c5 : 0x20010db8, at);
  bytes.writeUInt32BE(0, at + 4);
  bytes.writeUInt32BE(0, at + 8);
  bytes.writeUInt32BE(multicast ? address & 0xffff : address, at + 12);
}
