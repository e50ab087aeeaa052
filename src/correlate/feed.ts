import type { PacketBatch, PacketSource } from "../packets/packets.js";
import type { SideSummary } from "../packets/results.js";

/** One side while it is merged: its batch, how far it was taken, and what became of its frames. */
export class Feed {
  readonly source: PacketSource;
  hasEnded = false;
  paired = 0;
  unmatched = 0;
  ambiguous = 0;
  /** The next row in order of time, or -1 where the batch is used up. */
  next = -1;
  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the source's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  #batch: PacketBatch | null = null;
  #taken = 0;
  /** Rows by stamp where the capture is out of order (several CPUs stamp, one buffer collects), else null. */
  #order: Uint32Array | null = null;

  constructor(source: PacketSource) {
    this.source = source;
  }

  /** The batch that `next` names rows of; only while it does. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was taken");
    return this.#batch;
  }

  /** Whether the next batch is needed. */
  get isUsedUp(): boolean {
    return !this.hasEnded && this.next < 0;
  }

  /** Takes the next batch; null is the end. */
  take(batch: PacketBatch | null): void {
    this.#batch = batch;
    this.hasEnded = batch === null;
    this.#order = batch === null ? null : orderOf(batch);
    this.#taken = -1;
    this.advance();
  }

  /** Goes on to the row behind `next`. */
  advance(): void {
    const batch = this.#batch;
    const taken = ++this.#taken;
    if (batch !== null && taken < batch.count) {
      this.next = this.#order === null ? taken : this.#order[taken];
      this.nextNs = batch.timeNs[this.next];
    } else {
      this.next = -1;
      this.nextNs = batch === null ? Number.POSITIVE_INFINITY : batch.reachedNs;
    }
  }

  /**
   * What became of the frames. Where not all read are decided about (`isAllDecided`), as in a run stopped early, those that
   * are not are left out.
   */
  summary(isAllDecided: boolean): SideSummary {
    const { paired, unmatched, ambiguous } = this;
    const { frames, notIp, undecodable } = this.source.tally;
    const accounted = paired + unmatched + ambiguous + notIp + undecodable;
    return {
      frames: this.hasEnded && isAllDecided ? frames : accounted,
      paired,
      unmatched,
      ambiguous,
      notIp,
      undecodable,
      captureDropped: this.source.captureDropped,
    };
  }
}

function orderOf(batch: PacketBatch): Uint32Array | null {
  const { timeNs, count } = batch;
  for (let i = 1; i < count; i++) {
    if (timeNs[i] >= timeNs[i - 1]) continue;
    return Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) => timeNs[a] - timeNs[b] || a - b);
  }
  return null;
}
