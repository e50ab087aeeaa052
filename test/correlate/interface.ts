import { Heap } from "../../src/packets/memory/heap.js";
import { FrameBatch } from "../../src/packets/batches/frames.js";
import { batchIn, type PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { type PacketSource, Tally } from "../../src/packets/batches/source.js";
import { Decoder, NO_LIMITS, sendersIn } from "../../src/wire/decode.js";
import { concat, ethernet } from "../support/packets.js";
import type { Stamped } from "./outcome.js";

/** What an interface gives at one time. */
export interface Step {
  readonly frames?: readonly Stamped[];
  /** How far it has then come, nanoseconds. */
  readonly reachedNs: number;
  /** What its counter of lost frames says then. */
  readonly dropped?: number;
}

/** A live interface in memory, opened at time 0. */
export class Interface implements PacketSource {
  readonly isLive = true;
  readonly name: string;
  readonly epochNs = 1_700_000_000_000_000_000n;
  readonly tally = new Tally();
  readonly resolutionNs = 1;
  readonly firstNs = 0;
  lastNs = 0;
  captureDropped = 0;
  readonly hasCounters = true;
  /** Nobody is told whether it has a filter, unless this is set. */
  isUnfiltered?: boolean;
  readonly #steps: Iterator<Step>;
  readonly #batch = new FrameBatch();
  readonly #heap = new Heap();
  readonly #decoder = new Decoder(this.#heap);
  readonly #senders = sendersIn(this.#heap);
  readonly #packets = batchIn(this.#heap);
  #frames = 0;

  constructor(name: string, steps: Iterable<Step>) {
    this.name = name;
    this.#steps = steps[Symbol.iterator]();
  }

  next(): Promise<PacketBatch | null> {
    const { done, value } = this.#steps.next();
    if (done) return Promise.resolve(null);
    const { frames = [], reachedNs, dropped = 0 }: Step = value;
    const loss = { sinceNs: this.lastNs, toldNs: reachedNs, count: dropped - this.captureDropped };
    this.captureDropped = dropped;
    this.lastNs = reachedNs;
    const bytes = frames.map(({ packet }) => ethernet(packet));
    const batch = this.#batch;
    batch.data = concat(...bytes);
    batch.count = frames.length;
    batch.number(this.#frames + 1);
    batch.reachedNs = reachedNs;
    let start = 0;
    for (const [row, { ns }] of frames.entries()) {
      batch.start[row] = start;
      batch.captured[row] = bytes[row].length;
      batch.original[row] = bytes[row].length;
      batch.timeNs[row] = ns;
      start += bytes[row].length;
    }
    this.#frames += frames.length;
    this.#packets.clear();
    const interfaces = [{ name: this.name, linkType: 1, snaplen: 0 }];
    this.#decoder.decode(batch, interfaces, NO_LIMITS, this.#packets, this.tally, false, this.#senders);
    if (loss.count > 0) this.#packets.marks.push({ frame: this.#frames, loss });
    return Promise.resolve(this.#packets);
  }
}

/** The steps of an interface that gives these frames and is looked at every `everyNs`, up to `endNs`. */
export function* looks(
  frames: readonly Stamped[],
  everyNs: number,
  endNs: number,
  droppedBy: (reachedNs: number) => number = () => 0,
): Generator<Step> {
  for (let fromNs = 0; fromNs < endNs; fromNs += everyNs) {
    const reachedNs = fromNs + everyNs;
    const given = frames.filter(({ ns }) => ns >= fromNs && ns < reachedNs);
    yield { frames: given, reachedNs, dropped: droppedBy(reachedNs) };
  }
}
