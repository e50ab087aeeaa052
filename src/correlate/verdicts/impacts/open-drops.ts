import { joined } from "../../../packets/memory/joined.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import { HAS_OPEN_DROPS, NONE, type TupleTable, tupleIn } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import {
  type Drop,
  type Late,
  mayBeAbout,
  mayBeAlteredLate,
  mayBeHeldUp,
  mayBeInPieces,
  mayBeKept,
  type Naming,
  type Packet,
  PATIENCE_NS,
  type Watched,
} from "./drop.js";

/** No TCP sends again sooner unless it is told to (Linux: TCP_RTO_MIN): nothing follows of a capture that ends within so long. */
export const LEAST_AFTER_NS = 200_000_000;
/** Most drops that are looked after at once, which take some 300 bytes each … */
const MOST_OPEN = 16_384;
/** … those at the most of which all is known but whether they came out late, or were refused, the newest; … */
const MOST_KEPT = 4096;
/** … and of TCP, those of one way: each segment of it is held against all of them. */
const MOST_OF_A_WAY = 128;
/** Closed drops leave the queue together, once it has so many for each open one. */
const MOST_QUEUED = 1.25;

/**
 * The drops that are looked after: of which more may become known. The conversations of open ones are marked, so that the kernel tells of what crosses
 * there; of those that are kept, all is known, unless they came out late, or were refused.
 */
export class OpenDrops {
  /** How many drops it did not take, as there were too many at once. */
  refused = 0;
  readonly #tuples: TupleTable;
  readonly #accounts: FlowAccounts;
  /** By the way they went; those that are not TCP, by what a copy has; and all, by how errors name them, and by what their twins would have: see `Traits`. */
  readonly #byWay = new DropsBy<number>();
  readonly #alike = new DropsBy<string>();
  readonly #quoted = new DropsBy<string>();
  readonly #byKey = new DropsBy<string>();
  readonly #byCarried = new DropsBy<number>();
  /** Segments with data, of which pieces may come out, by the way they went. */
  readonly #segments = new DropsBy<number>();
  /** Those that are kept, the oldest first. */
  readonly #kept = new Set<Drop>();
  #count = 0;
  /** The open ones, the oldest first, among others that were. */
  #queue: Drop[] = [];
  /** By tuple, how many open drops have it marked. */
  readonly #marks = new Map<number, number>();

  constructor(tuples: TupleTable, accounts: FlowAccounts) {
    this.#tuples = tuples;
    this.#accounts = accounts;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Looks after a drop from now on. Returns false where there are too many. */
  add(drop: Drop): boolean {
    this.#expire(drop.timeNs);
    const isCrowded = drop.proto === TCP && this.#byWay.count(drop.way) >= MOST_OF_A_WAY;
    if (this.#count === MOST_OPEN || isCrowded) {
      this.refused++;
      return false;
    }
    drop.isOpen = true;
    this.#byWay.add(drop.way, drop);
    if (drop.proto !== TCP) this.#alike.add(likenessOf(drop.way, drop), drop);
    this.#name(drop);
    this.#queue.push(drop);
    this.#count++;
    if (this.#queue.length > MOST_QUEUED * this.#count) this.#queue = this.#queue.filter(({ isOpen }) => isOpen);
    for (const tuple of this.#tuplesOf(drop)) {
      this.#marks.set(tuple, (this.#marks.get(tuple) ?? 0) + 1);
      this.#tuples.set(tuple, HAS_OPEN_DROPS, true);
    }
    return true;
  }

  /** Those that went a way … */
  of(way: number): Iterable<Drop> {
    return this.#byWay.of(way);
  }

  /** … and whether there are any. */
  hasOf(way: number): boolean {
    return this.#byWay.count(way) > 0;
  }

  /** Those that a packet of a way may be a copy of. */
  like(way: number, packet: Packet): Iterable<Drop> {
    return packet.proto === TCP ? this.#byWay.of(way) : this.#alike.of(likenessOf(way, packet));
  }

  /** Looks after it no more. */
  close(drop: Drop): void {
    if (drop.isOpen) this.#leave(drop);
    this.#kept.delete(drop);
    this.#quoted.delete(drop.quotedAs, drop);
    this.#byKey.delete(drop.traits.key, drop);
    this.#byCarried.delete(drop.traits.carried, drop);
    this.#segments.delete(drop.way, drop);
  }

  /** Takes it that all is known of a drop, unless it comes out late, or turns out to be refused. */
  keep(drop: Drop): void {
    if (drop.isOpen) this.#leave(drop);
    else this.#name(drop);
    this.#kept.add(drop);
    keepNewest(this.#kept, MOST_KEPT, (oldest) => this.close(oldest));
  }

  /** The drops that may be a packet that came out late, or that it may be a piece of, the oldest first: they are closed. */
  takeLike(late: Late, windowNs: number): readonly Drop[] {
    const mayBe = (drop: Drop): boolean => mayBeHeldUp(drop, late) || mayBeKept(drop, late, windowNs);
    const { key, carried } = late.traits;
    let likes = [...this.#byKey.of(key)].filter(mayBe);
    if (likes.length === 0)
      likes = [...this.#byCarried.of(carried)].filter((drop) => mayBeAlteredLate(drop, late, windowNs));
    if (likes.length === 0 && late.packet.proto === TCP && late.way !== NONE)
      likes = [...this.#segments.of(late.way)].filter((drop) => mayBeInPieces(drop, late));
    for (const like of likes) this.close(like);
    return likes;
  }

  /** Those that ICMP errors may be about which name their packets so; the oldest first. */
  named(quotedAs: string, errors: Naming): readonly Drop[] {
    return [...this.#quoted.of(quotedAs)].filter((drop) => mayBeAbout(drop, errors));
  }

  /** Looks no more after the drops of which that is so. */
  withdraw(isSo: (packet: Watched) => boolean): void {
    this.takeAll(isSo);
  }

  /** The drops of which something is so, those that are kept as well. They are looked after no more. */
  takeAll(isSo: (drop: Drop) => boolean): readonly Drop[] {
    const kept = [...this.#kept].filter(isSo);
    for (const drop of kept) this.close(drop);
    return [...this.takeOut(isSo), ...kept];
  }

  /** The open drops of which something is so. They are open no more. */
  takeOut(isSo: (drop: Drop) => boolean): readonly Drop[] {
    const found = this.#queue.filter((drop) => drop.isOpen && isSo(drop));
    for (const drop of found) this.close(drop);
    return found;
  }

  /** Those from inside of no known translation whose way is such a one: a translation would say which interface it took. They are open no more. */
  takeUnexplained(isSuch: (way: number) => boolean): readonly Drop[] {
    return this.takeOut(({ side, slot, way }) => side === INSIDE && slot === NONE && isSuch(way));
  }

  /** The drops that were lost as far as is known, though too little of their capture comes after them. `endNs` tells how far that goes. */
  cutOff(endNs: (side: Side) => number): readonly Drop[] {
    return this.#queue.filter(
      (drop) => drop.isOpen && drop.impact === "lost" && endNs(drop.side) - drop.timeNs < LEAST_AFTER_NS,
    );
  }

  /** Closes what has been looked after for long enough. */
  #expire(nowNs: number): void {
    const isDone = (drop: Drop): boolean => !drop.isOpen || nowNs - drop.timeNs > PATIENCE_NS;
    const kept = this.#queue.findIndex((drop) => !isDone(drop));
    for (const drop of this.#queue.splice(0, kept < 0 ? this.#queue.length : kept)) if (drop.isOpen) this.close(drop);
  }

  #name(drop: Drop): void {
    this.#quoted.add(drop.quotedAs, drop);
    this.#byKey.add(drop.traits.key, drop);
    if (drop.traits.carried !== 0) this.#byCarried.add(drop.traits.carried, drop);
    if (drop.proto === TCP && drop.payloadLength > 0) this.#segments.add(drop.way, drop);
  }

  /** Takes an open drop from those that what crosses may tell of. */
  #leave(drop: Drop): void {
    drop.isOpen = false;
    this.#count--;
    this.#byWay.delete(drop.way, drop);
    if (drop.proto !== TCP) this.#alike.delete(likenessOf(drop.way, drop), drop);
    for (const tuple of this.#tuplesOf(drop)) {
      const marks = (this.#marks.get(tuple) ?? 1) - 1;
      if (marks > 0) this.#marks.set(tuple, marks);
      else {
        this.#marks.delete(tuple);
        this.#tuples.set(tuple, HAS_OPEN_DROPS, false);
      }
    }
  }

  /** Its own conversation, and the one of its flow on the other side, where its answers enter. */
  #tuplesOf({ way, slot }: Drop): readonly number[] {
    const own = tupleIn(way);
    if (slot === NONE) return [own];
    const both = [this.#accounts.insideTuple(slot), this.#accounts.outsideTuple(slot)];
    return both.includes(own) ? both : [own];
  }
}

/** What a packet of this way has in common with its copies, where it is not TCP. */
export function likenessOf(way: number, { proto, seq, payloadLength, content }: Packet): string {
  return joined(way, proto, seq, payloadLength, content);
}

const NO_DROPS: readonly Drop[] = [];

/** Drops by something they have, in the order they came. Most have it alone: a set for each takes more memory than the drop. */
class DropsBy<K> {
  readonly #drops = new Map<K, Drop | Set<Drop>>();

  count(key: K): number {
    const there = this.#drops.get(key);
    return there instanceof Set ? there.size : there === undefined ? 0 : 1;
  }

  of(key: K): Iterable<Drop> {
    const there = this.#drops.get(key);
    return there instanceof Set ? there : there === undefined ? NO_DROPS : [there];
  }

  add(key: K, drop: Drop): void {
    const there = this.#drops.get(key);
    if (there instanceof Set) there.add(drop);
    else this.#drops.set(key, there === undefined ? drop : new Set([there, drop]));
  }

  delete(key: K, drop: Drop): void {
    const there = this.#drops.get(key);
    if (there instanceof Set) there.delete(drop);
    if (there === drop || (there instanceof Set && there.size === 0)) this.#drops.delete(key);
  }
}
