import { readFileSync, writeFileSync } from "node:fs";

/** What happened to a frame, as the network that sent it knows. */
export const FORWARDED = 0;
/** Lost between the interfaces: the other side never had it. */
export const DROPPED = 1;
/** Never meant to be forwarded: between containers, to or from the host. */
export const LOCAL = 2;
export const NOT_IP = 3;
/** The other capture has no twin, and could not show whether there was one: it lost it or did not run then. */
export const UNSEEN = 4;

/** What a correct pairing of two captures is. Index 0 of each column is unused: frames count from 1. */
export interface Truth {
  /** Per inside frame, its twin's number outside; 0 where it has none. */
  readonly twin: Int32Array;
  /** Per frame, one of the constants above. */
  readonly insideKind: Uint8Array;
  readonly outsideKind: Uint8Array;
}

const MAGIC = 0x3154434e;

/** Writes it as: magic "NCT1", frames inside, frames outside (each 32-bit little endian), then the three columns. */
export function writeTruth(path: string, truth: Truth): void {
  const header = Int32Array.of(MAGIC, truth.insideKind.length - 1, truth.outsideKind.length - 1);
  writeFileSync(path, Buffer.concat([header, truth.twin, truth.insideKind, truth.outsideKind].map(bytesOf)));
}

/** @throws Error where the file is not one `writeTruth` wrote. */
export function readTruth(path: string): Truth {
  const bytes = readFileSync(path);
  if (bytes.length < 12 || bytes.readInt32LE(0) !== MAGIC) throw new Error(`${path} holds no truth of a capture pair`);
  const inside = bytes.readInt32LE(4) + 1;
  const outside = bytes.readInt32LE(8) + 1;
  const columns = new Uint8Array(bytes.subarray(12));
  return {
    twin: new Int32Array(columns.buffer, 0, inside),
    insideKind: columns.subarray(4 * inside, 5 * inside),
    outsideKind: columns.subarray(5 * inside, 5 * inside + outside),
  };
}

function bytesOf(column: Int32Array | Uint8Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
