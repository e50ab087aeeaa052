import { firstNotBefore } from "../../../packets/memory/sorted.js";
/** Gaps that one block sums up … */
const BLOCK = 32;
/** … and how many there must be around a packet's time before they say what is usual. */
const LEAST = 8;
/** What lies this many spreads (third quartile minus first, which no quarter of wrong candidates moves) outside is not usual … */
const SPREADS = 8;
/** … or so many, where it may be one that was sent again and that a capture missed as it entered: its first copy was lost. */
const HIDDEN_SPREADS = 1;
/** … where it is at least this far outside, nanoseconds: scheduling and interrupt moderation. */
const SLACK_NS = 200_000;
/**
 * Gaps that differ by more, nanoseconds, are those of packets that were sent again, and of the copies of them that waited in a queue: no sender sends
 * again sooner than in twice this time (include/net/tcp.h, TCP_RTO_MIN).
 */
const MOST_SPREAD_NS = 100_000_000;

/** The least and the greatest gap that is usual, nanoseconds. */
export interface GapRange {
  readonly minNs: number;
  readonly maxNs: number;
}

/** What is usual where gaps are too mixed to tell: none. */
export const MIXED: GapRange = { minNs: Number.POSITIVE_INFINITY, maxNs: Number.NEGATIVE_INFINITY };

/** Where most gaps of some candidates in a row lie. */
interface Block {
  readonly fromNs: number;
  lowNs: number;
  highNs: number;
}

/**
 * The gaps between packets and those that look like their twins, one way, in the order of time: what most of them are around a packet's
 * own time is what its own gap should be. They may be those of later packets, too: a queue that grows is known before it is met.
 */
export class UsualGaps {
  /** All but the last one are full. */
  readonly #blocks: Block[] = [];
  readonly #newest = new Float64Array(BLOCK);
  readonly #keptNs: number;
  #count = BLOCK;
  #isSummedUp = true;

  /** `keptNs`: what lies so long before the newest is not asked for any more, nanoseconds. */
  constructor(keptNs: number) {
    this.#keptNs = keptNs;
  }

  /** Takes the gap of a candidate, nanoseconds. */
  add(timeNs: number, gapNs: number): void {
    if (this.#count === BLOCK) {
      this.#sumUp();
      this.#forget(timeNs - this.#keptNs);
      this.#blocks.push({ fromNs: timeNs, lowNs: gapNs, highNs: gapNs });
      this.#count = 0;
    }
    this.#newest[this.#count++] = gapNs;
    this.#isSummedUp = false;
  }

  /**
   * The gaps that are usual at that time, or MIXED; null where too few are known to tell. `blurNs`: how exact stamps are. `mayHide`: whether what was sent again may
   * have entered unseen.
   */
  at(timeNs: number, blurNs: number, mayHide = false): GapRange | null {
    const blocks = this.#blocks;
    const at = this.#blockAt(timeNs);
    const end = Math.min(blocks.length, at + 2);
    if (end === blocks.length) {
      this.#sumUp();
      if (blocks.length === 0 || (blocks.length === 1 && this.#count < LEAST)) return null;
    }
    let lowNs = Number.POSITIVE_INFINITY;
    let highNs = Number.NEGATIVE_INFINITY;
    for (let n = Math.max(0, at - 1); n < end; n++) {
      // of very few, the outermost may be wrong
      if (n > 0 && n === blocks.length - 1 && this.#count < LEAST) continue;
      lowNs = Math.min(lowNs, blocks[n].lowNs);
      highNs = Math.max(highNs, blocks[n].highNs);
    }
    if (highNs - lowNs > MOST_SPREAD_NS) return MIXED;
    const marginNs = (mayHide ? HIDDEN_SPREADS : SPREADS) * (highNs - lowNs) + SLACK_NS + blurNs;
    return { minNs: lowNs - marginNs, maxNs: highNs + marginNs };
  }

  #forget(beforeNs: number): void {
    const old = this.#blockAt(beforeNs) - 1;
    if (old > 0) this.#blocks.splice(0, old);
  }

  /** The last block that begins by that time, or the first one. */
  #blockAt(timeNs: number): number {
    return Math.max(0, firstNotBefore(0, this.#blocks.length, (at) => this.#blocks[at].fromNs <= timeNs) - 1);
  }

  #sumUp(): void {
    const block = this.#blocks.at(-1);
    if (this.#isSummedUp || block === undefined) return;
    const sorted = this.#newest.slice(0, this.#count).sort();
    block.lowNs = sorted[Math.floor(0.25 * this.#count)];
    block.highNs = sorted[Math.ceil(0.75 * this.#count) - 1];
    this.#isSummedUp = true;
  }
}
