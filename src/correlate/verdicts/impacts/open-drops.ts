import { mixed } from "../../../packets/content.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { RowCounts } from "../../../packets/flows/row-counts.js";
import { Chains } from "../../../packets/memory/chains.js";
import type { Heap } from "../../../packets/memory/heap.js";
import { textHash } from "../../../packets/memory/joined.js";
import { INSIDE, type Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { HAS_OPEN_DROPS, NONE, tupleIn } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { isNumberedFragment, nameOf } from "../claims/quoted-names.js";
import { carriedBy } from "../traits.js";
import {
  type Drop,
  type Late,
  mayBeAbout,
  mayBeAlteredLate,
  mayBeByOther,
  mayBeHeldUp,
  mayBeInPieces,
  mayBeKept,
  type Missed,
  type Naming,
  type Packet,
  PATIENCE_NS,
  type Watched,
} from "./drop.js";
import { DropInRow, DropRows, type Told } from "./drop-rows.js";

/** No TCP sends again sooner unless it is told to (Linux: TCP_RTO_MIN): nothing follows of a capture that ends within so long. */
export const LEAST_AFTER_NS = 200_000_000;
/** Most drops that are looked after at once, which take some 200 bytes each … */
const MOST_OPEN = 16_384;
/** … those at the most of which all is known but whether they came out late, or were refused, the newest; … */
const MOST_KEPT = 4096;
/** … and of TCP, those of one way: each segment of it is held against all of them. */
const MOST_OF_A_WAY = 128;

/** The oldest of those that are kept goes once there is one more. */
const ROWS = MOST_OPEN + MOST_KEPT + 1;
/** How many chains there are of each kind, as bits. */
const CHAIN_BITS = 12;
/** The hashes of two chains in which all are, as they came: those that are open, and those that are kept. */
const OPEN = 0;
const KEPT = 1;
/** Tuples whose marks are counted at first. */
const FIRST_TUPLES = 1024;
const ROOM_TUPLES = 2 ** 22;

/**
 * The drops that are looked after: of which more may become known. The conversations of open ones are marked, so that the kernel tells of what crosses
 * there; of those that are kept, all is known, unless they came out late, or were refused.
 */
export class OpenDrops {
  /** How many drops it did not take, as there were too many at once. */
  refused = 0;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #accounts: FlowAccounts;
  readonly #rows: DropRows;
  readonly #all: Chains;
  #openCount = 0;
  #keptCount = 0;
  /** Open ones by the way they went, and those that are not TCP, by what a copy has. */
  readonly #byWay: Chains;
  readonly #alike: Chains;
  /** All by how errors name them, and by what their twins would have: see `Traits`. */
  readonly #quoted: Chains;
  /** By row, hashes of these names; and of fragments the names, of which their addresses may be another conversation's by then. */
  readonly #hashes: Int32Array;
  readonly #datagrams = new Map<number, string>();
  readonly #byKey: Chains;
  readonly #byCarried: Chains;
  /** Segments with data, of which pieces may come out, by the way they went. */
  readonly #segments: Chains;
  /** By tuple, how many open drops have it marked. */
  readonly #marks: RowCounts;

  constructor(heap: Heap, timeline: Timeline, tuples: TupleTable, accounts: FlowAccounts) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#accounts = accounts;
    this.#rows = new DropRows(heap, ROWS);
    this.#all = new Chains(heap, 1, ROWS);
    this.#byWay = new Chains(heap, CHAIN_BITS, ROWS);
    this.#alike = new Chains(heap, CHAIN_BITS, ROWS);
    this.#quoted = new Chains(heap, CHAIN_BITS, ROWS);
    this.#hashes = heap.take(Int32Array, ROWS);
    this.#byKey = new Chains(heap, CHAIN_BITS, ROWS);
    this.#byCarried = new Chains(heap, CHAIN_BITS, ROWS);
    this.#segments = new Chains(heap, CHAIN_BITS, ROWS);
    this.#marks = new RowCounts(heap, FIRST_TUPLES, ROOM_TUPLES);
  }

  get isEmpty(): boolean {
    return this.#openCount === 0;
  }

  /** Looks after a packet on the timeline, which was dropped, from now on. `quotedAs`: how an ICMP error names it. Returns false where there are too many. */
  add(row: number, missed: Missed, told: Told, quotedAs: string): boolean {
    this.#expire(missed.timeNs);
    if (this.#openCount === MOST_OPEN || (missed.proto === TCP && this.#isCrowded(missed.way))) {
      if (told.verdict === "dropped") this.refused++;
      return false;
    }
    const drop = this.#take(row, true, told, quotedAs);
    drop.missing = missed.missing;
    this.#all.add(OPEN, drop.row);
    this.#openCount++;
    this.#byWay.add(drop.way, drop.row);
    if (drop.proto !== TCP) this.#alike.add(likenessOf(drop.way, drop), drop.row);
    for (const tuple of this.#tuplesOf(drop)) {
      while (tuple >= this.#marks.rows) this.#marks.grow();
      this.#marks.set(tuple, this.#marks.of(tuple) + 1);
      this.#tuples.set(tuple, HAS_OPEN_DROPS, true);
    }
    return true;
  }

  /** Takes it that all is known of such a packet, unless it comes out late, or turns out to be refused; … */
  addKept(row: number, told: Told, quotedAs: string): void {
    this.#keep(this.#take(row, false, told, quotedAs).row);
  }

  /** … or of an open one. */
  keep({ row }: Drop): void {
    if (!this.#rows.isOpen(row)) return;
    this.#leave(row);
    this.#keep(row);
  }

  #keep(row: number): void {
    this.#all.add(KEPT, row);
    if (++this.#keptCount > MOST_KEPT) this.#close(this.#all.first(KEPT));
  }

  /** Those that went a way … */
  of(way: number): Iterable<Drop> {
    return this.#in(this.#byWay, way, (row) => this.#rows.way(row) === way);
  }

  /** … and whether there are any. */
  hasOf(way: number): boolean {
    return this.#areOf(way, 1);
  }

  /** Those that a packet of a way may be a copy of. */
  like(way: number, packet: Packet): Iterable<Drop> {
    if (packet.proto === TCP) return this.of(way);
    const { proto, seq, payloadLength, content } = packet;
    return this.#in(this.#alike, likenessOf(way, packet), (row) => {
      const rows = this.#rows;
      const isOfIt = rows.way(row) === way && rows.proto(row) === proto && rows.seq(row) === seq;
      return isOfIt && rows.payloadLength(row) === payloadLength && rows.content(row) === content;
    });
  }

  /** Looks after it no more. */
  close({ row }: Drop): void {
    this.#close(row);
  }

  /** The drops that may be a packet that came out late, or that it may be a piece of, the oldest first: they are closed. */
  takeLike(late: Late, windowNs: number): readonly Drop[] {
    const rows = this.#rows;
    const { way, packet, traits, key } = late;
    const mayBe = (drop: Drop): boolean =>
      mayBeHeldUp(drop, late) || mayBeKept(drop, late, windowNs) || mayBeByOther(drop, late, windowNs, this.#tuples);
    let likes = [...this.#in(this.#byKey, key, (row) => rows.key(row) === key)].filter(
      (drop) => drop.traits.key === traits.key && mayBe(drop),
    );
    if (likes.length === 0 && traits.carried !== 0)
      likes = [...this.#in(this.#byCarried, traits.carried)].filter((drop) => mayBeAlteredLate(drop, late, windowNs));
    if (likes.length === 0 && packet.proto === TCP && way !== NONE)
      likes = [...this.#in(this.#segments, way)].filter((drop) => mayBeInPieces(drop, late));
    for (const like of likes) this.close(like);
    return likes;
  }

  /** Those that ICMP errors may be about which name their packets so; the oldest first. */
  named(quotedAs: string, errors: Naming): readonly Drop[] {
    const hash = textHash(quotedAs);
    const isIt = (row: number): boolean => this.#hashes[row] === hash && this.#nameOf(row) === quotedAs;
    const named = this.#in(this.#quoted, hash, isIt);
    return [...named].filter((drop) => mayBeAbout(drop, errors));
  }

  /** Looks no more after the drops of which that is so. */
  withdraw(isSo: (packet: Watched) => boolean): void {
    this.takeAll(isSo);
  }

  /** The drops of which something is so, those that are kept as well. */
  all(isSo: (drop: Drop) => boolean): readonly Drop[] {
    return [OPEN, KEPT].flatMap((chain) => [...this.#in(this.#all, chain)].filter(isSo));
  }

  /** The same, and looks after them no more. */
  takeAll(isSo: (drop: Drop) => boolean): readonly Drop[] {
    const found = this.all(isSo);
    for (const drop of found) this.close(drop);
    return found;
  }

  /** The open drops of which something is so. They are open no more. */
  takeOut(isSo: (drop: Drop) => boolean): readonly Drop[] {
    const found = [...this.#in(this.#all, OPEN)].filter(isSo);
    for (const drop of found) this.close(drop);
    return found;
  }

  /** Those from inside of no known translation whose way is such a one: a translation would say which interface it took. They are open no more. */
  takeUnexplained(isSuch: (way: number) => boolean): readonly Drop[] {
    return this.takeOut(({ side, slot, way }) => side === INSIDE && slot === NONE && isSuch(way));
  }

  /** The drops that were lost as far as is known, though too little of their capture comes after them. `endNs` tells how far that goes. */
  cutOff(endNs: (side: Side) => number): readonly Drop[] {
    return [...this.#in(this.#all, OPEN)].filter(
      (drop) => drop.verdict === "dropped" && drop.impact === "lost" && endNs(drop.side) - drop.timeNs < LEAST_AFTER_NS,
    );
  }

  /** Closes what has been looked after for long enough. */
  #expire(nowNs: number): void {
    for (let row = this.#all.first(OPEN); row !== NONE; row = this.#all.first(OPEN)) {
      if (nowNs - this.#rows.timeNs(row) <= PATIENCE_NS) return;
      this.#close(row);
    }
  }

  /** Whether so many drops of a way are open that no more are taken. */
  #isCrowded(way: number): boolean {
    return this.#areOf(way, MOST_OF_A_WAY);
  }

  #areOf(way: number, least: number): boolean {
    let count = 0;
    for (let row = this.#byWay.first(way); row !== NONE; row = this.#byWay.behind(row))
      if (this.#rows.way(row) === way && ++count === least) return true;
    return false;
  }

  /** The drops in a chain that are meant: they may be taken out of it as they come. */
  *#in(chains: Chains, hash: number, isMeant?: (row: number) => boolean): Iterable<DropInRow> {
    for (let row = chains.first(hash); row !== NONE; ) {
      const behind = chains.behind(row);
      if (isMeant === undefined || isMeant(row)) yield new DropInRow(this.#rows, row);
      row = behind;
    }
  }

  #take(from: number, isOpen: boolean, told: Told, quotedAs: string): DropInRow {
    const row = this.#rows.take(this.#timeline, from, isOpen, told);
    const drop = new DropInRow(this.#rows, row);
    if (isNumberedFragment(this.#rows, row)) this.#datagrams.set(row, quotedAs);
    this.#hashes[row] = textHash(quotedAs);
    this.#quoted.add(this.#hashes[row], row);
    this.#byKey.add(this.#rows.key(row), row);
    const carried = carriedBy(this.#rows, row);
    if (carried !== 0) this.#byCarried.add(carried, row);
    if (hasData(drop)) this.#segments.add(drop.way, row);
    return drop;
  }

  #close(row: number): void {
    if (!this.#rows.isUsed(row)) return;
    const drop = new DropInRow(this.#rows, row);
    if (drop.isOpen) this.#leave(row);
    else {
      this.#all.remove(KEPT, row);
      this.#keptCount--;
    }
    this.#quoted.remove(this.#hashes[row], row);
    this.#datagrams.delete(row);
    this.#byKey.remove(this.#rows.key(row), row);
    const carried = carriedBy(this.#rows, row);
    if (carried !== 0) this.#byCarried.remove(carried, row);
    if (hasData(drop)) this.#segments.remove(drop.way, row);
    this.#rows.give(row);
  }

  #nameOf(row: number): string {
    return this.#datagrams.get(row) ?? nameOf(this.#rows, row);
  }

  /** Takes an open drop from those that what crosses may tell of. */
  #leave(row: number): void {
    const drop = new DropInRow(this.#rows, row);
    this.#rows.close(row);
    this.#all.remove(OPEN, row);
    this.#openCount--;
    this.#byWay.remove(drop.way, row);
    if (drop.proto !== TCP) this.#alike.remove(likenessOf(drop.way, drop), row);
    for (const tuple of this.#tuplesOf(drop)) {
      // a flow that took the slot since has none
      const marks = tuple >= this.#marks.rows ? 0 : Math.max(this.#marks.of(tuple) - 1, 0);
      this.#marks.set(tuple, marks);
      if (marks === 0) this.#tuples.set(tuple, HAS_OPEN_DROPS, false);
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

/** A hash of what a packet of this way has in common with its copies, where it is not TCP. */
function likenessOf(way: number, { proto, seq, payloadLength, content }: Packet): number {
  return mixed(mixed(mixed(mixed(way, proto), seq), payloadLength), content);
}

function hasData({ proto, payloadLength }: Packet): boolean {
  return proto === TCP && payloadLength > 0;
}
