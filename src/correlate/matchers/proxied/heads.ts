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

  /** Goes through the segments that begin where one of the others does, by the places of both. */
  *shared(others: Heads): Generator<readonly [own: number, other: number]> {
    const [a, b] = [this.#numbers, others.#numbers];
    for (let own = 0, other = 0; own < a.length && other < b.length; ) {
      if (a[own] === b[other]) yield [own, other];
      if (a[own] > b[other]) other += FIELDS;
      else own += FIELDS;
    }
  }

  head(at: number): number {
    return this.#numbers[at + HEAD];
  }

  bytes(at: number): number {
    return this.#numbers[at + BYTES];
  }

  timeNs(at: number): number {
    return this.#numbers[at + TIME_NS];
  }
}
