import type { PacketSource } from "../../../packets/batches/source.js";
import type { Seen } from "../../clock/beginning.js";
import type { CaptureIntake } from "../../intake/capture-intake.js";
import type { LostSpan } from "../../intake/intake.js";
import type { Kinds } from "../../intake/kinds.js";
import { Gaps } from "./gaps.js";

/** What a capture covers, nanoseconds on the timeline. */
export class Cover {
  /** What it is called where it is spoken of: its side, or its own name where that has several. */
  readonly name: string;
  firstNs: number;
  lastNs: number;
  hasEnded = false;
  /** What it lacks in between. */
  readonly gaps: Gaps;
  /** The earliest stamp known of a frame that stands out of its time; Infinity for none. */
  readonly strayNs: number;
  /** Whether it is known to its end, and has nothing of the other capture: see `Seen`. */
  readonly sharesNothing: boolean;
  /** Whether these are the limits of a capture that is running, and not only what was in it. */
  readonly isLive: boolean;
  /** Whether one run captured it and other interfaces: it is running, or a part of one capture. Then nobody can have mistaken the host or the time. */
  readonly isOfOneRun: boolean;
  /** Whether nobody filtered it, as is known; false where that is not. */
  readonly isUnfiltered: boolean;
  /** Whether an option of this run had a filter made for it. */
  readonly isFiltered: boolean;
  /** Which kinds of frames it has, by its stamps, … */
  readonly kinds: Kinds;
  /** … which are here on the timeline. */
  readonly placed: (stampNs: number) => number;
  readonly #source: PacketSource;
  /** The first frame's stamp. */
  #beganNs: number;
  readonly #windowNs: number;

  /**
   * `name`: as above; `strayNs`: as its side stamps it; `takesNs`: how long packets may take to cross by now; `placed`: a stamp of it on the timeline.
   */
  constructor(
    name: string,
    { source, intake: { kinds }, shiftNs }: CaptureIntake,
    { strayNs, sharesNothing }: Seen,
    windowNs: number,
    takesNs: () => number,
    placed: (stampNs: number) => number,
  ) {
    this.name = name;
    this.#source = source;
    this.#beganNs = source.firstNs;
    this.#windowNs = windowNs;
    this.firstNs = placed(source.firstNs);
    this.lastNs = placed(source.lastNs);
    this.strayNs = placed(strayNs - shiftNs);
    this.sharesNothing = sharesNothing;
    this.isLive = source.isLive ?? false;
    this.isOfOneRun = this.isLive || source.isPartOfRun === true;
    this.isUnfiltered = source.isUnfiltered ?? false;
    // who captures knows
    this.isFiltered = this.isLive && source.isUnfiltered === false;
    this.kinds = kinds;
    this.placed = placed;
    this.gaps = new Gaps(takesNs, placed);
  }

  /** Looks at how far the capture goes by now, and what it lacks. `nowNs`: how far the run is on the timeline. */
  read(hasEnded: boolean, losses: readonly LostSpan[], nowNs: number): void {
    const source = this.#source;
    this.hasEnded = hasEnded;
    // a clock that was set meanwhile is nothing to the beginning
    if (source.firstNs !== this.#beganNs) this.firstNs = this.placed(source.firstNs);
    this.#beganNs = source.firstNs;
    this.lastNs = this.placed(source.lastNs);
    for (const span of losses) this.gaps.lost(span);
    for (const silence of source.silences?.splice(0) ?? []) this.gaps.silent(silence);
    this.gaps.forget(nowNs - 2 * this.#windowNs);
  }

  /** How far it goes; Infinity while that is not known. */
  get endNs(): number {
    return this.hasEnded ? this.lastNs : Number.POSITIVE_INFINITY;
  }
}
