import type { Heap } from "../../packets/memory/heap.js";
import { NONE } from "../../packets/tuples.js";

/** A ring of the packets seen last that carry others, found by their keys. */
export class Carriers {
  readonly #keys: Int32Array;
  readonly #keys2: Int32Array;
  readonly #timesNs: Float64Array;
  /** The latest place of each first half of a key. */
  readonly #places = new Map<number, number>();
  #count = 0;

  constructor(heap: Heap, places: number) {
    this.#keys = heap.take(Int32Array, places);
    this.#keys2 = heap.take(Int32Array, places);
    this.#timesNs = heap.take(Float64Array, places).fill(Number.NEGATIVE_INFINITY);
  }

  /** The place that the next one gets. */
  get next(): number {
    return this.#count % this.#keys.length;
  }

  add(key: number, key2: number, timeNs: number): void {
    const place = this.next;
    this.forget(place);
    this.#keys[place] = key;
    this.#keys2[place] = key2;
    this.#timesNs[place] = timeNs;
    this.#places.set(key, place);
    this.#count++;
  }

  /** The place of the latest one with a key that came since then; NONE where there is none. */
  find(key: number, key2: number, sinceNs: number): number {
    const place = this.#places.get(key);
    return place === undefined || this.#keys2[place] !== key2 || this.#timesNs[place] < sinceNs ? NONE : place;
  }

  isTaken(place: number): boolean {
    return this.#timesNs[place] !== Number.NEGATIVE_INFINITY;
  }

  forget(place: number): void {
    if (this.#places.get(this.#keys[place]) === place) this.#places.delete(this.#keys[place]);
    this.#timesNs[place] = Number.NEGATIVE_INFINITY;
  }

  forEach(take: (place: number) => void): void {
    for (let place = 0; place < this.#keys.length; place++) if (this.isTaken(place)) take(place);
  }
}
