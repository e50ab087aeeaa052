import { firstNotBefore } from "../../../packets/memory/sorted.js";
import { areAlike } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import { haveSameSource } from "../../../packets/ways.js";
import type { About } from "../contract.js";
import type { Datagram } from "./datagram.js";
import { bytesOf, FRESH_NS, offsetOf, SLOW_NS } from "./reassembly.js";

/** So many are remembered of those that have one number: among more that come within SLOW_NS, nothing is told. */
const MOST_NEARBY = 512;

interface Passed {
  readonly row: number;
  readonly timeNs: number;
}

/** Fragments, and datagrams that may be in fragments on the other side: which of them may be pieces of one another's datagrams. */
export class Nearby {
  readonly #about: About;
  readonly #hasOtherTwin: (row: number, twin: Datagram) => boolean;
  /** By what they are told from others by, in order of time; and what that is, by their rows. */
  readonly #byKey = new Map<number, Passed[]>();
  readonly #keys = new Map<number, number>();
  /** Those that may as well be pieces of a datagram that was given up for that. */
  readonly #untold = new Set<number>();

  /** `hasOtherTwin`: whether the datagram that a packet is may have a twin beside another datagram. */
  constructor(about: About, hasOtherTwin: (row: number, twin: Datagram) => boolean) {
    this.#about = about;
    this.#hasOtherTwin = hasOtherTwin;
  }

  /** Takes a packet that the timeline will tell `forget` of. */
  note(row: number): void {
    const key = this.#keyOf(row);
    const passed = this.#byKey.get(key) ?? [];
    passed.push({ row, timeNs: this.#about.timeline.timeNs(row) });
    this.#keys.set(row, key);
    this.#byKey.set(key, passed);
    const oldest = passed.length > MOST_NEARBY ? passed.shift() : undefined;
    if (oldest !== undefined) this.#keys.delete(oldest.row);
  }

  forget(row: number): void {
    this.#untold.delete(row);
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
   * Whether all pieces of two that may be twins are theirs. Where another packet about then may be one of them, as what was kept does not tell it from that, the other
   * datagram may be the one that came whole, with pieces of which it is not known whose they are. `isIdentityKept`: IPv6 identifications tell pieces apart. `isFinal`:
   * whatever belongs to the two must have come by now.
   */
  areTheirOwn(a: Datagram, b: Datagram, isIdentityKept: boolean, isFinal: boolean): boolean {
    const ofA = this.#areOwn(a, b, isIdentityKept, isFinal);
    return this.#areOwn(b, a, isIdentityKept, isFinal) && ofA;
  }

  #areOwn(datagram: Datagram, twin: Datagram, isIdentityKept: boolean, isFinal: boolean): boolean {
    let areOwn = true;
    for (const row of datagram.rows) {
      if (this.#untold.has(row)) areOwn = false;
      else
        this.#isAny(row, twin.rows[0], (other) => {
          if (datagram.rows.includes(other) || !this.#mayStandFor(other, row, datagram, twin, isIdentityKept))
            return false;
          areOwn = false;
          if (isFinal) this.#untold.add(other);
          return !isFinal;
        });
    }
    return areOwn;
  }

  /** Whether another packet may be in the place of one of a datagram's or, where its twin is cut differently, of one of that. */
  #mayStandFor(other: number, row: number, of: Datagram, twin: Datagram, isIdentityKept: boolean): boolean {
    const t = this.#about.timeline;
    const areAlike = areExchangeable(t, row, other);
    if (of.isIpv6 && (of.rows.length === 1 || t.ipId(row) !== t.ipId(other))) {
      const isTold = of.rows.length > 1 && isIdentityKept;
      return areAlike && !isTold && arePlausible(this.#about, other, twin.rows[0]);
    }
    const reachNs = FRESH_NS + Math.max(spanNs(t, of), spanNs(t, twin));
    if (Math.abs(t.timeNs(other) - t.timeNs(row)) > reachNs) return false;
    // where its own pieces are there, and are others, it is no piece of this one
    return areAlike || (of.rows.length === 1 && !this.#hasOtherTwin(other, twin));
  }

  /**
   * Whether any packet of its side that came about when one did, has no twin, and whose twin would have the ends that a packet of the other side has, is what is looked
   * for. `is` is asked about those of its IP ID or, of IPv6, those that begin like it; true as well where there are more than are remembered.
   */
  #isAny(row: number, twin: number, is: (other: number) => boolean): boolean {
    const t = this.#about.timeline;
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
    const ways = [row, twin, other].map((each) => this.#about.timeline.way(each));
    return [0, 1].every((end) => {
      const [a, b, c] = ways.map((way) => way ^ end);
      return !haveSameSource(this.#about.tuples, a, b) || haveSameSource(this.#about.tuples, a, c);
    });
  }

  #keyOf(row: number): number {
    const t = this.#about.timeline;
    const number = t.isIpv6(row) ? (t.head(row) || t.content(row)) >>> 0 : t.ipId(row);
    return (number * 0x100 + t.proto(row)) * 2 + t.side(row);
  }
}

/** Whether two pieces stand in one place of their datagrams … */
function areInOnePlace(t: Timeline, a: number, b: number): boolean {
  return offsetOf(t, a) === offsetOf(t, b) && bytesOf(t, a) === bytesOf(t, b);
}

/** … and nothing that was kept of what they carry tells them apart. */
function areExchangeable(t: Timeline, a: number, b: number): boolean {
  return areInOnePlace(t, a, b) && areAlike(t.content(a), t.content(b)) && areAlike(t.head(a), t.head(b));
}

/** Whether the pieces that both captures have in one place of two datagrams carry the same. */
export function arePiecesAlike(t: Timeline, a: Datagram, b: Datagram): boolean {
  return a.rows.every((row, n) => {
    const other = b.rows.at(n);
    return other === undefined || !areInOnePlace(t, row, other) || areExchangeable(t, row, other);
  });
}

/** Whether two packets may be one on its way, by how long it took, the way their TTL says. */
export function arePlausible({ timeline: t, translations }: About, a: number, b: number): boolean {
  const [i, o] = t.insideFirst(a, b);
  return translations.isPlausible(t.ttl(i) > t.ttl(o), t.timeNs(o) - t.timeNs(i));
}

/** Over how long a datagram's fragments passed, nanoseconds. */
function spanNs(t: Timeline, { rows }: Datagram): number {
  const times = rows.map((row) => t.timeNs(row));
  return Math.max(...times) - Math.min(...times);
}
