import * as column from "./columns-words.js";
import { type Column, copyRow, takeAll } from "../memory/columns.js";
import { BATCH_FRAMES } from "./frames.js";
import type { Heap } from "../memory/heap.js";
import type { Mark } from "./frame-marks.js";
import { IS_ERROR, IS_MISTIMED, IS_SELECTED } from "../packets.js";
import { firstNotBefore } from "../memory/sorted.js";
import { RecordRows } from "../record-rows.js";
import {
  CARRIED,
  destinationIn,
  DST,
  FLAGS_PROTO_TTL,
  FRAME,
  LENGTH,
  LENGTH_MASK,
  PORTS,
  QUOTE_MASK,
  QUOTE_SHIFT,
  RECORD_BITS,
  sourceIn,
  SRC,
  STAMP_NS,
  TCP_FLAGS_QUOTE,
  TUNNEL_SHIFT,
} from "../records.js";

/** What a batch says of its packets that their frames do not. */
const NOT_DECODED = IS_MISTIMED | IS_SELECTED;

/** The packets that ICMP errors quote: the headers of the datagram that was refused, as the error's sender saw it. */
export interface Quotes {
  count: number;
  readonly proto: Uint8Array;
  /** Addresses, four words a row, first word at `4 * row`. IPv4: word 0 holds the address, 1–3 are 0. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly srcPort: Uint16Array;
  readonly dstPort: Uint16Array;
  readonly ipId: Uint32Array;
  /** IP total length the quoted header declares, bytes. */
  readonly length: Uint32Array;
  /** TCP sequence number, or ICMP echo sequence number; 0 otherwise. */
  readonly seq: Uint32Array;
  /** Hash of the payload's beginning as `HEAD` of `records.ts`; 0 where the quote does not have so much of it, and of TCP. */
  readonly head: Int32Array;
}

/** The packets that carried those of a batch through tunnels: what rows would say of them if their tunnels had not been opened. */
export interface Outers {
  count: number;
  /** Without a stamp, a frame number, and what is not the decoder's: the row has those. */
  readonly records: Int32Array;
  readonly src6: Uint32Array;
  readonly dst6: Uint32Array;
  readonly tupleHash: Uint32Array;
  /** The VNI, or the GRE key, as `TUNNEL_KINDS` says of the kind. */
  readonly id: Uint32Array;
  readonly kind: Uint8Array;
}

/** The frames between those of a batch that have no row. */
export interface Rowless {
  count: number;
  readonly frame: Uint32Array;
  /** 1 where it is undecodable; else it is not IP. */
  readonly isUndecodable: Uint8Array;
}

/** Bytes that a `PacketBatch` takes, if it has room for as many as the decoder fills one with. */
export const BATCH_BYTES = BATCH_FRAMES * column.ROW_BYTES;

/**
 * Decoded IP packets, one row each, in capture order. Frames that are not IP, or that could not be decoded, have no row:
 * they are counted in the `Tally`.
 *
 * Filled again and again by the decoder; valid until it decodes the next batch. All columns lie in one block, which may be
 * shared with another thread: what the batch says beside them, its counts above all, goes there by itself.
 */
export class PacketBatch extends RecordRows {
  count = 0;
  /** Whether the stamps of the rows never go back; false where nobody looked. */
  isInOrder = false;
  /** As in the `FrameBatch` it was decoded from. */
  reachedNs = Number.NEGATIVE_INFINITY;
  /** Those of the frames it was decoded from. */
  readonly marks: Mark[] = [];
  /** Where all columns lie. */
  readonly block: Uint8Array;
  /** The rows' records, laid out as `records.ts` says. */
  readonly records: Int32Array;
  /** The same memory. */
  readonly doubles: Float64Array;
  /** The addresses of IPv6 packets, four words a row, first word at `4 * row`; nothing of IPv4 ones, whose are in the records. */
  readonly src6: Uint32Array;
  readonly dst6: Uint32Array;
  /** Hash of protocol, addresses and ports that is the same for both directions; of an ICMP error, those it quotes. */
  readonly tupleHash: Uint32Array;
  /** `macHash` of who sent the frame that the packet came in, and of whom it goes to; NO_MAC where that does not tell, or those are several. */
  readonly macFrom: Int32Array;
  readonly macTo: Int32Array;
  /** Quotes of this batch's errors; emptied with the batch. */
  readonly quotes: Quotes;
  /** What carried this batch's packets; emptied with the batch. */
  readonly outers: Outers;
  /** Emptied with the batch. */
  readonly rowless: Rowless;
  /** Which of them carried a row that is CARRIED. */
  readonly outer: Uint16Array;
  /** The columns of these. */
  readonly #quotes: readonly Column[];
  readonly #outers: readonly Column[];
  readonly #rowless: readonly Column[];

  /** `rows`: how many it has room for. `block`: where, `column.ROW_BYTES` of each. */
  constructor(rows: number = BATCH_FRAMES, block: Uint8Array = new Uint8Array(rows * column.ROW_BYTES)) {
    super();
    this.block = block;
    const { buffer, byteOffset } = block;
    const at = (bytes: number): number => byteOffset + rows * bytes;
    this.records = new Int32Array(buffer, at(column.RECORD), rows << RECORD_BITS);
    this.doubles = new Float64Array(buffer, at(column.RECORD), this.records.length / 2);
    this.src6 = new Uint32Array(buffer, at(column.SRC6), 4 * rows);
    this.dst6 = new Uint32Array(buffer, at(column.DST6), 4 * rows);
    this.tupleHash = new Uint32Array(buffer, at(column.TUPLE_HASH), rows);
    this.macFrom = new Int32Array(buffer, at(column.MAC_FROM), rows);
    this.macTo = new Int32Array(buffer, at(column.MAC_TO), rows);
    this.quotes = {
      count: 0,
      proto: new Uint8Array(buffer, at(column.QUOTE_PROTO), rows),
      src: new Uint32Array(buffer, at(column.QUOTE_SRC), 4 * rows),
      dst: new Uint32Array(buffer, at(column.QUOTE_DST), 4 * rows),
      srcPort: new Uint16Array(buffer, at(column.QUOTE_SRC_PORT), rows),
      dstPort: new Uint16Array(buffer, at(column.QUOTE_DST_PORT), rows),
      ipId: new Uint32Array(buffer, at(column.QUOTE_IP_ID), rows),
      length: new Uint32Array(buffer, at(column.QUOTE_LENGTH), rows),
      seq: new Uint32Array(buffer, at(column.QUOTE_SEQ), rows),
      head: new Int32Array(buffer, at(column.QUOTE_HEAD), rows),
    };
    this.outers = {
      count: 0,
      records: new Int32Array(buffer, at(column.OUTER_RECORD), rows << RECORD_BITS),
      src6: new Uint32Array(buffer, at(column.OUTER_SRC6), 4 * rows),
      dst6: new Uint32Array(buffer, at(column.OUTER_DST6), 4 * rows),
      tupleHash: new Uint32Array(buffer, at(column.OUTER_TUPLE_HASH), rows),
      id: new Uint32Array(buffer, at(column.OUTER_ID), rows),
      kind: new Uint8Array(buffer, at(column.OUTER_KIND), rows),
    };
    this.outer = new Uint16Array(buffer, at(column.OUTER), rows);
    this.rowless = {
      count: 0,
      frame: new Uint32Array(buffer, at(column.ROWLESS_FRAME), rows),
      isUndecodable: new Uint8Array(buffer, at(column.ROWLESS_IS_UNDECODABLE), rows),
    };
    this.#quotes = columnsOf(this.quotes);
    this.#outers = columnsOf(this.outers);
    this.#rowless = columnsOf(this.rowless);
  }

  /** Empties it: none are in order. */
  clear(): void {
    this.count = 0;
    this.quotes.count = 0;
    this.marks.length = 0;
    this.outers.count = 0;
    this.rowless.count = 0;
    this.isInOrder = true;
  }

  /** A batch of its own with the same rows, and no room for more. */
  copy(): PacketBatch {
    const copy = new PacketBatch(Math.max(this.count, this.quotes.count, this.outers.count, this.rowless.count));
    copy.take(this);
    return copy;
  }

  /** Takes over what another batch has. Precondition: there is room for it. */
  take(from: PacketBatch): void {
    const { count, quotes } = from;
    this.count = count;
    this.isInOrder = from.isInOrder;
    this.reachedNs = from.reachedNs;
    this.marks.splice(0, this.marks.length, ...from.marks);
    this.quotes.count = quotes.count;
    this.records.set(from.records.subarray(0, count << RECORD_BITS));
    this.#setAddresses(0, from, 0, count);
    this.tupleHash.set(from.tupleHash.subarray(0, count));
    this.macFrom.set(from.macFrom.subarray(0, count));
    this.macTo.set(from.macTo.subarray(0, count));
    this.outers.count = from.outers.count;
    this.rowless.count = from.rowless.count;
    this.outer.set(from.outer.subarray(0, from.outers.count === 0 ? 0 : count));
    takeAll(from.#quotes, quotes.count, this.#quotes, this.rows);
    takeAll(from.#outers, from.outers.count, this.#outers, this.rows);
    takeAll(from.#rowless, from.rowless.count, this.#rowless, this.rows);
  }

  /** Whether all rows of another batch, and what they quote, can be appended to these. */
  hasRoomFor(batch: PacketBatch): boolean {
    const { quotes, outers } = this;
    const most = Math.max(
      this.count + batch.count,
      quotes.count + batch.quotes.count,
      outers.count + batch.outers.count,
    );
    return most <= this.rows;
  }

  /** Appends rows `from` … `to`-1 of another batch, with what they quote. Precondition: there is room for them. */
  appendAll(batch: PacketBatch, from: number, to: number): void {
    const at = this.count;
    if (from === to) return;
    this.isInOrder &&= batch.isInOrder && (at === 0 || this.stampNs(at - 1) <= batch.stampNs(from));
    this.records.set(batch.records.subarray(from << RECORD_BITS, to << RECORD_BITS), at << RECORD_BITS);
    this.#setAddresses(at, batch, from, to);
    this.tupleHash.set(batch.tupleHash.subarray(from, to), at);
    this.macFrom.set(batch.macFrom.subarray(from, to), at);
    this.macTo.set(batch.macTo.subarray(from, to), at);
    this.count += to - from;
    if (batch.quotes.count + batch.outers.count === 0) return;
    for (let row = from; row < to; row++) this.#appendBeside(at + row - from, batch, row);
  }

  /** Takes over the IPv6 addresses of rows `from` … `to`-1, if there are any: memory that nothing was written to is none. */
  #setAddresses(at: number, batch: PacketBatch, from: number, to: number): void {
    let row = from;
    while (row < to && !batch.isIpv6(row)) row++;
    if (row === to) return;
    this.src6.set(batch.src6.subarray(4 * from, 4 * to), 4 * at);
    this.dst6.set(batch.dst6.subarray(4 * from, 4 * to), 4 * at);
  }

  /** Appends these rows of another batch, with what they quote. Precondition: there is room for them. */
  append(from: PacketBatch, rows: Uint32Array): void {
    this.isInOrder = false;
    for (const row of rows) {
      const to = this.count++;
      for (let word = 0; word < 1 << RECORD_BITS; word++)
        this.records[(to << RECORD_BITS) + word] = from.records[this.recordOf(row) + word];
      this.tupleHash[to] = from.tupleHash[row];
      this.macFrom[to] = from.macFrom[row];
      this.macTo[to] = from.macTo[row];
      if (from.isIpv6(row)) {
        for (let word = 0; word < 4; word++) {
          this.src6[4 * to + word] = from.src6[4 * row + word];
          this.dst6[4 * to + word] = from.dst6[4 * row + word];
        }
      }
      this.#appendBeside(to, from, row);
    }
  }

  /** Appends what another batch has beside the record of a row that was appended: what it quotes, and what carried it. */
  #appendBeside(row: number, from: PacketBatch, itsRow: number): void {
    const quote = from.quote(itsRow);
    if (quote >= 0) {
      const to = this.quotes.count++;
      copyRow(from.#quotes, quote, this.#quotes, to, this.rows);
      const word = this.recordOf(row) + TCP_FLAGS_QUOTE;
      this.records[word] = (this.records[word] & ~(QUOTE_MASK << QUOTE_SHIFT)) | ((to + 1) << QUOTE_SHIFT);
    }
    if (from.tunnel(itsRow) === CARRIED) {
      this.outer[row] = this.outers.count++;
      copyRow(from.#outers, from.outer[itsRow], this.#outers, this.outer[row], this.rows);
    }
  }

  /** Makes a row that is CARRIED that of the packet that carried it. */
  close(row: number): void {
    const { records, outers } = this;
    const outer = this.outer[row];
    const r = row << RECORD_BITS;
    const o = outer << RECORD_BITS;
    const frame = records[r + FRAME];
    const kept = records[r + FLAGS_PROTO_TTL] & NOT_DECODED;
    // behind the stamp
    for (let word = SRC; word < 1 << RECORD_BITS; word++) records[r + word] = outers.records[o + word];
    records[r + FRAME] = frame;
    records[r + FLAGS_PROTO_TTL] |= kept;
    for (let word = 0; word < 4; word++) {
      this.src6[4 * row + word] = outers.src6[4 * outer + word];
      this.dst6[4 * row + word] = outers.dst6[4 * outer + word];
    }
    this.tupleHash[row] = outers.tupleHash[outer];
  }

  recordOf(row: number): number {
    return row << RECORD_BITS;
  }

  /** How many there is room for. */
  get rows(): number {
    return this.tupleHash.length;
  }

  /** Of rows `from` … `to`-1, which are in order: the first that is stamped later than that, or `to`. */
  endOf(stampNs: number, from: number, to: number): number {
    return firstNotBefore(from, to, (row) => this.stampNs(row) <= stampNs);
  }

  /** Gives a packet that is not stamped with the time when it passed the time when its capture had come to it. */
  mistime(row: number, timeNs: number): void {
    this.doubles[(row << (RECORD_BITS - 1)) + STAMP_NS] = timeNs;
    this.records[this.recordOf(row) + FLAGS_PROTO_TTL] |= IS_MISTIMED;
    this.isInOrder = false;
  }

  /** The four words of the source's address, or of the destination's, in a copy. IPv4: the first is the address, the others are 0. */
  address(row: number, isSource: boolean): Uint32Array {
    if (this.isIpv6(row)) return (isSource ? this.src6 : this.dst6).slice(4 * row, 4 * row + 4);
    return Uint32Array.of(this.records[this.recordOf(row) + (isSource ? SRC : DST)], 0, 0, 0);
  }

  /** The ports of a protocol that has such; an ICMP echo's id in both; else 0. */
  srcPort(row: number): number {
    return sourceIn(this.records[this.recordOf(row) + PORTS]);
  }

  dstPort(row: number): number {
    return destinationIn(this.records[this.recordOf(row) + PORTS]);
  }

  /** … which is known from now on. */
  setTunnel(row: number, tunnel: number): void {
    const at = this.recordOf(row) + LENGTH;
    this.records[at] = (this.records[at] & LENGTH_MASK) | (tunnel << TUNNEL_SHIFT);
  }

  /** Row in `quotes` of an ICMP error; -1 of others. */
  quote(row: number): number {
    if ((this.flags(row) & IS_ERROR) === 0) return -1;
    return ((this.records[this.recordOf(row) + TCP_FLAGS_QUOTE] >>> QUOTE_SHIFT) & QUOTE_MASK) - 1;
  }
}

function columnsOf(of: Quotes | Outers | Rowless): readonly Column[] {
  const { count: _, ...columns } = of;
  return Object.values(columns);
}

/** A batch in this heap, which a decoder that works on that can fill. */
export function batchIn(heap: Heap, rows: number = BATCH_FRAMES): PacketBatch {
  return new PacketBatch(rows, heap.takeAsIs(Uint8Array, rows * column.ROW_BYTES));
}
