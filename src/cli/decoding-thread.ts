/** What runs on the thread that `decodeElsewhere` starts: reads and decodes ahead, as far as there are batches to fill. */
import { parentPort, workerData } from "node:worker_threads";
import { CaptureError } from "../capture/open.js";
import { Heap, HeapError } from "../packets/heap.js";
import { batchIn, type PacketBatch } from "../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { decodeHere } from "./decoding.js";
import { BATCHES, type Filled, type FromThread, type Task, type ToThread } from "./decoding-messages.js";
import type { DecodedSource } from "./packet-source.js";

/** A side's batches, filled one after the other. */
class Ring {
  /** Where they begin. */
  readonly addresses: readonly number[];
  readonly #batches: readonly PacketBatch[];
  #next = 0;
  #free = BATCHES;
  #onFree: (() => void) | undefined;

  constructor(heap: Heap) {
    this.#batches = Array.from({ length: BATCHES }, () => batchIn(heap));
    this.addresses = this.#batches.map(({ records }) => records.byteOffset);
  }

  /** The next batch, once nobody needs what it holds. */
  async take(): Promise<PacketBatch> {
    while (this.#free === 0) await new Promise<void>((resolve) => (this.#onFree = resolve));
    this.#free--;
    return this.#batches[this.#next++ % this.#batches.length];
  }

  /** Takes back the batch that was taken first. */
  give(): void {
    this.#free++;
    this.#onFree?.();
  }
}

const { from, part }: Task = workerData;

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

function filledOf({ count, isInOrder, reachedNs, era, quotes }: PacketBatch): Filled {
  return { count, isInOrder, reachedNs, era, quotes: quotes.count };
}

async function decode(side: Side, source: DecodedSource, ring: Ring): Promise<void> {
  for (let hasMore = true; hasMore; ) {
    const batch = await source.next(await ring.take());
    const { epochNs, captureDropped, firstNs, lastNs, tally } = source;
    const state = { epochNs, captureDropped, firstNs, lastNs, tally };
    hasMore = batch !== null;
    const filled = batch && filledOf(batch);
    say({ kind: "packets", side, state, filled });
  }
}

async function run(): Promise<void> {
  const events = {
    onWarning: (text: string) => say({ kind: "warning", text }),
    onBytes: (capture: number, read: number, total: number | undefined) => say({ kind: "bytes", capture, read, total }),
  };
  const heap = new Heap(part);
  const rings = [new Ring(heap), new Ring(heap)] as const;
  parentPort?.on("message", (side: ToThread) => rings[side].give());
  const { packets, interfaces } = await decodeHere(from, events, (next) => next(), heap);
  const batches = [rings[INSIDE].addresses, rings[OUTSIDE].addresses] as const;
  say({ kind: "opened", names: [packets[INSIDE].name, packets[OUTSIDE].name], interfaces, batches });
  await Promise.all(([INSIDE, OUTSIDE] as const).map((side) => decode(side, packets[side], rings[side])));
}

run().catch((error: unknown) => {
  if (!(error instanceof CaptureError || error instanceof HeapError)) throw error;
  say({ kind: "unusable", message: error.message });
});
