import type { PacketBatch } from "../../packets/batches/packet-batch.js";

/**
 * A packet that came as it was just before: the key that both have, how much later, nanoseconds, how long it is, and its TTL; whether so many of its capture come twice that
 * the capture makes copies; and whether nearly all do.
 */
export interface Doubled {
  readonly key: number;
  readonly laterNs: number;
  readonly length: number;
  readonly ttl: number;
  readonly isCopy: boolean;
  readonly isMostly: boolean;
}

/** The same of the beginning of a capture; and whether such are marked there. */
export interface DoubledAtFirst extends Doubled {
  readonly isMarked: boolean;
}

/** What is known of a row as a packet that came so much later once more. */
export function doubledIn(batch: PacketBatch, row: number, laterNs: number): Omit<Doubled, "isCopy" | "isMostly"> {
  return { key: batch.key(row), laterNs, length: batch.length(row), ttl: batch.ttl(row) };
}
