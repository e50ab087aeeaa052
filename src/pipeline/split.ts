import type { LossOn } from "../capture/format.js";
import { BATCH_FRAMES, type CaptureInterface, type FrameBatch, type FrameSource } from "../packets/batches/frames.js";
import { Heap } from "../packets/memory/heap.js";
import type { Mark } from "../packets/batches/frame-marks.js";
import { MassTime } from "../packets/batches/mass-time.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../packets/sides.js";
import { CaptureError } from "../capture/errors.js";
import { SLL, SLL2 } from "../protocols/link-types.js";
import type { SideFrames } from "./captures.js";
import { FrameQueue } from "./split/frame-queue.js";
import {
  type Selector,
  type SideSelectors,
  isNumber,
  parseSelector,
  restOf,
  selectorProblem,
} from "./split/selector.js";
import { Sorter } from "./split/sorter.js";

export type { SideSelectors } from "./split/selector.js";

/**
 * Frames of several interfaces may be written out of order by this much, nanoseconds: twice the 250 ms that dumpcap lets the
 * kernel collect those of one (CAP_READ_TIMEOUT in Wireshark's dumpcap.c).
 */
const DISORDER_NS = 500_000_000;
/** Both sides are told how far the capture has come as often as it has gone on by so much, nanoseconds: one of them may be silent. */
const TOLD_EVERY_NS = 100_000_000;
/** Batches read at most to see whether the selectors name what is there, before frames are handed on: up to 64 MiB of a file. */
const MOST_AHEAD = 64;

/**
 * The sources of two sides from one capture: the inside's frames and the outside's, those of each interface that a selector names by themselves. Each frame has
 * the number that it has in the capture.
 *
 * A **name** or a **number** (from 0 on) means an interface the capture describes: pcapng. In frames of SLL2 (`tcpdump -i any`) a
 * number is the kernel's ifindex, and a name that of an interface of this host. A **prefix** (`172.17.0.0/16`) takes the frames
 * with an address in it, from interfaces that no selector names: for SLL, which does not tell interfaces. It then leaves out
 * the copies that bridge ports show (see Copies), and what it cannot tell stands at AddressPlan.
 *
 * Before it returns it looks for what the selectors name, in the first 64 batches at most: on a stream, it waits for the first
 * frames of an ifindex. Frames of one side wait in memory while the other one is asked for: half a second's, since a silent
 * side gives empty batches that say how far the capture has been read. Both sides of what was captured in one run thereby cover the
 * whole time of the capture; of one with several interfaces, up to their own last frame, or to half a second before the last one of all.
 * Where the capture may be merged of several, a side covers what its own frames show.
 *
 * `heap`: where the frames' bytes lie, if they do in one.
 *
 * @throws CaptureError where the selectors do not fit the capture, also from `next`, at the capture's end. The message lists
 * the capture's interfaces. The source is then closed.
 */
export async function splitCapture(
  source: FrameSource,
  selectors: SideSelectors,
  { onWarning, heap = new Heap() }: { readonly onWarning: (text: string) => void; readonly heap?: Heap },
): Promise<SideFrames> {
  try {
    const problem = selectorProblem(selectors);
    if (problem !== undefined) throw new CaptureError(problem);
    const capture = new SplitCapture(source, selectors, onWarning, heap);
    await capture.begin();
    return [capture.partsOf(INSIDE), capture.partsOf(OUTSIDE)];
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A part of a side: the frames of one interface, or those that are selected by addresses, and that wait to be asked for. */
interface Part {
  readonly side: Side;
  readonly part: number;
  name: string;
  readonly queue: FrameQueue;
}

class SplitCapture {
  readonly source: FrameSource;
  readonly #parts: readonly Part[];
  readonly #selectors: readonly [Selector, Selector];
  readonly #sorter: Sorter;
  readonly #open: Set<Part>;
  /** The rows of a batch that are of a part. */
  readonly #rows = new Uint16Array(BATCH_FRAMES);
  readonly #warn: (text: string) => void;
  #reading: Promise<void> | undefined;
  /** All frames stamped before this have been read … */
  #reachedNs = Number.NEGATIVE_INFINITY;
  /** … as the sides were last told. */
  #toldNs = Number.NEGATIVE_INFINITY;
  /** As the frames of both sides tell it: a stamp is not believed by itself that is ahead by more than disorder can be. */
  readonly #mass = new MassTime(DISORDER_NS, () => {});
  /** The number of the last frame. */
  #frames = 0;
  #hasEnded = false;
  #isReported = false;
  #isDisorderly = false;

  constructor(source: FrameSource, { inside, outside }: SideSelectors, warn: (text: string) => void, heap: Heap) {
    this.source = source;
    this.#selectors = [parseSelector(inside), outside === undefined ? restOf(inside) : parseSelector(outside)];
    this.#warn = (text) => warn(`${source.name}: ${text}`);
    this.#sorter = new Sorter(source.interfaces, this.#selectors, outside === undefined, this.#warn, heap);
    this.#parts = SIDES.flatMap((side) =>
      this.#selectors[side].names(String).map((name, part) => ({ side, part, name, queue: new FrameQueue() })),
    );
    this.#open = new Set(this.#parts);
  }

  /** Reads on until the selectors have turned out to name something. */
  async begin(): Promise<void> {
    const { ports } = this.#sorter;
    for (let ahead = 0; ahead < MOST_AHEAD && !this.#hasEnded && ports.unmet().length > 0; ahead++) await this.#read();
    for (const side of SIDES) {
      const names = this.#selectors[side].names((part) => ports.nameOf(part));
      for (const part of this.#parts) if (part.side === side) part.name = names[part.part];
    }
  }

  /** The sources of a side. */
  partsOf(side: Side): PartSource[] {
    return this.#parts.filter((part) => part.side === side).map((part) => new PartSource(this, part));
  }

  /** The next frames of a part; a batch without any where the capture has gone on without them, and once at its end. */
  async next({ queue }: Part): Promise<FrameBatch | null> {
    if (queue.isEmpty && !this.#hasEnded) {
      // other parts may be asked at the same time, and wait for the same frames
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    if (queue.isEmpty && this.#hasEnded) return null;
    const batch = queue.take();
    batch.reachedNs = queue.isEmpty ? this.#toldNs : Number.NEGATIVE_INFINITY;
    return batch;
  }

  /** Frames lost on the part's interfaces; where the capture does not tell interfaces, all that were lost. */
  droppedOn({ side, part }: Part): number {
    const { source } = this;
    if (source.droppedOn === undefined) return source.captureDropped;
    let dropped = 0;
    for (let iface = 0; iface < source.interfaces.length; iface++)
      if (this.#sorter.ports.mayConcern(side, part, iface)) dropped += source.droppedOn(iface);
    return dropped;
  }

  /** A cooked capture is one of all interfaces by itself. */
  get isOfOneRun(): boolean {
    const { isOfOneRun = false, interfaces } = this.source;
    return isOfOneRun || interfaces.every(({ linkType }) => linkType === SLL || linkType === SLL2);
  }

  async close(part: Part): Promise<void> {
    this.#open.delete(part);
    if (this.#open.size > 0) return;
    this.#report();
    await this.source.close();
  }

  async #read(): Promise<void> {
    const batch = await this.source.next();
    if (batch === null) {
      this.#hasEnded = true;
      this.#mass.end();
      // whoever was killed may have written one interface's frames, and not yet what others had by then
      const isMore = this.source.interfaces.length > 1;
      this.#reachedNs = Math.max(this.#reachedNs, this.#mass.nowNs - (isMore ? DISORDER_NS : 0));
      this.#toldNs = this.#reachedNs;
      for (const { queue } of this.#parts) queue.mark([{ frame: this.#frames, reachedNs: this.#toldNs }]);
      this.#checkSelectors();
      this.#report();
      return;
    }
    this.#sorter.sort(batch);
    const { ports } = this.#sorter;
    const reached: Mark[] = [];
    const losses: LossOn[] = [];
    this.#reach(batch, reached, losses);
    for (const { side, part, queue } of this.#parts) {
      const own = losses.filter(({ iface }) => ports.mayConcern(side, part, iface));
      queue.append(batch, this.#rows, this.#sort(side, part));
      queue.mark([...reached, ...own].toSorted((a, b) => a.frame - b.frame));
    }
    if (this.#sorter.ports.areNameless && this.#sorter.ports.unmet().some((part) => !isNumber(part)))
      this.#checkSelectors();
  }

  /** Puts the rows of the batch sorted last that are of a part in front. Returns how many there are. */
  #sort(side: Side, part: number): number {
    const { rows, counts, parts } = this.#sorter;
    let count = 0;
    for (let at = 0; at < counts[side]; at++) {
      const row = rows[side][at];
      if (parts[row] === part) this.#rows[count++] = row;
    }
    return count;
  }

  /** Goes through the frames of a batch: how far the capture comes with each, and what of that both sides have to know. */
  #reach({ count, timeNs, frame, marks }: FrameBatch, reached: Mark[], losses: LossOn[]): void {
    let marked = 0;
    const passMarks = (before: number): void => {
      for (; marked < marks.length && marks[marked].frame < before; marked++) {
        const mark = marks[marked];
        if (!isLoss(mark)) continue;
        // frames of either side tell when the capture said so
        const toldNs = Math.max(mark.loss.toldNs, this.#mass.nowNs);
        losses.push({ ...mark, loss: { ...mark.loss, toldNs } });
      }
    };
    for (let row = 0; row < count; row++) {
      passMarks(frame[row]);
      if (timeNs[row] < this.#reachedNs) this.#warnOfDisorder(frame[row]);
      this.#mass.take(frame[row], timeNs[row]);
      this.#reachedNs = Math.max(this.#reachedNs, this.#mass.nowNs - DISORDER_NS);
      this.#frames = frame[row];
      if (this.#reachedNs < this.#toldNs + TOLD_EVERY_NS) continue;
      this.#toldNs = this.#reachedNs;
      reached.push({ frame: frame[row], reachedNs: this.#toldNs });
    }
    passMarks(Number.POSITIVE_INFINITY);
  }

  #warnOfDisorder(frame: number): void {
    if (this.#isDisorderly) return;
    this.#isDisorderly = true;
    this.#warn(`is not in order of time from frame ${frame} on; reordercap sorts it, and then twins are not missed`);
  }

  /** Throws CaptureError where a selector names nothing that is in the capture. */
  #checkSelectors(): void {
    const { ports } = this.#sorter;
    const [missing] = ports.unmet();
    if (missing === undefined) return;
    const what = isNumber(missing) ? `no interface ${missing}` : `no interface that is known as ${missing}`;
    const advice = ports.areOneOnly
      ? "; its frames tell no interfaces apart: select by addresses, as --inside 172.17.0.0/16"
      : "";
    throw new CaptureError(`${this.source.name}: has ${what}, but (with frames) ${ports.list() || "none"}${advice}`);
  }

  #report(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    for (const text of this.#sorter.leftOut()) this.#warn(text);
  }
}

function isLoss(mark: Mark): mark is LossOn {
  return "iface" in mark;
}

class PartSource implements FrameSource {
  readonly isPart = true;
  readonly name: string;
  readonly #capture: SplitCapture;
  readonly #part: Part;

  constructor(capture: SplitCapture, part: Part) {
    this.name = part.name;
    this.#capture = capture;
    this.#part = part;
  }

  get epochNs(): bigint {
    return this.#capture.source.epochNs;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#capture.source.interfaces;
  }

  get resolutionNs(): number {
    return this.#capture.source.resolutionNs;
  }

  get isOfOneRun(): boolean {
    return this.#capture.isOfOneRun;
  }

  get stampsWithinNs(): number | undefined {
    return this.#capture.source.stampsWithinNs;
  }

  get isUnfiltered(): boolean {
    return this.#capture.source.isUnfiltered ?? false;
  }

  get endedNs(): number {
    return this.#capture.source.endedNs ?? Number.NEGATIVE_INFINITY;
  }

  get captureDropped(): number {
    return this.#capture.droppedOn(this.#part);
  }

  get hasCounters(): boolean {
    return this.#capture.source.hasCounters;
  }

  next(): Promise<FrameBatch | null> {
    return this.#capture.next(this.#part);
  }

  close(): Promise<void> {
    return this.#capture.close(this.#part);
  }
}
