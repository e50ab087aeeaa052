import { NONE } from "../../../packets/tuples.js";
import type { Crossed } from "../../kernel/crossed.js";
import { CROSSING_ENTRIES } from "../../kernel/entries.js";

/** The packets that crossed lately, by their ways. */
export class RecentCrossings {
  readonly crossed: Crossed;
  /** By what is left of a way modulo CROSSING_ENTRIES, the newest crossing of such ways, or NONE; and by its place, the one before it … */
  #newest = new Float64Array(0);
  #before = new Float64Array(0);
  /** … and its way, NONE where that was forgotten. There is room for them once somebody asks. */
  #ways = new Int32Array(0);
  /** How many are listed there. */
  #listed = 0;

  constructor(crossed: Crossed) {
    this.crossed = crossed;
  }

  /** Those of a way, the newest first. They come as they were paired, which is not the order in which they passed. */
  *of(way: number): Iterable<number> {
    this.#list();
    yield* this.#listedOf(way);
  }

  /** Forgets those of a way. */
  forget(way: number): void {
    for (const crossing of this.#listedOf(way)) this.#ways[placeOf(crossing)] = NONE;
  }

  *#listedOf(way: number): Iterable<number> {
    if (this.#ways.length === 0) return;
    let crossing = this.#newest[placeOf(way)];
    for (; this.#isKept(crossing); crossing = this.#before[placeOf(crossing)])
      if (this.#ways[placeOf(crossing)] === way) yield crossing;
  }

  /** Lists those that are new by their ways. */
  #list(): void {
    const { count } = this.crossed;
    if (this.#ways.length === 0) {
      this.#newest = new Float64Array(CROSSING_ENTRIES).fill(NONE);
      this.#before = new Float64Array(CROSSING_ENTRIES);
      this.#ways = new Int32Array(CROSSING_ENTRIES);
    }
    if ((count - this.#listed) >>> 0 > CROSSING_ENTRIES) this.#listed = (count - CROSSING_ENTRIES) >>> 0;
    for (; this.#listed !== count; this.#listed = (this.#listed + 1) >>> 0) {
      const way = this.crossed.way(this.#listed);
      const place = placeOf(this.#listed);
      this.#before[place] = this.#newest[placeOf(way)];
      this.#newest[placeOf(way)] = this.#listed;
      this.#ways[place] = way;
    }
  }

  #isKept(crossing: number): boolean {
    return crossing !== NONE && (this.#listed - crossing) >>> 0 <= CROSSING_ENTRIES;
  }
}

/** Where a crossing is listed, or what is left of a way. */
function placeOf(crossing: number): number {
  return crossing & (CROSSING_ENTRIES - 1);
}
