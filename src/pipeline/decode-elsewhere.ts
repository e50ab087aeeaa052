import { setImmediate } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { CaptureError } from "../capture/errors.js";
import type { Silence } from "../packets/batches/coverage.js";
import { Heap } from "../packets/memory/heap.js";
import type { Mark } from "../packets/batches/frame-marks.js";
import type { PacketBatch } from "../packets/batches/packet-batch.js";
import { type PacketSource, Tally } from "../packets/batches/source.js";
import { INSIDE, OUTSIDE, SIDES } from "../packets/sides.js";
import { BatchRing } from "./batch-ring.js";
import type { Captures, OpenEvents } from "./captures.js";
import type { Decoding, Pace } from "./decoding.js";
import type { FromThread, LastState, SourceFacts, Task, ToThread } from "./decoding-messages.js";
import type { FrameFilter } from "./frame-filter.js";
import { startThread } from "./thread.js";

/** More than the thread needs for a source: 16 batches and a window on its capture take half of it. Only what is used takes room. */
const SOURCE_BYTES = 64 * 2 ** 20;

/** The event loop turns at least this often, that signals and timers get their turn: sooner than anybody notices. */
const TURN_EVERY_MS = 10;

/**
 * As `decodeHere`, but reads and decodes ahead on another thread, in a part of the heap, while this one does something with
 * the packets. `worker`: that thread, where it has been started; it is ended in the end.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function decodeElsewhere(
  from: Captures,
  events: OpenEvents,
  pace: Pace,
  heap: Heap = new Heap(),
  filter?: FrameFilter,
  worker: Worker = startThread(),
): Promise<Decoding> {
  const count = "sides" in from ? SIDES.length : from.flat().length;
  const { onAnswers } = events;
  const part = heap.part(count * SOURCE_BYTES);
  worker.postMessage({ from, part, filter, listens: onAnswers !== undefined } satisfies Task);
  const close = async (): Promise<void> => void (await worker.terminate());
  try {
    return await new Promise<Decoding>((resolve, reject) => {
      // none before the captures were opened
      const sources: SharedSource[] = [];
      const fail = (error: Error): void => {
        reject(error);
        for (const each of sources) each.fail(error);
      };
      worker.on("error", fail);
      worker.on("message", (said: FromThread) => {
        if (said.kind === "opened") {
          const { interfaces } = said;
          const insides = interfaces[INSIDE].length;
          for (const [at, facts] of said.sources.entries()) {
            const onRoom = (): void => worker.postMessage(at satisfies ToThread);
            const side = at < insides ? INSIDE : OUTSIDE;
            const hear = (heard: Uint8Array): void => onAnswers?.(side, facts.epochNs, heard);
            sources.push(new SharedSource(facts, new BatchRing(heap, facts.ring), pace, onRoom, hear));
          }
          resolve({ packets: [sources.slice(0, insides), sources.slice(insides)], interfaces, close });
        } else if (said.kind === "unusable") fail(new CaptureError(said.message));
        else if (said.kind === "warning") events.onWarning(said.text, said.isDamage);
        else if (said.kind === "bytes") events.onBytes(said.capture, said.read, said.total);
        else sources[said.source].take(said);
      });
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The packets of a capture as another thread decodes them. */
class SharedSource implements PacketSource {
  readonly name: string;
  readonly captures: readonly string[];
  readonly epochNs: bigint;
  readonly resolutionNs: number;
  readonly stampsWithinNs: number | undefined;
  readonly isUnfiltered: boolean;
  readonly silences: Silence[] = [];
  captureDropped = 0;
  hasCounters: boolean;
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;
  readonly tally = new Tally();
  readonly #ring: BatchRing;
  readonly #pace: Pace;
  readonly #onRoom: () => void;
  /** Reasons that came before the batch did that they are of. */
  readonly #reasons: Tally["reasons"][] = [];
  readonly #hear: (heard: Uint8Array) => void;
  /** The same of marks, and of what DNS answers said. */
  readonly #marks: (readonly Mark[])[] = [];
  readonly #answers: (readonly Uint8Array[])[] = [];
  /** What comes behind the last batch: what the source says then, or why there is no more. */
  #end: LastState | Error | undefined;
  #onNews: (() => void) | undefined;
  #isUsing = false;
  #turnedMs = 0;

  constructor(
    { name, captures = [name], epochNs, resolutionNs, stampsWithinNs, hasCounters, isUnfiltered = false }: SourceFacts,
    ring: BatchRing,
    pace: Pace,
    onRoom: () => void,
    hear: (heard: Uint8Array) => void,
  ) {
    this.name = name;
    this.captures = captures;
    this.epochNs = epochNs;
    this.resolutionNs = resolutionNs;
    this.stampsWithinNs = stampsWithinNs;
    this.isUnfiltered = isUnfiltered;
    this.hasCounters = hasCounters;
    this.#ring = ring;
    this.#pace = pace;
    this.#onRoom = onRoom;
    this.#hear = hear;
  }

  /** Takes what the thread says of it. */
  take(said: Extract<FromThread, { readonly source: number }>): void {
    if (said.kind === "reasons") this.#reasons.push(said.reasons);
    else if (said.kind === "marks") this.#marks.push(said.marks);
    else if (said.kind === "answers") this.#answers.push(said.heard);
    else if (said.kind === "ended") this.#end ??= said.state;
    this.#onNews?.();
  }

  /** Takes why there is no more. */
  fail(error: Error): void {
    this.#end ??= error;
    this.#onNews?.();
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
    const { undecodable } = this.tally;
    const { hasMarks, hasAnswers } = this.#ring;
    const batch = this.#ring.use(this);
    this.#isUsing = true;
    const hasReasons = this.tally.undecodable > undecodable;
    if (hasMarks || hasAnswers || hasReasons) return this.#takeRest(batch, { hasMarks, hasAnswers, hasReasons });
    return batch;
  }

  #finish(end: LastState | Error): null {
    if (end instanceof Error) throw end;
    const { tally, silences, ...state } = end;
    Object.assign(this, state);
    this.silences.push(...silences);
    Object.assign(this.tally, tally);
    return null;
  }

  /** Takes what belongs to the batch being taken and comes by another way. */
  async #takeRest(
    batch: PacketBatch,
    { hasMarks, hasAnswers, hasReasons }: { hasMarks: boolean; hasAnswers: boolean; hasReasons: boolean },
  ): Promise<PacketBatch> {
    const marks = hasMarks ? await this.#nextOf(this.#marks) : undefined;
    const reasons = hasReasons ? await this.#nextOf(this.#reasons) : undefined;
    const answers = hasAnswers ? await this.#nextOf(this.#answers) : undefined;
    if (marks) batch.marks.push(...marks);
    for (const heard of answers ?? []) this.#hear(heard);
    if (reasons) Object.assign(this.tally, { reasons });
    return batch;
  }

  async #nextOf<T>(told: T[]): Promise<T | undefined> {
    while (told.length === 0 && this.#end === undefined) await this.#news();
    return told.shift();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#onNews = resolve));
  }
}
