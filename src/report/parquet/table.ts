import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";
import type { Schema } from "../../packets/json-schema.js";
import { type Column, columnsIn, type Places, placesOf } from "./columns.js";
import { isObject, type JsonObject } from "./json.js";
import type { Store } from "./stores.js";

/** A part has so many rows: what a kill costs at the most, and what memory holds … */
export const PART_ROWS = 32_768;
/** … and in live: nothing is read while a part is made, and what the kernel holds meanwhile is 1.3 s by default. */
export const LIVE_PART_ROWS = 4096;

/** Gathers rows by their columns, and has Parquet files made of them. */
export class Table {
  readonly columns: readonly Column[];
  readonly #places: Places;
  readonly #createdBy: string;
  readonly #write: (parquet: Uint8Array) => void;
  readonly #partRows: number;
  #rows = 0;

  /** `createdBy`: the program, as readers of Parquet show it. `partRows`: rows of a part. `write` takes a whole file. */
  constructor(schema: Schema, createdBy: string, partRows: number, write: (parquet: Uint8Array) => void) {
    this.#places = placesOf(schema);
    this.columns = columnsIn(this.#places);
    this.#createdBy = createdBy;
    this.#partRows = partRows;
    this.#write = write;
  }

  add(row: JsonObject): void {
    this.#put(row, this.#places);
    if (++this.#rows === this.#partRows) this.writePart();
  }

  /** Writes what has been gathered, if anything. */
  flush(): void {
    if (this.#rows > 0) this.writePart();
  }

  /** Writes what has been gathered, be it nothing. */
  writePart(): void {
    const root = { name: "natcorr", num_children: this.columns.length };
    const schema = [root, ...this.columns.flatMap(({ elements }) => elements)];
    const writer = new ByteWriter();
    const file = new ParquetWriter({ writer, schema, createdBy: this.#createdBy });
    // asked for column by column: all of them take several times the room that they have in their stores
    const columnData = this.columns.map(({ name, store }) => ({
      name,
      get data() {
        return store.values();
      },
    }));
    for (const column of this.columns) this.#rowsBefore(column);
    // in memory, nothing is waited for
    void file.write({ columnData, rowGroupSize: this.#partRows });
    void file.finish();
    for (const { store } of this.columns) store.clear();
    this.#rows = 0;
    this.#write(writer.getBytes());
  }

  #put(object: JsonObject, places: Places): void {
    for (const { key, column, within } of places) {
      const value = object[key];
      if (value === undefined || value === null) continue;
      if (column !== undefined) this.#rowsBefore(column).put(value);
      else if (within !== undefined && isObject(value)) this.#put(value, within);
    }
  }

  /** Where a column's values are, up to the row that is added next: it has had nothing since its last one. */
  #rowsBefore({ store }: Column): Store {
    while (store.rows < this.#rows) store.put(undefined);
    return store;
  }
}
