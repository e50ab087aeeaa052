import { type CaptureInterface, FrameBatch, type FrameSource } from "../../src/packets/batches/frames.js";
import type { Mark } from "../../src/packets/batches/frame-marks.js";

/** A frame of a capture in memory. */
export interface Taken {
  readonly iface: number;
  readonly timeNs: number;
  readonly data: Uint8Array;
}

const EPOCH_NS = 1_700_000_000_000_000_000n;

/** A capture in memory that overwrites its one batch, as sources do, and counts how often it was asked. */
export class MemorySource implements FrameSource {
  readonly name = "any";
  readonly epochNs = EPOCH_NS;
  readonly interfaces: CaptureInterface[];
  readonly resolutionNs = 1;
  captureDropped = 0;
  endedNs = Number.NEGATIVE_INFINITY;
  readonly hasCounters = true;
  asked = 0;
  closed = 0;
  readonly #frames: readonly Taken[];
  readonly #batchFrames: number;
  readonly #batch = new FrameBatch();
  #given = 0;

  constructor(interfaces: readonly CaptureInterface[], frames: readonly Taken[], batchFrames = 1000) {
    this.interfaces = [...interfaces];
    this.#frames = frames;
    this.#batchFrames = batchFrames;
    this.#batch.data = new Uint8Array(1 << 20);
  }

  next(): Promise<FrameBatch | null> {
    this.asked++;
    const taken = this.#frames.slice(this.#given, this.#given + this.#batchFrames);
    if (taken.length === 0) return Promise.resolve(null);
    const batch = this.#batch;
    batch.data.fill(0xee);
    batch.count = taken.length;
    batch.number(this.#given + 1);
    let at = 5;
    for (const [row, { iface, timeNs, data }] of taken.entries()) {
      batch.data.set(data, at);
      batch.start[row] = at;
      batch.captured[row] = data.length;
      batch.original[row] = data.length + 1;
      batch.timeNs[row] = timeNs;
      batch.iface[row] = iface;
      at += data.length + 16;
    }
    this.#given += taken.length;
    return Promise.resolve(batch);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

/** A frame as a side gave it. */
export interface Given extends Taken {
  readonly frame: number;
  /** Bytes on the wire that were not captured: one of each frame of a MemorySource. */
  readonly beyond: number;
}

export function framesOf(batch: FrameBatch): Given[] {
  return Array.from({ length: batch.count }, (_, row) => {
    return {
      frame: batch.frame[row],
      iface: batch.iface[row],
      timeNs: batch.timeNs[row],
      beyond: batch.original[row] - batch.captured[row],
      data: Uint8Array.from(batch.data.subarray(batch.start[row], batch.start[row] + batch.captured[row])),
    };
  });
}

/** All frames of a side. */
export async function drained(source: FrameSource, marks: Mark[] = []): Promise<Given[]> {
  const frames: Given[] = [];
  for (let batch = await source.next(); batch; batch = await source.next()) {
    frames.push(...framesOf(batch));
    marks.push(...batch.marks);
  }
  return frames;
}
