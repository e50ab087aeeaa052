import { PacketBatch, type PacketSource, type QuoteColumns } from "../packets/packets.js";

/** Batches looked at before the first is handed on: 65,536 frames a side, some 20 MB. */
const MOST_LOOKAHEAD = 16;

/** A packet source whose beginning can be looked at first and is then handed on as if nobody had. */
export class Lookahead {
  readonly #source: PacketSource;
  readonly #seen: PacketBatch[] = [];
  #hasEnded = false;

  constructor(source: PacketSource) {
    this.#source = source;
  }

  get epochNs(): bigint {
    return this.#source.epochNs;
  }

  /** The next packets to look at, null at the end or once MOST_LOOKAHEAD batches were given. */
  async peek(): Promise<PacketBatch | null> {
    if (this.#hasEnded || this.#seen.length === MOST_LOOKAHEAD) return null;
    const batch = await this.#source.next();
    if (batch === null) {
      this.#hasEnded = true;
      return null;
    }
    const kept = copyOf(batch);
    this.#seen.push(kept);
    return kept;
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
