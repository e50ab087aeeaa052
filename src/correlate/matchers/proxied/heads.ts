import { size, word } from "../../../packets/memory/layout.js";
import { HEAD_BYTES } from "../../../packets/records.js";

/** Segments that are kept of a direction at the most. */
const MOST = 64;
/** Numbers that are kept of each: where it begins in its stream, and … */
const NUMBERS = size();
const OFFSET = word();
const HEAD = word();
const PAYLOAD_BYTES = word();
const TIME_NS = word();

/**
 * How the first segments of one direction of a connection begin, in the order of the stream. All in one list of numbers: any connection without
 * a translation has some, and most nothing ever asks for.
 */
export class Heads {
  readonly #numbers: number[] = [];

  /** Takes a segment by where it begins in its stream, unless one is known that begins there: a hash of its first bytes, how many it has, and when it came. Returns whether it did. */
  add(offset: number, head: number, bytes: number, timeNs: number): boolean {
    const numbers = this.#numbers;
    if (numbers.length === NUMBERS * MOST) return false;
    let at = numbers.length;
    while (at > 0 && numbers[at - NUMBERS + OFFSET] > offset) at -= NUMBERS;
    if (at > 0 && numbers[at - NUMBERS + OFFSET] === offset) return false;
    numbers.splice(at, 0, offset, head, bytes, timeNs);
    return true;
  }

  /** What its segments compare by. */
  *keys(): Generator<number> {
    const numbers = this.#numbers;
    for (let at = 0; at < numbers.length; at += NUMBERS)
      yield segmentKey(numbers[at + OFFSET], numbers[at + HEAD], numbers[at + PAYLOAD_BYTES]);
  }

  /** Goes through the segments that begin where one of the others does, by the places of both. */
  *shared(others: Heads): Generator<readonly [own: number, other: number]> {
    const [a, b] = [this.#numbers, others.#numbers];
    for (let own = 0, other = 0; own < a.length && other < b.length; ) {
      if (a[own + OFFSET] === b[other + OFFSET]) yield [own, other];
      if (a[own + OFFSET] > b[other + OFFSET]) other += NUMBERS;
      else own += NUMBERS;
    }
  }

  /** Whether all of the others that can be compared are like one of these, and came later; and at least one could be. */
  areBefore(others: Heads): boolean {
    const [a, b] = [this.#numbers, others.#numbers];
    let isCompared = false;
    for (let own = 0, other = 0; own < a.length && other < b.length; ) {
      if (a[own + OFFSET] === b[other + OFFSET] && cutOf(a[own + PAYLOAD_BYTES]) === cutOf(b[other + PAYLOAD_BYTES])) {
        if (a[own + HEAD] !== b[other + HEAD] || a[own + TIME_NS] > b[other + TIME_NS]) return false;
        isCompared = true;
      }
      if (a[own + OFFSET] > b[other + OFFSET]) other += NUMBERS;
      else own += NUMBERS;
    }
    return isCompared;
  }

  timeNs(at: number): number {
    return this.#numbers[at + TIME_NS];
  }
}

/** A hash that two segments have in common where they begin at one place of a stream, alike, and compare at all. */
export function segmentKey(offset: number, head: number, bytes: number): number {
  return Math.imul(head ^ Math.imul(offset, 0x9e3779b1), 0x85ebca6b) ^ cutOf(bytes);
}

/** Segments compare by their first bytes where both have as many as are hashed, or else where both are cut alike: where this is the same. */
function cutOf(bytes: number): number {
  return Math.min(bytes, HEAD_BYTES);
}
