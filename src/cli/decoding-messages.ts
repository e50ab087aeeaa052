import type { HeapPart } from "../packets/heap.js";
import type { PacketBatch, PacketSource, Tally } from "../packets/packets.js";
import type { Side } from "../packets/sides.js";
import type { Captures } from "./captures.js";

/** Batches a side that are being filled, on their way, or being used. */
export const BATCHES = 8;

/** What the decoding thread is started with. */
export interface Task {
  readonly from: Captures;
  /** For all that it needs, its batches among it. */
  readonly part: HeapPart;
}

/** A batch that was filled: what it says beside its rows. */
export interface Filled extends Readonly<Pick<PacketBatch, "count" | "isInOrder" | "reachedNs" | "era">> {
  readonly quotes: number;
}

/** What a source says of itself as of a batch; see `PacketSource`. */
export interface State extends Pick<PacketSource, "epochNs" | "captureDropped" | "firstNs" | "lastNs"> {
  readonly tally: Pick<Tally, "frames" | "notIp" | "undecodable" | "cut" | "reasons">;
}

/** What the decoding thread says. First whether the captures can be used, then that batch after batch is filled; null is the end. */
export type FromThread =
  | {
      readonly kind: "opened";
      readonly names: readonly [string, string];
      readonly interfaces: readonly [string, string];
      /** Where each side's batches begin, in the order they are filled, again and again. */
      readonly batches: readonly [inside: readonly number[], outside: readonly number[]];
    }
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "packets"; readonly side: Side; readonly state: State; readonly filled: Filled | null }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "bytes"; readonly capture: number; readonly read: number; readonly total: number | undefined };

/** What it is told: the side whose oldest batch has been used, and may be filled again. */
export type ToThread = Side;
