import { readFileSync, writeFileSync } from "node:fs";

/** What happened to a frame, as the network that sent it knows. */
export const FORWARDED = 0;
/** Lost between the interfaces: the other side never had it. */
export const DROPPED = 1;
/** Never meant to be forwarded: between containers, to or from the host. */
export const LOCAL = 2;
export const NOT_IP = 3;
/**
 * No pair, and no verdict to be expected. The other capture could not show whether there was a twin: it lost it or did not
 * run then. Or a part of what was sent is missing on a side.
 */
export const UNSEEN = 4;
/** Answered by an ICMP error of the host itself. */
export const REFUSED = 5;
/** Ends at a proxy on the host, or begins there. */
export const PROXIED = 6;
/** A second copy of a frame, which the capture made. */
export const COPY = 7;
/** No pair, as the other capture says that it did not run then or lost frames: that is no drop. */
export const UNCOVERED = 8;
/** LOCAL, while the other capture did not run: that is true of it as well. */
export const LOCAL_UNCOVERED = 9;
/** COPY of a LOCAL one: that is true of it as well. */
export const LOCAL_COPY = 10;

/** One side's truth. Index 0 of each column is unused: frames count from 1. */
export interface SideTruth {
  /** Per frame, one of the constants above. */
  readonly kind: Uint8Array;
  /**
   * FORWARDED frames with the same serial on both sides are the same bytes: one frame a side, or more where they are cut.
   * What was sent as one has serials that follow each other; no others do. PROXIED frames have the serial of the stream
   * that two connections carry. All others have 0.
   */
  readonly serial: Int32Array;
  /** Per frame, 1 where what the captures hold decides which its twin is, or where it has none and a verdict is true of it, decides that. */
  readonly isDecidable: Uint8Array;
}

/** What a correct pairing of two captures is. */
export interface Truth {
  readonly inside: SideTruth;
  readonly outside: SideTruth;
}

const MAGIC = 0x3354434e;

/** Writes it as: magic "NCT3", frames inside, frames outside (32-bit little endian), both columns of
 * serials, both of kinds, both of what is decidable. */
export function writeTruth(path: string, { inside, outside }: Truth): void {
  const header = Int32Array.of(MAGIC, inside.kind.length - 1, outside.kind.length - 1);
  const columns = [
    header,
    inside.serial,
    outside.serial,
    inside.kind,
    outside.kind,
    inside.isDecidable,
    outside.isDecidable,
  ];
  writeFileSync(path, Buffer.concat(columns.map(bytesOf)));
}

/** @throws Error where the file is not one `writeTruth` wrote. */
export function readTruth(path: string): Truth {
  const bytes = readFileSync(path);
  if (bytes.length < 12 || bytes.readInt32LE(0) !== MAGIC) throw new Error(`${path} holds no truth of a capture pair`);
  const inside = bytes.readInt32LE(4) + 1;
  const outside = bytes.readInt32LE(8) + 1;
  const columns = new Uint8Array(bytes.subarray(12));
  const kinds = columns.subarray(4 * (inside + outside));
  const decidable = kinds.subarray(inside + outside);
  return {
    inside: {
      serial: new Int32Array(columns.buffer, 0, inside),
      kind: kinds.subarray(0, inside),
      isDecidable: decidable.subarray(0, inside),
    },
    outside: {
      serial: new Int32Array(columns.buffer, 4 * inside, outside),
      kind: kinds.subarray(inside, inside + outside),
      isDecidable: decidable.subarray(inside),
    },
  };
}

function bytesOf(column: Int32Array | Uint8Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
