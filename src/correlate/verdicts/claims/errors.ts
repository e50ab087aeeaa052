import type { PacketBatch } from "../../../packets/batches/packet-batch.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { Notes } from "../../kernel/base.js";
import { mayBeOneSender, type QuotedError, quotedError } from "./quotes.js";

/** The ICMP errors on the timeline: what each is about. */
export class Errors implements Notes {
  /** By row. */
  readonly #errors = new Map<number, QuotedError>();
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** What an ICMP error is about; undefined for any other row. */
  of(row: number): QuotedError | undefined {
    return this.#errors.get(row);
  }

  /** Whether one row may be the other as it left, by who sent them; true of what is no error. */
  mayBeOne(entered: number, left: number): boolean {
    const [one, other] = [this.#errors.get(entered), this.#errors.get(left)];
    return one === undefined || other === undefined || mayBeOneSender(one, other);
  }

  /** Takes an error just appended to the timeline: row `i` of the batch it came in. Returns what it is about. */
  admit(row: number, batch: PacketBatch, i: number): QuotedError {
    const error = quotedError(batch, i);
    this.#errors.set(row, error);
    this.#timeline.note(row);
    return error;
  }

  forget(row: number): void {
    this.#errors.delete(row);
  }
}
