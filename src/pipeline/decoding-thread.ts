/** What runs on the thread that `decodeElsewhere` starts: reads and decodes ahead, as far as there are batches to fill. */
import { parentPort } from "node:worker_threads";
import { CaptureError } from "../capture/open.js";
import { Heap, HeapError } from "../packets/memory/heap.js";
import { BatchRing } from "./batch-ring.js";
import { decodeHere } from "./decoding.js";
import type { FromThread, Task, ToThread } from "./decoding-messages.js";
import type { DecodedSource } from "./packet-source.js";

/** Nobody looks more often at how far it has come. */
const PROGRESS_EVERY_MS = 50;

/** `given`: memory that goes with it, and is not copied. */
function say(message: FromThread, given: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, given);
}

/** How much was read of each capture, told every so often. */
class Progress {
  readonly #read = new Map<number, { readonly read: number; readonly total: number | undefined }>();
  #toldMs = 0;

  note(capture: number, read: number, total: number | undefined): void {
    this.#read.set(capture, { read, total });
    if (performance.now() - this.#toldMs > PROGRESS_EVERY_MS) this.tell();
  }

  tell(): void {
    this.#toldMs = performance.now();
    for (const [capture, { read, total }] of this.#read) say({ kind: "bytes", capture, read, total });
  }
}

/** Whom to call once a source's ring has room again. */
const waiting: (() => void)[] = [];

async function fill(at: number, source: DecodedSource, ring: BatchRing, listens: boolean): Promise<void> {
  const { tally } = source;
  let heard: Uint8Array<ArrayBuffer>[] = [];
  if (listens) source.listen((said) => heard.push(Uint8Array.from(said)));
  for (;;) {
    while (ring.mustWaitToFill()) await new Promise<void>((resolve) => (waiting[at] = resolve));
    const { undecodable } = tally;
    if ((await source.next(ring.next)) === null) return;
    if (tally.undecodable > undecodable) say({ kind: "reasons", source: at, reasons: tally.reasons });
    const { marks } = ring.next;
    if (marks.length > 0) say({ kind: "marks", source: at, marks });
    const hasAnswers = heard.length > 0;
    if (hasAnswers) {
      say(
        { kind: "answers", source: at, heard },
        heard.map(({ buffer }) => buffer),
      );
      heard = [];
    }
    if (ring.fill(source, hasAnswers)) say({ kind: "filled", source: at });
  }
}

async function run({ from, part, filter, listens }: Task): Promise<void> {
  const progress = new Progress();
  const events = {
    onWarning: (text: string, isDamage = false) => say({ kind: "warning", text, isDamage }),
    onBytes: (capture: number, read: number, total: number | undefined) => progress.note(capture, read, total),
  };
  const heap = new Heap(part);
  parentPort?.on("message", (source: ToThread) => waiting[source]?.());
  const { packets, interfaces } = await decodeHere(from, events, (next) => next(), heap, filter);
  const sources = packets.flat();
  const rings = sources.map(() => new BatchRing(heap));
  const facts = sources.map(
    ({ name, captures, epochNs, resolutionNs, stampsWithinNs, hasCounters, isUnfiltered }, at) => {
      const { place: ring } = rings[at];
      return { name, captures, epochNs, resolutionNs, stampsWithinNs, hasCounters, isUnfiltered, ring };
    },
  );
  say({ kind: "opened", sources: facts, interfaces });
  const decode = async (source: DecodedSource, at: number): Promise<void> => {
    await fill(at, source, rings[at], listens);
    progress.tell();
    const { captureDropped, hasCounters, firstNs, lastNs, silences, tally } = source;
    say({ kind: "ended", source: at, state: { captureDropped, hasCounters, firstNs, lastNs, silences, tally } });
  };
  await Promise.all(sources.map(decode));
  // the thread ends while the other one still has something to do, which would have to wait for that later
  parentPort?.close();
}

parentPort?.once("message", (task: Task) => {
  run(task).catch((error: unknown) => {
    if (!(error instanceof CaptureError || error instanceof HeapError)) throw error;
    say({ kind: "unusable", message: error.message });
  });
});
