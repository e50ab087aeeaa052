import { BATCH_FRAMES, type FrameBatch, type FrameSource } from "../packets/frames.js";
import { Coverage, type Silence } from "../packets/coverage.js";
import { Heap } from "../packets/heap.js";
import { batchIn, type PacketBatch, type PacketSource, Tally } from "../packets/packets.js";
import type { Soon } from "../packets/soon.js";
import { Decoder } from "../wire/decode.js";
import { hashLimit } from "./hash-limit.js";

/** Reads on in a capture, as `FrameSource.next` does; null at its end, and where the reader has had enough. */
export type Read = (frames: FrameSource, most?: number) => Soon<FrameBatch | null>;

const readOn: Read = (frames, most) => frames.next(most);

/**
 * Turns the frames of two captures into packets.
 *
 * Reads the first batch of both before it decodes one: what a packet is known by depends on how much of it the other
 * capture kept. On streams it therefore waits until both sides have frames.
 */
export async function packetSources(
  inside: FrameSource,
  outside: FrameSource,
  read: Read = readOn,
  heap: Heap = new Heap(),
): Promise<readonly [DecodedSource, DecodedSource]> {
  const [insideFirst, outsideFirst] = await Promise.all([read(inside), read(outside)]);
  const limit = Math.min(hashLimit(insideFirst, inside.interfaces), hashLimit(outsideFirst, outside.interfaces));
  const decoder = new Decoder(heap);
  const source = (frames: FrameSource, first: FrameBatch | null): DecodedSource =>
    new DecodedSource(heap, decoder, frames, read, first, limit);
  return [source(inside, insideFirst), source(outside, outsideFirst)];
}

export class DecodedSource implements PacketSource {
  readonly tally = new Tally();
  readonly #coverage: Coverage;
  readonly #frames: FrameSource;
  readonly #read: Read;
  readonly #hashLimit: number;
  readonly #heap: Heap;
  readonly #decoder: Decoder;
  #packets: PacketBatch | undefined;
  #first: FrameBatch | null;

  constructor(
    heap: Heap,
    decoder: Decoder,
    frames: FrameSource,
    read: Read,
    first: FrameBatch | null,
    hashLimit: number,
  ) {
    this.#heap = heap;
    this.#decoder = decoder;
    this.#frames = frames;
    this.#coverage = new Coverage(frames.isLive !== true && frames.isPart !== true);
    this.#read = read;
    this.#first = first;
    this.#hashLimit = hashLimit;
  }

  get name(): string {
    return this.#frames.name;
  }

  get epochNs(): bigint {
    return this.#frames.epochNs;
  }

  get resolutionNs(): number {
    return this.#frames.resolutionNs;
  }

  get captureDropped(): number {
    return this.#frames.captureDropped;
  }

  get firstNs(): number {
    return this.#coverage.firstNs;
  }

  get lastNs(): number {
    return this.#coverage.lastNs;
  }

  get silences(): Silence[] {
    return this.#coverage.silences;
  }

  get isLive(): boolean {
    return this.#frames.isLive ?? false;
  }

  /** As `PacketSource` says; the packets are put into `into`, if it is given. */
  async next(into?: PacketBatch): Promise<PacketBatch | null> {
    const batch = into ?? (this.#packets ??= batchIn(this.#heap));
    batch.clear();
    let isOver = true;
    for (let most = BATCH_FRAMES; most > 0; ) {
      const given = this.#first ?? this.#read(this.#frames, most);
      const frames = given instanceof Promise ? await given : given;
      this.#first = null;
      if (frames === null) break;
      isOver = false;
      this.#decoder.decode(frames, this.#frames.interfaces, this.#hashLimit, batch, this.tally);
      this.#cover(frames);
      most = this.#frames.isOnDisk ? most - frames.count : 0;
    }
    if (isOver) this.#coverage.end();
    return isOver ? null : batch;
  }

  #cover({ timeNs, count, reachedNs }: FrameBatch): void {
    const { firstNs, lastNs } = this.#decoder;
    if (count > 0) this.#coverage.take(timeNs, count, firstNs, lastNs);
    // a capture that tells how far it has come: a live one, or one with both sides in it
    if (reachedNs > Number.NEGATIVE_INFINITY) this.#coverage.reach(reachedNs);
  }
}
