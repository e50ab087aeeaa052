import { Coverage, type Silence } from "../packets/batches/coverage.js";
import { CaptureError } from "../capture/errors.js";
import { BATCH_FRAMES, FrameBatch, type FrameSource } from "../packets/batches/frames.js";
import { Heap } from "../packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../packets/batches/packet-batch.js";
import { type PacketSource, Tally } from "../packets/batches/source.js";
import type { Soon } from "../packets/batches/soon.js";
import type { Hear } from "../packets/results/answers.js";
import { SIDES } from "../packets/sides.js";
import { Decoder, type Limits, type ProgramOf, sendersIn } from "../wire/decode.js";
import { limitsOf, TELLING_FRAMES } from "./hash-limit.js";
import { areOfOnePoint } from "./same-packets.js";

/** Reads on in a capture, as `FrameSource.next` does; null at its end, and where the reader has had enough. */
export type Read = (frames: FrameSource, most?: number) => Soon<FrameBatch | null>;

const readOn: Read = (frames, most) => frames.next(most);

/**
 * Turns the frames of both sides' captures into packets.
 *
 * Reads the first frames of all of them before it decodes one: what a packet is known by depends on how much of it the others
 * kept. On pipes it therefore waits until all have so many, or have ended. `programOf`: a pcap filter, if packets are to
 * be marked that it selects. `isForwarding`: whether a router stands between the sides, so that they cannot show the same packets at the same time.
 */
export async function packetSources(
  inside: readonly FrameSource[],
  outside: readonly FrameSource[],
  read: Read = readOn,
  heap: Heap = new Heap(),
  programOf?: ProgramOf,
  isForwarding = true,
): Promise<readonly [readonly DecodedSource[], readonly DecodedSource[]]> {
  const begun = await Promise.all([...inside, ...outside].map((source) => beginning(source, read)));
  const decoder = new Decoder(heap, programOf);
  const limits = limitsOf(decoder, ...begun);
  const isSplit = begun.some(({ source }) => source.isPart === true || source.isLive === true);
  if (!isSplit && isForwarding) refuseSame(decoder, begun);
  // what containers send in tunnels is theirs; on the uplink, the host's own tunnels carry what containers send
  const decoded = begun.map((each, at) => new DecodedSource(heap, decoder, each, read, limits, at >= inside.length));
  return [decoded.slice(0, inside.length), decoded.slice(inside.length)];
}

/** Has somebody told what DNS answers said, of whichever side, before the packets are given that they came with. */
export function listen(packets: readonly [readonly DecodedSource[], readonly DecodedSource[]], hear: Hear): void {
  for (const side of SIDES)
    for (const source of packets[side]) source.listen((heard) => hear(side, source.epochNs, heard));
}

/** Throws CaptureError where two captures, of whichever side, show the same packets. */
function refuseSame(decoder: Decoder, begun: readonly Begun[]): void {
  for (const [at, one] of begun.entries())
    for (const other of begun.slice(at + 1))
      if (areOfOnePoint(decoder, one, other)) throw new CaptureError(whySame(one.source.name, other.source.name));
}

function whySame(one: string, other: string): string {
  const why = "both are of one interface, or one of them is of all of them (tcpdump -i any)";
  const advice =
    "give a capture of both sides alone: natcorr file <capture> --inside 172.17.0.0/16, the inside's prefix";
  return `${one} and ${other} show the same packets at the same time, so none was forwarded in between: ${why}; ${advice}`;
}

/** The first frames of a capture, as many as tell how it was cut; of one that is running, what is there. */
async function beginning(source: FrameSource, read: Read): Promise<Begun> {
  const gathered = new FrameBatch();
  for (;;) {
    const batch = await read(source, BATCH_FRAMES - gathered.count);
    const before = gathered.count > 0 || gathered.marks.length > 0 ? [gathered] : [];
    if (batch === null) return { source, batches: before };
    if (source.isLive || gathered.count + batch.count >= TELLING_FRAMES) return { source, batches: [...before, batch] };
    gathered.append(batch);
  }
}

/** A capture, and what was read of it. */
interface Begun {
  readonly source: FrameSource;
  readonly batches: FrameBatch[];
}

export class DecodedSource implements PacketSource {
  readonly tally = new Tally();
  readonly #coverage: Coverage;
  /** Whether it is told how far the capture goes on, frames or not. */
  readonly #isTold: boolean;
  readonly #frames: FrameSource;
  readonly #read: Read;
  readonly #limits: Limits;
  readonly #heap: Heap;
  readonly #decoder: Decoder;
  #packets: PacketBatch | undefined;
  /** What was read of it before. */
  readonly #first: FrameBatch[];
  readonly #opensTunnels: boolean;
  readonly #senders: Int32Array;
  #hear: ((heard: Uint8Array) => void) | undefined;

  constructor(
    heap: Heap,
    decoder: Decoder,
    { source: frames, batches }: Begun,
    read: Read,
    limits: Limits,
    opensTunnels: boolean,
  ) {
    this.#heap = heap;
    this.#decoder = decoder;
    this.#frames = frames;
    // a part of one run goes on as long as the whole does, from its first frame on
    this.#isTold = frames.isLive === true || this.isPartOfRun;
    this.#coverage = new Coverage(!this.#isTold);
    if (this.isPartOfRun) this.#coverage.reach(Number.NEGATIVE_INFINITY);
    this.#read = read;
    this.#first = batches;
    this.#limits = limits;
    this.#opensTunnels = opensTunnels;
    this.#senders = sendersIn(heap);
  }

  get name(): string {
    return this.#frames.name;
  }

  get captures(): readonly string[] {
    return this.#frames.captures ?? [this.#frames.name];
  }

  get epochNs(): bigint {
    return this.#frames.epochNs;
  }

  get resolutionNs(): number {
    return this.#frames.resolutionNs;
  }

  /** Two files may be of two hosts. */
  get stampsWithinNs(): number | undefined {
    const { isLive = false, isPart = false, stampsWithinNs } = this.#frames;
    return isLive || isPart ? stampsWithinNs : undefined;
  }

  get captureDropped(): number {
    return this.#frames.captureDropped;
  }

  get hasCounters(): boolean {
    return this.#frames.hasCounters;
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

  get isPartOfRun(): boolean {
    return this.#frames.isPart === true && this.#frames.isOfOneRun === true;
  }

  get isUnfiltered(): boolean {
    return this.#frames.isUnfiltered ?? false;
  }

  /** Has somebody told what DNS answers said, as `answer-words.ts` has it; valid during the call. */
  listen(hear: (heard: Uint8Array) => void): void {
    this.#decoder.listen();
    this.#hear = hear;
  }

  /** As `PacketSource` says; the packets are put into `into`, if it is given. */
  async next(into?: PacketBatch): Promise<PacketBatch | null> {
    const batch = into ?? (this.#packets ??= batchIn(this.#heap));
    batch.clear();
    let isOver = true;
    for (let most = BATCH_FRAMES; most > 0; ) {
      const given = this.#first.shift() ?? this.#read(this.#frames, most);
      const frames = given instanceof Promise ? await given : given;
      if (frames === null) break;
      isOver = false;
      const { interfaces } = this.#frames;
      this.#decoder.decode(frames, interfaces, this.#limits, batch, this.tally, this.#opensTunnels, this.#senders);
      const { heard } = this.#decoder;
      if (heard !== undefined) this.#hear?.(heard);
      batch.marks.push(...frames.marks);
      this.#cover(frames);
      most = this.#frames.isOnDisk ? most - frames.count : 0;
    }
    if (isOver) this.#coverage.end(this.#frames.endedNs);
    return isOver ? null : batch;
  }

  #cover({ timeNs, count, frame, marks, reachedNs }: FrameBatch): void {
    const { firstNs, lastNs } = this.#decoder;
    const reaches = this.#isTold ? marks.filter((mark) => mark.reachedNs !== undefined) : [];
    let row = 0;
    for (const { frame: before, reachedNs: ns = 0 } of reaches) {
      const from = row;
      while (row < count && frame[row] <= before) row++;
      this.#coverage.take(timeNs.subarray(from, row), row - from);
      this.#coverage.reach(ns);
    }
    if (row === 0 && count > 0) this.#coverage.take(timeNs, count, firstNs, lastNs);
    else this.#coverage.take(timeNs.subarray(row, count), count - row);
    if (this.isLive && reachedNs > Number.NEGATIVE_INFINITY) this.#coverage.reach(reachedNs);
  }
}
