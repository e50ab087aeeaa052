import { firstNotBefore } from "../../../packets/memory/sorted.js";
import { HAS_MORE_FRAGMENTS, IS_HEADLESS, IS_LATER_FRAGMENT } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { destinationOf, haveSameSource, sourceOf } from "../../../packets/ways.js";
import * as icmp from "../../../protocols/icmp.js";
import { ICMP, ICMPV6, UDP } from "../../../protocols/ip-protocols.js";
import * as udp from "../../../protocols/udp.js";

/** Datagrams of one identification that are collected at a time; the oldest is given up for another one. */
const MOST_OPEN = 8;
/** Fragments of one datagram leave back to back: one that comes later, nanoseconds, is rather of a later datagram of that identification … */
export const FRESH_NS = 1_000_000;
/**
 * … but where it goes on where the last one ended, as on a slow link: twice what a full one takes at 1 Mbit/s. Up to 10 Gbit/s, no host uses an identification
 * again so soon (RFC 4963 section 2: 65,536 of them last for 0.8 s at 1 Gbit/s).
 */
export const SLOW_NS = 25_000_000;

/** Bytes of the headers that are not counted in `payloadLength`, of protocols that are sent in fragments. */
const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [UDP, udp.HEADER_BYTES],
  [ICMP, icmp.HEADER_BYTES],
  [ICMPV6, icmp.HEADER_BYTES],
]);

/** Fragments of what is taken to be one datagram. */
export interface Collected {
  /** By offset. The first one, at 0, has the transport header. */
  readonly rows: number[];
  /** Offsets of these, and where the one in each place ends. */
  readonly starts: number[];
  readonly ends: number[];
  /** Bytes that are there, and bytes of the whole once the last fragment is; Infinity before. */
  covered: number;
  bytes: number;
  lastNs: number;
  /** Some of them could as well belong to another datagram. */
  isMixed: boolean;
}

/** Puts the fragments of each side's datagrams together: by addresses, protocol and identification (RFC 791 section 3.2). */
export class Reassembly {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  /** What is not complete, oldest first, by a hash of what fragments of one datagram have in common. */
  readonly #open = new Map<number, Collected[]>();
  /** The same by each fragment's row. */
  readonly #byRow = new Map<number, Collected>();

  constructor(timeline: Timeline, tuples: TupleTable) {
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** Takes a fragment. Returns the datagram that is complete by it. */
  add(row: number): Collected | null {
    const t = this.#timeline;
    const key = this.#keyOf(row);
    const open = this.#open.get(key) ?? [];
    const start = offsetOf(t, row);
    const end = start + bytesOf(t, row);
    const isLast = (t.flags(row) & HAS_MORE_FRAGMENTS) === 0;
    const fitting = open.filter((each) => this.#isOfOne(each.rows[0], row) && hasRoomFor(each, start, end, isLast));
    // back to back, those of two datagrams may alternate: each then goes on where it is
    let into =
      fitting.find(({ lastNs }) => t.timeNs(row) - lastNs <= FRESH_NS) ??
      fitting.findLast(({ lastNs, ends }) => ends.at(-1) === start && t.timeNs(row) - lastNs <= SLOW_NS);
    if (into === undefined) {
      into = { rows: [], starts: [], ends: [], covered: 0, bytes: Infinity, lastNs: 0, isMixed: false };
      if (open.length === MOST_OPEN) this.#close(key, open, open[0]);
      open.push(into);
      this.#open.set(key, open);
    }
    into.isMixed ||= fitting.length > 1;
    into.lastNs = t.timeNs(row);
    insert(into, row, start, end);
    this.#byRow.set(row, into);
    t.note(row);
    if (isLast) into.bytes = end;
    if (into.covered < into.bytes) return null;
    this.#close(key, open, into);
    return into;
  }

  /** Forgets a fragment that the timeline gives back, and what was to become complete with it. */
  forget(row: number): void {
    const collected = this.#byRow.get(row);
    if (collected === undefined) return;
    const key = this.#keyOf(row);
    this.#close(key, this.#open.get(key)!, collected);
  }

  #close(key: number, open: Collected[], collected: Collected): void {
    open.splice(open.indexOf(collected), 1);
    if (open.length === 0) this.#open.delete(key);
    for (const row of collected.rows) this.#byRow.delete(row);
  }

  #keyOf(row: number): number {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const { words } = tuples;
    const [source, destination] = [sourceOf(tuples, t.way(row)), destinationOf(tuples, t.way(row))];
    let hash = t.ipId(row) ^ (t.proto(row) << 1) ^ t.side(row);
    for (let word = 0; word < (tuples.isIpv6(t.tuple(row)) ? 4 : 1); word++) {
      hash = Math.imul(hash ^ words[source + word], 0x9e3779b1);
      hash = Math.imul(hash ^ (hash >>> 15) ^ words[destination + word], 0x85ebca6b);
    }
    return hash ^ (hash >>> 13);
  }

  #isOfOne(a: number, b: number): boolean {
    const t = this.#timeline;
    if (t.side(a) !== t.side(b) || t.proto(a) !== t.proto(b) || t.ipId(a) !== t.ipId(b)) return false;
    const [way, other] = [t.way(a), t.way(b)];
    return haveSameSource(this.#tuples, way, other) && haveSameSource(this.#tuples, way ^ 1, other ^ 1);
  }
}

/** Where a fragment stands in its datagram, bytes. */
export function offsetOf(t: Timeline, row: number): number {
  return (t.flags(row) & IS_LATER_FRAGMENT) !== 0 ? t.seq(row) : 0;
}

/** Bytes that a packet, or a fragment, carries of its datagram, transport header included. */
export function bytesOf(t: Timeline, row: number): number {
  const hasHeader = (t.flags(row) & (IS_LATER_FRAGMENT | IS_HEADLESS)) === 0;
  return t.payloadLength(row) + (hasHeader ? (HEADER_BYTES.get(t.proto(row)) ?? 0) : 0);
}

/** Where among the fragments one belongs that begins there. */
function placeOf({ starts }: Collected, start: number): number {
  return firstNotBefore(0, starts.length, (place) => starts[place] < start);
}

/** Whether none of the bytes is there by now, and all are of the datagram. */
function hasRoomFor(collected: Collected, start: number, end: number, isLast: boolean): boolean {
  const { starts, ends, bytes } = collected;
  if (end > bytes || (isLast && (bytes !== Infinity || end < ends[ends.length - 1]))) return false;
  const place = placeOf(collected, start);
  return (place === 0 || ends[place - 1] <= start) && (place === starts.length || end <= starts[place]);
}

function insert(collected: Collected, row: number, start: number, end: number): void {
  const place = placeOf(collected, start);
  collected.rows.splice(place, 0, row);
  collected.starts.splice(place, 0, start);
  collected.ends.splice(place, 0, end);
  collected.covered += end - start;
}
