import type { Capture } from "./pcap.js";

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
  const end = at + Math.min(capture.captured[frame], keptBytes);
  const ip = at + 14;
  const isIpv6 = etherType === 0x86dd;
  const proto = bytes[ip + (isIpv6 ? 6 : 9)];
  const transport = ip + (isIpv6 ? 40 : 20);
  const text = (from: number, to: number) => bytes.toString("latin1", from, Math.min(to, end));
  // IPv4: total length, IP ID and DF; IPv6: payload length.
  const header = isIpv6 ? text(ip + 4, ip + 6) : text(ip + 2, ip + 8);
  const far = farEnd(bytes, ip, isIpv6, proto, transport);
  if (proto === 6) return `6${far}${header}${text(transport + 4, transport + 16)}${text(transport + 18, end)}`;
  if (proto === 17) return `17${far}${header}${text(transport + 8, end)}`;
  // ICMP: type and code, then sequence number and payload, without checksum and id.
  return `1${far}${header}${text(transport, transport + 2)}${text(transport + 6, end)}`;
}

/** The end that masquerading leaves alone: the one that is neither the host nor behind it. */
function farEnd(bytes: Buffer, ip: number, isIpv6: boolean, proto: number, transport: number): string {
  const size = isIpv6 ? 16 : 4;
  const src = ip + (isIpv6 ? 8 : 12);
  const low = bytes.readUInt32BE(src + size - 4);
  const isSrcNear = low >>> 16 === 0xac11 || low >>> 24 === 10;
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
