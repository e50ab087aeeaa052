import { CaptureError } from "../capture/errors.js";
import type { CaptureInterface, FrameBatch, FrameSource } from "../packets/batches/frames.js";
import type { Mark } from "../packets/batches/frame-marks.js";

/** A file may begin so much before the end of the one before, nanoseconds: several processors stamp, and one program writes. */
const DISORDER_NS = 500_000_000n;

/** Opens a file, to read it, or only to look at its beginning. */
export type Open = (path: string, isLook?: boolean) => Promise<FrameSource>;

/**
 * A capture that was cut into files (`tcpdump -C`, `-G`, `dumpcap -b`), one behind the other, in order of their first frames; of files without frames, in order
 * of their names. One is open at a time. Frames are numbered through, and a mark says where each file begins.
 *
 * @param pattern what the files are called together.
 * @throws CaptureError where one of them cannot be used; from `next` also where one begins before the one before it ends.
 */
export async function openChain(pattern: string, paths: readonly string[], open: Open): Promise<FrameSource> {
  const begun: { readonly path: string; readonly beginsNs: bigint | null }[] = [];
  for (const path of paths) {
    const source = await open(path, true);
    const first = await source.next(1);
    begun.push({ path, beginsNs: first === null || first.count === 0 ? null : stampOf(source, first, 0) });
    await source.close();
  }
  const inOrder = begun.sort((a, b) => {
    if (a.beginsNs === b.beginsNs) return a.path < b.path ? -1 : 1;
    if (a.beginsNs === null || b.beginsNs === null) return a.beginsNs === null ? 1 : -1;
    return a.beginsNs < b.beginsNs ? -1 : 1;
  });
  const files = inOrder.map(({ path }) => path);
  return new Chain(pattern, files, open, await open(files[0]));
}

function stampOf({ epochNs }: FrameSource, { timeNs }: FrameBatch, row: number): bigint {
  return epochNs + BigInt(Math.round(timeNs[row]));
}

class Chain implements FrameSource {
  readonly name: string;
  readonly captures: readonly string[];
  readonly interfaces: CaptureInterface[] = [];
  captureDropped = 0;
  readonly #open: Open;
  #source: FrameSource;
  /** Which of the files that is. */
  #at = 0;
  /** Frames in the files before it, and what those say that they lost. */
  #framesBefore = 0;
  #droppedBefore = 0;
  #frames = 0;
  #epochNs = 0n;
  #latestNs = 0n;
  #resolutionNs: number;
  #endedNs = Number.NEGATIVE_INFINITY;
  /** By interface of the file, which one of all that is. */
  #ifaces: number[] = [];
  /** Said of files and not given with frames yet. */
  #marks: Mark[] = [];

  constructor(name: string, files: readonly string[], open: Open, first: FrameSource) {
    this.name = name;
    this.captures = files;
    this.#open = open;
    this.#source = first;
    this.#resolutionNs = first.resolutionNs;
    this.#meetInterfaces();
  }

  get epochNs(): bigint {
    return this.#epochNs;
  }

  get resolutionNs(): number {
    return this.#resolutionNs;
  }

  get hasCounters(): boolean {
    return this.#source.hasCounters;
  }

  get endedNs(): number {
    return this.#endedNs;
  }

  get isOnDisk(): boolean {
    return this.#source.isOnDisk ?? false;
  }

  async next(most?: number): Promise<FrameBatch | null> {
    for (;;) {
      const batch = await this.#source.next(most);
      if (batch !== null) return this.#place(batch);
      this.#endedNs = (this.#source.endedNs ?? Number.NEGATIVE_INFINITY) + this.#shiftNs;
      if (this.#at === this.captures.length - 1) return null;
      await this.#goOn();
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  /** What is added to the stamps of the file. */
  get #shiftNs(): number {
    return this.#source.epochNs === 0n ? 0 : Number(this.#source.epochNs - this.#epochNs);
  }

  /** Goes on to the next file. */
  async #goOn(): Promise<void> {
    await this.#source.close();
    this.#framesBefore = this.#frames;
    this.#droppedBefore = this.captureDropped;
    this.#source = await this.#open(this.captures[++this.#at]);
    this.#resolutionNs = Math.max(this.#resolutionNs, this.#source.resolutionNs);
    this.#ifaces = [];
    this.#marks.push({ frame: this.#framesBefore, begins: true });
  }

  /** Has frames say their numbers, stamps and interfaces in the whole. */
  #place(batch: FrameBatch): FrameBatch {
    const { count, timeNs, frame, iface } = batch;
    if (this.#epochNs === 0n) this.#epochNs = this.#source.epochNs;
    this.#meetInterfaces();
    const before = this.#framesBefore;
    const shiftNs = this.#shiftNs;
    if (count > 0 && this.#frames === before) this.#checkOrder(batch);
    for (let row = 0; row < count; row++) {
      timeNs[row] += shiftNs;
      frame[row] += before;
    }
    // a file of one interface leaves the column as it is
    if (this.#ifaces.length === 1) iface.fill(this.#ifaces[0], 0, count);
    else for (let row = 0; row < count; row++) iface[row] = this.#ifaces[iface[row]];
    const moved = batch.marks.map((mark) => shifted(mark, before, shiftNs));
    batch.marks = [...this.#marks.splice(0), ...moved];
    if (count > 0) {
      this.#frames = frame[count - 1];
      this.#latestNs = this.#epochNs + BigInt(Math.round(timeNs[count - 1]));
    }
    this.captureDropped = this.#droppedBefore + this.#source.captureDropped;
    return batch;
  }

  /** Files that overlap are not pieces of one capture. */
  #checkOrder(batch: FrameBatch): void {
    if (this.#at === 0 || stampOf(this.#source, batch, 0) >= this.#latestNs - DISORDER_NS) return;
    const [one, other] = [this.captures[this.#at - 1], this.captures[this.#at]];
    throw new CaptureError(
      `${this.name}: ${other} begins before ${one} ends, so they are not one capture that was cut into files; name those of each interface, with commas between`,
    );
  }

  #meetInterfaces(): void {
    const { interfaces } = this.#source;
    for (let iface = this.#ifaces.length; iface < interfaces.length; iface++) {
      const { name, linkType, snaplen } = interfaces[iface];
      const isIt = (each: CaptureInterface): boolean =>
        each.name === name && each.linkType === linkType && each.snaplen === snaplen;
      const known = this.interfaces.findIndex(isIt);
      this.#ifaces.push(known < 0 ? this.interfaces.push(interfaces[iface]) - 1 : known);
    }
  }
}

/** A mark of a file as one of the whole. */
function shifted({ frame, reachedNs, loss, ...rest }: Mark, frames: number, shiftNs: number): Mark {
  return {
    ...rest,
    frame: frame + frames,
    ...(reachedNs !== undefined && { reachedNs: reachedNs + shiftNs }),
    ...(loss !== undefined && { loss: { ...loss, sinceNs: loss.sinceNs + shiftNs, toldNs: loss.toldNs + shiftNs } }),
  };
}
