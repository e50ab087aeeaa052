import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { CaptureError } from "../capture/errors.js";
import { BATCH_FRAMES } from "../packets/frames.js";
import { Heap } from "../packets/heap.js";
import { BATCH_BYTES, PacketBatch, type PacketSource, Tally } from "../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { type Captures, type OpenEvents, pathsOf } from "./captures.js";
import type { Decoding, Pace } from "./decoding.js";
import { type Filled, type FromThread, type State, type Task, type ToThread } from "./decoding-messages.js";

/** A thread takes 30 to 50 ms to start (Node 20, 2026-11): as long as decoding this many bytes, or longer. */
const WORTH_A_THREAD_BYTES = 32 * 2 ** 20;

/** Whether captures are large enough for a thread of their own to save time; of streams, whose size is not known, none is. */
export function isWorthAThread(from: Captures): boolean {
  const files = pathsOf(from).map((path) => statSync(path, { throwIfNoEntry: false }));
  const bytes = files.map((file) => (file?.isFile() ? file.size : Number.NaN));
  return bytes.reduce((sum, size) => sum + size) >= WORTH_A_THREAD_BYTES;
}

/** More than the thread needs: 16 batches, two windows on captures, and 131,072 conversations take half of it. Only what is used takes room. */
const THREAD_BYTES = 64 * 2 ** 20;

/** What the thread runs, as it was built. */
const THREAD = new URL("./decoding-thread.js", import.meta.url);

/**
 * As `decodeHere`, but reads and decodes ahead on another thread, in a part of the heap, while this one does something with
 * the packets. `thread`: what that one runs.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function decodeElsewhere(
  from: Captures,
  events: OpenEvents,
  pace: Pace,
  heap: Heap = new Heap(),
  thread: URL = THREAD,
): Promise<Decoding> {
  const task: Task = { from, part: heap.part(THREAD_BYTES) };
  const worker = new Worker(thread, { workerData: task });
  const source = (side: Side) => new SharedSource(heap, pace, () => worker.postMessage(side satisfies ToThread));
  const sources = [source(INSIDE), source(OUTSIDE)] as const;
  try {
    const interfaces = await new Promise<readonly [string, string]>((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error);
        for (const each of sources) each.arrive(error);
      };
      worker.on("error", fail);
      worker.on("message", (said: FromThread) => {
        switch (said.kind) {
          case "opened":
            for (const [side, source] of sources.entries()) source.open(said.names[side], said.batches[side]);
            resolve(said.interfaces);
            break;
          case "unusable":
            fail(new CaptureError(said.message));
            break;
          case "packets":
            sources[said.side].arrive(said);
            break;
          case "warning":
            events.onWarning(said.text);
            break;
          case "bytes":
            events.onBytes(said.capture, said.read, said.total);
            break;
        }
      });
    });
    const close = async (): Promise<void> => void (await worker.terminate());
    return { packets: sources, interfaces, close };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** What has arrived of a side: that a batch is filled or the end, with the source's state; or why there is no more. */
type Arrival = { readonly state: State; readonly filled: Filled | null } | Error;

/** The packets of a side as another thread decodes them. */
class SharedSource implements PacketSource {
  name = "";
  epochNs = 0n;
  captureDropped = 0;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  readonly tally = new Tally();
  readonly #heap: Heap;
  #batches: readonly PacketBatch[] = [];
  readonly #pace: Pace;
  readonly #onUsed: () => void;
  readonly #arrivals: Arrival[] = [];
  #onArrival: (() => void) | undefined;
  #given = 0;

  constructor(heap: Heap, pace: Pace, onUsed: () => void) {
    this.#heap = heap;
    this.#pace = pace;
    this.#onUsed = onUsed;
  }

  /** Its name, and the memory of its batches. */
  open(name: string, batches: readonly number[]): void {
    this.name = name;
    this.#batches = batches.map((address) => new PacketBatch(BATCH_FRAMES, this.#heap.at(address, BATCH_BYTES)));
  }

  arrive(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#onArrival?.();
  }

  async next(): Promise<PacketBatch | null> {
    // what was given before is not needed any more
    if (this.#given > 0) this.#onUsed();
    return this.#pace(() => this.#receive());
  }

  async #receive(): Promise<PacketBatch | null> {
    // messages are taken one after the other as long as there are any: signals and timers get their turn here
    await setImmediate();
    while (this.#arrivals.length === 0) await new Promise<void>((resolve) => (this.#onArrival = resolve));
    const [arrival] = this.#arrivals;
    if (arrival instanceof Error) throw arrival;
    this.#arrivals.shift();
    const { tally, ...state } = arrival.state;
    Object.assign(this, state);
    Object.assign(this.tally, tally);
    if (arrival.filled === null) return null;
    const batch = this.#batches[this.#given++ % this.#batches.length];
    const { quotes, ...filled } = arrival.filled;
    Object.assign(batch, filled);
    batch.quotes.count = quotes;
    return batch;
  }
}
