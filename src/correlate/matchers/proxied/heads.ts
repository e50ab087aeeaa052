import { HEAD_BYTES } from "../../../packets/records.js";

/** Segments that are kept of a direction at the most. */
const MOST = 64;
/** Numbers kept of each: where it begins in its stream, and … */
const FIELDS = 4;
const HEAD = 1;
const BYTES = 2;
const TIME_NS = 3;

/**
 * How the first segments of one direction of a connection begin, in the order of the stream. All in one list of numbers: any connection without
 * a translation has some, and most nothing ever asks for.
 */
export class Heads {
  readonly #numbers: number[] = [];

  /** Takes a segment by where it begins in its stream, unless one is known that begins there: a hash of its first bytes, how many it has, and when it came. Returns whether it did. */
  add(offset: number, head: number, bytes: number, timeNs: number): boolean {
    const numbers = this.#numbers;
    if (numbers.length === FIELDS * MOST) return false;
    let at = numbers.length;
    while (at > 0 && numbers[at - FIELDS] > offset) at -= FIELDS;
    if (at > 0 && numbers[at - FIELDS] === offset) return false;
    numbers.splice(at, 0, offset, head, bytes, timeNs);
    return true;
  }

  /** What its segments compare by. */
  *keys(): Generator<number> {
    const numbers = this.#numbers;
    for (let at = 0; at < numbers.length; at += FIELDS)
      yield segmentKey(numbers[at], numbers[at + HEAD], numbers[at + BYTES]);
  }

  /** Goes through the segments that begin where one of the others does, by the places of both. */
  *shared(others: Heads): Generator<readonly [own: number, other: number]> {
    const [a, b] = [this.#numbers, others.#numbers];
    for (let own = 0, other = 0; own < a.length && other < b.length; ) {
      if (a[own] === b[other]) yield [own, other];
      if (a[own] > b[other]) other += FIELDS;
      else own += FIELDS;
    }
  }

  /** Whether all of the others that can be compared are like one of these, and came later; and at least one could be. */
  areBefore(others: Heads): boolean {
    const [a, b] = [this.#numbers, others.#numbers];
    let isCompared = false;
    for (let own = 0, other = 0; own < a.length && other < b.length; ) {
      if (a[own] === b[other] && cutOf(a[own + BYTES]) === cutOf(b[other + BYTES])) {
        if (a[own + HEAD] !== b[other + HEAD] || a[own + TIME_NS] > b[other + TIME_NS]) return false;
        isCompared = true;
      }
      if (a[own] > b[other]) other += FIELDS;
      else own += FIELDS;
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
