import type { PacketSource } from "../../packets/packets.js";
import { Gaps } from "./gaps.js";

/** What a side's capture covers, nanoseconds on the timeline. */
export class Cover {
  firstNs: number;
  lastNs: number;
  hasEnded = false;
  /** What it lacks in between. */
  readonly gaps: Gaps;
  /** The earliest stamp known of a frame that stands out of its time; Infinity for none. */
  readonly strayNs: number;
  /** Whether these are the limits of a capture that is running, and not only what was in it. */
  readonly isLive: boolean;
  readonly #source: PacketSource;
  readonly #shiftNs: number;
  readonly #windowNs: number;

  /** `strayNs`: as the source stamps it; `shiftNs`: what brings its stamps to the timeline, but for the clock's correction. */
  constructor(source: PacketSource, strayNs: number, shiftNs: number, windowNs: number) {
    this.#source = source;
    this.#shiftNs = shiftNs;
    this.#windowNs = windowNs;
    this.firstNs = source.firstNs + shiftNs;
    this.lastNs = source.lastNs + shiftNs;
    this.strayNs = strayNs + shiftNs;
    this.isLive = source.isLive ?? false;
    this.gaps = new Gaps(windowNs);
  }

  /** Looks at how far the capture goes by now. `placed`: a stamp of it on the timeline; `nowNs`: how far the run is there. */
  read(hasEnded: boolean, placed: (stampNs: number) => number, nowNs: number): void {
    const source = this.#source;
    this.hasEnded = hasEnded;
    this.firstNs = source.firstNs + this.#shiftNs;
    this.lastNs = source.lastNs + this.#shiftNs;
    this.gaps.read(source.captureDropped, this.lastNs);
    for (const { fromNs, toNs } of source.silences?.splice(0) ?? []) this.gaps.silent(placed(fromNs), placed(toNs));
    this.gaps.forget(nowNs - 2 * this.#windowNs);
  }

  /** How far it goes; Infinity while that is not known. */
  get endNs(): number {
    return this.hasEnded ? this.lastNs : Number.POSITIVE_INFINITY;
  }
}
