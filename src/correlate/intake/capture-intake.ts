import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import type { PacketSource } from "../../packets/batches/source.js";
import type { FramePlaces } from "../../packets/frame-places.js";
import { IS_COPY } from "../../packets/packets.js";
import { FRAME, KEY, RECORD_BITS, STAMP_NS } from "../../packets/records.js";
import type { Intake } from "./intake.js";

/** One of the captures of a side: its packets in order of time, with the stamps and the frame numbers that they have on their side. */
export class CaptureIntake {
  readonly intake: Intake;
  /** Its place among the sources of its side. */
  readonly index: number;
  /** Its epoch minus that of its side, nanoseconds. */
  readonly shiftNs: number;
  readonly #frames: FramePlaces;
  hasEnded = false;
  /** The stamp of its next packet, or how far it is known that there is none; nanoseconds from the side's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  /** Where that packet stands in the batch. */
  at = 0;
  #batch: PacketBatch | null = null;
  #failure: { readonly error: unknown } | undefined;

  constructor(intake: Intake, index: number, shiftNs: number, frames: FramePlaces) {
    this.intake = intake;
    this.index = index;
    this.shiftNs = shiftNs;
    this.#frames = frames;
  }

  get source(): PacketSource {
    return this.intake.source;
  }

  /** The packets read last. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was read");
    return this.#batch;
  }

  /** Whether all packets of the batch were taken. */
  get isEmpty(): boolean {
    return this.#batch === null || this.at === this.#batch.count;
  }

  /** Throws what the capture failed with, if all before that was taken. */
  check(): void {
    if (this.isEmpty && this.#failure !== undefined) throw this.#failure.error;
  }

  /** Reads its next packets; a failure is an end, until `check` tells of it. */
  async read(): Promise<void> {
    try {
      this.#batch = await this.intake.next();
    } catch (error) {
      this.#failure = { error };
      this.#batch = null;
    }
    this.hasEnded = this.#batch === null;
    if (this.#batch !== null) this.#place(this.#batch);
    this.goTo(0);
  }

  /** Goes on to the packet in this row of the batch. */
  goTo(at: number): void {
    this.at = at;
    // what others have behind a failure is not taken
    if (this.#batch === null)
      this.nextNs = this.#failure === undefined ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    else if (at < this.#batch.count) this.nextNs = this.#batch.stampNs(at);
    else this.nextNs = this.#batch.reachedNs + this.shiftNs;
  }

  /** Whether its next packet comes before all that another capture has yet to give. */
  isBefore(other: CaptureIntake): boolean {
    return this.nextNs < other.nextNs || (this.nextNs === other.nextNs && this.index < other.index);
  }

  #place(batch: PacketBatch): void {
    const { records, doubles, count } = batch;
    for (let row = 0; row < count; row++) {
      const r = row << RECORD_BITS;
      doubles[(r >> 1) + STAMP_NS] += this.shiftNs;
      records[r + FRAME] = this.#frames.onSide(this.index, records[r + FRAME] >>> 0);
      if ((batch.flags(row) & IS_COPY) !== 0)
        records[r + KEY] = this.#frames.onSide(this.index, records[r + KEY] >>> 0);
    }
  }
}
