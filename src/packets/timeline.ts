import { type Column, widened } from "./columns.js";
import { INSIDE, OUTSIDE, type Side } from "./sides.js";
import { NONE } from "./tuples.js";

/** A packet that still waits for its twin. */
export const WAITING = 0;
/** Its twin is known, and the pair not shown yet. */
export const PAIRED = 1;
/** Reported as ambiguous; until its window is over it still counts as a possible twin of others. */
export const AMBIGUOUS = 2;
/** Paired as one of several packets; shown with the first of them. */
export const MEMBER = 4;
/** Accounted for and shown: nothing needs it any more. */
export const DONE = 3;

/** Row numbers wrap here, so that they fit an Int32Array however long a run lasts. */
const ROW_MASK = 0x7fff_ffff;

/**
 * The packets of both sides in one order of time, for as long as natcorr needs them: a ring of columns that grows with
 * what has to be held and never with the length of a capture.
 *
 * A packet is named by its row number; its columns stand at `row & mask`. Rows are appended at `end` and given back at
 * `first`. Growing changes `mask` and replaces the columns, so neither may be kept across an `append`.
 */
export class Timeline {
  /** Oldest row still held. */
  first = 0;
  /** Row the next packet will get. */
  end = 0;
  mask = 4095;
  side = new Uint8Array(4096);
  /** Nanoseconds on the inside clock, counted from the inside capture's epoch. */
  timeNs = new Float64Array(4096);
  /** The same instant as the packet's own capture stamped it, from that capture's epoch. */
  stampNs = new Float64Array(4096);
  frame = new Uint32Array(4096);
  /** IS_… and HAS_… of packets.ts. */
  flags = new Uint16Array(4096);
  proto = new Uint8Array(4096);
  ttl = new Uint8Array(4096);
  tcpFlags = new Uint8Array(4096);
  ipId = new Uint32Array(4096);
  length = new Uint32Array(4096);
  payloadLength = new Uint32Array(4096);
  seq = new Uint32Array(4096);
  ack = new Uint32Array(4096);
  head = new Uint32Array(4096);
  key = new Uint32Array(4096);
  key2 = new Uint32Array(4096);
  /** Row in its side's `TupleTable`. An ICMP error has the tuple of the packet it quotes, in the opposite direction. */
  tuple = new Int32Array(4096);
  /** 1 if the packet goes from the tuple's A to its B. */
  forward = new Uint8Array(4096);
  /** WAITING, PAIRED, AMBIGUOUS, MEMBER or DONE. */
  state = new Uint8Array(4096);
  /** Row of the twin once PAIRED; before that, on an inside row, the candidate whose evidence has been counted, or NONE. */
  twin = new Int32Array(4096);
  /** Bucket of packets with the same key, NONE once it has left it. */
  bucket = new Int32Array(4096);
  /** Neighbours in the bucket's list of its side, oldest first; NONE at the ends. */
  previous = new Int32Array(4096);
  next = new Int32Array(4096);
  /** Flow of a PAIRED inside row, index into `Translations.flows`, and 1 if the pair travels outbound. */
  flow = new Int32Array(4096);
  outbound = new Uint8Array(4096);
  /** How it was paired (index into BY), and by which evidence (bits of EVIDENCE). */
  by = new Uint8Array(4096);
  evidence = new Uint16Array(4096);

  get size(): number {
    return (this.end - this.first) & ROW_MASK;
  }

  /** Makes room for one more packet and returns its row. `state`, `twin` and links are set; the rest holds leftovers. */
  append(): number {
    if (this.size > this.mask) this.#grow();
    const row = this.end;
    const at = row & this.mask;
    this.state[at] = WAITING;
    this.twin[at] = NONE;
    this.bucket[at] = NONE;
    this.end = (row + 1) & ROW_MASK;
    return row;
  }

  sideOf(row: number): Side {
    return this.side[row & this.mask] === INSIDE ? INSIDE : OUTSIDE;
  }

  /** Makes two packets each other's twins. `slot`, `by` and `evidence` as in the columns. */
  pair(inside: number, outside: number, slot: number, by: number, evidence: number): void {
    const i = inside & this.mask;
    const o = outside & this.mask;
    this.state[i] = PAIRED;
    this.state[o] = PAIRED;
    this.twin[i] = outside;
    this.twin[o] = inside;
    this.flow[i] = slot;
    this.by[i] = by;
    this.evidence[i] = evidence;
  }

  /** The row behind this one. */
  after(row: number): number {
    return (row + 1) & ROW_MASK;
  }

  /** The row that many rows before this one. */
  before(row: number, rows: number): number {
    return (row - rows) & ROW_MASK;
  }

  /** Whether this row, once appended, has not been given back yet. */
  isHeld(row: number): boolean {
    return ((row - this.first) & ROW_MASK) < this.size;
  }

  /** Whether the packet once in this row is still there and waits for its twin. */
  isWaiting(row: number): boolean {
    return this.isHeld(row) && this.state[row & this.mask] === WAITING;
  }

  /** Whether row `a` is older than row `b`; both must be held. */
  isBefore(a: number, b: number): boolean {
    return ((a - this.first) & ROW_MASK) < ((b - this.first) & ROW_MASK);
  }

  /** Gives back the oldest row. */
  drop(): void {
    this.first = (this.first + 1) & ROW_MASK;
  }

  #grow(): void {
    const rows = 2 * (this.mask + 1);
    this.mask = rows - 1;
    // Doubled columns hold every old slot twice, so that a row is found wherever the wider mask puts it.
    this.side = doubled(this.side, new Uint8Array(rows));
    this.timeNs = doubled(this.timeNs, new Float64Array(rows));
    this.stampNs = doubled(this.stampNs, new Float64Array(rows));
    this.frame = doubled(this.frame, new Uint32Array(rows));
    this.flags = doubled(this.flags, new Uint16Array(rows));
    this.proto = doubled(this.proto, new Uint8Array(rows));
    this.ttl = doubled(this.ttl, new Uint8Array(rows));
    this.tcpFlags = doubled(this.tcpFlags, new Uint8Array(rows));
    this.ipId = doubled(this.ipId, new Uint32Array(rows));
    this.length = doubled(this.length, new Uint32Array(rows));
    this.payloadLength = doubled(this.payloadLength, new Uint32Array(rows));
    this.seq = doubled(this.seq, new Uint32Array(rows));
    this.ack = doubled(this.ack, new Uint32Array(rows));
    this.head = doubled(this.head, new Uint32Array(rows));
    this.key = doubled(this.key, new Uint32Array(rows));
    this.key2 = doubled(this.key2, new Uint32Array(rows));
    this.tuple = doubled(this.tuple, new Int32Array(rows));
    this.forward = doubled(this.forward, new Uint8Array(rows));
    this.state = doubled(this.state, new Uint8Array(rows));
    this.twin = doubled(this.twin, new Int32Array(rows));
    this.bucket = doubled(this.bucket, new Int32Array(rows));
    this.previous = doubled(this.previous, new Int32Array(rows));
    this.next = doubled(this.next, new Int32Array(rows));
    this.flow = doubled(this.flow, new Int32Array(rows));
    this.outbound = doubled(this.outbound, new Uint8Array(rows));
    this.by = doubled(this.by, new Uint8Array(rows));
    this.evidence = doubled(this.evidence, new Uint16Array(rows));
  }
}

function doubled<T extends Column>(from: T, to: T): T {
  to.set(from, from.length);
  return widened(from, to);
}
