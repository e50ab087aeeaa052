import { isBy, type Progress } from "../intake/disorder.js";
import { latestOf, type Rows } from "./lookahead.js";

/** Packets in a part of the inside. */
const PART_PACKETS = 2 ** 17;
/**
 * Where the outside clock leaps ahead, a slice asks for so much of the inside at the most: so many parts beyond those that the slice before asked for, and so many
 * packets for each one that came outside since.
 */
const MOST_PARTS_AHEAD = 2;
const MOST_PER_OUTSIDE = 4;

/** How far the inside was looked at, and is to be for the twins of a slice: as far as their stamps may go, unless the outside clock leaps ahead. */
export class Reach {
  #come: Progress = { reachedNs: Number.NEGATIVE_INFINITY, packets: 0 };
  /** The greatest stamp by the end of each part behind `#seenAll`. */
  readonly #parts: number[] = [];
  /** Where the inside had come with the last slice that all was seen of: that many parts, and outside packets. */
  #seenAll = { parts: 0, end: 0 };

  /** Takes the next packets of the inside. */
  take(rows: Rows): void {
    const { packets } = this.#come;
    const partTo = Math.min(rows.to, rows.from + PART_PACKETS - (packets % PART_PACKETS));
    const reachedNs = Math.max(this.#come.reachedNs, latestOf({ ...rows, to: partTo }));
    this.#come = { reachedNs, packets: packets + partTo - rows.from };
    if (this.#come.packets % PART_PACKETS === 0) this.#parts.push(reachedNs);
    if (partTo < rows.to) this.take({ ...rows, from: partTo });
  }

  /** Whether it has come beyond there. */
  isBeyond(until: Progress): boolean {
    return !isBy(this.#come, until);
  }

  /** How far it is to be looked at for a slice that ends with that many outside packets, whose twins may have stamps up to `reachedNs`. */
  to(reachedNs: number, end: number): Progress {
    const { parts, end: seenEnd } = this.#seenAll;
    const since = Math.floor((MOST_PER_OUTSIDE * (end - seenEnd)) / PART_PACKETS);
    return { reachedNs, packets: (parts + MOST_PARTS_AHEAD + since) * PART_PACKETS - 1 };
  }

  /** Notes that a slice was closed with what was seen by then, unless that is less than its stamps ask for. */
  close({ reachedNs, packets }: Progress, end: number): void {
    const later = this.#parts.findIndex((partNs) => partNs > reachedNs);
    const past = later < 0 ? this.#parts.length : later;
    const parts = this.#seenAll.parts + past;
    if (parts * PART_PACKETS > packets) return;
    this.#parts.splice(0, past);
    this.#seenAll = { parts, end };
  }
}
