import { SET_NS } from "../intake/disorder.js";
import type { Extent } from "./slice.js";
import type { Rows } from "./lookahead.js";

/** A slice has so many packets, or as many as come within this time, nanoseconds. */
const SLICE_PACKETS = 2048;
const SLICE_NS = 250_000_000;
/** Stamps that go back by more than SET_NS, behind so many that do not, may be those of a clock that was set. */
const LEAST_PACKETS = 8;
/** So many packets behind that tell whether it was: their twins come as much later. */
const TELLING_PACKETS = 4096;

/** A slice whose twins have not been found yet. */
export interface Pending extends Extent {
  /** How much later inside packets may come that it waits for. */
  readonly afterNs: number;
}

/** Cuts the outside capture into slices, by its own stamps: in each, the clocks are told apart by themselves. */
export class Slicer {
  /** The slices that were cut, the oldest first; for whoever closes them to take out. */
  pending: Pending[] = [];
  /** Whether the last one was. */
  isCutOff = false;
  /** The slice that is being filled. */
  #fromNs = Number.NEGATIVE_INFINITY;
  #latestNs = Number.NEGATIVE_INFINITY;
  #beganNs = Number.NaN;
  #leastNs = Number.POSITIVE_INFINITY;
  #firstFrame = 0;
  /** By how much the clock may have been set back, and how many packets there were up to the last one that tells. */
  #backNs = 0;
  #toldBy = 0;
  /** Whether the stamp before was out of order by more than usual. */
  #isBack = false;
  #packets = 0;
  /** How many packets the others have. */
  #before = 0;

  /** Takes the next packets. */
  take({ batch, from, to }: Rows): void {
    for (let row = from; row < to; row++) {
      const stampNs = batch.stampNs(row);
      const latestNs = Math.max(stampNs, this.#latestNs);
      // what comes behind a clock that is set back is a slice of its own
      const isSetBack = latestNs - stampNs > SET_NS && !this.#isBack && this.#packets >= LEAST_PACKETS;
      if (isSetBack || this.#packets === SLICE_PACKETS || latestNs - this.#beganNs > SLICE_NS) this.#cut();
      this.#isBack = latestNs - stampNs > SET_NS;
      if (isSetBack) this.#mayBeBack(latestNs - stampNs);
      if (this.#packets === 0) {
        this.#beganNs = latestNs;
        this.#firstFrame = isSetBack ? batch.frame(row) : 0;
      }
      if (stampNs < this.#leastNs) this.#leastNs = stampNs;
      // of those behind it, in order, as many as belong to the slice only count
      const most = Math.min(to, row + SLICE_PACKETS - this.#packets);
      const end =
        batch.isInOrder && stampNs === latestNs ? batch.endOf(this.#beganNs + SLICE_NS, row + 1, most) : row + 1;
      this.#packets += end - row;
      this.#latestNs = end > row + 1 ? batch.stampNs(end - 1) : latestNs;
      row = end - 1;
    }
  }

  /** Ends the last slice. Behind it comes an empty one, for twins whose inside packets come within the window. */
  cutOff(windowNs: number): void {
    this.isCutOff = true;
    this.#cut();
    const [toNs, end] = [this.#latestNs, this.#before];
    const empty = {
      fromNs: toNs,
      toNs,
      leastNs: toNs,
      from: end,
      end,
      setFrame: 0,
      untilFrame: Number.POSITIVE_INFINITY,
    };
    this.pending.push({ ...empty, afterNs: windowNs });
  }

  /** Notes it where the clock may have been set back: the twins of what follows are stamped as much later inside. */
  #mayBeBack(byNs: number): void {
    this.#backNs = Math.max(byNs, this.#before > this.#toldBy ? 0 : this.#backNs);
    this.#toldBy = this.#before + TELLING_PACKETS;
  }

  #cut(): void {
    if (this.#packets === 0) return;
    const from = this.#before;
    this.#before += this.#packets;
    this.pending.push({
      fromNs: this.#fromNs,
      toNs: this.#latestNs,
      leastNs: this.#leastNs,
      from,
      end: this.#before,
      setFrame: this.#firstFrame,
      untilFrame: Number.POSITIVE_INFINITY,
      afterNs: this.#before > this.#toldBy ? 0 : this.#backNs,
    });
    this.#fromNs = this.#latestNs;
    this.#leastNs = Number.POSITIVE_INFINITY;
    this.#packets = 0;
    this.#beganNs = Number.NaN;
  }
}
