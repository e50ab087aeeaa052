/** Keeps what a row says of a packet that carries another one, while the row is taken for what it carries. */
import * as column from "../../packets/batches/columns-words.js";
import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import { RECORD_BYTES } from "../../packets/records.js";
import * as tunnel from "./tunnel.js";

/** Copies what a row of a batch says to that outer packet of it, or back. */
export function copy(batch: i32, row: i32, outer: i32, isBack: bool): void {
  copyCell(batch, row, outer, column.RECORD, column.OUTER_RECORD, RECORD_BYTES, isBack);
  copyCell(batch, row, outer, column.SRC6, column.OUTER_SRC6, column.ADDRESS_BYTES, isBack);
  copyCell(batch, row, outer, column.DST6, column.OUTER_DST6, column.ADDRESS_BYTES, isBack);
  copyCell(batch, row, outer, column.TUPLE_HASH, column.OUTER_TUPLE_HASH, 4, isBack);
}

/** The same of one column, which has so many bytes a row. */
function copyCell(batch: i32, row: i32, outer: i32, from: i32, to: i32, bytes: i32, isBack: bool): void {
  const cell = batch + BATCH_FRAMES * from + row * bytes;
  const kept = batch + BATCH_FRAMES * to + outer * bytes;
  memory.copy(isBack ? cell : kept, isBack ? kept : cell, bytes);
}

/** Keeps the packet that was copied there, which carried the row's through the tunnel found last. */
export function keep(batch: i32, row: i32, outer: i32): void {
  store<i32>(batch + (outer << 2), tunnel.id, BATCH_FRAMES * column.OUTER_ID);
  store<u8>(batch + outer, <u8>tunnel.kind, BATCH_FRAMES * column.OUTER_KIND);
  store<u16>(batch + (row << 1), <u16>outer, BATCH_FRAMES * column.OUTER);
}

/** Where its record is. */
export function recordOf(batch: i32, outer: i32): i32 {
  return batch + BATCH_FRAMES * column.OUTER_RECORD + outer * RECORD_BYTES;
}
