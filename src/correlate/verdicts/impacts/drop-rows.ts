import { IS_SELECTED, IS_FRAGMENT } from "../../../packets/packets.js";
import { FreeRows } from "../../../packets/memory/free-rows.js";
import { asDoubles, type Heap } from "../../../packets/memory/heap.js";
import { field, fields, flag } from "../../../packets/memory/layout.js";
import { RecordRows } from "../../../packets/record-rows.js";
import { RECORD_BITS, TIME_NS, WAY } from "../../../packets/records.js";
import { type Reason, REASONS } from "../../../packets/results/reasons.js";
import { type Impact, IMPACTS, type Verdict, VERDICTS } from "../../../packets/results/verdicts.js";
import { INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { type Traits, traitsOf } from "../traits.js";
import { allOf, type Drop, isUnique, mayBeAgain, packetOf, type Placed } from "./drop.js";

/** What a row has beside its record: the side, whether it is in use, and open … */
fields();
const [, SIDE_MASK] = field(1);
const IS_USED = flag();
const IS_OPEN = flag();

/** … and what was said of it, by the places in IMPACTS, VERDICTS and REASON_NAMES. */
interface Said {
  readonly shift: number;
  readonly mask: number;
}
const [IMPACT_SHIFT, IMPACT_MASK] = field(4);
const [VERDICT_SHIFT, VERDICT_MASK] = field(4);
const [REASON_SHIFT, REASON_MASK] = field(8);
const IMPACT: Said = { shift: IMPACT_SHIFT, mask: IMPACT_MASK };
const VERDICT: Said = { shift: VERDICT_SHIFT, mask: VERDICT_MASK };
const REASON: Said = { shift: REASON_SHIFT, mask: REASON_MASK };

const REASON_NAMES = Object.keys(REASONS).filter((name): name is Reason => name in REASONS);

/** What is known of a packet that was dropped beside what its record says: the slot of its flow, its id, and what was said of it. */
export interface Told {
  readonly slot: number;
  readonly flow: number | undefined;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly impact: Impact;
}

/** The records of packets that were dropped, as objects took five times the memory; a row is used again once it was given back and another one is taken. */
export class DropRows extends RecordRows implements Placed {
  readonly records: Int32Array;
  readonly doubles: Float64Array;
  readonly #facts: Uint32Array;
  readonly #slots: Int32Array;
  readonly #flows: Int32Array;
  /** By row, of those of which some bytes got through, which did not: see `Missed`. */
  readonly #missing = new Map<number, readonly number[]>();
  readonly #free: FreeRows;

  /** `most`: rows that are in use at once. What was never used takes no memory. */
  constructor(heap: Heap, most: number) {
    super();
    this.records = heap.take(Int32Array, most << RECORD_BITS);
    this.doubles = asDoubles(this.records);
    this.#facts = heap.take(Uint32Array, most);
    this.#slots = heap.take(Int32Array, most);
    this.#flows = heap.take(Int32Array, most);
    this.#free = new FreeRows(heap, most);
  }

  /** Takes a packet on the timeline, which is open or not. */
  take(t: Timeline, from: number, isOpen: boolean, { slot, flow, verdict, reason, impact }: Told): number {
    const row = this.#free.take();
    const at = t.recordOf(from);
    for (let word = 0; word < 1 << RECORD_BITS; word++)
      this.records[(row << RECORD_BITS) + word] = t.records[at + word];
    this.#slots[row] = slot;
    this.#flows[row] = flow ?? NONE;
    this.#missing.delete(row);
    this.#facts[row] = t.side(from) | IS_USED | (isOpen ? IS_OPEN : 0);
    const drop = new DropInRow(this, row);
    drop.verdict = verdict;
    drop.reason = reason;
    drop.impact = impact;
    return row;
  }

  /** Gives a row back; what it says stays until the next one is taken. */
  give(row: number): void {
    this.#facts[row] &= ~IS_USED;
    this.#free.give(row);
  }

  recordOf(row: number): number {
    return row << RECORD_BITS;
  }

  timeNs(row: number): number {
    return this.doubles[this.doublesOf(row) + TIME_NS];
  }

  way(row: number): number {
    return this.records[this.recordOf(row) + WAY];
  }

  sideOf(row: number): Side {
    return (this.#facts[row] & SIDE_MASK) === INSIDE ? INSIDE : OUTSIDE;
  }

  /** Whether it was taken, and not given back since. */
  isUsed(row: number): boolean {
    return (this.#facts[row] & IS_USED) !== 0;
  }

  isOpen(row: number): boolean {
    return (this.#facts[row] & IS_OPEN) !== 0;
  }

  close(row: number): void {
    this.#facts[row] &= ~IS_OPEN;
  }

  slot(row: number): number {
    return this.#slots[row];
  }

  flow(row: number): number | undefined {
    return this.#flows[row] === NONE ? undefined : this.#flows[row];
  }

  /** What was said of it last, as one of some that are known by their places in a list. */
  said(row: number, { shift, mask }: Said): number {
    return (this.#facts[row] >> shift) & mask;
  }

  setSaid(row: number, { shift, mask }: Said, place: number): void {
    this.#facts[row] = (this.#facts[row] & ~(mask << shift)) | (place << shift);
  }

  missing(row: number): readonly number[] {
    return this.#missing.get(row) ?? allOf(packetOf(this, row));
  }

  setMissing(row: number, missing: readonly number[]): void {
    // of most, nothing got through
    if (missing.join() === allOf(packetOf(this, row)).join()) this.#missing.delete(row);
    else this.#missing.set(row, missing);
  }
}

/** A packet that was dropped, by its row, as long as that is in use: whoever keeps one for longer keeps what it says. */
export class DropInRow implements Drop {
  readonly rows: DropRows;
  readonly row: number;

  constructor(rows: DropRows, row: number) {
    this.rows = rows;
    this.row = row;
  }

  get isOpen(): boolean {
    return this.rows.isOpen(this.row);
  }

  get side(): Side {
    return this.rows.sideOf(this.row);
  }

  get frame(): number {
    return this.rows.frame(this.row);
  }

  get way(): number {
    return this.rows.way(this.row);
  }

  get timeNs(): number {
    return this.rows.timeNs(this.row);
  }

  get slot(): number {
    return this.rows.slot(this.row);
  }

  get flow(): number | undefined {
    return this.rows.flow(this.row);
  }

  get proto(): number {
    return this.rows.proto(this.row);
  }

  get tcpFlags(): number {
    return this.rows.tcpFlags(this.row);
  }

  get seq(): number {
    return this.rows.seq(this.row);
  }

  get payloadLength(): number {
    return this.rows.payloadLength(this.row);
  }

  get content(): number {
    return this.proto === TCP ? this.rows.ack(this.row) : this.rows.content(this.row);
  }

  get head(): number {
    return this.rows.head(this.row);
  }

  get traits(): Traits {
    return traitsOf(this.rows, this.row);
  }

  get isSelected(): boolean {
    return (this.rows.flags(this.row) & IS_SELECTED) !== 0;
  }

  get isIpv6(): boolean {
    return this.rows.isIpv6(this.row);
  }

  get isFragment(): boolean {
    return (this.rows.flags(this.row) & IS_FRAGMENT) !== 0;
  }

  get isUnique(): boolean {
    return isUnique(this.rows, this.row);
  }

  get isAgain(): boolean {
    return mayBeAgain(this.rows, this.row);
  }

  get missing(): readonly number[] {
    return this.rows.missing(this.row);
  }

  set missing(missing: readonly number[]) {
    this.rows.setMissing(this.row, missing);
  }

  get verdict(): Verdict {
    return VERDICTS[this.rows.said(this.row, VERDICT)];
  }

  set verdict(verdict: Verdict) {
    this.rows.setSaid(this.row, VERDICT, VERDICTS.indexOf(verdict));
  }

  get reason(): Reason {
    return REASON_NAMES[this.rows.said(this.row, REASON)];
  }

  set reason(reason: Reason) {
    this.rows.setSaid(this.row, REASON, REASON_NAMES.indexOf(reason));
  }

  get impact(): Impact {
    return IMPACTS[this.rows.said(this.row, IMPACT)];
  }

  set impact(impact: Impact) {
    this.rows.setSaid(this.row, IMPACT, IMPACTS.indexOf(impact));
  }
}
