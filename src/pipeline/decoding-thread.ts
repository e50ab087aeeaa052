/** What runs on the thread that `decodeElsewhere` starts: reads and decodes ahead, as far as there are batches to fill. */
import { parentPort } from "node:worker_threads";
import { CaptureError } from "../capture/open.js";
import { Heap, HeapError } from "../packets/memory/heap.js";
import { INSIDE, OUTSIDE, type Side } from "../packets/sides.js";
import { BatchRing } from "./batch-ring.js";
import { decodeHere } from "./decoding.js";
import type { FromThread, Task, ToThread } from "./decoding-messages.js";
import type { DecodedSource } from "./packet-source.js";

/** Nobody looks more often at how far it has come. */
const PROGRESS_EVERY_MS = 50;

function say(message: FromThread): void {
  parentPort?.postMessage(message);
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

/** Whom to call once a side's ring has room again. */
const waiting: [(() => void)?, (() => void)?] = [];

async function fill(side: Side, source: DecodedSource, ring: BatchRing): Promise<void> {
  const { tally } = source;
  for (;;) {
    while (ring.mustWaitToFill()) await new Promise<void>((resolve) => (waiting[side] = resolve));
    const { undecodable } = tally;
    if ((await source.next(ring.next)) === null) return;
    if (tally.undecodable > undecodable) say({ kind: "reasons", side, reasons: tally.reasons });
    const { marks } = ring.next;
    if (marks.length > 0) say({ kind: "marks", side, marks });
    if (ring.fill(source)) say({ kind: "filled", side });
  }
}

async function run({ from, part, filter }: Task): Promise<void> {
  const progress = new Progress();
  const events = {
    onWarning: (text: string, isDamage = false) => say({ kind: "warning", text, isDamage }),
    onBytes: (capture: number, read: number, total: number | undefined) => progress.note(capture, read, total),
  };
  const heap = new Heap(part);
  const rings = [new BatchRing(heap), new BatchRing(heap)] as const;
  parentPort?.on("message", (side: ToThread) => waiting[side]?.());
  const { packets, interfaces } = await decodeHere(from, events, (next) => next(), heap, filter);
  const [inside, outside] = packets;
  say({
    kind: "opened",
    names: [inside.name, outside.name],
    epochsNs: [inside.epochNs, outside.epochNs],
    resolutionsNs: [inside.resolutionNs, outside.resolutionNs],
    haveCounters: [inside.hasCounters, outside.hasCounters],
    interfaces,
    rings: [rings[INSIDE].place, rings[OUTSIDE].place],
  });
  const decode = async (side: Side): Promise<void> => {
    await fill(side, packets[side], rings[side]);
    progress.tell();
    const { captureDropped, hasCounters, firstNs, lastNs, silences, tally } = packets[side];
    say({ kind: "ended", side, state: { captureDropped, hasCounters, firstNs, lastNs, silences, tally } });
  };
  await Promise.all([decode(INSIDE), decode(OUTSIDE)]);
  // the thread ends while the other one still has something to do, which would have to wait for that later
  parentPort?.close();
}

parentPort?.once("message", (task: Task) => {
  run(task).catch((error: unknown) => {
    if (!(error instanceof CaptureError || error instanceof HeapError)) throw error;
    say({ kind: "unusable", message: error.message });
  });
});
