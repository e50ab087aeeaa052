import { readFileSync } from "node:fs";

/** A classic pcap file read whole: the judge's own reader, which shares nothing with natcorr's. */
export interface Capture {
  readonly bytes: Buffer;
  readonly snaplen: number;
  readonly nanoseconds: boolean;
  /** Frames; row 0 is unused, as frames count from 1. */
  readonly count: number;
  /** Byte offset of each frame in `bytes`. */
  readonly start: Uint32Array;
  readonly captured: Uint32Array;
  readonly original: Uint32Array;
  /** Whole seconds since the epoch, and nanoseconds within. */
  readonly seconds: Uint32Array;
  readonly nanos: Uint32Array;
}

/**
 * Reads a little-endian pcap file of up to 4 GiB.
 *
 * @throws Error where it is none, or where a record is malformed, cut off, or longer than the snaplen.
 */
export function readCapture(path: string): Capture {
  const bytes = readFileSync(path);
  const magic = bytes.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error(`${path} is not a pcap file`);
  const nanoseconds = magic === 0xa1b23c4d;
  const snaplen = bytes.readUInt32LE(16);
  let count = 0;
  for (let at = 24; at < bytes.length; count++) at += 16 + bytes.readUInt32LE(at + 8);

  const columns = () => new Uint32Array(count + 1);
  const [start, captured, original, seconds, nanos] = [columns(), columns(), columns(), columns(), columns()];
  let at = 24;
  for (let frame = 1; frame <= count; frame++) {
    seconds[frame] = bytes.readUInt32LE(at);
    nanos[frame] = bytes.readUInt32LE(at + 4) * (nanoseconds ? 1 : 1000);
    const kept = bytes.readUInt32LE(at + 8);
    const whole = bytes.readUInt32LE(at + 12);
    if (nanos[frame] >= 1e9) throw new Error(`${path}: frame ${frame} has a stamp of more than a second's fraction`);
    if (kept > whole || kept > snaplen) throw new Error(`${path}: frame ${frame} keeps ${kept} of ${whole} bytes`);
    start[frame] = at + 16;
    captured[frame] = kept;
    original[frame] = whole;
    at += 16 + kept;
  }
  if (at !== bytes.length) throw new Error(`${path} ends within its last frame`);
  return { bytes, snaplen, nanoseconds, count, start, captured, original, seconds, nanos };
}
