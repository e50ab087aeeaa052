import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import { identityOf } from "../../packets/packets.js";
import { MOST_LISTED } from "../../packets/results/few.js";
import { Gathered } from "../../packets/results/gathered.js";
import { SIDES } from "../../packets/sides.js";
import { isTtlSet } from "../../protocols/ttl.js";
import * as entries from "./entries.js";
import * as words from "./kernel-words.js";

/** What the pairs so far come to, as the kernel counts them in words of its block. */
export class Tally {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #tookNs: Float64Array;
  /** By their words, the rows of AGAIN and ALTERED. */
  readonly #lists: Record<number, Int32Array> = {};

  constructor(block: Int32Array, heap: Heap) {
    this.#words = block;
    this.#doubles = asDoubles(block);
    this.#tookNs = this.#doubles
      .subarray(words.UNTOLD_TOOK_NS, words.UNTOLD_TOOK_NS + 4)
      .fill(Number.POSITIVE_INFINITY);
    for (const list of [words.AGAIN, words.ALTERED]) {
      this.#lists[list] = heap.take(Int32Array, MOST_LISTED << entries.LISTED_BITS);
      block[list + words.LISTED_PAIRS] = this.#lists[list].byteOffset;
    }
    // forwarding lowers it by one
    block[words.LOWERED] = -1;
    block[words.LOWERED + 1] = 1;
  }

  /** How many pairs there were so far. */
  get pairsSoFar(): number {
    return this.#words[words.PAIRED] + this.#words[words.PAIRED + 1];
  }

  /**
   * How far the clocks may stand from what is taken where no packet tells, nanoseconds: by what the packets there took. A clock that is set stays so:
   * one that took long among others that did not was held up, but for the first and the last one.
   */
  get untoldNs(): number {
    const lastNs = [this.#tookNs[0], this.#tookNs[2]].filter(Number.isFinite);
    return Math.max(this.#doubles[words.UNTOLD_MOST_NS], ...lastNs);
  }

  /** How many of them went in a direction. */
  pairsThatWent(isOutbound: boolean): number {
    return this.#words[words.PAIRED + (isOutbound ? 1 : 0)];
  }

  /** Whether packets of a direction leave with a TTL that routers lowered, as the last pair of it tells, or of the other one; before any, forwarding. */
  isTtlLowered(isOutbound: boolean): boolean {
    const isOther = this.pairsThatWent(isOutbound) === 0 && this.pairsThatWent(!isOutbound) > 0;
    const isTold = isOther ? !isOutbound : isOutbound;
    const lowered = this.#words[words.LOWERED + (isTold ? 1 : 0)] * (isTold ? 1 : -1);
    return lowered > 0 && !isTtlSet(lowered, 0);
  }

  /** Whether most packets of a direction left with a TTL that was not lowered, and others with one that was: a router sets TTLs. */
  areTtlsMixed(isOutbound: boolean): boolean {
    const unlowered = this.#words[words.UNLOWERED + (isOutbound ? 1 : 0)];
    const all = this.pairsThatWent(isOutbound);
    return 2 * unlowered > all && unlowered < all;
  }

  /** How many pairs the router altered in what one of the ALTERED_… bits stands for. */
  alteredIn(bit: number): number {
    return this.#words[words.ALTERED_IN + 31 - Math.clz32(bit)];
  }

  /** Whether the router has altered a pair beyond what a translation does. */
  get isAltering(): boolean {
    return this.#words[words.ALTERED + words.LISTED_COUNT] > 0;
  }

  /** The TCP segments that crossed again, of which all bytes had crossed before … */
  get retransmissions(): Gathered {
    return this.#listed(words.AGAIN);
  }

  /** … and the pairs that the router altered beyond what a translation does. */
  get rewritten(): Gathered {
    return this.#listed(words.ALTERED);
  }

  #listed(list: number): Gathered {
    const w = this.#words;
    const gathered = new Gathered();
    const pairs = Math.min(w[list + words.LISTED_COUNT], MOST_LISTED);
    const rows = this.#lists[list];
    for (const side of SIDES) {
      const frames = rows
        .filter((_, at) => at % (1 << entries.LISTED_BITS) === entries.LISTED_FRAME + side)
        .subarray(0, pairs);
      for (const frame of frames.sort()) gathered.frames[side].add(frame);
      gathered.frames[side].addUnlisted(w[list + words.LISTED_COUNT] - pairs);
    }
    for (let at = entries.LISTED_FLOW; at < rows.length; at += 1 << entries.LISTED_BITS)
      if (rows[at] !== 0) gathered.flows.add(rows[at]);
    return gathered;
  }

  /** How many pairs of a direction had equal keys, of packets with such flags as to `identityOf`. */
  intact(isOutbound: boolean, flags: number): number {
    return this.#words[words.INTACT + ((isOutbound ? 4 : 0) | identityOf(flags))];
  }
}
