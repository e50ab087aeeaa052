import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";
import { BATCH_FRAMES, type CaptureInterface, FrameBatch } from "../../packets/batches/frames.js";
import { ETHERNET, NULL, RAW, SLL } from "../../protocols/link-types.js";
import { ENGINES } from "../engines.js";
import { CaptureError, messageOf } from "../errors.js";
import type { LiveOptions, LiveSource, LiveStatistics } from "./live-source.js";

/** The part of the cap package used here; it has no types of its own. https://www.npmjs.com/package/cap */
interface Cap {
  open(name: string, filter: string, bufferBytes: number, frame: Buffer): string;
  on(event: "packet", listener: (bytes: number) => void): void;
  close(): void;
}

/** cap's names of link types and what they stand for. */
const LINK_TYPES = new Map([
  ["ETHERNET", ETHERNET],
  ["NULL", NULL],
  ["RAW", RAW],
  ["LINKTYPE_LINUX_SLL", SLL],
]);
/** What cap sets as snaplen, whatever is wanted. */
const CAP_SNAPLEN = 65_535;
/** Frames wait in here until they are asked for. */
const WAITING_BYTES = 16 << 20;
const PUMP_MS = 4;
const PATIENCE_MS = 20;
const NS_PER_MS = 1e6;

const LACKS =
  "--engine cap stamps frames when they reach JavaScript, not when they pass the interface: latencies mean little; " +
  "it does not count the frames the kernel drops, so that their twins look as if the NAT had dropped them; " +
  "it always captures in promiscuous mode, and aborts natcorr when the interface goes";

/**
 * Opens an interface with the cap package, for systems where koffi does not run. Says as a warning what is then missing.
 *
 * cap uses libpcap's immediate mode with a snaplen of 64 KiB: the kernel's ring has room for one frame per 64 KiB of
 * `bufferBytes`. Where the interface is removed or taken down, cap 0.2.1 fails an assertion and the process aborts.
 *
 * @throws CaptureError where the package is not installed or compiled, and for whatever cap refuses.
 */
export async function openWithCap(name: string, options: LiveOptions): Promise<LiveSource> {
  const cap = newCap();
  const frame = Buffer.alloc(CAP_SNAPLEN);
  let linkName;
  try {
    linkName = cap.open(name, options.filter, options.bufferBytes, frame);
  } catch (error) {
    throw new CaptureError(`${name}: cannot be captured from: ${messageOf(error)}`);
  }
  const linkType = LINK_TYPES.get(linkName);
  if (linkType === undefined) {
    cap.close();
    throw new CaptureError(`${name}: cap does not tell its link type (${linkName}); leave out --engine cap`);
  }
  options.onWarning(`${name}: ${LACKS}`);
  const iface = { name, linkType, snaplen: options.snaplen || CAP_SNAPLEN };
  return new CapSource(cap, frame, iface, options.filter === "");
}

function newCap(): Cap {
  try {
    const module: { readonly Cap: new () => Cap } = createRequire(import.meta.url)("cap");
    return new module.Cap();
  } catch (error) {
    const [reason] = messageOf(error).split("\n");
    throw new CaptureError(
      `--engine cap: the cap package is not installed or not compiled (${reason}); ` +
        "apt install libpcap-dev g++ make python3, then npm install cap and npm rebuild cap where natcorr is installed",
    );
  }
}

/** One batch is filled by cap's events while the other one is with the reader. */
class CapSource implements LiveSource {
  readonly isLive = true;
  readonly engine = "cap";
  readonly stampsWithinNs = ENGINES[this.engine];
  readonly isUnfiltered: boolean;
  /** As `performance.now()` tells the time: microseconds. */
  readonly resolutionNs = 1000;
  readonly name: string;
  /** The first look at what has come. Frames that came before it, maybe before the other interface was open, are stamped earlier. */
  epochNs: bigint;
  readonly interfaces: readonly CaptureInterface[];
  /** It aborts natcorr rather than end. */
  readonly failure = undefined;
  readonly #cap: Cap;
  readonly #snaplen: number;
  #filling = newBatch();
  #reading = newBatch();
  #used = 0;
  #frames = 0;
  #dropped = 0;
  #told = 0;
  #isOver = false;
  #epochMs = performance.now();
  #hasBegun = false;

  constructor(cap: Cap, frame: Buffer, iface: CaptureInterface, isUnfiltered: boolean) {
    this.#cap = cap;
    this.isUnfiltered = isUnfiltered;
    this.name = iface.name;
    this.interfaces = [iface];
    this.#snaplen = iface.snaplen;
    this.epochNs = BigInt(Date.now()) * BigInt(NS_PER_MS);
    cap.on("packet", (bytes) => this.#append(frame, bytes));
  }

  /** Frames that were not read in time here; what the kernel dropped before is not known. */
  get captureDropped(): number {
    return this.#dropped;
  }

  get hasCounters(): boolean {
    return false;
  }

  async next(): Promise<FrameBatch | null> {
    const patientUntilMs = performance.now() + PATIENCE_MS;
    // Events come between two turns only.
    do await setTimeout(this.#filling.count > 0 ? 0 : PUMP_MS);
    while (this.#filling.count === 0 && performance.now() < patientUntilMs && !this.#isOver);
    if (this.#isOver && this.#filling.count === 0) return null;
    const batch = this.#filling;
    this.#filling = this.#reading;
    this.#reading = batch;
    this.#filling.count = 0;
    this.#used = 0;
    batch.number(this.#frames + 1);
    batch.reachedNs = this.#nowNs();
    this.#frames += batch.count;
    // what came once the batch was full
    const sinceNs = batch.timeNs[batch.count - 1];
    const count = this.#dropped - this.#told;
    batch.marks = count > 0 ? [{ frame: this.#frames, loss: { sinceNs, toldNs: batch.reachedNs, count } }] : [];
    this.#told = this.#dropped;
    if (!this.#hasBegun) this.#begin(batch);
    return batch;
  }

  /** cap does not ask the kernel: only what was lost here is known. */
  statistics(): LiveStatistics {
    return this.#dropped > 0 ? { dropped: this.#dropped } : {};
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cap.close();
  }

  async close(): Promise<void> {
    this.stop();
    this.#filling.count = 0;
  }

  /** Makes this moment the epoch: what the interfaces are covered from. */
  #begin(first: FrameBatch): void {
    this.#hasBegun = true;
    const elapsedNs = this.#nowNs();
    this.epochNs += BigInt(elapsedNs);
    this.#epochMs += elapsedNs / NS_PER_MS;
    first.reachedNs -= elapsedNs;
    for (let row = 0; row < first.count; row++) first.timeNs[row] -= elapsedNs;
  }

  #nowNs(): number {
    return Math.round((performance.now() - this.#epochMs) * NS_PER_MS);
  }

  #append(frame: Buffer, bytes: number): void {
    const batch = this.#filling;
    const captured = Math.min(bytes, this.#snaplen);
    if (batch.count === BATCH_FRAMES || this.#used + captured > WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    const row = batch.count++;
    frame.copy(batch.data, this.#used, 0, captured);
    batch.start[row] = this.#used;
    batch.captured[row] = captured;
    batch.original[row] = bytes;
    batch.timeNs[row] = this.#nowNs();
    this.#used += captured;
  }
}

function newBatch(): FrameBatch {
  const batch = new FrameBatch();
  batch.data = new Uint8Array(WAITING_BYTES);
  return batch;
}
