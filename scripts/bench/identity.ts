import { HOST } from "./addresses.js";
import type { Capture } from "./pcap.js";

const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 5, 11, 12]);
const FRAGMENT_HEADER = 44;
const ICMPV6 = 58;

/**
 * What any observer can tell a frame by: everything that a NAT leaves alone and both captures kept, the far end's
 * address and port included. Frames that agree in it are byte for byte interchangeable.
 *
 * @param keptBytes frame bytes that both captures keep.
 * @returns a string to compare; empty for a frame that is not IP.
 */
export function contentOf(capture: Capture, frame: number, keptBytes: number): string {
  const { bytes } = capture;
  const at = capture.start[frame];
  const etherType = bytes.readUInt16BE(at + 12);
  if (etherType !== 0x0800 && etherType !== 0x86dd) return "";
  return packetContent(bytes, at + 14, at + Math.min(capture.captured[frame], keptBytes));
}

function packetContent(bytes: Buffer, ip: number, end: number): string {
  const isIpv6 = bytes[ip] >>> 4 === 6;
  const proto = bytes[ip + (isIpv6 ? 6 : 9)];
  const transport = ip + (isIpv6 ? 40 : 20);
  const text = (from: number, to: number) => bytes.toString("latin1", from, Math.min(to, end));
  // IPv4: total length, IP ID, DF and the fragment's place; IPv6: payload length.
  const header = isIpv6 ? text(ip + 4, ip + 6) : text(ip + 2, ip + 8);
  const isLater = !isIpv6 && (bytes.readUInt16BE(ip + 6) & 0x1fff) !== 0;
  const far = farEnd(bytes, ip, isIpv6, isLater ? 0 : proto, transport);
  if (isLater) return `${proto}${far}${header}${text(transport, end)}`;
  // IPv6: the fragment's place; its identification is made anew wherever it is cut
  if (proto === FRAGMENT_HEADER) {
    const isFirst = bytes.readUInt16BE(transport + 2) >>> 3 === 0;
    return `44${far}${header}${text(transport, transport + 4)}${text(transport + (isFirst ? 16 : 8), end)}`;
  }
  if (proto === 6) return `6${far}${header}${text(transport + 4, transport + 16)}${text(transport + 18, end)}`;
  if (proto === 17) return `17${far}${header}${text(transport + 8, end)}`;
  const type = bytes[transport];
  if (proto === ICMPV6 ? type < 128 : ICMP_ERRORS.has(type)) {
    const said = text(transport, transport + 2) + text(transport + 4, transport + 8);
    return `1${far}${header}${said}${packetContent(bytes, transport + 8, end)}`;
  }
  // an echo: type and code, then sequence number and payload, without checksum and id
  return `1${far}${header}${text(transport, transport + 2)}${text(transport + 6, end)}`;
}

/** The end that masquerading leaves alone: the one that is neither the host nor behind it. */
function farEnd(bytes: Buffer, ip: number, isIpv6: boolean, proto: number, transport: number): string {
  const size = isIpv6 ? 16 : 4;
  const src = ip + (isIpv6 ? 8 : 12);
  const low = bytes.readUInt32BE(src + size - 4);
  const isSrcNear = low >>> 16 === 0xac11 || low === HOST;
  const address = isSrcNear ? src + size : src;
  const port = proto === 6 || proto === 17 ? transport + (isSrcNear ? 2 : 0) : 0;
  return `${isSrcNear ? ">" : "<"}${bytes.toString("latin1", address, address + size)}${port === 0 ? "" : bytes.readUInt16BE(port)}|`;
}

/**
 * Which frames have an interchangeable neighbour in their own capture within `withinNs`: a correct tool may
 * call those ambiguous.
 *
 * @returns per frame, 1 where it has one; index 0 is unused.
 */
export function identicalFrames(capture: Capture, keptBytes: number, withinNs: number): Uint8Array {
  const identical = new Uint8Array(capture.count + 1);
  const last = new Map<string, number>();
  for (let frame = 1; frame <= capture.count; frame++) {
    const content = contentOf(capture, frame, keptBytes);
    if (content === "") continue;
    const before = last.get(content);
    last.set(content, frame);
    if (before === undefined || nanosBetween(capture, before, frame) > withinNs) continue;
    identical[before] = 1;
    identical[frame] = 1;
  }
  return identical;
}

function nanosBetween(capture: Capture, from: number, to: number): number {
  const seconds = capture.seconds[to] - capture.seconds[from];
  return Math.abs(seconds * 1e9 + capture.nanos[to] - capture.nanos[from]);
}
