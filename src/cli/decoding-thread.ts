/** What runs on the thread that `decodeElsewhere` starts: reads and decodes ahead, as far as there are batches to fill. */
import { parentPort, workerData } from "node:worker_threads";
import { CaptureError } from "../capture/open.js";
import { BATCH_FRAMES } from "../packets/frames.js";
import { Heap } from "../packets/heap.js";
import { BATCH_BYTES, PacketBatch } from "../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { decodeHere } from "./decoding.js";
import { BATCHES, type Filled, type FromThread, type Task, type ToThread } from "./decoding-messages.js";
import type { DecodedSource } from "./packet-source.js";

const heap = new Heap();

/** A side's batches, filled one after the other. */
class Ring {
  readonly blocks = Array.from({ length: BATCHES }, () => heap.take(Uint8Array, BATCH_BYTES));
  readonly #batches = this.blocks.map((block) => new PacketBatch(BATCH_FRAMES, block));
  #next = 0;
  #free = BATCHES;
  #onFree: (() => void) | undefined;

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

const { from }: Task = workerData;
const rings = [new Ring(), new Ring()] as const;

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

function filledOf({ count, isInOrder, reachedNs, era, quotes }: PacketBatch): Filled {
  return { count, isInOrder, reachedNs, era, quotes: quotes.count };
}

async function decode(side: Side, source: DecodedSource): Promise<void> {
  for (let hasMore = true; hasMore; ) {
    const batch = await source.next(await rings[side].take());
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
  const { packets, interfaces } = await decodeHere(from, events, (next) => next(), heap);
  const batches = [rings[INSIDE].blocks, rings[OUTSIDE].blocks] as const;
  say({ kind: "opened", names: [packets[INSIDE].name, packets[OUTSIDE].name], interfaces, batches });
  await Promise.all([decode(INSIDE, packets[INSIDE]), decode(OUTSIDE, packets[OUTSIDE])]);
}

parentPort?.on("message", (side: ToThread) => rings[side].give());
run().catch((error: unknown) => {
  if (!(error instanceof CaptureError)) throw error;
  say({ kind: "unusable", message: error.message });
});
