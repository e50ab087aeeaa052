import { PacketBatch, type PacketSource, type QuoteColumns } from "../packets/packets.js";

/** Packets of a side that are looked at: enough to meet twins, and some 10 MB. */
const MOST_LOOKED_AT = 32_768;

/** A packet source whose beginning can be looked at first and is then handed on as if nobody had. */
export class Lookahead {
  readonly #source: PacketSource;
  readonly #seen: PacketBatch[] = [];
  #looked = 0;
  #hasEnded = false;

  constructor(source: PacketSource) {
    this.#source = source;
  }

  get epochNs(): bigint {
    return this.#source.epochNs;
  }

  /**
   * The next packets to look at, the first `rows` of a batch; null at the end, or once enough were given. How many those
   * are does not depend on how the source cuts its batches.
   */
  async peek(): Promise<{ batch: PacketBatch; rows: number } | null> {
    if (this.#hasEnded || this.#looked >= MOST_LOOKED_AT) return null;
    const batch = await this.#source.next();
    if (batch === null) {
      this.#hasEnded = true;
      return null;
    }
    const kept = copyOf(batch);
    this.#seen.push(kept);
    const rows = Math.min(kept.count, MOST_LOOKED_AT - this.#looked);
    this.#looked += rows;
    return { batch: kept, rows };
  }

  async next(): Promise<PacketBatch | null> {
    return this.#seen.shift() ?? (this.#hasEnded ? null : this.#source.next());
  }
}

/** A batch of its own with the same rows. */
function copyOf(batch: PacketBatch): PacketBatch {
  const copy = new PacketBatch();
  copyColumns(batch, copy);
  copyColumns(batch.quotes, copy.quotes);
  return copy;
}

function copyColumns<T extends PacketBatch | QuoteColumns>(from: T, to: T): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value === "number") Object.assign(to, { [name]: value });
    else if (ArrayBuffer.isView(value)) Object.assign(to, { [name]: structuredClone(value) });
  }
}
