import { firstNotBefore } from "../../../packets/memory/sorted.js";
import { areAlike } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuples.js";
import { haveSameSource } from "../../../packets/ways.js";
import { bytesOf, offsetOf, SLOW_NS } from "./reassembly.js";

/** So many are remembered of those that have one number: among more that come within SLOW_NS, nothing is told. */
const MOST_NEARBY = 512;

interface Passed {
  readonly row: number;
  readonly timeNs: number;
}

/** Fragments, and datagrams that may be in fragments on the other side: which of them may be pieces of one another's datagrams. */
export class Nearby {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  /** By what they are told from others by, in order of time; and what that is, by their rows. */
  readonly #byKey = new Map<number, Passed[]>();
  readonly #keys = new Map<number, number>();

  constructor(timeline: Timeline, tuples: TupleTable) {
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** Takes a packet that the timeline will tell `forget` of. */
  note(row: number): void {
    const key = this.#keyOf(row);
    const passed = this.#byKey.get(key) ?? [];
    passed.push({ row, timeNs: this.#timeline.timeNs(row) });
    this.#keys.set(row, key);
    this.#byKey.set(key, passed);
    const oldest = passed.length > MOST_NEARBY ? passed.shift() : undefined;
    if (oldest !== undefined) this.#keys.delete(oldest.row);
  }

  forget(row: number): void {
    const key = this.#keys.get(row);
    if (key === undefined) return;
    const passed = this.#byKey.get(key)!;
    passed.splice(
      passed.findIndex((each) => each.row === row),
      1,
    );
    this.#keys.delete(row);
    if (passed.length === 0) this.#byKey.delete(key);
  }

  /**
   * Whether any packet of its side that came about when one did, has no twin, and whose twin would have the ends that a packet of the other side has, is what is looked
   * for. `is` is asked about those of its IP ID or, of IPv6, those that begin like it; true as well where there are more than are remembered.
   */
  isAny(row: number, twin: number, is: (other: number) => boolean): boolean {
    const t = this.#timeline;
    const passed = this.#byKey.get(this.#keyOf(row)) ?? [];
    const timeNs = t.timeNs(row);
    if (passed.length === MOST_NEARBY && timeNs - passed[0].timeNs < SLOW_NS) return true;
    const first = firstNotBefore(0, passed.length, (place) => passed[place].timeNs < timeNs - SLOW_NS);
    for (let place = first; place < passed.length && passed[place].timeNs <= timeNs + SLOW_NS; place++) {
      const other = passed[place].row;
      if (other !== row && t.isOpen(other) && this.#mayBecome(other, row, twin) && is(other)) return true;
    }
    return false;
  }

  /** Whether a packet comes from where another one does and goes there, but for what a twin has otherwise. */
  #mayBecome(other: number, row: number, twin: number): boolean {
    const ways = [row, twin, other].map((each) => this.#timeline.way(each));
    return [0, 1].every((end) => {
      const [a, b, c] = ways.map((way) => way ^ end);
      return !haveSameSource(this.#tuples, a, b) || haveSameSource(this.#tuples, a, c);
    });
  }

  #keyOf(row: number): number {
    const t = this.#timeline;
    const number = t.isIpv6(row) ? (t.head(row) || t.content(row)) >>> 0 : t.ipId(row);
    return (number * 0x100 + t.proto(row)) * 2 + t.side(row);
  }
}

/** Whether two pieces stand in one place of their datagrams … */
export function areInOnePlace(t: Timeline, a: number, b: number): boolean {
  return offsetOf(t, a) === offsetOf(t, b) && bytesOf(t, a) === bytesOf(t, b);
}

/** … and nothing that was kept of what they carry tells them apart. */
export function areExchangeable(t: Timeline, a: number, b: number): boolean {
  return areInOnePlace(t, a, b) && areAlike(t.content(a), t.content(b)) && areAlike(t.head(a), t.head(b));
}
