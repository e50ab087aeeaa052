import { MOST_SNAPLEN } from "../../protocols/link-types.js";
import { CaptureError } from "../errors.js";
import { setFilter } from "./filter.js";
import { listInterfaces } from "./interfaces.js";
import { ERROR_BYTES, libpcap, textIn } from "./libpcap.js";
import { BLOCK_TIMEOUT_MS, LivePcap } from "./live-pcap.js";
import type { LiveOptions, LiveSource } from "./live-source.js";
import { refusal } from "./refusals.js";

export { openWithCap } from "./cap-engine.js";
export { listInterfaces } from "./interfaces.js";
export type { LiveOptions, LiveSource } from "./live-source.js";
export { dropPrivileges } from "./privileges.js";

/** PCAP_TSTAMP_PRECISION_NANO, pcap/pcap.h. */
const NANOSECONDS = 1;

/**
 * Opens an interface for capturing with the kernel's nanosecond stamps. Frames are collected from here on; read them before the
 * ring is full.
 *
 * @throws CaptureError with the command that mends it: libpcap or the permission is missing, the interface does not exist or
 * is down.
 * @throws FilterError where libpcap does not take the filter.
 */
export async function openInterface(name: string, options: LiveOptions): Promise<LiveSource> {
  const pcap = libpcap();
  const errors = Buffer.alloc(ERROR_BYTES);
  const handle = pcap.create(name, errors);
  if (!handle) throw new CaptureError(`${name}: cannot be captured from: ${textIn(errors)}`);
  try {
    pcap.setSnaplen(handle, options.snaplen || MOST_SNAPLEN);
    pcap.setBufferSize(handle, options.bufferBytes);
    // No immediate mode: with it the ring is cut into frames as long as the snaplen, which leaves room for few.
    pcap.setTimeout(handle, BLOCK_TIMEOUT_MS);
    pcap.setPromisc(handle, options.isPromiscuous ? 1 : 0);
    if (pcap.setTstampPrecision(handle, NANOSECONDS) !== 0)
      throw new CaptureError(
        `${name}: has no nanosecond stamps, so it is no network interface; natcorr interfaces lists those`,
      );
    const status = pcap.activate(handle);
    const text = pcap.getError(handle) || pcap.statusText(status);
    const isThere = pcap.interfaceIndex(name) !== 0;
    if (status < 0) throw refusal({ name, status, text, isThere }, await listInterfaces());
    if (status > 0) options.onWarning(`${name}: ${text}`);
    if (pcap.setNonblock(handle, 1, errors) !== 0) throw new CaptureError(`${name}: ${textIn(errors)}`);
    const isUnfiltered = options.filter === "";
    if (!isUnfiltered) setFilter(pcap, handle, options.filter);
    return new LivePcap({ name, pcap, handle, isUnfiltered, onWarning: (text) => options.onWarning(text) });
  } catch (error) {
    pcap.close(handle);
    throw error;
  }
}
