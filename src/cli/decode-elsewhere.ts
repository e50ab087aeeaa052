import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { CaptureError } from "../capture/errors.js";
import { Heap } from "../packets/heap.js";
import { type PacketBatch, type PacketSource, Tally } from "../packets/packets.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { BatchRing, type SourceState } from "./batch-ring.js";
import { type Captures, type OpenEvents, pathsOf } from "./captures.js";
import type { Decoding, Pace } from "./decoding.js";
import type { FromThread, LastState, Task, ToThread } from "./decoding-messages.js";

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

/** What decoding makes objects of is gone with the batch: V8 would let it pile up to four times that. */
const YOUNG_MB = 2;

/** The event loop turns at least this often, that signals and timers get their turn. */
const TURN_EVERY_MS = 2;

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
  const worker = new Worker(thread, { workerData: task, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
  const source = (side: Side) => new SharedSource(pace, () => worker.postMessage(side satisfies ToThread));
  const sources = [source(INSIDE), source(OUTSIDE)] as const;
  try {
    const interfaces = await new Promise<readonly [string, string]>((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error);
        for (const each of sources) each.end(error);
      };
      worker.on("error", fail);
      worker.on("message", (said: FromThread) => {
        switch (said.kind) {
          case "opened":
            for (const [side, each] of sources.entries())
              each.open(said.names[side], said.epochsNs[side], new BatchRing(heap, said.rings[side]));
            resolve(said.interfaces);
            break;
          case "unusable":
            fail(new CaptureError(said.message));
            break;
          case "filled":
            sources[said.side].wake();
            break;
          case "reasons":
            sources[said.side].note(said.reasons);
            break;
          case "ended":
            sources[said.side].end(said.state);
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

/** The packets of a side as another thread decodes them. */
class SharedSource implements PacketSource {
  name = "";
  epochNs = 0n;
  captureDropped = 0;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  readonly tally = new Tally();
  readonly #pace: Pace;
  readonly #onRoom: () => void;
  #opened: BatchRing | undefined;
  /** Reasons that came before the batch did that they are of. */
  readonly #reasons: Tally["reasons"][] = [];
  /** What comes behind the last batch: what the source says then, or why there is no more. */
  #end: LastState | Error | undefined;
  #onNews: (() => void) | undefined;
  #isUsing = false;
  #turnedMs = 0;

  constructor(pace: Pace, onRoom: () => void) {
    this.#pace = pace;
    this.#onRoom = onRoom;
  }

  open(name: string, epochNs: bigint, ring: BatchRing): void {
    this.name = name;
    this.epochNs = epochNs;
    this.#opened = ring;
  }

  get #ring(): BatchRing {
    if (this.#opened === undefined) throw new RangeError("it was not opened");
    return this.#opened;
  }

  /** There is a batch again. */
  wake(): void {
    this.#onNews?.();
  }

  note(reasons: Tally["reasons"]): void {
    this.#reasons.push(reasons);
    this.wake();
  }

  end(end: LastState | Error): void {
    this.#end ??= end;
    this.wake();
  }

  async next(): Promise<PacketBatch | null> {
    // what was given before is not needed any more
    if (this.#isUsing && this.#ring.give()) this.#onRoom();
    this.#isUsing = false;
    return this.#pace(() => (this.#isTurnDue || this.#ring.mustWaitToUse() ? this.#receive() : this.#use()));
  }

  get #isTurnDue(): boolean {
    return performance.now() - this.#turnedMs > TURN_EVERY_MS;
  }

  async #receive(): Promise<PacketBatch | null> {
    if (this.#isTurnDue) await setImmediate();
    this.#turnedMs = performance.now();
    while (this.#ring.mustWaitToUse()) {
      // all batches there were are in the ring before it is told that they end
      if (this.#end !== undefined && this.#ring.mustWaitToUse()) return this.#finish(this.#end);
      await this.#news();
    }
    return this.#use();
  }

  #use(): PacketBatch | Promise<PacketBatch> {
    const { batch, state } = this.#ring.use();
    this.#isUsing = true;
    const hasReasons = state.tally.undecodable > this.tally.undecodable;
    this.#take(state);
    return hasReasons ? this.#takeReasons().then(() => batch) : batch;
  }

  #finish(end: LastState | Error): null {
    if (end instanceof Error) throw end;
    this.#take(end);
    Object.assign(this.tally, { reasons: end.tally.reasons });
    return null;
  }

  /** Takes the reasons that belong to the batch being taken. */
  async #takeReasons(): Promise<void> {
    while (this.#reasons.length === 0 && this.#end === undefined) await this.#news();
    const reasons = this.#reasons.shift();
    if (reasons) Object.assign(this.tally, { reasons });
  }

  #take({ captureDropped, firstNs, lastNs, tally }: SourceState): void {
    this.captureDropped = captureDropped;
    this.firstNs = firstNs;
    this.lastNs = lastNs;
    this.tally.frames = tally.frames;
    this.tally.notIp = tally.notIp;
    this.tally.undecodable = tally.undecodable;
    this.tally.cut = tally.cut;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#onNews = resolve));
  }
}
